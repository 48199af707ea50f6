//! The document for tests: its operations and examples.

use std::fmt;
use std::sync::OnceLock;

use codegen::document::Node;
use codegen::model::{Api, Field, Message, Operation};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

const TEXT: &str = include_str!("../../../spec/skypay.yaml");

/// Returns the generator's model of the document.
pub fn api() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| codegen::generate(TEXT).unwrap().api)
}

/// Returns the parsed document.
pub fn root() -> &'static Node {
    static ROOT: OnceLock<Node> = OnceLock::new();
    ROOT.get_or_init(|| codegen::document::load(TEXT).unwrap())
}

/// Returns the operation with this `operationId`.
pub fn operation(name: &str) -> &'static Operation {
    let mut all = api().operations.iter();
    all.find(|operation| operation.name == name)
        .unwrap_or_else(|| panic!("{name} is in the document"))
}

/// Returns a component schema.
pub fn schema(name: &str) -> &'static Node {
    let schemas = root().get("components").unwrap().get("schemas").unwrap();
    schemas.get(name).unwrap_or_else(|| panic!("{name} exists"))
}

/// Returns the names of all component schemas.
pub fn schema_names() -> impl Iterator<Item = &'static str> {
    let schemas = root().get("components").unwrap().get("schemas").unwrap();
    schemas.entries().iter().map(|entry| entry.key.as_str())
}

/// Checks that the members of a message are in document order, including those of
/// nested objects.
pub fn check_order(message: &Message, object: &str) {
    let properties = schema(&message.name).get("properties").unwrap().entries();
    let members = members(object);
    let find = |name: &str| members.iter().find(|(found, _)| found == name);
    let in_order = properties.iter().filter_map(|property| find(&property.key));
    let in_order: Vec<_> = in_order.cloned().collect();
    assert_eq!(members, in_order, "{} in order", message.name);
    for field in &message.fields {
        if let (Some(row), Some((_, items))) = (row_of(field), find(&field.wire)) {
            let items: Vec<Box<RawValue>> = serde_json::from_str(items).unwrap();
            for item in items {
                check_order(row, item.get());
            }
        }
    }
}

/// Returns the object type of a field, alone or in a list.
pub fn row_of(field: &Field) -> Option<&'static Message> {
    use codegen::model::Type;

    let name = match &field.ty {
        Type::Object(name) => name,
        Type::List(item) => match &**item {
            Type::Object(name) => name,
            _ => return None,
        },
        _ => return None,
    };
    api().objects.iter().find(|row| row.name == *name)
}

/// Whether the document marks a field as personal.
pub fn is_personal(field: &Field) -> bool {
    use codegen::model::Type;

    let newtype = |name: &str| {
        let mut all = api().newtypes.iter();
        all.any(|newtype| newtype.name == name && newtype.sensitive)
    };
    match &field.ty {
        Type::PersonName => true,
        Type::Newtype(name) => newtype(name),
        _ => field.sensitive,
    }
}

/// Returns the members of a JSON object in text order, with their values as encoded.
pub fn members(object: &str) -> Vec<(String, String)> {
    let Members(members) = serde_json::from_str(object).unwrap();
    members
}

struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            members.push((name, value.get().to_owned()));
        }
        Ok(Members(members))
    }
}
