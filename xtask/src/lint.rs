//! `lint`: whether the document is well kept, and what the rules are.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use spec_tools::{RULES, Rule, Severity};

use crate::generate::DOCUMENT;
use crate::report::{self, Finding, Level, Report, WIDTH, counted, paragraph, shortened, wrapped};
use crate::{Ending, files};

/// The page that explains the rules, from the root of the workspace.
pub const PAGE: &str = "spec/rules.md";

/// What to look at, and how to tell.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The document [default: spec/skypay.yaml]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The least severe finding that makes the command fail
    #[arg(long, value_enum, default_value = "warning")]
    pub fail_on: Threshold,
    /// Explain a rule: why, how it is kept, how it is broken
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "rules", "write_rules", "check_rules"])]
    pub explain: Option<String>,
    /// List the rules
    #[arg(long, conflicts_with_all = ["file", "write_rules", "check_rules"])]
    pub rules: bool,
    /// Write the page that explains the rules, spec/rules.md
    #[arg(long, conflicts_with_all = ["file", "check_rules"])]
    pub write_rules: bool,
    /// Exit with 4 if spec/rules.md is not what `--write-rules` would write
    #[arg(long, conflicts_with = "file")]
    pub check_rules: bool,
}

/// From which severity on the command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// A reader is left without something that they need
    Error,
    /// Better mended
    Warning,
}

/// `lint`: looks at the document, or tells of the rules.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    let told = if arguments.write_rules {
        write_page(root)
    } else {
        report(root, arguments)
    };
    report::print(told)
}

/// What there is to say, and whether it is over the threshold. Writes nothing.
///
/// # Errors
///
/// One message, if the document cannot be read, or there is no such rule.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    if let Some(id) = &arguments.explain {
        return explained(id).map(|text| (text, Ending::Clean));
    }
    if arguments.rules {
        return Ok((listed(), Ending::Clean));
    }
    if arguments.check_rules {
        return checked_page(root);
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

/// Everything that the rules find in a document.
///
/// # Errors
///
/// One message, if the text is not a document.
pub fn findings(text: &str, name: &str) -> Result<Report, String> {
    let found =
        spec_tools::lint(text).map_err(|diagnostics| diagnostics.report(name).to_string())?;
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

fn finding(found: &spec_tools::Finding, name: &str) -> Finding {
    let message = found.message.clone();
    Finding::new(
        level(found.rule.severity),
        found.rule.id,
        name,
        &found.location,
        message,
    )
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Warning => Level::Warning,
        Severity::Error | Severity::Refused => Level::Error,
    }
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

/// The table of the rules, for a terminal.
fn listed() -> String {
    let widest = RULES
        .iter()
        .map(|rule| rule.id.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for rule in RULES {
        let indent = widest + 2 + "refused".len() + 2;
        let lines = wrapped(rule.title, WIDTH - indent);
        let title = lines.join(&format!("\n{:indent$}", ""));
        let word = rule.severity.word();
        text.push_str(&format!("{:widest$}  {word:7}  {title}\n", rule.id));
    }
    text.push_str("\nrefused: nothing is generated. `lint --explain ID` says more of one.\n");
    text
}

fn explained(id: &str) -> Result<String, String> {
    let Some(rule) = spec_tools::rule(id) else {
        return Err(unknown(id));
    };
    let weight = match rule.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Refused => "error; the generator refuses the document",
    };
    let location = match rule.example.at {
        "" => "the root of the document",
        at => &shortened(at, WIDTH - "At ".len()),
    };
    Ok(format!(
        "{id} ({weight})\n\n{}\n{}\nAt {location}\n\ngood:\n{}\nbad:\n{}\n{}",
        flush(&format!("{}.", rule.title)),
        flush(rule.why),
        indented(rule.example.good),
        indented(rule.example.bad),
        how_to_except(rule),
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
    format!("{}{}", flush(words), indented(&snippet))
}

fn flush(text: &str) -> String {
    wrapped(text, WIDTH).join("\n") + "\n"
}

fn indented(snippet: &str) -> String {
    let lines = snippet.lines().map(|line| format!("    {line}\n"));
    lines.collect()
}

fn unknown(id: &str) -> String {
    let near = RULES
        .iter()
        .find(|rule| id.len() > 2 && (rule.id.contains(id) || id.contains(rule.id)));
    let hint = near.map_or_else(
        || "`cargo xtask lint --rules` lists them all".to_owned(),
        |rule| format!("did you mean `{}`?", rule.id),
    );
    format!("there is no rule `{id}`: {hint}")
}

fn write_page(root: &Path) -> Result<(String, Ending), String> {
    files::replace(&root.join(PAGE), &spec_tools::rules_page())
        .map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    Ok((
        format!("wrote {PAGE}: {} rules\n", RULES.len()),
        Ending::Clean,
    ))
}

fn checked_page(root: &Path) -> Result<(String, Ending), String> {
    let page = fs::read_to_string(root.join(PAGE)).map_err(|error| {
        format!("cannot read {PAGE}: {error}; write it by `cargo xtask lint --write-rules`")
    })?;
    if page == spec_tools::rules_page() {
        return Ok((
            format!("{PAGE} explains all {} rules\n", RULES.len()),
            Ending::Clean,
        ));
    }
    let message = format!("stale     {PAGE}: run `cargo xtask lint --write-rules`");
    Ok((paragraph(&message), Ending::Stale))
}
