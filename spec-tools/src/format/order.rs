//! The order of members: that of the vocabulary, where a node has words; none
//! where the members are names, such as properties and paths, or data.

use codegen::keywords::{self, Shape};

use super::source::Item;

/// What a node is, as far as the order of its members goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Words in a settled order.
    Words(Words),
    /// Names, each with a node of the same kind.
    Names(Words),
    /// Anything: the order is the author's.
    Data,
}

/// The nodes that have words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Root,
    Info,
    Contact,
    License,
    Server,
    Variable,
    Tag,
    ExternalDocs,
    PathItem,
    Operation,
    RequestBody,
    Response,
    MediaType,
    Example,
    Components,
    Parameter,
    Schema,
    /// The members of one of our extensions.
    Extension(&'static [(&'static str, Shape)]),
}

impl Kind {
    /// The whole document.
    pub(super) const DOCUMENT: Self = Self::Words(Words::Root);

    /// What the member of a key is. Items of a sequence are what the sequence
    /// is.
    pub(super) fn member(self, key: &str) -> Self {
        match self {
            Self::Words(words) => words.member(key),
            Self::Names(words) => Self::Words(words),
            Self::Data => Self::Data,
        }
    }

    /// Puts members into their order; unknown ones keep theirs, at the end.
    pub(super) fn sort(self, items: &mut [&Item]) {
        let Self::Words(words) = self else {
            return;
        };
        let order = words.order();
        let is_table = items.iter().any(|item| item.key.as_deref() == Some(CODES));
        let rank = |item: &&Item| {
            let key = item.key.as_deref().unwrap_or_default();
            // The values of a table stand above their meanings.
            let key = if is_table && key == "enum" {
                CODES
            } else {
                key
            };
            let position = order.iter().position(|word| *word == key);
            (
                position.unwrap_or(order.len()),
                item.key.as_deref() == Some(CODES),
            )
        };
        items.sort_by_key(rank);
    }
}

/// The word under which a code table explains its values.
const CODES: &str = "x-skypay-codes";

impl Words {
    fn order(self) -> Vec<&'static str> {
        let of = |words: &[(&'static str, Shape)]| words.iter().map(|(word, _)| *word).collect();
        match self {
            Self::Contact => of(keywords::CONTACT),
            Self::License => of(keywords::LICENSE),
            Self::Variable => of(keywords::VARIABLE),
            Self::Tag => of(keywords::TAG),
            Self::ExternalDocs => of(keywords::EXTERNAL_DOCS),
            Self::Parameter => of(keywords::PARAMETER),
            Self::Root => of(keywords::ROOT),
            Self::Info => of(keywords::INFO),
            Self::Server => of(keywords::SERVER),
            Self::PathItem => of(keywords::PATH_ITEM),
            Self::Operation => of(keywords::OPERATION),
            Self::RequestBody => of(keywords::REQUEST_BODY),
            Self::Response => of(keywords::RESPONSE),
            Self::MediaType => of(keywords::MEDIA_TYPE),
            Self::Example => of(keywords::EXAMPLE),
            Self::Components => of(keywords::COMPONENTS),
            Self::Schema => of(keywords::SCHEMA),
            Self::Extension(words) => of(words),
        }
    }

    fn member(self, key: &str) -> Kind {
        match (self, key) {
            (Self::Root, "info") => Kind::Words(Self::Info),
            (Self::Root | Self::PathItem, "servers") => Kind::Words(Self::Server),
            (Self::Root, "tags") => Kind::Words(Self::Tag),
            (Self::Root, "paths") => Kind::Names(Self::PathItem),
            (Self::Root, "components") => Kind::Words(Self::Components),
            (Self::Info, "contact") => Kind::Words(Self::Contact),
            (Self::Info, "license") => Kind::Words(Self::License),
            (_, "externalDocs") => Kind::Words(Self::ExternalDocs),
            (Self::Server, "variables") => Kind::Names(Self::Variable),
            (Self::PathItem, "post") => Kind::Words(Self::Operation),
            (Self::PathItem, "parameters") => Kind::Words(Self::Parameter),
            (Self::Operation, "requestBody") => Kind::Words(Self::RequestBody),
            (Self::Operation, "responses") => Kind::Names(Self::Response),
            (Self::RequestBody | Self::Response, "content") => Kind::Names(Self::MediaType),
            (Self::MediaType, "examples") => Kind::Names(Self::Example),
            (Self::Components, "schemas") | (Self::Schema, "properties") => {
                Kind::Names(Self::Schema)
            }
            (Self::Components, "parameters") => Kind::Names(Self::Parameter),
            (Self::MediaType | Self::Parameter, "schema") | (Self::Schema, "items" | "allOf") => {
                Kind::Words(Self::Schema)
            }
            _ => self.extension(key),
        }
    }

    /// What the vocabulary says of the members of an extension.
    fn extension(self, key: &str) -> Kind {
        let known = match self {
            Self::Root => keywords::ROOT,
            Self::Operation => keywords::OPERATION,
            Self::Schema => keywords::SCHEMA,
            Self::Extension(words) => words,
            _ => &[],
        };
        let mut all = known.iter().chain(keywords::ANYWHERE);
        match all.find(|(word, _)| *word == key) {
            Some((_, Shape::Members(words) | Shape::Rows(words))) => {
                Kind::Words(Self::Extension(words))
            }
            _ => Kind::Data,
        }
    }
}
