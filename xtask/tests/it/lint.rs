//! `lint` on a small document in a temporary folder.

use std::fs;
use std::path::Path;

use xtask::Ending;
use xtask::generate::DOCUMENT;
use xtask::lint::{Arguments, Threshold, report};

use crate::temporary::{Folder, KEPT};

fn arguments() -> Arguments {
    Arguments {
        file: None,
        fail_on: Threshold::Warning,
        explain: None,
        rules: false,
    }
}

fn warned() -> String {
    KEPT.replacen("                summary: To a bank\n", "", 1)
}

fn failed() -> String {
    warned().replace("          x-skypay-unit: PHP\n", "")
}

#[test]
fn it_ends_by_threshold() {
    let check = |name: &str, text: &str, fail_on, expected| {
        let root = Folder::new(text);
        let arguments = Arguments {
            fail_on,
            ..arguments()
        };
        let (text, ending) = report(&root, &arguments).unwrap();
        assert_eq!(ending, expected, "{name}\n{text}");
    };
    check("kept", KEPT, Threshold::Warning, Ending::Clean);
    check("warned", &warned(), Threshold::Warning, Ending::Findings);
    check("warned", &warned(), Threshold::Error, Ending::Clean);
    check("failed", &failed(), Threshold::Error, Ending::Findings);
}

#[test]
fn every_finding_has_its_place() {
    let root = Folder::new(&failed());
    let (text, _) = report(&root, &arguments()).unwrap();
    let expected = "\
warning: the example `bank` does not say what it shows: give it a `summary`
  [example-summary]
  spec/skypay.yaml:66:15
  at …1{callerName}#pay/post/requestBody/content/application~1json/examples/bank
";
    assert!(text.contains(expected), "{text}");
    let rules = spec_tools::RULES.len();
    let summary = format!("spec/skypay.yaml: 2 errors and 1 warning by {rules} rules\n");
    assert!(text.ends_with(&summary), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn another_file_can_be_named() {
    let root = Folder::new(KEPT);
    let other = root.join("other.yaml");
    fs::write(&other, warned()).unwrap();
    let arguments = Arguments {
        file: Some(other.clone()),
        ..arguments()
    };
    let (text, ending) = report(&root, &arguments).unwrap();
    assert_eq!(ending, Ending::Findings);
    assert!(
        text.contains(&format!("{}:66:15", other.display())),
        "{text}"
    );
}

#[test]
fn what_is_no_document_gets_one_message() {
    for (text, expected) in [
        ("a: [", "spec/skypay.yaml:2:1: [yaml] "),
        (
            "swagger: '2.0'\n",
            "spec/skypay.yaml:1:1: [shape] this is not an OpenAPI 3 document",
        ),
        ("", "spec/skypay.yaml:1:1: [yaml] the document is empty"),
    ] {
        let root = Folder::new(text);
        let message = report(&root, &arguments()).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(message.matches("spec/").count(), 1, "{message}");
    }
    let root = Folder::new(KEPT);
    fs::remove_file(root.join(DOCUMENT)).unwrap();
    let message = report(&root, &arguments()).unwrap_err();
    assert!(
        message.starts_with("cannot read spec/skypay.yaml: "),
        "{message}"
    );
}

#[test]
fn a_rule_is_explained_and_an_unknown_one_is_guessed() {
    let explain = |id: &str| {
        let arguments = Arguments {
            explain: Some(id.to_owned()),
            ..arguments()
        };
        report(Path::new("nowhere"), &arguments)
    };
    for rule in spec_tools::RULES.iter() {
        let (text, ending) = explain(rule.id).unwrap();
        assert_eq!(ending, Ending::Clean);
        assert!(text.contains("exception"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    assert_eq!(
        explain("units").unwrap_err(),
        "there is no rule `units`: did you mean `unit`?"
    );
    assert!(explain("x").unwrap_err().contains("--rules"));
}

#[test]
fn the_table_fits_a_terminal() {
    let arguments = Arguments {
        rules: true,
        ..arguments()
    };
    let (text, ending) = report(Path::new("nowhere"), &arguments).unwrap();
    assert_eq!(ending, Ending::Clean);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    for rule in spec_tools::RULES.iter() {
        assert!(text.contains(rule.id), "{}", rule.id);
    }
}

#[test]
fn the_committed_document_keeps_every_rule() {
    let root = xtask::root().unwrap();
    let (text, ending) = report(&root, &arguments()).unwrap();
    assert_eq!(ending, Ending::Clean, "{text}");
}
