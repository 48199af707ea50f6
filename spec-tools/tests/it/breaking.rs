//! The impact of edits: every row of `tests/breaking/verdicts.csv` on `base.yaml`
//! next to it, and every row of `tests/breaking/ours.csv` on the real document.

mod edits;
mod words;

use std::num::NonZero;
use std::thread;

use spec_tools::diff::{Change, Part, Report, Role, Severity, compare, diff};

use ::edits::{Case, edited_base, read, table};

use crate::real;

/// Formats the verdict like the columns of a row.
fn verdict(report: &Report) -> String {
    let impact = report.impact;
    let lint = report.changes.iter().find_map(|change| change.lint);
    [
        report.severity.word(),
        impact.caller.word(),
        impact.callee.word(),
        impact.client.word(),
        impact.server.word(),
        lint.unwrap_or_default(),
    ]
    .join(",")
}

fn expected(case: &Case) -> String {
    [
        "headline",
        "wire_client",
        "wire_server",
        "bump_client_crate",
        "bump_server_crate",
        "lint",
    ]
    .map(|column| case.get(column))
    .join(",")
}

fn told(report: &Report) -> String {
    let lines = report.changes.iter().map(|change| {
        let location = &change.location;
        format!(
            "\n    {} {} {}:{} {} {:?} -> {:?} {:?}",
            change.severity,
            change.rule,
            location.line,
            location.column,
            location.pointer,
            change.old,
            change.new,
            change.impact
        )
    });
    lines.collect()
}

#[test]
fn every_case_gets_its_verdict() {
    let base = read("base.yaml");
    let cases = table("verdicts.csv");
    let mut wrong = Vec::new();
    for case in &cases {
        let report = diff(&base, &case.apply(&base).unwrap()).unwrap();
        let (actual, expected) = (verdict(&report), expected(case));
        if actual != expected {
            let name = case.name();
            wrong.push(format!("{name}\n  {actual}\n  {expected}{}", told(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases.len(), 45, "all rows were there to be read");
}

/// The complete report of every edit, in both directions.
#[test]
fn each_edit_is_told_as_reviewed() {
    let base = read("base.yaml");
    let mut told = String::new();
    for case in table("verdicts.csv") {
        let (case, edited) = (case.name(), case.apply(&base).unwrap());
        for (way, old, new) in [("there", &base, &edited), ("back", &edited, &base)] {
            let report = diff(old, new).unwrap();
            told += &format!("{case}, {way}: {}\n", verdict(&report));
            told.extend(report.changes.iter().map(in_full));
        }
    }
    insta::assert_snapshot!(told);
}

fn in_full(change: &Change) -> String {
    let Change {
        rule,
        subject,
        location,
        side,
        near,
        old,
        new,
        impact,
        severity,
        lint: _,
        users,
    } = change;
    let users: Vec<_> = users
        .iter()
        .map(|user| format!("{} {:?} {}", user.operation, user.part, user.callback))
        .collect();
    let roles = [Role::Partner, Role::Client, Role::Server].map(|role| change.severity_for(role));
    format!(
        "  {rule}: {subject}\n    {side:?} {}:{} {}, near {}:{} {}\n    {old:?} -> {new:?}\n    \
         {severity} {impact:?} {roles:?} {}\n    {}\n",
        location.line,
        location.column,
        location.pointer,
        near.line,
        near.column,
        near.pointer,
        change.fingerprint(),
        users.join(", ")
    )
}

#[test]
fn every_edit_of_the_real_document_gets_its_verdict() {
    let document = real();
    // No row depends on the version, which a release changes.
    let (before, rest) = document.split_once("\n  version: ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let document = format!("{before}\n  version: 7.1.0\n{after}");
    let tree = spec_tools::diff::read(&document).unwrap();
    let cases = table("ours.csv");
    assert!(cases.len() > 60, "all rows were there to be read");
    let wrong = |case: &Case| {
        let after = case.apply(&document).unwrap();
        let report = compare(&tree, &spec_tools::diff::read(&after).unwrap());
        let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
        let actual = format!("{} {}", verdict(&report), rules.join(" "));
        let expected = format!("{} {}", expected(case), case.get("rules"));
        let case = case.name();
        (actual != expected).then(|| format!("{case}\n  {actual}\n  {expected}{}", told(&report)))
    };
    // Each comparison takes a while without optimizations.
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let wrong: Vec<_> = thread::scope(|scope| {
        let parts = cases.chunks(cases.len().div_ceil(threads));
        let all = parts.map(|part| {
            scope.spawn(|| {
                let wrong = part.iter().filter_map(&wrong);
                wrong.collect::<Vec<_>>()
            })
        });
        let all: Vec<_> = all.collect();
        all.into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_shared_is_reported_once_with_its_users() {
    let case = edited_base("48-shared-envelope-field-added");
    let report = diff(&read("base.yaml"), &case).unwrap();
    let [change] = report.changes.as_slice() else {
        panic!("one change:{}", told(&report));
    };
    assert_eq!(change.subject, "ResponseEnvelope.traceId");
    let users: Vec<_> = change
        .users
        .iter()
        .map(|user| user.operation.as_str())
        .collect();
    let expected = [
        "balanceQuery",
        "cancelPayout",
        "payoutQueryStatus",
        "payoutQueue",
    ];
    assert_eq!(users, expected);
    assert!(
        change
            .users
            .iter()
            .all(|user| user.part == Some(Part::Response))
    );
    let line = case.lines().nth(change.location.line - 1).unwrap();
    assert_eq!(line.trim(), "traceId:");
}

#[test]
fn order_alone_is_no_change_and_no_edit_is_not_even_a_patch() {
    let base = read("base.yaml");
    let reordered = diff(&base, &edited_base("45-keys-reordered")).unwrap();
    assert!(reordered.changes.is_empty(), "{}", told(&reordered));
    assert_eq!(reordered.severity, Severity::Patch);
    for document in [base, real()] {
        let report = diff(&document, &document).unwrap();
        assert!(report.changes.is_empty(), "{}", told(&report));
        assert_eq!(verdict(&report), "none,ok,ok,none,none,");
        let version = spec_tools::diff::read(&document).unwrap();
        let version = version.get("info").unwrap().text_of("version");
        assert_eq!(Some(report.old_version.as_str()), version);
        assert_eq!(Some(report.new_version.as_str()), version);
    }
}

#[test]
fn places_stand_in_the_document_that_they_name() {
    let (old, new) = (read("base.yaml"), edited_base("01-api-op-removed"));
    let report = diff(&old, &new).unwrap();
    let change = &report.changes[0];
    assert_eq!(change.side, spec_tools::diff::Side::Old);
    let line = old.lines().nth(change.location.line - 1).unwrap();
    assert!(line.contains("#cancelPayout"), "{line}");
    let near = new.lines().nth(change.near.line - 1).unwrap();
    assert_eq!(near, "paths:");
}

#[test]
fn other_texts_are_refused_with_their_place() {
    let base = read("base.yaml");
    for (text, rule) in [
        ("", "yaml"),
        ("a: [", "yaml"),
        ("- a\n", "yaml"),
        ("swagger: '2.0'\npaths: {}\n", "shape"),
        ("openapi: 3.0.3\ninfo: {}\n", "shape"),
    ] {
        for diagnostics in [
            diff(text, &base).unwrap_err(),
            diff(&base, text).unwrap_err(),
        ] {
            assert_eq!(diagnostics.as_slice()[0].rule, rule, "{text:?}");
        }
    }
}
