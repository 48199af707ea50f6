//! Scalars: how each of them is built, parsed, written and formatted.

use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use skypay_runtime::codes::plain;
use skypay_runtime::read::from_slice;
use skypay_runtime::value::WireError;
use skypay_runtime::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

skypay_runtime::open_enum! {
    /// A table.
    pub enum Table {
        /// A code.
        One = "1",
        /// A code.
        Failed = "-1009",
        /// A code.
        Old = "13" read_only,
    }
}

skypay_runtime::string_newtype! {
    /// A number.
    pub struct Number: public;
}

skypay_runtime::string_newtype! {
    /// A mobile number.
    pub struct Phone: sensitive;
}

/// Deserializes a JSON string with this text.
fn received<T: DeserializeOwned>(text: &str) -> Option<T> {
    from_slice(json!(text).to_string().as_bytes()).ok()
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it can be written")
}

/// Checks how a text is parsed if a program supplies it, and if it is received.
fn check<T>(text: &str, given: Option<&T>, expected: Option<&T>)
where
    T: DeserializeOwned + PartialEq + Debug + for<'a> TryFrom<&'a str, Error = WireError>,
{
    assert_eq!(T::try_from(text).ok().as_ref(), given, "given {text:?}");
    assert_eq!(received(text).as_ref(), expected, "received {text:?}");
}

#[test]
fn an_amount_is_exact_to_the_centavo() {
    for (text, centavos) in [
        ("3900", 390_000),
        ("3900.0", 390_000),
        ("3900.000", 390_000),
        ("3900.5", 390_050),
        ("0003900.10000000000000000000", 390_010),
        ("-0.00", 0),
        ("-12.34", -1234),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        let amount = Some(&Amount::from_centavos(centavos));
        check(text, amount, amount);
    }
    // Formats of other systems are accepted in received texts only.
    for (text, centavos) in [
        (" 1 ", 100),
        ("1e3", 100_000),
        ("1.23456789E7", 1_234_567_890),
        ("-5E+3", -500_000),
        ("0E-8", 0),
        ("0e300", 0),
        ("1.5E-1", 15),
        ("9.223372036854775807E16", i64::MAX),
        ("-9.223372036854775808E16", i64::MIN),
        ("-0.30000000000000004", -30),
        ("0.29999999999999998", 30),
        ("0.9999999", 100),
        ("1234567.8899999999", 123_456_789),
        ("1.0000000000000000000001", 100),
        ("1.00000000000000000000000000000000000001", 100),
        ("1E-300", 0),
        ("3,900.00", 390_000),
        ("3,900.5", 390_050),
        ("-12,345.00", -1_234_500),
        ("1,234,567.89", 123_456_789),
        ("1,234,567", 123_456_700),
    ] {
        check(text, None, Some(&Amount::from_centavos(centavos)));
    }
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
        "0.305",
        "0.3049999",
        "0.300001",
        "0.299999",
        "0.9999",
        "1e-3",
        "1e",
        "1e+",
        "1e+-2",
        "1E5E2",
        "1 000",
        "1.0.0",
        "1.-5",
        "0x10",
        "0x1E3",
        "NaN",
        "inf",
        "\u{661}",
        "1.\u{e9}\u{e9}",
        "3,9",
        "3,900",
        "1,23,456",
        "1,23,456.00",
        "3.900,00",
        "0,900.00",
        ",900.00",
        "1234,567.00",
        "1,000.0,0",
        "3,,900.00",
        ",",
        "1E3,000.00",
        "3,900.0E1",
        "\u{661},900.00",
        "92233720368547758.08",
        "-92233720368547758.09",
        "92233720368547758.079999999",
        "9.223372036854775808E16",
        "99999999999999999999999999",
        "1E17",
        "1E309",
        "1E99999999999999999999",
    ] {
        check::<Amount>(text, None, None);
    }
}

#[test]
fn sums_are_exact_or_none() {
    let amount = Amount::from_centavos;
    assert_eq!(amount(10).checked_add(amount(20)), Some(amount(30)));
    assert_eq!(amount(10).checked_sub(amount(20)), Some(amount(-10)));
    assert_eq!(amount(i64::MAX).checked_add(amount(1)), None);
    assert_eq!(Amount::checked_sum([1, i64::MAX].map(amount)), None);
    assert_eq!(amount(i64::MIN).checked_sub(amount(1)), None);
}

