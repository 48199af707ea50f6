//! Messages and their fields.

use serde::Serialize;

/// A request, a response or a nested object.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The Rust type, equal to the component's name.
    pub name: String,
    /// Its description, in Markdown.
    pub doc: String,
    /// Its role.
    pub part: Part,
    /// The fields of the Rust type, in wire order.
    pub fields: Vec<Field>,
    /// The other fields on the wire: header fields and fields with a constant
    /// value.
    pub transport_fields: Vec<Field>,
    /// Whether limits and conditions are validated, as they are for messages that
    /// the generated code sends.
    pub checked: bool,
    /// Conditions between fields.
    pub rules: Vec<Rule>,
    /// For an item that can also be read from a plain string: the wire name of the
    /// field that holds the string.
    pub accepts_plain: Option<String>,
    /// The location of the component in the document, as a JSON pointer.
    pub pointer: String,
}

impl Message {
    /// Returns every field on the wire, header fields first.
    pub fn wire_fields(&self) -> impl Iterator<Item = &Field> {
        self.transport_fields.iter().chain(&self.fields)
    }

    /// The field of a nested object that is required as the only one, unless it is a
    /// list: an object that is sent can be made from its value.
    pub(crate) fn only_required(&self) -> Option<&Field> {
        let mut required = self.fields.iter().filter(|field| field.required);
        let field = required.next()?;
        let is_list = matches!(field.ty, Type::List(_));
        let is_only = !is_list && required.next().is_none();
        (is_only && self.part == Part::Object && self.checked).then_some(field)
    }
}

/// When a field is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Presence {
    /// Always.
    Always,
    /// In every successful response.
    OnSuccess,
    /// Not always.
    Optional,
}

/// The role of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Part {
    /// A request.
    Request,
    /// A response.
    Response,
    /// An object nested in another message.
    Object,
}

/// A field of a message.
#[derive(Clone, Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of the document, independent of the others"
)]
pub struct Field {
    /// The name on the wire.
    pub wire: String,
    /// The Rust field.
    pub rust: String,
    /// Its description, in Markdown.
    pub description: String,
    /// Its type.
    pub ty: Type,
    /// How it is encoded on the wire.
    pub encoding: Encoding,
    /// When it is present.
    pub presence: Presence,
    /// Whether the Rust type always has it. A header field can be missing.
    pub required: bool,
    /// Whether the transport writes it.
    pub by_transport: bool,
    /// The constant value, if it has one.
    pub constant: Option<String>,
    /// The constraints on its value when it is sent.
    pub limits: Limits,
    /// Whether the constraints are validated.
    pub checked: bool,
    /// The codes that are allowed, if not all of the table.
    pub picked: Vec<String>,
    /// The unit.
    pub unit: Option<String>,
    /// Whether it is personal data or a secret.
    pub sensitive: bool,
    /// Other names that are accepted on input.
    pub aliases: Vec<String>,
    /// The kinds of channels to which it applies.
    pub applies_to: Vec<String>,
    /// An example value as text, for a scalar.
    pub example: Option<String>,
    /// Whether the items of a list can also be plain strings.
    pub accepts_plain: bool,
    /// The header field of a response, if it is one.
    pub envelope: Option<EnvelopeField>,
    /// Whether a value that cannot be parsed is kept unparsed: for an optional
    /// field or a list of objects in a received message.
    pub received: bool,
    /// Whether the field is deprecated.
    pub deprecated: bool,
    /// Its locations in the document, as JSON pointers: the field and the component
    /// that it refers to.
    pub pointers: Vec<String>,
}

/// A header field of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum EnvelopeField {
    /// The time at which the response was written.
    Time,
    /// The return code.
    Code,
    /// The description of the return code.
    Description,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Type {
    /// A plain string.
    Text,
    /// A string with a newtype.
    Newtype(String),
    /// A code of a code table.
    Codes(String),
    /// An amount in PHP.
    Amount,
    /// A date.
    Date,
    /// A time in GMT+8.
    DateTime,
    /// A person's name.
    PersonName,
    /// An integer, with its Rust type.
    Integer(&'static str),
    /// A boolean.
    Boolean,
    /// An object.
    Object(String),
    /// A list.
    List(Box<Type>),
}

impl Type {
    /// Returns the type of a list's items; any other type itself.
    #[must_use]
    pub fn item(&self) -> &Self {
        match self {
            Self::List(item) => item,
            other => other,
        }
    }
}

/// How a scalar is encoded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// The native encoding of its Rust type.
    Native,
    /// A JSON number, although the type's native encoding is a string.
    AsNumber,
    /// A JSON string, although the type's native encoding is a number.
    AsText,
    /// A time with four fractional digits.
    WithFraction,
}

/// The constraints on a field that are validated before it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The minimum length in characters.
    pub min_length: Option<u32>,
    /// The maximum length in characters.
    pub max_length: Option<u32>,
    /// A regular expression.
    pub pattern: Option<String>,
    /// The minimum, as decimal text.
    pub minimum: Option<String>,
    /// The maximum, as decimal text.
    pub maximum: Option<String>,
    /// The codes that can be sent; empty if the table alone decides.
    pub one_of: Vec<String>,
    /// The minimum number of items.
    pub min_items: Option<u32>,
    /// The maximum number of items.
    pub max_items: Option<u32>,
}

/// A condition between fields.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// The field and the values to which the condition applies; `None` if it always
    /// applies.
    pub when: Option<(String, Vec<String>)>,
    /// Fields that must be present.
    pub require: Vec<String>,
    /// Fields that must be absent.
    pub forbid: Vec<String>,
    /// Fields whose text must match a pattern.
    pub matches: Vec<(String, String)>,
    /// The reason, as a sentence.
    pub reason: String,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}
