//! What is generated from a document that uses every word there is: words that
//! the API's own document does not use yet make good code, too.

use std::fs;
use std::path::Path;

use xtask::steps;

const EVERY_WORD: &str = include_str!("../documents/every-word.yaml");

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_word_gives_code_without_a_warning_and_examples_that_run() {
    let root = xtask::root().unwrap();
    let folder = root.join("target/tmp/every-word");
    // Nothing of an earlier document may stay.
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    copy(&root.join("runtime"), &folder.join("runtime"));
    for file in codegen::generate(EVERY_WORD).unwrap().files {
        let path = folder.join("generated").join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (before, members) = workspace.split_once("members = [").unwrap();
    let (_, after) = members.split_once(']').unwrap();
    let workspace = format!("{before}members = [\"runtime\", \"generated/*\"]{after}");
    fs::write(folder.join("Cargo.toml"), workspace).unwrap();
    // The same versions as here, so that nothing has to be fetched.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let profile = xtask::built_into().unwrap();
    let target = profile.parent().unwrap();
    for arguments in [
        "check --quiet --offline --workspace --all-features",
        "test --quiet --offline --doc --package skypay-types --all-features",
    ] {
        let done = steps::command(&folder, arguments)
            .env("CARGO_TARGET_DIR", target)
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&done.stderr);
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{complaints}{said}");
        assert!(!complaints.contains("warning"), "{complaints}");
    }
}
