//! `diff`: which changes of the document are breaking, and for whom.

mod markdown;
mod text;

use std::path::Path;

pub(crate) use markdown::rows;
pub(crate) use text::paragraphs;

use clap::{Args, ValueEnum};
use spec_tools::diff::{Change, Report, Role, Severity};

use crate::Ending;
use crate::approvals::Entry;
use crate::comparison::Comparison;
use crate::generate::DOCUMENT;
use crate::report::{Finding, Level};

/// What to compare and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// The role whose severity counts
    #[arg(long, value_enum, default_value = "partner")]
    pub role: RoleName,
    /// The least severe severity that makes the command fail
    #[arg(long, value_enum, default_value = "breaking")]
    pub fail_on: Threshold,
}

/// The role whose severity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Calls SkyPay's operations and serves the callbacks
    Partner,
    /// Calls, in either direction
    Client,
    /// Is called, in either direction
    Server,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Partner => Self::Partner,
            RoleName::Client => Self::Client,
            RoleName::Server => Self::Server,
        }
    }
}

/// From which severity on the command fails. What must not pass the lint
/// fails at every threshold but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// Deployed programs stop working
    Breaking,
    /// Code has to change
    Source,
    /// Generated code accepts it, hand-written code may not
    Risky,
    /// Never fail
    None,
}

impl Threshold {
    pub(crate) fn ending(self, severity: Severity) -> Ending {
        let least = match self {
            Self::Breaking => Severity::Breaking,
            Self::Source => Severity::SourceBreaking,
            Self::Risky => Severity::Risky,
            Self::None => return Ending::Clean,
        };
        if severity >= least {
            Ending::Findings
        } else {
            Ending::Clean
        }
    }
}

/// A comparison, the role that it is reported for, and the failure threshold.
pub(crate) struct View<'a> {
    pub(crate) comparison: &'a Comparison,
    pub(crate) role: RoleName,
    pub(crate) fail_on: Threshold,
}

impl<'a> View<'a> {
    pub(crate) fn report(&self) -> &'a Report {
        &self.comparison.report
    }

    pub(crate) fn against(&self) -> &'a str {
        &self.comparison.documents.against
    }

    pub(crate) fn origin(&self) -> String {
        self.comparison.documents.origin()
    }

    pub(crate) fn severity(&self) -> Severity {
        self.report().severity_for(self.role.into())
    }

    pub(crate) fn severity_of(&self, change: &Change) -> Severity {
        change.severity_for(self.role.into())
    }

    pub(crate) fn approval(&self, change: &Change) -> Option<&'a Entry> {
        self.comparison.approval(change)
    }

    /// Whether the most severe changes are approved.
    pub(crate) fn is_decided(&self) -> bool {
        let undecided = self.comparison.undecided(self.role.into());
        self.severity() >= Severity::Risky && undecided < self.severity()
    }

    pub(crate) fn ending(&self) -> Ending {
        if !self.comparison.stale.is_empty() && self.fail_on != Threshold::None {
            return Ending::Findings;
        }
        self.fail_on
            .ending(self.comparison.undecided(self.role.into()))
    }
}

/// `diff`: returns the report, and whether it exceeds the threshold.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let comparison = Comparison::of(root, arguments.against.as_deref())?;
    let view = View {
        comparison: &comparison,
        role: arguments.role,
        fail_on: arguments.fail_on,
    };
    Ok((text::text(&view), view.ending()))
}

/// Returns the changes as findings: a change is an error if it exceeds the
/// threshold and is not approved.
pub(crate) fn changes(view: &View<'_>) -> Vec<Finding> {
    let changes = view.report().changes.iter();
    changes.map(|change| finding(change, view)).collect()
}

fn finding(change: &Change, view: &View<'_>) -> Finding {
    let severity = view.severity_of(change);
    let is_over = view.fail_on.ending(severity) == Ending::Findings;
    let level = match severity {
        _ if view.approval(change).is_some() => Level::Note,
        _ if is_over => Level::Error,
        Severity::LintError | Severity::Breaking | Severity::SourceBreaking | Severity::Risky => {
            Level::Warning
        }
        Severity::Compatible | Severity::Patch | Severity::None => Level::Note,
    };
    Finding {
        kind: Some(severity.word()),
        pointer: change.location.pointer.clone(),
        ..Finding::new(
            level,
            change.rule,
            DOCUMENT,
            &change.near,
            text::message(change, view),
        )
    }
}
