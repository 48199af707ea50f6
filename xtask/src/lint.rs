//! `lint`: checks the document by rules, or lists the rules.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use codegen::Diagnostic;
use spec_tools::{RULES, Rule, Severity};

use crate::Ending;
use crate::generate::DOCUMENT;
use crate::report::{Finding, Level, Report, WIDTH, counted, wrapped};

/// What to check, and how to report.
#[derive(Args, Clone, Debug, Default)]
pub struct Arguments {
    /// The document [default: spec/skypay.yaml]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The least severe finding that makes the command fail
    #[arg(long, value_enum, default_value = "warning")]
    pub fail_on: Threshold,
    /// Explain a rule: what it requires, why, and how to except a node
    #[arg(long, value_name = "RULE", conflicts_with_all = ["file", "rules"])]
    pub explain: Option<String>,
    /// List the rules
    #[arg(long, conflicts_with = "file")]
    pub rules: bool,
}

/// From which severity on the command fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// A reader is left without something that they need
    Error,
    /// Better fixed
    #[default]
    Warning,
}

/// `lint`: returns the findings or the rules, and whether the threshold is exceeded.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    if let Some(id) = &arguments.explain {
        return explained(id).map(|text| (text, Ending::Clean));
    }
    if arguments.rules {
        return Ok((listed(), Ending::Clean));
    }
    let (path, name) = match &arguments.file {
        Some(file) => (file.clone(), file.display().to_string()),
        None => (root.join(DOCUMENT), DOCUMENT.to_owned()),
    };
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let report = findings(&text, &name)?;
    let fails = report
        .findings
        .iter()
        .any(|finding| arguments.fail_on.holds(finding.level));
    let ending = if fails {
        Ending::Findings
    } else {
        Ending::Clean
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

impl Threshold {
    fn holds(self, level: Level) -> bool {
        match self {
            Self::Error => level == Level::Error,
            Self::Warning => level >= Level::Warning,
        }
    }
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

/// Returns the table of the rules, for a terminal.
fn listed() -> String {
    let widest = RULES
        .iter()
        .map(|rule| rule.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for rule in RULES.iter() {
        let indent = widest + 2 + "refused".len() + 2;
        let lines = wrapped(rule.title, WIDTH - indent);
        let title = lines.join(&format!("\n{:indent$}", ""));
        let word = rule.severity.word();
        text.push_str(&format!("{:widest$}  {word:7}  {title}\n", rule.id));
    }
    text.push_str("\nrefused: nothing is generated. `lint --explain RULE` says why.\n");
    text
}

fn explained(id: &str) -> Result<String, String> {
    let Some(rule) = spec_tools::rule(id) else {
        return Err(unknown(id));
    };
    let severity = rule.severity.word();
    let text = format!("{}. {}", rule.title, rule.why);
    let exceptions = how_to_except(rule);
    Ok(format!(
        "{id} ({severity})\n\n{}\n{exceptions}",
        flush(&text)
    ))
}

fn how_to_except(rule: &Rule) -> String {
    if !rule.may_be_excepted() {
        return "There are no exceptions from this rule.\n".to_owned();
    }
    let words = "Where there is a reason to break it, say so on the node that breaks it, or on one around it:";
    let snippet = format!(
        "x-skypay-lint-exceptions:\n  - rule: {}\n    reason: A sentence that says why.\n",
        rule.id
    );
    let snippet = snippet.lines().map(|line| format!("    {line}\n"));
    format!("{}{}", flush(words), snippet.collect::<String>())
}

fn flush(text: &str) -> String {
    wrapped(text, WIDTH).join("\n") + "\n"
}

fn unknown(id: &str) -> String {
    let near = RULES
        .iter()
        .find(|rule| id.len() > 2 && (rule.id.contains(id) || id.contains(rule.id)));
    let hint = near.map_or_else(
        || "`cargo xtask spec lint --rules` lists them all".to_owned(),
        |rule| format!("did you mean `{}`?", rule.id),
    );
    format!("there is no rule `{id}`: {hint}")
}
