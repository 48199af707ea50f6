//! The documents of a comparison: the one in the working tree, and the one it
//! is compared with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codegen::document::Node;

use crate::generate::DOCUMENT;

/// The branch whose merge base edits are compared with.
const MAIN: &[&str] = &["main", "origin/main"];

/// The two documents of a comparison, read.
pub struct Documents {
    /// The document before.
    pub old: Node,
    /// The document now.
    pub new: Node,
    /// The text of the one before.
    pub old_text: String,
    /// The text of the one now.
    pub new_text: String,
    /// What the old one is called in reports.
    pub against: String,
    /// Where it came from.
    pub source: Source,
}

/// Where the old document came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A revision, by its full name.
    Revision(String),
    /// A file.
    File(PathBuf),
}

/// Reads both documents.
///
/// # Errors
///
/// One message, if either cannot be found or is no document of ours.
pub fn documents(root: &Path, against: Option<&str>) -> Result<Documents, String> {
    let new_text = file(&root.join(DOCUMENT), DOCUMENT)?;
    let new = read(&new_text, DOCUMENT)?;
    let source = source(root, against)?;
    let (old_text, name) = match &source {
        Source::File(path) => {
            let name = path.display().to_string();
            (file(path, &name)?, name)
        }
        Source::Revision(revision) => {
            let short: String = revision.chars().take(12).collect();
            let name = format!("{short}:{DOCUMENT}");
            (file_at(root, revision, DOCUMENT)?, name)
        }
    };
    Ok(Documents {
        old: read(&old_text, &name)?,
        new,
        old_text,
        new_text,
        against: name,
        source,
    })
}

/// The text of a file at a revision.
///
/// # Errors
///
/// A message, if the revision has no such file.
pub fn file_at(root: &Path, revision: &str, file: &str) -> Result<String, String> {
    let object = format!("{revision}:{file}");
    git(root, &["show", &object]).map_err(|_| format!("{revision} has no file {file}"))
}

fn source(root: &Path, against: Option<&str>) -> Result<Source, String> {
    match against {
        None => merge_base(root).map(Source::Revision),
        Some(name) if Path::new(name).is_file() => Ok(Source::File(name.into())),
        Some(name) => {
            let commit = format!("{name}^{{commit}}");
            let found = git(
                root,
                &[
                    "rev-parse",
                    "--verify",
                    "--quiet",
                    "--end-of-options",
                    &commit,
                ],
            );
            let hint = shallow_hint(root);
            found.map(Source::Revision).map_err(|_| {
                format!("there is neither a file nor a revision called `{name}`{hint}")
            })
        }
    }
}

fn merge_base(root: &Path) -> Result<String, String> {
    for branch in MAIN {
        if let Ok(revision) = git(root, &["merge-base", "HEAD", branch]) {
            return Ok(revision);
        }
    }
    let hint = shallow_hint(root);
    Err(format!(
        "there is no merge base of HEAD with {}{hint}; name a revision or a file by --against",
        MAIN.join(" or "),
    ))
}

/// What to do where the history was not fetched.
fn shallow_hint(root: &Path) -> &'static str {
    match git(root, &["rev-parse", "--is-shallow-repository"]).as_deref() {
        Ok("true") => " (this clone is shallow: run `git fetch --unshallow`)",
        _ => "",
    }
}

fn file(path: &Path, name: &str) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let text = String::from_utf8(bytes);
    text.map_err(|_| format!("cannot read {name}: it is not UTF-8 text"))
}

fn read(text: &str, name: &str) -> Result<Node, String> {
    codegen::diff::read(text).map_err(|problems| {
        let report = problems.report(name).to_string();
        report.trim_end().to_owned()
    })
}

/// What git answers, without the line end that closes it.
fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let text = String::from_utf8(output.stdout);
    let text = text.map_err(|_| "git answered with what is not UTF-8 text".to_owned())?;
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}
