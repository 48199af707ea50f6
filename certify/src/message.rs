//! The messages that are sent: the document's examples, changed.

use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value};
use skypay_runtime::envelope;
use skypay_runtime::keys::Credentials;
use skypay_sandbox::operations;
use skypay_types::{Amount, ContractNumber, ControlNumber, Operation, OperationInfo};

/// A message of a callback in plaintext, without credentials.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) info: &'static OperationInfo,
    pub(crate) fields: Map<String, Value>,
    /// How it differs from the document's example.
    pub(crate) change: String,
}

impl Message {
    /// Returns the document's example.
    pub(crate) fn example(info: &'static OperationInfo) -> Self {
        let example = serde_json::from_str(info.request_example);
        let mut fields: Map<String, Value> = example.unwrap_or_default();
        let header = info.header;
        for name in [header.user_name, header.authentication] {
            fields.remove(name);
        }
        Self {
            info,
            fields,
            change: "the document's example".to_owned(),
        }
    }

    /// Returns the message with other fields, and says how it differs.
    pub(crate) fn with(
        &self,
        change: impl Into<String>,
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> Self {
        let mut changed = self.clone();
        edit(&mut changed.fields);
        changed.change = change.into();
        changed
    }

    /// Returns the same message under another name.
    pub(crate) fn named(&self, change: impl Into<String>) -> Self {
        self.with(change, |_| {})
    }

    /// Returns the message with one field set.
    pub(crate) fn set(&self, name: &str, value: impl Into<Value>, change: &str) -> Self {
        self.with(format!("{name}: {change}"), |fields| {
            fields.insert(name.to_owned(), value.into());
        })
    }

    /// Returns the plaintext with credentials.
    pub(crate) fn plaintext(&self, credentials: &Credentials) -> String {
        let mut fields = self.fields.clone();
        let header = self.info.header;
        fields.insert(header.user_name.to_owned(), credentials.user_name().into());
        fields.insert(
            header.authentication.to_owned(),
            credentials.authentication().into(),
        );
        Value::Object(fields).to_string()
    }

    /// Returns the encrypted body.
    pub(crate) fn sealed(&self, credentials: &Credentials) -> String {
        envelope::seal(credentials.key(), &[self.plaintext(credentials).as_bytes()])
    }

    /// Whether the document says how an effect of it is recognized.
    pub(crate) fn has_effect(&self) -> bool {
        !self.info.effect_key.is_empty()
    }

    /// Returns the values of the effect key; of an operation without one, those of
    /// the required fields.
    pub(crate) fn effect_key(&self) -> String {
        let required = self.required();
        let names: Vec<&str> = match self.info.effect_key {
            [] => required.iter().map(String::as_str).collect(),
            key => key.to_vec(),
        };
        let values = names.iter().map(|name| match &self.fields.get(*name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        });
        values.collect::<Vec<_>>().join(":")
    }

    /// The fields of the message that the schema knows, with their schemas.
    pub(crate) fn schema(&self) -> Map<String, Value> {
        let schema = request_schema(self.info.name);
        let properties = schema["properties"].as_object().into_iter().flatten();
        let resolved = properties.map(|(name, property)| {
            // An optional field is one of a type and null.
            let any = property["anyOf"].as_array().into_iter().flatten();
            let mut reference = [property].into_iter().chain(any);
            let reference = reference.find_map(|one| one["$ref"].as_str());
            let path = reference.and_then(|reference| reference.strip_prefix('#'));
            let mut known = path.and_then(|path| schema.pointer(path)).cloned();
            if let (Some(Value::Object(known)), Value::Object(own)) = (&mut known, property) {
                known.extend(own.clone());
            }
            (name.clone(), known.unwrap_or_else(|| property.clone()))
        });
        resolved.collect()
    }

    /// The names of the fields of a type.
    pub(crate) fn fields_of<T: JsonSchema>(&self) -> Vec<String> {
        let reference = format!("#/$defs/{}", T::schema_name());
        let schema = request_schema(self.info.name);
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties
            .filter(|(_, property)| property["$ref"] == reference.as_str())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The field with the number of the payout or contract, and the number.
    pub(crate) fn number(&self) -> Option<(String, &str)> {
        let mut names = self.fields_of::<ControlNumber>();
        names.extend(self.fields_of::<ContractNumber>());
        let name = names.into_iter().next()?;
        let number = self.fields.get(&name)?.as_str()?;
        Some((name, number))
    }

    /// The names of the fields that it has and whose schemas are of a kind.
    pub(crate) fn fields_with(&self, is_of_kind: fn(&Value) -> bool) -> Vec<String> {
        let all = self.schema().into_iter();
        let fields =
            all.filter(|(name, schema)| self.fields.contains_key(name) && is_of_kind(schema));
        fields.map(|(name, _)| name).collect()
    }

    /// Returns the message about a number that was not issued, if its number ends with
    /// digits that the issuer counts.
    pub(crate) fn unknown(&self) -> Option<Self> {
        let (name, number) = self.number()?;
        let (prefix, counted) = number.split_at_checked(number.len().checked_sub(6)?)?;
        let counts = counted.bytes().all(|byte| byte.is_ascii_digit());
        let unknown = format!("{prefix}999999");
        counts.then(|| self.set(&name, unknown, "a number that was not issued"))
    }

    /// The names of the fields that the schema requires.
    pub(crate) fn required(&self) -> Vec<String> {
        let schema = request_schema(self.info.name);
        let names = schema["required"].as_array().cloned().unwrap_or_default();
        names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }
}

macro_rules! by_operation {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($told:ident) -> $noted:ident;)* }
        inquiries { $($inquiry:ident($asked:ident) -> $answer:ident;)* }
    ) => {
        /// Returns the JSON Schema of a callback's request.
        fn request_schema(name: &str) -> Value {
            $(if name == skypay_types::$told::INFO.name {
                return schema_for!(skypay_types::$told).to_value();
            })*
            $(if name == skypay_types::$asked::INFO.name {
                return schema_for!(skypay_types::$asked).to_value();
            })*
            Value::Null
        }

        /// Returns the JSON Schema of a callback's response.
        pub(crate) fn response_schema(name: &str) -> Value {
            $(if name == skypay_types::$told::INFO.name {
                return schema_for!(skypay_types::$noted).to_value();
            })*
            $(if name == skypay_types::$asked::INFO.name {
                return schema_for!(skypay_types::$answer).to_value();
            })*
            Value::Null
        }
    };
}
skypay_types::with_operations!(by_operation);

