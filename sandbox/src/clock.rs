//! The clock of a sandbox, real or virtual.

use std::time::SystemTime;

use skypay_types::DateTime;

use crate::engine::Timestamp;

/// The time source of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock, in GMT+8.
    Real,
    /// A clock that stands still until it is moved. A new sandbox starts at `start`; a
    /// reopened one continues at its last time.
    Virtual {
        /// The initial time.
        start: Timestamp,
    },
}

impl Clock {
    /// Returns a virtual clock with a fixed start, on an ordinary Monday morning.
    #[must_use]
    pub fn frozen() -> Self {
        let start = DateTime::from_unix_seconds(1_767_574_800);
        Self::Virtual {
            start: start.into(),
        }
    }

    /// Whether it is a virtual clock.
    #[must_use]
    pub fn is_virtual(self) -> bool {
        matches!(self, Self::Virtual { .. })
    }

    /// Returns the current time of the real clock, or the start of a virtual one.
    pub(crate) fn reading(self) -> Timestamp {
        match self {
            Self::Real => DateTime::from(SystemTime::now()).into(),
            Self::Virtual { start } => start,
        }
    }
}
