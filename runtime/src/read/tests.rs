use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::keys::match_field;
use super::{MAX_DEPTH, ReadError, explain, from_slice};
use crate::received::{Entries, Entry, Received};
use crate::value::Amount;

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
    odd: Received<Amount>,
    entries: Entries<Row>,
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

/// What can be read in one pass is the same when it is read value by value.
fn read(json: &str) -> Result<Message, ReadError> {
    let read = from_slice(json.as_bytes());
    if !json.starts_with('\u{feff}') {
        assert_eq!(explain(json), read, "{json}");
    }
    read
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

fn check(json: &str, expected: &str) {
    let error = read(json).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(error, Err(expected.to_owned()), "{json}");
}

#[test]
fn keys_are_the_same_but_for_case_and_blanks() {
    for key in [
        "controlNumber",
        "CONTROLNUMBER",
        "control number",
        " Control\tNumber ",
        "control\u{a0}Number",
        "control  number",
        "c o n t r o l n u m b e r",
        "\u{feff}controlNumber",
        "control\u{3000}number",
        "contractNumber",
        "Contract Number",
    ] {
        let json = serde_json::json!({ key: "A1" }).to_string();
        assert_eq!(read(&json), Ok(message("A1")), "{json}");
    }
    assert_eq!(read(r#"{"\u0063ontrolNumber":"A1"}"#), Ok(message("A1")));
    for key in [
        "control_number",
        "control-number",
        "controlNumbers",
        "",
        " ",
        "c\u{f3}ntrolNumber",
    ] {
        let json = serde_json::json!({ key: "A1" }).to_string();
        assert_eq!(read(&json), Ok(Message::default()), "{json}");
    }
}

#[test]
fn an_exact_key_is_not_mistaken_for_a_similar_one() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Similar {
        amount: u8,
        #[serde(rename = "AMOUNT")]
        upper: u8,
    }

    let similar = from_slice(br#"{"AMOUNT":2,"amount":1}"#);
    assert_eq!(
        similar,
        Ok(Similar {
            amount: 1,
            upper: 2
        })
    );
}

#[test]
fn two_keys_for_one_field_are_refused() {
    for twice in [
        r#"{"controlNumber":"A","controlNumber":"B"}"#,
        r#"{"controlNumber":"A","contractNumber":"B"}"#,
        r#"{"contractNumber":"A","controlNumber":"B"}"#,
        r#"{"controlNumber":"A","Control Number":"B"}"#,
        r#"{"CONTRACTNUMBER":"A","Control Number":"B"}"#,
        r#"{"controlNumber":"A","CONTROLNUMBER":null}"#,
    ] {
        check(twice, "controlNumber: is there twice (line 1, column 1)");
    }
    check(
        r#"{"rows":[{"bankCode":"A"},{"bankCode":"A","BankCode":"B"}]}"#,
        "rows[1].bankCode: is there twice (line 1, column 27)",
    );
}

#[test]
fn an_object_may_come_as_a_plain_text_but_has_no_key_for_it() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Label {
        #[serde(alias = "$plain")]
        name: String,
    }

    for (json, name) in [
        (r#"" A ""#, Some("A")),
        ("7", Some("7")),
        (r#"{"name":"A","other":"B"}"#, Some("A")),
        (r#"{"$plain":"B","name":"A"}"#, Some("A")),
        (r#"{"name":"A","$plain":"B"}"#, Some("A")),
        (r#"{" $PLAIN":"B","name":"A"}"#, Some("A")),
        (r#"{"$plain":"B"}"#, None),
        ("[]", None),
        ("null", None),
    ] {
        let label = from_slice::<Label>(json.as_bytes()).ok();
        let found = label.map(|label| label.name);
        assert_eq!(found.as_deref(), name, "{json}");
    }
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
    assert_eq!(read(null).map(|message| message.kind), Ok(Some(Kind::Bank)));
}

#[test]
fn raw_values_and_any_values_are_as_they_stand() {
    #[derive(Deserialize)]
    struct Raw {
        raw: Box<RawValue>,
        any: serde_json::Value,
        number: f64,
    }

    let json =
        r#"{"RAW": {"a" : [1.50]}, "any": {"B b": [true, null, -1, 2.5, "x\n"]}, "number": 1e2}"#;
    let raw: Raw = from_slice(json.as_bytes()).unwrap();
    assert_eq!(raw.raw.get(), r#"{"a" : [1.50]}"#);
    assert_eq!(
        raw.any,
        serde_json::json!({ "B b": [true, null, -1, 2.5, "x\n"] })
    );
    let any = br#"[true,false,"","1","x",7]"#;
    assert_eq!(
        from_slice::<serde_json::Value>(any),
        Ok(serde_json::json!([true, false, "", "1", "x", 7]))
    );
    assert_eq!(raw.number.to_string(), "100");

    let borrowed: &RawValue = serde_json::from_str("[ 1 ]").unwrap();
    let again: Box<RawValue> = from_slice(borrowed.get().as_bytes()).unwrap();
    assert_eq!(again.get(), "[ 1 ]");
}

/// What each value is read as; nothing if it is refused.
fn check_values<T: DeserializeOwned + PartialEq + Debug>(values: &[(&str, Option<T>)]) {
    for (json, expected) in values {
        for json in [json.to_string(), format!(" {json}\n")] {
            assert_eq!(&from_slice(json.as_bytes()).ok(), expected, "{json}");
            assert_eq!(&explain(&json).ok(), expected, "{json}");
        }
        // In a field its first byte is known before it is read.
        let json = format!(r#"{{"value": {json}}}"#);
        let read = from_slice::<BTreeMap<String, T>>(json.as_bytes()).ok();
        let value = read.and_then(|mut fields| fields.remove("value"));
        assert_eq!(&value, expected, "{json}");
    }
}

#[test]
fn a_scalar_may_come_as_any_other() {
    let text = |text: &str| Some(text.to_owned());
    check_values(&[
        (r#""SKY98""#, text("SKY98")),
        (r#"" kept ""#, text(" kept ")),
        (r#""""#, text("")),
        (r#""a\"b\\c\u00e9\n""#, text("a\"b\\c\u{e9}\n")),
        ("12345678901234567890123", text("12345678901234567890123")),
        ("-1.50", text("-1.50")),
        ("1E5", text("1E5")),
        ("true", text("true")),
        ("null", None),
        ("[]", None),
        (r#"["x"]"#, None),
        ("{}", None),
        (r#""\ud800""#, None),
    ]);
    check_values::<u32>(&[
        ("5", Some(5)),
        (r#"" 005 ""#, Some(5)),
        ("5.00", Some(5)),
        ("5e0", Some(5)),
        (r#""2E+3""#, Some(2000)),
        ("-1", None),
        ("4294967296", None),
        ("5.5", None),
        (r#""5.""#, None),
        ("5e-1", None),
        ("5e309", None),
        (r#""""#, None),
        (r#""5 0""#, None),
        ("true", None),
        ("null", None),
    ]);
    check_values(&[("1.8446744073709551615E19", Some(u64::MAX))]);
    check_values(&[("-9223372036854775808", Some(i64::MIN))]);
    check_values(&[
        ("true", Some(true)),
        (r#"" TRUE ""#, Some(true)),
        ("1.0", Some(true)),
        (r#""False""#, Some(false)),
        ("0", Some(false)),
        ("2", None),
        (r#""yes""#, None),
        (r#""""#, None),
    ]);
}

#[test]
fn nothing_is_null_or_a_text_of_whitespace() {
    for nothing in ["null", r#""""#, r#""  ""#, r#""\u00a0\n""#, "\"\u{a0}\""] {
        check_values::<Option<String>>(&[(nothing, Some(None))]);
        check_values::<Option<Row>>(&[(nothing, Some(None))]);
        check_values::<Vec<u32>>(&[(nothing, Some(Vec::new()))]);
    }
    check_values(&[
        ("7", Some(Some(7_u32))),
        (r#"" 7 ""#, Some(Some(7))),
        (r#""-""#, None),
    ]);
    check_values(&[
        (r#"[1, "2", 3.0]"#, Some(vec![1_u32, 2, 3])),
        ("[null]", None),
        ("{}", None),
        ("5", None),
        (r#""x""#, None),
    ]);
}

#[test]
fn errors_say_what_and_where() {
    check(
        r#"{"amount":"1.234"}"#,
        "amount: expected an amount with at most two decimals (line 1, column 11)",
    );
    check(
        "{\n  \"amount\": []}",
        "amount: expected a text, a number, true or false (line 2, column 13)",
    );
    check(
        "{\"rows\":[{\"bankCode\":\"\u{4e00}\"},\n {}]}",
        "rows[1].bankCode: is missing (line 2, column 2)",
    );
    check(
        r#"{"controlNumber":"\u4e00é","Nested":{"nested":{"rows":[{"BANKCODE":null}]}}}"#,
        "nested.nested.rows[0].bankCode: expected a value, not null (line 1, column 68)",
    );
    check(
        r#"{"rows":[5]}"#,
        "rows[0]: expected an object (line 1, column 10)",
    );
    check(r#"{"rows":{}}"#, "rows: expected a list (line 1, column 9)");
    check(
        r#"{"byName":{"some name":{}}}"#,
        "byName.bankCode: is missing (line 1, column 24)",
    );
    check(
        r#"{"pair":[{"bankCode":1},"x"]}"#,
        "pair[1]: expected a whole number in the range of its type (line 1, column 25)",
    );
    check(r#"["A"]"#, "expected an object (line 1, column 1)");
    check("  \n null", "expected an object (line 2, column 2)");
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
        r#"{"a":"#,
        "\u{feff}\u{feff}{}",
        " \u{feff}{}",
        "// no\n{}",
        r#"{"a":"	"}"#,
    ] {
        let error = read(json).unwrap_err();
        assert!(
            error.to_string().starts_with("not valid JSON (line "),
            "{json}: {error}"
        );
    }
    assert!(from_slice::<Message>(b"{\"a\":\"\xff\"}").is_err());
    assert_eq!(
        read("{\n\"a\": x}").map_err(|error| (error.line(), error.column())),
        Err((2, 6))
    );
    let error = read(r#"{"rows":[{}]}"#).unwrap_err();
    assert_eq!(error.field(), "rows[0].bankCode");
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    assert_eq!(read("\u{feff}{}"), Ok(Message::default()));
    let json = "\u{feff}{\"controlNumber\":\"A1\"} ";
    assert_eq!(from_slice(json.as_bytes()), Ok(message("A1")));
    let error = from_slice::<Message>("\u{feff}{\"amount\":[]}".as_bytes()).unwrap_err();
    assert_eq!((error.line(), error.column()), (1, 11));
}

#[test]
fn nesting_has_an_end_even_in_what_is_ignored() {
    let nested = |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(read(&nested(126)), Ok(Message::default()));
    check(&nested(127), "nested too deep");
    check(&nested(1_000_000), "nested too deep");
    let text = format!(r#"{{"controlNumber":"\"{}"}}"#, "[{".repeat(1000));
    assert!(read(&text).is_ok());
    let unfinished = "{\"nested\":".repeat(1000);
    check(&unfinished, "nested too deep");

    let deep = nested(126);
    let both = format!(r#"{{"x":[],"y":[{}]}}"#, &deep[5..deep.len() - 1]);
    assert!(both.matches('[').count() > MAX_DEPTH);
    check(&both, "nested too deep");
    let beside = format!(r#"{{"y":[],{}"#, &deep[1..]);
    assert_eq!(read(&beside), Ok(Message::default()));
    let hidden = format!(
        r#"{{"x":{}{}}}"#,
        r#"["]}]","#.repeat(127),
        "0]".repeat(127)
    );
    check(&hidden, "nested too deep");
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
        r#"{"pair":["SECRET"]}"#,
        r#"{"byName":{"SECRET":{}}}"#,
        r#"{"SECRET":SECRET}"#,
        r#""SECRET""#,
        r#"{"wrapped":"SECRET"}"#,
    ] {
        let error = read(json).unwrap_err();
        let shown = format!("{error} {error:?} {}", error.field());
        assert!(!shown.contains("SECRET"), "{json}: {shown}");
    }
}

/// JSON that looks like a message here and there, in many spellings.
fn spellings() -> impl Strategy<Value = String> {
    let scalars = prop_oneof![
        Just("null"),
        Just("true"),
        Just("12"),
        Just("-0"),
        Just("1.50"),
        Just("1e2"),
        Just("\"1.50\""),
        Just("\" 7 \""),
        Just("\"\""),
        Just("\"a\\/b\""),
        Just("\"\\ud800\""),
        Just("\"\\u00f1\""),
        Just("\"\u{f1}\""),
        Just("\"Bank\""),
        Just("99999999999999999999"),
        Just("1e999"),
        Just("1.2E7"),
        Just("0E-8"),
        Just("\"1.2E7\""),
        Just("0.30000000000000004"),
        Just("\"3,900.00\""),
        Just("\"-\""),
        Just("\"null\""),
    ];
    let keys = prop_oneof![
        Just("controlNumber"),
        Just("contractNumber"),
        Just("CONTROL NUMBER"),
        Just("amount"),
        Just("Amount"),
        Just("rows"),
        Just("nested"),
        Just("wrapped"),
        Just("byName"),
        Just("pair"),
        Just("kind"),
        Just("odd"),
        Just("entries"),
        Just("bankCode"),
        Just("bank\\u0043ode"),
        Just("unknown"),
    ];
    let blank = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    let scalar = scalars.prop_map(str::to_owned);
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
    #[test]
    fn one_pass_and_value_by_value_agree(
        json in spellings(),
        edit in proptest::option::of((any::<prop::sample::Index>(), "[]\\[{}:,\"0-9.en\\\\ ]?")),
    ) {
        let mut json = json;
        if let Some((place, new)) = edit {
            let (start, old) = json.char_indices().nth(place.index(json.chars().count())).unwrap();
            json.replace_range(start..start + old.len_utf8(), &new);
        }
        // It compares the two.
        let _ = read(&json);
    }

    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), json in r#"[]\[{}:,"a-z0-9\\ ]{0,64}"#) {
        let _ = (from_slice::<Message>(&bytes), read(&json));
    }

    #[test]
    fn whitespace_and_case_never_matter(key in "[a-zA-Z]{1,12}", blanks in proptest::collection::vec(0_usize..12, 0..4)) {
        let mut literal = key.to_ascii_uppercase();
        for position in blanks {
            literal.insert(position.min(literal.len()), ' ');
        }
        prop_assert_eq!(match_field(&[&key], 0, &literal), Some(0));
        literal.push('x');
        prop_assert_eq!(match_field(&[&key], 0, &literal), None);
    }
}
