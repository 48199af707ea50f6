//! Building and changing trees that will be written, and so stand nowhere yet.

use codegen::Location;
use codegen::document::{Entry, Node, Value};

/// A text.
pub(super) fn text(text: &str) -> Node {
    node(Value::Text(text.to_owned()))
}

/// A whole number.
pub(super) fn number(number: u32) -> Node {
    node(Value::Number(number.to_string()))
}

/// A sequence.
pub(super) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    node(Value::List(items.into_iter().collect()))
}

/// A mapping.
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

/// Changes to a tree that will be written.
pub(super) trait Edit: Sized {
    /// The members, to be changed; none for what is no mapping.
    fn entries_mut(&mut self) -> Option<&mut Vec<Entry>>;

    /// The items, to be changed; none for what is no sequence.
    fn items_mut(&mut self) -> &mut [Self];

    /// A member, to be changed.
    fn get_mut(&mut self, key: &str) -> Option<&mut Self>;

    /// Gives a member another value where it stands, or adds it at the end.
    fn put(&mut self, key: &str, node: Self);

    /// Adds a member at a position, or at the end if that is before it.
    fn insert(&mut self, position: usize, key: &str, node: Self);

    /// Removes a member.
    fn take(&mut self, key: &str) -> Option<Self>;

    /// Gives a member another name and value, where it stands.
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
