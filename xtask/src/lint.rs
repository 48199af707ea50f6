//! `lint`: checks the document by the rules in `spec/rules.md`, or explains a rule.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use codegen::Diagnostic;
use spec_tools::{RULES, Rule, Severity};

use crate::Ending;
use crate::generate::DOCUMENT;
use crate::report::{Finding, Level, Report, counted, paragraph};

/// What to check, and how to report.
#[derive(Args, Clone, Debug, Default)]
pub struct Arguments {
    /// The document [default: spec/skypay.yaml]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Explain a rule: what it requires, why, and how to except a node
    #[arg(long, value_name = "RULE", conflicts_with = "file")]
    pub explain: Option<String>,
}

/// `lint`: returns the findings, or explains a rule.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    if let Some(id) = &arguments.explain {
        return explained(id).map(|text| (text, Ending::Clean));
    }
    let (path, name) = match &arguments.file {
        Some(file) => (file.clone(), file.display().to_string()),
        None => (root.join(DOCUMENT), DOCUMENT.to_owned()),
    };
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let report = findings(&text, &name)?;
    // A warning, too.
    let ending = match report.findings.as_slice() {
        [] => Ending::Clean,
        _ => Ending::Findings,
    };
    Ok((report.text(), ending))
}

/// Returns all findings in a document.
pub fn findings(text: &str, name: &str) -> Result<Report, String> {
    let found = spec_tools::lint(text).map_err(|refused| refused.report(name))?;
    let findings: Vec<_> = found.iter().map(|one| finding(one, name)).collect();
    Ok(Report {
        summary: summary(&findings, name),
        findings,
    })
}

fn finding(found: &Diagnostic, name: &str) -> Finding {
    let warning = |rule: &Rule| rule.severity == Severity::Warning;
    let level = if spec_tools::rule(found.rule).is_some_and(warning) {
        Level::Warning
    } else {
        Level::Error
    };
    Finding::new(
        level,
        found.rule,
        name,
        &found.location,
        found.message.clone(),
    )
}

fn summary(findings: &[Finding], name: &str) -> String {
    let count = |level| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    format!(
        "{name}: {} and {} by {} rules",
        counted(errors, "error"),
        counted(warnings, "warning"),
        RULES.len()
    )
}

fn explained(id: &str) -> Result<String, String> {
    let rule = spec_tools::rule(id)
        .ok_or_else(|| format!("there is no rule `{id}`: spec/rules.md lists them all"))?;
    let exceptions = if rule.may_be_excepted() {
        format!(
            "{}    x-skypay-lint-exceptions:\n      - rule: {id}\n        \
             reason: A sentence that says why.\n",
            paragraph(
                "Where there is a reason to break it, say so on the node that breaks it, or on one \
                 around it:"
            )
        )
    } else {
        "There are no exceptions from this rule.\n".to_owned()
    };
    let severity = rule.severity.word();
    let text = paragraph(&format!("{}. {}", rule.title, rule.why));
    Ok(format!("{id} ({severity})\n\n{text}\n{exceptions}"))
}
