use std::fmt;

use serde::{Deserialize, Serialize};

use super::MASKED;

/// A value that is masked in `Debug` and read with [`expose`](Self::expose).
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
    /// The value, unmasked: do not log it.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, unmasked: do not log it.
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
