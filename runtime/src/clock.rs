//! An injectable clock.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::value::DateTime;

/// The source of the current time for client and server.
///
/// The default is the system clock; tests supply their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// Creates a clock that calls `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The current time in GMT+8, as on the wire.
    ///
    /// If the clock panics, the system clock is used: a response or the outcome of
    /// a call must not be lost.
    pub(crate) fn date_time(&self) -> DateTime {
        let now = catch_unwind(AssertUnwindSafe(|| self.now()));
        DateTime::from(now.unwrap_or_else(|_| SystemTime::now()))
    }
}

/// The duration in whole milliseconds, as spans record it.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
