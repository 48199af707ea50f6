//! The additions of an export to the small document, and its Postman collection.

use codegen::document::{Node, load};
use similar::TextDiff;
use spec_tools::exports::exports;

const DOCUMENT: &str = include_str!("../documents/accepted.yaml");

fn export(name: &str) -> String {
    let files = exports(DOCUMENT).unwrap();
    let file = files.into_iter().find(|file| file.path == name).unwrap();
    file.text
}

/// Compares the document with an export of it, both formatted as JSON. The paths
/// of operations are tested beside the exports.
#[test]
fn our_keywords_are_explained_in_prose() {
    let document = load(DOCUMENT).unwrap().to_pretty_json();
    let difference = TextDiff::from_lines(&document, export("logical.json"))
        .unified_diff()
        .context_radius(0)
        .to_string();
    let hunks = difference.lines();
    let hunks = hunks.map(|line| if line.starts_with("@@") { "@@" } else { line });
    insta::assert_snapshot!(hunks.collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_export_says_what_differs_in_it() {
    let notes = ["callbacks.json", "logical.json", "webhooks.json"].map(|name| {
        let export = load(&export(name)).unwrap();
        let note = export.get("info").unwrap().text_of("description").unwrap();
        format!("======== {name}\n{note}\n")
    });
    insta::assert_snapshot!(notes.concat());
}

#[test]
fn the_collection_shows_a_request_and_its_answer() {
    let collection = load(&export("postman.json")).unwrap();
    let parts = ["item", "variable"].map(|key| collection.get(key).map(Node::items).unwrap());
    let [items, variables] = parts.map(|part| part.iter().map(Node::to_pretty_json));
    let shown: String = items.take(1).chain(variables).collect();
    insta::assert_snapshot!(shown);
}
