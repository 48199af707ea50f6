//! Tests of the preparation before anything is compiled and run.

use std::collections::BTreeSet;

use edits::Case;

use crate::exceptions::EXCEPTIONS;
use crate::samples::{matching, samples};
use crate::schemas::as_read;
use crate::{refused, rows, rules, sample};
use serde_json::json;

#[test]
fn a_sample_shows_every_kind_of_change() {
    let rows = rows(&xtask::root().unwrap()).unwrap();
    let shown = |rows: &[Case]| -> BTreeSet<String> {
        let taken = rows.iter().filter(|row| !refused(row));
        taken.flat_map(rules).map(str::to_owned).collect()
    };
    let sample = sample(&rows);
    assert_eq!(shown(&sample), shown(&rows));
    assert!(
        sample.len() <= shown(&rows).len(),
        "no kind is shown without need"
    );
    assert!(sample.len() * 2 < rows.len(), "it is a sample");
}

#[test]
fn every_exception_is_about_a_kind_of_change_that_is_proved() {
    let rows = rows(&xtask::root().unwrap()).unwrap();
    let shown: BTreeSet<_> = rows.iter().flat_map(rules).collect();
    for exception in EXCEPTIONS.iter() {
        for rule in exception.rules.split(' ') {
            assert!(shown.contains(rule), "{rule}: no row shows it");
        }
    }
}

#[test]
fn patterns_are_matched_in_each_of_their_ways() {
    for (pattern, beginnings, lengths) in [
        ("^0[89][0-9]{9}$", &["08", "09"][..], &[11][..]),
        ("^[A-C]{2,3}$", &["A", "B", "C"], &[2, 3]),
        ("^a(b|c)?$", &["a", "ab", "ac"], &[1, 2]),
        ("[", &[], &[]),
    ] {
        let texts = matching(pattern);
        let found: BTreeSet<_> = texts.iter().map(String::len).collect();
        assert_eq!(
            found,
            lengths.iter().copied().collect(),
            "{pattern}: {texts:?}"
        );
        for beginning in beginnings {
            let mut begins = texts.iter().map(|text| text.starts_with(beginning));
            assert!(begins.any(|begins| begins), "{pattern}: {texts:?}");
        }
    }
}

#[test]
fn samples_go_to_the_edge_of_what_differs() {
    let schema = |most: u64| {
        json!({
            "required": ["a"],
            "properties": {
                "a": { "type": "string", "maxLength": most, "example": "x" },
                "b": { "type": "string", "example": "y" },
            },
        })
    };
    let tried = samples([&json!({ "a": "x" })].into_iter(), [&schema(3), &schema(5)]);
    for message in [
        json!({ "a": "x" }),
        json!({ "a": "x", "b": "y" }),
        json!({ "a": "xxxxx" }),
        json!({ "a": "xxxxxx" }),
        json!({}),
    ] {
        assert!(tried.contains(&message), "{message} in {tried:?}");
    }
    let same = samples([&json!({ "a": "x" })].into_iter(), [&schema(3), &schema(3)]);
    assert!(same.iter().all(|message| message["a"] == "x"), "{same:?}");
}

#[test]
fn messages_are_read_as_generously_as_by_the_generated_code() {
    let tree = json!({
        "required": ["amount"],
        "properties": {
            "amount": {},
            "date": { "x-skypay-aliases": ["day"] },
            "rows": { "items": { "properties": { "name": {} } } },
        },
    });
    let message =
        json!({ "A mount": "", "Day": 1, "date ": "", "rows": [{ "NAME": 2 }], "more": 3 });
    let read = json!({ "amount": "", "date": 1, "rows": [{ "name": 2 }], "more": 3 });
    assert_eq!(as_read(&tree, &message), read);
}
