//! `examples`: validates every example of the document against its schema, and
//! round-trips it through the generated types.

use std::path::Path;
use std::process::{Command, Stdio};

use codegen::Location;
use serde::Deserialize;

use crate::generate::DOCUMENT;
use crate::report::{Finding, Level, Report, counted};
use crate::{Ending, cargo};

/// `examples`: returns the errors in the document's examples.
pub fn report(root: &Path) -> Result<(String, Ending), String> {
    judge(root).map(|report| (report.text(), report.ending()))
}

/// Runs the program that links generated code, and adds locations to its findings.
pub(crate) fn judge(root: &Path) -> Result<Report, String> {
    let program = cargo::built(root, "--example documented").map_err(|error| {
        format!("{error}\nif the generated types do not build, run `cargo xtask gen`")
    })?;
    let output = Command::new(program)
        .arg(root.join(DOCUMENT))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run the program that looks at examples: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let errors = errors.trim_end();
        return Err(format!(
            "{errors}\nthe examples cannot be taken through the generated types"
        ));
    }
    let judged: Judged = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the program that looks at examples cannot be read: {error}"))?;
    let findings = judged.findings.into_iter().map(|found| {
        let location = Location::new(found.line, found.column, found.pointer);
        Finding::new(
            Level::Error,
            &found.rule,
            DOCUMENT,
            &location,
            found.message,
        )
    });
    let findings: Vec<_> = findings.collect();
    Ok(Report {
        summary: format!(
            "{} looked at, {} of them messages taken through their types: {}",
            counted(judged.examples, "example"),
            judged.taken_through_types,
            counted(findings.len(), "finding"),
        ),
        findings,
    })
}

/// The output of that program.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Judged {
    examples: usize,
    taken_through_types: usize,
    findings: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    rule: String,
    line: usize,
    column: usize,
    pointer: String,
    message: String,
}
