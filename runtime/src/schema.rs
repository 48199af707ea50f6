//! JSON Schemas of the scalars, for tools that describe messages.

use std::any::TypeId;
use std::borrow::Cow;
use std::ops::{Bound, RangeBounds};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::message::{Fraction, Number, Presence};
use crate::value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

/// The schema of a code table. It is open: other codes may be received.
#[must_use]
pub fn codes(listed: &[&str]) -> Schema {
    json_schema!({ "type": "string", "examples": listed })
}

/// The schema of a text.
#[must_use]
pub fn text() -> Schema {
    json_schema!({ "type": "string" })
}

/// The schema of a message without fields.
#[must_use]
pub fn object(docs: &[&str]) -> Value {
    described(json!({ "type": "object" }), docs)
}

/// Adds a field to the schema of a message.
pub fn property<'a, P: Presence<T>, T: 'static, E: JsonSchema>(
    generator: &mut SchemaGenerator,
    object: &'a mut Value,
    name: &str,
    docs: &[&str],
) -> &'a mut Value {
    let required = P::absent().is_none();
    if required {
        match &mut object["required"] {
            Value::Array(names) => names.push(name.into()),
            missing => *missing = json!([name]),
        }
    }
    let mut schema = match (P::LIST, required) {
        (true, _) => generator.subschema_for::<Vec<E>>(),
        (false, true) => generator.subschema_for::<E>(),
        (false, false) => generator.subschema_for::<Option<E>>(),
    };
    schema.ensure_object();
    let property = &mut object["properties"][name];
    *property = described(schema.to_value(), docs);
    property
}

/// Adds another name of a field, which is accepted when reading. One with a dollar is
/// that of a text in place of the object.
pub fn alias(property: &mut Value, name: &str) {
    if name.starts_with('$') {
        return;
    }
    match &mut property["x-aliases"] {
        Value::Array(names) => names.push(name.into()),
        missing => *missing = json!([name]),
    }
}

/// Marks a field as deprecated.
pub fn deprecated(property: &mut Value, _note: &str) {
    property["deprecated"] = true.into();
}

/// Limits the length of a field, if it is a `String`: string newtypes have schemas
/// of their own.
pub fn length<T: 'static>(property: &mut Value, characters: impl RangeBounds<usize>) {
    if TypeId::of::<T>() != TypeId::of::<String>() {
        return;
    }
    if let Bound::Included(min) = characters.start_bound() {
        property["minLength"] = (*min).into();
    }
    if let Bound::Included(max) = characters.end_bound() {
        property["maxLength"] = (*max).into();
    }
}

/// The schema of a message with all its fields.
#[must_use]
pub fn finish(object: Value) -> Schema {
    Schema::try_from(object).unwrap_or_default()
}

/// Adds the lines of documentation as the description.
fn described(mut schema: Value, docs: &[&str]) -> Value {
    let lines = docs
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    let description = lines.collect::<Vec<_>>().join("\n");
    if !description.trim().is_empty() {
        schema["description"] = description.trim().into();
    }
    schema
}

macro_rules! inline_schemas {
    ($($shown:ty $(where $of:ident)?, $name:expr, |$generator:ident| $schema:expr;)*) => {
        $(impl$(<$of: JsonSchema>)? JsonSchema for $shown {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        })*
    };
}

inline_schemas! {
    Amount, "Amount", |_generator| matching(r"^-?[0-9]+\.[0-9]{2}$");
    Number<Amount>, "AmountNumber", |_generator| {
        json_schema!({ "type": "number", "multipleOf": 0.01 })
    };
    IntegerText, "IntegerText", |_generator| matching("^-?[0-9]+$");
    Date, "Date", |_generator| json_schema!({ "type": "string", "format": "date" });
    DateTime, "DateTime", |_generator| {
        matching("^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$")
    };
    Fraction<DateTime>, "DateTimeFraction", |_generator| {
        matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{4}$")
    };
    PersonName, "PersonName", |_generator| matching("^[^,]+,[^,]+(,[^,]*){0,2}$");
    Sensitive<T> where T, T::schema_name(), |generator| T::json_schema(generator);
}

fn matching(pattern: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": pattern })
}
