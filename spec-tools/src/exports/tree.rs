//! Builds and edits trees that are created, so that nodes have no
//! location.

use codegen::Location;
use codegen::document::{Entry, Node, Value};

/// Returns a string node.
pub(super) fn text(text: &str) -> Node {
    node(Value::Text(text.to_owned()))
}

/// Returns an integer node.
pub(super) fn number(number: u32) -> Node {
    node(Value::Number(number.to_string()))
}

/// Returns a sequence.
pub(super) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    node(Value::List(items.into_iter().collect()))
}

/// Returns a mapping.
pub(super) fn map<K: Into<String>>(members: impl IntoIterator<Item = (K, Node)>) -> Node {
    let members = members.into_iter();
    let entries = members.map(|(key, node)| entry(key.into(), node));
    node(Value::Map(entries.collect()))
}

fn node(value: Value) -> Node {
    let location = Location::new(0, 0, "");
    Node { location, value }
}

fn entry(key: String, node: Node) -> Entry {
    let location = node.location.clone();
    Entry {
        key,
        location,
        node,
    }
}

/// Returns the members for editing; none if this is not a mapping.
pub(super) fn entries_mut(node: Option<&mut Node>) -> impl Iterator<Item = &mut Entry> {
    node.and_then(members).into_iter().flatten()
}

fn members(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// Returns the items for editing; empty if this is not a sequence.
pub(super) fn items_mut(node: &mut Node) -> &mut [Node] {
    match &mut node.value {
        Value::List(items) => items,
        _ => &mut [],
    }
}

/// Returns a member for editing.
pub(super) fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let found = entries_mut(Some(node)).find(|entry| entry.key == key);
    found.map(|entry| &mut entry.node)
}

/// Replaces the value of a member in place, or appends the member.
pub(super) fn put(node: &mut Node, key: &str, value: Node) {
    if let Some(present) = get_mut(node, key) {
        *present = value;
    } else {
        insert(node, usize::MAX, key, value);
    }
}

/// Inserts a member at a position, or at the end if there are fewer members.
pub(super) fn insert(node: &mut Node, position: usize, key: &str, value: Node) {
    if let Some(members) = members(node) {
        members.insert(position.min(members.len()), entry(key.to_owned(), value));
    }
}

/// Removes a member.
pub(super) fn take(node: &mut Node, key: &str) -> Option<Node> {
    let members = members(node)?;
    let position = members.iter().position(|entry| entry.key == key)?;
    Some(members.remove(position).node)
}
