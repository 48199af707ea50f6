//! Every lint rule, with documents that violate it, and the exceptions.

use std::collections::BTreeSet;

use spec_tools::{RULES, Severity, lint, rule};

use edits::table;

/// A small document without violations.
const KEPT: &str = include_str!("../../../tests/documents/kept.yaml");

/// The rules that a document violates.
fn broken(text: &str) -> BTreeSet<&'static str> {
    lint(text).unwrap().iter().map(|found| found.rule).collect()
}

/// The rules that a document violates, with line numbers.
fn found(text: &str) -> Vec<(&'static str, usize)> {
    let found = lint(text).unwrap();
    let found = found.iter();
    found
        .map(|found| (found.rule, found.location.line))
        .collect()
}

/// Replaces a text that occurs once in a document.
fn edit(document: &str, find: &str, replace: &str) -> String {
    assert_eq!(document.matches(find).count(), 1, "{find:?}");
    document.replacen(find, replace, 1)
}

#[test]
fn a_document_without_mistakes_has_no_findings() {
    assert_eq!(lint(KEPT).unwrap(), []);
}

#[test]
fn each_rule_finds_the_documents_that_break_it() {
    let cases = table("../documents/lint.csv");
    let mut tested = BTreeSet::new();
    for case in &cases {
        let (id, document) = (case.name(), case.apply(KEPT).unwrap());
        assert_eq!(broken(&document), BTreeSet::from([id]), "{id}");
        tested.insert(id);
    }
    let rules = RULES
        .iter()
        .filter(|rule| rule.severity != Severity::Refused);
    let rules: BTreeSet<_> = rules.map(|rule| rule.id).collect();
    assert_eq!(tested, rules);
}

#[test]
fn the_table_is_sorted_and_complete() {
    let page = include_str!("../../../spec/rules.md");
    let written = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(RULES.len(), written);
    assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
    for rule in RULES.iter() {
        let id = rule.id;
        assert!(!rule.title.ends_with('.'), "{id}");
        assert!(rule.why.ends_with('.'), "{id}");
    }
}

/// A member of the operation `pay`, of its path item, of the request's schema, of a
/// field of the request and of the document.
const NODES: [(&str, &str); 5] = [
    (
        "      ",
        "      requestBody:\n        required: true\n        content:\n          application/json:\n            schema:\n              $ref: '#/components/schemas/PayRequest'\n",
    ),
    ("    ", "    post:\n      operationId: pay\n"),
    ("      ", "      description: Pays somebody.\n"),
    ("          ", "          maxLength: 13\n"),
    ("", "servers:\n  - url: https://test"),
];

/// Adds an exception next to a member of a document.
fn except(document: &str, (indent, member): (&str, &str), rule: &str, reason: &str) -> String {
    let exception = format!(
        "{indent}x-skypay-lint-exceptions:\n{indent}  - rule: {rule}\n{indent}    reason: {reason}\n"
    );
    edit(document, member, &format!("{exception}{member}"))
}

/// A document without `x-skypay-transaction-id`.
fn without_transaction_id() -> String {
    let field = "moves-money\n      x-skypay-transaction-id: controlNumber\n";
    edit(KEPT, field, "moves-money\n")
}

#[test]
fn an_exception_covers_its_node_and_what_is_below() {
    let text = without_transaction_id();
    assert_eq!(broken(&text), BTreeSet::from(["transaction-id"]));
    let [operation, path, schema, _, root] = NODES;
    for node in [operation, path, root] {
        let text = except(&text, node, "transaction-id", "It has to be.");
        assert_eq!(found(&text), [], "{node:?}");
    }
    // On another node it suppresses nothing and is reported.
    let text = except(&text, schema, "transaction-id", "It has to be.");
    assert!(broken(&text).contains("unneeded-exception"));
    assert!(broken(&text).contains("transaction-id"));
}

