//! The keywords that the document may use, and where, as `keywords.yaml` lists
//! them.

use std::sync::LazyLock;

use crate::document::{Node, Value, load};

/// The keyword under which a node lists the rules of the linter that it breaks
/// for a reason; any node with keywords may have it.
pub const EXCEPTIONS: &str = "x-skypay-lint-exceptions";

static TABLE: LazyLock<Node> = LazyLock::new(|| {
    let table = load(include_str!("keywords.yaml"));
    table.expect("the table of keywords is a mapping")
});

/// The keywords of a mapping, in the order in which a document has them.
#[derive(Clone, Copy)]
pub struct Keywords(&'static Node);

/// A keyword, and what its value looks like.
#[derive(Clone, Copy)]
pub struct Keyword {
    /// The keyword.
    pub name: &'static str,
    /// Whether it is always there, and not empty.
    pub is_required: bool,
    /// What its value looks like.
    pub(crate) shape: &'static Node,
}

impl Keywords {
    /// Those of the whole document.
    #[must_use]
    pub fn of_document() -> Self {
        Self::named("Document")
    }

    /// Those that any mapping may have that has keywords at all.
    pub(crate) fn of_any() -> Self {
        Self::named("Anywhere")
    }

    fn named(name: &str) -> Self {
        Self(TABLE.get(name).expect("the table has what it names"))
    }

    /// Each of them.
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
    /// The mappings with keywords that a value is or holds, each with those that
    /// it may have.
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

/// The keywords of a mapping of a shape, if it has some.
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

/// The pattern of values of a `type` and an `x-skypay-type` that have a Rust type.
pub(crate) fn form_of(ty: Option<&str>, meaning: Option<&str>) -> Option<&'static str> {
    let meanings = TABLE.at(&["Types", ty?])?;
    meanings.text_of(meaning.unwrap_or("none"))
}
