//! `release`: which commits can be released.

use std::fs;

use crate::temporary::{Repository, manifest};
use xtask::{Ending, release};

/// Checks what the report says about a commit; a repository is released as 1.4.0
/// unless `edit` changes that.
fn check(edit: impl Fn(&Repository), ending: Ending, expected: &str) {
    let repository = Repository::new();
    fs::create_dir_all(repository.0.join("journal/sqlx")).unwrap();
    repository.write("CHANGELOG.md", "# Changes\n\n## 1.4.0, 2026-12-01\n");
    repository.write("README.md", "skypay-client = \"1.4\"\n");
    repository.write("journal/sqlx/Cargo.toml", &adapter("1.4.0"));
    repository.commit("dated");
    edit(&repository);
    let (text, ended) = release::report(&repository.0).unwrap();
    assert!(text.contains(expected), "{expected}: {text}");
    assert_eq!(ended, ending, "{text}");
}

fn adapter(version: &str) -> String {
    format!("[package]\nname = \"adapter\"\nversion = \"{version}\"\n")
}

#[test]
fn a_commit_is_released_only_complete_and_under_its_own_number() {
    check(|_| (), Ending::Clean, "1.4.0 is the first release");
    check(
        |repository| drop(repository.git(&["tag", "v1.4.0"])),
        Ending::Clean,
        "1.4.0 is the first release",
    );
    let finding =
        |edit: &dyn Fn(&Repository), expected: &str| check(edit, Ending::Findings, expected);
    finding(
        &|repository| repository.write("README.md", "new"),
        "README.md does not show skypay-client = \"1.4\"",
    );
    finding(
        &|repository| repository.write("new.md", ""),
        "not committed:\n?? new.md",
    );
    for heading in ["1.4.0, unreleased", "1.3.0, 2026-12-01", "1.4.0"] {
        finding(
            &|repository| {
                repository.write("CHANGELOG.md", &format!("## {heading}\n"));
                repository.commit("heading");
            },
            &format!("CHANGELOG.md begins with `## {heading}`"),
        );
    }
    finding(
        &|repository| {
            repository.write("journal/sqlx/Cargo.toml", &adapter("1.3.0"));
            repository.commit("adapter");
        },
        "journal/sqlx/Cargo.toml does not have version 1.4.0",
    );
    finding(
        &|repository| drop(repository.git(&["tag", "v1.4.0", "HEAD~1"])),
        "the tag v1.4.0 is on another commit",
    );
    finding(
        &|repository| drop(repository.git(&["tag", "v1.5.0"])),
        "this commit has the tag v1.5.0, but version 1.4.0",
    );
}

/// An operation is removed since 1.3.0, which needs version 2.0.0.
#[test]
fn the_versions_are_those_that_the_edits_since_the_last_release_need() {
    check(
        |repository| {
            repository.git(&["tag", "v1.4.0", "HEAD~1"]);
            repository.edit("01-api-op-removed");
            repository.write("Cargo.toml", &manifest("1.5.0"));
            repository.write("journal/sqlx/Cargo.toml", &adapter("1.5.0"));
            repository.write("CHANGELOG.md", "## 1.5.0, 2026-12-02\n");
            repository.commit("removed");
        },
        Ending::Findings,
        "1.4.0 -> 2.0.0  is still",
    );
}