#[test]
fn an_exception_covers_no_other_rule() {
    let text = edit(
        &without_transaction_id(),
        "          x-skypay-unit: PHP\n          x-skypay-minimum",
        "          x-skypay-minimum",
    );
    let text = except(&text, NODES[4], "transaction-id", "A test.");
    assert_eq!(broken(&text), BTreeSet::from(["unit"]));
}

#[test]
fn only_the_inner_of_two_exceptions_is_needed() {
    let text = except(
        &without_transaction_id(),
        NODES[0],
        "transaction-id",
        "It has to be.",
    );
    let text = except(&text, NODES[4], "transaction-id", "Twice.");
    let outer = text.lines().position(|line| line.contains("- rule:"));
    assert_eq!(found(&text), [("unneeded-exception", outer.unwrap() + 1)]);
}

#[test]
fn an_exception_names_a_rule_that_can_have_one_and_says_why() {
    for (rule, reason) in [
        ("no-such-rule", "Why not."),
        ("retry", "The generator needs it."),
        ("unneeded-exception", "It is about exceptions."),
        ("exception-form", "It is about exceptions."),
        ("unit", "''"),
    ] {
        let text = except(KEPT, NODES[0], rule, reason);
        assert_eq!(broken(&text), BTreeSet::from(["exception-form"]), "{rule}");
    }
}

#[test]
fn an_exception_changes_no_generated_code_and_only_the_documentation() {
    let generated = codegen::generate(KEPT).unwrap().files;
    for node in NODES {
        let text = except(KEPT, node, "transaction-id", "A test.");
        assert_eq!(codegen::generate(&text).unwrap().files, generated);
        let report = spec_tools::diff::diff(KEPT, &text).unwrap();
        let [change] = report.changes.as_slice() else {
            panic!("one change: {:?}", report.changes);
        };
        assert_eq!(change.rule, "words-changed", "{node:?}");
        assert_eq!(report.severity, spec_tools::diff::Severity::Patch);
    }
}

/// A document with an additional field in a response.
fn with_field(name: &str, field: &str) -> String {
    let last = "          x-skypay-type: date-time\n          x-skypay-on-success: true\n";
    edit(KEPT, last, &format!("{last}        {name}: {field}\n"))
}

#[test]
fn what_names_something_needs_no_unit() {
    for (name, expected) in [("bankId", false), ("bankCount", true)] {
        let text = with_field(name, "{type: integer, description: A test., example: 1}");
        assert_eq!(broken(&text).contains("unit"), expected, "{name}");
    }
}

#[test]
fn names_differ_by_more_than_a_slip() {
    for (name, expected) in [
        ("bankNumber", false),
        ("BankNo", true),
        ("banNo", true),
        ("bnakNo", true),
        ("bankNr", true),
        ("bankNos", false),
        ("contrlNumber", true),
    ] {
        let text = with_field(name, "{type: string, description: A test., example: SEC}");
        assert_eq!(broken(&text).contains("similar-names"), expected, "{name}");
    }
}

#[test]
fn what_is_refused_is_found_with_what_is_only_bad() {
    let policy = "      x-skypay-retry:\n        policy: safe\n        note: At any time.\n";
    let asks_nothing = policy.replace("policy", "statusQuery: nothing\n        policy");
    let text = edit(&without_transaction_id(), policy, &asks_nothing);
    assert_eq!(broken(&text), BTreeSet::from(["retry", "transaction-id"]));
    assert_eq!(rule("retry").unwrap().severity, Severity::Refused);
}

#[test]
fn text_that_is_no_document_gets_one_message() {
    for text in ["", "a: [", "swagger: '2.0'\n", "- a\n"] {
        assert_eq!(lint(text).unwrap_err().as_slice().len(), 1, "{text:?}");
    }
}

#[test]
fn every_finding_has_a_place_in_the_text() {
    let text = KEPT.replace("maxLength: 50\n", "minLength: 1\n");
    let found = lint(&text).unwrap();
    assert!(found.len() > 1);
    for one in found {
        assert!(one.location.line > 1, "{one:?}");
        assert!(!one.location.pointer.is_empty(), "{one:?}");
    }
}
