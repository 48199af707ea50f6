//! The keywords that the document may use, and where: the part of `OpenAPI` 3.0
//! that the generator understands, and our own extensions. A keyword that is not
//! here is refused, so that nothing in the document is silently without
//! effect. The keywords of a node stand in the order in which a document has
//! them, which is the order that the formatter makes.

use crate::document::Node;

/// What the value of a keyword looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text that says something.
    Text,
    /// One of these words, numbers or flags, by the rule of this name; and why, if
    /// that is more than the rule says.
    Only(&'static str, &'static [&'static str], &'static str),
    /// A text that names what the runtime implements.
    Implemented(&'static str),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A number or a text.
    Scalar,
    /// A sequence of texts.
    Texts,
    /// A sequence in which nothing stands: what it lists would have no effect.
    Empty,
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
    /// A value of this shape that is always there, and is not empty.
    Required(&'static Shape),
}

/// The keywords of a mapping, each with the shape of its value.
pub type Keywords = &'static [(&'static str, Shape)];

use Shape::{
    Any, Each, Empty, Flag, Implemented, Map, Members, Number, Only, Parameters, Required, Rows,
    Scalar, Schema, SchemaList, Schemas, Text, Texts,
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
            Required(shape) => shape.mappings(value),
            Text | Only(..) | Implemented(_) | Flag | Number | Scalar | Texts | Empty | Map
            | Any => Vec::new(),
        }
    }
}

/// Keywords at the root of the document.
pub const ROOT: Keywords = &[
    (
        "openapi",
        Required(&Only("openapi-version", &["3.0.3"], "")),
    ),
    ("info", Required(&Members(INFO))),
    ("externalDocs", Members(EXTERNAL_DOCS)),
    (
        "x-skypay-envelope",
        Members(&[
            ("cipher", Implemented("AES-128-ECB")),
            ("padding", Implemented("PKCS#7")),
            ("keyDerivation", Implemented("SHA-1(SHA-1(")),
            ("encoding", Implemented("Base64")),
            ("contentType", Implemented("text/plain")),
            ("charset", Implemented("UTF-8")),
        ]),
    ),
    ("x-skypay-time-zone", Implemented("+08:00")),
    (
        "x-skypay-answers",
        Required(&Members(&[
            ("accepted", ANSWER),
            ("unreadable", ANSWER),
            ("failed", ANSWER),
            ("notStored", ANSWER),
            ("notOffered", ANSWER),
        ])),
    ),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("servers", Required(&Rows(SERVER))),
    ("tags", Rows(TAG)),
    ("security", Empty),
    ("paths", Required(&Each(PATH_ITEM))),
    ("components", Members(COMPONENTS)),
];

/// A text without which nothing can be generated.
const REQUIRED_TEXT: Shape = Required(&Text);

const ANSWER: Shape = Required(&Members(&[
    ("code", REQUIRED_TEXT),
    ("description", REQUIRED_TEXT),
]));

const INFO: Keywords = &[
    ("title", REQUIRED_TEXT),
    ("version", REQUIRED_TEXT),
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
    ("url", REQUIRED_TEXT),
    ("description", REQUIRED_TEXT),
    ("variables", Each(VARIABLE)),
    ("x-skypay-environment", REQUIRED_TEXT),
];

