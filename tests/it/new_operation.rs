//! A new operation, as CONTRIBUTING says: after `cargo xtask gen` the crates and
//! the sandbox compile without a line by hand. What is left to do is what the
//! tests of all operations then name.

use std::fs;
use std::path::Path;

use xtask::cargo;

use crate::every_word::copy;

const TEXT: &str = include_str!("../../spec/skypay.yaml");

/// The document with one operation more: `balanceQuery` by another name.
fn with_one_more() -> String {
    let mut text = TEXT.to_owned();
    for (start, end) in [
        ("\n  /services/{callerName}#balanceQuery:\n", "\n  /"),
        (
            "\n    BalanceQueryRequest:\n",
            "\n    BalanceTransferRequest:\n",
        ),
    ] {
        let from = text.find(start).unwrap();
        let behind = from + start.len();
        let to = behind + text[behind..].find(end).unwrap();
        let copied = text[from..to]
            .replace("balanceQuery", "creditQuery")
            .replace("BalanceQuery", "CreditQuery");
        text.insert_str(to, &copied);
    }
    text
}

#[test]
fn a_new_operation_compiles_everywhere_without_a_line_by_hand() {
    let root = xtask::root().unwrap();
    let folder = root.join("target/tmp/new-operation");
    // Nothing of an earlier document may stay.
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for part in ["runtime", "sandbox/src"] {
        copy(&root.join(part), &folder.join(part));
    }
    fs::create_dir_all(folder.join("sandbox/tests")).unwrap();
    // The manifest names this test.
    for file in ["Cargo.toml", "README.md", "tests/kill.rs"] {
        let file = Path::new("sandbox").join(file);
        fs::copy(root.join(&file), folder.join(&file)).unwrap();
    }
    for file in codegen::generate(&with_one_more()).unwrap().files {
        let path = folder.join("generated").join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text).unwrap();
    }
    let workspace = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (before, members) = workspace.split_once("members = [").unwrap();
    let (_, after) = members.split_once(']').unwrap();
    let members = "members = [\"runtime\", \"generated/*\", \"sandbox\"]";
    fs::write(
        folder.join("Cargo.toml"),
        format!("{before}{members}{after}"),
    )
    .unwrap();
    // The same versions as here, so that nothing has to be fetched.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let profile = xtask::built_into().unwrap();
    let target = profile.parent().unwrap();
    let check = "check --quiet --offline --package skypay-sandbox --lib";
    let done = cargo::command(&folder, check)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{complaints}");
    assert!(!complaints.contains("warning"), "{complaints}");
}
