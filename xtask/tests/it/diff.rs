//! `diff` and `semver` on a temporary repository: what they compare with, their
//! exit codes, and their output.

use std::fs;

use crate::temporary::{Repository, case, manifest};
use xtask::diff::{self, RoleName, Threshold};
use xtask::{Ending, semver};

fn diff(
    repository: &Repository,
    change: impl FnOnce(&mut diff::Arguments),
) -> Result<(String, Ending), String> {
    let mut arguments = diff::Arguments {
        against: None,
        role: RoleName::Partner,
        fail_on: Threshold::Breaking,
    };
    change(&mut arguments);
    diff::report(&repository.0, &arguments)
}

fn versions(repository: &Repository) -> (String, Ending) {
    let arguments = semver::Arguments {
        against: None,
        check: true,
    };
    semver::report(&repository.0, &arguments).unwrap()
}

#[test]
fn it_ends_by_threshold_and_role() {
    let repository = Repository::new();
    let check = |name: &str, role, fail_on, expected| {
        repository.edit(name);
        let (text, ending) = diff(&repository, |arguments| {
            (arguments.role, arguments.fail_on) = (role, fail_on);
        })
        .unwrap();
        assert_eq!(ending, expected, "{name} {role:?} {fail_on:?}\n{text}");
    };
    let (partner, server) = (RoleName::Partner, RoleName::Server);
    check("base", partner, Threshold::Risky, Ending::Clean);
    check(
        "39-description-only",
        partner,
        Threshold::Risky,
        Ending::Clean,
    );
    check(
        "13-response-enum-value-added",
        partner,
        Threshold::Source,
        Ending::Clean,
    );
    check(
        "13-response-enum-value-added",
        partner,
        Threshold::Risky,
        Ending::Findings,
    );
    check(
        "34-operationid-renamed",
        partner,
        Threshold::Breaking,
        Ending::Clean,
    );
    check(
        "34-operationid-renamed",
        partner,
        Threshold::Source,
        Ending::Findings,
    );
    check(
        "07-request-maxlength-tightened",
        partner,
        Threshold::Breaking,
        Ending::Findings,
    );
    check(
        "07-request-maxlength-tightened",
        partner,
        Threshold::None,
        Ending::Clean,
    );
    check(
        "07-request-maxlength-tightened",
        server,
        Threshold::Breaking,
        Ending::Clean,
    );
    check(
        "41-example-made-invalid",
        partner,
        Threshold::Breaking,
        Ending::Findings,
    );
}

#[test]
fn it_compares_with_the_merge_base_a_revision_or_a_file() {
    let repository = Repository::new();
    repository.edit("25-response-field-added");
    repository.commit("edit");
    let headline = |against: Option<&str>| {
        let told = diff(&repository, |arguments| {
            arguments.against = against.map(str::to_owned);
        });
        told.unwrap().0.lines().next().unwrap().to_owned()
    };
    // Commits added to main meanwhile are not part of the branch's edit.
    repository.git(&["switch", "--quiet", "main"]);
    repository.edit("01-api-op-removed");
    repository.commit("meanwhile");
    repository.git(&["switch", "--quiet", "edit"]);
    assert!(headline(None).starts_with("compatible for partners; 1 change against "));
    assert!(headline(Some("HEAD")).starts_with("no change against "));
    assert!(headline(Some("main")).starts_with("compatible for partners; 2 changes against "));
    let file = repository.0.join("other.yaml");
    fs::write(&file, case("42-field-renamed-typo-fix")).unwrap();
    assert!(headline(file.to_str()).starts_with("BREAKING for partners; 2 changes against "));
}

