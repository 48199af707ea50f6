use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::WireError;
use super::number::plain;

/// A whole number that the wire writes as a text, such as the number of a
/// region.
///
/// What is received is kept whatever it looks like, so that a message can be
/// read and the document's constraints say what is wrong with it; what is built
/// here is a number.
///
/// ```
/// use skypay_runtime::IntegerText;
///
/// let region = IntegerText::from(47_u32);
/// assert_eq!(region.as_str(), "47");
/// assert_eq!(region.to_u64(), Some(47));
/// assert!(IntegerText::try_from("47a").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntegerText(String);

impl IntegerText {
    /// The digits as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_number(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The number; `None` if what was received is none, or too large.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

macro_rules! from_numbers {
    ($($whole:ty),*; $($signed:ty),*) => {
        $(impl From<$whole> for IntegerText {
            fn from(number: $whole) -> Self {
                Self(number.to_string())
            }
        })*

        $(impl TryFrom<$signed> for IntegerText {
            type Error = WireError;

            /// Refuses negative numbers.
            fn try_from(number: $signed) -> Result<Self, WireError> {
                Self::try_from(number.to_string())
            }
        })*
    };
}

// A number without a suffix is an `i32`.
from_numbers!(u32, u64; i32, i64, i128);

/// Reads digits and nothing else.
impl TryFrom<&str> for IntegerText {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WireError::WHOLE_NUMBER);
        }
        // Zeros before a number are not part of it.
        let digits = match text.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        Ok(Self(digits.to_owned()))
    }
}

/// Keeps any text.
impl<'de> Deserialize<'de> for IntegerText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text(deserializer, |text| {
            let text = plain(text);
            Ok(Self::try_from(&*text).unwrap_or_else(|_| Self(text.into_owned())))
        })
    }
}

impl fmt::Display for IntegerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for IntegerText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::IntegerText;
    use crate::read::from_slice;

    #[test]
    fn no_number_is_too_large_to_be_read() {
        for (json, text, number) in [
            ("2", "2", Some(2)),
            ("\" 005 \"", "5", Some(5)),
            ("\"000\"", "0", Some(0)),
            ("2.0", "2", Some(2)),
            ("\"2E0\"", "2", Some(2)),
            ("\"123456789011\"", "123456789011", Some(123_456_789_011)),
            ("99999999999999999999999", "99999999999999999999999", None),
            ("-1", "-1", None),
            ("\"SSS\"", "SSS", None),
        ] {
            let read: IntegerText = from_slice(json.as_bytes()).unwrap();
            assert_eq!((read.as_str(), read.to_u64()), (text, number));
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(written, format!("\"{text}\""));
        }
        assert!(from_slice::<IntegerText>(b"[1]").is_err());
    }

    #[test]
    fn what_is_built_is_a_number() {
        assert_eq!(IntegerText::try_from(7), Ok(IntegerText::from(7_u64)));
        assert!(IntegerText::try_from(-7).is_err());
        for text in ["", "-1", "+1", "1.0", " 1", "\u{661}"] {
            assert!(IntegerText::try_from(text).is_err(), "{text}");
        }
    }
}
