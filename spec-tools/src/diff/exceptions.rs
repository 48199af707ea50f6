//! Compares exceptions from lint rules, which only readers of the document see.

use std::collections::BTreeMap;

use codegen::document::Node;
use codegen::keywords::EXCEPTIONS;

use super::keywords::WORDS;
use super::walk::{Walk, location_of, same};

/// Compares the exceptions of both documents.
pub(super) fn compare(walk: &mut Walk<'_>) {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    collect(walk.old, "", &mut before);
    collect(walk.new, "", &mut after);
    for path in before.keys().chain(after.keys()) {
        let pair = (before.get(path).copied(), after.get(path).copied());
        if let Some(at) = location_of(pair).filter(|_| !same(pair)) {
            let values = (pair.0.map(in_prose), pair.1.map(in_prose));
            walk.note_at(WORDS.0, at, values, WORDS.1);
        }
    }
}

/// Formats exceptions for display: the rule and the reason.
fn in_prose(node: &Node) -> String {
    let row = |row: &Node| {
        let of = |key| row.text_of(key).unwrap_or_default();
        format!("except from {}: {}", of("rule"), of("reason"))
    };
    let rows: Vec<_> = node.items().iter().map(row).collect();
    rows.join(" ")
}

/// Collects exceptions by path. The path contains the name of a list item instead
/// of its index, if it has one, so that it is found again after items moved.
fn collect<'d>(node: &'d Node, path: &str, found: &mut BTreeMap<String, &'d Node>) {
    for entry in node.entries() {
        let path = format!("{path}/{}", entry.key);
        if entry.key == EXCEPTIONS {
            found.insert(path, &entry.node);
        } else {
            collect(&entry.node, &path, found);
        }
    }
    for (index, item) in node.items().iter().enumerate() {
        let mut names = ["value", "code", "id", "name", "url"].into_iter();
        let name = names.find_map(|key| item.text_of(key));
        let name = name.map_or_else(|| index.to_string(), str::to_owned);
        collect(item, &format!("{path}/{name}"), found);
    }
}
