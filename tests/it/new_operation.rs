//! The checklists of CONTRIBUTING, executed on a copy of the checkout: with a new
//! operation and a new field in the document, each of their commands succeeds as
//! written there, without any manual edit.

use std::fs;
use std::path::Path;

use clap::Parser;
use xtask::generate::DOCUMENT;
use xtask::git;
use xtask::task::CommandLine;

use crate::workspace;

/// Copies a directory, except files that are not committed.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        if from.is_file() {
            fs::copy(from, to.join(name)).unwrap();
        } else if !["target", ".git", "node_modules", ".venv"]
            .iter()
            .any(|made| name == *made)
        {
            copy(&from, &to.join(name));
        }
    }
}

/// Returns the document with a copy of `balanceQuery` under another name, and
/// with an additional field in its response.
fn edited(document: &str) -> String {
    let mut text = document.to_owned();
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
    let field = "        remark:\n          type: string\n          maxLength: 80\n          \
                 description: Free text about the balance.\n          example: Counted at noon\n";
    let shown = text.find("balance: 726718").unwrap();
    let indent = text[..shown].rfind('\n').unwrap();
    let indent = text[indent..shown].to_owned();
    text.insert_str(shown, &format!("remark: Counted at noon{indent}"));
    let (before, after) = text.split_once("\n    BalanceQueryResponse:\n").unwrap();
    let (head, properties) = after.split_once("      properties:\n").unwrap();
    format!("{before}\n    BalanceQueryResponse:\n{head}      properties:\n{field}{properties}")
}

/// A package that depends on the sandbox of the copy, with the workspace's profile.
const USER: &str = r#"
[package]
name = "user"
edition = "2024"

[lib]
path = "lib.rs"

[dependencies]
skypay-sandbox = { path = "../new operation/sandbox" }

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false

[workspace]
"#;

/// Returns the commands of a section, without their comments.
fn commands(section: &str) -> Vec<String> {
    let contributing = include_str!("../../CONTRIBUTING.md");
    let (_, text) = contributing.split_once(section).unwrap();
    let (_, block) = text.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let lines = block.lines().map(|line| line.split('#').next().unwrap());
    let commands = lines.map(|line| line.trim().to_owned());
    commands.filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_commands_of_the_checklists_succeed() {
    let root = xtask::root().unwrap();
    let folder = root.join("target/tmp/new operation");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    copy(&root, &folder);
    let git = |arguments: &str| {
        let output = git::isolated(&folder).args(arguments.split(' ')).output();
        assert!(output.unwrap().status.success(), "git {arguments}");
    };
    git("init --quiet --initial-branch=main");
    git("add --all");
    git("commit --quiet --message=base");
    let document = fs::read_to_string(folder.join(DOCUMENT)).unwrap();
    fs::write(folder.join(DOCUMENT), edited(&document)).unwrap();

    // Cargo confuses members of different workspaces that share a target folder:
    // the copy is checked as a dependency of another package.
    let user = folder.with_extension("user");
    fs::create_dir_all(&user).unwrap();
    fs::write(user.join("Cargo.toml"), USER).unwrap();
    fs::write(user.join("lib.rs"), "").unwrap();
    fs::copy(root.join("Cargo.lock"), user.join("Cargo.lock")).unwrap();
    for command in commands("## A new operation") {
        println!("{command}");
        let words = command.strip_prefix("cargo ").unwrap();
        if words.starts_with("xtask ") {
            let task = CommandLine::try_parse_from(command.split_whitespace().skip(1)).unwrap();
            let done = task.task.run(&folder);
            assert!(done.is_ok(), "{command}: {done:?}");
            continue;
        }
        workspace::run(&user, words);
    }
    let document = fs::read_to_string(folder.join(DOCUMENT)).unwrap();
    assert!(
        !document.contains("\n  version: 0.1.0\n"),
        "the version is raised"
    );
}
