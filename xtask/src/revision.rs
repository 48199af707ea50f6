//! The documents of a comparison: the one in the working tree, and the one it
//! is compared with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use codegen::document::Node;

use crate::generate::DOCUMENT;
use crate::git;

/// The branches that others build on, here and at every remote.
const MAIN: [&str; 5] = [
    "refs/heads/main",
    "refs/heads/master",
    "refs/remotes/*/main",
    "refs/remotes/*/master",
    "refs/remotes/*/HEAD",
];

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
    /// The branch in whose merge base the old one was found, if none was named.
    pub branch: Option<String>,
    /// Where it came from.
    pub source: Source,
}

impl Documents {
    /// What the old document is called, and how it was found.
    #[must_use]
    pub fn origin(&self) -> String {
        let against = &self.against;
        match &self.branch {
            Some(branch) => format!("{against}, the merge base with {branch}"),
            None => against.clone(),
        }
    }
}

/// Where the old document came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A revision, by its full name.
    Revision(String),
    /// A file.
    File(PathBuf),
}

/// The commit at which the work here left a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeBase {
    /// Its full name.
    pub commit: String,
    /// The branch: `main`, `origin/main`.
    pub branch: String,
}

/// Reads both documents.
///
/// # Errors
///
/// One message, if either cannot be found or is no document of ours.
pub fn documents(root: &Path, against: Option<&str>) -> Result<Documents, String> {
    let new_text = file(&root.join(DOCUMENT), DOCUMENT)?;
    let new = read(&new_text, DOCUMENT)?;
    let (source, branch) = source(root, against)?;
    let (old_text, name) = match &source {
        Source::File(path) => {
            let name = path.display().to_string();
            (file(path, &name)?, name)
        }
        Source::Revision(revision) => {
            let name = format!("{}:{DOCUMENT}", short(revision));
            let text = file_at(root, revision, DOCUMENT)?;
            let text = text.ok_or_else(|| format!("{} has no file {DOCUMENT}", short(revision)))?;
            (text, name)
        }
    };
    Ok(Documents {
        old: read(&old_text, &name)?,
        new,
        old_text,
        new_text,
        against: name,
        branch,
        source,
    })
}

/// The text of a file at a revision; `None` if the revision has no such file.
/// Paths begin at the root of the project, which may be a folder of a larger
/// repository.
///
/// # Errors
///
/// What git says.
pub fn file_at(root: &Path, revision: &str, file: &str) -> Result<Option<String>, String> {
    let name = format!("{revision}:./{file}");
    let Some(object) = git::ask(root, &["rev-parse", "--verify", "--quiet", &name])? else {
        return Ok(None);
    };
    let output = git::command(root)
        .args(["cat-file", "blob", &object])
        .output()
        .map_err(|error| git::unusable(&error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git cat-file: {}", said.trim()));
    }
    let text = String::from_utf8(output.stdout);
    let text = text.map_err(|_| format!("cannot read {name}: it is not UTF-8 text"));
    text.map(Some)
}

fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

fn source(root: &Path, against: Option<&str>) -> Result<(Source, Option<String>), String> {
    let Some(name) = against else {
        let base = merge_base(root)?;
        return Ok((Source::Revision(base.commit), Some(base.branch)));
    };
    if Path::new(name).is_file() {
        return Ok((Source::File(name.into()), None));
    }
    let commit = format!("{name}^{{commit}}");
    let found = git::ask(
        root,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ],
    );
    match found {
        Ok(Some(revision)) => Ok((Source::Revision(revision), None)),
        Ok(None) => Err(format!(
            "there is neither a file nor a revision called `{name}`{}",
            shallow_hint(root)
        )),
        Err(said) => Err(format!(
            "there is no file called `{name}`, and no revision can be looked for\n{said}"
        )),
    }
}

/// What edits are judged against where nothing is named: the merge base; or,
/// where there is no earlier document at all, the reason for that.
///
/// # Errors
///
/// One message, if there is a history and it cannot be told where the work here
/// began: an edit would not be judged.
pub fn baseline(root: &Path) -> Result<Result<MergeBase, &'static str>, String> {
    if !git::is_work_tree(root) {
        return Ok(Err("this is not a git repository"));
    }
    let here = git::ask(root, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
    let Some(here) = here else {
        return Ok(Err("nothing is committed yet"));
    };
    if file_at(root, &here, DOCUMENT)?.is_none() {
        return Ok(Err(
            "the git repository around this folder does not have it",
        ));
    }
    let base = merge_base(root)?;
    if file_at(root, &base.commit, DOCUMENT)?.is_none() {
        return Ok(Err("this branch brings the document"));
    }
    Ok(Ok(base))
}

