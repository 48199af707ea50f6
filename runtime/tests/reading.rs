//! What is tolerated when a message is read, and what is an error.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use skypay_runtime::read::{ReadError, from_slice};
use skypay_runtime::{Amount, Entries, Entry, Received, received};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Message {
    #[serde(alias = "contractNumber")]
    control_number: Option<String>,
    amount: Option<Amount>,
    rows: Vec<Row>,
    nested: Option<Box<Message>>,
    wrapped: Option<Wrapped>,
    by_name: BTreeMap<String, Row>,
    pair: Option<(Row, u8)>,
    kind: Option<Kind>,
    received: Option<Field>,
    entries: Option<List<Row>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Field(#[serde(deserialize_with = "received::field")] Received<Amount>);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(bound = "T: Entry")]
struct List<T>(#[serde(deserialize_with = "received::entries")] Entries<T>);

impl Entry for Message {
    const IDENTITY: &'static [&'static [&'static str]] = &[];
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    bank_code: String,
}

impl Entry for Row {
    const IDENTITY: &'static [&'static [&'static str]] = &[&["bankCode"]];
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapped(Row);

#[derive(Debug, PartialEq, Deserialize)]
enum Kind {
    Bank,
    Other(u8),
}

/// An object that may be received as a plain text.
#[derive(Debug, PartialEq, Deserialize)]
struct Label {
    #[serde(alias = "$plain")]
    name: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Similar {
    amount: u8,
    #[serde(rename = "AMOUNT")]
    upper: u8,
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ReadError> {
    from_slice(json.as_bytes())
}

fn message(control_number: &str) -> Message {
    Message {
        control_number: Some(control_number.to_owned()),
        ..Message::default()
    }
}

fn row(code: &str) -> Row {
    Row {
        bank_code: code.to_owned(),
    }
}

#[test]
fn keys_are_the_same_but_for_case_and_whitespace() {
    let with = |key: &str| json!({ key: "A1" }).to_string();
    for key in [
        "controlNumber",
        "CONTROLNUMBER",
        " Control\tNumber ",
        "control\u{a0}Number",
        "c o n t r o l n u m b e r",
        "\u{feff}controlNumber",
        "control\u{200b}number",
        "control\u{3000}number",
        "Contract Number",
    ] {
        assert_eq!(read(&with(key)), Ok(message("A1")), "{key:?}");
    }
    assert_eq!(read(r#"{"\u0063ontrolNumber":"A1"}"#), Ok(message("A1")));
    for key in [
        "control_number",
        "controlNumbers",
        "",
        " ",
        "c\u{f3}ntrolNumber",
    ] {
        assert_eq!(read(&with(key)), Ok(Message::default()), "{key:?}");
    }
    let (amount, upper) = (1, 2);
    let similar = read(r#"{"AMOUNT":2,"amount":1}"#);
    assert_eq!(
        similar,
        Ok(Similar { amount, upper }),
        "an exact key goes first"
    );
}

#[test]
fn keys_are_matched_wherever_there_are_structs() {
    let json = r#"{
        "ROWS": [{"Bank Code": 1}],
        "nested": {"Control Number": "A", "rows": [{"BANKCODE": "2"}]},
        "wrapped": {"bank code": "3"},
        "byName": {"Bank Code": {"BankCode": "4"}},
        "pair": [{"bankcode": "5"}, 6],
        "kind": {"Other": 7},
        "unknown": {"rows": 5}
    }"#;
    let nested = Message {
        rows: vec![row("2")],
        ..message("A")
    };
    let expected = Message {
        rows: vec![row("1")],
        nested: Some(Box::new(nested)),
        wrapped: Some(Wrapped(row("3"))),
        by_name: BTreeMap::from([("Bank Code".to_owned(), row("4"))]),
        pair: Some((row("5"), 6)),
        kind: Some(Kind::Other(7)),
        ..Message::default()
    };
    assert_eq!(read(json), Ok(expected));
    let null = r#"{"nested":null,"wrapped":null,"pair":null,"kind":"Bank"}"#;
    let expected = Message {
        kind: Some(Kind::Bank),
        ..Message::default()
    };
    assert_eq!(read(null), Ok(expected));
}

/// Checks how each value is read; `None` if it is an error.
fn check_values<T: DeserializeOwned + PartialEq + Debug>(values: &[(&str, Option<T>)]) {
    for (json, expected) in values {
        let value = read(&format!(" {json}\n")).ok();
        assert_eq!(&value, expected, "{json}");
        // In a field, its first byte is known before it is read.
        let json = format!(r#"{{"value": {json}}}"#);
        let fields = read::<BTreeMap<String, T>>(&json).ok();
        let value = fields.and_then(|mut fields| fields.remove("value"));
        assert_eq!(&value, expected, "{json}");
    }
}

#[test]
fn a_scalar_may_come_as_any_other() {
    let text = |text: &str| Some(text.to_owned());
    check_values(&[
        (r#"" kept ""#, text(" kept ")),
        (r#""""#, text("")),
        (r#""a\"b\\c\u00e9\n""#, text("a\"b\\c\u{e9}\n")),
        ("12345678901234567890123", text("12345678901234567890123")),
        ("-1.50", text("-1.50")),
        ("1E5", text("1E5")),
        ("true", text("true")),
        ("null", None),
        (r#"["x"]"#, None),
        ("{}", None),
        (r#""\ud800""#, None),
    ]);
    check_values::<u32>(&[
        (r#"" 005 ""#, Some(5)),
        ("5.00", Some(5)),
        (r#""2E+3""#, Some(2000)),
        ("-1", None),
        ("4294967296", None),
        ("5.5", None),
        (r#""5.""#, None),
        (r#""5 0""#, None),
        (r#""""#, None),
        ("true", None),
        ("null", None),
    ]);
    check_values(&[("1.8446744073709551615E19", Some(u64::MAX))]);
    check_values(&[("-9223372036854775808", Some(i64::MIN))]);
    check_values(&[
        (r#"" TRUE ""#, Some(true)),
        ("1.0", Some(true)),
        (r#""False""#, Some(false)),
        ("0", Some(false)),
        ("2", None),
        (r#""yes""#, None),
        (r#""""#, None),
    ]);
    let label = |name: &str| {
        Some(Label {
            name: name.to_owned(),
        })
    };
    check_values(&[
        (r#"" A ""#, label("A")),
        ("7", label("7")),
        (r#"{"name":"A","other":"B"}"#, label("A")),
        (r#"{"$plain":"B","name":"A"}"#, label("A")),
        (r#"{"name":"A","$plain":"B"}"#, label("A")),
        (r#"{" $PLAIN":"B","name":"A"}"#, label("A")),
        (r#"{"$plain":"B"}"#, None),
        ("[]", None),
        ("null", None),
    ]);
}

#[test]
fn null_and_a_text_of_whitespace_are_nothing() {
    for nothing in ["null", r#""""#, r#""  ""#, r#""\u00a0\n""#, "\"\u{a0}\""] {
        check_values::<Option<String>>(&[(nothing, Some(None))]);
        check_values::<Option<Row>>(&[(nothing, Some(None))]);
        check_values::<Vec<u32>>(&[(nothing, Some(Vec::new()))]);
    }
    check_values(&[(r#"" 7 ""#, Some(Some(7_u32))), (r#""-""#, None)]);
    check_values(&[
        (r#"[1, "2", 3.0]"#, Some(vec![1_u32, 2, 3])),
        ("[null]", None),
        ("{}", None),
        ("5", None),
        (r#""x""#, None),
    ]);
}

#[test]
fn raw_values_and_any_values_are_as_they_stand() {
    let json = r#"{"B b": [true, null, -1, 2.5, "x\n", "", "1"]}"#;
    let value: Value = serde_json::from_str(json).unwrap();
    check_values(&[(json, Some(value)), ("", None)]);
    check_values(&[("1e2", Some(100_f64))]);
    let raw: BTreeMap<String, Box<RawValue>> =
        from_slice(br#"{"raw": {"a" : [1.50]}, "text":" x"}"#).unwrap();
    assert_eq!(raw["raw"].get(), r#"{"a" : [1.50]}"#);
    assert_eq!(raw["text"].get(), r#"" x""#);
}

#[test]
fn errors_say_what_and_where() {
    let too_deep = format!("{}{}", "{\"nested\":".repeat(200), "}".repeat(200));
    for (json, expected) in [
        (
            r#"{"amount":"1.234"}"#,
            "amount: expected an amount with at most two decimals (line 1, column 11)",
        ),
        (
            "{\n  \"amount\": []}",
            "amount: expected a text, a number, true or false (line 2, column 13)",
        ),
        (
            "{\"rows\":[{\"bankCode\":\"\u{4e00}\"},\n {}]}",
            "rows[1].bankCode: is missing (line 2, column 2)",
        ),
        (
            r#"{"controlNumber":"\u4e00é","Nested":{"nested":{"rows":[{"BANKCODE":null}]}}}"#,
            "nested.nested.rows[0].bankCode: expected a value, not null (line 1, column 68)",
        ),
        (
            r#"{"rows":[5]}"#,
            "rows[0]: expected an object (line 1, column 10)",
        ),
        (r#"{"rows":{}}"#, "rows: expected a list (line 1, column 9)"),
        (
            r#"{"byName":{"some name":{}}}"#,
            "byName.bankCode: is missing (line 1, column 24)",
        ),
        (
            r#"{"pair":[{"bankCode":1},"x"]}"#,
            "pair[1]: expected a whole number in the range of its type (line 1, column 25)",
        ),
        (r#"["A"]"#, "expected an object (line 1, column 1)"),
        ("  \n null", "expected an object (line 2, column 2)"),
        (
            "\u{feff}{\"amount\":[]}",
            "amount: expected a text, a number, true or false (line 1, column 11)",
        ),
        ("{\n\"a\": x}", "not valid JSON (line 2, column 6)"),
        (
            r#"{"rows":[{"bankCode":"A"},{"bankCode":"A","BankCode":"B"}]}"#,
            "rows[1].bankCode: is there twice (line 1, column 27)",
        ),
        (&too_deep, "nested too deep"),
    ] {
        let error = read::<Message>(json).unwrap_err();
        assert_eq!(error.to_string(), expected, "{json}");
        assert!(expected.starts_with(error.field()) && expected.contains(error.reason()));
    }
}

#[test]
fn two_keys_for_one_field_are_refused() {
    for twice in [
        r#"{"controlNumber":"A","controlNumber":"B"}"#,
        r#"{"contractNumber":"A","controlNumber":"B"}"#,
        r#"{"CONTRACTNUMBER":"A","Control Number":"B"}"#,
        r#"{"controlNumber":"A","CONTROLNUMBER":null}"#,
    ] {
        let error = read::<Message>(twice).unwrap_err().to_string();
        assert_eq!(error, "controlNumber: is there twice (line 1, column 1)");
    }
}

#[test]
fn what_is_not_one_json_text_is_refused() {
    for json in [
        "",
        " ",
        "{",
        r#"{"a":1,}"#,
        r#"{"a":1} {}"#,
        r#"{"a":1}x"#,
        r#"{"a":01}"#,
        "{'a':1}",
        "{a:1}",
        r#"{"a":NaN}"#,
        "\u{feff}\u{feff}{}",
        " \u{feff}{}",
        "// no\n{}",
        r#"{"a":"	"}"#,
    ] {
        let error = read::<Message>(json).unwrap_err().to_string();
        assert!(
            error.starts_with("not valid JSON (line "),
            "{json}: {error}"
        );
    }
    let error = from_slice::<Message>(b"{\"a\":\"\xff\"}").unwrap_err();
    assert_eq!(error.to_string(), "not valid JSON (line 1, column 7)");
    let behind_mark = "\u{feff}{\"controlNumber\":\"A1\"} ";
    assert_eq!(read(behind_mark), Ok(message("A1")));
}

#[test]
fn nesting_has_an_end_even_in_what_is_ignored() {
    let nested = |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let deep = nested(126);
    let both = format!(r#"{{"x":[],"y":[{}]}}"#, &deep[5..deep.len() - 1]);
    assert!(both.matches('[').count() > 127);
    let hidden = format!(
        r#"{{"x":{}{}}}"#,
        r#"["]}]","#.repeat(127),
        "0]".repeat(127)
    );
    for json in [&nested(127), &nested(1_000_000), &both, &hidden] {
        let error = read::<Message>(json).unwrap_err();
        assert_eq!(error.to_string(), "nested too deep");
    }
    let beside = format!(r#"{{"y":[],{}"#, &deep[1..]);
    let text = format!(r#"{{"z":"\"{}"}}"#, "[{".repeat(1000));
    for json in [deep, beside, text] {
        assert_eq!(read(&json), Ok(Message::default()));
    }
}

#[test]
fn no_error_holds_anything_received() {
    for json in [
        r#"{"rows":"SECRET"}"#,
        r#"{"rows":["SECRET"]}"#,
        r#"{"nested":"SECRET"}"#,
        r#"{"kind":"SECRET"}"#,
        r#"{"kind":{"SECRET":1}}"#,
        r#"{"amount":"SECRET"}"#,
        r#"{"amount":{"SECRET":1}}"#,
        r#"{"pair":[{"bankCode":"1"},"SECRET"]}"#,
        r#"{"byName":{"SECRET":{}}}"#,
        r#"{"SECRET":SECRET}"#,
        r#""SECRET""#,
        r#"{"wrapped":"SECRET"}"#,
    ] {
        let error = read::<Message>(json).unwrap_err();
        let shown = format!("{error} {error:?} {}", error.field());
        assert!(!shown.contains("SECRET"), "{json}: {shown}");
    }
}

/// Scalars, separated by `|`.
const SCALARS: &str = concat!(
    r##"null|true|12|-0|1.50|1e2|"1.50"|" 7 "|""|"a\/b"|"\ud800"|"\u00f1"|"ñ"|"Bank"|"##,
    r##"99999999999999999999|1e999|1.2E7|0E-8|"1.2E7"|0.30000000000000004|"3,900.00"|"-"|"##,
    r##""null""##,
);

const KEYS: &str = concat!(
    r##"controlNumber|contractNumber|CONTROL NUMBER|amount|Amount|rows|nested|wrapped|"##,
    r##"byName|pair|kind|received|entries|bankCode|bank\u0043ode|unknown"##,
);

/// JSON that partly resembles a message, in every kind of encoding.
fn encodings() -> impl Strategy<Value = String> {
    let one_of = |texts: &'static str| prop::sample::select(texts.split('|').collect::<Vec<_>>());
    let keys = one_of(KEYS);
    let blank = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    let scalar = one_of(SCALARS).prop_map(str::to_owned);
    scalar.prop_recursive(5, 40, 6, move |inner| {
        let entries = (keys.clone(), blank(), inner.clone())
            .prop_map(|(key, blank, value)| format!("{blank}\"{key}\"{blank}:{blank}{value}"));
        prop_oneof![
            3 => proptest::collection::vec(entries, 0..6)
                .prop_map(|entries| format!("{{{}}}", entries.join(","))),
            1 => proptest::collection::vec(inner, 0..4)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
        ]
    })
}

proptest! {
    // A list is read value by value if one of its entries is unreadable.
    #[test]
    fn one_pass_and_value_by_value_agree(
        json in encodings(),
        edit in proptest::option::of((any::<prop::sample::Index>(), "[]\\[{}:,\"0-9.en\\\\ ]?")),
    ) {
        let mut json = json;
        if let Some((place, new)) = edit {
            let (start, old) = json.char_indices().nth(place.index(json.chars().count())).unwrap();
            json.replace_range(start..start + old.len_utf8(), &new);
        }
        let what = |error: &ReadError| (error.field().to_owned(), error.reason());
        let alone = read::<Message>(&json).map_err(|error| what(&error));
        if serde_json::from_str::<IgnoredAny>(&json).is_err() {
            prop_assert!(alone.is_err(), "{}", json);
        } else {
            let List::<Message>(entries) = read(&format!("[{json},5]")).unwrap();
            let entry = entries.into_iter().next().unwrap();
            prop_assert_eq!(entry.map_err(|entry| what(entry.error())), alone, "{}", json);
        }
    }

    #[test]
    fn whitespace_and_case_never_matter(
        key in "[a-zA-Z]{1,12}", spaces in proptest::collection::vec(0_usize..12, 0..4),
    ) {
        let mut literal = "CONTROLNUMBER".to_owned();
        for position in spaces {
            literal.insert(position, ' ');
        }
        let with = |key: &str| json!({ key: "A1" }).to_string();
        prop_assert_eq!(read(&with(&literal)), Ok(message("A1")));
        let longer = format!("{literal}{key}");
        prop_assert_eq!(read(&with(&longer)), Ok(Message::default()));
    }

    #[test]
    fn no_text_makes_reading_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..64), json in r#"[]\[{}:,"a-z0-9\\ ]{0,64}"#,
    ) {
        let _ = (from_slice::<Message>(&bytes), read::<Message>(&json));
    }
}
