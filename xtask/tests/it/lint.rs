//! `lint` on a small document in a temporary folder.

use std::fs;
use std::path::Path;

use xtask::Ending;
use xtask::generate::DOCUMENT;
use xtask::lint::{Arguments, report};

use crate::temporary::{Folder, KEPT};

fn warned() -> String {
    KEPT.replacen("                summary: To a bank\n", "", 1)
}

fn failed() -> String {
    warned().replace("          x-skypay-unit: PHP\n", "")
}

#[test]
fn it_fails_with_a_warning_and_with_an_error() {
    for (text, expected) in [
        (KEPT.to_owned(), Ending::Clean),
        (warned(), Ending::Findings),
        (failed(), Ending::Findings),
    ] {
        let root = Folder::new(&text);
        let (text, ending) = report(&root, &Arguments::default()).unwrap();
        assert_eq!(ending, expected, "{text}");
    }
}

#[test]
fn every_finding_has_its_place() {
    let root = Folder::new(&failed());
    let (text, _) = report(&root, &Arguments::default()).unwrap();
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
        ..Arguments::default()
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
        let message = report(&root, &Arguments::default()).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(message.matches("spec/").count(), 1, "{message}");
    }
    let root = Folder::new(KEPT);
    fs::remove_file(root.join(DOCUMENT)).unwrap();
    let message = report(&root, &Arguments::default()).unwrap_err();
    assert!(
        message.starts_with("cannot read spec/skypay.yaml: "),
        "{message}"
    );
}

#[test]
fn every_rule_is_explained() {
    let explain = |id: &str| {
        let arguments = Arguments {
            explain: Some(id.to_owned()),
            ..Arguments::default()
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
        "there is no rule `units`: spec/rules.md lists them all"
    );
}

#[test]
fn the_committed_document_keeps_every_rule() {
    let root = xtask::root().unwrap();
    let (text, ending) = report(&root, &Arguments::default()).unwrap();
    assert_eq!(ending, Ending::Clean, "{text}");
}
