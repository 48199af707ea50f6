//! Exceptions from the linter's rules: words to readers, wherever they stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::document::{Entry, Node, Value};
use crate::vocabulary::EXCEPTIONS;

use super::changes::{Changes, Finding, Scope};
use super::verdict::Verdict;
use super::walk::{place_of, same, subject};

/// Compares the exceptions of both documents.
pub(super) fn compare(old: &Node, new: &Node, changes: &mut Changes) {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    collect(old, &mut before);
    collect(new, &mut after);
    let places: Vec<_> = before.keys().chain(after.keys()).copied().collect();
    for pointer in places {
        let pair = (before.get(pointer).copied(), after.get(pointer).copied());
        let Some(at) = place_of(pair).filter(|_| !same(pair)) else {
            continue;
        };
        let finding = Finding {
            rule: "words-changed",
            subject: subject(pointer),
            at,
            old: pair.0.map(told),
            new: pair.1.map(told),
            lint: None,
        };
        changes.note(finding, &Scope::Everywhere, Verdict::PATCH);
    }
}

/// Exceptions as people read them: the rule, and why.
fn told(node: &Node) -> String {
    let row = |row: &Node| {
        let (rule, reason) = (row.text_of("rule"), row.text_of("reason"));
        format!(
            "except from {}: {}",
            rule.unwrap_or_default(),
            reason.unwrap_or_default()
        )
    };
    let rows: Vec<_> = node.items().iter().map(row).collect();
    rows.join(" ")
}

/// The document without its exceptions.
pub(super) fn without(node: &Node) -> Cow<'_, Node> {
    let mut found = BTreeMap::new();
    collect(node, &mut found);
    if found.is_empty() {
        Cow::Borrowed(node)
    } else {
        Cow::Owned(bare(node))
    }
}

fn collect<'d>(node: &'d Node, found: &mut BTreeMap<&'d str, &'d Node>) {
    for entry in node.entries() {
        if entry.key == EXCEPTIONS {
            found.insert(&entry.node.place.pointer, &entry.node);
        } else {
            collect(&entry.node, found);
        }
    }
    for item in node.items() {
        collect(item, found);
    }
}

fn bare(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => {
            let kept = entries.iter().filter(|entry| entry.key != EXCEPTIONS);
            let kept = kept.map(|entry| Entry {
                key: entry.key.clone(),
                place: entry.place.clone(),
                node: bare(&entry.node),
            });
            Value::Map(kept.collect())
        }
        Value::List(items) => Value::List(items.iter().map(bare).collect()),
        other => other.clone(),
    };
    Node {
        place: node.place.clone(),
        value,
    }
}
