//! The keywords that a document can have, and where, as listed in `keywords.yaml`.

use std::sync::LazyLock;

use crate::document::{Node, Value, load};

/// The keyword under which a node lists the linter rules that it violates for a
/// stated reason; any node with keywords can have it.
pub const EXCEPTIONS: &str = "x-skypay-lint-exceptions";

static TABLE: LazyLock<Node> = LazyLock::new(|| {
    let table = load(include_str!("keywords.yaml"));
    table.expect("the table of keywords is a mapping")
});

/// The keywords of a mapping, in canonical order.
#[derive(Clone, Copy)]
pub struct Keywords(&'static Node);

/// A keyword and the shape of its value.
#[derive(Clone, Copy)]
pub struct Keyword {
    /// The keyword.
    pub name: &'static str,
    /// Whether it must be present and not empty.
    pub is_required: bool,
    /// The shape of its value.
    pub(crate) shape: &'static Node,
}

impl Keywords {
    /// Returns the keywords of the whole document.
    #[must_use]
    pub fn of_document() -> Self {
        Self::named("Document")
    }

    /// Returns the keywords that any mapping with keywords can have.
    pub(crate) fn of_any() -> Self {
        Self::named("Anywhere")
    }

    fn named(name: &str) -> Self {
        Self(TABLE.get(name).expect("the table has what it names"))
    }

    /// Iterates over the keywords.
    pub fn iter(self) -> impl Iterator<Item = Keyword> {
        self.0.entries().iter().map(|entry| {
            let required = entry.key.strip_suffix('!');
            Keyword {
                name: required.unwrap_or(&entry.key),
                is_required: required.is_some(),
                shape: &entry.node,
            }
        })
    }
}

impl Keyword {
    /// Returns the mappings with keywords that a value is or contains, each with
    /// its keywords.
    #[must_use]
    pub fn mappings(self, value: &Node) -> Vec<(&Node, Keywords)> {
        let kinds = self.shape.items();
        let kind = |item: &Node| match kinds {
            [reference, _] if item.get("$ref").is_some() => Some(reference),
            kinds => kinds.last(),
        };
        let items = value.items().iter();
        let items = items.filter_map(|item| Some((item, keywords(kind(item)?)?)));
        let each = self.shape.get("*").and_then(keywords);
        let members = value.entries().iter();
        let members = members.filter_map(|entry| Some((&entry.node, each?)));
        let itself = keywords(self.shape).map(|known| (value, known));
        items.chain(members).chain(itself).collect()
    }
}

/// The keywords of a mapping of a shape, if it has any.
fn keywords(shape: &'static Node) -> Option<Keywords> {
    match &shape.value {
        Value::Text(name) if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
            Some(Keywords::named(name))
        }
        Value::Map(_) => {
            let others = ["*", "one of", "names"];
            let has_keywords = others.iter().all(|other| shape.get(other).is_none());
            has_keywords.then_some(Keywords(shape))
        }
        _ => None,
    }
}

/// The pattern of the values of a `type` and `x-skypay-type` that have a Rust type.
pub(crate) fn form_of(ty: Option<&str>, meaning: Option<&str>) -> Option<&'static str> {
    let meanings = TABLE.at(&["Types", ty?])?;
    meanings.text_of(meaning.unwrap_or("none"))
}
