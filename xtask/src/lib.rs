//! The project's tasks. The only crate that writes files.
//!
//! It never links generated code, so that it still runs when generated code
//! does not compile; what needs generated code is a program that a task starts
//! through cargo.

pub mod approvals;
pub mod approve;
pub mod browser;
pub mod comparison;
pub mod diff;
pub mod docs;
pub mod examples;
pub mod files;
pub mod fmt_spec;
pub mod folder;
pub mod fuzz;
pub mod generate;
pub mod lint;
pub mod mutants;
mod program;
pub mod prove;
pub mod report;
pub mod review;
pub mod revision;
pub mod schemathesis;
pub mod second_opinion;
pub mod semver;
pub mod steps;
pub mod supply_chain;
pub mod surface;
pub mod task;
pub mod validate;
pub mod views;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing to complain about.
    Clean,
    /// The task found what it looks for.
    Findings,
    /// The call was wrong, or something needed could not be read or run.
    Unusable,
    /// What is committed is not what the document gives.
    Stale,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Clean => 0,
            Ending::Findings => 1,
            Ending::Unusable => 2,
            Ending::Stale => 4,
        })
    }
}

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}
