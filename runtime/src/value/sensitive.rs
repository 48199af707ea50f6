use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Amount, Date, DateTime, MASKED, WireError};

/// A value that is shown nowhere unless asked for with [`expose`](Self::expose).
///
/// ```
/// use skypay_runtime::Sensitive;
///
/// let account: Sensitive = "0000012309738".into();
/// assert_eq!(format!("{account:?}"), "[masked]");
/// assert_eq!(account.expose(), "0000012309738");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T = String>(T);

impl<T> Sensitive<T> {
    /// The value, to be handled with care.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, to be handled with care.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASKED)
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Not for every `T`: that would meet `TryFrom` through `From`.
macro_rules! reads_text {
    ($($value:ty),*) => {
        $(
            impl TryFrom<&str> for Sensitive<$value> {
                type Error = WireError;

                fn try_from(text: &str) -> Result<Self, WireError> {
                    <$value>::try_from(text).map(Self)
                }
            }

            impl TryFrom<String> for Sensitive<$value> {
                type Error = WireError;

                fn try_from(text: String) -> Result<Self, WireError> {
                    Self::try_from(text.as_str())
                }
            }
        )*
    };
}

reads_text!(Amount, Date, DateTime);

impl<T: Serialize> Serialize for Sensitive<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sensitive<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Sensitive;
    use crate::read::from_slice;
    use crate::value::{Amount, Date};

    #[test]
    fn it_is_on_the_wire_what_it_holds() {
        let account: Sensitive = serde_json::from_str(r#""0012""#).unwrap();
        assert_eq!(account.expose(), "0012");
        assert_eq!(serde_json::to_string(&account).unwrap(), r#""0012""#);
        let number: Sensitive = from_slice(b"12345678901234567890123").unwrap();
        assert_eq!(number.expose(), "12345678901234567890123");
        let birthday: Sensitive<Date> = serde_json::from_str(r#""1991-10-02""#).unwrap();
        assert_eq!(birthday.into_inner(), Date::try_from("1991-10-02").unwrap());
    }

    #[test]
    fn builders_take_texts_and_values() {
        fn taken<V: TryInto<Sensitive<Date>>>(value: V) -> Option<Sensitive<Date>> {
            value.try_into().ok()
        }
        let date = Date::try_from("1991-10-02").unwrap();
        assert_eq!(taken("1991-10-02"), Some(Sensitive::from(date)));
        assert_eq!(taken(date), Some(Sensitive::from(date)));
        assert_eq!(taken(String::from("2.10.1991")), None);
        assert_eq!(
            Sensitive::<Amount>::try_from("1.00"),
            Ok(Amount::from_centavos(100).into())
        );
        assert_eq!(
            Sensitive::from("text"),
            Sensitive::from(String::from("text"))
        );
    }

    #[test]
    fn it_is_masked_inside_other_things() {
        let shown = format!("{:?}", Some(vec![<Sensitive>::from("secret")]));
        assert_eq!(shown, "Some([[masked]])");
    }
}
