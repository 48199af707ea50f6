//! The generator and the runtime are not specific to one API: client and server
//! generated from the unrelated API in `tests/second-api` communicate over
//! loopback; and neither crate contains a name or a code of `spec/skypay.yaml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use heck::ToSnakeCase;

use crate::workspace::Workspace;
use test_support::document;

/// The package of the program that uses the crates.
const TALK: &str = "\
[package]
name = \"talk\"
version = \"0.0.0\"
edition = \"2024\"
publish = false

[lib]
path = \"talk.rs\"

[dev-dependencies]
axum.workspace = true
boxpoint-client.workspace = true
boxpoint-server.workspace = true
http-body-util.workspace = true
skypay-runtime = { workspace = true, features = [\"envelope\"] }
tokio = { workspace = true, features = [\"macros\", \"net\", \"rt\"] }
";

#[test]
fn client_and_server_of_another_api_communicate() {
    let document = include_str!("../second-api/api.yaml");
    let generated = codegen::generate(document).unwrap();
    let workspace = Workspace::new("second-api", &generated);
    workspace.write("talk/Cargo.toml", TALK);
    workspace.write("talk/talk.rs", include_str!("../second-api/talk.rs"));
    let printed = workspace.cargo("test --lib --package talk");
    assert!(printed.contains("test result: ok. 2 passed"), "{printed}");
}

/// General terms that are also names in the document: the roles of the header
/// fields, states of money, and common API terms.
const GENERAL: &[&str] = &[
    "Cancelled",
    "Failed",
    "NotStored",
    "Other",
    "PHP",
    "Paid",
    "Pending",
    "action",
    "amount",
    "authentication",
    "location",
    "name",
    "notifications",
    "phone",
    "response_code",
    "response_description",
    "response_time",
    "result",
    "sender",
    "status",
    "user_name",
];

/// Returns the names of operations and fields, on the wire and in Rust, and the
/// codes other than small numbers.
fn facts() -> BTreeSet<String> {
    let api = document::api();
    let messages = api.operations.iter();
    let messages = messages.flat_map(|operation| [&operation.request, &operation.response]);
    let fields = messages
        .chain(&api.objects)
        .flat_map(codegen::model::Message::wire_fields)
        .map(|field| &field.wire);
    let operations = api.operations.iter().map(|operation| &operation.name);
    let names = fields.chain(operations);
    let names = names.flat_map(|name| [name.clone(), name.to_snake_case()]);
    let codes = api.code_tables.iter().flat_map(|table| &table.codes);
    let codes = codes.flat_map(|code| [code.value.clone(), code.variant.clone()]);
    names
        .chain(codes.filter(|code| code.len() >= 4 || code.parse::<i64>().is_err()))
        .filter(|fact| fact.len() > 2 && !GENERAL.contains(&fact.as_str()))
        .collect()
}

/// Collects the words of a source file, without its tests.
fn words(path: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            words(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\n").next().unwrap();
            let is_word = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
            for word in text.split(|letter| !is_word(letter)) {
                found.push((path.display().to_string(), word.to_owned()));
            }
        }
    }
}

#[test]
fn generator_and_runtime_hold_no_fact_of_the_api() {
    let root = xtask::root().unwrap();
    let facts = facts();
    assert!(facts.contains("payoutQueue") && facts.contains("control_number"));
    let mut all = Vec::new();
    for folder in ["codegen/src", "runtime/src"] {
        words(&root.join(folder), &mut all);
    }
    let found: BTreeSet<_> = all
        .into_iter()
        .filter(|(_, word)| facts.contains(word))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
