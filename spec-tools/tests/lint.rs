//! Every rule of the linter on its own examples, and the exceptions.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::collections::BTreeSet;

use codegen::document::load;
use spec_tools::{Example, Severity, lint};

/// A small document that keeps every rule.
const KEPT: &str = include_str!("../../tests/documents/kept.yaml");

/// The document with the members of a snippet in place of its own.
fn with_members(document: &str, at: &str, without: &[&str], snippet: &str) -> String {
    let root = load(document).unwrap();
    let node = at.split('/').skip(1).fold(&root, |node, step| {
        let key = step.replace("~1", "/").replace("~0", "~");
        node.get(&key).unwrap_or_else(|| panic!("{at} exists"))
    });
    let given = snippet.lines().filter(|line| !line.starts_with(' '));
    let given: BTreeSet<_> = given
        .filter_map(|line| line.split_once(':'))
        .map(|(key, _)| key.trim_matches('\''))
        .chain(without.iter().copied())
        .collect();
    let first = &node.entries()[0].location;
    let indent = " ".repeat(first.column - 1);
    let gone: Vec<_> = node
        .entries()
        .iter()
        .filter(|entry| given.contains(entry.key.as_str()))
        .map(|entry| entry.location.line)
        .collect();
    let mut lines = Vec::new();
    let mut skipping = false;
    // What replaces a member stands in its place, and what is new at the start.
    let target = gone.first().copied().unwrap_or(first.line);
    for (index, line) in document.lines().enumerate() {
        let number = index + 1;
        if number == target {
            lines.extend(snippet.lines().map(|line| format!("{indent}{line}")));
        }
        let deeper = line.starts_with(&format!("{indent} "));
        skipping = gone.contains(&number) || skipping && deeper;
        if !skipping {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

/// The names of the rules that find something in a document.
fn broken(text: &str) -> BTreeSet<&'static str> {
    match lint(text) {
        Ok(findings) => findings.iter().map(|finding| finding.rule.id).collect(),
        Err(diagnostics) => diagnostics.as_slice().iter().map(|one| one.rule).collect(),
    }
}

fn tried(example: &Example, snippet: &str) -> BTreeSet<&'static str> {
    broken(&with_members(KEPT, example.at, example.without, snippet))
}

#[test]
fn a_well_kept_document_is_silent() {
    assert_eq!(lint(KEPT).unwrap(), []);
}

#[test]
fn every_rule_finds_its_bad_example_and_passes_its_good_one() {
    let mut wrong = Vec::new();
    for rule in spec_tools::RULES {
        let expected = rule.example.also.iter().copied().chain([rule.id]).collect();
        let good = tried(&rule.example, rule.example.good);
        let bad = tried(&rule.example, rule.example.bad);
        if !good.is_empty() || bad != expected {
            wrong.push(format!("{}: good {good:?}, bad {bad:?}", rule.id));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_table_is_sorted_and_says_everything() {
    assert!(spec_tools::RULES.is_sorted_by(|a, b| a.id < b.id));
    for rule in spec_tools::RULES {
        let id = rule.id;
        assert!(rule.title.chars().count() <= 86, "{id}: {}", rule.title);
        assert!(!rule.title.ends_with('.'), "{id}");
        assert!(rule.why.ends_with('.'), "{id}");
        assert_ne!(rule.example.good, rule.example.bad, "{id}");
    }
}

fn found(text: &str) -> Vec<(&'static str, usize)> {
    let findings = lint(text).unwrap();
    let found = findings.iter();
    found
        .map(|finding| (finding.rule.id, finding.location.line))
        .collect()
}

const PAY: &str = "/paths/~1services~1{callerName}#pay/post";

#[test]
fn an_exception_covers_its_node_and_what_is_below() {
    let summary = with_members(KEPT, PAY, &[], "summary: Pay somebody.\n");
    assert_eq!(found(&summary).len(), 1);
    let exception =
        "x-skypay-lint-exceptions:\n  - rule: summary-form\n    reason: It has to be.\n";
    for at in [PAY, "/paths/~1services~1{callerName}#pay", ""] {
        let text = with_members(&summary, at, &[], exception);
        assert_eq!(found(&text), [], "{at}");
    }
    // Somewhere else it covers nothing, and says so.
    let elsewhere = "/paths/~1services~1{callerName}#ask/post";
    let text = with_members(&summary, elsewhere, &[], exception);
    let rules: Vec<_> = found(&text).iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, ["summary-form", "unneeded-exception"]);
}

#[test]
fn an_exception_covers_no_other_rule() {
    let text = with_members(
        KEPT,
        PAY,
        &["x-skypay-transaction-id"],
        "summary: Pay somebody.\n",
    );
    let exception = "x-skypay-lint-exceptions:\n  - rule: transaction-id\n    reason: A test.\n";
    let text = with_members(&text, PAY, &[], exception);
    assert_eq!(broken(&text), BTreeSet::from(["summary-form"]));
}

#[test]
fn what_names_something_needs_no_unit() {
    for (name, expected) in [("bankId", false), ("bankCount", true)] {
        let field = format!("{name}:\n  type: integer\n  description: A test.\n  example: 1\n");
        let at = "/components/schemas/AskResponse/properties";
        let text = with_members(KEPT, at, &[], &field);
        assert_eq!(broken(&text).contains("unit"), expected, "{name}");
    }
}

#[test]
fn a_code_or_a_row_can_have_an_exception_too() {
    let row = "x-skypay-result-codes:
  - code: '1000'
    source: listed
    meaning: Accepted
    x-skypay-lint-exceptions:
      - rule: full-stop
        reason: A word says it all.
";
    let text = with_members(KEPT, PAY, &[], row);
    assert!(
        found(&text).iter().all(|(rule, _)| *rule != "full-stop"),
        "{:?}",
        found(&text)
    );
}

#[test]
fn only_the_inner_of_two_exceptions_is_needed() {
    let inner = "summary: Pay somebody.
x-skypay-lint-exceptions:
  - rule: summary-form
    reason: It has to be.
";
    let text = with_members(KEPT, PAY, &[], inner);
    let outer = "x-skypay-lint-exceptions:\n  - rule: summary-form\n    reason: Twice.\n";
    let text = with_members(&text, "", &[], outer);
    assert_eq!(found(&text), [("unneeded-exception", 2)]);
}

#[test]
fn an_exception_names_a_rule_that_can_have_one_and_says_why() {
    for (rule, reason) in [
        ("no-such-rule", "Why not."),
        ("retry", "The generator needs it."),
        ("unneeded-exception", "It is about exceptions."),
        ("exception-form", "It is about exceptions."),
        ("summary-form", "''"),
    ] {
        let row = format!("x-skypay-lint-exceptions:\n  - rule: {rule}\n    reason: {reason}\n");
        let text = with_members(KEPT, PAY, &[], &row);
        let rules: Vec<_> = found(&text).iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules, ["exception-form"], "{rule}");
    }
}

#[test]
fn an_exception_changes_nothing_that_is_generated() {
    let exception = "x-skypay-lint-exceptions:\n  - rule: transaction-id\n    reason: A test.\n";
    for at in ["", PAY, "/components/schemas/PayRequest", "/info"] {
        let text = with_members(KEPT, at, &[], exception);
        let with = codegen::generate(&text).unwrap();
        assert_eq!(with.files, codegen::generate(KEPT).unwrap().files, "{at}");
    }
}

#[test]
fn an_exception_is_no_more_than_a_word_to_a_comparison() {
    let exception = "x-skypay-lint-exceptions:\n  - rule: transaction-id\n    reason: A test.\n";
    for at in [
        "",
        "/info",
        PAY,
        "/paths/~1services~1{callerName}#pay",
        "/components/schemas/PayRequest",
        "/components/schemas/PayRequest/properties/amount",
    ] {
        let text = with_members(KEPT, at, &[], exception);
        let report = spec_tools::diff::diff(KEPT, &text).unwrap();
        let [change] = report.changes.as_slice() else {
            panic!("one change: {:?}", report.changes);
        };
        assert_eq!(change.rule, "words-changed", "{at}");
        assert_eq!(report.headline, spec_tools::diff::Headline::Patch, "{at}");
    }
}

#[test]
fn what_is_refused_is_found_with_what_is_only_bad() {
    let text = with_members(KEPT, PAY, &["x-skypay-retry"], "summary: Pay somebody.\n");
    let rules: Vec<_> = found(&text).iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, ["retry", "summary-form"]);
    let worst = lint(&text)
        .unwrap()
        .iter()
        .map(|one| one.rule.severity)
        .max();
    assert_eq!(worst, Some(Severity::Refused));
}

#[test]
fn names_differ_by_more_than_a_slip() {
    let check = |name: &str, expected: bool| {
        let field = format!(
            "{name}:\n  type: string\n  maxLength: 50\n  description: A test.\n  example: SEC\n"
        );
        let at = "/components/schemas/AskResponse/properties";
        let text = with_members(KEPT, at, &[], &field);
        let slip = found(&text)
            .iter()
            .any(|(rule, _)| *rule == "similar-names");
        assert_eq!(slip, expected, "{name}");
    };
    check("bankNumber", false);
    check("BankNo", true);
    check("banNo", true);
    check("bnakNo", true);
    check("bankNr", true);
    check("bankNos", false);
    check("contrlNumber", true);
}

#[test]
fn a_section_is_used_described_and_known() {
    for tags in [
        "tags:\n  - name: Payments\n",
        "tags:\n  - name: Others\n    description: None.\n",
        "tags:\n  - name: Payments\n    description: All.\n  - name: Others\n    description: None.\n",
    ] {
        let text = with_members(KEPT, "", &[], tags);
        assert_eq!(broken(&text), BTreeSet::from(["sections"]), "{tags}");
    }
}

#[test]
fn text_that_is_no_document_gets_one_message() {
    for text in ["", "a: [", "swagger: '2.0'\n", "- a\n"] {
        assert_eq!(lint(text).unwrap_err().as_slice().len(), 1, "{text:?}");
    }
}

#[test]
fn the_node_of_a_line_is_named() {
    let text = with_members(KEPT, PAY, &[], "summary: Pay somebody  \n");
    let finding = &lint(&text).unwrap()[0];
    assert_eq!(finding.location.pointer, format!("{PAY}/summary"));
    let line = text.lines().nth(finding.location.line - 1).unwrap();
    assert_eq!(line.chars().nth(finding.location.column - 1), Some(' '));
}

#[test]
fn every_finding_has_a_place_in_the_text() {
    let text = KEPT.replace("maxLength: 50\n", "minLength: 1\n");
    let findings = lint(&text).unwrap();
    assert!(findings.len() > 1);
    for finding in findings {
        assert!(finding.location.line > 1, "{finding:?}");
        assert!(!finding.location.pointer.is_empty(), "{finding:?}");
    }
}
