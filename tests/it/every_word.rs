//! Code generated from a document that uses every keyword, every name that the
//! generator accepts, and all kinds of Markdown: features that the API's own
//! document does not use yet compile as well.

use std::fs;
use std::path::Path;

use xtask::cargo;

/// Copies a folder recursively.
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

/// Replaces every placeholder text of the document by a generated one.
fn with_prose(document: &str) -> String {
    let texts = crate::markdown::texts(600);
    let lines = texts.iter().filter(|text| !text.contains(['\n', '\t']));
    let lines: Vec<_> = lines.cloned().collect();
    let mut out = document.to_owned();
    for (what, texts) in [
        ("description: D.", &texts),
        ("note: N.", &texts),
        ("meaning: Done.", &texts),
        ("summary: Does it", &lines),
        ("title: A small API with every word", &lines),
    ] {
        let (key, _) = what.split_once(':').unwrap();
        let mut texts = texts.iter().cycle();
        let mut parts = out.split(what);
        let mut next = parts.next().unwrap().to_owned();
        for part in parts {
            let text = serde_json::Value::from(texts.next().unwrap().as_str());
            next.push_str(&format!("{key}: {text}{part}"));
        }
        out = next;
    }
    out
}

#[test]
fn every_word_name_and_text_gives_code_without_a_warning_and_examples_that_run() {
    let (document, _) = crate::names::accepted();
    let document = with_prose(&document);
    let generated = codegen::generate(&document).unwrap();
    let root = xtask::root().unwrap();
    let folder = root.join("target/tmp/every-word");
    // Remove files of an earlier document.
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    copy(&root.join("runtime"), &folder.join("runtime"));
    for file in generated.files {
        let path = folder.join("generated").join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (before, members) = workspace.split_once("members = [").unwrap();
    let (_, after) = members.split_once(']').unwrap();
    let workspace = format!("{before}members = [\"runtime\", \"generated/*\"]{after}");
    fs::write(folder.join("Cargo.toml"), workspace).unwrap();
    // Uses the workspace's versions, so that nothing has to be fetched.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let profile = xtask::built_into().unwrap();
    let target = profile.parent().unwrap();
    let said = [
        "check --quiet --offline --workspace --all-features",
        "doc --quiet --offline --no-deps --workspace --exclude skypay-runtime --all-features",
        "test --quiet --offline --doc --workspace --exclude skypay-runtime --all-features",
    ]
    .map(|arguments| {
        let done = cargo::command(&folder, arguments)
            .env("CARGO_TARGET_DIR", target)
            .env("RUSTDOCFLAGS", "--deny warnings")
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&done.stderr);
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{arguments}: {complaints}{said}");
        assert!(!complaints.contains("warning"), "{complaints}");
        said.into_owned()
    });
    // Each message of an operation has a doc example, and so has each server
    // trait and each crate; texts of the document add no further ones.
    let passed = said[2]
        .split(" passed")
        .filter_map(|text| text.rsplit(' ').next());
    let passed = passed.filter_map(|count| count.parse::<usize>().ok());
    assert_eq!(
        passed.sum::<usize>(),
        2 * generated.api.operations.len() + 5
    );
}
