//! `diff`: what the edits of the document break, and for whom.

mod formats;
mod text;

use std::path::Path;

use clap::{Args, ValueEnum};
use codegen::diff::{Headline, Report, Role, compare};

use crate::Ending;
use crate::revision;

/// What to compare and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// Whose headline counts
    #[arg(long, value_enum, default_value = "partner")]
    pub role: RoleName,
    /// The least severe headline that makes the command fail
    #[arg(long, value_enum, default_value = "breaking")]
    pub fail_on: Threshold,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Whose headline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Calls SkyPay's operations and serves the callbacks
    Partner,
    /// Whoever calls, in either direction
    Client,
    /// Whoever is called, in either direction
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

impl RoleName {
    fn word(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// From which headline on the command fails. What must not pass the lint
/// fails at every threshold but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Threshold {
    /// What is deployed stops working
    Breaking,
    /// Code has to change
    Source,
    /// Code may be surprised
    Risky,
    /// Never fail
    None,
}

impl Threshold {
    fn ending(self, headline: Headline) -> Ending {
        let least = match self {
            Self::Breaking => Headline::Breaking,
            Self::Source => Headline::SourceBreaking,
            Self::Risky => Headline::Risky,
            Self::None => return Ending::Clean,
        };
        if headline >= least {
            Ending::Findings
        } else {
            Ending::Clean
        }
    }
}

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal of 80 columns
    Text,
    /// For programs
    Json,
    /// For a pull request
    Markdown,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
}

/// A comparison and how it is to be told.
pub(crate) struct Told<'a> {
    pub(crate) report: &'a Report,
    pub(crate) against: &'a str,
    pub(crate) role: RoleName,
    pub(crate) fail_on: Threshold,
}

impl Told<'_> {
    fn headline(&self) -> Headline {
        self.report.headline_for(self.role.into())
    }
}

/// `diff`: compares, prints, and fails over the threshold.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    match report(root, arguments) {
        Ok((text, ending)) => {
            print!("{text}");
            ending
        }
        Err(message) => {
            eprintln!("{message}");
            Ending::Unusable
        }
    }
}

/// The report, and whether it is over the threshold.
///
/// # Errors
///
/// One message, if a document cannot be read.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let documents = revision::documents(root, arguments.against.as_deref())?;
    let report = compare(&documents.old, &documents.new);
    let told = Told {
        report: &report,
        against: &documents.against,
        role: arguments.role,
        fail_on: arguments.fail_on,
    };
    let text = written(&told, arguments.format);
    Ok((text, arguments.fail_on.ending(told.headline())))
}

fn written(told: &Told<'_>, format: Format) -> String {
    match format {
        Format::Text => text::text(told),
        Format::Markdown => text::markdown(told),
        Format::Json => formats::json(told),
        Format::Github => formats::github(told),
        Format::Sarif => formats::sarif(told),
        Format::Junit => formats::junit(told),
    }
}
