//! `second-opinion` where it cannot even ask.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use xtask::Ending;
use xtask::report::Format;
use xtask::second_opinion::{Arguments, run};

/// A root with the tables and the documents, and nobody to ask.
fn root(name: &str) -> PathBuf {
    let root = xtask::root()
        .unwrap()
        .join(format!("target/tmp/opinion-{name}"));
    let _ = fs::remove_dir_all(&root);
    for folder in ["spec", "tests/breaking"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for entry in fs::read_dir(xtask::root().unwrap().join("tests/breaking")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        fs::copy(&path, root.join("tests/breaking").join(name)).unwrap();
    }
    let document = "spec/skypay.yaml";
    fs::copy(xtask::root().unwrap().join(document), root.join(document)).unwrap();
    root
}

fn asked(root: &Path) -> Ending {
    let format = Format::Text;
    run(root, &Arguments { format })
}

#[test]
fn what_it_needs_and_cannot_read_ends_it_unusable() {
    for file in [
        "tests/breaking/second-opinion.csv",
        "tests/breaking/ours.csv",
        "tests/breaking/base.yaml",
        "spec/skypay.yaml",
    ] {
        let root = root("unreadable");
        fs::remove_file(root.join(file)).unwrap();
        assert_eq!(asked(&root), Ending::Unusable, "{file}");
    }
}

#[test]
fn without_redocly_it_ends_unusable() {
    let root = root("nobody");
    assert_eq!(asked(&root), Ending::Unusable);
}
