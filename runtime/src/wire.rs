//! Encodings that a field may have instead of the one that its type has by
//! itself.
//!
//! Writing is exact. What is tolerated when a message is read is in
//! [`read`](crate::read), and needs no attribute.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::value::{Amount, DateTime};

/// Writes a JSON number.
pub fn number<T: ToNumber, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize_number(serializer)
}

/// Writes a time with four fraction digits.
pub fn fraction<S: Serializer>(value: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value.with_fraction())
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

    use crate::value::{Amount, DateTime};

    #[derive(Serialize)]
    struct Written {
        #[serde(serialize_with = "super::number")]
        amount: Amount,
        #[serde(serialize_with = "super::number")]
        number: u32,
        #[serde(serialize_with = "super::fraction")]
        fraction: DateTime,
    }

    #[test]
    fn encodings_differ_where_the_field_says_so() {
        let written = Written {
            amount: Amount::from_centavos(72_671_800),
            number: 3,
            fraction: DateTime::try_from("2018-06-18 17:52:10.5").unwrap(),
        };
        assert_eq!(
            serde_json::to_string(&written).unwrap(),
            r#"{"amount":726718.00,"number":3,"fraction":"2018-06-18 17:52:10.5000"}"#
        );
    }
}
