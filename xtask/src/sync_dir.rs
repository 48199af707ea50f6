//! Output directories that a task writes completely: comparing them with the
//! expected files, and updating them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use codegen::Location;
use tempfile::TempDir;

use crate::report::{Finding, Level};
use crate::{Failure, atomic_write};

/// A file that differs from the expected output; its path is relative to the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The file is missing.
    New(String),
    /// The file has other content.
    Changed(String),
    /// The file is not part of the output.
    Leftover(String),
}

impl Difference {
    /// Returns the path of the file, relative to the folder.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::New(path) | Self::Changed(path) | Self::Leftover(path) => path,
        }
    }

    /// Describes the difference on one line.
    #[must_use]
    pub fn line(&self, folder: &str) -> String {
        match self {
            Self::New(path) => format!("missing   {folder}/{path}"),
            Self::Changed(path) => format!("stale     {folder}/{path}"),
            Self::Leftover(path) => format!("leftover  {folder}/{path}"),
        }
    }

    /// Returns the difference as a finding, with the task that fixes it.
    #[must_use]
    pub fn finding(&self, folder: &str, task: &str) -> Finding {
        let (rule, what) = match self {
            Self::New(_) => ("missing-output", "is missing"),
            Self::Changed(_) => ("stale-output", "is not what the document gives"),
            Self::Leftover(_) => ("leftover-output", "comes from nothing in the document"),
        };
        let file = format!("{folder}/{}", self.path());
        let message = format!("the file {what}: run `{task}` and commit the result");
        Finding::new(Level::Error, rule, &file, &Location::new(1, 1, ""), message)
    }
}

/// Compares a folder with its expected files; files that are none of them come last.
pub fn differences(
    root: &Path,
    folder: &str,
    files: &BTreeMap<String, String>,
) -> Result<Vec<Difference>, Failure> {
    let folder = root.join(folder);
    let present = files_below(&folder)?;
    let mut differences = Vec::new();
    for (path, text) in files {
        if !present.contains(path) {
            differences.push(Difference::New(path.clone()));
            continue;
        }
        let target = folder.join(path);
        let current = fs::read(&target).map_err(|error| unusable("read", &target, &error))?;
        if current != text.as_bytes() {
            differences.push(Difference::Changed(path.clone()));
        }
    }
    let leftovers = present.iter().filter(|path| !files.contains_key(*path));
    differences.extend(leftovers.cloned().map(Difference::Leftover));
    Ok(differences)
}

/// Updates a directory and returns a line for each file, and a summary.
///
/// Writes in place and deletes leftovers last: emptying the folder first could
/// leave cargo without a manifest, and thus without a way to run a task.
pub fn apply(
    root: &Path,
    folder: &str,
    files: &BTreeMap<String, String>,
    differences: &[Difference],
) -> Result<String, Failure> {
    let (mut new, mut changed, mut deleted) = (0, 0, 0);
    let mut lines = String::new();
    for difference in differences {
        let path = difference.path();
        let target = root.join(folder).join(path);
        let (count, line, done) = match difference {
            Difference::New(_) => (
                &mut new,
                "wrote  ",
                atomic_write::write(&target, &files[path]),
            ),
            Difference::Changed(_) => (
                &mut changed,
                "wrote  ",
                atomic_write::write(&target, &files[path]),
            ),
            Difference::Leftover(_) => (&mut deleted, "deleted", fs::remove_file(&target)),
        };
        done.map_err(|error| unusable("write or delete", &target, &error))?;
        *count += 1;
        lines.push_str(&format!("  {line}  {folder}/{path}\n"));
    }
    let untouched = files.len() - new - changed;
    Ok(format!(
        "{lines}{folder}/: {new} written, {changed} changed, {untouched} left alone, {deleted} deleted"
    ))
}

/// Returns the paths of all files below a folder, with `/` as separator.
fn files_below(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unusable("read", &path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unusable("read", &path, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{prefix}{name}");
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

/// Returns the error for a file that could not be used.
pub(crate) fn unusable(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Unusable(format!("cannot {verb} {}: {error}", path.display()))
}

/// Returns a temporary folder below `target/`, removed on drop.
pub(crate) fn scratch(root: &Path) -> Result<TempDir, Failure> {
    let folder = root.join("target").join("xtask");
    let created = fs::create_dir_all(&folder).and_then(|()| tempfile::tempdir_in(&folder));
    created.map_err(|error| unusable("create", &folder, &error))
}
