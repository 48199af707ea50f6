//! Values on the command line whose choices are those of a type.

use std::fmt::Debug;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Deserializer;
use serde::de::value::Error as Unread;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use skypay_types::{CollectionChannel, PayoutChannel, ResponseCode};

/// One of the choices of an enum, as JSON spells them.
pub(crate) fn choice<T>() -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let parser = PossibleValuesParser::new(variants::<T>());
    parser.try_map(|text| serde_json::from_value::<T>(Value::String(text)))
}

/// The names of an enum's variants: what it asks a deserializer for.
fn variants<T: DeserializeOwned>() -> Vec<&'static str> {
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

/// A payout channel by its code or its name.
pub(crate) fn payout_channel(text: &str) -> Result<PayoutChannel, String> {
    listed(PayoutChannel::ALL, text)
}

/// A collection channel by its code or its name.
pub(crate) fn collection_channel(text: &str) -> Result<CollectionChannel, String> {
    listed(CollectionChannel::ALL, text)
}

/// A return code by its number or its name; a number may be unlisted.
pub(crate) fn return_code(text: &str) -> Result<ResponseCode, String> {
    if text.parse::<i32>().is_ok() {
        return Ok(ResponseCode::from(text));
    }
    listed(ResponseCode::ALL, text)
}

fn listed<C: AsRef<str> + Debug + Clone>(all: &[C], text: &str) -> Result<C, String> {
    let same = |code: &&C| {
        let shown = format!("{code:?}");
        let name = shown.split('(').next().unwrap_or_default();
        code.as_ref() == text || name.eq_ignore_ascii_case(text)
    };
    all.iter().find(same).cloned().ok_or_else(|| {
        let all: Vec<_> = all.iter().map(|code| format!("{code:?}")).collect();
        format!("it is none of {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use skypay_sandbox::engine::{Course, Side, Validity};
    use skypay_types::PayoutChannel;

    use super::{payout_channel, variants};

    #[test]
    fn choices_are_those_of_the_type() {
        assert_eq!(variants::<Side>(), ["requests", "callbacks"]);
        assert_eq!(variants::<Validity>(), ["30d", "60d", "90d", "180d"]);
        assert!(variants::<Course>().contains(&"fail-at-once"));
    }

    #[test]
    fn channels_go_by_code_or_name() {
        assert_eq!(payout_channel("1"), Ok(PayoutChannel::MLhuillier));
        assert_eq!(payout_channel("gcash"), Ok(PayoutChannel::GCash));
        assert!(payout_channel("77").unwrap_err().contains("Bank(5)"));
    }
}
