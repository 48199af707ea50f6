//! The scalars of the wire: amounts, times, names, and what must not be shown.

mod amount;
mod integer_text;
pub(crate) mod number;
mod person_name;
mod sensitive;
mod time;

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

pub use amount::Amount;
pub use integer_text::IntegerText;
pub use person_name::{NameParts, PersonName};
pub use sensitive::Sensitive;
pub use time::{Date, DateTime, WithFraction};

/// Conversions that are the same for every type that reads itself from text.
macro_rules! reads_itself {
    ($($value:ty),*) => {
        $(
            impl std::str::FromStr for $value {
                type Err = crate::value::WireError;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Self::try_from(text)
                }
            }

            impl TryFrom<String> for $value {
                type Error = crate::value::WireError;

                fn try_from(text: String) -> Result<Self, Self::Error> {
                    Self::try_from(text.as_str())
                }
            }

            // Not for every type: that would meet `TryFrom` through `From`.
            impl TryFrom<&str> for Sensitive<$value> {
                type Error = crate::value::WireError;

                fn try_from(text: &str) -> Result<Self, Self::Error> {
                    <$value>::try_from(text).map(Self::from)
                }
            }

            impl TryFrom<String> for Sensitive<$value> {
                type Error = crate::value::WireError;

                fn try_from(text: String) -> Result<Self, Self::Error> {
                    Self::try_from(text.as_str())
                }
            }
        )*
    };
}

reads_itself!(Amount, Date, DateTime, IntegerText, PersonName);

/// Types that are read from the text of a scalar and written as a text.
macro_rules! encoded_as_text {
    ($($value:ty, $parse:ident;)*) => {
        $(
            impl<'de> serde::Deserialize<'de> for $value {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    text(deserializer, |text| Self::$parse(text))
                }
            }

            impl serde::Serialize for $value {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )*
    };
}

encoded_as_text! {
    Amount, parse_lenient;
    Date, parse_lenient;
    DateTime, try_from;
    IntegerText, parse_lenient;
}

/// What is shown instead of personal data.
pub(crate) const MASKED: &str = "[masked]";

/// Deserializes a value from a text, without the whitespace around it.
///
/// This is all that a scalar needs: [`read`](crate::read) gives the text of a
/// number or a boolean, too.
#[doc(hidden)]
pub fn text<'de, D, T>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, WireError>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text(parse))
}

struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Result<T, WireError>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    #[inline]
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let text = match text.as_bytes() {
            // There is nothing to trim, as nearly always.
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
            _ => text.trim(),
        };
        self.0(text).map_err(E::custom)
    }
}

/// A text is not a value of the type. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError(&'static str);

macro_rules! expectations {
    ($($name:ident = $text:literal;)*) => {
        impl WireError {
            $(pub(crate) const $name: Self = Self($text);)*

            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

expectations! {
    AMOUNT = "expected an amount with at most two decimals";
    AMOUNT_RANGE = "the amount is too large";
    DATE = "expected a date like 2024-12-31";
    DATE_TIME = "expected a time like 2024-12-31 23:59:59";
    PERSON_NAME = "expected a last and a first name, separated by a comma, then perhaps a middle name and a suffix";
    WHOLE_NUMBER = "expected a whole number in the range of its type";
    BOOLEAN = "expected true or false";
    SCALAR = "expected a text, a number, true or false";
    NULL = "expected a value, not null";
    TEXT = "the text holds an invalid escape";
}

impl WireError {
    /// The error that says `text`, if it is one of ours. Texts of other
    /// errors may quote what was received.
    pub(crate) fn known(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.0 == text)
    }

    pub(crate) fn text(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WireError {}
