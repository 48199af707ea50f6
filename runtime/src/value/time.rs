use std::fmt;
use std::time::{Duration, SystemTime};

use super::WireError;

const DAY: u64 = 24 * 3_600;

/// How far times on the wire are ahead of UTC, in seconds.
const GMT_8: i64 = 8 * 3_600;

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
// The time since the beginning of the year 0 in GMT+8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(Duration);

impl DateTime {
    /// The beginning of the year 0.
    pub const MIN: Self = Self(Duration::ZERO);

    /// The last nanosecond of the year 9999.
    pub const MAX: Self = Self(Duration::new(3_652_425 * DAY - 1, 999_999_999));

    const UNIX_EPOCH: Self = Self(Duration::from_secs(719_528 * DAY + GMT_8.unsigned_abs()));

    /// The time that many seconds after the Unix epoch, saturating at [`MIN`](Self::MIN)
    /// and [`MAX`](Self::MAX).
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self::UNIX_EPOCH.plus_seconds(seconds)
    }

    /// The time that many seconds and nanoseconds after the Unix epoch, saturating.
    #[cfg(any(feature = "chrono", feature = "time"))]
    pub(super) fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        let second = Self::from_unix_seconds(seconds);
        let is_exact = second.to_unix().0 == seconds;
        let rest = Duration::from_nanos(if is_exact { nanoseconds.into() } else { 0 });
        second.saturating_add(rest)
    }

    /// The seconds since the Unix epoch, and the nanoseconds since that second.
    #[cfg(any(feature = "chrono", feature = "time"))]
    pub(super) fn to_unix(self) -> (i64, u32) {
        let seconds = self.0.as_secs().cast_signed();
        let epoch = Self::UNIX_EPOCH.0.as_secs().cast_signed();
        (seconds - epoch, self.0.subsec_nanos())
    }

    /// Converts to a system time; the Unix epoch if the platform cannot represent
    /// the time.
    #[must_use]
    pub fn to_system_time(self) -> SystemTime {
        let epoch = Self::UNIX_EPOCH;
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
        let duration = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            self.saturating_sub(duration)
        } else {
            self.saturating_add(duration)
        }
    }

    /// The time that much later, saturating at [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration)).min(Self::MAX)
    }

    /// The time that much earlier, saturating at [`MIN`](Self::MIN).
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }

    /// The time since an earlier one; zero if that is later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The time without those decimals of the second that follow the first `decimals`.
    #[must_use]
    pub const fn truncated(self, decimals: u32) -> Self {
        let unit = 10_u32.pow(9_u32.saturating_sub(decimals));
        let nanoseconds = self.0.subsec_nanos() / unit * unit;
        Self(Duration::new(self.0.as_secs(), nanoseconds))
    }

    /// The date in GMT+8.
    #[must_use]
    pub fn date(self) -> Date {
        Date {
            begin: Self(Duration::from_secs(self.0.as_secs() / DAY * DAY)),
            has_time: false,
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        date_time(text.as_bytes()).ok_or(WireError::DATE_TIME)
    }

    /// Writes the first characters of the date, the time and all decimals.
    fn write(self, f: &mut fmt::Formatter<'_>, length: usize) -> fmt::Result {
        // Every reply holds the time; padding each number with `write!` would be a
        // twentieth of the work for a callback.
        let mut text = *b"0000-00-00 00:00:00.000000000";
        let (day, time) = text.split_at_mut(10);
        let (year, month, of_month) = self.date().year_month_day();
        let date = (u64::from(year) * 100 + u64::from(month)) * 100 + u64::from(of_month);
        write_digits(day, date);
        let seconds = self.0.as_secs() % DAY;
        let clock = (seconds / 3_600 * 100 + seconds / 60 % 60) * 100 + seconds % 60;
        let nanoseconds = u64::from(self.0.subsec_nanos());
        write_digits(time, clock * 1_000_000_000 + nanoseconds);
        let text = text.get(..length).map(str::from_utf8);
        f.write_str(text.and_then(Result::ok).ok_or(fmt::Error)?)
    }
}

/// The system time in GMT+8, saturating at the limits of the calendar.
impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::UNIX_EPOCH.saturating_add(after),
            Err(before) => Self::UNIX_EPOCH.saturating_sub(before.duration()),
        }
    }
}