/// The nearest merge base with a branch that others build on: of a main that is
/// behind and one that is not, the latter.
///
/// # Errors
///
/// One message, if there is none, or git refuses.
pub fn merge_base(root: &Path) -> Result<MergeBase, String> {
    let mut nearest: Option<(u64, MergeBase)> = None;
    let branches = branches(root)?;
    for branch in &branches {
        let Some(commit) = git::ask(root, &["merge-base", "HEAD", branch])? else {
            continue;
        };
        let since = format!("{commit}..HEAD");
        let commits = git::ask(root, &["rev-list", "--count", &since])?;
        let commits = commits.and_then(|count| count.parse().ok());
        let commits = commits.unwrap_or(u64::MAX);
        if nearest.as_ref().is_none_or(|(least, _)| commits < *least) {
            let branch = named(branch).to_owned();
            nearest = Some((commits, MergeBase { commit, branch }));
        }
    }
    let looked: Vec<_> = branches.iter().map(|branch| named(branch)).collect();
    nearest.map(|(_, base)| base).ok_or_else(|| {
        let what = if looked.is_empty() {
            "there is no branch main or master to compare with, here or at a remote: fetch it"
                .to_owned()
        } else {
            format!("there is no merge base of HEAD with {}", looked.join(", "))
        };
        let hint = shallow_hint(root);
        format!("{what}{hint}, or name a revision or a file by --against")
    })
}

/// The branches to look at that exist, by their full names: those of [`MAIN`],
/// and the one that the current branch was made from, if git remembers it.
fn branches(root: &Path) -> Result<Vec<String>, String> {
    let mut wanted = MAIN.map(str::to_owned).to_vec();
    let current = git::ask(root, &["symbolic-ref", "--quiet", "HEAD"])?;
    // A remote branch of the same name is the current one, as it was pushed.
    let own = current
        .as_ref()
        .map(|name| name.replacen("refs/heads", "", 1));
    let is_own = |name: &str| own.as_ref().is_some_and(|own| name.ends_with(own.as_str()));
    if let Some(current) = &current {
        let upstream = git::ask(root, &["for-each-ref", "--format=%(upstream)", current])?;
        wanted.extend(upstream.filter(|name| !name.is_empty() && !is_own(name)));
    }
    let list = ["for-each-ref", "--format=%(refname) %(symref)"];
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    let found = git::ask(root, &[&list[..], &wanted].concat())?;
    let found = found.unwrap_or_default();
    let names = found.lines().map(|line| match line.trim().split_once(' ') {
        // A name for another branch, as `origin/HEAD` is.
        Some((_, target)) => target.to_owned(),
        None => line.trim().to_owned(),
    });
    let names: BTreeSet<_> = names.collect();
    // The remote's own branch may be the current one: then it is main, unless
    // there is another.
    let (pushed, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| is_own(name) && !is_main(name));
    Ok(if others.is_empty() { pushed } else { others })
}

fn is_main(branch: &str) -> bool {
    branch.ends_with("/main") || branch.ends_with("/master")
}

/// A branch as people call it.
fn named(branch: &str) -> &str {
    let short = branch.strip_prefix("refs/heads/");
    let short = short.or_else(|| branch.strip_prefix("refs/remotes/"));
    short.unwrap_or(branch)
}

/// What to do where the history was not fetched.
fn shallow_hint(root: &Path) -> &'static str {
    match git::ask(root, &["rev-parse", "--is-shallow-repository"]) {
        Ok(Some(answer)) if answer == "true" => {
            " (this clone is shallow: run `git fetch --unshallow`)"
        }
        _ => "",
    }
}

fn file(path: &Path, name: &str) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let text = String::from_utf8(bytes);
    text.map_err(|_| format!("cannot read {name}: it is not UTF-8 text"))
}

fn read(text: &str, name: &str) -> Result<Node, String> {
    spec_tools::diff::read(text).map_err(|diagnostics| {
        let report = diagnostics.report(name).to_string();
        report.trim_end().to_owned()
    })
}
