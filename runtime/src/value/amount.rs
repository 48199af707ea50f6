use std::fmt;

use serde::{Serialize, Serializer};

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

impl Amount {
    /// Reads what [`TryFrom`] reads, and what other systems make of an amount:
    /// with an exponent (`1.2E7`), with the digits that floating-point
    /// arithmetic adds (`0.30000000000000004`, less than a millionth of a peso
    /// from a whole centavo), and with commas that can only group thousands
    /// (`3,900.00`).
    pub(crate) fn parse_lenient(text: &str) -> Result<Self, WireError> {
        Self::try_from(text).or_else(|error| {
            let ungrouped = ungrouped(text);
            let number = Decimal::parse(ungrouped.as_deref().unwrap_or(text));
            Self::from_decimal(&number.ok_or(error)?)
        })
    }

    fn from_decimal(number: &Decimal<'_>) -> Result<Self, WireError> {
        let up = match number.remainder() {
            Remainder::Below => 0,
            Remainder::Above => 1,
            Remainder::Real => return Err(WireError::AMOUNT),
        };
        let first = number.first_place().unwrap_or(0);
        let mut centavos = 0_i64;
        for place in (-2..=first).rev() {
            let digit = i64::from(number.digit(place));
            centavos = centavos
                .checked_mul(10)
                .and_then(|tens| tens.checked_sub(digit))
                .ok_or(WireError::AMOUNT_RANGE)?;
        }
        centavos = centavos.checked_sub(up).ok_or(WireError::AMOUNT_RANGE)?;
        if !number.negative {
            centavos = centavos.checked_neg().ok_or(WireError::AMOUNT_RANGE)?;
        }
        Ok(Self { centavos })
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::Amount;
    use crate::read::from_slice;
    use crate::wire;

    fn check(text: &str, expected: Option<i64>) {
        let amount = Amount::try_from(text).ok().map(Amount::centavos);
        assert_eq!(amount, expected, "{text}");
    }

    #[test]
    fn decimals_may_be_missing_or_zero() {
        check("3900", Some(390_000));
        check("3900.0", Some(390_000));
        check("3900.00", Some(390_000));
        check("3900.000", Some(390_000));
        check("3900.5", Some(390_050));
        check("3900.05", Some(390_005));
        check("0003900.10000000000000000000", Some(390_010));
        check("0", Some(0));
        check("-0.00", Some(0));
        check("-12.34", Some(-1234));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "-",
            ".",
            ".5",
            "5.",
            "-.5",
            "+5",
            "--5",
            "1.005",
            "0.001",
            "1e3",
            "1E3",
            "1 000",
            " 1",
            "1 ",
            "1,000.00",
            "1.0.0",
            "1.-5",
            "0x10",
            "NaN",
            "inf",
            "\u{661}",
            "1.\u{661}",
            "1\u{e9}",
            "1.\u{e9}\u{e9}",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        check("92233720368547758.07", Some(i64::MAX));
        check("92233720368547758.08", None);
        check("-92233720368547758.08", Some(i64::MIN));
        check("-92233720368547758.09", None);
        check("99999999999999999999999999", None);
    }

    #[test]
    fn sums_are_exact_or_none() {
        let amount = Amount::from_centavos;
        assert_eq!(amount(10).checked_add(amount(20)), Some(amount(30)));
        assert_eq!(amount(10).checked_sub(amount(20)), Some(amount(-10)));
        assert_eq!(amount(i64::MAX).checked_add(amount(1)), None);
        assert_eq!(amount(i64::MIN).checked_sub(amount(1)), None);
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(serialize_with = "wire::number")]
        number: Amount,
        text: Amount,
    }

    #[test]
    fn it_is_written_as_number_or_text_with_both_decimals() {
        let both = Both {
            number: Amount::from_centavos(390_000),
            text: Amount::from_centavos(-5),
        };
        let json = r#"{"number":3900.00,"text":"-0.05"}"#;
        assert_eq!(serde_json::to_string(&both).unwrap(), json);
        assert_eq!(from_slice(json.as_bytes()), Ok(both));
    }

    #[test]
    fn a_number_is_read_by_its_digits() {
        // As an `f64` the first would be 90071992547409.92.
        let json = r#"{"number":90071992547409.93,"text":1.10}"#;
        let both = Both {
            number: Amount::from_centavos(9_007_199_254_740_993),
            text: Amount::from_centavos(110),
        };
        assert_eq!(from_slice::<Both>(json.as_bytes()), Ok(both));
    }