const PATH_SERVER: Keywords = &[
    ("url", Text),
    ("description", Text),
    ("variables", Each(VARIABLE)),
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

const REFERENCE: Keywords = &[("$ref", REQUIRED_TEXT)];

const ONLY_IN_PATH: &str = ", since nothing else is sent besides the body";

const ONLY_NOT_EMPTY: &str = ", since only an empty text is refused";

/// What is sent besides the body: a text in the path that is not empty.
const PARAMETER: Keywords = &[
    ("name", REQUIRED_TEXT),
    ("in", Required(&Only("parameters", &["path"], ONLY_IN_PATH))),
    ("required", Required(&Only("parameters", &["true"], ""))),
    ("description", Text),
    (
        "schema",
        Required(&Members(&[
            ("type", Required(&Only("parameters", &["string"], ""))),
            ("minLength", Only("parameters", &["1"], ONLY_NOT_EMPTY)),
        ])),
    ),
    ("example", Text),
];

const PATH_ITEM: Keywords = &[
    ("summary", Text),
    ("description", Text),
    ("parameters", Parameters),
    (
        "x-skypay-direction",
        Only(
            "path-form",
            &["callback"],
            ", or leave it out where the partner calls",
        ),
    ),
    ("servers", Rows(PATH_SERVER)),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("post", Required(&Members(OPERATION))),
];

const OPERATION: Keywords = &[
    ("operationId", REQUIRED_TEXT),
    ("summary", REQUIRED_TEXT),
    ("description", REQUIRED_TEXT),
    ("externalDocs", Members(EXTERNAL_DOCS)),
    ("tags", Texts),
    ("deprecated", Flag),
    (
        "x-skypay-chapter",
        Required(&Members(&[("directory", Text), ("current", REQUIRED_TEXT)])),
    ),
    (
        "x-skypay-mode",
        Required(&Only(
            "shape",
            &["asynchronous", "synchronous", "notification"],
            "",
        )),
    ),
    (
        "x-skypay-effect",
        Required(&Only(
            "shape",
            &["reads", "changes-state", "moves-money"],
            "",
        )),
    ),
    ("x-skypay-transaction-id", Text),
    ("x-skypay-delivery-key", Texts),
    ("x-skypay-effect-key", Texts),
    (
        "x-skypay-retry",
        Required(&Members(&[
            ("statusQuery", Text),
            ("statusQueryDelay", Number),
            (
                "policy",
                Required(&Only("shape", &["never", "after-status-query", "safe"], "")),
            ),
            ("note", REQUIRED_TEXT),
        ])),
    ),
    (
        "x-skypay-partner-codes",
        Members(&[
            ("from", Required(&Number)),
            ("to", Required(&Number)),
            ("description", REQUIRED_TEXT),
        ]),
    ),
    (
        "x-skypay-result-codes",
        Rows(&[
            ("code", REQUIRED_TEXT),
            (
                "source",
                Required(&Only("shape", &["listed", "expected"], "")),
            ),
            ("text", Text),
            ("meaning", REQUIRED_TEXT),
        ]),
    ),
    (EXCEPTIONS, EXCEPTION_ROWS),
    ("security", Empty),
    ("requestBody", Required(&Members(REQUEST_BODY))),
    ("responses", Required(&Members(RESPONSES))),
];

const REQUEST_BODY: Keywords = &[
    ("description", Text),
    ("required", Flag),
    ("content", CONTENT),
];

/// Refusals are said inside the response, by a code.
const RESPONSES: Keywords = &[(
    "200",
    Required(&Members(&[("description", Text), ("content", CONTENT)])),
)];

/// What is encrypted, whose schema is a component and gives the message its name.
const CONTENT: Shape = Required(&Members(&[(
    "application/json",
    Required(&Members(&[
        ("schema", Required(&Members(REFERENCE))),
        ("examples", Required(&Each(EXAMPLE))),
    ])),
)]));

const EXAMPLE: Keywords = &[
    ("summary", Text),
    ("description", Text),
    ("value", Required(&Any)),
];

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
            ("id", REQUIRED_TEXT),
            (
                "when",
                Members(&[("field", REQUIRED_TEXT), ("in", Required(&Texts))]),
            ),
            ("require", Texts),
            ("forbid", Texts),
            ("match", Map),
            ("reason", REQUIRED_TEXT),
        ]),
    ),
    ("example", Any),
    (
        "x-skypay-codes",
        Rows(&[
            ("value", REQUIRED_TEXT),
            ("name", REQUIRED_TEXT),
            ("kind", Text),
            (
                "outcome",
                Only("codes-named", &["accepted", "rejected", "unknown"], ""),
            ),
            ("refusesKeys", Flag),
            (
                "moneyState",
                Only(
                    "money-state",
                    &["paid", "failed", "cancelled", "open", "absent", "amendment"],
                    "",
                ),
            ),
            ("onlyWith", Text),
            ("readOnly", Flag),
            ("text", Text),
            ("description", REQUIRED_TEXT),
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

/// That each gives a reason is a rule of the linter.
const EXCEPTION_ROWS: Shape = Rows(&[("rule", Text), ("reason", Any)]);

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
