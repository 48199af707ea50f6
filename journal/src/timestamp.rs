use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skypay_client::types::{Date, DateTime};

/// A time, in microseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time that is `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The first moment of a day, in the time zone of the API.
    #[must_use]
    pub fn beginning_of(day: Date) -> Self {
        day.midnight().into()
    }

    /// The first moment of the next day, in the time zone of the API.
    pub(crate) fn next_day(self) -> Self {
        let micros = u64::try_from(self.0).unwrap_or(0);
        let today = DateTime::from(UNIX_EPOCH + Duration::from_micros(micros)).date();
        Self::beginning_of(today.midnight().plus_seconds(24 * 60 * 60).date())
    }
}

impl From<SystemTime> for Timestamp {
    /// Times before 1970 become its first moment.
    fn from(time: SystemTime) -> Self {
        Self(0) + time.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl From<DateTime> for Timestamp {
    fn from(time: DateTime) -> Self {
        time.to_system_time().into()
    }
}

/// The time in GMT+8, in whole seconds.
impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self::from_unix_seconds(time.0.div_euclid(1_000_000))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// The time since `earlier`; zero if that is later.
    fn sub(self, earlier: Self) -> Duration {
        let micros = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0);
        Duration::from_micros(micros)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_manila() {
        let begin = Timestamp::beginning_of("2024-02-05".try_into().unwrap());
        let noon = DateTime::try_from("2024-02-04 12:00:00").unwrap();
        assert_eq!(
            begin,
            Timestamp::from(noon) + Duration::from_secs(12 * 60 * 60)
        );
        assert_eq!(Timestamp::from(noon).next_day(), begin);
        assert_eq!(begin.before(Duration::from_micros(1)).next_day(), begin);
        assert_eq!(begin.next_day() - begin, Duration::from_secs(24 * 60 * 60));
    }
}
