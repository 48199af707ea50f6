//! The scalars of the wire: amounts, times, names, and what must not be shown.

mod amount;
mod integer_text;
mod person_name;
mod sensitive;
mod time;

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
                type Err = crate::wire::WireError;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Self::try_from(text)
                }
            }

            impl TryFrom<String> for $value {
                type Error = crate::wire::WireError;

                fn try_from(text: String) -> Result<Self, Self::Error> {
                    Self::try_from(text.as_str())
                }
            }

            impl<'de> serde::Deserialize<'de> for $value {
                fn deserialize<D: serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    crate::wire::required(deserializer)
                }
            }
        )*
    };
}

reads_itself!(Amount, Date, DateTime, IntegerText, PersonName);

/// What is shown instead of personal data.
pub(crate) const MASKED: &str = "[masked]";
