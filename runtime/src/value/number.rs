//! Numbers by their digits, never as floating-point numbers.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_lite::Regex;

/// The exponent that the largest floating-point numbers are written with. A
/// larger one is neither an amount nor a count.
const MAX_EXPONENT: i32 = 308;

/// Digits that follow 28 others only say whether the number is exact.
const MAX_DIGITS: u128 = 10_u128.pow(27);

/// A decimal number, such as `-12`, `12.50` or `1.2E7`: its digits times a
/// power of ten.
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    digits: u128,
    exponent: i32,
    /// Whether a digit that is not zero follows those in `digits`.
    more: bool,
}

/// What a number holds beyond a count of units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remainder {
    Zero,
    /// Less than a ten-thousandth of a unit.
    Below,
    /// All but less than a ten-thousandth to the next unit.
    Above,
    /// More than what a floating-point number adds.
    Real,
}

impl Decimal {
    /// Parses a sign, digits, and perhaps a point and more digits.
    pub(crate) fn parse_plain(text: &str) -> Option<Self> {
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, text),
        };
        let (whole, fraction) = match magnitude.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (magnitude, ""),
        };
        if whole.is_empty() {
            return None;
        }
        let mut number = Self {
            negative,
            digits: 0,
            exponent: -i32::try_from(fraction.len()).ok()?,
            more: false,
        };
        for part in [whole, fraction] {
            for byte in part.bytes() {
                let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
                if number.digits < MAX_DIGITS {
                    number.digits = number.digits * 10 + u128::from(digit);
                } else {
                    number.exponent += 1;
                    number.more |= digit != 0;
                }
            }
        }
        Some(number)
    }

    /// Parses the same, perhaps with an exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
            return Self::parse_plain(text);
        };
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent: i32 = exponent.parse().ok()?;
        let mut number = Self::parse_plain(mantissa)?;
        number.exponent += exponent;
        (exponent.abs() <= MAX_EXPONENT).then_some(number)
    }

    /// How many units the number holds without its sign, the unit being a power
    /// of ten, and what is left; `None` if there are too many.
    pub(crate) fn units(&self, power: i32) -> Option<(u128, Remainder)> {
        let exact = if self.more {
            Remainder::Below
        } else {
            Remainder::Zero
        };
        let shift = self.exponent - power;
        let factor = 10_u128.checked_pow(shift.unsigned_abs());
        match factor {
            _ if self.digits == 0 => Some((0, exact)),
            Some(factor) if shift >= 0 => Some((self.digits.checked_mul(factor)?, exact)),
            None if shift >= 0 => None,
            // With at most 28 digits it is next to nothing.
            None => Some((0, Remainder::Below)),
            Some(unit) => {
                let (count, rest) = (self.digits / unit, self.digits % unit);
                let remainder = if rest == 0 {
                    exact
                } else if rest * 10_000 < unit {
                    Remainder::Below
                } else if (unit - rest) * 10_000 < unit {
                    Remainder::Above
                } else {
                    Remainder::Real
                };
                Some((count, remainder))
            }
        }
    }
}

/// A code or whole number without point and exponent: `2` for `2.0` and `2E0`.
/// Any other text stays as it is.
pub fn plain(text: &str) -> Cow<'_, str> {
    let may_be = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.contains(['.', 'e', 'E']);
    let whole = || {
        let number = Decimal::parse(text)?;
        let (count, remainder) = number.units(0)?;
        let sign = if number.negative && count > 0 {
            "-"
        } else {
            ""
        };
        (remainder == Remainder::Zero).then(|| format!("{sign}{count}"))
    };
    let whole = may_be.then(whole).flatten();
    whole.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A lone `3,900` may have a decimal comma.
static GROUPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^-?[1-9][0-9]{0,2}((,[0-9]{3})+\.[0-9]+|(,[0-9]{3}){2,})$").ok());

/// An amount without the commas between its thousands, if they can be nothing
/// else: `3,900.00`, `1,234,567`.
pub(crate) fn ungrouped(text: &str) -> Option<String> {
    let grouped = text.contains(',') && GROUPED.as_ref()?.is_match(text);
    grouped.then(|| text.replace(',', ""))
}
