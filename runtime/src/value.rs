//! The scalars of the wire: amounts, dates and times, names, and masked values.

mod amount;
mod convert;
mod integer_text;
pub(crate) mod number;
mod person_name;
mod sensitive;
mod time;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use displaydoc::Display;
use serde::de::{DeserializeSeed, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use amount::Amount;
pub use integer_text::IntegerText;
pub use person_name::{NameParts, PersonName};
pub use sensitive::Sensitive;
pub use time::{Date, DateTime};

/// Implementations for every type with a function `parse`, and for those that are
/// serialized as text and deserialized from a scalar's text.
macro_rules! parsed_from_text {
    ($($(#[$about:meta])* $value:ty $(, read by $parse:ident)?;)*) => {
        $(
            $(#[$about])*
            impl TryFrom<&str> for $value {
                type Error = WireError;

                fn try_from(text: &str) -> Result<Self, WireError> {
                    Self::parse(text)
                }
            }

            impl FromStr for $value {
                type Err = WireError;

                fn from_str(text: &str) -> Result<Self, WireError> {
                    Self::parse(text)
                }
            }

            impl TryFrom<String> for $value {
                type Error = WireError;

                fn try_from(text: String) -> Result<Self, WireError> {
                    Self::parse(&text)
                }
            }

            // Not generic over all types: that would conflict with `TryFrom`
            // through `From`.
            impl TryFrom<&str> for Sensitive<$value> {
                type Error = WireError;

                fn try_from(text: &str) -> Result<Self, WireError> {
                    <$value>::parse(text).map(Self::from)
                }
            }

            impl TryFrom<String> for Sensitive<$value> {
                type Error = WireError;

                fn try_from(text: String) -> Result<Self, WireError> {
                    Self::try_from(text.as_str())
                }
            }

            $(
                impl<'de> Deserialize<'de> for $value {
                    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                        text(from, |text| Self::$parse(text))
                    }
                }

                impl Serialize for $value {
                    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                        to.collect_str(self)
                    }
                }
            )?
        )*
    };
}

parsed_from_text! {
    /// Parses pesos: an optional minus sign, digits, and optional decimals, of which
    /// only the first two may be other than zero.
    Amount, read by parse_lenient;
    Date, read by parse_lenient;
    DateTime, read by parse;
    /// Parses ASCII digits only; leading zeros are dropped.
    IntegerText, read by parse_lenient;
    /// Parses `Last,First,Middle,Suffix`, of which the last two are optional.
    PersonName;
}

/// The replacement for personal data.
pub(crate) const MASKED: &str = "[masked]";

/// Deserializes a value from a text, with surrounding whitespace trimmed.
///
/// This is enough for a scalar: [`read`](crate::read) provides the text of a number
/// or a boolean, too.
#[doc(hidden)]
#[inline]
pub fn text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, WireError>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Parsed(parse, PhantomData))
}

struct Parsed<P, T>(P, PhantomData<T>);

impl<P: FnOnce(&str) -> Result<T, WireError>, T> Visitor<'_> for Parsed<P, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    #[inline]
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        let text = match text.as_bytes() {
            // The usual case: there is nothing to trim.
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
            _ => text.trim(),
        };
        (self.0)(text).map_err(E::custom)
    }
}

/// Deserializes a key, borrowed if it has no escapes.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A text or number is not a valid value of the type. Never holds any of it.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("{0}")]
pub struct WireError(&'static str);

macro_rules! wire_errors {
    ($($name:ident = $text:literal;)*) => {
        impl WireError {
            $(pub(crate) const $name: Self = Self($text);)*

            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

wire_errors! {
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
    OBJECT = "expected an object";
    LIST = "expected a list";
    MISSING = "is missing";
    TWICE = "is there twice";
    SYNTAX = "not valid JSON";
    NESTING = "nested too deep";
    OTHER = "is not what was expected";
    HEADER = "the message is not a JSON object with the fields of the protocol";
}

impl WireError {
    /// The error with this text, if it is one of this crate's. Texts of other
    /// errors may quote what was received.
    pub(crate) fn known(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.0 == text)
    }

    pub(crate) fn text(self) -> &'static str {
        self.0
    }
}

impl std::error::Error for WireError {}
