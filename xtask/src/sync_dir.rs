//! Directories in which everything is written by a task: how they differ from
//! what should be there, and bringing them up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use codegen::Location;

use crate::report::{Finding, Level};
use crate::{Failure, atomic_write};

/// A file that is not as it should be; its path is that below the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It should be there.
    New(String),
    /// It should read differently.
    Changed(String),
    /// The document gives no such file.
    Leftover(String),
}

impl Difference {
    /// The file, below the folder.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::New(path) | Self::Changed(path) | Self::Leftover(path) => path,
        }
    }

    /// What is wrong with which file, on one line.
    #[must_use]
    pub fn line(&self, folder: &str) -> String {
        match self {
            Self::New(path) => format!("missing   {folder}/{path}"),
            Self::Changed(path) => format!("stale     {folder}/{path}"),
            Self::Leftover(path) => format!("leftover  {folder}/{path}"),
        }
    }

    /// The same as a finding, with the task that fixes it.
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

/// Compares a folder with what should be in it.
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

/// Brings a directory up to date and gives a line about what was done.
///
/// Writes in place and deletes leftovers afterwards: a folder that is emptied
/// first may leave no manifest for cargo, and with it no way to run a task.
pub fn apply(
    root: &Path,
    folder: &str,
    files: &BTreeMap<String, String>,
    differences: &[Difference],
) -> Result<String, Failure> {
    let (mut new, mut changed, mut deleted) = (0, 0, 0);
    for difference in differences {
        let path = difference.path();
        let target = root.join(folder).join(path);
        match difference {
            Difference::New(_) => new += 1,
            Difference::Changed(_) => changed += 1,
            Difference::Leftover(_) => continue,
        }
        atomic_write::write(&target, &files[path])
            .map_err(|error| unusable("write", &target, &error))?;
        println!("  wrote    {folder}/{path}");
    }
    for difference in differences {
        if let Difference::Leftover(path) = difference {
            let target = root.join(folder).join(path);
            fs::remove_file(&target).map_err(|error| unusable("delete", &target, &error))?;
            println!("  deleted  {folder}/{path}");
            deleted += 1;
        }
    }
    let untouched = files.len() - new - changed;
    Ok(format!(
        "{folder}/: {new} written, {changed} changed, {untouched} left alone, {deleted} deleted"
    ))
}

/// The paths of all files below a folder, with `/` between their parts.
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

/// A file that could not be used.
pub(crate) fn unusable(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Unusable(format!("cannot {verb} {}: {error}", path.display()))
}

/// A folder of this process below `target/`, gone when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    pub(crate) fn new(root: &Path) -> Result<Self, Failure> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let path = root.join("target").join("xtask").join(name);
        fs::create_dir_all(&path).map_err(|error| unusable("create", &path, &error))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it: the next run uses another name.
        let _ = fs::remove_dir_all(&self.0);
    }
}
