//! `review`: the complete report on an edit of the document.

mod summary;

use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

use clap::{Args, ValueEnum};
use codegen::Location;
use minijinja::value::Serde;
use minijinja::{Value, context};
use spec_tools::diff::{Change, Severity};

use crate::comparison::Comparison;
use crate::diff::{self, RoleName, Threshold, View};
use crate::generate::{self, DOCUMENT};
use crate::report::{self, Finding, Level, counted, rendered};
use crate::semver::Versions;
use crate::sync_dir::Difference;
use crate::{Ending, Failure, Outcome, atomic_write, examples, lint, public_api, shown};

/// What to compare and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// The least severe severity that makes the command fail
    #[arg(long, value_enum, default_value = "breaking")]
    pub fail_on: Threshold,
    /// The format of the report
    #[arg(long, value_enum, default_value = "markdown")]
    pub format: Format,
    /// Leave out the examples, which need the generated crates to build
    #[arg(long)]
    pub no_examples: bool,
    /// Do not check that generated files are up to date: another generator has
    /// written them
    #[arg(long)]
    pub no_output: bool,
    /// The URL of the edit's files, to turn locations into links
    #[arg(long, value_name = "URL")]
    pub links: Option<String>,
    /// Write the report to a file instead
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How a review is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The comment of a pull request
    Markdown,
    /// For a terminal of 80 columns
    Text,
    /// Annotations of GitHub Actions
    Github,
}

/// An edit, and the results of all checks.
pub(crate) struct Review {
    comparison: Comparison,
    fail_on: Threshold,
    versions: Versions,
    checks: Vec<Check>,
    public_api: Option<public_api::Change>,
}

/// A check of the edit.
pub(crate) struct Check {
    /// The name of the check.
    name: &'static str,
    /// The result in a few words.
    result: String,
    /// How to fix a failed check.
    remedy: String,
    /// The exit code of this check alone.
    ending: Ending,
    findings: Vec<Finding>,
}

/// `review`: writes the review, and returns the worst outcome of its checks.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let (text, ending) = report(root, arguments)?;
    let Some(out) = &arguments.out else {
        return shown((text, ending));
    };
    atomic_write::write(out, &text)
        .map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    shown((String::new(), ending))
}

/// Returns the review in one of its formats, and its exit code.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let review = Review::of(root, arguments)?;
    let shown = review.shown(arguments.links.as_deref());
    let text = match arguments.format {
        Format::Markdown => fitting(&rendered("review.md", shown)?),
        Format::Text => rendered("review.txt", shown)?,
        Format::Github => review.findings()?.iter().map(Finding::annotation).collect(),
    };
    Ok((text, review.ending()))
}

impl Review {
    /// Runs all checks, the slow ones in parallel.
    fn of(root: &Path, arguments: &Arguments) -> Result<Self, String> {
        let (judged, output, examples) = thread::scope(|scope| {
            let output = (!arguments.no_output).then(|| scope.spawn(|| generate::compare(root)));
            let examples = (!arguments.no_examples).then(|| scope.spawn(|| examples::judge(root)));
            let judged = Comparison::of(root, arguments.against.as_deref()).map(|comparison| {
                let lint = lint(&comparison.documents.new_text);
                (comparison, lint)
            });
            let output = output.map(ScopedJoinHandle::join);
            (judged, output, examples.map(ScopedJoinHandle::join))
        });
        let (comparison, lint) = judged?;
        let lint = lint?;
        let output = output.transpose();
        let output = output.map_err(|_| "the generator stopped by itself".to_owned())?;
        let versions = Versions::of(root, &comparison)?;
        let public_api = match &output {
            Some(Ok(output)) => Some(public_api::Change::of(root, output, &comparison.documents)?),
            Some(Err(_)) | None => None,
        };
        let mut checks = vec![lint];
        if let Some(judged) = examples {
            let judged = judged.unwrap_or_else(|_| Err("the task stopped by itself".to_owned()));
            checks.push(examples_of(judged));
        }
        if let Some(output) = &output {
            checks.push(freshness(
                "generated output",
                generate::OUTPUT,
                "cargo xtask gen",
                output.as_ref().map(|output| output.differences.as_slice()),
            ));
        }
        checks.push(next_versions(&versions));
        checks.push(approvals(&comparison));
        Ok(Self {
            comparison,
            fail_on: arguments.fail_on,
            versions,
            checks,
            public_api,
        })
    }

