//! The only module that runs git: reads files of a revision, and finds the commit
//! at which the current work branched off.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::generate::DOCUMENT;

/// The main branches, local and at every remote.
const MAIN: [&str; 5] = [
    "refs/heads/main",
    "refs/heads/master",
    "refs/remotes/*/main",
    "refs/remotes/*/master",
    "refs/remotes/*/HEAD",
];

/// Prefixes of the git variables that are passed on: trusted repositories,
/// repository discovery, git's own location, and logging.
const KEPT: [&str; 6] = [
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_",
    "GIT_DISCOVERY_",
    "GIT_EXEC_PATH",
    "GIT_TEST_",
    "GIT_TRACE",
];

/// Returns a git command for a folder, which alone determines the repository.
///
/// In a hook, in `rebase --exec` and in an alias, git sets variables for its
/// repository, index and work tree. They are removed, since they override the
/// folder: another repository would be read or written.
#[must_use]
pub fn command(folder: &Path) -> Command {
    without(folder, |name| {
        !KEPT.iter().any(|kept| name.starts_with(kept))
    })
}

/// Returns a git command for a test repository: like [`command`], without any
/// configuration, template, hook, attributes or ignore file of the user or the
/// system.
#[must_use]
pub fn isolated(folder: &Path) -> Command {
    let mut git = without(folder, |_| true);
    // A path that does not exist.
    let nowhere = folder.join(".git/no-home");
    git.env("HOME", &nowhere)
        .env("XDG_CONFIG_HOME", &nowhere)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_TEMPLATE_DIR", "")
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder));
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "Test")
            .env(format!("GIT_{role}_EMAIL"), "test@example.com");
    }
    git
}

/// Returns a git command without the `unwanted` variables of git.
fn without(folder: &Path, unwanted: impl Fn(&str) -> bool) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        // On Windows the names of variables are case-insensitive.
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("GIT_") && unwanted(&upper) {
            git.env_remove(&name);
        }
    }
    git
}

/// Returns git's output without the final line break; `None` if the result is
/// negative (exit code 1 and no error output).
pub(crate) fn ask(folder: &Path, arguments: &[&str]) -> Result<Option<String>, String> {
    let output = command(folder)
        .args(arguments)
        .output()
        .map_err(|error| unusable(&error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return match said.trim() {
            "" if output.status.code() == Some(1) => Ok(None),
            said => Err(format!("git {}: {said}", arguments[0])),
        };
    }
    let text = String::from_utf8(output.stdout);
    let text = text.map_err(|_| format!("git {}: not UTF-8 text", arguments[0]))?;
    let text = text.strip_suffix('\n').map(str::to_owned).unwrap_or(text);
    Ok(Some(text))
}

/// The message for when git cannot be run.
pub(crate) fn unusable(error: &std::io::Error) -> String {
    format!("cannot run git: {error}; install it, or name a file by --against")
}

/// Whether a folder or one of its ancestors is a work tree, by its `.git` entry:
/// git may not be installed, or may refuse access.
pub(crate) fn is_work_tree(folder: &Path) -> bool {
    folder.ancestors().any(|above| above.join(".git").exists())
}

/// Returns the text of a file at a revision; `None` if the revision has no such
/// file. Paths are relative to the project root, which may be a folder of a
/// larger repository.
pub fn file_at(root: &Path, revision: &str, file: &str) -> Result<Option<String>, String> {
    let name = format!("{revision}:./{file}");
    let Some(object) = ask(root, &["rev-parse", "--verify", "--quiet", &name])? else {
        return Ok(None);
    };
    let output = command(root)
        .args(["cat-file", "blob", &object])
        .output()
        .map_err(|error| unusable(&error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git cat-file: {}", said.trim()));
    }
    let text = String::from_utf8(output.stdout);
    let text = text.map_err(|_| format!("cannot read {name}: it is not UTF-8 text"));
    text.map(Some)
}

/// The commit at which the current work branched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeBase {
    /// The full commit hash.
    pub commit: String,
    /// The branch, such as `main` or `origin/main`.
    pub branch: String,
}

/// Returns the default revision that edits are compared with: the merge base; or,
/// where there is no earlier document at all, the reason for that.
///
/// # Errors
///
/// One message, if there is a history but no merge base can be found: an edit
/// would not be checked.
pub fn baseline(root: &Path) -> Result<Result<MergeBase, &'static str>, String> {
    if !is_work_tree(root) {
        return Ok(Err("this is not a git repository"));
    }
    let here = ask(root, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
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

/// Returns the nearest merge base with a main branch: of an outdated main and a
/// current one, the base with the latter.
pub fn merge_base(root: &Path) -> Result<MergeBase, String> {
    let mut nearest: Option<(u64, MergeBase)> = None;
    let branches = branches(root)?;
    for branch in &branches {
        let Some(commit) = ask(root, &["merge-base", "HEAD", branch])? else {
            continue;
        };
        let since = format!("{commit}..HEAD");
        let commits = ask(root, &["rev-list", "--count", &since])?;
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

/// Returns the full names of the existing branches to consider: those of
/// [`MAIN`], and the upstream of the current branch, if configured.
fn branches(root: &Path) -> Result<Vec<String>, String> {
    let mut wanted = MAIN.map(str::to_owned).to_vec();
    let current = ask(root, &["symbolic-ref", "--quiet", "HEAD"])?;
    // A remote branch of the same name is the pushed current branch.
    let own = current
        .as_ref()
        .map(|name| name.replacen("refs/heads", "", 1));
    let is_own = |name: &str| own.as_ref().is_some_and(|own| name.ends_with(own.as_str()));
    if let Some(current) = &current {
        let upstream = ask(root, &["for-each-ref", "--format=%(upstream)", current])?;
        wanted.extend(upstream.filter(|name| !name.is_empty() && !is_own(name)));
    }
    let list = ["for-each-ref", "--format=%(refname) %(symref)"];
    let wanted: Vec<_> = wanted.iter().map(String::as_str).collect();
    let found = ask(root, &[&list[..], &wanted].concat())?;
    let found = found.unwrap_or_default();
    let names = found.lines().map(|line| match line.trim().split_once(' ') {
        // A symbolic reference to another branch, such as `origin/HEAD`.
        Some((_, target)) => target.to_owned(),
        None => line.trim().to_owned(),
    });
    let names: BTreeSet<_> = names.collect();
    // The remote's default branch may be the current one: then it counts as main,
    // unless there is another.
    let (pushed, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| is_own(name) && !is_main(name));
    Ok(if others.is_empty() { pushed } else { others })
}

fn is_main(branch: &str) -> bool {
    branch.ends_with("/main") || branch.ends_with("/master")
}

/// Returns the short name of a branch.
fn named(branch: &str) -> &str {
    let short = branch.strip_prefix("refs/heads/");
    let short = short.or_else(|| branch.strip_prefix("refs/remotes/"));
    short.unwrap_or(branch)
}

/// Returns a hint for shallow clones.
pub(crate) fn shallow_hint(root: &Path) -> &'static str {
    match ask(root, &["rev-parse", "--is-shallow-repository"]) {
        Ok(Some(answer)) if answer == "true" => {
            " (this clone is shallow: run `git fetch --unshallow`)"
        }
        _ => "",
    }
}
