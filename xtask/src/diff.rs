//! `diff`: which changes of the document are breaking, and for whom.

use std::path::Path;

use clap::{Args, ValueEnum};
use minijinja::{Value, context};
use spec_tools::diff::{Change, Part, Report, Role, Severity, Side};

use crate::Ending;
use crate::approvals::Entry;
use crate::approve;
use crate::comparison::Comparison;
use crate::generate::DOCUMENT;
use crate::report::{Finding, Level, rendered};

/// The maximum number of characters shown of a value.
const SHOWN: usize = 60;

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

    pub(crate) fn severity(&self) -> Severity {
        self.report().severity_for(self.role.into())
    }

    pub(crate) fn severity_of(&self, change: &Change) -> Severity {
        change.severity_for(self.role.into())
    }

    pub(crate) fn approval(&self, change: &Change) -> Option<&'a Entry> {
        self.comparison.approval(change)
    }

    /// The severity in words, and whether the most severe changes are approved.
    fn what(&self) -> String {
        let whom = self.whom();
        let severity = self.severity();
        let undecided = self.comparison.undecided(self.role.into());
        let approved = if severity >= Severity::Risky && undecided < severity {
            ", approved"
        } else {
            ""
        };
        let what = match severity {
            Severity::LintError => "REFUSED: the edit must not be merged".to_owned(),
            Severity::Breaking => format!("BREAKING for {whom}"),
            Severity::SourceBreaking => format!("source-breaking for {whom}"),
            Severity::Risky => format!("risky for {whom}"),
            Severity::Compatible => format!("compatible for {whom}"),
            Severity::Patch if self.report().changes.is_empty() => "order only".to_owned(),
            Severity::Patch => format!("no consequence for {whom}"),
            Severity::None => "no change".to_owned(),
        };
        what + approved
    }

    fn whom(&self) -> &'static str {
        match self.role {
            RoleName::Partner => "partners",
            RoleName::Client => "callers",
            RoleName::Server => "callees",
        }
    }

    /// Returns what the templates show of the comparison. Locations in the new
    /// document link to the files below `links`, if given.
    pub(crate) fn shown(&self, links: Option<&str>) -> Value {
        let report = self.report();
        let changes = report.changes.iter();
        let changes: Vec<_> = changes.map(|change| self.change(change, links)).collect();
        let stale = self.comparison.stale.iter();
        context! {
            what => self.what(),
            whom => self.whom(),
            severity => self.severity().word(),
            origin => self.comparison.documents.origin(),
            changes,
            stale => stale.map(Finding::shown).collect::<Vec<_>>(),
            types => report.types().word(),
            client => report.impact.client.word(),
            server => report.impact.server.word(),
        }
    }

    fn change(&self, change: &Change, links: Option<&str>) -> Value {
        let severity = self.severity_of(change);
        let file = match change.side {
            Side::Old => &self.comparison.documents.against,
            Side::New => DOCUMENT,
        };
        let codegen::Location { line, column, .. } = change.location;
        let base = links.filter(|_| change.side == Side::New);
        let users = change.users.iter().map(|user| {
            let part = user.part.map(|part| match part {
                Part::Request => "request",
                Part::Response => "response",
            });
            context! { operation => user.operation.as_str(), callback => user.callback, part }
        });
        let may_be_approved = approve::worst(change) >= Severity::Risky && change.lint.is_none();
        let approval = self.approval(change);
        let (old, new) = change.values(SHOWN);
        context! {
            severity => severity.word(),
            is_quiet => severity <= Severity::Patch,
            subject => change.subject.as_str(),
            rule => change.rule,
            lint => change.lint,
            values => [old, new].into_iter().flatten().collect::<Vec<_>>(),
            users => users.collect::<Vec<_>>(),
            caller => change.impact.caller.word(),
            callee => change.impact.callee.word(),
            client => change.impact.client.word(),
            server => change.impact.server.word(),
            location => format!("{file}:{line}:{column}"),
            link => base.map(|base| format!("{}/{DOCUMENT}#L{line}", base.trim_end_matches('/'))),
            fingerprint => may_be_approved.then(|| change.fingerprint()),
            approval => approval
                .map(|entry| format!("approved until {}: {}", entry.expires, entry.reason)),
        }
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
    let text = rendered("diff.txt", view.shown(None))?;
    Ok((text, view.ending()))
}

/// Returns the changes as findings: a change is an error if it exceeds the
/// threshold and is not approved.
pub(crate) fn changes(view: &View<'_>) -> Result<Vec<Finding>, String> {
    let changes = view.report().changes.iter();
    changes.map(|change| finding(change, view)).collect()
}

fn finding(change: &Change, view: &View<'_>) -> Result<Finding, String> {
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
    let shown = context! { change => view.change(change, None), annotation => true };
    let message = rendered("change.txt", shown)?;
    Ok(Finding {
        kind: Some(severity.word()),
        pointer: change.location.pointer.clone(),
        ..Finding::new(level, change.rule, DOCUMENT, &change.near, message)
    })
}
