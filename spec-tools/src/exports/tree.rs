//! Builders and editing methods for trees that are created, so that nodes have no
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

/// Editing methods for trees.
pub(super) trait Edit: Sized {
    /// Returns the members for editing; `None` if this is not a mapping.
    fn entries_mut(&mut self) -> Option<&mut Vec<Entry>>;

    /// Returns the items for editing; empty if this is not a sequence.
    fn items_mut(&mut self) -> &mut [Self];

    /// Returns a member for editing.
    fn get_mut(&mut self, key: &str) -> Option<&mut Self>;

    /// Replaces the value of a member in place, or appends the member.
    fn put(&mut self, key: &str, node: Self);

    /// Inserts a member at a position, or at the end if there are fewer members.
    fn insert(&mut self, position: usize, key: &str, node: Self);

    /// Removes a member.
    fn take(&mut self, key: &str) -> Option<Self>;

    /// Replaces the key and value of a member in place.
    fn replace(&mut self, key: &str, new: &str, change: impl FnOnce(Self) -> Self);
}

impl Edit for Node {
    fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    fn items_mut(&mut self) -> &mut [Self] {
        match &mut self.value {
            Value::List(items) => items,
            _ => &mut [],
        }
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let mut entries = self.entries_mut()?.iter_mut();
        let found = entries.find(|entry| entry.key == key);
        found.map(|entry| &mut entry.node)
    }

    fn put(&mut self, key: &str, node: Self) {
        if let Some(present) = self.get_mut(key) {
            *present = node;
        } else if let Some(entries) = self.entries_mut() {
            entries.push(entry(key.to_owned(), node));
        }
    }

    fn insert(&mut self, position: usize, key: &str, node: Self) {
        if let Some(entries) = self.entries_mut() {
            entries.insert(position.min(entries.len()), entry(key.to_owned(), node));
        }
    }

    fn take(&mut self, key: &str) -> Option<Self> {
        let entries = self.entries_mut()?;
        let position = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(position).node)
    }

    fn replace(&mut self, key: &str, new: &str, change: impl FnOnce(Self) -> Self) {
        let mut entries = self.entries_mut().into_iter().flatten();
        if let Some(found) = entries.find(|entry| entry.key == key) {
            new.clone_into(&mut found.key);
            found.node = change(found.node.clone());
        }
    }
}
