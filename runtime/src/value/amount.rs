use std::fmt;

use serde::{Serialize, Serializer};

use crate::wire::{FromWire, WireError};

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
/// # Ok::<(), skypay_runtime::wire::WireError>(())
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
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.centavos.checked_add(other.centavos) {
            Some(centavos) => Some(Self { centavos }),
            None => None,
        }
    }

    /// The difference; `None` if it is too large to be held.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.centavos.checked_sub(other.centavos) {
            Some(centavos) => Some(Self { centavos }),
            None => None,
        }
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
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, text),
        };
        let (pesos, decimals) = match magnitude.split_once('.') {
            Some((_, "")) => return Err(WireError::AMOUNT),
            Some(parts) => parts,
            None => (magnitude, ""),
        };
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (places, rest) = decimals.split_at_checked(2).unwrap_or((decimals, ""));
        let whole_centavos = rest.bytes().all(|byte| byte == b'0');
        if pesos.is_empty() || !all_digits(pesos) || !all_digits(places) || !whole_centavos {
            return Err(WireError::AMOUNT);
        }
        let digits = pesos.bytes().chain(places.bytes());
        let zeros = std::iter::repeat_n(b'0', 2 - places.len());
        let mut centavos = 0_i64;
        for digit in digits.chain(zeros) {
            let digit = i64::from(digit - b'0');
            // Downwards, because the smallest number has no positive twin.
            centavos = centavos
                .checked_mul(10)
                .and_then(|tens| tens.checked_sub(digit))
                .ok_or(WireError::AMOUNT_RANGE)?;
        }
        if !negative {
            centavos = centavos.checked_neg().ok_or(WireError::AMOUNT_RANGE)?;
        }
        Ok(Self { centavos })
    }
}

impl FromWire for Amount {
    fn from_wire(text: &str) -> Result<Self, WireError> {
        Self::try_from(text)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
