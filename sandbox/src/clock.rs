//! The clock of a sandbox, real or virtual.

use std::time::{Instant, SystemTime};

use skypay_types::DateTime;

use crate::engine::{Duration, Timestamp};

/// The time source of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock, in GMT+8.
    Real,
    /// A clock that runs several times as fast as the machine's. Create it with
    /// [`Clock::fast`].
    Fast {
        /// The initial time. A reopened sandbox continues at its last time, if that is
        /// later.
        start: Timestamp,
        /// When it showed that time.
        since: Instant,
        /// How many times as fast it runs.
        speed: u32,
    },
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

    /// Returns a clock that begins now at `start`, and runs `speed` times as fast as the
    /// machine's.
    #[must_use]
    pub fn fast(start: Timestamp, speed: u32) -> Self {
        Self::Fast {
            start,
            since: Instant::now(),
            speed: speed.max(1),
        }
    }

    /// Returns the clock of a sandbox whose last time this is.
    pub(crate) fn after(self, last: Timestamp) -> Self {
        match self {
            Self::Fast { start, speed, .. } => Self::fast(start.max(last), speed),
            other => other,
        }
    }

    /// Returns how many times as fast as the machine's it runs.
    pub(crate) fn speed(self) -> u32 {
        match self {
            Self::Fast { speed, .. } => speed,
            Self::Real | Self::Virtual { .. } => 1,
        }
    }

    /// Whether it is a virtual clock.
    #[must_use]
    pub fn is_virtual(self) -> bool {
        matches!(self, Self::Virtual { .. })
    }

    /// Returns the current time of a clock that runs, or the start of a virtual one.
    pub(crate) fn reading(self) -> Timestamp {
        match self {
            Self::Real => DateTime::from(SystemTime::now()).into(),
            Self::Fast {
                start,
                since,
                speed,
            } => {
                let elapsed = since.elapsed().saturating_mul(speed).as_millis();
                let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
                start.plus(Duration::milliseconds(elapsed))
            }
            Self::Virtual { start } => start,
        }
    }
}