#[test]
fn what_cannot_be_read_gets_one_clear_message() {
    let repository = Repository::new();
    let message = |against: &str| {
        let told = diff(&repository, |arguments| {
            arguments.against = Some(against.to_owned());
        });
        told.unwrap_err()
    };
    assert_eq!(
        message("no-such-branch"),
        "there is neither a file nor a revision called `no-such-branch`"
    );
    assert!(message("--upload-pack=x").starts_with("there is neither"));
    for (text, expected) in [
        ("a: [", "spec/skypay.yaml:2:1: [yaml] "),
        (
            "swagger: '2.0'\n",
            "spec/skypay.yaml:1:1: [shape] this is not an OpenAPI 3 document",
        ),
    ] {
        repository.write("spec/skypay.yaml", text);
        let error = diff(&repository, |_| ()).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    fs::remove_file(repository.0.join("spec/skypay.yaml")).unwrap();
    let error = diff(&repository, |_| ()).unwrap_err();
    assert!(
        error.starts_with("cannot read spec/skypay.yaml: "),
        "{error}"
    );
}

#[test]
fn a_shallow_clone_is_told_what_it_lacks() {
    let origin = Repository::new();
    origin.edit("25-response-field-added");
    origin.commit("edit");
    origin.git(&["switch", "--quiet", "main"]);
    let clone = Repository::new();
    let target = clone.0.join("shallow");
    clone.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        "--branch=edit",
        // Without this option git ignores `--depth`.
        "--no-local",
        origin.0.to_str().unwrap(),
        "shallow",
    ]);
    let arguments = diff::Arguments {
        against: None,
        role: RoleName::Partner,
        fail_on: Threshold::Breaking,
    };
    let error = diff::report(&target, &arguments).unwrap_err();
    assert_eq!(
        error,
        "there is no branch main or master to compare with, here or at a remote: fetch it (this \
         clone is shallow: run `git fetch --unshallow`), or name a revision or a file by --against"
    );
}

#[test]
fn the_text_fits_a_terminal_and_names_every_place() {
    let repository = Repository::new();
    for name in [
        "48-shared-envelope-field-added",
        "01-api-op-removed",
        "36-wire-action-changed",
    ] {
        repository.edit(name);
        let text = diff(&repository, |_| ()).unwrap().0;
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let location = text
            .lines()
            .filter(|line| line.contains("spec/skypay.yaml:"));
        assert!(location.count() >= 1, "{text}");
    }
    repository.edit("07-request-maxlength-tightened");
    let text = diff(&repository, |_| ()).unwrap().0;
    let paragraph = "\
breaking: PayoutQueueRequest.remarks constraint-tightened: 255 -> 100
  spec/skypay.yaml:258:22 (37c20771b648883e)
  deployed caller: breaks, deployed callee: works; code: client major, server
  patch
  in payoutQueue request
";
    assert!(text.contains(paragraph), "{text}");
}

#[test]
fn versions_have_to_follow() {
    let repository = Repository::new();
    repository.edit("07-request-maxlength-tightened");
    let (text, ending) = versions(&repository);
    assert_eq!(ending, Ending::Findings);
    let expected = "\
document        major  1.4.0 -> 2.0.0  is still 1.4.0
skypay-types    major  1.4.0 -> 2.0.0  is still 1.4.0
skypay-client   major  1.4.0 -> 2.0.0  is still 1.4.0
skypay-server   patch  1.4.0 -> 1.4.1  is still 1.4.0
`cargo xtask spec bump` raises `info.version` in spec/skypay.yaml to 2.0.0 and
  `[workspace.package] version` in Cargo.toml to 2.0.0
";
    let (text, origin) = text.split_once("against ").unwrap();
    assert_eq!(text, expected);
    assert!(origin.ends_with(":spec/skypay.yaml, the merge base with main\n"));
    let raised = case("07-request-maxlength-tightened").replace("version: 1.4.0", "version: 2.0.0");
    repository.write("spec/skypay.yaml", &raised);
    assert_eq!(versions(&repository).1, Ending::Findings);
    repository.write("Cargo.toml", &manifest("2.0.0"));
    assert_eq!(versions(&repository).1, Ending::Clean);
    repository.write("Cargo.toml", &manifest("1.9.0"));
    assert_eq!(versions(&repository).1, Ending::Findings);
}

#[test]
fn document_and_crates_share_major_and_minor() {
    let repository = Repository::new();
    let raised = case("base").replace("version: 1.4.0", "version: 1.5.0");
    repository.write("spec/skypay.yaml", &raised);
    repository.write("Cargo.toml", &manifest("1.4.1"));
    let (text, ending) = versions(&repository);
    assert_eq!(ending, Ending::Findings, "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("in Cargo.toml to 1.5.0"), "{text}");
    repository.write("Cargo.toml", &manifest("1.5.3"));
    assert_eq!(versions(&repository).1, Ending::Clean);
}
