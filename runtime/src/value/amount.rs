use std::fmt;

use super::WireError;
use super::number::{Decimal, Remainder, ungrouped};

/// An amount of money in PHP, exact to the centavo.
///
/// It is a decimal number with two places, never a floating-point one, and is
/// written with both places.
///
/// ```
/// use skypay_runtime::Amount;
///
/// let amount: Amount = "3900".parse()?;
/// assert_eq!(amount.to_string(), "3900.00");
/// assert_eq!(amount.centavos(), 390_000);
/// assert!("0.005".parse::<Amount>().is_err());
/// # Ok::<(), skypay_runtime::value::WireError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    centavos: i64,
}

impl Amount {
    /// Zero pesos.
    pub const ZERO: Self = Self::from_centavos(0);

    /// Creates an amount from centavos (hundredths of a peso).
    #[must_use]
    pub const fn from_centavos(centavos: i64) -> Self {
        Self { centavos }
    }

    /// The amount in centavos (hundredths of a peso).
    #[must_use]
    pub const fn centavos(self) -> i64 {
        self.centavos
    }

    /// The sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let centavos = self.centavos.checked_add(other.centavos);
        centavos.map(Self::from_centavos)
    }

    /// The sum of all amounts; `None` on overflow.
    ///
    /// ```
    /// use skypay_runtime::Amount;
    ///
    /// let rows = ["0.10", "0.20"].map(|text| text.parse().unwrap_or_default());
    /// assert_eq!(Amount::checked_sum(rows), Some(Amount::from_centavos(30)));
    /// ```
    #[must_use]
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut amounts = amounts.into_iter();
        amounts.try_fold(Self::ZERO, Self::checked_add)
    }

    /// The difference; `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let centavos = self.centavos.checked_sub(other.centavos);
        centavos.map(Self::from_centavos)
    }
}

/// Writes pesos with both decimals: `3900.00`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.centavos.unsigned_abs();
        let sign = if self.centavos < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

impl Amount {
    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        match Self::nearest(text)? {
            (amount, Remainder::Zero) if !text.contains(['e', 'E']) => Ok(amount),
            _ => Err(WireError::AMOUNT),
        }
    }

    /// Parses what [`TryFrom`] accepts, and what other systems send: exponents
    /// (`1.2E7`), floating-point noise (`0.30000000000000004`, less than a
    /// millionth of a peso from a whole centavo), and commas that can only group
    /// thousands (`3,900.00`).
    pub(super) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        let nearest = Self::nearest(text).or_else(|_| Self::nearest(&ungrouped(text)));
        nearest.map(|(amount, _)| amount)
    }

    /// The amount that is equal or nearest to the text, and the difference.
    fn nearest(text: &str) -> Result<(Self, Remainder), WireError> {
        let number = Decimal::parse(text).ok_or(WireError::AMOUNT)?;
        let (count, remainder) = number.units(-2).ok_or(WireError::AMOUNT_RANGE)?;
        let count = match remainder {
            Remainder::Zero | Remainder::Below => Some(count),
            Remainder::Above => count.checked_add(1),
            Remainder::Real => return Err(WireError::AMOUNT),
        };
        let centavos = count.and_then(|count| {
            if number.negative {
                0_i64.checked_sub_unsigned(count)
            } else {
                0_i64.checked_add_unsigned(count)
            }
        });
        let amount = centavos.map(Self::from_centavos);
        Ok((amount.ok_or(WireError::AMOUNT_RANGE)?, remainder))
    }
}
