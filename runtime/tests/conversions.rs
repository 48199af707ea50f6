//! Conversions from and to the types of other crates.

#[cfg(any(feature = "chrono", feature = "time"))]
fn noon() -> skypay_runtime::DateTime {
    "2024-02-05 12:00:00.5".parse().expect("a time")
}

#[cfg(any(feature = "chrono", feature = "time"))]
fn nanoseconds(time: skypay_runtime::DateTime) -> i128 {
    let since = time.to_system_time().duration_since(std::time::UNIX_EPOCH);
    since.expect("it is later").as_nanos().cast_signed()
}

#[cfg(feature = "time")]
mod time {
    use skypay_runtime::{Date, DateTime};
    use time::OffsetDateTime;

    use super::noon;

    #[test]
    fn a_time_is_the_same_point_in_time_in_time() {
        let elsewhere = OffsetDateTime::from(noon());
        assert_eq!(elsewhere.unix_timestamp_nanos(), super::nanoseconds(noon()));
        assert_eq!(DateTime::from(elsewhere), noon());
        for end in [DateTime::MIN, DateTime::MAX] {
            assert_eq!(DateTime::from(OffsetDateTime::from(end)), end);
        }
        let before = time::PrimitiveDateTime::MIN.assume_utc();
        assert_eq!(DateTime::from(before), DateTime::MIN);
    }

    #[test]
    fn a_date_is_the_same_day_in_time() {
        for day in ["2024-02-29", "1991-10-02", "0000-01-01", "9999-12-31"] {
            let date: Date = day.parse().expect("a date");
            let elsewhere = time::Date::from(date);
            assert_eq!(elsewhere.to_string(), day);
            assert_eq!(Date::try_from(elsewhere), Ok(date));
        }
        assert!(Date::try_from(time::Date::MIN).is_err());
    }
}

#[cfg(feature = "chrono")]
mod chrono {
    use chrono::{FixedOffset, NaiveDate, Utc};
    use skypay_runtime::{Date, DateTime};

    use super::noon;

    #[test]
    fn a_time_is_the_same_point_in_time_in_chrono() {
        let elsewhere = chrono::DateTime::<Utc>::from(noon());
        let nanoseconds = elsewhere.timestamp_nanos_opt().map(i128::from);
        assert_eq!(nanoseconds, Some(super::nanoseconds(noon())));
        let east = FixedOffset::east_opt(3600).expect("an offset");
        assert_eq!(DateTime::from(elsewhere.with_timezone(&east)), noon());
        let largest = DateTime::from(chrono::DateTime::<Utc>::MAX_UTC);
        let saturated = DateTime::from_unix_seconds(i64::MAX);
        assert_eq!(largest.date(), saturated.date());
    }

    #[test]
    fn a_date_is_the_same_day_in_chrono() {
        for day in ["2024-02-29", "1991-10-02"] {
            let date: Date = day.parse().expect("a date");
            let elsewhere = NaiveDate::from(date);
            assert_eq!(elsewhere.to_string(), day);
            assert_eq!(Date::try_from(elsewhere), Ok(date));
        }
        assert!(Date::try_from(NaiveDate::MAX).is_err());
    }
}

#[cfg(feature = "rust_decimal")]
#[test]
fn an_amount_is_the_same_number_of_pesos() {
    use rust_decimal::Decimal;
    use skypay_runtime::Amount;

    for (pesos, centavos) in [
        ("3900.00", 390_000),
        ("-0.01", -1),
        ("92233720368547758.07", i64::MAX),
    ] {
        let decimal: Decimal = pesos.parse().expect("a number");
        let amount = Amount::from_centavos(centavos);
        assert_eq!(Decimal::from(amount), decimal);
        assert_eq!(Decimal::from(amount).to_string(), pesos);
        assert_eq!(Amount::try_from(decimal), Ok(amount));
    }
    let whole: Decimal = "3900.000".parse().expect("a number");
    assert_eq!(Amount::try_from(whole), Ok(Amount::from_centavos(390_000)));
    for not_an_amount in [Decimal::new(5, 3), Decimal::MAX, Decimal::new(i64::MAX, 0)] {
        assert!(Amount::try_from(not_an_amount).is_err(), "{not_an_amount}");
    }
}
