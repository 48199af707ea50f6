//! The variants of an enum.

use serde::Deserializer;
use serde::de::value::Error as Unread;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Returns the names of an enum's variants as in JSON, from what it requests of a
/// deserializer. Empty for any other type.
#[must_use]
pub fn variants<T: DeserializeOwned>() -> Vec<&'static str> {
    struct Asked<'n>(&'n mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = Unread;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unread> {
            Err(Unread::custom("only its variants are wanted"))
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            _: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Unread> {
            self.0.extend(variants);
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
            bytes byte_buf option unit unit_struct newtype_struct seq tuple
            tuple_struct map struct identifier ignored_any
        }
    }

    let mut names = Vec::new();
    let _ = T::deserialize(Asked(&mut names));
    names
}

#[cfg(test)]
mod tests {
    use super::variants;
    use crate::engine::{ScriptedOutcome, Side, Validity};

    #[test]
    fn choices_are_those_of_the_type() {
        assert_eq!(variants::<Side>(), ["requests", "queries", "callbacks"]);
        assert_eq!(variants::<Validity>(), ["30d", "60d", "90d", "180d"]);
        assert!(variants::<ScriptedOutcome>().contains(&"fail-at-once"));
        assert!(variants::<String>().is_empty());
    }
}
