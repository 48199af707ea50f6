use std::fmt;
use std::time::SystemTime;

use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, civil};

use super::WireError;

/// A date and time of day in GMT+8, without an offset, as on the wire.
///
/// Parses `yyyy-MM-dd HH:mm:ss`, or with a `T` as the separator, with up to nine
/// decimals of the second, which are preserved. A time with an offset, such as
/// `2018-06-18T09:52:10Z`, is converted. Displays whole seconds, or as many
/// decimals as the format's precision.
///
/// ```
/// use skypay_runtime::DateTime;
///
/// let time: DateTime = "2018-06-18 17:52:10.5211".parse()?;
/// assert_eq!(time.to_string(), "2018-06-18 17:52:10");
/// assert_eq!(format!("{time:.4}"), "2018-06-18 17:52:10.5211");
/// # Ok::<(), skypay_runtime::value::WireError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(civil::DateTime);

/// The Unix epoch in GMT+8.
const UNIX_EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 8, 0, 0, 0);

impl DateTime {
    /// The time that many seconds after the Unix epoch, saturating at the limits of
    /// the calendar.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)))
    }

    /// Converts to a system time; the Unix epoch if the platform cannot represent
    /// the time.
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let since = self.0.duration_since(UNIX_EPOCH);
        let distance = since.unsigned_abs();
        if since.is_negative() {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
        .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The time that many seconds later, or earlier if negative, saturating at the
    /// limits of the calendar.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_secs(seconds)))
    }

    /// The date and time of day in GMT+8.
    #[must_use]
    pub fn civil(self) -> civil::DateTime {
        self.0
    }

    /// The date in GMT+8.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date().into()
    }
}

/// The system time in GMT+8, saturating at the limits of the calendar.
impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        let since = SignedDuration::system_until(SystemTime::UNIX_EPOCH, time);
        Self(UNIX_EPOCH.saturating_add(since.unwrap_or(SignedDuration::MAX)))
    }
}

/// Interprets the date and time of day as GMT+8.
impl From<civil::DateTime> for DateTime {
    fn from(civil: civil::DateTime) -> Self {
        Self(civil)
    }
}

/// Truncates further decimals.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        write!(f, "{} {:.decimals$}", self.0.date(), self.0.time())
    }
}

/// Shows all decimals of the second.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.date(), self.0.time())
    }
}

impl TryFrom<&str> for DateTime {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        date_time(text).map(Self).ok_or(WireError::DATE_TIME)
    }
}

/// A date: `yyyy-MM-dd`.
///
/// A received date with a time of day preserves it and is written with it;
/// validation then reports that it is too long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    day: civil::Date,
    time: Option<civil::Time>,
}

impl Date {
    /// The calendar date.
    #[must_use]
    pub fn civil(self) -> civil::Date {
        self.day
    }
}

impl From<civil::Date> for Date {
    fn from(day: civil::Date) -> Self {
        Self { day, time: None }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some(time) => DateTime(self.day.to_datetime(time)).fmt(f),
            None => self.day.fmt(f),
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<&str> for Date {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        date(text).map(Self::from).ok_or(WireError::DATE)
    }
}

impl Date {
    /// Parses a date, optionally followed by a time of day.
    pub(crate) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::try_from(text).or_else(|error| {
            let moment = date_time(text).ok_or(error)?;
            Ok(Self {
                day: moment.date(),
                time: Some(moment.time()),
            })
        })
    }
}

fn date(text: &str) -> Option<civil::Date> {
    // The parser accepts other formats, too.
    let [_, _, _, _, b'-', _, _, b'-', _, _] = text.as_bytes() else {
        return None;
    };
    text.parse().ok()
}

fn date_time(text: &str) -> Option<civil::DateTime> {
    // The parser accepts other formats, a comma, a time zone and a leap second,
    // too.
    let (day, time) = text.as_bytes().split_at_checked(10)?;
    let [_, _, _, _, b'-', _, _, b'-', _, _] = day else {
        return None;
    };
    let [b' ' | b'T', _, _, b':', _, _, b':', b'0'..=b'5', _, ..] = time else {
        return None;
    };
    let rest = text.get(19..)?;
    if rest.contains([',', '[']) {
        return None;
    }
    let Some(at) = rest.find(OFFSET) else {
        return text.parse().ok();
    };
    let (before, offset) = text.split_at(19 + at);
    let before = before.strip_suffix(' ').unwrap_or(before);
    let joined = format!("{before}{offset}");
    let pieces = Pieces::parse(&joined).ok()?;
    let offset = pieces.to_numeric_offset()?.seconds().into();
    let offset = SignedDuration::from_secs(offset);
    let local = pieces.date().to_datetime(pieces.time()?);
    // No real offset from UTC is larger.
    let is_real = offset.abs() <= SignedDuration::from_hours(18);
    is_real.then(|| local.checked_add(GMT_8 - offset).ok())?
}

/// The first characters of an offset.
const OFFSET: [char; 4] = ['Z', 'z', '+', '-'];

/// The offset of times on the wire from UTC.
const GMT_8: SignedDuration = SignedDuration::from_hours(8);
