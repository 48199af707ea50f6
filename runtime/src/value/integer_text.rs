use displaydoc::Display;

use super::WireError;
use super::number::plain;

/// A whole number that is written as a text, such as the number of a region.
///
/// Any text can be received, so that the message can be read and validation reports
/// the violation; constructors accept only numbers.
///
/// ```
/// use skypay_runtime::IntegerText;
///
/// let region = IntegerText::from(47_u32);
/// assert_eq!(region.as_str(), "47");
/// assert_eq!(region.to_u64(), Some(47));
/// assert!(IntegerText::try_from("47a").is_err());
/// ```
#[derive(Clone, Debug, Display, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[displaydoc("{0}")]
pub struct IntegerText(String);

impl IntegerText {
    /// The text as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_number(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The number; `None` if the received text is not a number or exceeds `u64`.
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

            /// Fails for negative numbers.
            fn try_from(number: $signed) -> Result<Self, WireError> {
                Self::parse(&number.to_string())
            }
        })*
    };
}

// An integer literal without a suffix is an `i32`.
from_numbers!(u32, u64; i32, i64, i128);

impl IntegerText {
    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WireError::WHOLE_NUMBER);
        }
        // Leading zeros are not part of the number.
        let digits = match text.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        Ok(Self(digits.to_owned()))
    }

    /// Accepts and preserves any text.
    #[expect(clippy::unnecessary_wraps, reason = "as other scalars are read")]
    pub(super) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        let text = plain(text);
        Ok(Self::parse(&text).unwrap_or_else(|_| Self(text.into_owned())))
    }
}
