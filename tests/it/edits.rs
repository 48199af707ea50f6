//! The small document of the tests, and edits of it.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the document and its edits.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("documents")
}

/// The document as it stands.
pub(crate) fn accepted() -> String {
    fs::read_to_string(folder().join("accepted.yaml")).unwrap()
}

/// The edits of a file: what is found, exactly once, and what stands there
/// instead.
fn edits(text: &str) -> Vec<(&str, &str)> {
    text.split("<<<<\n")
        .skip(1)
        .map(|edit| {
            let (old, rest) = edit.split_once("\n====\n").unwrap();
            let (new, _) = rest.split_once("\n>>>>").unwrap();
            (old, new)
        })
        .collect()
}

/// The document after the edits of a file.
pub(crate) fn edited(edit_file: &str) -> String {
    let mut document = accepted();
    for (old, new) in edits(edit_file) {
        assert_eq!(document.matches(old).count(), 1, "found once: {old}");
        document = document.replacen(old, new, 1);
    }
    document
}

/// The document with every word that there is.
pub(crate) fn every_word() -> String {
    fs::read_to_string(folder().join("every-word.yaml")).unwrap()
}
