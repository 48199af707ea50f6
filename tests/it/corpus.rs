//! Runs the fuzz targets on the seeds and on all inputs that fuzzing has found.

use std::fs;

use crate::fuzz;

fn each(target: &str, look: fn(&[u8])) {
    let folder = xtask::root().unwrap().join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        look(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 1, "{target} has {count}");
}

#[test]
fn what_is_kept_of_envelopes_holds() {
    each("envelope", fuzz::envelope);
}

#[test]
fn what_is_kept_of_callbacks_holds() {
    each("callbacks", fuzz::callbacks);
}

#[test]
fn what_is_kept_of_messages_holds() {
    each("reading", fuzz::reading);
}

#[test]
fn what_is_kept_of_evidence_holds() {
    each("evidence", fuzz::evidence);
}

#[test]
fn what_is_kept_of_documents_holds() {
    each("document", fuzz::document);
}
