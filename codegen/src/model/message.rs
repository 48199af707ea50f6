//! Messages and their fields.

use serde::Serialize;

/// A request, a response or an object inside one.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The Rust type, equal to the component's name.
    pub name: String,
    /// What it is, in Markdown.
    pub doc: String,
    /// What part it plays.
    pub part: Part,
    /// The fields that the Rust type has, in wire order.
    pub fields: Vec<Field>,
    /// The other fields on the wire: those that the transport writes, and those with
    /// one value.
    pub transport_fields: Vec<Field>,
    /// Whether limits and conditions are checked: those of what is generated to be
    /// sent are.
    pub checked: bool,
    /// Conditions between fields.
    pub rules: Vec<Rule>,
    /// Where an item may also be read from a plain text: the wire name of the
    /// field that the text becomes.
    pub accepts_plain: Option<String>,
    /// Where the component stands in the document, as a JSON pointer.
    pub pointer: String,
}

impl Message {
    /// Every field on the wire, those of the header first.
    pub fn wire_fields(&self) -> impl Iterator<Item = &Field> {
        self.transport_fields.iter().chain(&self.fields)
    }
}

/// When a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Presence {
    /// Always.
    Always,
    /// In every answer that is a success.
    OnSuccess,
    /// Not always.
    Optional,
}

/// What part a message plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Part {
    /// It asks.
    Request,
    /// It answers.
    Response,
    /// It stands inside another.
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
    /// What it holds, in Markdown.
    pub description: String,
    /// Its type.
    pub ty: Type,
    /// How it is encoded on the wire.
    pub encoding: Encoding,
    /// When it is there.
    pub presence: Presence,
    /// Whether the Rust type always has it: the header may be missing.
    pub required: bool,
    /// Whether the transport writes it.
    pub by_transport: bool,
    /// The only value that it may have.
    pub constant: Option<String>,
    /// What its value must keep when it is sent.
    pub limits: Limits,
    /// Whether that is checked.
    pub checked: bool,
    /// The codes that it allows, where those are not all of the table.
    pub picked: Vec<String>,
    /// What it is counted in.
    pub unit: Option<String>,
    /// Whether it is personal or secret.
    pub sensitive: bool,
    /// Other names that are accepted when reading.
    pub aliases: Vec<String>,
    /// The kinds of channels that it is meant for.
    pub applies_to: Vec<String>,
    /// A value, as text, where it is a scalar.
    pub example: Option<String>,
    /// Whether the items of a list may also come as plain texts.
    pub accepts_plain: bool,
    /// The part of the header of a response that it is.
    pub envelope: Option<EnvelopeField>,
    /// Whether what cannot be read is kept as such: an optional field or a list
    /// of objects in a message that is received, not made.
    pub received: bool,
    /// Whether the field is going away.
    pub deprecated: bool,
    /// Where the document speaks of it, as JSON pointers: the field itself
    /// and the component behind it.
    pub pointers: Vec<String>,
}

/// A field of the header of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum EnvelopeField {
    /// When the answer was written.
    Time,
    /// The return code.
    Code,
    /// The text that goes with it.
    Description,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Type {
    /// A text without a type of its own.
    Text,
    /// A text with a type of its own.
    Newtype(String),
    /// A code of a table.
    Codes(String),
    /// An amount in PHP.
    Amount,
    /// A day.
    Date,
    /// A time in GMT+8.
    DateTime,
    /// A person's name.
    PersonName,
    /// A whole number, with its Rust type.
    Integer(&'static str),
    /// True or false.
    Boolean,
    /// An object.
    Object(String),
    /// Several of them.
    List(Box<Type>),
}

impl Type {
    /// The type of one item of a list; any other type itself.
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
    /// As its Rust type writes itself.
    Native,
    /// As a JSON number although its type writes itself as a text.
    AsNumber,
    /// As a JSON text although its type writes itself as a number.
    AsText,
    /// As a time with four fraction digits.
    WithFraction,
}

/// What is checked before a field is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Characters at least.
    pub min_length: Option<u32>,
    /// Characters at most.
    pub max_length: Option<u32>,
    /// A regular expression.
    pub pattern: Option<String>,
    /// The smallest number, as decimal text.
    pub minimum: Option<String>,
    /// The largest number, as decimal text.
    pub maximum: Option<String>,
    /// The only codes that may be sent; empty where the table decides.
    pub one_of: Vec<String>,
    /// Items at least.
    pub min_items: Option<u32>,
    /// Items at most.
    pub max_items: Option<u32>,
}

/// A condition between fields.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// The field and the values for which it holds; always, if absent.
    pub when: Option<(String, Vec<String>)>,
    /// Fields that must be there.
    pub require: Vec<String>,
    /// Fields that must not be there.
    pub forbid: Vec<String>,
    /// Fields whose text must match a pattern.
    pub matches: Vec<(String, String)>,
    /// Why, as a sentence.
    pub reason: String,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}
