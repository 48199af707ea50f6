//! JSON Schemas of the scalars, for tools that describe messages to others.

use std::any::TypeId;
use std::borrow::Cow;
use std::ops::{Bound, RangeBounds};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::message::{Fraction, Native, Number, Presence};
use crate::received::{Entries, Received};
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

/// The schema of an [`Amount`] that is written as a JSON number.
#[derive(Debug)]
pub enum AmountNumber {}

/// The schema of a [`DateTime`] that is written with decimals of the second.
#[derive(Debug)]
pub enum DateTimeFraction {}

/// The schema of a `T` that is encoded in that way.
pub trait Shown<T> {
    /// The type that has the schema.
    type As: JsonSchema;
}

/// The schema of a `T` with the encoding `E`.
pub type As<E, T> = <E as Shown<T>>::As;

impl<T: JsonSchema> Shown<T> for Native {
    type As = T;
}

impl Shown<Amount> for Number {
    type As = AmountNumber;
}

impl Shown<DateTime> for Fraction {
    type As = DateTimeFraction;
}

/// The schema of a message, built field by field.
#[derive(Debug)]
pub struct Object {
    description: String,
    properties: Map<String, Value>,
    required: Vec<Value>,
    /// The name of the field that was added last.
    last: String,
}

impl Object {
    /// A message without fields.
    #[must_use]
    pub fn new(docs: &[&str]) -> Self {
        Self {
            description: joined(docs),
            properties: Map::new(),
            required: Vec::new(),
            last: String::new(),
        }
    }

    /// Adds a field whose values have the schema of `T`.
    pub fn property<P: Presence<T, Shown: JsonSchema>, T: 'static>(
        &mut self,
        generator: &mut SchemaGenerator,
        name: &str,
        docs: &[&str],
    ) {
        let schema = generator.subschema_for::<P::Shown>();
        self.properties.insert(name.to_owned(), schema.to_value());
        name.clone_into(&mut self.last);
        let description = joined(docs);
        if !description.is_empty() {
            self.set("description", description);
        }
        if P::absent().is_none() {
            self.required.push(name.into());
        }
    }

    /// Marks the field that was added last as deprecated.
    pub fn deprecated(&mut self, _note: &str) {
        self.set("deprecated", true);
    }

    /// Limits the length of the field that was added last, if it is a `String`:
    /// texts with a type of their own are described there.
    pub fn length<T: 'static>(&mut self, characters: impl RangeBounds<usize>) {
        if TypeId::of::<T>() != TypeId::of::<String>() {
            return;
        }
        if let Bound::Included(min) = characters.start_bound() {
            self.set("minLength", *min);
        }
        if let Bound::Included(max) = characters.end_bound() {
            self.set("maxLength", *max);
        }
    }

    /// The schema.
    #[must_use]
    pub fn finish(self) -> Schema {
        let mut schema = json_schema!({ "type": "object" });
        if !self.description.is_empty() {
            schema.insert("description".to_owned(), self.description.into());
        }
        if !self.properties.is_empty() {
            schema.insert("properties".to_owned(), self.properties.into());
        }
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), self.required.into());
        }
        schema
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        if let Some(Value::Object(schema)) = self.properties.get_mut(&self.last) {
            schema.insert(key.to_owned(), value.into());
        }
    }
}

/// The lines of documentation as one text.
fn joined(docs: &[&str]) -> String {
    let lines = docs
        .iter()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

macro_rules! schemas {
    ($($scalar:ty, $name:literal, $schema:tt;)*) => {
        $(impl JsonSchema for $scalar {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

schemas! {
    Amount, "Amount", { "type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$" };
    AmountNumber, "AmountNumber", { "type": "number", "multipleOf": 0.01 };
    IntegerText, "IntegerText", { "type": "string", "pattern": "^-?[0-9]+$" };
    Date, "Date", { "type": "string", "format": "date" };
    DateTime, "DateTime", {
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
    };
    DateTimeFraction, "DateTimeFraction", {
        "type": "string",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{4}$",
    };
    PersonName, "PersonName", { "type": "string", "pattern": "^[^,]+,[^,]+(,[^,]*){0,2}$" };
}

/// Types that have the schema of another one.
macro_rules! same_schema {
    ($($scalar:ty as $other:ty;)*) => {
        $(impl<T: JsonSchema> JsonSchema for $scalar {
            fn inline_schema() -> bool {
                <$other>::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                <$other>::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                <$other>::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$other>::json_schema(generator)
            }
        })*
    };
}

same_schema! {
    Sensitive<T> as T;
    Received<T> as Option<T>;
    Entries<T> as Vec<T>;
}
