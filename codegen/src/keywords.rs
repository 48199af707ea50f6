//! The keywords that the document may use, and where: the part of `OpenAPI` 3.0
//! that the generator understands, and our own extensions. A keyword that is not
//! here is refused, so that nothing in the document is silently without
//! effect. The keywords of a node stand in the order in which a document has
//! them, which is the order that the formatter makes.

use std::collections::BTreeSet;

use crate::document::Node;

/// What the value of a keyword looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A number or a text.
    Scalar,
    /// A sequence of texts.
    Texts,
    /// A sequence of anything.
    List,
    /// A mapping; what is in it is checked where it is used.
    Map,
    /// Anything.
    Any,
    /// A mapping with these members and no others.
    Members(Keywords),
    /// A sequence of mappings with these members and no others.
    Rows(Keywords),
    /// A mapping whose values are mappings with these members and no others.
    Each(Keywords),
    /// A schema.
    Schema,
    /// A sequence of schemas.
    SchemaList,
    /// A mapping whose values are schemas.
    Schemas,
    /// A sequence of parameters, or of references to some.
    Parameters,
}

/// The keywords of a mapping, each with the shape of its value.
pub type Keywords = &'static [(&'static str, Shape)];

use Shape::{
    Any, Each, Flag, List, Map, Members, Number, Parameters, Rows, Scalar, Schema, SchemaList,
    Schemas, Text, Texts,
};

impl Shape {
    /// The mappings with keywords that a value of this shape is or holds, each with
    /// those that it may have.
    #[must_use]
    pub fn mappings(self, value: &Node) -> Vec<(&Node, Keywords)> {
        let items = value.items().iter();
        let members = value.entries().iter().map(|entry| &entry.node);
        match self {
            Members(known) => vec![(value, known)],
            Rows(known) => items.map(|item| (item, known)).collect(),
            Each(known) => members.map(|member| (member, known)).collect(),
            Schema => vec![(value, SCHEMA)],
            SchemaList => items.map(|item| (item, SCHEMA)).collect(),
            Schemas => members.map(|member| (member, SCHEMA)).collect(),
            Parameters => items
                .map(|item| match item.get("$ref") {
                    Some(_) => (item, REFERENCE),
                    None => (item, PARAMETER),
                })
                .collect(),
            Text | Flag | Number | Scalar | Texts | List | Map | Any => Vec::new(),
        }
    }
}

/// Keywords at the root of the document.
pub const ROOT: Keywords = &[
    ("openapi", Text),
    ("info", Members(INFO)),
    ("externalDocs", Members(EXTERNAL_DOCS)),
    (
        "x-skypay-envelope",
        Members(&[
            ("cipher", Text),
            ("padding", Text),
            ("keyDerivation", Text),
            ("encoding", Text),
            ("contentType", Text),
            ("charset", Text),
        ]),
    ),
    ("x-skypay-time-zone", Text),
    (
        "x-skypay-answers",
        Members(&[
            ("accepted", ANSWER),
            ("unreadable", ANSWER),
            ("failed", ANSWER),
            ("notStored", ANSWER),
            ("notOffered", ANSWER),
        ]),
    ),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("servers", Rows(SERVER)),
    ("tags", Rows(TAG)),
    ("security", List),
    ("paths", Each(PATH_ITEM)),
    ("components", Members(COMPONENTS)),
];

const ANSWER: Shape = Members(&[("code", Text), ("description", Text)]);

const INFO: Keywords = &[
    ("title", Text),
    ("version", Text),
    ("description", Text),
    ("contact", Members(CONTACT)),
    ("license", Members(LICENSE)),
    (
        "x-skypay-provider",
        Members(&[("name", Text), ("package", Text), ("keywords", Texts)]),
    ),
    ("x-skypay-describes", Texts),
];

const COMPONENTS: Keywords = &[("parameters", Each(PARAMETER)), ("schemas", Schemas)];

const SERVER: Keywords = &[
    ("url", Text),
    ("description", Text),
    ("variables", Each(VARIABLE)),
    ("x-skypay-environment", Text),
];

const CONTACT: Keywords = &[("name", Text), ("url", Text), ("email", Text)];

const LICENSE: Keywords = &[("name", Text), ("url", Text)];

const TAG: Keywords = &[
    ("name", Text),
    ("description", Text),
    ("externalDocs", Members(EXTERNAL_DOCS)),
];

const EXTERNAL_DOCS: Keywords = &[("description", Text), ("url", Text)];

const VARIABLE: Keywords = &[("enum", Texts), ("default", Text), ("description", Text)];

const REFERENCE: Keywords = &[("$ref", Text)];

const PARAMETER: Keywords = &[
    ("name", Text),
    ("in", Text),
    ("required", Flag),
    ("description", Text),
    ("schema", PARAMETER_SCHEMA),
    ("example", Text),
];

/// What can be said of the value of a parameter: the client takes any text
/// that can stand in a path, so other limits would have no effect.
const PARAMETER_SCHEMA: Shape = Members(&[("type", Text), ("minLength", Number)]);

