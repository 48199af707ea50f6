//! `approve` and its effect on `diff`: an approved break is still reported, no
//! longer fails, and expires with its version.

use std::fs;

use crate::temporary::{Repository, case};
use xtask::approvals::APPROVALS;
use xtask::diff::{self, RoleName, Threshold};
use xtask::review::{self, Format};
use xtask::{Ending, approve};

/// A breaking edit and its fingerprint.
const BREAK: (&str, &str) = ("07-request-maxlength-tightened", "37c20771b648883e");

fn approve(repository: &Repository, fingerprint: &str) -> Result<String, String> {
    approve_until(
        repository,
        fingerprint,
        "Agreed with all \"three\" partners.",
        None,
    )
}

fn approve_until(
    repository: &Repository,
    fingerprint: &str,
    reason: &str,
    expires: Option<&str>,
) -> Result<String, String> {
    let arguments = approve::Arguments {
        fingerprint: fingerprint.to_owned(),
        reason: reason.to_owned(),
        expires: expires.map(str::to_owned),
        against: None,
    };
    approve::approve(&repository.0, &arguments)
}

fn diff(repository: &Repository) -> Result<(String, Ending), String> {
    let arguments = diff::Arguments {
        against: None,
        role: RoleName::Partner,
        fail_on: Threshold::Breaking,
    };
    diff::report(&repository.0, &arguments)
}

fn file(repository: &Repository) -> String {
    fs::read_to_string(repository.0.join(APPROVALS)).unwrap_or_default()
}

/// Creates a repository with an approved break.
fn decided() -> Repository {
    let repository = Repository::new();
    repository.edit(BREAK.0);
    approve(&repository, BREAK.1).unwrap();
    repository
}

#[test]
fn an_approved_break_stays_visible_and_does_not_fail() {
    let repository = Repository::new();
    repository.edit(BREAK.0);
    assert_eq!(diff(&repository).unwrap().1, Ending::Findings);
    let told = approve(&repository, BREAK.1).unwrap();
    assert!(
        told.starts_with("approved until 2.1.0: PayoutQueueRequest.remarks"),
        "{told}"
    );
    let (text, ending) = diff(&repository).unwrap();
    assert_eq!(ending, Ending::Clean, "{text}");
    for expected in [
        "BREAKING for partners, approved; 1 change against",
        "\napproved breaking: PayoutQueueRequest.remarks constraint-tightened",
        "\n  approved until 2.1.0: Agreed with all \"three\" partners.\n",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let review = |format| {
        let arguments = review::Arguments {
            against: None,
            fail_on: Threshold::Breaking,
            format,
            no_examples: true,
            no_output: true,
            links: None,
            out: None,
        };
        review::report(&repository.0, &arguments).unwrap().0
    };
    let comment = review(Format::Markdown);
    for expected in [
        "| ~~breaking~~ | ~~`PayoutQueueRequest.remarks` constraint tightened: `255` → `100`~~",
        "<br>approved until 2.1.0: Agreed with all \"three\" partners. |",
    ] {
        assert!(comment.contains(expected), "{comment}");
    }
    let annotations = review(Format::Github);
    let expected = "::notice file=spec/skypay.yaml,line=258,";
    assert!(annotations.contains(expected), "{annotations}");
}

#[test]
fn what_is_not_approved_still_fails() {
    let repository = decided();
    let purpose = "maxLength: 200\n          description: Free text";
    let both = case(BREAK.0).replacen(purpose, &purpose.replace("200", "150"), 1);
    repository.write("spec/skypay.yaml", &both);
    let (text, ending) = diff(&repository).unwrap();
    assert_eq!(ending, Ending::Findings, "{text}");
    assert!(
        text.starts_with("BREAKING for partners; 2 changes"),
        "{text}"
    );
}

/// Both values are part of the approval.
#[test]
fn an_approval_is_of_the_values_and_not_of_the_place() {
    let repository = decided();
    let toml = file(&repository);
    assert!(toml.contains("old = \"255\"\nnew = \"100\"\n"), "{toml}");
    let further = case(BREAK.0).replacen("maxLength: 100", "maxLength: 99", 1);
    repository.write("spec/skypay.yaml", &further);
    let (text, ending) = diff(&repository).unwrap();
    assert_eq!(ending, Ending::Findings, "{text}");
    assert!(text.starts_with("BREAKING for partners; "), "{text}");
    for (from, to) in [("old = \"255\"", "old = \"256\""), ("new = \"100\"\n", "")] {
        repository.write(APPROVALS, &toml.replace(from, to));
        let error = diff(&repository).unwrap_err();
        assert!(
            error.starts_with("spec/approved-breaks.toml:4:1: `fingerprint`"),
            "{error}"
        );
    }
}

#[test]
fn an_approval_that_lasts_too_long_is_refused_with_its_place() {
    let repository = decided();
    let good = file(&repository);
    for version in ["2.1.1", "2.2.0", "999.0.0"] {
        repository.write(APPROVALS, &good.replace("2.1.0", version));
        let error = diff(&repository).unwrap_err();
        let expected = format!(
            "spec/approved-breaks.toml:4:1: `expires` is {version}, but an approval lasts at most \
             until 2.1.0"
        );
        assert!(error.starts_with(&expected), "{error}");
    }
    // An existing entry never fails a later edit, unless it is absurd.
    repository.write(APPROVALS, &good.replace("2.1.0", "999.0.0"));
    repository.commit("break");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "edit"]);
    let error = diff(&repository).unwrap_err();
    assert!(error.contains("`expires` is 999.0.0"), "{error}");
}

