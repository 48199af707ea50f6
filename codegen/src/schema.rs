//! Schemas and the components that they refer to.

use crate::document::{Entry, Node, Value};

/// A schema at its place of use: what stands there, and the component that it
/// refers to.
#[derive(Clone, Copy)]
pub struct Schema<'d> {
    pub(crate) root: &'d Node,
    /// What stands at the place of use.
    pub own: &'d Node,
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
        Self {
            root,
            own,
            component,
        }
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
        let properties = self.get("properties");
        properties.map(Node::entries).unwrap_or_default()
    }

    /// The properties, each with its schema.
    pub fn fields(&self) -> impl Iterator<Item = (&'d Entry, Self)> + use<'d> {
        let root = self.root;
        let properties = self.properties().iter();
        properties.map(move |entry| (entry, Self::resolve(root, &entry.node)))
    }

    /// The schema of a property.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let mut properties = self.properties().iter();
        let entry = properties.find(|entry| entry.key == name)?;
        Some(Self::resolve(self.root, &entry.node))
    }

    /// The schema of the items of a list.
    #[must_use]
    pub fn items(&self) -> Option<Self> {
        Some(Self::resolve(self.root, self.get("items")?))
    }

    /// Whether a value must have a property.
    #[must_use]
    pub fn requires(&self, name: &str) -> bool {
        let mut required = self.items_of("required").iter();
        required.any(|field| field.text() == Some(name))
    }

    /// The value of an `enum` with one value.
    #[must_use]
    pub fn only_value(&self) -> Option<&'d str> {
        match self.items_of("enum") {
            [only] => only.text(),
            _ => None,
        }
    }

    /// What a table says of each code.
    #[must_use]
    pub fn codes(&self) -> &'d [Node] {
        self.items_of("x-skypay-codes")
    }

    /// Whether the type is one of values that hold no others.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        !matches!(self.text("type"), Some("object" | "array"))
    }

    /// Whether a keyword is `true`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// Whether this is a component itself, not what refers to one.
    #[must_use]
    pub fn is_component(&self) -> bool {
        let pointer = &self.own.location.pointer;
        let name = pointer.strip_prefix("/components/schemas/");
        name.is_some_and(|name| !name.contains('/'))
    }

    /// The name of the component that is referred to.
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
