//! Which files tasks read, write and compare with in realistic checkouts: with
//! other branches, inside other repositories, in git hooks, and with user
//! configuration.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::temporary::{KEPT, Repository, case, manifest};
use xtask::git::{self, MergeBase};
use xtask::{cargo, generate};

/// Runs a task as a separate process in a folder.
fn xtask(folder: &Path, arguments: &[&str]) -> Command {
    let program = xtask::built_into().unwrap();
    let mut command = Command::new(program.join(format!("xtask{EXE_SUFFIX}")));
    command.current_dir(folder).args(arguments);
    command
}

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    format!("{out}{err}")
}

/// Checks the branch that edits are compared with, and that this commit is the
/// merge base.
#[track_caller]
fn compared(repository: &Repository, branch: &str, commit: &str) {
    let commit = repository.git(&["rev-parse", commit]).trim().to_owned();
    let branch = branch.to_owned();
    let base = git::merge_base(&repository.0).unwrap();
    assert_eq!(base, MergeBase { commit, branch });
}

#[test]
fn the_nearest_of_all_main_branches_is_taken() {
    let repository = Repository::new();
    compared(&repository, "main", "main");
    // Commits merged by others meanwhile exist only at the remote.
    repository.edit("01-api-op-removed");
    repository.commit("theirs");
    repository.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    compared(&repository, "origin/main", "HEAD");
    repository.edit("25-response-field-added");
    repository.commit("mine");
    compared(&repository, "origin/main", "HEAD~1");
    // An outdated fork.
    repository.git(&["update-ref", "refs/remotes/fork/main", "main"]);
    compared(&repository, "origin/main", "HEAD~1");
    repository.git(&["switch", "--quiet", "--detach"]);
    compared(&repository, "origin/main", "HEAD~1");
}

#[test]
fn main_may_have_another_name() {
    let repository = Repository::new();
    repository.git(&["branch", "--move", "main", "master"]);
    compared(&repository, "master", "HEAD");
    repository.git(&["update-ref", "refs/remotes/origin/trunk", "master"]);
    let head = "refs/remotes/origin/HEAD";
    repository.git(&["symbolic-ref", head, "refs/remotes/origin/trunk"]);
    repository.git(&["branch", "--delete", "--force", "master"]);
    compared(&repository, "origin/trunk", "HEAD");
    // A symbolic reference to a deleted branch does not count.
    repository.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]);
    let error = git::merge_base(&repository.0).unwrap_err();
    assert!(
        error.starts_with("there is no branch main or master "),
        "{error}"
    );
}

/// A branch that was made from a branch other than main is compared with that
/// one, but not with its own pushed copy.
#[test]
fn the_branch_that_work_was_begun_from_counts() {
    let repository = Repository::new();
    repository.git(&["remote", "add", "origin", "."]);
    repository.edit("01-api-op-removed");
    repository.commit("release");
    repository.git(&["update-ref", "refs/remotes/origin/release", "HEAD"]);
    repository.git(&["switch", "--quiet", "--create", "fix", "origin/release"]);
    repository.edit("25-response-field-added");
    repository.commit("fix");
    compared(&repository, "origin/release", "HEAD~1");
    repository.git(&["update-ref", "refs/remotes/origin/fix", "HEAD"]);
    repository.git(&["branch", "--quiet", "--set-upstream-to=origin/fix"]);
    compared(&repository, "main", "main");
    // In a clone of a checkout, the remote's default branch is the current one.
    let head = "refs/remotes/origin/HEAD";
    repository.git(&["symbolic-ref", head, "refs/remotes/origin/fix"]);
    compared(&repository, "main", "main");
    repository.git(&["branch", "--delete", "--force", "main"]);
    compared(&repository, "origin/fix", "HEAD");
    // A clone of this branch alone does not contain main.
    repository.git(&["symbolic-ref", "--delete", head]);
    let error = git::merge_base(&repository.0).unwrap_err();
    assert!(error.contains("fetch it, or"), "{error}");
}

