//! Schemas and the components that they refer to.

use crate::document::{Entry, Node, Value};

/// A schema at its place of use: what stands there, and the component that it
/// refers to.
#[derive(Clone, Copy)]
pub struct Schema<'d> {
    pub(crate) own: &'d Node,
    pub(crate) component: Option<(&'d str, &'d Node)>,
}

impl<'d> Schema<'d> {
    /// Looks up the component behind a `$ref`, or behind an `allOf` of one
    /// `$ref` with siblings.
    #[must_use]
    pub fn resolve(root: &'d Node, own: &'d Node) -> Self {
        let reference = own.text_of("$ref").or_else(|| {
            let all_of = own.get("allOf")?;
            all_of.items().first()?.text_of("$ref")
        });
        let component = reference
            .and_then(|reference| reference.strip_prefix("#/components/schemas/"))
            .and_then(|name| Some((name, component(root, name)?)));
        Self { own, component }
    }

    /// A keyword, from the place of use or else from the component.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'d Node> {
        let (_, component) = self.component.unzip();
        self.own
            .get(key)
            .or_else(|| component.and_then(|component| component.get(key)))
    }

    /// The text of a keyword.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'d str> {
        self.get(key).and_then(Node::text)
    }

    /// The items of a keyword.
    #[must_use]
    pub fn items_of(&self, key: &str) -> &'d [Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// The fields that an object has.
    #[must_use]
    pub fn properties(&self) -> &'d [Entry] {
        self.get("properties")
            .map(Node::entries)
            .unwrap_or_default()
    }

    /// Whether a keyword is `true`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// The name of the component.
    #[must_use]
    pub fn component_name(&self) -> Option<&'d str> {
        self.component.map(|(name, _)| name)
    }
}

/// A component schema by name.
#[must_use]
pub fn component<'d>(root: &'d Node, name: &str) -> Option<&'d Node> {
    root.at(&["components", "schemas", name])
}

/// The Rust type of a whole number.
pub(crate) fn integer_type(schema: Schema<'_>) -> &'static str {
    let wide = schema.text("format") == Some("int64");
    let signed = number_text(schema, "minimum").is_none_or(|minimum| minimum.starts_with('-'));
    match (signed, wide) {
        (true, true) => "i64",
        (true, false) => "i32",
        (false, true) => "u64",
        (false, false) => "u32",
    }
}

/// A number, as it is written.
pub(crate) fn number_text(schema: Schema<'_>, key: &str) -> Option<String> {
    match &schema.get(key)?.value {
        Value::Number(raw) | Value::Text(raw) => Some(raw.clone()),
        _ => None,
    }
}
