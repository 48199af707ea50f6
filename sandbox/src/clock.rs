//! The clock of a sandbox: the real one, or one that moves when told to.

use std::time::SystemTime;

use skypay_types::DateTime;

use crate::engine::Timestamp;

/// Where a sandbox gets the time from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock, in GMT+8.
    Real,
    /// A clock that stands still until it is moved. A new sandbox begins at
    /// `start`; one that is opened again goes on where it was.
    Virtual {
        /// The first moment.
        start: Timestamp,
    },
}

impl Clock {
    /// A virtual clock that begins on an ordinary Monday morning, always the
    /// same.
    #[must_use]
    pub fn frozen() -> Self {
        let start = DateTime::from_unix_seconds(1_767_574_800);
        Self::Virtual {
            start: start.into(),
        }
    }

    /// Whether it moves only when told to.
    #[must_use]
    pub fn is_virtual(self) -> bool {
        matches!(self, Self::Virtual { .. })
    }

    /// The moment, if nothing later has been seen.
    pub(crate) fn reading(self) -> Timestamp {
        match self {
            Self::Real => DateTime::from(SystemTime::now()).into(),
            Self::Virtual { start } => start,
        }
    }
}
