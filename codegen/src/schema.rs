//! Schemas and the components that they refer to.

use crate::document::{Entry, Node, Value};

/// A schema at its place of use, and the component to which it refers.
#[derive(Clone, Copy)]
pub struct Schema<'d> {
    pub(crate) root: &'d Node,
    /// The node at the place of use.
    pub own: &'d Node,
    pub(crate) component: Option<(&'d str, &'d Node)>,
}

impl<'d> Schema<'d> {
    /// Resolves a `$ref`, or an `allOf` of one `$ref` with siblings.
    #[must_use]
    pub fn resolve(root: &'d Node, own: &'d Node) -> Self {
        let reference = own.text_of("$ref").or_else(|| {
            let all_of = own.get("allOf")?;
            all_of.items().first()?.text_of("$ref")
        });
        let component = reference
            .and_then(|reference| reference.strip_prefix("#/components/schemas/"))
            .and_then(|name| Some((name, component(root, name)?)));
        Self {
            root,
            own,
            component,
        }
    }

    /// Returns a keyword, from the place of use or else from the component.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'d Node> {
        let (_, component) = self.component.unzip();
        self.own
            .get(key)
            .or_else(|| component.and_then(|component| component.get(key)))
    }

    /// Returns the text of a keyword.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'d str> {
        self.get(key).and_then(Node::text)
    }

    /// Returns the items of a keyword.
    #[must_use]
    pub fn items_of(&self, key: &str) -> &'d [Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// Returns the properties of an object.
    #[must_use]
    pub fn properties(&self) -> &'d [Entry] {
        let properties = self.get("properties");
        properties.map(Node::entries).unwrap_or_default()
    }

    /// Iterates over the properties, each with its schema.
    pub fn fields(&self) -> impl Iterator<Item = (&'d Entry, Self)> + use<'d> {
        let root = self.root;
        let properties = self.properties().iter();
        properties.map(move |entry| (entry, Self::resolve(root, &entry.node)))
    }

    /// Returns the schema of a property.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let mut properties = self.properties().iter();
        let entry = properties.find(|entry| entry.key == name)?;
        Some(Self::resolve(self.root, &entry.node))
    }

    /// Returns the schema of a list's items.
    #[must_use]
    pub fn items(&self) -> Option<Self> {
        Some(Self::resolve(self.root, self.get("items")?))
    }

    /// Returns whether a property is required.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        let mut required = self.items_of("required").iter();
        required.any(|field| field.text() == Some(name))
    }

    /// Returns the value of an `enum` with one value.
    #[must_use]
    pub fn only_value(&self) -> Option<&'d str> {
        match self.items_of("enum") {
            [only] => only.text(),
            _ => None,
        }
    }

    /// Returns the rows of a code table.
    #[must_use]
    pub fn codes(&self) -> &'d [Node] {
        self.items_of("x-skypay-codes")
    }

    /// Returns whether the type is a scalar.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        !matches!(self.text("type"), Some("object" | "array"))
    }

    /// Returns whether a keyword is `true`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// Returns whether this is a component itself, not a reference to one.
    #[must_use]
    pub fn is_component(&self) -> bool {
        let pointer = &self.own.location.pointer;
        let name = pointer.strip_prefix("/components/schemas/");
        name.is_some_and(|name| !name.contains('/'))
    }

    /// Returns the name of the component to which it refers.
    #[must_use]
    pub fn component_name(&self) -> Option<&'d str> {
        self.component.map(|(name, _)| name)
    }
}

/// Returns a component schema by name.
#[must_use]
pub fn component<'d>(root: &'d Node, name: &str) -> Option<&'d Node> {
    root.at(&["components", "schemas", name])
}

/// The Rust type of an integer.
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

/// A number as written.
pub(crate) fn number_text(schema: Schema<'_>, key: &str) -> Option<String> {
    match &schema.get(key)?.value {
        Value::Number(raw) | Value::Text(raw) => Some(raw.clone()),
        _ => None,
    }
}
