//! Redocly's `diff`, on the view with callbacks: the only form in which it
//! knows who calls whom.

use std::collections::VecDeque;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use codegen::document::Node;
use serde::Deserialize;
use spec_tools::exports::callbacks;

use crate::folder::Scratch;
use crate::validate::{FOLDER, QUIET};

use super::cases::Cases;

/// What Redocly says of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Opinion {
    bump: Option<String>,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Change {
    verdicts: Vec<Verdict>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Verdict {
    message: String,
}

impl Opinion {
    /// An opinion without reasons.
    #[cfg(test)]
    pub(super) fn of(bump: &str) -> Self {
        Self {
            bump: Some(bump.to_owned()),
            changes: Vec::new(),
        }
    }

    /// The version bump that it asks for; none if it sees no change.
    pub(super) fn bump(&self) -> &str {
        self.bump.as_deref().unwrap_or("none")
    }

    /// What it gives as reasons, shortened to the first.
    pub(super) fn because(&self) -> Option<&str> {
        let mut verdicts = self.changes.iter().flat_map(|change| &change.verdicts);
        verdicts.next().map(|verdict| verdict.message.as_str())
    }
}

/// Asks about every case, several at a time; the answers are in their order.
///
/// # Errors
///
/// One message, if Redocly does not run or does not answer.
pub(super) fn opinions(root: &Path, cases: &Cases) -> Result<Vec<Opinion>, String> {
    let scratch = Scratch::new(root).map_err(|failure| failure.to_string())?;
    let folder = scratch.path();
    for (index, base) in cases.bases.iter().enumerate() {
        write(&folder.join(base_name(index)), base)?;
    }
    let open: Mutex<VecDeque<_>> = Mutex::new((0..cases.cases.len()).collect());
    let next = || {
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.pop_front()
    };
    let worker = || {
        let mut told = Vec::new();
        while let Some(index) = next() {
            let case = &cases.cases[index];
            let edited = folder.join(format!("{index}.json"));
            let opinion = write(&edited, &case.edited)
                .and_then(|()| ask(root, &folder.join(base_name(case.base)), &edited))
                .map_err(|message| format!("{}: {message}", case.name))?;
            told.push((index, opinion));
        }
        Ok::<_, String>(told)
    };
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let told = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let told = workers.into_iter().map(|worker| {
            let stopped = |_| Err("a thread stopped by itself".to_owned());
            worker.join().unwrap_or_else(stopped)
        });
        told.collect::<Result<Vec<_>, _>>()
    });
    let mut told = told?.concat();
    told.sort_by_key(|(index, _)| *index);
    Ok(told.into_iter().map(|(_, opinion)| opinion).collect())
}

fn base_name(index: usize) -> String {
    format!("base-{index}.json")
}

fn write(path: &Path, document: &Node) -> Result<(), String> {
    fs::write(path, callbacks(document).to_pretty_json())
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn ask(root: &Path, base: &Path, edited: &Path) -> Result<Opinion, String> {
    let output = Command::new(program(root))
        .args(["diff", "--format", "json", "--fail-on", "none"])
        .args(["--config", "spec/validators/redocly.yaml"])
        .args([base, edited])
        .current_dir(root)
        .envs(QUIET)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("redocly does not run ({error}): run `cargo xtask validate`"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let errors = String::from_utf8_lossy(&output.stderr);
        format!("redocly's answer cannot be read ({error}):\n{errors}")
    })
}

/// Where Redocly is installed.
fn program(root: &Path) -> PathBuf {
    root.join(FOLDER).join("node_modules/.bin/redocly")
}
