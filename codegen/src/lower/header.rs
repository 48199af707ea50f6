//! The names of the header fields: those that the transport writes into every
//! message, next to the operation's own.

use crate::check::Document;
use crate::diagnostic::Reporter;
use crate::document::{Entry, Node};
use crate::model::Header;

/// The header fields of a document, which have the same names in all messages.
pub(super) fn header(root: &Node, reporter: &mut Reporter) -> Header {
    let document = Document::new(root);
    let mut header = Header::default();
    for operation in &document.operations {
        let mut marked = transport_fields(&document, operation.request());
        let action = marked
            .iter()
            .position(|entry| document.resolve(&entry.node).get("enum").is_some());
        let action = action.map(|position| marked.remove(position));
        let mut others = marked.into_iter();
        agree(&mut header.user_name, others.next(), reporter);
        agree(&mut header.action, action, reporter);
        agree(&mut header.authentication, others.next(), reporter);

        for entry in transport_fields(&document, operation.response()) {
            let schema = document.resolve(&entry.node);
            let meaning = schema.text("x-skypay-type").unwrap_or_default();
            let name = if schema.get("x-skypay-codes").is_some() {
                &mut header.code
            } else if meaning.starts_with("date-time") {
                &mut header.time
            } else {
                &mut header.description
            };
            agree(name, Some(entry), reporter);
        }
    }
    header
}

fn transport_fields<'d>(document: &Document<'d>, message: Option<&'d Node>) -> Vec<&'d Entry> {
    let message = message.map(|node| document.resolve(node).properties());
    let is_marked = |entry: &&Entry| document.resolve(&entry.node).flag("x-skypay-transport");
    message
        .unwrap_or_default()
        .iter()
        .filter(is_marked)
        .collect()
}

/// Notes the name of a header field, or that it has another name elsewhere.
fn agree(name: &mut String, found: Option<&Entry>, reporter: &mut Reporter) {
    let Some(entry) = found else { return };
    if name.is_empty() {
        name.clone_from(&entry.key);
    } else if *name != entry.key {
        let message = format!(
            "this field of the header is called `{name}` in another message: the header has the same names in all of them"
        );
        reporter.add("transport-fields", &entry.location, message);
    }
}
