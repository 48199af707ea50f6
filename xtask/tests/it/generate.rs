//! `gen` and `gen --check` on a small document in a temporary folder.

use std::fs;
use std::path::Path;

use xtask::generate::{self, Difference};
use xtask::{Ending, Failure};

use crate::temporary::{ACCEPTED, Folder};

fn differences(root: &Path) -> Vec<Difference> {
    generate::compare(root).unwrap().differences
}

#[test]
fn what_is_written_is_fresh_and_the_same_twice() {
    let root = Folder::new(ACCEPTED);
    assert_eq!(Ending::of(&generate::check(&root)), Ending::Stale);
    generate::write(&root).unwrap();
    generate::check(&root).unwrap();
    let client = root.join("generated/client/src/client.rs");
    let first = fs::read(&client).unwrap();
    generate::write(&root).unwrap();
    assert_eq!(fs::read(&client).unwrap(), first);
}

#[test]
fn new_changed_and_leftover_files_are_found_and_fixed() {
    let root = Folder::new(ACCEPTED);
    generate::write(&root).unwrap();
    let output = root.join(generate::OUTPUT);
    fs::remove_file(output.join("types/src/pay.rs")).unwrap();
    fs::write(output.join("types/src/ask.rs"), "// edited by hand\n").unwrap();
    fs::write(output.join("types/src/old.rs"), "// no longer generated\n").unwrap();
    assert_eq!(
        differences(&root),
        [
            Difference::Changed("types/src/ask.rs".to_owned()),
            Difference::New("types/src/pay.rs".to_owned()),
            Difference::Leftover("types/src/old.rs".to_owned()),
        ]
    );
    assert_eq!(Ending::of(&generate::check(&root)), Ending::Stale);
    generate::write(&root).unwrap();
    assert_eq!(differences(&root), []);
    assert!(!output.join("types/src/old.rs").exists());
}

#[test]
fn a_refused_document_writes_nothing() {
    let root = Folder::new(ACCEPTED);
    generate::write(&root).unwrap();
    let document = fs::read_to_string(root.join(generate::DOCUMENT)).unwrap();
    let broken = document.replacen("operationId: ask", "operationId: Ask", 1);
    fs::write(root.join(generate::DOCUMENT), broken).unwrap();
    let Err(Failure::Refused(report)) = generate::compare(&root) else {
        panic!("the document was not refused");
    };
    let told = report
        .lines()
        .find(|line| line.contains("[wire-action-mismatch]"));
    assert!(told.unwrap().starts_with("spec/skypay.yaml:"), "{report}");
    assert_eq!(Ending::of(&generate::write(&root)), Ending::Findings);
    fs::write(root.join(generate::DOCUMENT), document).unwrap();
    assert_eq!(
        differences(&root),
        [],
        "the output is still that of the old document"
    );
}

#[test]
fn a_missing_document_is_said_to_be_missing() {
    let root = Folder::new(ACCEPTED);
    fs::remove_file(root.join(generate::DOCUMENT)).unwrap();
    assert_eq!(Ending::of(&generate::write(&root)), Ending::Unusable);
    let Err(Failure::Unusable(message)) = generate::compare(&root) else {
        panic!("the missing document went unnoticed");
    };
    assert!(message.contains("spec/skypay.yaml"), "{message}");
}
