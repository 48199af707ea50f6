use std::fmt;

use super::WireError;
use super::number::{Decimal, Remainder, ungrouped};

/// An amount of money in PHP, exact to the centavo.
///
/// It is a decimal number with two places, never a floating-point one. It
/// writes itself as the wire wants it, with both places.
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
    /// No money.
    pub const ZERO: Self = Self::from_centavos(0);

    /// The amount of that many hundredths of a peso.
    #[must_use]
    pub const fn from_centavos(centavos: i64) -> Self {
        Self { centavos }
    }

    /// The amount in hundredths of a peso.
    #[must_use]
    pub const fn centavos(self) -> i64 {
        self.centavos
    }

    /// The sum; `None` if it is too large to be held.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let centavos = self.centavos.checked_add(other.centavos);
        centavos.map(Self::from_centavos)
    }

    /// The difference; `None` if it is too large to be held.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let centavos = self.centavos.checked_sub(other.centavos);
        centavos.map(Self::from_centavos)
    }
}

/// In pesos, with both decimals: `3900.00`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.centavos.unsigned_abs();
        let sign = if self.centavos < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }
}

/// Reads pesos: digits, perhaps a sign before them, perhaps a point and
/// decimals after them, of which only the first two may differ from zero.
impl TryFrom<&str> for Amount {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        match Self::parse(text)? {
            (amount, Remainder::Zero) if !text.contains(['e', 'E']) => Ok(amount),
            _ => Err(WireError::AMOUNT),
        }
    }
}

impl Amount {
    /// Reads what [`TryFrom`] reads, and what other systems make of an amount:
    /// with an exponent (`1.2E7`), with the digits that floating-point
    /// arithmetic adds (`0.30000000000000004`, less than a millionth of a peso
    /// from a whole centavo), and with commas that can only group thousands
    /// (`3,900.00`).
    pub(crate) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::parse(&ungrouped(text)).map(|(amount, _)| amount)
    }

    /// The amount that the text is or is next to, and how it differs.
    fn parse(text: &str) -> Result<(Self, Remainder), WireError> {
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