#[test]
fn whole_numbers_lose_point_and_exponent() {
    for (text, whole) in [
        ("2.0", "2"),
        ("1e3", "1000"),
        ("1.2E7", "12000000"),
        ("20e-1", "2"),
        ("-1.001E+3", "-1001"),
        ("0E-8", "0"),
        ("-0.0", "0"),
        ("0e308", "0"),
        ("9007199254740993.0", "9007199254740993"),
        ("18446744073709551615.00", "18446744073709551615"),
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
        "1.2.3",
        "1E5E2",
        "PHP",
        "CreateDate",
        "2 .0",
        "2.\u{660}",
        "1.00000000000000000000000000000000000001",
    ] {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn an_integer_that_is_written_as_text_keeps_what_is_received() {
    for (json, text, number) in [
        ("2", "2", Some(2)),
        ("\" 005 \"", "5", Some(5)),
        ("\"000\"", "0", Some(0)),
        ("\"2E0\"", "2", Some(2)),
        ("\"123456789011\"", "123456789011", Some(123_456_789_011)),
        ("99999999999999999999999", "99999999999999999999999", None),
        ("-1", "-1", None),
        ("\"SSS\"", "SSS", None),
    ] {
        let read: IntegerText = from_slice(json.as_bytes()).unwrap();
        assert_eq!((read.as_str(), read.to_u64()), (text, number));
        assert_eq!(written(&read), format!("\"{text}\""));
    }
    assert!(from_slice::<IntegerText>(b"[1]").is_err());
    assert_eq!(IntegerText::try_from(7), Ok(IntegerText::from(7_u64)));
    assert!(IntegerText::try_from(-7).is_err());
    for text in ["", "-1", "+1", "1.0", " 1", "\u{661}"] {
        assert!(IntegerText::try_from(text).is_err(), "{text}");
    }
}

#[test]
fn a_time_is_read_in_every_form_that_is_clear() {
    for (text, shown) in [
        ("2018-06-18 17:52:10", "2018-06-18 17:52:10"),
        ("2018-06-18T17:52:10", "2018-06-18 17:52:10"),
        ("2018-06-18 17:52:10.5", "2018-06-18 17:52:10.5"),
        ("2018-06-18T17:52:10.5211", "2018-06-18 17:52:10.5211"),
        (
            "2018-06-18 17:52:10.000000001",
            "2018-06-18 17:52:10.000000001",
        ),
        ("2024-02-05T10:15:30.5+08:00", "2024-02-05 10:15:30.5"),
        ("2024-02-05 10:15:30.5+0800", "2024-02-05 10:15:30.5"),
        ("2024-02-05 10:15:30.500 +0800", "2024-02-05 10:15:30.5"),
        ("2024-02-05T10:15:30.5+08", "2024-02-05 10:15:30.5"),
        ("2024-02-05T02:15:30.5Z", "2024-02-05 10:15:30.5"),
        ("2024-02-05T02:15:30.5z", "2024-02-05 10:15:30.5"),
        ("2024-02-05T02:15:30.5-00:00", "2024-02-05 10:15:30.5"),
        ("2024-02-04T21:15:30.5-05:00", "2024-02-05 10:15:30.5"),
        ("2024-02-05T07:45:30.5+05:30", "2024-02-05 10:15:30.5"),
    ] {
        let time = DateTime::try_from(text).unwrap();
        assert_eq!(format!("{time:?}"), shown, "{text}");
        assert_eq!(received(text), Some(time), "{text}");
    }
    for text in [
        "",
        "2018-06-18",
        "2018-06-18 17:52",
        "2018-06-18 17:52:10.",
        "2018-06-18 17:52:10.0000000001",
        "2018-06-18 17:52:10,5",
        "2018-06-18  17:52:10",
        "2018-06-18_17:52:10",
        "2018-06-18 17:52:10+8",
        "2018-06-18 17:52:10+08:0",
        "2018-06-18 17:52:10+08:60",
        "2018-06-18 17:52:10+18:01",
        "2018-06-18 17:52:10+0x:00",
        "2018-06-18 17:52:10Z+08:00",
        "2018-06-18 17:52:10ZZ",
        "2018-06-18 17:52:10.Z",
        "2018-06-18 17:52:10 GMT",
        "9999-12-31 23:59:59Z",
        "2018-6-18 17:52:10",
        "2018-02-30 00:00:00",
        "2018-06-18 24:00:00",
        "2018-06-18 23:60:00",
        "2018-06-18 23:59:60",
        "18-06-2018 17:52:10",
        "2018-06-1\u{e9} 17:52:10",
        "2018-06-18 17:52:10.+1",
        "+018-06-18 17:52:10",
        "2018/06/18 17:52:10",
    ] {
        check::<DateTime>(text, None, None);
    }
    assert!(DateTime::try_from(" 2018-06-18 17:52:10").is_err());
}

#[test]
fn a_day_keeps_the_time_that_is_received_with_it() {
    let day = Date::new(2023, 6, 18).unwrap();
    check("2023-06-18", Some(&day), Some(&day));
    for (text, shown) in [
        ("2023-06-18 00:00:00", "2023-06-18 00:00:00"),
        ("2023-12-04T17:52:10.5211", "2023-12-04 17:52:10"),
        ("2023-12-04T17:52:10Z", "2023-12-05 01:52:10"),
    ] {
        let date: Date = received(text).unwrap();
        assert_eq!(format!("{date} {date:?}"), format!("{shown} {shown}"));
        assert_eq!(date.midnight().date().to_string(), shown[..10]);
        assert!(Date::try_from(text).is_err(), "{text}");
    }
    for text in [
        "",
        "2018-13-01",
        "2018-00-01",
        "2018-6-1",
        "2018-02-30",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "2023-06-18 25:00:00",
    ] {
        check::<Date>(text, None, None);
    }
}

#[test]
fn a_time_is_written_with_no_or_four_decimals() {
    for (text, shown) in [
        ("2018-06-18T17:52:10.52199", "2018-06-18 17:52:10.5219"),
        ("0001-02-03 04:05:06", "0001-02-03 04:05:06.0000"),
        ("9999-12-31 23:59:59.99999", "9999-12-31 23:59:59.9999"),
    ] {
        let time: DateTime = text.parse().unwrap();
        assert_eq!(format!("{time:.4}"), shown);
        assert_eq!(written(&time), format!("\"{}\"", &shown[..19]));
        assert_eq!(written(&time.date()), format!("\"{}\"", &shown[..10]));
    }
}

#[test]
fn a_name_has_two_to_four_parts() {
    for (text, parts) in [
        ("Reyes,Maria", Some(["Reyes", "Maria", "", ""])),
        ("Cruz,Juan,Santos", Some(["Cruz", "Juan", "Santos", ""])),
        (
            "Dela Cruz, Juan ,,Jr.",
            Some(["Dela Cruz", "Juan", "", "Jr."]),
        ),
        ("Reyes,Maria,,", Some(["Reyes", "Maria", "", ""])),
        ("\u{4e01},\u{4e00}", Some(["\u{4e01}", "\u{4e00}", "", ""])),
        (" no \"name\"\n", None),
        (",", None),
        ("Reyes,", None),
        (" ,Maria", None),
        ("Reyes, ,Santos", None),
        ("A,B,C,D,E", None),
        ("A,B,C,D,", None),
    ] {
        let name: PersonName = received(text).unwrap();
        assert_eq!(name.as_str(), text, "as it was received");
        assert_eq!(written(&name), written(&text));
        let found = name.parts().map(|it| {
            [
                it.last,
                it.first,
                it.middle.unwrap_or(""),
                it.suffix.unwrap_or(""),
            ]
        });
        assert_eq!(found, parts, "{text}");
        assert_eq!(
            PersonName::try_from(text).is_ok(),
            parts.is_some(),
            "{text}"
        );
    }
    let name = PersonName::new(" Dela Cruz ", "Juan")
        .suffix("Jr.")
        .middle("Santos");
    assert_eq!(name.as_str(), "Dela Cruz,Juan,Santos,Jr.");
    assert_eq!(name.middle("Reyes").as_str(), "Dela Cruz,Juan,Reyes,Jr.");
    assert_eq!(from_slice::<PersonName>(b"12").unwrap().as_str(), "12");
}

#[test]
fn a_code_is_its_text_also_where_no_table_lists_it() {
    for (code, text) in Table::ALL.iter().zip(["1", "-1009", "13"]) {
        assert_eq!(code.to_string(), text);
        assert_eq!(Table::from(format!(" {text}\t")), *code);
        assert_eq!(written(code), format!("\"{text}\""));
        assert_eq!(serde_json::from_value::<Table>(text.into()).unwrap(), *code);
        assert!(code.is_listed());
    }
    for (json, code, listed) in [
        ("1.0", "1", true),
        ("\"1E0\"", "1", true),
        ("-1.009E3", "-1009", true),
        ("99.0", "99", false),
        ("1.5", "1.5", false),
        ("1e999", "1e999", false),
        ("\" a B \"", "a B", false),
    ] {
        let read: Table = from_slice(json.as_bytes()).unwrap();
        assert_eq!((read.as_str(), read.is_listed()), (code, listed), "{json}");
        assert_eq!(read, Table::from(code));
        assert_eq!(written(&read), format!("\"{code}\""));
    }
    let codes = [Table::Failed, Table::from("9\n9")];
    assert_eq!(
        format!("{codes:?}"),
        r#"[Failed(-1009), Unrecognized("9\n9")]"#
    );
}

#[test]
fn a_text_with_a_type_of_its_own_is_never_refused() {
    for text in ["12", "Ma\u{f1}ana \"x\"", ""] {
        assert_eq!(received(&format!(" {text}\n")), Some(Number::new(text)));
        assert_eq!(written(&Number::from(text)), written(&text));
    }
    assert_eq!(from_slice(b"9123456789"), Ok(Phone::new("9123456789")));
    let number = Number::new("SKY98001");
    assert_eq!(
        format!("{number} {number:?}"),
        r#"SKY98001 Number("SKY98001")"#
    );
}

#[test]
fn what_is_sensitive_is_on_the_wire_what_it_holds_and_shown_nowhere() {
    let account: Sensitive = from_slice(b"12345678901234567890123").unwrap();
    assert_eq!(account.expose(), "12345678901234567890123");
    assert_eq!(written(&account), r#""12345678901234567890123""#);
    let birthday: Sensitive<Date> = received("1991-10-02").unwrap();
    assert_eq!(Sensitive::try_from("1991-10-02"), Ok(birthday));
    assert_eq!(Sensitive::from(birthday.into_inner()), birthday);
    assert!(Sensitive::<Date>::try_from("2.10.1991".to_owned()).is_err());
    let amount = Amount::from_centavos(100);
    assert_eq!(Sensitive::try_from("1.00"), Ok(Sensitive::from(amount)));
    let phone = Phone::from("09123456789");
    let name = PersonName::new("Reyes", "Maria");
    assert_eq!(
        format!(
            "{account:?} {birthday:?} {phone:?} {name:?} {:?}",
            name.parts()
        ),
        "[masked] [masked] Phone([masked]) [masked] Some([masked])"
    );
}

proptest! {
    #[test]
    fn an_amount_survives_the_wire(centavos in any::<i64>(), zeros in 0_usize..30, rest in "[0-9]{0,5}") {
        let amount = Amount::from_centavos(centavos);
        let text = amount.to_string();
        prop_assert_eq!(from_slice(text.as_bytes()), Ok(amount));
        prop_assert_eq!(received(&text), Some(amount));
        let longer = Amount::try_from(format!("{text}{}{rest}", "0".repeat(zeros)));
        let same = rest.bytes().all(|digit| digit == b'0');
        prop_assert_eq!(longer.ok(), same.then_some(amount));
        let (pesos, places) = text.split_once('.').unwrap();
        let (sign, pesos) = pesos.strip_prefix('-').map_or(("", pesos), |pesos| ("-", pesos));
        let groups = pesos.as_bytes().rchunks(3).rev();
        let groups: Vec<_> = groups.map(|group| str::from_utf8(group).unwrap()).collect();
        let grouped = format!("{sign}{}.{places}", groups.join(","));
        prop_assert_eq!(received(&grouped), Some(amount), "{}", grouped);
    }

    #[test]
    fn what_is_received_is_the_centavo_that_it_is_next_to(
        centavos in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
        noise in -9_999_i64..=9_999, zeros in 0_usize..20, shift in 0_usize..30,
    ) {
        let amount = Amount::from_centavos(centavos);
        // The last digit of the noise is the tenth decimal: less than a millionth.
        let exact = i128::from(centavos) * 100_000_000 + i128::from(noise);
        let magnitude = format!("{:011}", exact.unsigned_abs());
        let (whole, decimals) = magnitude.split_at(magnitude.len() - 10);
        let sign = if exact < 0 { "-" } else { "" };
        let exact = format!("{sign}{whole}.{decimals}{}", "0".repeat(zeros));
        prop_assert_eq!(received(&exact), Some(amount), "{}", exact);
        let digits = format!("{}{magnitude}", "0".repeat(30));
        let (whole, fraction) = digits.split_at(digits.len() - 10 - shift);
        let moved = format!("{sign}{whole}.{fraction}E+{shift}");
        prop_assert_eq!(received(&moved), Some(amount), "{}", moved);
    }

    #[test]
    fn a_number_is_the_same_however_far_its_point_is_moved(number in any::<u64>(), shift in 0_usize..30) {
        let digits = format!("{number}{}", "0".repeat(shift));
        let (whole, fraction) = digits.split_at(1);
        let text = match fraction {
            "" => format!("{whole}e0"),
            _ => format!("{whole}.{fraction}E{}", fraction.len() - shift),
        };
        prop_assert_eq!(plain(&text), number.to_string());
    }

    #[test]
    fn what_the_calendar_and_the_clock_have_is_read_and_nothing_else(
        year in prop_oneof![0_i32..10_000, Just(1900), Just(2000), Just(2023), Just(2024)],
        month in 0..14, day in prop_oneof![0..40, 28..32],
        hour in 0..26, minute in 0..62, second in 0..62,
        separator in "[ T]", decimals in "[0-9]{0,10}", dot in any::<bool>(),
    ) {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let is_day = (1..=days).contains(&day);
        let date = format!("{year:04}-{month:02}-{day:02}");
        prop_assert_eq!(Date::try_from(date.as_str()).is_ok(), is_day, "{}", date);
        let fraction = if dot { format!(".{decimals}") } else { String::new() };
        let text = format!("{date}{separator}{hour:02}:{minute:02}:{second:02}{fraction}");
        let is_time = hour < 24 && minute < 60 && second < 60;
        let is_fraction = !dot || (1..10).contains(&decimals.len());
        let read = DateTime::try_from(text.as_str());
        prop_assert_eq!(read.is_ok(), is_day && is_time && is_fraction, "{}", text);
        if let Ok(time) = read {
            prop_assert_eq!(time.to_string(), text[..19].replace('T', " "));
            let fraction = format!("{time:?}")[19..].to_owned();
            let kept = if dot { decimals.trim_end_matches('0') } else { "" };
            prop_assert_eq!(fraction.trim_start_matches('.'), kept);
        }
    }

    #[test]
    fn an_offset_says_which_moment_it_is(
        seconds in -62_000_000_000_i64..252_000_000_000, nanoseconds in 0_u32..1_000_000_000,
        minutes in -1080_i64..=1080, separator in "[T ]", colon in ":?",
    ) {
        let moment = DateTime::from_unix_seconds(seconds);
        let there = moment.plus_seconds((minutes - 480) * 60).to_string().replace(' ', &separator);
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.abs();
        let text = format!("{there}{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60);
        prop_assert_eq!(DateTime::try_from(text.as_str()), Ok(moment), "{}", text);
        let system = moment.to_system_time() + Duration::from_nanos(nanoseconds.into());
        prop_assert_eq!(DateTime::from(system).to_system_time(), system);
    }

    #[test]
    fn the_parts_of_a_name_that_were_given_come_back_or_none_does(
        last in "[a, ]{0,4}|.{0,9}", first in "[a, ]{0,4}|.{0,9}",
        middle in proptest::option::of("[a, ]{0,4}"), suffix in proptest::option::of("[a, ]{0,4}"),
    ) {
        let mut name = PersonName::new(&last, &first);
        if let Some(middle) = &middle {
            name = name.middle(middle);
        }
        if let Some(suffix) = &suffix {
            name = name.suffix(suffix);
        }
        let there = [&last, &first].iter().all(|part| !part.trim().is_empty());
        let given = [Some(last), Some(first), middle, suffix];
        let torn = given.iter().flatten().any(|part| part.contains(','));
        prop_assert_eq!(name.parts().is_some(), there && !torn);
        if let Some(parts) = name.parts() {
            let found = [Some(parts.last), Some(parts.first), parts.middle, parts.suffix];
            let given = given.each_ref().map(|part| {
                let part = part.as_deref().map(str::trim);
                part.filter(|part| !part.is_empty())
            });
            prop_assert_eq!(found, given);
        }
    }

    #[test]
    fn no_text_makes_a_scalar_panic(text in "[-+0-9TZ:.,eE ]{0,32}|.{0,24}") {
        let _ = (received::<Date>(&text), received::<DateTime>(&text), plain(&text));
        if let Some(amount) = received::<Amount>(&text) {
            prop_assert_eq!(Amount::try_from(amount.to_string()), Ok(amount));
        }
    }
}
