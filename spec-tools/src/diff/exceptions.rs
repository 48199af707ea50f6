//! Exceptions from the linter's rules: words to readers, wherever they stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use codegen::document::{Entry, Node, Value};
use codegen::keywords::EXCEPTIONS;

use super::changes::{Changes, Finding, Scope};
use super::impact::Impact;
use super::walk::{location_of, same, subject};

/// Compares the exceptions of both documents.
pub(super) fn compare(old: &Node, new: &Node, changes: &mut Changes) {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    collect(old, "", &mut before);
    collect(new, "", &mut after);
    for path in before.keys().chain(after.keys()) {
        let pair = (before.get(path).copied(), after.get(path).copied());
        let Some(at) = location_of(pair).filter(|_| !same(pair)) else {
            continue;
        };
        let finding = Finding {
            rule: "words-changed",
            subject: subject(&at.1.pointer),
            at,
            old: pair.0.map(told),
            new: pair.1.map(told),
            lint: None,
        };
        changes.note(finding, &Scope::Everywhere, Impact::PATCH);
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
    collect(node, "", &mut found);
    if found.is_empty() {
        Cow::Borrowed(node)
    } else {
        Cow::Owned(bare(node))
    }
}

/// Collects exceptions by their place, in which an item of a list is called
/// by its name where it has one: then it is found again among other items.
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

fn bare(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => {
            let kept = entries.iter().filter(|entry| entry.key != EXCEPTIONS);
            let kept = kept.map(|entry| Entry {
                key: entry.key.clone(),
                location: entry.location.clone(),
                node: bare(&entry.node),
            });
            Value::Map(kept.collect())
        }
        Value::List(items) => Value::List(items.iter().map(bare).collect()),
        other => other.clone(),
    };
    Node {
        location: node.location.clone(),
        value,
    }
}
