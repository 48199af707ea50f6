//! The only place where git is started.

use std::path::Path;
use std::process::{Command, Stdio};

/// The variables of git that are passed on: who trusts which repository, how
/// far up a repository is looked for, where git itself is, and what it logs.
/// By their first letters.
const KEPT: [&str; 6] = [
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_",
    "GIT_DISCOVERY_",
    "GIT_EXEC_PATH",
    "GIT_TEST_",
    "GIT_TRACE",
];

/// git in a folder, which decides on the repository alone.
///
/// In a hook, in `rebase --exec` and in an alias, git names its repository,
/// index and work tree by variables. They are not passed on, since they win
/// over the folder: another repository would be read, or written.
#[must_use]
pub fn command(folder: &Path) -> Command {
    without(folder, |name| {
        !KEPT.iter().any(|kept| name.starts_with(kept))
    })
}

/// git for a repository that a test makes: the same, without any configuration,
/// template, hook, attribute or ignored file of the user or the system.
#[must_use]
pub fn isolated(folder: &Path) -> Command {
    let mut git = without(folder, |_| true);
    // Beside the repository, where nothing is.
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

/// git without those of its variables that are `unwanted`.
fn without(folder: &Path, unwanted: impl Fn(&str) -> bool) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        // On Windows the names of variables have no case.
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("GIT_") && unwanted(&upper) {
            git.env_remove(&name);
        }
    }
    git
}

/// What git answers, without the line end that closes it; `None` if its answer
/// is no (it ends with 1 and has nothing to say).
///
/// # Errors
///
/// git's own words, if it refuses, or why it cannot be run.
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

/// What to do where git does not run.
pub(crate) fn unusable(error: &std::io::Error) -> String {
    format!("cannot run git: {error}; install it, or name a file by --against")
}

/// Whether a folder or one above is a work tree, by what lies there: git may
/// not be installed, or refuse to say.
pub(crate) fn is_work_tree(folder: &Path) -> bool {
    folder.ancestors().any(|above| above.join(".git").exists())
}
