use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::keys::match_field;
use super::{explain, from_slice};
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
    received: Received<Amount>,
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

/// Separated by bars.
const SCALARS: &str = concat!(
    r##"null|true|12|-0|1.50|1e2|"1.50"|" 7 "|""|"a\/b"|"\ud800"|"\u00f1"|"ñ"|"Bank"|"##,
    r##"99999999999999999999|1e999|1.2E7|0E-8|"1.2E7"|0.30000000000000004|"3,900.00"|"-"|"##,
    r##""null""##,
);

const KEYS: &str = concat!(
    r##"controlNumber|contractNumber|CONTROL NUMBER|amount|Amount|rows|nested|wrapped|"##,
    r##"byName|pair|kind|received|entries|bankCode|bank\u0043ode|unknown"##,
);

/// JSON that resembles a message here and there, with every kind of encoding.
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
        prop_assert_eq!(explain::<Message>(&json), from_slice(json.as_bytes()), "{}", json);
    }

    #[test]
    fn whitespace_and_case_never_matter(
        key in "[a-zA-Z]{1,12}", spaces in proptest::collection::vec(0_usize..12, 0..4),
    ) {
        let mut literal = key.to_ascii_uppercase();
        for position in spaces {
            literal.insert(position.min(literal.len()), ' ');
        }
        prop_assert_eq!(match_field(&[&key], 0, &literal), Some(0));
        literal.push('x');
        prop_assert_eq!(match_field(&[&key], 0, &literal), None);
    }
}