/// Truncates further decimals.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision().unwrap_or(0).min(9) {
            0 => self.write(f, 19),
            decimals => self.write(f, 20 + decimals),
        }
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
        let begins = |month| days_before_month(year, month).ok_or(WireError::DATE);
        let (begin, end) = (begins(month)?, begins(month.saturating_add(1))?);
        let days = u64::from(day);
        if year > 9999 || days == 0 || days > end - begin {
            return Err(WireError::DATE);
        }
        let days = days_before_year(year.into()) + begin + days - 1;
        Ok(DateTime(Duration::from_secs(days * DAY)).date())
    }

    /// The year, the month and the day of the month.
    #[must_use]
    pub fn year_month_day(self) -> (u16, u8, u8) {
        let days = self.begin.0.as_secs() / DAY;
        // The mean length of a year leads to its number or to one of the next two.
        let mut year = days * 400 / DAYS_OF_400_YEARS + 1;
        while days_before_year(year) > days {
            year -= 1;
        }
        let of_year = days - days_before_year(year);
        let year = u16::try_from(year).unwrap_or_default();
        let begun = |month| Some((month, of_year.checked_sub(days_before_month(year, month)?)?));
        let (month, of_month) = (1..=12).rev().find_map(begun).unwrap_or_default();
        (year, month, u8::try_from(of_month + 1).unwrap_or_default())
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
            self.begin.fmt(f)
        } else {
            self.begin.write(f, 10)
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Days in 400 years, after which the calendar repeats itself.
const DAYS_OF_400_YEARS: u64 = 146_097;

/// The days from the beginning of the year 0, which is a leap year, to that of a year.
fn days_before_year(year: u64) -> u64 {
    365 * year + year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400)
}

/// The days from the beginning of a year to that of a month, of which the 13th is the
/// end of the year.
fn days_before_month(year: u16, month: u8) -> Option<u64> {
    const DAYS: [u64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
    let days = DAYS.get(usize::from(month).checked_sub(1)?)?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(days + u64::from(month > 2 && is_leap))
}

/// The number that a text of this form writes, where each zero is a digit.
fn digits(text: &[u8], form: &[u8]) -> Option<u64> {
    let next = |number, (byte, form): (&u8, &u8)| match form {
        b'0' if byte.is_ascii_digit() => Some(number * 10 + u64::from(byte - b'0')),
        _ => (byte == form).then_some(number),
    };
    let mut both = text.iter().zip(form);
    (text.len() == form.len()).then(|| both.try_fold(0, next))?
}

/// The three numbers of a date or a time of day, of which the last two have two digits.
fn parts(digits: u64) -> [u64; 3] {
    [digits / 10_000, digits / 100 % 100, digits % 100]
}

fn date(text: &[u8]) -> Option<Date> {
    let [year, month, day] = parts(digits(text, b"0000-00-00")?);
    let year = year.try_into().ok()?;
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn date_time(text: &[u8]) -> Option<DateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(b" ").or(rest.strip_prefix(b"T"))?;
    let of_clock = |byte: &u8| byte.is_ascii_digit() || b":.".contains(byte);
    let end = rest.iter().position(|byte| !of_clock(byte));
    let (clock, offset) = rest.split_at(end.unwrap_or(rest.len()));
    // With as many decimals of the second as there are, none or up to nine.
    let mut padded = *b"00:00:00.000000000";
    if !matches!(clock.len(), 8 | 10..=18) {
        return None;
    }
    padded[..clock.len()].copy_from_slice(clock);
    let padded = digits(&padded, b"00:00:00.000000000")?;
    let [hours, minutes, seconds] = parts(padded / 1_000_000_000);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = Duration::from_secs((hours * 60 + minutes) * 60 + seconds);
    let time = seconds + Duration::from_nanos(padded % 1_000_000_000);
    let local = date(day)?.begin.saturating_add(time);
    if offset.is_empty() {
        return Some(local);
    }
    let ahead = GMT_8 - offset_of(offset.strip_prefix(b" ").unwrap_or(offset))?;
    let time = local.plus_seconds(ahead);
    // At the ends of the calendar, there is no such time.
    (time.plus_seconds(-ahead) == local).then_some(time)
}

/// Parses an offset from UTC in seconds, such as `Z`, `+08`, `+0800` or `+08:00`.
fn offset_of(text: &[u8]) -> Option<i64> {
    if matches!(text, b"Z" | b"z") {
        return Some(0);
    }
    let (sign, clock) = text.split_first()?;
    let clock = digits(clock, b"00:00")
        .or_else(|| digits(clock, b"0000"))
        .or_else(|| Some(digits(clock, b"00")? * 100))?;
    let (hours, minutes) = (clock / 100, clock % 100);
    let offset = (hours * 60 + minutes).cast_signed() * 60;
    match sign {
        // No real offset from UTC is larger.
        _ if minutes > 59 || offset > 18 * 3_600 => None,
        b'+' => Some(offset),
        b'-' => Some(-offset),
        _ => None,
    }
}