#[test]
fn the_project_may_be_a_folder_of_a_larger_repository() {
    let repository = Repository::new();
    let folder = "services/pay out é";
    let root = repository.0.join(folder);
    fs::create_dir_all(root.join("spec")).unwrap();
    fs::create_dir_all(root.join("xtask")).unwrap();
    let write = |file: &str, text: &str| repository.write(&format!("{folder}/{file}"), text);
    write("Cargo.toml", &manifest("1.4.0"));
    write("xtask/Cargo.toml", "");
    write("spec/skypay.yaml", &case("01-api-op-removed"));
    repository.commit("moved in");
    repository.git(&["branch", "--force", "main"]);
    let tasks: [&[&str]; 4] = [
        &["spec", "diff"],
        &["spec", "diff", "--against", "HEAD"],
        &["spec", "semver", "--check"],
        &["spec", "diff", "--against", "spec/skypay.yaml"],
    ];
    for task in tasks {
        let output = xtask(&root, task).output().unwrap();
        assert!(output.status.success(), "{task:?}: {}", said(&output));
    }
    write("spec/skypay.yaml", &case("25-response-field-added"));
    let output = xtask(&root, &["spec", "diff"]).output().unwrap();
    assert!(said(&output).starts_with("compatible for partners; 2 changes against "));
    assert_eq!(git::baseline(&root).unwrap().unwrap().branch, "main");
}

/// A breaking edit must not pass because git refuses to show the old document.
#[test]
fn what_git_refuses_is_told_in_its_own_words() {
    let repository = Repository::new();
    let tasks: [&[&str]; 4] = [
        &["spec", "diff"],
        &["spec", "diff", "--against", "HEAD"],
        &["spec", "semver", "--check"],
        &["test"],
    ];
    for task in tasks {
        let mut refused = xtask(&repository.0, task);
        let refused = refused.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
        let output = refused.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{task:?}");
        let told = said(&output);
        assert!(told.contains("dubious ownership"), "{task:?}: {told}");
        assert!(!told.contains("merge base with"), "{task:?}: {told}");
        let output = xtask(&repository.0, task).env("PATH", "").output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{task:?}");
        let told = said(&output);
        assert!(told.contains("cannot run git: "), "{task:?}: {told}");
    }
    fs::write(repository.0.join(".git/HEAD"), "lost").unwrap();
    let error = git::baseline(&repository.0).unwrap_err();
    assert!(error.contains("fatal: "), "{error}");
}

#[test]
fn only_where_there_is_no_earlier_document_nothing_is_compared() {
    let repository = Repository::new();
    let root = &repository.0;
    assert!(git::baseline(root).unwrap().is_ok());
    // A single-branch clone has an earlier document, but cannot find it.
    repository.git(&["branch", "--delete", "--force", "main"]);
    assert!(git::baseline(root).is_err());
    repository.git(&["switch", "--quiet", "--orphan", "new"]);
    fs::create_dir_all(root.join("spec")).unwrap();
    repository.edit("base");
    let reason = |root: &Path| git::baseline(root).unwrap().unwrap_err();
    assert_eq!(reason(root), "nothing is committed yet");
    // Unpacked inside a repository that does not track it.
    repository.git(&["commit", "--quiet", "--allow-empty", "--message=other"]);
    assert!(reason(root).starts_with("the git repository around"));
    repository.git(&["branch", "main"]);
    repository.commit("moved in");
    assert_eq!(reason(root), "this branch brings the document");
    fs::remove_dir_all(root.join(".git")).unwrap();
    assert_eq!(reason(root), "this is not a git repository");
}

