//! `exports` on a small document in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xtask::Ending;
use xtask::exports::{OUTPUT, write};
use xtask::generate::DOCUMENT;

use crate::temporary::{ACCEPTED, Folder};

/// Returns the names and texts of all exports.
fn present(root: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root.join(OUTPUT)).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    entries.collect()
}

#[test]
fn every_export_is_written_and_no_other_file_is_left() {
    let root = Folder::new(ACCEPTED);
    write(&root).unwrap();
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
    let folder = root.join(OUTPUT);
    fs::remove_file(folder.join("logical.json")).unwrap();
    fs::write(folder.join("callbacks.json"), "{}\n").unwrap();
    fs::write(folder.join("former.json"), "{}\n").unwrap();
    write(&root).unwrap();
    assert_eq!(present(&root), first);
}

#[test]
fn an_unusable_document_writes_nothing() {
    let root = Folder::new(ACCEPTED);
    write(&root).unwrap();
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
        let failure = write(&root).unwrap_err();
        assert!(failure.to_string().contains(message), "{failure}");
        assert_eq!(failure.ending(), ending, "{text:?}");
        assert_eq!(present(&root), first);
    }
    fs::remove_file(root.join(DOCUMENT)).unwrap();
    let failure = write(&root).unwrap_err();
    assert!(
        failure
            .to_string()
            .starts_with("cannot read spec/skypay.yaml: ")
    );
    assert_eq!(failure.ending(), Ending::Unusable);
    assert_eq!(present(&root), first);
}
