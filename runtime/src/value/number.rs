//! Numbers by their digits, never as floating-point numbers.

use std::borrow::Cow;

/// The exponent that the largest floating-point numbers are written with. A
/// larger one is no amount and no count, and would cost time to write out.
const MAX_EXPONENT: i64 = 308;

/// Digits that a whole number may have once its exponent is applied.
const MAX_DIGITS: i64 = 40;

/// A decimal number: `-12`, `12.50`, `1.2E7`.
pub(crate) struct Decimal<'a> {
    pub(crate) negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// How many of the digits stand before the decimal point once the exponent
    /// is applied; negative if zeros are missing behind the point.
    point: i64,
}

/// What stands behind the centavos of an amount.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remainder {
    /// Less than a millionth of a peso.
    Below,
    /// All but less than a millionth of a peso to the next centavo.
    Above,
    /// More than what a floating-point number adds.
    Real,
}

impl<'a> Decimal<'a> {
    /// The number that `text` spells, without whitespace around it.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, text),
        };
        let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (magnitude, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        Some(Self {
            negative,
            whole: whole.as_bytes(),
            fraction: fraction.as_bytes(),
            point: i64::try_from(whole.len()).ok()? + exponent,
        })
    }

    /// The place of the first digit that is not zero: 0 for ones, 1 for tens,
    /// -1 for tenths. `None` if the number is zero.
    pub(crate) fn first_place(&self) -> Option<i64> {
        let mut digits = self.whole.iter().chain(self.fraction);
        let index = digits.position(|digit| *digit != b'0')?;
        Some(self.point - 1 - i64::try_from(index).ok()?)
    }

    /// The digit at a place; 0 where none is written.
    pub(crate) fn digit(&self, place: i64) -> u8 {
        let index = usize::try_from(self.point - 1 - place);
        let digit = index.ok().and_then(|index| {
            let behind = || self.fraction.get(index - self.whole.len());
            self.whole.get(index).or_else(behind)
        });
        digit.map_or(0, |digit| digit - b'0')
    }

    /// Whether a digit below a place is not zero.
    fn has_digits_below(&self, place: i64) -> bool {
        let from = usize::try_from(self.point - place).unwrap_or(0);
        let digits = self.whole.iter().chain(self.fraction);
        digits.skip(from).any(|digit| *digit != b'0')
    }

    /// What stands behind the second decimal.
    pub(crate) fn remainder(&self) -> Remainder {
        // From thousandths to millionths.
        let next = || (-6..=-3).map(|place| self.digit(place));
        if next().all(|digit| digit == 0) {
            Remainder::Below
        } else if next().all(|digit| digit == 9) && self.has_digits_below(-6) {
            Remainder::Above
        } else {
            Remainder::Real
        }
    }

    /// The digits of a whole number, without point, exponent or zeros before
    /// them; `None` if it is not whole or has more digits than any count.
    pub(crate) fn whole(&self) -> Option<String> {
        let Some(first) = self.first_place() else {
            return Some("0".to_owned());
        };
        if !(0..MAX_DIGITS).contains(&first) || self.has_digits_below(0) {
            return None;
        }
        let sign = self.negative.then_some('-').into_iter();
        let places = (0..=first).rev();
        let digits = places.map(|place| char::from(b'0' + self.digit(place)));
        Some(sign.chain(digits).collect())
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude: i64 = digits.parse().ok()?;
    let exponent = if negative { -magnitude } else { magnitude };
    (magnitude <= MAX_EXPONENT).then_some(exponent)
}

/// A code or whole number as it is meant: `2.0` and `2E0` are 2. Any other text
/// stays as it is.
pub fn plain(text: &str) -> Cow<'_, str> {
    let may_be = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && text.contains(['.', 'e', 'E']);
    let whole = may_be.then(|| Decimal::parse(text)?.whole()).flatten();
    whole.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// An amount without the commas between its thousands, if it has some and they
/// can be nothing else: `3,900.00`, `1,234,567`. A lone `3,900` may have a
/// decimal comma.
pub(crate) fn ungrouped(text: &str) -> Option<String> {
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = match magnitude.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (magnitude, None),
    };
    let (first, rest) = whole.split_once(',')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let begins = (1..=3).contains(&first.len()) && !first.starts_with('0') && digits(first);
    let grouped = rest
        .split(',')
        .all(|group| group.len() == 3 && digits(group));
    let only_grouping = rest.contains(',') || decimals.is_some();
    (begins && grouped && only_grouping && decimals.is_none_or(digits))
        .then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, plain, ungrouped};

    #[test]
    fn whole_numbers_lose_point_and_exponent() {
        for (text, whole) in [
            ("2.0", "2"),
            ("1000.0", "1000"),
            ("2E0", "2"),
            ("1e3", "1000"),
            ("1.2E7", "12000000"),
            ("20e-1", "2"),
            ("-1.001E+3", "-1001"),
            ("0E-8", "0"),
            ("-0.0", "0"),
            ("0e308", "0"),
            ("9007199254740993.0", "9007199254740993"),
        ] {
            assert_eq!(plain(text), whole, "{text}");
        }
        for text in [
            "2",
            "007",
            "-1009",
            "",
            "-",
            ".",
            "2.",
            ".5",
            "2.5",
            "1e-1",
            "1e309",
            "1e99999999999",
            "1E40",
            "1e",
            "1e+",
            "1e+-2",
            "e5",
            "E5",
            "1.2.3",
            "1E5E2",
            "PHP",
            "CreateDate",
            "2 .0",
            "2.\u{660}",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn commas_count_only_where_they_can_only_group() {
        for (text, without) in [
            ("3,900.00", "3900.00"),
            ("3,900.5", "3900.5"),
            ("-12,345.00", "-12345.00"),
            ("1,234,567", "1234567"),
            ("1,234,567.89", "1234567.89"),
        ] {
            assert_eq!(ungrouped(text).as_deref(), Some(without), "{text}");
        }
        for text in [
            "3900.00",
            "3,9",
            "3,900",
            "3,90",
            "1,23,456",
            "1,23,456.00",
            "3.900,00",
            "0,900.00",
            ",900.00",
            "1234,567.00",
            "3,900.0,0",
            "3,,900.00",
            "",
            ",",
            "1E0,000,001",
            "3,900.0E1",
            "\u{661},900.00",
        ] {
            assert_eq!(ungrouped(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_however_far_its_point_is_moved(number in any::<u64>(), shift in 0_usize..30) {
            let digits = format!("{number}{}", "0".repeat(shift));
            let (whole, fraction) = digits.split_at(1);
            let text = match fraction {
                "" => format!("{whole}e0"),
                _ => format!("{whole}.{fraction}E{}", fraction.len() - shift),
            };
            let decimal = Decimal::parse(&text).unwrap();
            prop_assert_eq!(decimal.whole(), Some(number.to_string()));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[-+0-9.,eE]{0,12}|.{0,8}") {
            let _ = (plain(&text), ungrouped(&text));
            if let Some(decimal) = Decimal::parse(&text) {
                let _ = (decimal.whole(), decimal.digit(-400), decimal.digit(400));
                let _ = decimal.remainder();
            }
        }
    }
}