#[test]
fn an_approval_that_matches_nothing_fails_in_the_edit_that_brings_it() {
    let repository = decided();
    repository.edit("base");
    let (text, ending) = diff(&repository).unwrap();
    assert_eq!(ending, Ending::Findings, "{text}");
    let expected = "the approval of constraint-tightened at";
    assert!(text.contains(expected), "{text}");
    let location = format!("  {APPROVALS}:4:1\n");
    assert!(text.contains(&location), "{text}");
    // Once merged, the entry stays valid until it expires.
    repository.edit(BREAK.0);
    repository.commit("break");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "edit"]);
    repository.git(&["switch", "--quiet", "--create", "next"]);
    assert_eq!(diff(&repository).unwrap().1, Ending::Clean);
    let later = case(BREAK.0).replace("version: 1.4.0", "version: 2.1.0");
    repository.write("spec/skypay.yaml", &later);
    let (text, ending) = diff(&repository).unwrap();
    assert_eq!(ending, Ending::Findings, "{text}");
    let words: Vec<_> = text.split_whitespace().collect();
    let expected = "expired in 2.1.0: remove the entry";
    assert!(words.join(" ").contains(expected), "{text}");
}

#[test]
fn an_expired_approval_no_longer_approves() {
    let repository = decided();
    let later = case(BREAK.0).replace("version: 1.4.0", "version: 2.1.0");
    repository.write("spec/skypay.yaml", &later);
    let (text, _) = diff(&repository).unwrap();
    assert!(text.starts_with("BREAKING for partners; "), "{text}");
}

#[test]
fn only_what_can_be_decided_on_is_recorded() {
    let repository = Repository::new();
    let check = |edit: &str, fingerprint: &str, expected: &str| {
        repository.edit(edit);
        let error = approve(&repository, fingerprint).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert_eq!(file(&repository), "", "nothing is written");
    };
    check(BREAK.0, "0123456789abcdef", "is called `0123456789abcdef`");
    check(BREAK.0, "", "is called ``");
    check("base", BREAK.1, "no change against ");
    for (edit, expected) in [
        (
            "41-example-made-invalid",
            "breaks the rule `invalid-example`, so fix the document",
        ),
        (
            "39-description-only",
            "breaks nothing: there is nothing to approve",
        ),
    ] {
        let report = spec_tools::diff::diff(&case("base"), &case(edit)).unwrap();
        check(edit, &report.changes[0].fingerprint(), expected);
    }
    repository.edit(BREAK.0);
    for (reason, expires, expected) in [
        (" \n", None, "the reason is empty"),
        ("Why.", Some("2.0.0"), "would not hold for 2.0.0"),
        (
            "Why.",
            Some("soon"),
            "`soon` is not a version of three numbers",
        ),
        ("Why.", Some("2.1.1"), "lasts at most until 2.1.0"),
        ("Why.", Some("999.0.0"), "lasts at most until 2.1.0"),
    ] {
        let error = approve_until(&repository, BREAK.1, reason, expires).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert_eq!(file(&repository), "", "nothing is written");
    }
    approve_until(&repository, BREAK.1, "Why.", Some("2.0.1")).unwrap();
    let error = approve(&repository, BREAK.1).unwrap_err();
    assert!(
        error.contains("is approved already, at spec/approved-breaks.toml:4: Why."),
        "{error}"
    );
}

#[test]
fn entries_that_are_there_stay_as_they_are() {
    let repository = Repository::new();
    repository.edit(BREAK.0);
    repository.write(APPROVALS, "# a comment\n");
    approve(&repository, BREAK.1).unwrap();
    let text = file(&repository);
    assert!(
        text.starts_with("# a comment\n\n[[break]]\nfingerprint = "),
        "{text}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_line() {
    let repository = decided();
    let good = file(&repository);
    let check = |text: &str, expected: &str| {
        repository.write(APPROVALS, text);
        let error = diff(&repository).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    check("[[break]\n", "spec/approved-breaks.toml:1:");
    check("\n[[break]]\nrule = 'a'\n", "spec/approved-breaks.toml:2:");
    check(
        &good.replace("expires =", "expired ="),
        "spec/approved-breaks.toml:",
    );
    check(
        &good.replace("2.1.0", "two"),
        "spec/approved-breaks.toml:11:11: `two` is not a version of three numbers",
    );
    check(
        &good.replace("constraint-tightened", "constraint-loosened"),
        "spec/approved-breaks.toml:4:1: `fingerprint` is `37c20771b648883e`, but rule, pointer, \
         old and new value make `",
    );
    let twice = format!("{good}\n{}", &good[good.find("[[break]]").unwrap()..]);
    check(
        &twice,
        "spec/approved-breaks.toml:13:1: `37c20771b648883e` stands twice",
    );
}
