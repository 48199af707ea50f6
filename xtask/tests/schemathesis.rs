//! `schemathesis` where it cannot even ask.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Ending;
use xtask::schemathesis::{Arguments, run};

/// A root with this document, and without the pins.
fn root(name: &str, document: &str) -> PathBuf {
    let root = xtask::root()
        .unwrap()
        .join(format!("target/tmp/schemathesis-{name}"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("spec")).unwrap();
    fs::write(root.join("spec/skypay.yaml"), document).unwrap();
    root
}

fn asked(root: &Path) -> Ending {
    let arguments = Arguments {
        seed: 1,
        requests: 1,
    };
    run(root, &arguments)
}

#[test]
fn without_a_document_it_ends_unusable() {
    let refused = root("refused", "openapi: 3.0.3\n");
    assert_eq!(asked(&refused), Ending::Unusable);
    fs::remove_file(refused.join("spec/skypay.yaml")).unwrap();
    assert_eq!(asked(&refused), Ending::Unusable);
}

#[test]
fn without_the_program_it_ends_unusable() {
    let document = fs::read_to_string(xtask::root().unwrap().join("spec/skypay.yaml")).unwrap();
    let root = root("nobody", &document);
    assert_eq!(asked(&root), Ending::Unusable);
    assert!(!root.join("target").exists(), "nothing was started");
}

#[test]
fn nothing_is_not_a_number_of_requests() {
    let output = Command::new(
        xtask::built_into()
            .unwrap()
            .join(format!("xtask{EXE_SUFFIX}")),
    )
    .args(["schemathesis", "--requests", "0"])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
