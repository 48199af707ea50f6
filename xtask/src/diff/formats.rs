//! The report for programs.

use std::collections::BTreeSet;

use codegen::diff::{Change, Headline, Part, Side};
use serde_json::{Value, json};

use crate::generate::DOCUMENT;
use crate::{Ending, diff::Threshold};

use super::Told;
use super::text::{consequence, location, sentence, summary, users};

/// JSON, with every part of the report.
pub(super) fn json(told: &Told<'_>) -> String {
    let report = told.report;
    let verdict = report.verdict;
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|change| one(change, told))
        .collect();
    pretty(&json!({
        "against": told.against,
        "role": told.role.word(),
        "headline": told.headline().word(),
        "wire": {"caller": verdict.caller.word(), "callee": verdict.callee.word()},
        "bump": {
            "types": report.types().word(),
            "client": verdict.client.word(),
            "server": verdict.server.word(),
        },
        "changes": changes,
    }))
}

fn one(change: &Change, told: &Told<'_>) -> Value {
    let verdict = change.verdict;
    let users: Vec<_> = change
        .users
        .iter()
        .map(|user| {
            let part = user.part.map(|part| match part {
                Part::Request => "request",
                Part::Response => "response",
            });
            json!({"operation": user.operation, "part": part, "callback": user.callback})
        })
        .collect();
    json!({
        "rule": change.rule,
        "fingerprint": change.fingerprint(),
        "headline": change.headline_for(told.role.into()).word(),
        "subject": change.subject,
        "location": location(change, told.against),
        "file": DOCUMENT,
        "document": match change.side { Side::Old => "old", Side::New => "new" },
        "line": change.place.line,
        "column": change.place.column,
        "pointer": change.place.pointer,
        "old": change.old,
        "new": change.new,
        "wire": {"caller": verdict.caller.word(), "callee": verdict.callee.word()},
        "bump": {
            "types": verdict.types().word(),
            "client": verdict.client.word(),
            "server": verdict.server.word(),
        },
        "lint": change.lint,
        "users": users,
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Annotations that GitHub Actions shows beside the lines of a pull request.
pub(super) fn github(told: &Told<'_>) -> String {
    let mut out = String::new();
    for change in &told.report.changes {
        let level = match change.headline_for(told.role.into()) {
            headline if fails(told.fail_on, headline) => "error",
            Headline::SourceBreaking | Headline::Breaking | Headline::Risky => "warning",
            _ => "notice",
        };
        let title = format!("{}: {}", change.headline_for(told.role.into()), change.rule);
        out.push_str(&format!(
            "::{level} file={DOCUMENT},line={},col={},title={}::{}\n",
            change.near.line,
            change.near.column,
            command(&title, &[(',', "%2C"), (':', "%3A")]),
            command(&message(change, told), &[]),
        ));
    }
    out
}

/// Text inside a workflow command.
fn command(text: &str, more: &[(char, &str)]) -> String {
    let mut out = text.replace('%', "%25");
    out = out.replace('\r', "%0D").replace('\n', "%0A");
    for (character, escape) in more {
        out = out.replace(*character, escape);
    }
    out
}

/// What happened and what follows, on one line.
fn message(change: &Change, told: &Told<'_>) -> String {
    let parts = [
        sentence(change),
        consequence(change),
        users(change),
        format!("at {}", location(change, told.against)),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

fn fails(threshold: Threshold, headline: Headline) -> bool {
    threshold.ending(headline) == Ending::Findings
}

/// SARIF 2.1.0, as code scanning reads it.
pub(super) fn sarif(told: &Told<'_>) -> String {
    let rules: BTreeSet<_> = told
        .report
        .changes
        .iter()
        .map(|change| change.rule)
        .collect();
    let rules: Vec<_> = rules.into_iter().map(|id| json!({"id": id})).collect();
    let results: Vec<_> = told
        .report
        .changes
        .iter()
        .map(|change| result(change, told))
        .collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "cargo xtask diff", "rules": rules}},
            // Columns are counted in characters, as editors show them.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn result(change: &Change, told: &Told<'_>) -> Value {
    let headline = change.headline_for(told.role.into());
    let level = match headline {
        Headline::LintError | Headline::Breaking | Headline::SourceBreaking => "error",
        Headline::Risky => "warning",
        Headline::Compatible | Headline::Patch | Headline::None => "note",
    };
    json!({
        "ruleId": change.rule,
        "level": level,
        "message": {"text": message(change, told)},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": DOCUMENT},
            "region": {"startLine": change.near.line, "startColumn": change.near.column},
        }}],
        "partialFingerprints": {"change/v1": change.fingerprint()},
        "properties": {"headline": headline.word(), "pointer": change.place.pointer},
    })
}

/// JUnit XML: a case per change, failed where it is over the threshold.
pub(super) fn junit(told: &Told<'_>) -> String {
    let changes = &told.report.changes;
    let failed = |change: &&Change| fails(told.fail_on, change.headline_for(told.role.into()));
    let failures = changes.iter().filter(failed).count();
    let cases: String = changes.iter().map(|change| case(change, told)).collect();
    // A suite without a case counts as an error with some readers.
    let empty = format!(
        "  <testcase classname=\"{}\" name=\"{}\"/>\n",
        xml(DOCUMENT),
        xml(&summary(told))
    );
    let cases = if changes.is_empty() { empty } else { cases };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cargo xtask diff\" tests=\"{}\" failures=\"{failures}\">\n{cases}</testsuite>\n",
        changes.len().max(1),
    )
}

fn case(change: &Change, told: &Told<'_>) -> String {
    let headline = change.headline_for(told.role.into());
    let start = format!(
        "  <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
        xml(change.rule),
        xml(&sentence(change)),
        xml(DOCUMENT),
        change.near.line,
    );
    if !fails(told.fail_on, headline) {
        return format!("{start}/>\n");
    }
    format!(
        "{start}>\n    <failure type=\"{headline}\" message=\"{}\">{}</failure>\n  </testcase>\n",
        xml(&consequence(change)),
        xml(&message(change, told)),
    )
}

/// Text inside XML; what XML cannot hold is left out.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' | '\r' => out.push(' '),
            control if control.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}
