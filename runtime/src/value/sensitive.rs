use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Amount, Date, DateTime, MASKED};
use crate::wire::{FromWire, WireError};

/// A value that is shown nowhere unless asked for with [`expose`](Self::expose).
///
/// ```
/// use skypay_runtime::Sensitive;
///
/// let account: Sensitive = "0000012309738".into();
/// assert_eq!(format!("{account:?}"), "[masked]");
/// assert_eq!(account.expose(), "0000012309738");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
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

impl<T: FromWire> FromWire for Sensitive<T> {
    const BLANKS_COUNT: bool = T::BLANKS_COUNT;

    fn from_wire(text: &str) -> Result<Self, WireError> {
        T::from_wire(text).map(Self)
    }
}
