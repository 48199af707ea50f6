//! The impact of edits of a small document that involve several keywords.

use std::collections::BTreeMap;

use spec_tools::diff::{compare, diff};

use ::edits::{Case, read, table};

use super::verdict;

/// The document to edit. Parameters are declared by the edits.
fn small() -> String {
    let text = read("../documents/accepted.yaml");
    let (before, rest) = text.split_once("  parameters:\n").unwrap();
    let (_, schemas) = rest.split_once("  schemas:\n").unwrap();
    let declared = "    parameters: [{$ref: '#/components/parameters/callerName'}]\n";
    before.replace(declared, "") + "  schemas:\n" + schemas
}

/// Replaces a text that occurs once in a document.
fn edit(document: &str, old: &str, new: &str) -> String {
    assert_eq!(document.matches(old).count(), 1, "{old}");
    document.replacen(old, new, 1)
}

/// The last field of a request.
const FIELD: &str =
    "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";

/// The impact of the edits in `small.csv`, by subject. Its rows are edits of the
/// old document, the new one or both.
#[test]
fn the_edits_of_the_table_mean_what_was_reviewed() {
    let cases = table("small.csv");
    for cases in cases.chunk_by(|a, b| a.get("subject") == b.get("subject")) {
        let described: String = cases.iter().map(described).collect();
        insta::assert_snapshot!(cases[0].get("subject"), described);
    }
}

/// Formats the impact of all changes between two documents, and of each change.
fn described(case: &Case) -> String {
    let [old, new] = ["old", "new"].map(|side| {
        let edits = case.edits.iter();
        let edits = edits.filter(|row| [side, "both"].contains(&row.get("side")));
        edits.fold(small(), |document, row| row.apply(&document).unwrap())
    });
    let report = diff(&old, &new).unwrap();
    let mut text = format!("{}: {}\n", case.name(), verdict(&report));
    for change in &report.changes {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        text += &format!(
            "  {} {}: {old:?} -> {new:?}\n    {} {:?}\n",
            change.rule, change.subject, change.severity, change.impact
        );
    }
    text
}

/// Changes every form of a value to every other.
#[test]
fn each_form_becomes_another_as_reviewed() {
    let text = small();
    let forms = [
        "type: string",
        "type: string, x-skypay-sensitive: true",
        "type: string, enum: [A, B]",
        "type: string, pattern: A",
        "type: string, x-skypay-newtype: true",
        "type: string, x-skypay-type: person-name",
        "type: string, x-skypay-type: amount",
        "type: string, x-skypay-type: date",
        "type: string, x-skypay-type: date, pattern: A",
        "type: string, x-skypay-type: date-time",
        "type: string, x-skypay-type: date-time-fraction",
        "type: string, x-skypay-type: integer",
        "type: string, x-skypay-type: amount, x-skypay-minimum: '0.01'",
        "type: string, x-skypay-type: amount, x-skypay-sensitive: true",
        "type: number, x-skypay-type: amount",
        "type: number, x-skypay-type: amount, x-skypay-minimum: '0.01', maximum: 5",
        "type: number",
        "type: number, format: float",
        "type: number, format: double",
        "type: integer",
        "type: integer, minimum: 0",
        "type: integer, minimum: 0, maximum: 9",
        "type: integer, minimum: 1",
        "type: integer, format: int64",
        "type: boolean",
        "type: array, items: {type: string}",
        "type: array, items: {type: integer, minimum: 0}",
    ];
    let documents = forms.map(|form| {
        let document = edit(&text, FIELD, &format!("        bankNo: {{{form}}}\n"));
        spec_tools::diff::read(&document).unwrap()
    });
    let mut told = String::new();
    for (from, old) in forms.iter().zip(&documents) {
        let mut meanings = BTreeMap::<_, Vec<_>>::new();
        for (to, new) in forms.iter().zip(&documents) {
            let report = compare(old, new);
            let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
            let meaning = format!("{} {}", verdict(&report), rules.join(" "));
            meanings.entry(meaning).or_default().push(*to);
        }
        told += &format!("{from}\n");
        for (meaning, to) in meanings {
            told += &format!("  {meaning}\n    {}\n", to.join("\n    "));
        }
    }
    insta::assert_snapshot!(told);
}