/// All ways in which git can be redirected to another repository or reconfigured,
/// as by its hooks and users.
#[test]
fn a_repository_that_runs_the_tests_is_left_alone() {
    let victim = Repository::new();
    let state = || {
        let names = ["log --all --format=%H%d", "status --short", "ls-files -s"];
        names.map(|name| victim.git(&name.split(' ').collect::<Vec<_>>()))
    };
    let before = state();
    let home = victim.0.join(".git/home");
    fs::create_dir_all(home.join("git")).unwrap();
    let file = |name: &str, text: &str| {
        fs::write(home.join(name), text).unwrap();
        home.join(name).display().to_string().replace('\\', "/")
    };
    let hook = file("commit-msg", "#!/bin/sh\nexit 1\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let hooks = home.display().to_string().replace('\\', "/");
    let everything = file("git/ignore", "*\n");
    file("git/attributes", "* text eol=crlf\n");
    file(
        ".gitconfig",
        &format!(
            "[commit]\ngpgSign = true\ntemplate = {hook}\n[user]\nsigningKey = none\n\
             useConfigOnly = true\n[core]\nhooksPath = {hooks}\nexcludesFile = {everything}\n\
             autocrlf = true\n[init]\ntemplateDir = {hooks}\n"
        ),
    );
    let tests = std::env::current_exe().unwrap();
    let mut tests = Command::new(tests);
    tests
        .args([
            "--exact",
            "checkout::the_nearest_of_all_main_branches_is_taken",
        ])
        .arg("checkout::the_project_may_be_a_folder_of_a_larger_repository")
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", &home)
        .env("GIT_DIR", victim.0.join(".git"))
        .env("GIT_COMMON_DIR", victim.0.join(".git"))
        .env("GIT_WORK_TREE", &*victim.0)
        .env("GIT_INDEX_FILE", victim.0.join(".git/index"))
        .env("GIT_OBJECT_DIRECTORY", victim.0.join(".git/objects"))
        .env("GIT_CONFIG", home.join(".gitconfig"))
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.hooksPath")
        .env("GIT_CONFIG_VALUE_0", &hooks)
        .env("GIT_TEMPLATE_DIR", &home)
        .env("GIT_NAMESPACE", "other")
        .env("GIT_PREFIX", "other/")
        .env("GIT_AUTHOR_DATE", "never")
        .env("GIT_DEFAULT_HASH", "none");
    let output = tests.output().unwrap();
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("2 passed"), "{told}");
    assert_eq!(state(), before);
}

/// The checkout is the one around the current folder, although this program was
/// built in another one.
#[test]
fn tasks_look_and_write_where_they_are_called() {
    let repository = Repository::new();
    repository.write("spec/skypay.yaml", KEPT);
    let below = repository.0.join("spec");
    let check = || xtask(&below, &["gen", "--check"]).output().unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let output = xtask(&below, &["gen"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(repository.0.join("generated/types/src/lib.rs").is_file());
    assert_eq!(check().status.code(), Some(0));
}

/// Three of these folders are separate workspaces.
#[test]
fn tasks_are_called_in_every_folder() {
    for folder in ["fuzz", "benches", "tests/consumer", "spec", "runtime/src"] {
        let folder = xtask::root().unwrap().join(folder);
        let output = cargo::command(&folder, "xtask help").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// Generated files do not depend on the user's rustfmt configuration.
#[test]
fn the_users_rustfmt_configuration_changes_nothing() {
    let repository = Repository::new();
    repository.write("spec/skypay.yaml", KEPT);
    generate::write(&repository.0).unwrap();
    let configuration = "max_width = 40\nhard_tabs = true\n";
    let home = repository.0.join("home");
    for folder in ["home/rustfmt", "generated", "target"] {
        fs::create_dir_all(repository.0.join(folder)).unwrap();
    }
    for file in ["home/rustfmt/rustfmt.toml", "target/.rustfmt.toml"] {
        repository.write(file, configuration);
    }
    for name in ["XDG_CONFIG_HOME", "HOME"] {
        let mut task = xtask(&repository.0, &["gen", "--check"]);
        let output = task
            .env(name, &home)
            // Locates rustup's toolchains, which otherwise depends on HOME.
            .env("RUSTUP_HOME", rustup_home())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

fn rustup_home() -> std::path::PathBuf {
    let named = std::env::var_os("RUSTUP_HOME").map(Into::into);
    named.unwrap_or_else(|| std::env::home_dir().unwrap().join(".rustup"))
}
