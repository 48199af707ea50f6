//! A schema at its place of use, with all references resolved.

use std::collections::BTreeSet;

use codegen::document::{Entry, Node, Value};
use codegen::keywords::EXCEPTIONS;

/// The maximum length of a chain of references; a longer one is a cycle.
const MAX_REFERENCES: usize = 16;

/// A schema with everything to which it refers, nearest first.
#[derive(Clone, Debug)]
pub(super) struct View<'d> {
    layers: Vec<&'d Node>,
    name: Option<&'d str>,
}

impl<'d> View<'d> {
    /// Resolves `$ref` and `allOf`.
    pub(super) fn new(root: &'d Node, own: &'d Node) -> Self {
        let mut view = Self {
            layers: Vec::new(),
            name: None,
        };
        view.add(root, own, 0);
        view
    }

    fn add(&mut self, root: &'d Node, node: &'d Node, depth: usize) {
        if depth > MAX_REFERENCES {
            return;
        }
        self.layers.push(node);
        let parts = node.items_of("allOf");
        if let Some(reference) = node.text_of("$ref") {
            self.follow(root, reference, depth);
        }
        for part in parts {
            match part.text_of("$ref") {
                Some(reference) => self.follow(root, reference, depth),
                None => self.add(root, part, depth + 1),
            }
        }
        // A composition of several schemas is a separate type.
        if parts.len() > 1 && depth == 0 {
            self.name = None;
        }
    }

    fn follow(&mut self, root: &'d Node, reference: &'d str, depth: usize) {
        let name = reference.strip_prefix("#/components/schemas/");
        if self.name.is_none() {
            self.name = name;
        }
        if let Some(target) = target(root, reference) {
            self.add(root, target, depth + 1);
        }
    }

    /// Returns the name of the component to which it refers, unless it composes
    /// several schemas.
    pub(super) fn name(&self) -> Option<&'d str> {
        self.name
    }

    /// Returns the node at the place of use itself.
    pub(super) fn own(&self) -> &'d Node {
        self.layers[0]
    }

    /// Returns a keyword of the place of use, if that refers to other schemas.
    pub(super) fn local(&self, key: &str) -> Option<&'d Node> {
        if self.layers.len() > 1 {
            self.layers[0].get(key)
        } else {
            None
        }
    }

    /// Returns a keyword, from the nearest node that has it.
    pub(super) fn get(&self, key: &str) -> Option<&'d Node> {
        self.layers.iter().find_map(|layer| layer.get(key))
    }

    /// Returns the text of a keyword.
    pub(super) fn text(&self, key: &str) -> Option<&'d str> {
        self.get(key).and_then(Node::text)
    }

    /// Returns whether a keyword is `true`.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// Returns all keywords.
    pub(super) fn keys(&self) -> BTreeSet<&'d str> {
        self.layers
            .iter()
            .flat_map(|layer| layer.entries())
            .map(|entry| entry.key.as_str())
            .filter(|key| *key != EXCEPTIONS)
            .collect()
    }

    /// Returns the properties of all parts.
    pub(super) fn properties(&self) -> Vec<&'d Entry> {
        self.members("properties")
    }

    fn members(&self, key: &str) -> Vec<&'d Entry> {
        let maps = self.layers.iter().filter_map(|layer| layer.get(key));
        maps.flat_map(Node::entries).collect()
    }

    /// Returns the names of the required properties.
    pub(super) fn required(&self) -> BTreeSet<&'d str> {
        let lists = self.layers.iter().filter_map(|layer| layer.get("required"));
        lists.flat_map(Node::items).filter_map(Node::text).collect()
    }

    /// Returns the code table of the schema.
    pub(super) fn table(&self) -> Option<&'d Node> {
        self.get("x-skypay-codes")
    }

    /// Returns the `enum` of the code table itself.
    pub(super) fn table_list(&self) -> Option<&'d Node> {
        let mut layers = self.layers.iter();
        let table = layers.find(|layer| layer.get("x-skypay-codes").is_some())?;
        table.get("enum")
    }

    /// Returns the nearest `enum`.
    pub(super) fn listed(&self) -> Option<&'d Node> {
        self.layers.iter().rev().find_map(|layer| layer.get("enum"))
    }

    /// Returns the only value that the schema allows.
    pub(super) fn only_value(&self) -> Option<&'d str> {
        match self.get("enum")?.items() {
            [only] => only.text(),
            _ => None,
        }
    }
}

/// Resolves a local reference.
pub(super) fn target<'d>(root: &'d Node, reference: &str) -> Option<&'d Node> {
    let pointer = reference.strip_prefix("#/")?;
    pointer
        .split('/')
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .try_fold(root, |node, step| node.get(&step))
}

