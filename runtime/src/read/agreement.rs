//! Random spellings of random messages, read by the lenient deserializer and by
//! the reader that it replaces.
#![allow(
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "it is deleted with the next change"
)]

use std::fmt::Debug;

use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{from_slice, oracle};

macro_rules! code_table {
    () => {
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table {
            One,
            Failed,
            Unlisted(crate::codes::Unlisted),
        }
        crate::codes!(Table { One = "1", Failed = "-1009" });

        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct Number(String);
        crate::text_type!(Number, public);
    };
}

/// As generated now.
mod now {
    use super::*;
    use crate::received::*;
    use crate::value::*;
    code_table!();

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Message {
        #[serde(alias = "contractNumber")]
        control_number: Number,
        text: String,
        code: Option<Table>,
        amount: Option<Amount>,
        count: Option<u32>,
        flag: Option<bool>,
        name: Option<PersonName>,
        secret: Option<Sensitive>,
        birthday: Option<Sensitive<Date>>,
        province: Option<IntegerText>,
        seen: Received<DateTime>,
        odd: Received<Amount>,
        odd_count: Received<u64>,
        odd_text: Received<String>,
        #[serde(default)]
        codes: Vec<Table>,
        #[serde(default)]
        rows: Vec<Row>,
        #[serde(default)]
        plain_rows: Vec<Row2>,
        #[serde(default)]
        entries: Entries<Row>,
        #[serde(default)]
        plain_entries: Entries<Row2>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Row {
        #[serde(alias = "code")]
        bank_code: Number,
        amount: Amount,
        odd: Received<DateTime>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Row2 {
        #[serde(alias = "$plain")]
        control_number: Number,
        odd: Received<Table>,
    }

    impl Entry for Row {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["bankCode", "code"]];
    }
    impl Entry for Row2 {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["controlNumber"]];
    }
}

/// As generated before.
mod before {
    use super::oracle::wire;
    use super::*;
    use crate::received::*;
    use crate::value::*;
    code_table!();

    impl wire::FromWire for Table {
        fn from_wire(text: &str) -> Result<Self, WireError> {
            Ok(Self::from(&*number::plain(text)))
        }
    }
    impl wire::FromWire for Number {
        fn from_wire(text: &str) -> Result<Self, WireError> {
            Ok(Self::from(text))
        }
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Message {
        #[serde(alias = "contractNumber", deserialize_with = "wire::required")]
        control_number: Number,
        #[serde(deserialize_with = "wire::required")]
        text: String,
        #[serde(default, deserialize_with = "wire::optional")]
        code: Option<Table>,
        #[serde(default, deserialize_with = "wire::optional")]
        amount: Option<Amount>,
        #[serde(default, deserialize_with = "wire::optional")]
        count: Option<u32>,
        #[serde(default, deserialize_with = "wire::optional")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "wire::optional")]
        name: Option<PersonName>,
        #[serde(default, deserialize_with = "wire::optional")]
        secret: Option<Sensitive>,
        #[serde(default, deserialize_with = "wire::optional")]
        birthday: Option<Sensitive<Date>>,
        #[serde(default, deserialize_with = "wire::optional")]
        province: Option<IntegerText>,
        #[serde(default, deserialize_with = "wire::received")]
        seen: Received<DateTime>,
        #[serde(default, deserialize_with = "wire::received")]
        odd: Received<Amount>,
        #[serde(default, deserialize_with = "wire::received")]
        odd_count: Received<u64>,
        #[serde(default, deserialize_with = "wire::received")]
        odd_text: Received<String>,
        #[serde(default, deserialize_with = "wire::list")]
        codes: Vec<Table>,
        #[serde(default, deserialize_with = "wire::rows")]
        rows: Vec<Row>,
        #[serde(default, deserialize_with = "wire::rows_or_plain")]
        plain_rows: Vec<Row2>,
        #[serde(default, deserialize_with = "wire::entries")]
        entries: Entries<Row>,
        #[serde(default, deserialize_with = "wire::entries_or_plain")]
        plain_entries: Entries<Row2>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Row {
        #[serde(alias = "code", deserialize_with = "wire::required")]
        bank_code: Number,
        #[serde(deserialize_with = "wire::required")]
        amount: Amount,
        #[serde(default, deserialize_with = "wire::received")]
        odd: Received<DateTime>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Row2 {
        #[serde(deserialize_with = "wire::required")]
        control_number: Number,
        #[serde(default, deserialize_with = "wire::received")]
        odd: Received<Table>,
    }

    impl wire::FromPlain for Row2 {
        fn from_plain(text: String) -> Self {
            Self {
                control_number: text.into(),
                odd: Received::Absent,
            }
        }
    }
    impl Entry for Row {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["bankCode", "code"]];
    }
    impl Entry for Row2 {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["controlNumber"]];
    }
}

fn shown<T: DeserializeOwned + Debug + Serialize>(
    read: Result<T, super::ReadError>,
) -> Result<(String, String), String> {
    match read {
        Ok(value) => Ok((format!("{value:?}"), serde_json::to_string(&value).unwrap())),
        Err(error) => Err(error.to_string()),
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "null", "true", "false", "12", "-0", "1.50", "1e2", "\"1.50\"", "\" 7 \"", "\"\"",
            "\" \"", "\"\\u00a0\\n\"", "\"\u{a0}\"", "\"a\\/b\"", "\"\\ud800\"", "\"\\u00f1\"",
            "\"\u{f1}\"", "99999999999999999999", "1e999", "1.2E7", "0E-8", "\"1.2E7\"", "2.0",
            "\"2.0\"", "0.30000000000000004", "\"3,900.00\"", "\"-\"", "\"null\"", "\"TRUE\"", "1",
            "\"0000-00-00 00:00:00\"", "-1009", "\"$plain\"", "\"+5\"", "\"NaN\"", "\"\\t\\\"\"",
        ]).prop_map(str::to_owned),
        3 => "\"(2024-02-05|1991-10-02 10:15:30)( 10:21:09(\\.[0-9]{1,9})?(Z|\\+08:00)?)?\"",
        3 => "\"?-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,3})?\"?",
        2 => "\".{0,6}\"",
    ]
}

