use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, civil};
use serde::{Serialize, Serializer};

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
        let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX),
            Err(before) => SignedDuration::try_from(before.duration())
                .map_or(SignedDuration::MIN, |before| -before),
        };
        Self(UNIX_EPOCH.saturating_add(since))
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
        let distance = Duration::new(
            since.as_secs().unsigned_abs(),
            since.subsec_nanos().unsigned_abs(),
        );
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

/// Whole seconds; what lies between them is left out.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)?;
        let (hour, minute, second) = (self.0.hour(), self.0.minute(), self.0.second());
        let mut text = *b" 00:00:00";
        fill(&mut text[1..3], hour.unsigned_abs().into());
        fill(&mut text[4..6], minute.unsigned_abs().into());
        fill(&mut text[7..], second.unsigned_abs().into());
        write_ascii(f, &text)
    }
}

/// With all decimals of the second that are there.
impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let nanoseconds = self.0.subsec_nanosecond();
        if nanoseconds == 0 {
            return Ok(());
        }
        let decimals = format!("{nanoseconds:09}");
        write!(f, ".{}", decimals.trim_end_matches('0'))
    }
}

impl TryFrom<&str> for DateTime {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        date_time(text).map(Self).ok_or(WireError::DATE_TIME)
    }
}

impl DateTime {
    pub(crate) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::try_from(text)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes a [`DateTime`] with exactly four decimals of the second.
#[derive(Clone, Copy, Debug)]
pub struct WithFraction(DateTime);

impl fmt::Display for WithFraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let decimals = self.0.0.subsec_nanosecond() / 100_000;
        let mut text = *b".0000";
        fill(&mut text[1..], decimals.unsigned_abs());
        write_ascii(f, &text)
    }
}

/// A day: `yyyy-MM-dd`.
///
/// One that was received with a time of day keeps it, and is written with it:
/// what the document demands of a day then says that it is too long.
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
        if let Some(time) = self.time {
            return DateTime(self.day.to_datetime(time)).fmt(f);
        }
        let (year, month, day) = (self.day.year(), self.day.month(), self.day.day());
        let Ok(year) = u32::try_from(year) else {
            // Nothing that is received is from before the year 0.
            return write!(f, "{year:04}-{month:02}-{day:02}");
        };
        let mut text = *b"0000-00-00";
        fill(&mut text[..4], year);
        fill(&mut text[5..7], month.unsigned_abs().into());
        fill(&mut text[8..], day.unsigned_abs().into());
        write_ascii(f, &text)
    }
}

/// Puts the last digits of a number into their places. Every message has a time,
/// and `{:02}` takes several times as long.
fn fill(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b"0123456789"[number as usize % 10];
        number /= 10;
    }
}