/// Keywords whose contents are data, not keywords.
const DATA: &[&str] = &["example", "value", "enum", "default"];

/// Returns the references that the operations reach, directly or indirectly.
pub(crate) fn reached(root: &Node) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<_> = root.get("paths").into_iter().collect();
    while let Some(node) = open.pop() {
        open.extend(node.items());
        let entries = node.entries().iter();
        let keywords = entries.filter(|entry| !DATA.contains(&entry.key.as_str()));
        open.extend(keywords.map(|entry| &entry.node));
        if let Some(reference) = node.text_of("$ref")
            && found.insert(reference)
        {
            open.extend(target(root, reference));
        }
    }
    found
}

/// Returns the value as text, regardless of the order of keys and without
/// exceptions from lint rules.
pub(super) fn canonical(node: &Node) -> String {
    match &node.value {
        Value::Map(entries) => {
            let mut members: Vec<_> = entries
                .iter()
                .filter(|entry| entry.key != EXCEPTIONS)
                .map(|entry| format!("{:?}:{}", entry.key, canonical(&entry.node)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        _ => node.to_json(),
    }
}

/// Formats a value for display.
pub(super) fn shown(node: &Node) -> String {
    match node.text() {
        Some(text) => text.trim_end().to_owned(),
        None => node.to_json(),
    }
}

#[cfg(test)]
mod tests {
    use super::{View, canonical};
    use codegen::document::{Node, load};

    fn schema<'d>(root: &'d Node, name: &str) -> &'d Node {
        let schemas = root.get("components").unwrap().get("schemas").unwrap();
        schemas.get(name).unwrap()
    }

    #[test]
    fn references_are_followed_until_they_are_taken_for_a_circle() {
        let mut text = "components:\n  schemas:\n".to_owned();
        for number in 0..20 {
            text += &format!(
                "    S{number}: {{$ref: '#/components/schemas/S{}'}}\n",
                number + 1
            );
        }
        text += "    S20: {type: string}\n    A: {$ref: '#/components/schemas/B'}\n    \
                 B: {allOf: [{allOf: [{$ref: '#/components/schemas/A'}]}]}\n";
        let root = load(&text).unwrap();
        let view = |name: &str| View::new(&root, schema(&root, name));
        assert_eq!(view("S4").text("type"), Some("string"));
        assert_eq!(view("S3").text("type"), None);
        assert_eq!(view("S3").name(), Some("S4"));
        assert_eq!(view("A").name(), Some("B"));
        assert_eq!(view("B").text("type"), None);
    }

    #[test]
    fn a_composition_of_several_has_no_name() {
        let root = load(
            "components:\n  schemas:\n    A: {type: string, title: A}\n    \
             One: {allOf: [{$ref: '#/components/schemas/A'}], title: One}\n    \
             Two: {allOf: [{$ref: '#/components/schemas/A'}, {title: Two}]}\n    \
             Inside: {allOf: [{allOf: [{$ref: '#/components/schemas/A'}, {title: Two}]}]}\n",
        )
        .unwrap();
        let view = |name: &str| View::new(&root, schema(&root, name));
        let name = |of: &str| view(of).name().map(str::to_owned);
        assert_eq!(name("A"), None);
        assert_eq!(name("One").as_deref(), Some("A"));
        assert_eq!(name("Two"), None);
        assert_eq!(name("Inside").as_deref(), Some("A"));
        // The keywords beside a reference.
        assert_eq!(view("One").local("title").and_then(Node::text), Some("One"));
        assert!(view("One").local("type").is_none());
        assert!(view("A").local("title").is_none());
        assert_eq!(view("One").text("type"), Some("string"));
    }

    #[test]
    fn only_the_order_of_keys_is_no_difference() {
        let text = |text: &str| canonical(&load(text).unwrap());
        assert_eq!(text("{a: 1, b: [x, y]}"), text("{b: [x, y], a: 1}"));
        assert_eq!(text("{c: [{a: 1, b: 2}]}"), text("{c: [{b: 2, a: 1}]}"));
        assert_ne!(text("{a: 1, b: [x, y]}"), text("{a: 1, b: [y, x]}"));
        assert_ne!(text("{a: 1}"), text("{a: '1'}"));
        assert_ne!(text("{a: 1}"), text("{a: 2}"));
        assert_ne!(text("{a: [1]}"), text("{a: []}"));
        assert_ne!(text("{a: {b: 1}}"), text("{a: {c: 1}}"));
    }
}
