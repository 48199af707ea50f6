//! The fields of messages, as the document describes them.

use schemars::Schema;
use serde_json::Value;
use skypay_types::{CollectionChannel, PayoutChannel};

use crate::arguments::{code_name, named};
use crate::operations::types_of;

/// A field of a message.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// Whether it is required.
    pub required: bool,
    /// The document's description.
    pub about: String,
    /// Whether it is a list.
    pub kind: Kind,
    /// The name of the schema of its values, if it has one.
    schema: String,
}

impl Field {
    /// Returns the code of a channel by its name, if the field is a channel.
    #[must_use]
    pub fn code_of(&self, name: &str) -> Option<String> {
        let code = match self.schema.as_str() {
            "PayoutChannel" => named(PayoutChannel::ALL, name)?.as_str().to_owned(),
            "CollectionChannel" => named(CollectionChannel::ALL, name)?.as_str().to_owned(),
            _ => return None,
        };
        Some(code)
    }

    /// Returns the name of a channel by its code, if the field is a channel.
    #[must_use]
    pub fn name_of(&self, code: &str) -> Option<String> {
        match self.schema.as_str() {
            "PayoutChannel" => Some(code_name(&PayoutChannel::from(code))),
            "CollectionChannel" => Some(code_name(&CollectionChannel::from(code))),
            _ => None,
        }
    }
}

/// The kind of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A single value.
    Scalar,
    /// A list, with the only field of its items if they have exactly one.
    List(Option<String>),
}

/// Returns the fields of the request of an operation or callback.
#[must_use]
pub fn request_fields(name: &str) -> Vec<Field> {
    types_of(name).map_or_else(Vec::new, |types| of(&(types.schema)()))
}

/// Returns the fields of a message from the schema that its type derives.
fn of(schema: &Schema) -> Vec<Field> {
    let root = schema.as_value();
    let required = |name: &str| {
        let required = root["required"].as_array();
        required.is_some_and(|names| names.iter().any(|known| known == name))
    };
    let properties = root["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| Field {
            name: name.clone(),
            required: required(name),
            about: about(name, property["description"].as_str().unwrap_or_default()),
            kind: kind(root, property),
            schema: schema_name(property),
        })
        .collect()
}

/// Returns the name of the schema that a property refers to, as it is or where it may be
/// absent.
fn schema_name(property: &Value) -> String {
    let choices = property["anyOf"].as_array().into_iter().flatten();
    let reference = std::iter::once(property)
        .chain(choices)
        .find_map(|schema| schema["$ref"].as_str());
    let name = reference.and_then(|path| path.rsplit('/').next());
    name.unwrap_or_default().to_owned()
}

fn kind(root: &Value, property: &Value) -> Kind {
    let ty = &property["type"];
    let list = ty == "array"
        || ty
            .as_array()
            .is_some_and(|any| any.iter().any(|ty| ty == "array"));
    if !list {
        return Kind::Scalar;
    }
    let item = &property["items"];
    let reference = item["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    let item = reference
        .and_then(|path| root.pointer(path))
        .unwrap_or(item);
    let fields = item["properties"].as_object();
    let only = fields.filter(|fields| fields.len() == 1);
    Kind::List(only.and_then(|fields| fields.keys().next().cloned()))
}

/// Returns the document's description as one paragraph, without the name, which is
/// shown beside it.
fn about(name: &str, description: &str) -> String {
    let wire = format!("On the wire: `{name}`");
    let paragraphs = description.split("\n\n").map(|paragraph| {
        let text = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.strip_prefix(&wire) {
            Some(rest) => capitalised(rest.trim_start_matches([',', ';', ' ', '.'])),
            None => text,
        }
    });
    let text = paragraphs.filter(|text| !text.is_empty());
    let text = text.collect::<Vec<_>>().join(" ");
    // An example at the end of a sentence may itself end with a period.
    text.replace(".`.", ".").replace('`', "")
}

/// Returns a text with a capital letter at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}
