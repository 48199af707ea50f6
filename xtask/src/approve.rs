//! `approve`: approves a breaking change.

use std::path::Path;

use clap::Args;
use codegen::Location;
use spec_tools::diff::{Bump, Change, Severity, Version};

use crate::approvals::{self, APPROVALS, Entry};
use crate::comparison::Comparison;

/// What is approved, and why.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The change, as `cargo xtask spec diff` names it
    pub fingerprint: String,
    /// Why the break is intended
    #[arg(long)]
    pub reason: String,
    /// The version of the document in which the approval expires [default and
    /// latest: the minor version after the one that the edit needs]
    #[arg(long, value_name = "VERSION")]
    pub expires: Option<String>,
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
}

/// `approve`: approves a breaking change and returns a message that names it.
pub fn approve(root: &Path, arguments: &Arguments) -> Result<String, String> {
    let comparison = Comparison::of(root, arguments.against.as_deref())?;
    let change = approvable(&comparison, &arguments.fingerprint)?;
    let entry = Entry {
        fingerprint: change.fingerprint(),
        rule: change.rule.to_owned(),
        pointer: change.location.pointer.clone(),
        old: change.old.clone(),
        new: change.new.clone(),
        reason: approvals::one_line(&arguments.reason)?,
        expires: expires(&comparison, arguments.expires.as_deref())?,
        location: Location::new(1, 1, ""),
    };
    approvals::add(root, &entry)?;
    Ok(format!(
        "approved until {}: {} {}\nrecorded in {APPROVALS}; commit it with the edit\n",
        entry.expires, change.subject, change.rule,
    ))
}

fn approvable<'c>(comparison: &'c Comparison, fingerprint: &str) -> Result<&'c Change, String> {
    let changes = &comparison.report.changes;
    let change = changes
        .iter()
        .find(|change| change.fingerprint() == fingerprint)
        .ok_or_else(|| {
            format!(
                "no change against {} is called `{fingerprint}`: `cargo xtask spec diff` shows the \
                 names of those that need an approval",
                comparison.documents.against
            )
        })?;
    let what = format!("{} {}", change.subject, change.rule);
    if let Some(rule) = change.lint {
        return Err(format!(
            "{what} cannot be approved: it breaks the rule `{rule}`, so fix the document"
        ));
    }
    if worst(change) < Severity::Risky {
        return Err(format!(
            "{what} breaks nothing: there is nothing to approve"
        ));
    }
    if let Some(entry) = comparison.approval(change) {
        return Err(format!(
            "{what} is approved already, at {APPROVALS}:{}: {}",
            entry.location.line, entry.reason
        ));
    }
    Ok(change)
}

/// Returns the highest severity over all roles.
pub(crate) fn worst(change: &Change) -> Severity {
    let sides = [
        change.severity,
        change.impact.for_caller(),
        change.impact.for_callee(),
    ];
    sides.into_iter().max().unwrap_or(Severity::None)
}

fn expires(comparison: &Comparison, wanted: Option<&str>) -> Result<Version, String> {
    let report = &comparison.report;
    let needed = approvals::needed_version(report, report.types())?;
    let last = needed.next(Bump::Minor);
    let Some(text) = wanted else { return Ok(last) };
    let version = Version::try_from(text.to_owned())?;
    if version <= needed {
        return Err(format!(
            "an approval that expires in {version} would not hold for {needed}, the version that \
             this edit needs"
        ));
    }
    if version > last {
        return Err(format!(
            "an approval lasts at most until {last}, the minor version after the one that this \
             edit needs"
        ));
    }
    Ok(version)
}