fn key() -> impl Strategy<Value = String> {
    let names = prop::sample::select(vec![
        "controlNumber",
        "contractNumber",
        "text",
        "code",
        "amount",
        "count",
        "flag",
        "name",
        "secret",
        "birthday",
        "province",
        "seen",
        "odd",
        "oddCount",
        "oddText",
        "codes",
        "rows",
        "plainRows",
        "entries",
        "plainEntries",
        "bankCode",
        "unknown",
        "$plain",
    ]);
    (names, 0..8_u8).prop_map(|(name, how)| match how {
        0 => name.to_uppercase(),
        1 => format!(" {name}\\t"),
        2 => name.replace('o', "\\u006f"),
        3 => name.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        _ => name.to_owned(),
    })
}

fn object(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let blank = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    let member = (key(), blank(), value)
        .prop_map(|(key, blank, value)| format!("{blank}\"{key}\"{blank}:{blank}{value}"));
    proptest::collection::vec(member, 0..8)
        .prop_map(|members| format!("{{{}}}", members.join(",")))
        .boxed()
}

/// A row, a whole message now and then, and anything else.
fn message() -> impl Strategy<Value = String> {
    let row = prop_oneof![
        3 => (scalar(), scalar(), scalar(), 0..4_u8).prop_map(|(number, amount, odd, name)| {
            let name = ["bankCode", "CODE", "controlNumber", "bank code"][usize::from(name)];
            format!(r#"{{"{name}":{number},"amount":{amount},"odd":{odd}}}"#)
        }),
        2 => object(scalar()),
        1 => scalar(),
        1 => Just("[]".to_owned()),
    ];
    let list = prop_oneof![
        5 => proptest::collection::vec(row, 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
        1 => scalar(),
        1 => proptest::collection::vec(scalar(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
    ];
    let lists = ["codes", "rows", "plainRows", "entries", "plainEntries"];
    let list = (0..lists.len(), list)
        .prop_map(move |(index, list)| format!(",\"{}\":{list}", lists[index]));
    let rest = prop_oneof![
        3 => proptest::collection::vec(list, 0..3).prop_map(|lists| lists.concat()),
        1 => object(scalar()).prop_map(|object| match object.as_str() {
            "{}" => String::new(),
            object => format!(",{}", &object[1..object.len() - 1]),
        }),
    ];
    prop_oneof![
        6 => (proptest::collection::vec((key(), scalar()), 0..6), rest).prop_map(|(fields, rest)| {
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!(",\"{key}\":{value}")).collect();
            format!("{{\"controlNumber\":\"A\",\"text\":\"b\"{}{rest}}}", fields.concat())
        }),
        1 => object(object(scalar())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn both_readers_agree(
        json in message(),
        edit in proptest::option::weighted(0.3, (any::<prop::sample::Index>(), "[]\\[{}:,\"0-9.en\\\\ ]?")),
    ) {
        let mut json = json;
        if let Some((place, new)) = edit {
            let (start, old) = json.char_indices().nth(place.index(json.chars().count())).unwrap();
            json.replace_range(start..start + old.len_utf8(), &new);
        }
        let now = shown(from_slice::<now::Message>(json.as_bytes()));
        let before = shown(oracle::from_slice::<before::Message>(json.as_bytes()));
        // Where the old reader gave no reason, or another for what is no list.
        let vague = "is not what was expected";
        match (now, before) {
            (Err(now), Err(before))
                if before.contains(vague) || now.contains("expected a list") =>
            {
                let place = |error: &str| error.rsplit_once(": ").map_or(String::new(), |it| it.0.to_owned());
                prop_assert_eq!(place(&now), place(&before), "{}", json);
            }
            (now, before) => prop_assert_eq!(now, before, "{}", json),
        }
    }
}
