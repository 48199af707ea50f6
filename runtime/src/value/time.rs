use std::fmt;
use std::time::SystemTime;

use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::{SignedDuration, civil};

use super::WireError;

/// A moment as the wire writes it: date and time of day in GMT+8, without an
/// offset.
///
/// Reads `yyyy-MM-dd HH:mm:ss` with up to nine decimals of the second, also
/// with a `T` in between, and keeps them all. A time with an offset, such as
/// `2018-06-18T09:52:10Z`, is converted. Writes whole seconds.
///
/// ```
/// use skypay_runtime::DateTime;
///
/// let time: DateTime = "2018-06-18 17:52:10.5211".parse()?;
/// assert_eq!(time.to_string(), "2018-06-18 17:52:10");
/// assert_eq!(time.with_fraction().to_string(), "2018-06-18 17:52:10.5211");
/// # Ok::<(), skypay_runtime::value::WireError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(civil::DateTime);

/// The beginning of Unix time, as the clocks in GMT+8 showed it.
const UNIX_EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 8, 0, 0, 0);

impl DateTime {
    /// What the clocks in GMT+8 show at that moment. Moments beyond the
    /// calendar become its first or last one.
    #[must_use]
    pub fn from_system_time(time: SystemTime) -> Self {
        let since = SignedDuration::system_until(SystemTime::UNIX_EPOCH, time);
        Self(UNIX_EPOCH.saturating_add(since.unwrap_or(SignedDuration::MAX)))
    }

    /// What the clocks in GMT+8 show that many seconds after the beginning of
    /// Unix time. Moments beyond the calendar become its first or last one.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)))
    }

    /// The moment that the clocks in GMT+8 show. What the platform's clock
    /// cannot hold becomes the beginning of Unix time.
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

    /// That many seconds later, or earlier if negative; at most the last or
    /// first moment of the calendar.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_secs(seconds)))
    }

    /// Date and time of day in GMT+8.
    #[must_use]
    pub fn civil(self) -> civil::DateTime {
        self.0
    }

    /// The day.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date().into()
    }

    /// Writes itself with exactly four decimals of the second.
    #[must_use]
    pub fn with_fraction(self) -> WithFraction {
        WithFraction(self)
    }
}

impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        Self::from_system_time(time)
    }
}

/// Takes date and time of day to be those of GMT+8.
impl From<civil::DateTime> for DateTime {
    fn from(civil: civil::DateTime) -> Self {
        Self(civil)
    }
}

const PRINTER: DateTimePrinter = DateTimePrinter::new().separator(b' ');

impl DateTime {
    fn print(self, printer: &DateTimePrinter, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = printer.print_datetime(&self.0, StdFmtWrite(f));
        result.map_err(|_| fmt::Error)
    }
}

/// Whole seconds; what lies between them is left out.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(&PRINTER.precision(Some(0)), f)
    }
}

/// With all decimals of the second that are there.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(&PRINTER, f)
    }
}

impl TryFrom<&str> for DateTime {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        date_time(text).map(Self).ok_or(WireError::DATE_TIME)
    }
}

/// Writes a [`DateTime`] with exactly four decimals of the second.
#[derive(Clone, Copy, Debug)]
pub struct WithFraction(DateTime);

impl fmt::Display for WithFraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.print(&PRINTER.precision(Some(4)), f)
    }
}

/// A day: `yyyy-MM-dd`.
///
/// One that was received with a time of day keeps it, and is written with it:
/// validation then reports that it is too long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    day: civil::Date,
    time: Option<civil::Time>,
}

impl Date {
    /// The day in the calendar.
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
    /// Reads a day also with a time behind it.
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
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.as_bytes() else {
        return None;
    };
    let year = i16::from(two(y1, y2)?) * 100 + i16::from(two(y3, y4)?);
    civil::Date::new(year, two(m1, m2)?, two(d1, d2)?).ok()
}

fn date_time(text: &str) -> Option<civil::DateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    let (clock, fraction) = rest.as_bytes().split_at_checked(9)?;
    let [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else {
        return None;
    };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    let (fraction, offset) = offset(fraction)?;
    let time = civil::Time::new(hour, minute, second, nanoseconds(fraction)?).ok()?;
    let local = date(day)?.to_datetime(time);
    match offset {
        None => Some(local),
        Some(offset) => local.checked_add(GMT_8 - offset).ok(),
    }
}

/// How far the clocks of the wire are ahead of UTC.
const GMT_8: SignedDuration = SignedDuration::from_hours(8);

/// Splits an offset from the end of a time: the text before it, and how far the
/// time is ahead of UTC. `Z`, `+08:00`, `+0800`, `+08`, also after a space.
fn offset(text: &[u8]) -> Option<(&[u8], Option<SignedDuration>)> {
    let Some(at) = text.iter().position(|byte| b"Zz+-".contains(byte)) else {
        return Some((text, None));
    };
    let (before, offset) = text.split_at(at);
    let before = before.strip_suffix(b" ").unwrap_or(before);
    let (hours, minutes) = match *offset {
        [b'Z' | b'z'] => (0, 0),
        [_, h1, h2] => (two(h1, h2)?, 0),
        [_, h1, h2, m1, m2] | [_, h1, h2, b':', m1, m2] => (two(h1, h2)?, two(m1, m2)?),
        _ => return None,
    };
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    let seconds = if offset[0] == b'-' { -seconds } else { seconds };
    // No clock on Earth is further from UTC.
    (minutes < 60 && seconds.abs() <= 18 * 3600)
        .then(|| (before, Some(SignedDuration::from_secs(seconds))))
}

/// A point and one to nine digits, or nothing.
fn nanoseconds(fraction: &[u8]) -> Option<i32> {
    let digits = match fraction {
        [] => return Some(0),
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    let zeros = std::iter::repeat_n(&b'0', 9 - digits.len());
    let mut digits = digits.iter().chain(zeros);
    digits.try_fold(0, |number, byte| {
        Some(number * 10 + i32::from(digit(*byte)?))
    })
}

fn two(tens: u8, ones: u8) -> Option<i8> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn digit(byte: u8) -> Option<i8> {
    let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
    i8::try_from(digit).ok()
}
