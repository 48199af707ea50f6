//! The rule about the order of keywords.

use codegen::Reporter;
use codegen::check::Document;
use codegen::document::Node;
use codegen::keywords::Keywords;

/// The keyword under which a table describes its codes.
const CODES: &str = "x-skypay-codes";

/// Checks that the keywords of each node are in the order of `codegen::keywords`.
pub(super) fn keywords(document: &Document<'_>, reporter: &mut Reporter) {
    ordered(document.root, Keywords::of_document(), reporter);
}

fn ordered(node: &Node, known: Keywords, reporter: &mut Reporter) {
    let is_table = node.get(CODES).is_some();
    let mut last = (None, "");
    for entry in node.entries() {
        // The `enum` of a table comes directly before the descriptions of its
        // codes.
        let key = if is_table && entry.key == "enum" {
            CODES
        } else {
            &entry.key
        };
        let rank = known.iter().position(|keyword| keyword.name == key);
        if rank < last.0 && rank.is_some() {
            let message = format!("`{}` stands behind `{}`: move it up", entry.key, last.1);
            reporter.add("keyword-order", &entry.location, message);
        }
        last = last.max((rank, &entry.key));
        let keyword = known.iter().find(|keyword| keyword.name == entry.key);
        let inside = keyword.map(|keyword| keyword.mappings(&entry.node));
        for (node, known) in inside.into_iter().flatten() {
            ordered(node, known, reporter);
        }
    }
}
