//! `public-api` on a small document in a repository of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod repository;

use std::fs;

use repository::Repository;
use xtask::{Ending, generate, public_api};

const SMALL: &str = include_str!("../../tests/documents/accepted.yaml");

fn run(repository: &Repository, check: bool) -> Ending {
    let arguments = public_api::Arguments {
        check,
        against: None,
    };
    public_api::run(&repository.0, &arguments)
}

#[test]
fn the_check_sees_a_stale_public_api_and_only_that() {
    let repository = Repository::new();
    repository.write("spec/skypay.yaml", SMALL);
    assert_eq!(run(&repository, true), Ending::Stale);
    assert_eq!(generate::write(&repository.0), Ending::Clean);
    assert_eq!(run(&repository, true), Ending::Clean);
    repository.write("generated/types/src/ask.rs", "// edited by hand\n");
    assert_eq!(run(&repository, true), Ending::Clean);
    repository.write("generated/types/public-api.txt", "# edited by hand\n");
    assert_eq!(run(&repository, true), Ending::Stale);
    assert_eq!(run(&repository, false), Ending::Clean);
    assert_eq!(run(&repository, true), Ending::Clean);
    let by_hand = fs::read_to_string(repository.0.join("generated/types/src/ask.rs"));
    assert_eq!(
        by_hand.unwrap(),
        "// edited by hand\n",
        "only public APIs are written"
    );
}

#[test]
fn a_refused_document_writes_nothing() {
    let repository = Repository::new();
    repository.write("spec/skypay.yaml", &SMALL.replace("3.0.3", "3.1.0"));
    assert_eq!(run(&repository, false), Ending::Findings);
    repository.write("spec/skypay.yaml", "a: [");
    assert_eq!(run(&repository, false), Ending::Unusable);
    assert!(!repository.0.join("generated").exists());
}
