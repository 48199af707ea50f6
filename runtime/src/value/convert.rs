//! Conversions between scalars and the types of other crates.

/// Keeps the point in time, which has another time of day in GMT+8, saturating at
/// the limits of the calendar.
#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for super::DateTime {
    fn from(time: time::OffsetDateTime) -> Self {
        Self::from_unix(time.unix_timestamp(), time.nanosecond())
    }
}

/// Keeps the point in time; the result is in UTC.
#[cfg(feature = "time")]
impl From<super::DateTime> for time::OffsetDateTime {
    fn from(time: super::DateTime) -> Self {
        let (seconds, nanosecond) = time.to_unix();
        let time = Self::from_unix_timestamp(seconds);
        // Its calendar is larger than ours.
        time.and_then(|time| time.replace_nanosecond(nanosecond))
            .unwrap_or(Self::UNIX_EPOCH)
    }
}

#[cfg(feature = "time")]
impl TryFrom<time::Date> for super::Date {
    type Error = super::WireError;

    fn try_from(date: time::Date) -> Result<Self, super::WireError> {
        let (year, month, day) = date.to_calendar_date();
        let year = u16::try_from(year).map_err(|_| super::WireError::DATE)?;
        Self::new(year, month.into(), day)
    }
}

#[cfg(feature = "time")]
impl From<super::Date> for time::Date {
    fn from(date: super::Date) -> Self {
        let (year, month, day) = date.year_month_day();
        let month = time::Month::try_from(month).unwrap_or(time::Month::January);
        // Every date of ours exists in its calendar.
        Self::from_calendar_date(year.into(), month, day).unwrap_or(Self::MIN)
    }
}

/// Keeps the point in time, which has another time of day in GMT+8, saturating at
/// the limits of the calendar.
#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for super::DateTime {
    fn from(time: chrono::DateTime<Z>) -> Self {
        Self::from_unix(time.timestamp(), time.timestamp_subsec_nanos())
    }
}

/// Keeps the point in time.
#[cfg(feature = "chrono")]
impl From<super::DateTime> for chrono::DateTime<chrono::Utc> {
    fn from(time: super::DateTime) -> Self {
        let (seconds, nanoseconds) = time.to_unix();
        // Its calendar is larger than ours.
        Self::from_timestamp(seconds, nanoseconds).unwrap_or_default()
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<chrono::NaiveDate> for super::Date {
    type Error = super::WireError;

    fn try_from(date: chrono::NaiveDate) -> Result<Self, super::WireError> {
        use chrono::Datelike;

        let small = |number: u32| u8::try_from(number).unwrap_or_default();
        let year = u16::try_from(date.year()).map_err(|_| super::WireError::DATE)?;
        Self::new(year, small(date.month()), small(date.day()))
    }
}

#[cfg(feature = "chrono")]
impl From<super::Date> for chrono::NaiveDate {
    fn from(date: super::Date) -> Self {
        let (year, month, day) = date.year_month_day();
        // Every date of ours exists in its calendar.
        Self::from_ymd_opt(year.into(), month.into(), day.into()).unwrap_or_default()
    }
}

/// An error if there are more than two decimals, or the amount is too large.
#[cfg(feature = "rust_decimal")]
impl TryFrom<rust_decimal::Decimal> for super::Amount {
    type Error = super::WireError;

    fn try_from(pesos: rust_decimal::Decimal) -> Result<Self, super::WireError> {
        let centavos = pesos.checked_mul(rust_decimal::Decimal::ONE_HUNDRED);
        let centavos = centavos.ok_or(super::WireError::AMOUNT_RANGE)?;
        if !centavos.is_integer() {
            return Err(super::WireError::AMOUNT);
        }
        let centavos = i64::try_from(centavos).map_err(|_| super::WireError::AMOUNT_RANGE)?;
        Ok(Self::from_centavos(centavos))
    }
}

/// Pesos with two decimals.
#[cfg(feature = "rust_decimal")]
impl From<super::Amount> for rust_decimal::Decimal {
    fn from(amount: super::Amount) -> Self {
        Self::new(amount.centavos(), 2)
    }
}
