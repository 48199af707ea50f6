//! The calendar of dates and times, and their arithmetic.

use std::time::{Duration, SystemTime};

use skypay_runtime::{Date, DateTime};

#[test]
fn every_date_is_the_day_after_the_one_before() {
    let mut next = DateTime::MIN;
    for year in 0..10_000_u16 {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = 28 + u8::from(is_leap);
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, days) in (1..).zip(months) {
            for day in 1..=days {
                let date = Date::new(year, month, day).unwrap();
                assert_eq!(date.midnight(), next);
                assert_eq!(date.year_month_day(), (year, month, day));
                next = next.plus_seconds(24 * 60 * 60);
            }
            assert!(Date::new(year, month, 0).is_err());
            assert!(Date::new(year, month, days + 1).is_err());
        }
    }
    assert_eq!(next, DateTime::MAX);
    assert!(Date::new(10_000, 1, 1).is_err());
    assert!(Date::new(2024, 13, 1).is_err() && Date::new(2024, 0, 1).is_err());
}

#[test]
fn a_duration_is_added_and_found_between_times() {
    let time: DateTime = "2024-02-28 23:59:59.9".parse().unwrap();
    let later = time.saturating_add(Duration::from_millis(1_150));
    assert_eq!(format!("{later:?}"), "2024-02-29 00:00:01.05");
    assert_eq!(later.duration_since(time), Duration::from_millis(1_150));
    assert_eq!(time.duration_since(later), Duration::ZERO);
    assert_eq!(later.saturating_sub(Duration::from_millis(1_150)), time);
    assert_eq!(time.saturating_add(Duration::MAX), DateTime::MAX);
    assert_eq!(time.saturating_sub(Duration::MAX), DateTime::MIN);
    assert_eq!(format!("{:?}", later.truncated(1)), "2024-02-29 00:00:01");
    assert_eq!(
        DateTime::MAX.truncated(0).to_string(),
        "9999-12-31 23:59:59"
    );
}

#[test]
fn clocks_are_eight_hours_ahead_of_utc_and_the_calendar_has_two_ends() {
    let epoch = DateTime::from_unix_seconds(0);
    assert_eq!(DateTime::from(SystemTime::UNIX_EPOCH), epoch);
    assert_eq!(epoch.to_system_time(), SystemTime::UNIX_EPOCH);
    // date -u -d @1707099330
    let later = epoch.plus_seconds(1_707_099_330);
    assert_eq!(later, DateTime::from_unix_seconds(1_707_099_330));
    assert_eq!(later.to_string(), "2024-02-05 10:15:30");
    let before = epoch.plus_seconds(-28_801);
    assert_eq!(before.to_string(), "1969-12-31 23:59:59");
    let system = SystemTime::UNIX_EPOCH - Duration::from_secs(28_801);
    assert_eq!(before.to_system_time(), system);
    let exact: DateTime = "2024-02-05 10:15:30.123456789".parse().unwrap();
    let decimals = exact.truncated(2).duration_since(exact.truncated(0));
    assert_eq!(decimals, Duration::from_millis(120));

    let last = DateTime::MAX;
    let first = DateTime::MIN;
    assert_eq!(DateTime::from_unix_seconds(i64::MAX), last);
    assert_eq!(DateTime::from_unix_seconds(i64::MIN), first);
    assert_eq!(last.plus_seconds(1), last);
    assert_eq!(first.plus_seconds(i64::MIN), first);
    // A value that senders use for "never".
    let never: DateTime = "9999-12-31 23:59:59".parse().unwrap();
    assert_eq!(DateTime::from(never.to_system_time()), never);
}