const PATH_ITEM: Keywords = &[
    ("summary", Text),
    ("description", Text),
    ("parameters", Parameters),
    ("x-skypay-direction", Text),
    ("servers", Rows(SERVER)),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("post", Members(OPERATION)),
];

const OPERATION: Keywords = &[
    ("operationId", Text),
    ("summary", Text),
    ("description", Text),
    ("externalDocs", Members(EXTERNAL_DOCS)),
    ("tags", Texts),
    ("deprecated", Flag),
    (
        "x-skypay-chapter",
        Members(&[("directory", Text), ("current", Text)]),
    ),
    ("x-skypay-mode", Text),
    ("x-skypay-effect", Text),
    ("x-skypay-transaction-id", Text),
    ("x-skypay-delivery-key", Texts),
    ("x-skypay-effect-key", Texts),
    (
        "x-skypay-retry",
        Members(&[
            ("statusQuery", Text),
            ("statusQueryDelay", Number),
            ("policy", Text),
            ("note", Text),
        ]),
    ),
    (
        "x-skypay-partner-codes",
        Members(&[("from", Number), ("to", Number), ("description", Text)]),
    ),
    (
        "x-skypay-result-codes",
        Rows(&[
            ("code", Text),
            ("source", Text),
            ("text", Text),
            ("meaning", Text),
        ]),
    ),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("security", List),
    ("requestBody", Members(REQUEST_BODY)),
    ("responses", Each(RESPONSE)),
];

const REQUEST_BODY: Keywords = &[
    ("description", Text),
    ("required", Flag),
    ("content", Each(MEDIA_TYPE)),
];

const RESPONSE: Keywords = &[("description", Text), ("content", Each(MEDIA_TYPE))];

const MEDIA_TYPE: Keywords = &[("schema", Schema), ("examples", Each(EXAMPLE))];

const EXAMPLE: Keywords = &[("summary", Text), ("description", Text), ("value", Any)];

/// Keywords of a schema.
pub const SCHEMA: Keywords = &[
    ("$ref", Text),
    ("allOf", SchemaList),
    ("type", Text),
    ("format", Text),
    ("enum", Texts),
    ("minItems", Number),
    ("maxItems", Number),
    ("items", Schema),
    ("minLength", Number),
    ("maxLength", Number),
    ("pattern", Text),
    ("minimum", Number),
    ("maximum", Number),
    ("title", Text),
    ("description", Text),
    ("deprecated", Flag),
    ("required", Texts),
    ("x-skypay-accepts-plain", Text),
    ("properties", Schemas),
    (
        "x-skypay-rules",
        Rows(&[
            ("id", Text),
            ("when", Members(&[("field", Text), ("in", Texts)])),
            ("require", Texts),
            ("forbid", Texts),
            ("match", Map),
            ("reason", Text),
        ]),
    ),
    ("example", Any),
    (
        "x-skypay-codes",
        Rows(&[
            ("value", Text),
            ("name", Text),
            ("kind", Text),
            ("outcome", Text),
            ("refusesKeys", Flag),
            ("moneyState", Text),
            ("onlyWith", Text),
            ("readOnly", Flag),
            ("text", Text),
            ("description", Text),
        ]),
    ),
    ("x-skypay-type", Text),
    ("x-skypay-newtype", Flag),
    ("x-skypay-unit", Text),
    ("x-skypay-minimum", Scalar),
    ("x-skypay-rust-name", Text),
    ("x-skypay-aliases", Texts),
    ("x-skypay-sensitive", Flag),
    ("x-skypay-applies-to", Texts),
    ("x-skypay-transport", Flag),
    ("x-skypay-constant", Flag),
    ("x-skypay-on-success", Flag),
];

/// Keywords that any node may have that has keywords at all.
pub const ANYWHERE: Keywords = &[(EXCEPTIONS, EXCEPTION_ROWS)];

const EXCEPTION_ROWS: Shape = Rows(&[("rule", Text), ("reason", Text)]);

/// The keyword under which a node lists the rules of the linter that it breaks
/// for a reason.
pub const EXCEPTIONS: &str = "x-skypay-lint-exceptions";

/// The values of `type` and `x-skypay-type` that have a Rust type.
pub const TYPES: &[(&str, &[&str])] = &[
    (
        "string",
        &[
            "person-name",
            "amount",
            "date",
            "date-time",
            "date-time-fraction",
            "integer",
        ],
    ),
    ("number", &["amount"]),
    ("integer", &[]),
    ("boolean", &[]),
    ("object", &[]),
    ("array", &[]),
];

/// The names of all our extensions.
#[must_use]
pub fn extensions() -> BTreeSet<&'static str> {
    [
        ROOT,
        INFO,
        COMPONENTS,
        SERVER,
        PATH_ITEM,
        OPERATION,
        REQUEST_BODY,
        RESPONSE,
        MEDIA_TYPE,
        EXAMPLE,
        SCHEMA,
        ANYWHERE,
    ]
    .into_iter()
    .flatten()
    .map(|(keyword, _)| *keyword)
    .filter(|keyword| keyword.starts_with("x-"))
    .collect()
}