    /// Returns the comparison for the partner role.
    fn view(&self) -> View<'_> {
        View {
            comparison: &self.comparison,
            role: RoleName::Partner,
            fail_on: self.fail_on,
        }
    }

    fn severity(&self) -> Severity {
        self.view().severity()
    }

    /// Returns the worst exit code of all checks: a finding takes precedence over
    /// an outdated file.
    fn ending(&self) -> Ending {
        let mut endings: Vec<_> = self.checks.iter().map(|check| check.ending).collect();
        endings.push(self.view().ending());
        [Ending::Unusable, Ending::Findings, Ending::Stale]
            .into_iter()
            .find(|ending| endings.contains(ending))
            .unwrap_or(Ending::Clean)
    }

    /// Returns the changes that exceed the threshold and are not approved.
    fn undecided(&self) -> Vec<&Change> {
        let view = self.view();
        let changes = self.comparison.report.changes.iter();
        changes
            .filter(|change| self.fail_on.ending(view.severity_of(change)) == Ending::Findings)
            .filter(|change| change.lint.is_none() && view.approval(change).is_none())
            .collect()
    }

    /// Returns every change and every finding, for annotations.
    fn findings(&self) -> Result<Vec<Finding>, String> {
        let mut findings = diff::changes(&self.view())?;
        findings.extend(self.checks.iter().flat_map(|check| check.findings.clone()));
        Ok(findings)
    }

    /// Returns what the templates show of the review.
    fn shown(&self, links: Option<&str>) -> Value {
        let checks = self.checks.iter().map(|check| {
            let findings = check.findings.iter().map(Finding::shown);
            context! {
                name => check.name,
                result => check.result.as_str(),
                fails => check.ending != Ending::Clean,
                findings => findings.collect::<Vec<_>>(),
            }
        });
        let public_items = self.public_api.as_ref();
        context! {
            is_quiet => self.severity() <= Severity::Patch && self.ending() == Ending::Clean,
            places => Serde(summary::places_by_severity(self)),
            places_of_skypay => summary::places_of_skypay(self),
            versions => self.versions.in_one_line(),
            checks => checks.collect::<Vec<_>>(),
            public_items => public_items
                .map(|change| context! { count => change.in_short(), lines => change.lines() }),
            steps => summary::steps(self),
            section => SECTION,
            ..self.view().shown(links)
        }
    }
}

/// The start of a section of a comment.
const SECTION: &str = "\u{c}";

/// The maximum length of a comment in bytes; GitHub rejects longer ones.
const LONGEST: usize = 60_000;

/// Joins the sections of a comment, without those that do not fit.
fn fitting(comment: &str) -> String {
    let mut out = String::new();
    let mut left_out = false;
    let sections = comment.split(SECTION);
    for section in sections.filter(|section| !section.trim().is_empty()) {
        if out.len() + section.len() > LONGEST {
            left_out = true;
        } else {
            out.push_str(section);
        }
    }
    if left_out {
        out.push_str("\nNot all of it fits a comment: `cargo xtask spec review` shows the rest.\n");
    }
    out
}

/// Checks the rules of the document.
fn lint(text: &str) -> Result<Check, String> {
    let report = lint::findings(text, DOCUMENT)?;
    let remedy = "Fix what the linter names; `cargo xtask spec lint --explain RULE` says why.";
    Ok(Check::new("lint", report.findings, remedy))
}

fn examples_of(judged: Result<report::Report, String>) -> Check {
    match judged {
        Ok(report) => {
            let remedy = "Fix the examples, or the schemas that refuse them.";
            Check::new("examples", report.findings, remedy)
        }
        Err(message) => {
            let first = message.lines().next().unwrap_or_default();
            let finding = Finding::new(
                Level::Error,
                "example-types",
                DOCUMENT,
                &Location::new(1, 1, ""),
                format!("the examples cannot be taken through the generated types: {first}"),
            );
            Check::new(
                "examples",
                vec![finding],
                "Run `cargo xtask spec examples` and fix what it finds.",
            )
        }
    }
}

/// Checks whether the committed files are what the document generates.
fn freshness(
    name: &'static str,
    folder: &str,
    task: &str,
    differences: Result<&[Difference], &Failure>,
) -> Check {
    let remedy = format!("Run `{task}` and commit what it writes.");
    let stale = match differences {
        Ok(differences) => differences.iter().map(|one| one.finding(folder, task)),
        // The lint reports the reason; nothing can be compared until it is fixed.
        Err(failure) => {
            return Check {
                result: "nothing can be generated".to_owned(),
                ending: failure.ending(),
                ..Check::new(name, Vec::new(), &remedy)
            };
        }
    };
    let mut check = Check::new(name, stale.collect(), &remedy);
    if check.findings.is_empty() {
        "up to date".clone_into(&mut check.result);
    } else {
        check.result = format!("{} out of date", counted(check.findings.len(), "file"));
        check.ending = Ending::Stale;
    }
    check
}

fn next_versions(versions: &Versions) -> Check {
    let mut check = Check::new("versions", versions.findings(), "");
    check.result = if versions.is_right() {
        "high enough".to_owned()
    } else {
        "too low".to_owned()
    };
    check.remedy = format!("{}.", versions.advice());
    check
}

/// Reports approvals that have to be removed.
fn approvals(comparison: &Comparison) -> Check {
    Check::new(
        "approvals",
        comparison.stale.clone(),
        "Remove the approvals that match nothing or have expired.",
    )
}

impl Check {
    fn new(name: &'static str, findings: Vec<Finding>, remedy: &str) -> Self {
        let fails = findings.iter().any(|finding| finding.level == Level::Error);
        Self {
            name,
            result: counted(findings.len(), "finding"),
            remedy: remedy.to_owned(),
            ending: if fails {
                Ending::Findings
            } else {
                Ending::Clean
            },
            findings,
        }
    }
}
