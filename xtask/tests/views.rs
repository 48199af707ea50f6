//! `views` and `views --check` on a small document in a folder of their own.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::Ending;
use xtask::folder::Difference;
use xtask::generate::DOCUMENT;
use xtask::views::{Arguments, OUTPUT, compare, run};

/// A root with a small document and no views yet.
fn root(name: &str) -> PathBuf {
    let root = xtask::root()
        .unwrap()
        .join(format!("target/tmp/views-{name}"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("spec")).unwrap();
    let document = include_str!("../../tests/documents/accepted.yaml");
    fs::write(root.join(DOCUMENT), document).unwrap();
    root
}

fn write(root: &Path) -> Ending {
    run(root, &Arguments { check: false })
}

fn check(root: &Path) -> Ending {
    run(root, &Arguments { check: true })
}

/// The names and texts of all views that are there.
fn present(root: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(root.join(OUTPUT)) else {
        return BTreeMap::new();
    };
    let entries = entries.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    entries.collect()
}

#[test]
fn what_is_written_is_fresh_and_the_same_twice() {
    let root = root("fresh");
    assert_eq!(check(&root), Ending::Stale);
    assert!(present(&root).is_empty(), "--check writes nothing");
    assert_eq!(write(&root), Ending::Clean);
    let first = present(&root);
    let names: Vec<_> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "callbacks.json",
            "logical.json",
            "postman.json",
            "webhooks.json"
        ]
    );
    assert_eq!(check(&root), Ending::Clean);
    assert_eq!(write(&root), Ending::Clean);
    assert_eq!(present(&root), first);
}

#[test]
fn missing_stale_and_leftover_views_are_found_and_mended() {
    let root = root("drift");
    assert_eq!(write(&root), Ending::Clean);
    let first = present(&root);
    let folder = root.join(OUTPUT);
    fs::remove_file(folder.join("logical.json")).unwrap();
    fs::write(folder.join("callbacks.json"), "{}\n").unwrap();
    fs::write(folder.join("former.json"), "{}\n").unwrap();
    let differences = compare(&root).unwrap().differences;
    let lines: Vec<_> = differences.iter().map(|one| one.line(OUTPUT)).collect();
    assert_eq!(
        lines,
        [
            "stale     spec/views/callbacks.json",
            "missing   spec/views/logical.json",
            "leftover  spec/views/former.json",
        ]
    );
    assert_eq!(check(&root), Ending::Stale);
    assert_eq!(present(&root).len(), 4, "--check writes nothing");
    assert_eq!(write(&root), Ending::Clean);
    assert_eq!(present(&root), first);
}

#[test]
fn an_edit_of_the_document_makes_every_view_stale() {
    let root = root("edited");
    assert_eq!(write(&root), Ending::Clean);
    let document = fs::read_to_string(root.join(DOCUMENT)).unwrap();
    let document = document.replacen("Pay somebody", "Pay anybody", 1);
    fs::write(root.join(DOCUMENT), document).unwrap();
    let stale = compare(&root).unwrap().differences;
    assert_eq!(stale.len(), 4);
    assert!(
        stale
            .iter()
            .all(|one| matches!(one, Difference::Changed(_)))
    );
    assert_eq!(check(&root), Ending::Stale);
}

#[test]
fn an_unusable_document_writes_nothing() {
    let root = root("unusable");
    assert_eq!(write(&root), Ending::Clean);
    let first = present(&root);
    let document = fs::read_to_string(root.join(DOCUMENT)).unwrap();
    let broken = document.replacen("operationId: ask", "operationId: Ask", 1);
    for (text, ending, message) in [
        (broken.as_str(), Ending::Findings, "spec/skypay.yaml:"),
        ("paths: [", Ending::Unusable, "[yaml]"),
        ("", Ending::Unusable, "the document is empty"),
        ("- a\n", Ending::Unusable, "not a mapping"),
    ] {
        fs::write(root.join(DOCUMENT), text).unwrap();
        let failure = compare(&root).unwrap_err();
        assert!(failure.to_string().contains(message), "{failure}");
        assert_eq!(write(&root), ending, "{text:?}");
        assert_eq!(check(&root), ending, "{text:?}");
        assert_eq!(present(&root), first);
    }
    fs::remove_file(root.join(DOCUMENT)).unwrap();
    let failure = compare(&root).unwrap_err().to_string();
    assert!(
        failure.starts_with("cannot read spec/skypay.yaml: "),
        "{failure}"
    );
    assert_eq!(write(&root), Ending::Unusable);
    assert_eq!(present(&root), first);
}
