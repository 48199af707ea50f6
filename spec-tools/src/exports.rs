//! Exports: the document in formats for other tools. All of them have the same
//! content; they differ in where operations and callbacks are placed.
//!
//! Exports are built from the tree, not from the model: they keep the whole
//! document, including text for readers, and restate our own keywords as prose and
//! as keywords of other tools.

mod callbacks;
mod logical;
mod postman;
mod prose;
mod tree;
mod webhooks;

use codegen::check::{self, Document};
use codegen::document::{self, Node};
use codegen::{Diagnostics, File, Reporter};
use tree::{get_mut, insert, put, text};

/// The origin, as stated in each export.
const SOURCE: &str = "Derived from spec/skypay.yaml by `cargo xtask spec exports`. Do not edit.";

/// Builds all exports of a document; their paths are below `target/exports/`.
///
/// # Errors
///
/// All diagnostics of the document; there are no exports then.
pub fn exports(text: &str) -> Result<Vec<File>, Diagnostics> {
    let root = document::load(text)?;
    check::check(&root)?;
    let root = prose::explained(&root)?;
    let document = Document::new(&root);
    let mut reporter = Reporter::new();
    let files = [
        ("callbacks.json", callbacks::callbacks(&document)),
        ("logical.json", logical::logical(&root, &mut reporter)),
        ("postman.json", postman::collection(&document)),
        ("webhooks.json", webhooks::webhooks(&document)),
    ];
    let files = files.map(|(path, tree)| File {
        path: path.to_owned(),
        text: tree.to_pretty_json(),
    });
    reporter.finish(files.into())
}

/// Returns the document with a note that describes the export.
fn noted(root: &Node, what: &str) -> Node {
    let mut view = root.clone();
    insert(&mut view, 1, "x-generated-from", text(SOURCE));
    if let Some(info) = get_mut(&mut view, "info") {
        let before = info.text_of("description").unwrap_or_default();
        let envelope = root.get("x-skypay-envelope").map(prose::plaintext);
        let envelope = envelope.map_or_else(String::new, |text| format!(">\n> {text}\n"));
        let note = format!("> {SOURCE}\n>\n> {what}\n{envelope}\n{before}");
        put(info, "description", text(note.trim_end()));
    }
    view
}