/// Whether a field with this schema holds an amount, as text or as number.
pub(crate) fn is_amount(schema: &Value) -> bool {
    let amount = schema_for!(Amount).to_value();
    schema["pattern"] == amount["pattern"] || schema["multipleOf"] == 0.01
}

/// Whether a field with this schema holds a time.
pub(crate) fn is_time(schema: &Value) -> bool {
    let pattern = schema["pattern"].as_str();
    pattern.is_some_and(|pattern| pattern.contains(":[0-9]{2}"))
}

/// Whether a field with this schema holds a code of a table.
pub(crate) fn is_code(schema: &Value) -> bool {
    schema["examples"].is_array()
}

/// Returns a message with personal data, credentials and texts of them masked.
pub(crate) fn masked(info: &OperationInfo, plaintext: &Value) -> Value {
    let header = info.header;
    // A service may answer with the personal data of another operation.
    let mut hidden = operations::personal_data();
    hidden.extend([header.user_name, header.authentication]);
    let is_hidden = |name: &str| {
        let folded: String = name.split_whitespace().collect();
        hidden
            .iter()
            .any(|known| folded.eq_ignore_ascii_case(known))
    };
    match plaintext {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let value = if is_hidden(name) && !value.is_null() && value != "" {
                    Value::from("[masked]")
                } else {
                    masked(info, value)
                };
                (name.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| masked(info, item)).collect(),
        scalar => scalar.clone(),
    }
}
