//! Decimal numbers by their digits, never as floating-point numbers.

use std::borrow::Cow;
use std::iter;
use std::sync::LazyLock;

use regex_lite::Regex;

/// The largest decimal exponent of an `f64`. A number with a larger one is neither
/// an amount nor a count.
const MAX_EXPONENT: i32 = 308;

/// A decimal number, such as `-12`, `12.50` or `1.2E7`.
pub(crate) struct Decimal<'a> {
    pub(crate) negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

/// The remainder of a number beyond a count of units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remainder {
    Zero,
    /// Less than a ten-thousandth of a unit above the count.
    Below,
    /// Less than a ten-thousandth of a unit below the next count.
    Above,
    /// More than floating-point noise.
    Real,
}

impl<'a> Decimal<'a> {
    /// Parses an optional minus sign, digits, optional decimals and an optional
    /// exponent.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let is_exponent = |byte| matches!(byte, b'e' | b'E');
        let (mantissa, exponent) = match text.bytes().position(is_exponent) {
            Some(end) => (&text[..end], text[end + 1..].parse().ok()?),
            None => (text, 0),
        };
        let magnitude = mantissa.strip_prefix('-');
        let digits = magnitude.unwrap_or(mantissa);
        let (whole, fraction) = match digits.bytes().position(|byte| byte == b'.') {
            Some(point) => (&digits[..point], Some(&digits[point + 1..])),
            None => (digits, None),
        };
        let are_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = are_digits(whole)
            && fraction.is_none_or(are_digits)
            && (-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent);
        is_number.then_some(Self {
            negative: magnitude.is_some(),
            whole,
            fraction: fraction.unwrap_or_default(),
            exponent,
        })
    }

    /// The number of units in the number's absolute value, and the remainder; a
    /// unit is `10^power`. `None` on overflow.
    pub(crate) fn units(&self, power: i32) -> Option<(u64, Remainder)> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        let mut digits = digits.map(|byte| byte - b'0');
        let point = i32::try_from(self.whole.len()).ok()? + self.exponent - power;
        let mut count = 0_u64;
        for _ in 0..point {
            let digit = digits.next().unwrap_or(0);
            count = count.checked_mul(10)?.checked_add(digit.into())?;
        }
        let zeros = iter::repeat_n(0, usize::try_from(-point).unwrap_or(0));
        let mut rest = zeros.chain(digits);
        let first = [(); 4].map(|()| rest.next().unwrap_or(0));
        let remainder = match (first, rest.any(|digit| digit != 0)) {
            ([0, 0, 0, 0], false) => Remainder::Zero,
            ([0, 0, 0, 0], true) => Remainder::Below,
            ([9, 9, 9, 9], true) => Remainder::Above,
            _ => Remainder::Real,
        };
        Some((count, remainder))
    }
}

/// A code or whole number without decimal point and exponent: `2` for `2.0` and
/// `2E0`. Any other text is returned unchanged.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let may_be = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.contains(['.', 'e', 'E']);
    let number = may_be.then(|| Decimal::parse(text)).flatten();
    match number.and_then(|number| Some((number.negative, number.units(0)?))) {
        Some((true, (count @ 1.., Remainder::Zero))) => Cow::Owned(format!("-{count}")),
        Some((_, (count, Remainder::Zero))) => Cow::Owned(count.to_string()),
        _ => Cow::Borrowed(text),
    }
}

/// Excludes a single group such as `3,900`, which may have a decimal comma.
static GROUPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^-?[1-9][0-9]{0,2}((,[0-9]{3})+\.[0-9]+|(,[0-9]{3}){2,})$").ok());

/// An amount without its grouping commas, if they are unambiguous: `3,900.00`,
/// `1,234,567`.
pub(crate) fn ungrouped(text: &str) -> Cow<'_, str> {
    let is_grouped = |text| GROUPED.as_ref().is_some_and(|regex| regex.is_match(text));
    if text.contains(',') && is_grouped(text) {
        Cow::Owned(text.replace(',', ""))
    } else {
        Cow::Borrowed(text)
    }
}