    /// What is received, but not what a program is given to send.
    #[test]
    fn an_amount_is_read_as_other_systems_print_it() {
        for (text, centavos) in [
            ("1.2E7", 1_200_000_000),
            ("1.23456789E7", 1_234_567_890),
            ("5E+3", 500_000),
            ("-5e3", -500_000),
            ("0E-8", 0),
            ("0e300", 0),
            ("1.5E-1", 15),
            ("9.223372036854775807E16", i64::MAX),
            ("-9.223372036854775808E16", i64::MIN),
            ("0.30000000000000004", 30),
            ("-0.30000000000000004", -30),
            ("0.29999999999999998", 30),
            ("0.9999999", 100),
            ("1234567.8900000001", 123_456_789),
            ("1234567.8899999999", 123_456_789),
            ("1.0000000000000000000001", 100),
            ("3,900.00", 390_000),
            ("1,234,567.89", 123_456_789),
            ("1,234,567", 123_456_700),
        ] {
            let amount = Amount::parse_lenient(text);
            assert_eq!(amount, Ok(Amount::from_centavos(centavos)), "{text}");
            assert!(Amount::try_from(text).is_err(), "{text}");
        }
        for text in [
            "0.305",
            "0.3049999",
            "0.300001",
            "0.299999",
            "1.005",
            "1e-3",
            "1E309",
            "1E17",
            "9.223372036854775808E16",
            "92233720368547758.079999999",
            "1E99999999999999999999",
            "1e",
            "1e+",
            "0x1E3",
            "3,9",
            "3,900",
            "1,23,456",
            "3.900,00",
            "1,000.0,0",
            "1 000.00",
            "Infinity",
            "NaN",
            "1E3,000.00",
        ] {
            assert!(Amount::parse_lenient(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(centavos in any::<i64>()) {
            let amount = Amount::from_centavos(centavos);
            let text = amount.to_string();
            prop_assert_eq!(Amount::try_from(text.as_str()), Ok(amount));
            prop_assert_eq!(from_slice(text.as_bytes()), Ok(amount));
            let (pesos, places) = text.split_once('.').unwrap();
            prop_assert_eq!(places.len(), 2);
            prop_assert!(pesos.len() > usize::from(centavos < 0));
        }

        #[test]
        fn no_digit_is_lost_on_the_wire(number in any::<i64>(), text in any::<i64>()) {
            let both = Both {
                number: Amount::from_centavos(number),
                text: Amount::from_centavos(text),
            };
            let json = serde_json::to_string(&both).unwrap();
            prop_assert_eq!(from_slice(json.as_bytes()), Ok(both));
        }

        #[test]
        fn only_zeros_may_follow_the_centavos(
            centavos in any::<i64>(),
            zeros in 0_usize..30,
            rest in "[0-9]{1,5}",
        ) {
            let amount = Amount::from_centavos(centavos);
            let zeros = "0".repeat(zeros);
            prop_assert_eq!(Amount::try_from(format!("{amount}{zeros}")), Ok(amount));
            let other = Amount::try_from(format!("{amount}{zeros}{rest}"));
            let nothing = rest.bytes().all(|digit| digit == b'0');
            prop_assert_eq!(other.ok(), nothing.then_some(amount));
        }

        #[test]
        fn what_is_received_is_the_centavo_that_it_is_next_to(
            centavos in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            noise in -9_999_i64..=9_999,
            zeros in 0_usize..20,
            shift in 0_usize..30,
        ) {
            let amount = Amount::from_centavos(centavos);
            // The noise has its last digit in the tenth decimal: less than a millionth.
            let exact = i128::from(centavos) * 100_000_000 + i128::from(noise);
            let magnitude = format!("{:011}", exact.unsigned_abs());
            let (whole, decimals) = magnitude.split_at(magnitude.len() - 10);
            let sign = if exact < 0 { "-" } else { "" };
            let plain = format!("{sign}{whole}.{decimals}{}", "0".repeat(zeros));
            prop_assert_eq!(Amount::parse_lenient(&plain), Ok(amount), "{}", plain);
            let digits = format!("{}{magnitude}", "0".repeat(30));
            let (whole, fraction) = digits.split_at(digits.len() - 10 - shift);
            let moved = format!("{sign}{whole}.{fraction}E+{shift}");
            prop_assert_eq!(Amount::parse_lenient(&moved), Ok(amount), "{}", moved);
        }

        #[test]
        fn thousands_may_be_grouped(centavos in any::<i64>()) {
            let amount = Amount::from_centavos(centavos);
            let text = amount.to_string();
            let (pesos, places) = text.split_once('.').unwrap();
            let (sign, pesos) = pesos.strip_prefix('-').map_or(("", pesos), |pesos| ("-", pesos));
            let groups: Vec<_> = pesos.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
            let grouped = format!("{sign}{}.{places}", groups.join(","));
            prop_assert_eq!(Amount::parse_lenient(&grouped), Ok(amount), "{}", grouped);
        }

        #[test]
        fn what_is_between_two_centavos_is_refused(centavos in 0_i64..1_000_000_000, third in 1_u8..=8) {
            let text = format!("{}{third}", Amount::from_centavos(centavos));
            prop_assert!(Amount::parse_lenient(&text).is_err(), "{}", text);
        }

        #[test]
        fn sums_and_order_are_those_of_whole_numbers(left in any::<i64>(), right in any::<i64>()) {
            let (one, other) = (Amount::from_centavos(left), Amount::from_centavos(right));
            let exact = |centavos: i128| i64::try_from(centavos).ok().map(Amount::from_centavos);
            prop_assert_eq!(one.checked_add(other), exact(i128::from(left) + i128::from(right)));
            prop_assert_eq!(one.checked_sub(other), exact(i128::from(left) - i128::from(right)));
            prop_assert_eq!(one.cmp(&other), left.cmp(&right));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[-+0-9.eE ]{0,24}|.{0,8}") {
            if let Ok(amount) = Amount::parse_lenient(&text) {
                prop_assert_eq!(Amount::try_from(amount.to_string()), Ok(amount));
            }
        }

        #[test]
        fn it_agrees_with_whole_numbers(pesos in 0_u32.., centavos in 0_u8..100) {
            let text = format!("{pesos}.{centavos:02}");
            let expected = i64::from(pesos) * 100 + i64::from(centavos);
            prop_assert_eq!(Amount::try_from(text), Ok(Amount::from_centavos(expected)));
        }
    }
}
