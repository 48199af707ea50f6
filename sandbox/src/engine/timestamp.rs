//! Timestamps and durations in whole milliseconds, so that they are unchanged by
//! serialization.

use std::fmt;

use displaydoc::Display;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use skypay_runtime::DateTime;

/// A time in GMT+8, in whole milliseconds. Displayed with four decimals of the second,
/// as on the wire.
///
/// The range is [`Timestamp::FIRST`] to [`Timestamp::LAST`]; arithmetic saturates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime);

impl Timestamp {
    /// The earliest timestamp, at the start of the year 0.
    pub const FIRST: Self = Self(DateTime::MIN);

    /// The latest timestamp, at the end of the year 9999.
    pub const LAST: Self = Self(DateTime::MAX.truncated(3));

    /// Adds a duration; the maximum is [`Self::LAST`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0.saturating_add(duration.into()).into()
    }

    /// Subtracts a duration; the minimum is [`Self::FIRST`].
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        self.0.saturating_sub(duration.into()).into()
    }

    /// Returns the duration until a later time; zero if it is not later.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        let between = later.0.duration_since(self.0).as_millis();
        Duration(u64::try_from(between).unwrap_or(u64::MAX))
    }

    /// Converts it to the wire format.
    #[must_use]
    pub fn date_time(self) -> DateTime {
        self.0
    }
}

/// Truncates to milliseconds. Every timestamp is created here: one with a finer
/// resolution would differ after deserialization, so that a clock could never reach it.
impl From<DateTime> for Timestamp {
    fn from(time: DateTime) -> Self {
        Self(time.truncated(3))
    }
}

impl From<Timestamp> for DateTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.date_time()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.date_time())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::deserialize(deserializer).map(Self::from)
    }
}

/// A duration in whole milliseconds.
///
/// Parses from text such as `300s`, `24h`, `90d` and `1500ms`. A number without a unit
/// is rejected, because it could mean seconds or milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl Duration {
    /// The zero duration.
    pub const NONE: Self = Self(0);

    /// Creates a duration from milliseconds.
    #[must_use]
    pub const fn milliseconds(count: u64) -> Self {
        Self(count)
    }

    /// Creates a duration from seconds.
    #[must_use]
    pub const fn seconds(count: u64) -> Self {
        Self(count.saturating_mul(1000))
    }

    /// Creates a duration from days.
    #[must_use]
    pub const fn days(count: u64) -> Self {
        Self::seconds(count.saturating_mul(86_400))
    }

    /// Returns the number of milliseconds.
    #[must_use]
    pub const fn as_milliseconds(self) -> u64 {
        self.0
    }

    /// Returns the sum of both durations.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl From<Duration> for std::time::Duration {
    fn from(duration: Duration) -> Self {
        Self::from_millis(duration.0)
    }
}

/// The text is not a number followed by `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("a span of time is a whole number with ms, s, m, h or d behind it, such as 300s")]
pub struct ParseDurationError;

impl std::error::Error for ParseDurationError {}

impl std::str::FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or(ParseDurationError)?;
        let number: u64 = number.parse().map_err(|_| ParseDurationError)?;
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(ParseDurationError),
        };
        number
            .checked_mul(milliseconds)
            .map(Self)
            .ok_or(ParseDurationError)
    }
}

/// Formats the duration in its largest exact unit.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1000, "s"),
        ];
        let fits = units
            .iter()
            .find(|(size, _)| self.0 != 0 && self.0.is_multiple_of(*size));
        match fits {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.parse().map_err(D::Error::custom),
            _ => Err(D::Error::custom(ParseDurationError)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use skypay_runtime::DateTime;

    use super::{Duration, Timestamp};

    proptest! {
        /// A timestamp that changed when it was stored would be due at a time that no
        /// clock reaches.
        #[test]
        fn a_sum_is_a_timestamp_that_can_be_stored(
            seconds in prop_oneof![any::<i64>(), -70_000_000_000..260_000_000_000_i64],
            milliseconds in prop_oneof![any::<u64>(), 0..1_000_000_000_000_000_u64],
            days in prop_oneof![any::<u64>(), 0..4_000_000_u64],
        ) {
            let start = Timestamp::from(DateTime::from_unix_seconds(seconds));
            let later = start.plus(Duration::milliseconds(milliseconds));
            let earlier = start.minus(Duration::days(days));
            prop_assert!(earlier <= start && start <= later);
            for timestamp in [earlier, start, later] {
                prop_assert!((Timestamp::FIRST..=Timestamp::LAST).contains(&timestamp));
                prop_assert_eq!(Timestamp::from(timestamp.date_time()), timestamp);
                let text = serde_json::to_string(&timestamp).unwrap();
                prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), timestamp);
            }
        }
    }

    #[test]
    fn the_calendar_has_ends() {
        let all = Duration::milliseconds(u64::MAX);
        assert_eq!(Timestamp::FIRST.plus(all), Timestamp::LAST);
        assert_eq!(
            Timestamp::LAST.plus(Duration::milliseconds(1)),
            Timestamp::LAST
        );
        assert_eq!(
            Timestamp::LAST.minus(Duration::days(u64::MAX)),
            Timestamp::FIRST
        );
        assert_eq!(Timestamp::LAST.to_string(), "9999-12-31 23:59:59.9990");
        assert_eq!(Timestamp::FIRST.to_string(), "0000-01-01 00:00:00.0000");
    }

    #[test]
    fn a_moment_is_kept_to_the_millisecond() {
        let time: DateTime = "2024-02-05 09:00:00.123456789".parse().unwrap();
        let timestamp = Timestamp::from(time);
        assert_eq!(timestamp.to_string(), "2024-02-05 09:00:00.1230");
        let text = serde_json::to_string(&timestamp).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), timestamp);
        let later = timestamp.plus(Duration::milliseconds(877));
        assert_eq!(later.to_string(), "2024-02-05 09:00:01.0000");
        let earlier = later.minus(Duration::days(5));
        assert_eq!(earlier.to_string(), "2024-01-31 09:00:01.0000");
    }

    #[test]
    fn a_pause_is_read_as_it_is_written() {
        for (text, milliseconds, written) in [
            ("300s", 300_000, "5m"),
            ("90d", 7_776_000_000, "90d"),
            ("24h", 86_400_000, "1d"),
            ("1500ms", 1500, "1500ms"),
            ("0s", 0, "0ms"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration, Duration::milliseconds(milliseconds), "{text}");
            assert_eq!(duration.to_string(), written);
            assert_eq!(written.parse(), Ok(duration));
        }
        for text in [
            "",
            "5",
            "0",
            "s",
            "1w",
            "-1s",
            "1.5s",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
