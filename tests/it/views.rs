//! What each view changes in the small document, and its Postman collection.

use codegen::document::{Node, load};
use similar::TextDiff;
use spec_tools::exports::exports;

const DOCUMENT: &str = include_str!("../documents/accepted.yaml");

fn view(name: &str) -> String {
    let files = exports(DOCUMENT).unwrap();
    let file = files.into_iter().find(|file| file.path == name).unwrap();
    file.text
}

/// The difference between the document and a view of it, written alike.
fn changes(name: &str) -> String {
    let document = load(DOCUMENT).unwrap().to_pretty_json();
    let difference = TextDiff::from_lines(&document, view(name))
        .unified_diff()
        .context_radius(1)
        .to_string();
    let hunks = difference.lines();
    let hunks = hunks.map(|line| if line.starts_with("@@") { "@@" } else { line });
    hunks.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_view_changes_what_it_is_for() {
    let changes = ["callbacks.json", "logical.json", "webhooks.json"]
        .map(|name| format!("======== {name}\n{}\n", changes(name)));
    insta::assert_snapshot!(changes.concat());
}

#[test]
fn the_collection_shows_a_request_and_its_answer() {
    let collection = load(&view("postman.json")).unwrap();
    let parts = ["item", "variable"].map(|key| collection.get(key).map(Node::items).unwrap());
    let [items, variables] = parts.map(|part| part.iter().map(Node::to_pretty_json));
    let shown: String = items.take(1).chain(variables).collect();
    insta::assert_snapshot!(shown);
}
