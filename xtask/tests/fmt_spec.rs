//! `fmt-spec` and `fmt-spec --check` on a small document in a folder of its
//! own.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use xtask::Ending;
use xtask::fmt_spec::{Arguments, formatted, run};
use xtask::generate::DOCUMENT;

const KEPT: &str = include_str!("../../tests/documents/kept.yaml");

/// A root with a document.
fn root(name: &str, text: &str) -> PathBuf {
    let root = xtask::root()
        .unwrap()
        .join(format!("target/tmp/fmt-spec-{name}"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("spec")).unwrap();
    fs::write(root.join(DOCUMENT), text).unwrap();
    root
}

fn document(root: &Path) -> String {
    fs::read_to_string(root.join(DOCUMENT)).unwrap()
}

const WRITE: Arguments = Arguments {
    file: None,
    check: false,
};

const CHECK: Arguments = Arguments {
    file: None,
    check: true,
};

/// A document in which two members have changed places.
fn shuffled() -> String {
    let (summary, description) = (
        "      summary: Pay somebody\n",
        "      description: Pays.\n",
    );
    let text = KEPT.replace(
        &format!("{summary}{description}"),
        &format!("{description}      summary: \"Pay somebody\" # so far\n"),
    );
    assert_ne!(text, KEPT);
    text
}

#[test]
fn a_document_is_written_once_and_left_alone_then() {
    let root = root("once", &shuffled());
    assert_eq!(run(&root, &CHECK), Ending::Stale);
    assert_eq!(document(&root), shuffled());
    assert_eq!(run(&root, &WRITE), Ending::Clean);
    let expected = KEPT.replace(
        "summary: Pay somebody\n",
        "summary: Pay somebody # so far\n",
    );
    assert_eq!(document(&root), expected);
    assert_eq!(run(&root, &CHECK), Ending::Clean);
    let written = fs::metadata(root.join(DOCUMENT))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(run(&root, &WRITE), Ending::Clean);
    let again = fs::metadata(root.join(DOCUMENT))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(written, again);
}

#[test]
fn the_first_lines_that_differ_are_shown() {
    let root = root("shown", &shuffled());
    let (text, _) = formatted(&root, &CHECK).unwrap();
    let expected = "\
stale     spec/skypay.yaml:35: run `cargo xtask fmt-spec`
-       description: Pays.
-       summary: \"Pay somebody\" # so far
-       tags:
+       summary: Pay somebody # so far
+       description: Pays.
+       tags:
";
    assert_eq!(text, expected);
}

#[test]
fn lines_that_are_shown_fit_a_terminal() {
    let long = "word ".repeat(60);
    let root = root("long", &KEPT.replace("Pays.\n", &format!("{long}end.\n")));
    let (text, ending) = formatted(&root, &CHECK).unwrap();
    assert_eq!(ending, Ending::Stale);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn another_file_can_be_named() {
    let root = root("other", KEPT);
    let other = root.join("other.yaml");
    fs::write(&other, shuffled()).unwrap();
    let arguments = Arguments {
        file: Some(other.clone()),
        check: false,
    };
    let (text, _) = formatted(&root, &arguments).unwrap();
    assert_eq!(text, format!("wrote {}\n", other.display()));
    assert_eq!(document(&root), KEPT);
}

#[test]
fn what_cannot_be_read_is_left_as_it_is() {
    for (text, expected) in [
        ("a: [", "spec/skypay.yaml:2:1: [yaml] "),
        (
            "a: 1\na: 2\n",
            "spec/skypay.yaml:2:1: [yaml] the key `a` stands twice",
        ),
        ("a: &b 1\n", "spec/skypay.yaml:1:4: [yaml] an anchor"),
        (
            "- a\n",
            "spec/skypay.yaml:1:1: [yaml] the document is not a mapping",
        ),
    ] {
        let root = root("unreadable", text);
        for arguments in [&WRITE, &CHECK] {
            let message = formatted(&root, arguments).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
            assert_eq!(run(&root, arguments), Ending::Unusable);
        }
        assert_eq!(document(&root), text);
    }
    let root = root("gone", KEPT);
    fs::remove_file(root.join(DOCUMENT)).unwrap();
    let message = formatted(&root, &WRITE).unwrap_err();
    assert!(
        message.starts_with("cannot read spec/skypay.yaml: "),
        "{message}"
    );
    assert!(!root.join(DOCUMENT).exists());
}
