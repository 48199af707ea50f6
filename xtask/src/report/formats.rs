//! The spellings of a report.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::words::{WIDTH, escaped, paragraph};
use super::{Finding, Level, Report};

/// For a terminal: a paragraph per finding, then the summary.
pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        out.push_str(&paragraph(&format!(
            "{}: {} [{}]",
            finding.word(),
            finding.message,
            finding.rule
        )));
        out.push_str(&format!("  {}\n", finding.location()));
        if !finding.pointer.is_empty() {
            out.push_str(&format!("  at {}\n", shown(&finding.pointer)));
        }
        out.push('\n');
    }
    out.push_str(&paragraph(&report.summary));
    out
}

/// A pointer as far as a line has room; its end says more than its start.
fn shown(pointer: &str) -> String {
    let room = WIDTH - "  at ".len();
    let length = pointer.chars().count();
    if length <= room {
        return pointer.to_owned();
    }
    let end: String = pointer.chars().skip(length - room + 1).collect();
    format!("…{end}")
}

/// For programs: everything.
pub(super) fn json(report: &Report) -> String {
    let findings: Vec<_> = report.findings.iter().map(one).collect();
    pretty(&json!({
        "tool": report.tool,
        "summary": report.summary,
        "findings": findings,
    }))
}

/// A finding for programs.
pub(crate) fn one(finding: &Finding) -> Value {
    json!({
        "level": finding.level.word(),
        "kind": finding.kind,
        "rule": finding.rule,
        "message": finding.message,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "pointer": finding.pointer,
        "fingerprint": finding.fingerprint,
    })
}

pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// For a pull request: the summary, then a row per finding.
pub(super) fn markdown(report: &Report) -> String {
    let mut out = format!("### {}\n", escaped(&report.summary));
    if !report.findings.is_empty() {
        out.push_str("\n| | rule | finding | where |\n|---|---|---|---|\n");
    }
    for finding in &report.findings {
        let cells = [
            finding.word().to_owned(),
            finding.rule.clone(),
            finding.message.clone(),
            finding.location(),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| escaped(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

/// Annotations that GitHub Actions shows beside the lines of a pull request.
pub(super) fn github(report: &Report) -> String {
    report.findings.iter().map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let title = match finding.kind {
        Some(kind) => format!("{kind}: {}", finding.rule),
        None => finding.rule.clone(),
    };
    let properties = [(',', "%2C"), (':', "%3A")];
    format!(
        "::{command} file={},line={},col={},title={}::{}\n",
        workflow(&finding.file, &properties),
        finding.line,
        finding.column,
        workflow(&title, &properties),
        workflow(&finding.message, &[]),
    )
}

/// Text inside a workflow command.
fn workflow(text: &str, more: &[(char, &str)]) -> String {
    let mut out = text.replace('%', "%25");
    out = out.replace('\r', "%0D").replace('\n', "%0A");
    for (character, escape) in more {
        out = out.replace(*character, escape);
    }
    out
}

/// SARIF 2.1.0, as code scanning reads it.
pub(super) fn sarif(report: &Report) -> String {
    let results: Vec<_> = report.findings.iter().map(result).collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": format!("cargo xtask {}", report.tool),
                "rules": rules(report),
            }},
            // Columns are counted in characters, as editors show them.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// The rules that found something, explained where they can be.
fn rules(report: &Report) -> Vec<Value> {
    let findings = report.findings.iter();
    let found: BTreeSet<_> = findings.map(|finding| finding.rule.as_str()).collect();
    let explained = |id: &str| {
        let rule = report.rules.iter().find(|rule| rule.id == id);
        rule.map(|rule| {
            json!({
                "id": id,
                "shortDescription": {"text": rule.title},
                "help": {"text": rule.help},
            })
        })
    };
    found
        .into_iter()
        .map(|id| explained(id).unwrap_or_else(|| json!({"id": id})))
        .collect()
}

fn result(finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.level.word(),
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": finding.file},
            "region": {"startLine": finding.line, "startColumn": finding.column},
        }}],
        "properties": {"kind": finding.word(), "pointer": finding.pointer},
    });
    if let Some(fingerprint) = &finding.fingerprint {
        result["partialFingerprints"] = json!({"change/v1": fingerprint});
    }
    result
}

/// JUnit XML: a case per finding, failed where it is an error.
pub(super) fn junit(report: &Report) -> String {
    let failures = report
        .findings
        .iter()
        .filter(|finding| is_failure(finding))
        .count();
    // A suite without a case counts as an error with some readers.
    let cases = match report.findings.as_slice() {
        [] => format!(
            "  <testcase classname=\"cargo xtask {}\" name=\"{}\"/>\n",
            xml(report.tool),
            xml(&report.summary)
        ),
        findings => findings.iter().map(case).collect(),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"cargo xtask {}\" tests=\"{}\" failures=\"{failures}\">\n{cases}</testsuite>\n",
        xml(report.tool),
        report.findings.len().max(1),
    )
}

fn is_failure(finding: &Finding) -> bool {
    finding.level == Level::Error
}

fn case(finding: &Finding) -> String {
    let start = format!(
        "  <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"",
        xml(&finding.rule),
        xml(&finding.message),
        xml(&finding.file),
        finding.line,
    );
    if !is_failure(finding) {
        return format!("{start}/>\n");
    }
    format!(
        "{start}>\n    <failure type=\"{}\" message=\"{}\">{}</failure>\n  </testcase>\n",
        xml(finding.word()),
        xml(&finding.message),
        xml(&format!("{} at {}", finding.location(), finding.pointer)),
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

#[cfg(test)]
mod tests {
    use super::workflow;

    #[test]
    fn a_text_in_a_workflow_command_begins_no_other() {
        for end in ["\n", "\r", "\r\n"] {
            let text = workflow(&format!("100%{end}::error::a,b"), &[(',', "%2C")]);
            assert!(text.starts_with("100%25%0"), "{text:?}");
            assert!(!text.contains(['\n', '\r', ',']), "{text:?}");
        }
    }
}
