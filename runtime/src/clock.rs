//! The time, as an argument.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

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
    pub(crate) fn date_time(&self) -> DateTime {
        DateTime::from_system_time(self.now())
    }
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
