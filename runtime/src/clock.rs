//! The time, as an argument.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::value::DateTime;

/// Where transport and dispatch get the time from.
///
/// The default is the system's clock; tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The present moment in GMT+8, as it is written on the wire.
    ///
    /// A clock that panics must not cost a response or the outcome of a
    /// call: the system's clock is used instead.
    pub(crate) fn date_time(&self) -> DateTime {
        let now = catch_unwind(AssertUnwindSafe(|| self.now()));
        DateTime::from(now.unwrap_or_else(|_| SystemTime::now()))
    }
}

/// Of a span of a call or of a request.
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
