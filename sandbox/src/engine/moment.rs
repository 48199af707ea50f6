//! Time as the engine keeps it: to the millisecond, so that what is saved is
//! what was known.

use std::fmt;

use jiff::{SignedDuration, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use skypay_runtime::DateTime;

/// A moment in GMT+8, in whole milliseconds. Writes itself with four decimals
/// of the second, as the wire does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(civil::DateTime);

impl Moment {
    /// That many milliseconds later; at most the last moment of the calendar.
    #[must_use]
    pub fn plus(self, pause: Pause) -> Self {
        let milliseconds = i64::try_from(pause.0).unwrap_or(i64::MAX);
        Self(
            self.0
                .saturating_add(SignedDuration::from_millis(milliseconds)),
        )
    }

    /// That many days earlier; at least the first moment of the calendar.
    #[must_use]
    pub fn minus_days(self, days: u64) -> Self {
        let hours = i64::try_from(days.saturating_mul(24)).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(SignedDuration::from_hours(hours)))
    }

    /// The same moment for the wire.
    #[must_use]
    pub fn date_time(self) -> DateTime {
        self.0.into()
    }
}

/// Leaves out what is finer than a millisecond.
impl From<DateTime> for Moment {
    fn from(time: DateTime) -> Self {
        let civil = time.civil();
        let whole = civil.subsec_nanosecond() / 1_000_000 * 1_000_000;
        Self(
            civil
                .with()
                .subsec_nanosecond(whole)
                .build()
                .unwrap_or(civil),
        )
    }
}

impl From<Moment> for DateTime {
    fn from(moment: Moment) -> Self {
        moment.date_time()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.date_time().with_fraction(), f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::deserialize(deserializer).map(Self::from)
    }
}

/// A span of time in whole milliseconds.
///
/// Reads itself from a number of milliseconds, or from text such as `300s`,
/// `24h`, `90d` and `1500ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pause(u64);

impl Pause {
    /// No time at all.
    pub const NONE: Self = Self(0);

    /// That many milliseconds.
    #[must_use]
    pub const fn milliseconds(count: u64) -> Self {
        Self(count)
    }

    /// That many seconds.
    #[must_use]
    pub const fn seconds(count: u64) -> Self {
        Self(count.saturating_mul(1000))
    }

    /// That many days.
    #[must_use]
    pub const fn days(count: u64) -> Self {
        Self::seconds(count.saturating_mul(86_400))
    }

    /// How many milliseconds there are in it.
    #[must_use]
    pub const fn as_milliseconds(self) -> u64 {
        self.0
    }

    /// Both, one after the other.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// The text is not a number and `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPause;

impl fmt::Display for NoPause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of time is a number and ms, s, m, h or d, such as 300s")
    }
}

impl std::error::Error for NoPause {}

impl std::str::FromStr for Pause {
    type Err = NoPause;

    fn from_str(text: &str) -> Result<Self, NoPause> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or(NoPause)?;
        let number: u64 = number.parse().map_err(|_| NoPause)?;
        let milliseconds: u64 = match unit {
            "" | "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(NoPause),
        };
        number.checked_mul(milliseconds).map(Self).ok_or(NoPause)
    }
}

/// In the largest unit that fits.
impl fmt::Display for Pause {
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

impl Serialize for Pause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.parse().map_err(D::Error::custom),
            serde_json::Value::Number(number) => number
                .as_u64()
                .map(Self)
                .ok_or_else(|| D::Error::custom(NoPause)),
            _ => Err(D::Error::custom(NoPause)),
        }
    }
}
