use std::fmt;
use std::time::{Duration, SystemTime};

use super::WireError;

pub(super) const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// How far times on the wire are ahead of UTC.
const GMT_8: i128 = 8 * 3_600 * SECOND;

/// A date and time of day in GMT+8, without an offset, as on the wire, in the years 0
/// to 9999.
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
// Nanoseconds since the beginning of 1970 in GMT+8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i128);

impl DateTime {
    /// The beginning of the year 0.
    pub const MIN: Self = Self(-719_528 * DAY);

    /// The last nanosecond of the year 9999.
    pub const MAX: Self = Self(2_932_897 * DAY - 1);

    /// The time that many nanoseconds after the Unix epoch.
    pub(super) fn from_unix_nanoseconds(nanoseconds: i128) -> Self {
        Self(nanoseconds.saturating_add(GMT_8)).clamp(Self::MIN, Self::MAX)
    }

    #[cfg(any(feature = "chrono", feature = "time"))]
    pub(super) fn unix_nanoseconds(self) -> i128 {
        self.0 - GMT_8
    }

    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        date_time(text.as_bytes()).ok_or(WireError::DATE_TIME)
    }

    /// The time that many seconds after the Unix epoch, saturating at [`MIN`](Self::MIN)
    /// and [`MAX`](Self::MAX).
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_nanoseconds(i128::from(seconds) * SECOND)
    }

    /// Converts to a system time; the Unix epoch if the platform cannot represent
    /// the time.
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let epoch = Self::from_unix_seconds(0);
        if self < epoch {
            SystemTime::UNIX_EPOCH.checked_sub(epoch.duration_since(self))
        } else {
            SystemTime::UNIX_EPOCH.checked_add(self.duration_since(epoch))
        }
        .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The time that many seconds later, or earlier if negative, saturating at
    /// [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + i128::from(seconds) * SECOND).clamp(Self::MIN, Self::MAX)
    }

    /// The time that much later, saturating at [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0 + nanoseconds(duration)).min(Self::MAX)
    }

    /// The time that much earlier, saturating at [`MIN`](Self::MIN).
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0 - nanoseconds(duration)).max(Self::MIN)
    }

    /// The time since an earlier one; zero if that is later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        let since = (self.0 - earlier.0).max(0);
        let seconds = u64::try_from(since / SECOND).unwrap_or(u64::MAX);
        let nanoseconds = u32::try_from(since % SECOND).unwrap_or_default();
        Duration::new(seconds, nanoseconds)
    }

    /// The time without those decimals of the second that follow the first `decimals`.
    #[must_use]
    pub const fn truncated(self, decimals: u32) -> Self {
        let unit = 10_i128.pow(9_u32.saturating_sub(decimals));
        Self(self.0.div_euclid(unit) * unit)
    }

    /// The date in GMT+8.
    #[must_use]
    pub fn date(self) -> Date {
        Date {
            begin: Self(self.0.div_euclid(DAY) * DAY),
            has_time: false,
        }
    }
}

fn nanoseconds(duration: Duration) -> i128 {
    i128::from(duration.as_secs()) * SECOND + i128::from(duration.subsec_nanos())
}

/// The system time in GMT+8, saturating at the limits of the calendar.
impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        let epoch = Self::from_unix_seconds(0);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => epoch.saturating_add(after),
            Err(before) => epoch.saturating_sub(before.duration()),
        }
    }
}

/// Truncates further decimals.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every reply holds the time; padding each number with `write!` would be a
        // twentieth of the work for a callback.
        let mut text = *b"0000-00-00 00:00:00.000000000";
        let (day, time) = text.split_at_mut(10);
        let (year, month, of_month) = self.date().year_month_day();
        let date = (u64::from(year) * 100 + u64::from(month)) * 100 + u64::from(of_month);
        write_digits(day, date);
        let of_day = u64::try_from(self.0.rem_euclid(DAY)).unwrap_or_default();
        let (seconds, nanosecond) = (of_day / 1_000_000_000, of_day % 1_000_000_000);
        let clock = (seconds / 3_600 * 100 + seconds / 60 % 60) * 100 + seconds % 60;
        write_digits(time, clock * 1_000_000_000 + nanosecond);
        let length = match f.precision().unwrap_or(0).min(9) {
            0 => 19,
            decimals => 20 + decimals,
        };
        let text = text.get(..length).map(str::from_utf8);
        f.write_str(text.and_then(Result::ok).ok_or(fmt::Error)?)
    }
}

