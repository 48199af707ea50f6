use std::fmt;
use std::time::SystemTime;

use time::{Month, PlainDateTime, SignedDuration, Time, UtcDateTime};

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
pub struct DateTime(PlainDateTime);

/// The offset of times on the wire from UTC.
const GMT_8: SignedDuration = SignedDuration::hours(8);

impl DateTime {
    /// The time that long after the Unix epoch.
    pub(super) fn since_epoch(duration: SignedDuration) -> Self {
        let epoch = PlainDateTime::new(UtcDateTime::UNIX_EPOCH.date(), Time::MIDNIGHT);
        Self(epoch.saturating_add(duration.saturating_add(GMT_8)))
    }

    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        let time = date_time(text.as_bytes()).map(Self);
        time.ok_or(WireError::DATE_TIME)
    }

    pub(super) fn to_utc(self) -> UtcDateTime {
        self.0.as_utc().saturating_sub(GMT_8)
    }

    /// The time that many seconds after the Unix epoch, saturating at the limits of
    /// the calendar.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::since_epoch(SignedDuration::seconds(seconds))
    }

    /// Converts to a system time; the Unix epoch if the platform cannot represent
    /// the time.
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let since = self.0 - Self::from_unix_seconds(0).0;
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
        Self(self.0.saturating_add(SignedDuration::seconds(seconds)))
    }

    /// The date and time of day in GMT+8.
    #[must_use]
    pub fn civil(self) -> PlainDateTime {
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
        let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => SignedDuration::try_from(after),
            Err(before) => SignedDuration::try_from(before.duration()).map(|before| -before),
        };
        Self::since_epoch(since.unwrap_or(SignedDuration::MAX))
    }
}

/// Interprets the date and time of day as GMT+8.
impl From<PlainDateTime> for DateTime {
    fn from(civil: PlainDateTime) -> Self {
        Self(civil)
    }
}

/// Truncates further decimals.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second, nanosecond) = self.0.as_hms_nano();
        // Every reply holds the time; padding each number with `write!` would be a
        // twentieth of the work for a callback.
        let [hour, minute, second] = [hour, minute, second].map(u64::from);
        let mut number =
            ((hour * 100 + minute) * 100 + second) * 1_000_000_000 + u64::from(nanosecond);
        let mut text = *b" 00:00:00.000000000";
        for digit in text.iter_mut().rev().filter(|byte| byte.is_ascii_digit()) {
            *digit += u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
        let length = match f.precision().unwrap_or(0).min(9) {
            0 => 9,
            decimals => 10 + decimals,
        };
        let text = text.get(..length).map(str::from_utf8);
        write!(f, "{}", self.0.date())?;
        f.write_str(text.and_then(Result::ok).ok_or(fmt::Error)?)
    }
}

/// Shows all decimals of the second.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = format!("{self:.9}");
        f.write_str(all.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A date: `yyyy-MM-dd`.
///
/// A received date with a time of day preserves it and is written with it;
/// validation then reports that it is too long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    day: time::Date,
    time: Option<Time>,
}

impl Date {
    /// The calendar date.
    #[must_use]
    pub fn civil(self) -> time::Date {
        self.day
    }
}

impl From<time::Date> for Date {
    fn from(day: time::Date) -> Self {
        Self { day, time: None }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some(time) => DateTime(PlainDateTime::new(self.day, time)).fmt(f),
            None => self.day.fmt(f),
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Date {
    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        date(text.as_bytes()).map(Self::from).ok_or(WireError::DATE)
    }

    /// Parses a date, optionally followed by a time of day.
    pub(super) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::parse(text).or_else(|error| {
            let moment = date_time(text.as_bytes()).ok_or(error)?;
            Ok(Self {
                day: moment.date(),
                time: Some(moment.time()),
            })
        })
    }
}

/// The number with these digits.
fn number<T: TryFrom<u32>>(digits: &[u8]) -> Option<T> {
    let number = digits.iter().try_fold(0, |number: u32, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    T::try_from(number?).ok()
}

fn date(text: &[u8]) -> Option<time::Date> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = (year.len() == 4).then(|| number::<u16>(year)).flatten()?;
    let month = Month::try_from(number::<u8>(&[*m1, *m2])?).ok()?;
    time::Date::from_calendar_date(year.into(), month, number(&[*d1, *d2])?).ok()
}

fn date_time(text: &[u8]) -> Option<PlainDateTime> {
    let (day, time) = text.split_at_checked(10)?;
    let [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = time else {
        return None;
    };
    let (decimals, offset) = match rest {
        [b'.', rest @ ..] => {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit());
            rest.split_at(end.unwrap_or(rest.len()))
        }
        _ => (&b"0"[..], rest),
    };
    let missing = 9_u32.checked_sub(decimals.len().try_into().ok()?)?;
    let nanosecond = (missing < 9).then(|| number::<u32>(decimals)).flatten()?;
    let time = Time::from_hms_nano(
        number(&[*h1, *h2])?,
        number(&[*m1, *m2])?,
        number(&[*s1, *s2])?,
        nanosecond * 10_u32.pow(missing),
    );
    let local = PlainDateTime::new(date(day)?, time.ok()?);
    match offset {
        [] => Some(local),
        offset => {
            local.checked_add(GMT_8 - offset_of(offset.strip_prefix(b" ").unwrap_or(offset))?)
        }
    }
}

/// Parses an offset from UTC, such as `Z`, `+08`, `+0800` or `+08:00`.
fn offset_of(text: &[u8]) -> Option<SignedDuration> {
    let (h1, h2, minutes) = match text {
        b"Z" | b"z" => return Some(SignedDuration::ZERO),
        [_, h1, h2] => (h1, h2, &b"0"[..]),
        [_, h1, h2, b':', minutes @ ..] | [_, h1, h2, minutes @ ..] if minutes.len() == 2 => {
            (h1, h2, minutes)
        }
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (number(&[*h1, *h2])?, number(minutes)?);
    // No real offset from UTC is larger.
    if minutes > 59 || hours * 60 + minutes > 18 * 60 {
        return None;
    }
    let offset = SignedDuration::minutes(hours * 60 + minutes);
    match text {
        [b'+', ..] => Some(offset),
        [b'-', ..] => Some(-offset),
        _ => None,
    }
}
