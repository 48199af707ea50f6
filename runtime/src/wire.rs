//! Encodings that a field may have instead of the one that its type has by
//! itself: `#[serde(serialize_with = "wire::number")]`.
//!
//! Writing is exact. What is tolerated when a message is read is in
//! [`read`](crate::read), and needs no attribute.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::received::Received;
use crate::value::{Amount, DateTime};

/// Writes a JSON number: `#[serde(serialize_with = "wire::number")]`.
pub fn number<T: ToNumber, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize_number(serializer)
}

/// Writes a JSON number, or `null`.
pub fn optional_number<T: ToNumber, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a JSON number, or what cannot be read as it came.
pub fn received_number<T: ToNumber, S: Serializer>(
    value: &Received<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Received::Value(value) => number(value, serializer),
        Received::Absent => serializer.serialize_none(),
        Received::Unreadable(unreadable) => unreadable.serialize(serializer),
    }
}

/// Writes a time with four fraction digits: `#[serde(serialize_with = "wire::fraction")]`.
pub fn fraction<S: Serializer>(value: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value.with_fraction())
}

/// Writes a time with four fraction digits, or `null`.
pub fn optional_fraction<S: Serializer>(
    value: &Option<DateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => fraction(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a time with four fraction digits, or what cannot be read as it came.
pub fn received_fraction<S: Serializer>(
    value: &Received<DateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Received::Value(value) => fraction(value, serializer),
        Received::Absent => serializer.serialize_none(),
        Received::Unreadable(unreadable) => unreadable.serialize(serializer),
    }
}

/// A type that can be written as a JSON number.
pub trait ToNumber {
    /// Writes the number.
    fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl ToNumber for Amount {
    fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // An `f64` would drop the decimals that the wire wants to see.
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

macro_rules! plain_numbers {
    ($($number:ty),*) => {
        $(impl ToNumber for $number {
            fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        })*
    };
}

plain_numbers!(u32, u64, i32, i64);

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::Value;

    use crate::value::{Amount, DateTime};

    #[derive(Serialize)]
    struct Written {
        #[serde(serialize_with = "super::number")]
        number: Amount,
        #[serde(serialize_with = "super::optional_number")]
        optional_number: Option<u32>,
        #[serde(serialize_with = "super::fraction")]
        fraction: DateTime,
        #[serde(serialize_with = "super::optional_fraction")]
        optional_fraction: Option<DateTime>,
    }

    #[test]
    fn encodings_differ_where_the_field_says_so() {
        let time = DateTime::try_from("2018-06-18 17:52:10.5").unwrap();
        let mut written = Written {
            number: Amount::from_centavos(72_671_800),
            optional_number: Some(3),
            fraction: time,
            optional_fraction: Some(time),
        };
        assert_eq!(
            serde_json::to_string(&written).unwrap(),
            concat!(
                r#"{"number":726718.00,"optional_number":3,"#,
                r#""fraction":"2018-06-18 17:52:10.5000","#,
                r#""optional_fraction":"2018-06-18 17:52:10.5000"}"#,
            )
        );
        written.optional_number = None;
        written.optional_fraction = None;
        let value = serde_json::to_value(&written).unwrap();
        assert_eq!(value["optional_number"], Value::Null);
        assert_eq!(value["optional_fraction"], Value::Null);
    }
}
