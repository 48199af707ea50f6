//! JSON Schemas of the scalars, for tools that describe messages to others.

use std::any::TypeId;
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::message::{Fraction, Native, Number};
use crate::received::{Entries, Received};
use crate::validate::Limits;
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

/// Stands for an [`Amount`] that is written as a JSON number.
#[derive(Debug)]
pub enum AmountNumber {}

/// Stands for a [`DateTime`] that is written with decimals of the second.
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
    /// The field that was added last, and its schema.
    last: Option<(String, Schema)>,
}

impl Object {
    /// A message without fields.
    #[must_use]
    pub fn new(docs: &[&str]) -> Self {
        Self {
            description: joined(docs),
            properties: Map::new(),
            required: Vec::new(),
            last: None,
        }
    }

    /// Adds a field whose value has the schema of `T`.
    pub fn property<T: JsonSchema>(
        &mut self,
        generator: &mut SchemaGenerator,
        name: &str,
        always: bool,
        docs: &[&str],
    ) {
        self.keep_last();
        let mut schema = generator.subschema_for::<T>();
        let description = joined(docs);
        if !description.is_empty() {
            schema.insert("description".to_owned(), description.into());
        }
        if always {
            self.required.push(name.into());
        }
        self.last = Some((name.to_owned(), schema));
    }

    /// Marks the field that was added last as going away.
    pub fn deprecated(&mut self, (): ()) {
        self.set("deprecated", true);
    }

    /// Limits the length of the field that was added last, if it is a plain
    /// text: texts with a type of their own are described there.
    pub fn length<T: 'static>(&mut self, limits: Limits) {
        if TypeId::of::<T>() == TypeId::of::<String>() {
            let (min, max) = limits.characters();
            if let Some(min) = min {
                self.set("minLength", min);
            }
            if let Some(max) = max {
                self.set("maxLength", max);
            }
        }
    }

    /// The schema.
    #[must_use]
    pub fn finish(mut self) -> Schema {
        self.keep_last();
        let mut schema = json_schema!({ "type": "object" });
        for (key, value) in [
            ("description", self.description.into()),
            ("properties", Value::Object(self.properties)),
            ("required", Value::Array(self.required)),
        ] {
            if !matches!(&value, Value::String(text) if text.is_empty())
                && !matches!(&value, Value::Object(map) if map.is_empty())
                && !matches!(&value, Value::Array(items) if items.is_empty())
            {
                schema.insert(key.to_owned(), value);
            }
        }
        schema
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        if let Some((_, schema)) = &mut self.last {
            schema.insert(key.to_owned(), value.into());
        }
    }

    fn keep_last(&mut self) {
        if let Some((name, schema)) = self.last.take() {
            self.properties.insert(name, schema.to_value());
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

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};
    use serde_json::{Value, json};

    use super::{AmountNumber, DateTimeFraction};
    use crate::received::{Entries, Received};
    use crate::value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

    fn property<T: JsonSchema>(key: &str) -> Value {
        let schema = serde_json::to_value(schema_for!(T)).unwrap();
        schema.get(key).cloned().unwrap_or_default()
    }

    #[test]
    fn schemas_say_how_values_are_written() {
        assert_eq!(property::<Amount>("type"), json!("string"));
        assert_eq!(property::<AmountNumber>("type"), json!("number"));
        assert_eq!(property::<IntegerText>("type"), json!("string"));
        assert_eq!(property::<Sensitive<Date>>("format"), json!("date"));
        assert_eq!(property::<Sensitive>("type"), json!("string"));
        assert_eq!(
            property::<Vec<Sensitive<u32>>>("items")["type"],
            json!("integer")
        );
    }

    #[test]
    fn who_may_see_a_value_does_not_change_how_it_is_called() {
        fn check<T: JsonSchema>() {
            assert_eq!(Sensitive::<T>::schema_name(), T::schema_name());
            assert_eq!(Sensitive::<T>::schema_id(), T::schema_id());
            assert_eq!(Sensitive::<T>::inline_schema(), T::inline_schema());
        }

        check::<Amount>();
        check::<NotInline>();
        let schema = |schema: schemars::Schema| serde_json::to_value(schema).unwrap();
        assert_eq!(
            schema(schema_for!(Received<NotInline>)),
            schema(schema_for!(Option<NotInline>))
        );
        assert_eq!(
            schema(schema_for!(Entries<NotInline>)),
            schema(schema_for!(Vec<NotInline>))
        );
        assert_eq!(Amount::schema_name(), "Amount");
        assert!(Amount::inline_schema());
        assert_eq!(super::text().get("type"), Some(&json!("string")));
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct NotInline {
        amount: Amount,
    }

    #[test]
    fn patterns_match_what_is_written() {
        fn check<T: JsonSchema>(written: &str) {
            let pattern = property::<T>("pattern");
            let pattern = regex_lite::Regex::new(pattern.as_str().unwrap()).unwrap();
            assert!(pattern.is_match(written), "{written}");
            assert!(!pattern.is_match(&format!("{written}x,,,")), "{written}");
        }

        let time = DateTime::from_unix_seconds(0);
        check::<Amount>(&Amount::from_centavos(-5).to_string());
        check::<DateTime>(&time.to_string());
        check::<DateTimeFraction>(&time.with_fraction().to_string());
        check::<PersonName>(PersonName::new("Reyes", "Maria").suffix("Jr.").as_str());
        check::<IntegerText>("-12");
    }
}
