//! The project's tasks. This is the only crate that writes files.
//!
//! It never links generated code, so that it still runs when generated code does
//! not compile; programs that need generated code are started through cargo.

pub mod approvals;
pub mod approve;
pub mod atomic_write;
pub mod browser;
pub mod bump;
pub mod cargo;
pub mod ci;
pub mod comparison;
pub mod diff;
pub mod docs;
pub mod examples;
pub mod exports;
pub mod fuzz;
pub mod generate;
pub mod git;
pub mod journal;
pub mod lint;
pub mod mutants;
pub mod packages;
pub mod postgres;
pub mod prove;
pub mod public_api;
pub mod release;
pub mod report;
pub mod review;
pub mod samples;
mod sandbox;
pub mod schemathesis;
pub mod semver;
pub mod site;
pub mod supply_chain;
pub mod sync_dir;
pub mod task;
pub mod validate;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use codegen::Diagnostics;

/// The exit code of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// No findings.
    Clean = 0,
    /// The task has findings.
    Findings = 1,
    /// Wrong usage, or an input or a program could not be read or run.
    Unusable = 2,
    /// The committed output is not what the document generates.
    Stale = 4,
}

impl Ending {
    /// Returns the exit code of an outcome.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        outcome.as_ref().err().map_or(Self::Clean, Failure::ending)
    }
}

/// The result of a task.
pub type Outcome = Result<(), Failure>;

/// The reason why a task failed.
#[derive(Debug)]
pub enum Failure {
    /// The document breaks rules; the report lists which and where.
    Refused(String),
    /// A file or a program could not be used.
    Unusable(String),
    /// The task has already printed its findings.
    Reported(Ending),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(report) => {
                let count = report.lines().filter(|line| line.contains(": [")).count();
                let report = report.trim_end();
                write!(
                    f,
                    "{report}\nthe document was refused: {count} problem(s), nothing was written"
                )
            }
            Self::Unusable(message) => write!(f, "{}", message.trim_end()),
            Self::Reported(_) => Ok(()),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Unusable(message)
    }
}

impl Failure {
    /// Text that cannot be parsed as a document is unusable; a parsed document
    /// can be refused.
    pub(crate) fn of(diagnostics: &Diagnostics, document: &str) -> Self {
        let report = diagnostics.report(document);
        let mut diagnostics = diagnostics.as_slice().iter();
        if diagnostics.any(|diagnostic| diagnostic.rule == "yaml") {
            Self::Unusable(report)
        } else {
            Self::Refused(report)
        }
    }

    /// Returns the exit code of this failure.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Refused(_) => Ending::Findings,
            Self::Unusable(_) => Ending::Unusable,
            Self::Reported(ending) => *ending,
        }
    }
}

/// Prints the report of a task, and returns its outcome.
///
/// # Errors
///
/// The exit code, unless it is [`Ending::Clean`].
pub fn shown((text, ending): (String, Ending)) -> Outcome {
    report::show(&text);
    match ending {
        Ending::Clean => Ok(()),
        other => Err(Failure::Reported(other)),
    }
}

/// Prints the reason of a failure, unless already printed, and returns the exit
/// code of the program.
pub fn exit_code(outcome: &Outcome) -> ExitCode {
    let message = outcome.as_ref().err().map(Failure::to_string);
    if let Some(message) = message.filter(|message| !message.is_empty()) {
        eprintln!("{}", codegen::visible(&message));
    }
    ExitCode::from(Ending::of(outcome) as u8)
}

/// Returns the text of a file of the checkout.
pub fn read(root: &Path, file: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(file)).map_err(|error| format!("cannot read {file}: {error}"))
}

/// Returns the root of the current checkout: the one around the current folder;
/// outside of any, the one around this program.
///
/// It is determined at run time. The path at build time is unreliable: checkouts
/// may share a target folder, or be copied together with theirs.
pub fn root() -> Result<PathBuf, String> {
    let places = [std::env::current_dir(), std::env::current_exe()];
    let mut folders = places.iter().flatten().flat_map(|place| place.ancestors());
    let root = folders.find(|folder| is_root(folder));
    root.map(Path::to_owned).ok_or_else(|| {
        format!(
            "no checkout of the project is here: change to a folder in which {} and \
             xtask/Cargo.toml are, or below it",
            generate::DOCUMENT
        )
    })
}

/// The document may be missing: the tasks report that.
fn is_root(folder: &Path) -> bool {
    folder.join("spec").is_dir() && folder.join("xtask/Cargo.toml").is_file()
}

/// Returns the folder into which cargo has built the running program or test,
/// such as `target/debug`.
pub fn built_into() -> io::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    // Tests are one folder deeper than programs.
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder)
}