/// Writes a number over the digits of a text, from the last one on.
fn write_digits(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev().filter(|byte| byte.is_ascii_digit()) {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
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
    begin: DateTime,
    has_time: bool,
}

impl Date {
    /// The date in the proleptic Gregorian calendar.
    ///
    /// # Errors
    ///
    /// If there is no such date, or the year has more than four digits.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, WireError> {
        let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
        let begin = DateTime(i128::from(days_until(year, month, day)) * DAY);
        // A 30th of February is found as another day.
        let exists = date_after(days_until(year, month, day)) == (year, month, day);
        if exists && begin <= DateTime::MAX {
            return Ok(begin.date());
        }
        Err(WireError::DATE)
    }

    /// The year, the month and the day of the month.
    #[must_use]
    pub fn year_month_day(self) -> (u16, u8, u8) {
        let days = i64::try_from(self.begin.0.div_euclid(DAY)).unwrap_or_default();
        let (year, month, day) = date_after(days);
        let small = |number: i64| u8::try_from(number).unwrap_or_default();
        let year = u16::try_from(year).unwrap_or_default();
        (year, small(month), small(day))
    }

    /// The first moment of the date in GMT+8.
    #[must_use]
    pub fn midnight(self) -> DateTime {
        self.begin.date().begin
    }

    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        date(text.as_bytes()).ok_or(WireError::DATE)
    }

    /// Parses a date, optionally followed by a time of day.
    pub(super) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::parse(text).or_else(|error| {
            Ok(Self {
                begin: date_time(text.as_bytes()).ok_or(error)?,
                has_time: true,
            })
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_time {
            return self.begin.fmt(f);
        }
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Days in 400 years, after which the calendar repeats itself.
const DAYS_OF_400_YEARS: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the
/// leap day is the last of its year.
const DAYS_UNTIL_1970: i64 = 719_468;

/// The days from 1970-01-01 to a date.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        ..=2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Five months from March or August on have 153 days.
    let days_of_months = (153 * month + 2) / 5;
    365 * year + leap_days + days_of_months + day - 1 - DAYS_UNTIL_1970
}

/// The year, month and day that many days after 1970-01-01.
fn date_after(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_UNTIL_1970;
    let (cycle, day) = (
        days.div_euclid(DAYS_OF_400_YEARS),
        days.rem_euclid(DAYS_OF_400_YEARS),
    );
    // Without the leap days before it, a day's number shows its year.
    let leap_days = day / 1_460 - day / 36_524 + day / 146_096;
    let year = (day - leap_days) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * cycle + year;
    match month {
        ..10 => (year, month + 3, day),
        _ => (year + 1, month - 9, day),
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

/// The number with these digits, if it is less than `end`.
fn below(end: u32, digits: &[u8]) -> Option<i128> {
    let number = number::<u32>(digits)?;
    (number < end).then_some(number.into())
}

fn date(text: &[u8]) -> Option<Date> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = (year.len() == 4).then(|| number(year)).flatten()?;
    Date::new(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?).ok()
}

fn date_time(text: &[u8]) -> Option<DateTime> {
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
    let minutes = below(24, &[*h1, *h2])? * 60 + below(60, &[*m1, *m2])?;
    let seconds = minutes * 60 + below(60, &[*s1, *s2])?;
    let time = seconds * SECOND + i128::from(nanosecond * 10_u32.pow(missing));
    let local = DateTime(date(day)?.begin.0 + time);
    let utc = match offset {
        [] => return Some(local),
        offset => local.0 - offset_of(offset.strip_prefix(b" ").unwrap_or(offset))?,
    };
    let time = DateTime(utc + GMT_8);
    (DateTime::MIN..=DateTime::MAX)
        .contains(&time)
        .then_some(time)
}

/// Parses an offset from UTC in nanoseconds, such as `Z`, `+08`, `+0800` or `+08:00`.
fn offset_of(text: &[u8]) -> Option<i128> {
    let (h1, h2, minutes) = match text {
        b"Z" | b"z" => return Some(0),
        [_, h1, h2] => (h1, h2, &b"0"[..]),
        [_, h1, h2, b':', minutes @ ..] | [_, h1, h2, minutes @ ..] if minutes.len() == 2 => {
            (h1, h2, minutes)
        }
        _ => return None,
    };
    let (hours, minutes): (u32, u32) = (number(&[*h1, *h2])?, number(minutes)?);
    // No real offset from UTC is larger.
    if minutes > 59 || hours * 60 + minutes > 18 * 60 {
        return None;
    }
    let offset = i128::from(hours * 60 + minutes) * 60 * SECOND;
    match text {
        [b'+', ..] => Some(offset),
        [b'-', ..] => Some(-offset),
        _ => None,
    }
}
