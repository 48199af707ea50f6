//! The document in the formats that other tools need. All of them say the
//! same as the document; what differs is where operations and callbacks stand.
//!
//! They are made from the tree, not from the model: an export keeps every word of
//! the document, those for readers included, and says in prose and in keywords
//! of others what only our own keywords say.

mod callbacks;
mod logical;
mod postman;
mod prose;
mod tree;
mod webhooks;

use codegen::document::{self, Entry, Node};
use codegen::{Diagnostics, Reporter};
use codegen::{File, check};
use tree::{Edit as _, text};

pub use callbacks::callbacks;

/// Where the exports come from, as each of them says.
const SOURCE: &str = "Derived from spec/skypay.yaml by `cargo xtask spec exports`. Do not edit.";

/// Makes every export of a document; the paths are those below `target/exports/`.
///
/// # Errors
///
/// Everything that is wrong with the document; there is no export of it then.
pub fn exports(text: &str) -> Result<Vec<File>, Diagnostics> {
    let root = document::load(text)?;
    check::check(&root)?;
    let root = prose::explained(&root);
    let mut reporter = Reporter::new();
    let files = [
        ("callbacks.json", callbacks::callbacks(&root)),
        ("logical.json", logical::logical(&root, &mut reporter)),
        ("postman.json", postman::collection(&root)),
        ("webhooks.json", webhooks::webhooks(&root)),
    ];
    let files = files.map(|(path, tree)| File {
        path: path.to_owned(),
        text: tree.to_pretty_json(),
    });
    reporter.finish(files.into())
}

/// A path item, and what its key says.
struct Path<'d> {
    /// The path on the wire.
    wire: &'d str,
    /// What stands behind the `#`; empty if nothing does.
    label: &'d str,
    item: &'d Node,
    entry: &'d Entry,
}

impl Path<'_> {
    /// Whether SkyPay is the one who calls.
    fn is_callback(&self) -> bool {
        self.item.text_of("x-skypay-direction") == Some("callback")
    }

    /// What the operation is called among others.
    fn name(&self) -> &str {
        if self.label.is_empty() {
            self.wire
        } else {
            self.label
        }
    }
}

fn paths(root: &Node) -> impl Iterator<Item = Path<'_>> {
    let entries = root.entries_of("paths");
    entries.iter().map(|entry| {
        let (wire, label) = entry.key.split_once('#').unwrap_or((&entry.key, ""));
        Path {
            wire,
            label,
            item: &entry.node,
            entry,
        }
    })
}

/// The document with a note at its head that says what this is.
fn noted(root: &Node, what: &str) -> Node {
    let mut view = root.clone();
    view.insert(1, "x-generated-from", text(SOURCE));
    if let Some(info) = view.get_mut("info") {
        let before = info.text_of("description").unwrap_or_default();
        let envelope = root.get("x-skypay-envelope").map(prose::plaintext);
        let envelope = envelope.map_or_else(String::new, |text| format!(">\n> {text}\n"));
        let note = format!("> {SOURCE}\n>\n> {what}\n{envelope}\n{before}");
        info.put("description", text(note.trim_end()));
    }
    view
}