fn write_ascii(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_str(str::from_utf8(text).map_err(|_| fmt::Error)?)
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

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
    let [
        b' ' | b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        fraction @ ..,
    ] = rest.as_bytes()
    else {
        return None;
    };
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
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

/// What stands before an offset at the end of a time, and how far that time is
/// ahead of UTC: `Z`, `+08:00`, `+0800`, `+08`, also behind a blank.
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use jiff::civil;
    use proptest::prelude::*;

    use super::{Date, DateTime};

    #[test]
    fn fractions_of_any_length_are_kept() {
        for (text, nanoseconds) in [
            ("2018-06-18 17:52:10", 0),
            ("2018-06-18T17:52:10", 0),
            ("2018-06-18 17:52:10.5", 500_000_000),
            ("2018-06-18 17:52:10.521", 521_000_000),
            ("2018-06-18T17:52:10.5211", 521_100_000),
            ("2018-06-18 17:52:10.000000001", 1),
            ("2018-06-18 17:52:10.999999999", 999_999_999),
        ] {
            let expected = civil::datetime(2018, 6, 18, 17, 52, 10, nanoseconds);
            assert_eq!(
                DateTime::try_from(text),
                Ok(DateTime::from(expected)),
                "{text}"
            );
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2018-06-18",
            "2018-06-18 17:52",
            "2018-06-18 17:52:10.",
            "2018-06-18 17:52:10.0000000001",
            "2018-06-18  17:52:10",
            "2018-06-18_17:52:10",
            "2018-06-18 17:52:10 ",
            "2018-06-18 17:52:10+8",
            "2018-06-18 17:52:10+08:0",
            "2018-06-18 17:52:10+08:60",
            "2018-06-18 17:52:10+18:01",
            "2018-06-18 17:52:10+0x:00",
            "2018-06-18 17:52:10Z+08:00",
            "2018-06-18 17:52:10ZZ",
            "2018-06-18 17:52:10.Z",
            "2018-06-18 17:52:10 GMT",
            "9999-12-31 23:59:59Z",
            "2018-6-18 17:52:10",
            "2018-02-30 00:00:00",
            "2018-06-18 24:00:00",
            "2018-06-18 23:60:00",
            "2018-06-18 23:59:60",
            "18-06-2018 17:52:10",
            "2018-06-1\u{e9} 17:52:10",
            "2018-06-18 17:52:10.+1",
            "+018-06-18 17:52:10",
            "2018/06/18 17:52:10",
            " 2018-06-18 17:52:10",
        ] {
            assert!(DateTime::try_from(text).is_err(), "{text}");
        }
        for text in [
            "",
            "2018-06-18 00:00:00",
            "2018-13-01",
            "2018-00-01",
            "2018-6-1",
            "0000-00-00",
        ] {
            assert!(Date::try_from(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_with_an_offset_is_converted() {
        for text in [
            "2024-02-05T10:15:30.5+08:00",
            "2024-02-05 10:15:30.5+0800",
            "2024-02-05 10:15:30.500 +0800",
            "2024-02-05T10:15:30.5+08",
            "2024-02-05T02:15:30.5Z",
            "2024-02-05T02:15:30.5z",
            "2024-02-05T02:15:30.5+00:00",
            "2024-02-05T02:15:30.5-00:00",
            "2024-02-04T21:15:30.5-05:00",
            "2024-02-05T07:45:30.5+05:30",
        ] {
            let time = DateTime::try_from(text).unwrap();
            assert_eq!(format!("{time:?}"), "2024-02-05 10:15:30.5", "{text}");
        }
    }

    #[test]
    fn a_day_keeps_the_time_that_it_came_with() {
        for (text, shown) in [
            ("2023-06-18 00:00:00", "2023-06-18 00:00:00"),
            ("2023-12-04T17:52:10.5211", "2023-12-04 17:52:10"),
            ("2023-12-04T17:52:10Z", "2023-12-05 01:52:10"),
        ] {
            let date = Date::parse_lenient(text).unwrap();
            assert_eq!(date.to_string(), shown);
            assert_eq!(date.civil().to_string(), shown[..10]);
            assert!(Date::try_from(text).is_err(), "{text}");
        }
        for text in ["0000-00-00 00:00:00", "2023-06-18 ", "2023-06-18 25:00:00"] {
            assert!(Date::parse_lenient(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_written_with_no_or_four_decimals() {
        let time: DateTime = "2018-06-18T17:52:10.52199".parse().unwrap();
        assert_eq!(time.to_string(), "2018-06-18 17:52:10");
        assert_eq!(time.with_fraction().to_string(), "2018-06-18 17:52:10.5219");
        assert_eq!(
            format!("{time:?} {:?}", time.date()),
            "2018-06-18 17:52:10.52199 2018-06-18"
        );
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            r#""2018-06-18 17:52:10""#
        );
        assert_eq!(
            serde_json::to_string(&time.date()).unwrap(),
            r#""2018-06-18""#
        );
        let early: DateTime = "0001-02-03 04:05:06".parse().unwrap();
        assert_eq!(
            early.with_fraction().to_string(),
            "0001-02-03 04:05:06.0000"
        );
    }

    #[test]
    fn clocks_are_eight_hours_ahead_of_utc() {
        let epoch = DateTime::from_unix_seconds(0);
        assert_eq!(epoch.to_string(), "1970-01-01 08:00:00");
        assert_eq!(DateTime::from_system_time(SystemTime::UNIX_EPOCH), epoch);
        assert_eq!(epoch.to_system_time(), SystemTime::UNIX_EPOCH);
        // date -u -d @1707099330
        assert_eq!(
            DateTime::from_unix_seconds(1_707_099_330).to_string(),
            "2024-02-05 10:15:30"
        );
        assert_eq!(
            epoch.plus_seconds(-28_801).to_string(),
            "1969-12-31 23:59:59"
        );
        assert_eq!(
            epoch.plus_seconds(86_400).date(),
            Date::try_from("1970-01-02").unwrap()
        );
    }

    #[test]
    fn the_calendar_has_two_ends() {
        let last = DateTime::from(civil::DateTime::MAX);
        let first = DateTime::from(civil::DateTime::MIN);
        assert_eq!(DateTime::from_unix_seconds(i64::MAX), last);
        assert_eq!(DateTime::from_unix_seconds(i64::MIN), first);
        assert_eq!(last.plus_seconds(1), last);
        assert_eq!(first.plus_seconds(i64::MIN), first);
        assert_eq!(last.to_string(), "9999-12-31 23:59:59");
        assert_eq!(first.to_string(), "-9999-01-01 00:00:00");
        let year_zero = Date::from(civil::Date::ZERO);
        assert_eq!(year_zero.to_string(), "0000-01-01");
        // What senders write for "never".
        let never: DateTime = "9999-12-31 23:59:59".parse().unwrap();
        assert_eq!(DateTime::from_system_time(never.to_system_time()), never);
    }

    proptest! {
        #[test]
        fn a_moment_survives_the_way_to_the_system_and_back(seconds in -62_000_000_000_i64..253_000_000_000, nanoseconds in 0_u32..1_000_000_000) {
            let time = DateTime::from_unix_seconds(seconds);
            let distance = Duration::new(seconds.unsigned_abs(), 0);
            let system = if seconds < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance };
            prop_assert_eq!(time.to_system_time(), system);
            let between = system + Duration::from_nanos(nanoseconds.into());
            prop_assert_eq!(DateTime::from_system_time(between).to_system_time(), between);
        }

        #[test]
        fn what_is_written_is_read(
            year in 0_i16..=9999, month in 1_i8..=12, day in 1_i8..=28,
            hour in 0_i8..24, minute in 0_i8..60, second in 0_i8..60, nanoseconds in 0_i32..1_000_000_000,
        ) {
            let civil = civil::datetime(year, month, day, hour, minute, second, nanoseconds);
            let time = DateTime::from(civil);
            let spelled = format!("{time}.{nanoseconds:09}");
            prop_assert_eq!(DateTime::try_from(spelled), Ok(time));
            let plain = DateTime::try_from(time.to_string()).unwrap();
            prop_assert_eq!(plain.civil(), civil.with().subsec_nanosecond(0).build().unwrap());
            let four = time.with_fraction().to_string();
            prop_assert_eq!(four.len(), 24);
            let four = DateTime::try_from(four).unwrap();
            prop_assert_eq!(four.civil().subsec_nanosecond(), nanoseconds / 100_000 * 100_000);
            prop_assert_eq!(Date::try_from(time.date().to_string()), Ok(time.date()));
        }

        #[test]
        fn what_the_calendar_and_the_clock_have_is_read_and_nothing_else(
            year in prop_oneof![0_i32..10_000, Just(1900), Just(2000), Just(2023), Just(2024)],
            month in 0..14, day in prop_oneof![0..40, 28..32],
            hour in 0..26, minute in 0..62, second in 0..62,
            separator in "[ T]", decimals in "[0-9]{0,10}", dot in any::<bool>(),
        ) {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 => 28 + i32::from(leap),
                4 | 6 | 9 | 11 => 30,
                1..=12 => 31,
                _ => 0,
            };
            let is_day = (1..=days).contains(&day);
            let date = format!("{year:04}-{month:02}-{day:02}");
            prop_assert_eq!(Date::try_from(date.as_str()).is_ok(), is_day, "{}", date);
            let fraction = if dot { format!(".{decimals}") } else { String::new() };
            let text = format!("{date}{separator}{hour:02}:{minute:02}:{second:02}{fraction}");
            let is_time = hour < 24 && minute < 60 && second < 60;
            let is_fraction = !dot || (1..10).contains(&decimals.len());
            let read = DateTime::try_from(text.as_str());
            prop_assert_eq!(read.is_ok(), is_day && is_time && is_fraction, "{}", text);
            if let Ok(time) = read {
                prop_assert_eq!(time.to_string(), text[..19].replace('T', " "));
                let fraction = format!("{time:?}")[19..].to_owned();
                let kept = if dot { decimals.trim_end_matches('0') } else { "" };
                prop_assert_eq!(fraction.trim_start_matches('.'), kept);
            }
        }

        #[test]
        fn seconds_are_added_as_the_clock_counts_them(
            start in -62_000_000_000_i64..252_000_000_000, seconds in -1_000_000_000_i64..1_000_000_000,
        ) {
            let time = DateTime::from_unix_seconds(start);
            let later = time.plus_seconds(seconds);
            prop_assert_eq!(later.cmp(&time), seconds.cmp(&0));
            prop_assert_eq!(later.plus_seconds(-seconds), time);
            prop_assert_eq!(later, DateTime::from_unix_seconds(start + seconds));
        }

        #[test]
        fn an_offset_says_which_moment_is_meant(
            seconds in -62_000_000_000_i64..252_000_000_000, minutes in -1080_i64..=1080, separator in "[T ]", colon in ":?",
        ) {
            let moment = DateTime::from_unix_seconds(seconds);
            let there = moment.plus_seconds((minutes - 480) * 60).to_string().replace(' ', &separator);
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            let text = format!("{there}{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60);
            prop_assert_eq!(DateTime::try_from(text.as_str()), Ok(moment), "{}", text);
        }

        #[test]
        fn nothing_makes_it_panic(text in "[-+0-9TZ:. ]{0,32}|.{0,24}") {
            let _ = (DateTime::parse_lenient(&text), Date::parse_lenient(&text));
        }
    }
}
