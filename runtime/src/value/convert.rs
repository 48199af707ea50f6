//! Conversions between scalars and the types of other crates.

use time::OffsetDateTime;

use super::DateTime;

/// Keeps the point in time, which has another time of day in GMT+8, saturating at
/// the limits of the calendar.
impl From<OffsetDateTime> for DateTime {
    fn from(time: OffsetDateTime) -> Self {
        Self::since_epoch(time - OffsetDateTime::UNIX_EPOCH)
    }
}

/// Keeps the point in time; the result is in UTC.
impl From<DateTime> for OffsetDateTime {
    fn from(time: DateTime) -> Self {
        time.to_utc().into()
    }
}

/// Keeps the point in time, which has another time of day in GMT+8, saturating at
/// the limits of the calendar.
#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for DateTime {
    fn from(time: chrono::DateTime<Z>) -> Self {
        let nanoseconds = time.timestamp_subsec_nanos().into();
        let fraction = time::SignedDuration::nanoseconds(nanoseconds);
        Self::since_epoch(time::SignedDuration::seconds(time.timestamp()).saturating_add(fraction))
    }
}

/// Keeps the point in time.
#[cfg(feature = "chrono")]
impl From<DateTime> for chrono::DateTime<chrono::Utc> {
    fn from(time: DateTime) -> Self {
        let since: time::SignedDuration = time.to_utc() - time::UtcDateTime::UNIX_EPOCH;
        let epoch = Self::UNIX_EPOCH;
        let seconds = chrono::TimeDelta::seconds(since.whole_seconds());
        // Its calendar is larger than ours.
        epoch + seconds + chrono::TimeDelta::nanoseconds(since.subsec_nanoseconds().into())
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<chrono::NaiveDate> for super::Date {
    type Error = super::WireError;

    fn try_from(date: chrono::NaiveDate) -> Result<Self, super::WireError> {
        use chrono::Datelike;

        let ordinal = u16::try_from(date.ordinal()).map_err(|_| super::WireError::DATE)?;
        let date = time::Date::from_ordinal_date(date.year(), ordinal);
        date.map(Self::from).map_err(|_| super::WireError::DATE)
    }
}

#[cfg(feature = "chrono")]
impl From<super::Date> for chrono::NaiveDate {
    fn from(date: super::Date) -> Self {
        let (year, ordinal) = date.civil().to_ordinal_date();
        // Every date of ours exists in its calendar.
        Self::from_yo_opt(year, ordinal.into()).unwrap_or_default()
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
