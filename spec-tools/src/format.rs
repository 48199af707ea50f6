//! The one way to write a document: the order of members, quoting, indents
//! and the width of lines are settled, so that a comparison shows what changed
//! and nothing else. Comments stay with what they precede or follow.
//!
//! What has an order of its own keeps it: properties, paths, examples, lists.

mod comments;
mod order;
mod scalar;
mod source;
mod write;

use codegen::document::{self, Node, Value};
use codegen::{Diagnostic, Diagnostics, Location};

/// How long a line may be, where it can be broken.
const WIDTH: usize = 100;

/// The rule under which the formatter reports.
const RULE: &str = "yaml";

/// A document, written as it should be.
///
/// # Errors
///
/// Text that is not YAML of the plain kind. Should the result not say exactly
/// what the text says, that is an error too, and the text is left as it is.
pub fn format(text: &str) -> Result<String, Diagnostics> {
    let before = document::load(text)?;
    let source = source::read(text)?;
    let written = write::document(&source);
    unharmed(&before, text, &written)?;
    Ok(written)
}

/// Whether the result says what the text says, comments included.
fn unharmed(before: &Node, text: &str, written: &str) -> Result<(), Diagnostics> {
    let after = document::load(written).map_err(|_| lost(before))?;
    if let Some(node) = different(before, &after) {
        return Err(lost(node));
    }
    let (mut kept, mut found) = (source::comments(written)?, source::comments(text)?);
    kept.sort();
    found.sort();
    if kept == found {
        Ok(())
    } else {
        Err(lost(before))
    }
}

fn lost(node: &Node) -> Diagnostics {
    let message = "this cannot be written in the one way without changing what it says: write it more plainly";
    Diagnostics::from(Diagnostic::new(RULE, node.location.clone(), message))
}

/// The first node that says something else afterwards, whatever the order of
/// members.
fn different<'d>(before: &'d Node, after: &Node) -> Option<&'d Node> {
    match (&before.value, &after.value) {
        (Value::Map(a), Value::Map(b)) if a.len() == b.len() => {
            a.iter().find_map(|entry| match after.get(&entry.key) {
                Some(other) => different(&entry.node, other),
                None => Some(&entry.node),
            })
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).find_map(|(a, b)| different(a, b))
        }
        (Value::Text(a), Value::Text(b)) | (Value::Number(a), Value::Number(b)) if a == b => None,
        (Value::Bool(a), Value::Bool(b)) if a == b => None,
        (Value::Null, Value::Null) => None,
        _ => Some(before),
    }
}

fn at(line: usize, column: usize, message: &str) -> Diagnostics {
    Diagnostics::from(Diagnostic::new(
        RULE,
        Location::new(line, column, ""),
        message,
    ))
}
