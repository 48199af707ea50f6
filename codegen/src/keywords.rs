//! The keywords that the document may use, and where: the part of `OpenAPI` 3.0
//! that the generator understands, and our own extensions. A keyword that is not
//! here is refused, so that nothing in the document is silently without
//! effect. The keywords of a node stand in the order in which a document has
//! them, which is the order that the formatter makes.

use std::collections::BTreeSet;

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
    Members(&'static [(&'static str, Shape)]),
    /// A sequence of mappings with these members and no others.
    Rows(&'static [(&'static str, Shape)]),
}

use Shape::{Any, Flag, List, Map, Members, Number, Rows, Scalar, Text, Texts};

/// Keywords at the root of the document.
pub const ROOT: &[(&str, Shape)] = &[
    ("openapi", Text),
    ("info", Map),
    ("externalDocs", Map),
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
    ("servers", List),
    ("tags", List),
    ("security", List),
    ("paths", Map),
    ("components", Map),
];

const ANSWER: Shape = Members(&[("code", Text), ("description", Text)]);

/// Keywords of `info`.
pub const INFO: &[(&str, Shape)] = &[
    ("title", Text),
    ("version", Text),
    ("description", Text),
    ("contact", Map),
    ("license", Map),
    (
        "x-skypay-provider",
        Members(&[("name", Text), ("package", Text), ("keywords", Texts)]),
    ),
    ("x-skypay-describes", Texts),
];

/// Keywords of `components`.
pub const COMPONENTS: &[(&str, Shape)] = &[("parameters", Map), ("schemas", Map)];

/// Keywords of a server.
pub const SERVER: &[(&str, Shape)] = &[
    ("url", Text),
    ("description", Text),
    ("variables", Map),
    ("x-skypay-environment", Text),
];

/// Keywords of `contact`.
pub const CONTACT: &[(&str, Shape)] = &[("name", Text), ("url", Text), ("email", Text)];

/// Keywords of `license`.
pub const LICENSE: &[(&str, Shape)] = &[("name", Text), ("url", Text)];

/// Keywords of a tag.
pub const TAG: &[(&str, Shape)] = &[("name", Text), ("description", Text), ("externalDocs", Map)];

/// Keywords of `externalDocs`.
pub const EXTERNAL_DOCS: &[(&str, Shape)] = &[("description", Text), ("url", Text)];

/// Keywords of a server's variable.
pub const VARIABLE: &[(&str, Shape)] = &[("enum", Texts), ("default", Text), ("description", Text)];

/// Keywords of a reference.
pub const REFERENCE: &[(&str, Shape)] = &[("$ref", Text)];

/// Keywords of a parameter.
pub const PARAMETER: &[(&str, Shape)] = &[
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

/// Keywords of a path item.
pub const PATH_ITEM: &[(&str, Shape)] = &[
    ("summary", Text),
    ("description", Text),
    ("parameters", List),
    ("x-skypay-direction", Text),
    ("servers", List),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("post", Map),
];

/// Keywords of an operation.
pub const OPERATION: &[(&str, Shape)] = &[
    ("operationId", Text),
    ("summary", Text),
    ("description", Text),
    ("externalDocs", Map),
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
    ("requestBody", Map),
    ("responses", Map),
];

/// Keywords of a request body.
pub const REQUEST_BODY: &[(&str, Shape)] =
    &[("description", Text), ("required", Flag), ("content", Map)];

/// Keywords of a response.
pub const RESPONSE: &[(&str, Shape)] = &[("description", Text), ("content", Map)];

/// Keywords of a media type.
pub const MEDIA_TYPE: &[(&str, Shape)] = &[("schema", Map), ("examples", Map)];

/// Keywords of an example.
pub const EXAMPLE: &[(&str, Shape)] = &[("summary", Text), ("description", Text), ("value", Any)];

/// Keywords of a schema.
pub const SCHEMA: &[(&str, Shape)] = &[
    ("$ref", Text),
    ("allOf", List),
    ("type", Text),
    ("format", Text),
    ("enum", Texts),
    ("minItems", Number),
    ("maxItems", Number),
    ("items", Map),
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
    ("properties", Map),
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
pub const ANYWHERE: &[(&str, Shape)] = &[(EXCEPTIONS, EXCEPTION_ROWS)];

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
