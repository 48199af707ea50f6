//! The schemas of all messages of a document, as trees without references.

use std::collections::{BTreeMap, BTreeSet};

use codegen::model::{Api, Message, Operation};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use spec_tools::diff::Part;

/// An operation on the wire.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnWire {
    request: Value,
    response: Value,
    /// The address of the call and the possible codes of its responses.
    rest: String,
}

impl OnWire {
    /// Returns the schema of a message.
    pub(crate) fn part(&self, part: Part) -> &Value {
        match part {
            Part::Request => &self.request,
            Part::Response => &self.response,
        }
    }
}

/// Returns every operation of a document, by name.
pub(crate) fn on_wire(root: &Value, api: &Api) -> BTreeMap<String, OnWire> {
    let component = |message: &Message| tree(root, &root["components"]["schemas"][&message.name]);
    let on_wire = |operation: &Operation| {
        let codes = operation.codes.iter();
        let codes: BTreeMap<_, _> = codes.map(|code| (&code.code, code.outcome)).collect();
        OnWire {
            request: component(&operation.request),
            response: component(&operation.response),
            rest: format!(
                "{} {} {:?} {codes:?} {:?}",
                operation.wire_path,
                operation.path_fragment,
                operation.mode,
                operation.partner_codes
            ),
        }
    };
    let operations = api.operations.iter();
    operations
        .map(|operation| (operation.name.clone(), on_wire(operation)))
        .collect()
}

/// Keywords without effect on the wire.
const WORDS: [&str; 8] = [
    "description",
    "$ref",
    "allOf",
    "x-skypay-rust-name",
    "x-skypay-applies-to",
    "x-skypay-unit",
    "x-skypay-newtype",
    "x-skypay-sensitive",
];

/// Returns a schema with all references inlined; a local keyword takes precedence
/// over a referenced one.
fn tree(root: &Value, schema: &Value) -> Value {
    let mut merged = Map::new();
    let parts = schema["allOf"].as_array().into_iter().flatten();
    for part in parts.chain([schema]) {
        let reference = part["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        let target = reference.and_then(|pointer| root.pointer(pointer));
        if let Some(Value::Object(members)) = target.map(|target| tree(root, target)) {
            merged.extend(members);
        }
    }
    let codes = &schema["x-skypay-codes"];
    for (key, value) in schema.as_object().into_iter().flatten() {
        let (key, value) = match key.as_str() {
            key if WORDS.contains(&key) || key == "enum" && !codes.is_null() => continue,
            "x-skypay-codes" => {
                let sent = list(codes).filter(|code| code["readOnly"] != true);
                ("enum", sent.map(|code| code["value"].clone()).collect())
            }
            "items" => ("items", tree(root, value)),
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let trees = properties.map(|(name, schema)| (name.clone(), tree(root, schema)));
                ("properties", trees.collect())
            }
            key => (key, value.clone()),
        };
        merged.insert(key.to_owned(), value);
    }
    Value::Object(merged)
}

/// Returns a validator of messages: conditions between fields, and fields that
/// are required on success, become `if` and `then`, and the forms of times `anyOf`.
pub(crate) fn validator(tree: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_draft(Draft::Draft7);
    let validator = options.build(&strict(tree));
    validator.map_err(|error| error.to_string())
}

fn strict(tree: &Value) -> Value {
    let mut schema = tree.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    let length = match tree["x-skypay-type"].as_str() {
        Some("date-time-fraction") => Some(24),
        Some("date-time") => Some(19),
        _ => None,
    };
    if let Some(length) = length {
        let form = json!([{ "minLength": length, "maxLength": length }]);
        members.insert("anyOf".to_owned(), form);
    }
    if let Some(items) = members.get_mut("items") {
        *items = strict(items);
    }
    let mut conditions: Vec<_> = list(&tree["x-skypay-rules"]).map(condition).collect();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        let marked = properties.iter();
        let marked = marked.filter(|(_, property)| property["x-skypay-on-success"] == true);
        let marked: Value = marked.map(|(name, _)| name.clone()).collect();
        conditions.push(json!({
            "if": { "properties": { "responseCode": { "const": "1000" } } },
            "then": { "required": marked },
        }));
        for property in properties.values_mut() {
            *property = strict(property);
        }
    }
    // An empty list is not a valid schema.
    if !conditions.is_empty() {
        members.insert("allOf".to_owned(), Value::Array(conditions));
    }
    schema
}

fn condition(rule: &Value) -> Value {
    let matches = rule["match"].as_object().into_iter().flatten();
    let matches: Value = matches
        .map(|(name, pattern)| (name.clone(), json!({ "pattern": pattern })))
        .collect();
    let [required, forbidden] =
        ["require", "forbid"].map(|key| list(&rule[key]).collect::<Vec<_>>());
    let then = json!({
        "required": required,
        "properties": matches,
        "propertyNames": { "not": { "enum": forbidden } },
    });
    match rule["when"]["field"].as_str() {
        None => then,
        Some(field) => json!({
            "if": {
                "required": [field],
                "properties": { field: { "enum": rule["when"]["in"] } },
            },
            "then": then,
        }),
    }
}

/// Returns a message with its members renamed as in the receiver's document,
/// matched as leniently as in the generated code: case and whitespace are
/// ignored, and aliases are accepted. An empty text of an optional field counts
/// as absent.
pub(crate) fn as_read(tree: &Value, message: &Value) -> Value {
    let folded = |name: &str| name.replace(' ', "").to_lowercase();
    match message {
        Value::Object(members) => {
            let aliases = properties(tree).flat_map(|(name, property)| {
                let aliases = texts(&property["x-skypay-aliases"]);
                aliases.map(move |alias| (folded(alias), name))
            });
            let own = properties(tree).map(|(name, _)| (folded(name), name));
            let names: BTreeMap<_, _> = aliases.chain(own).collect();
            let required: BTreeSet<_> = texts(&tree["required"]).collect();
            let renamed = members.iter().map(|(key, value)| {
                let name = names.get(&folded(key)).copied().unwrap_or(key);
                (name, value)
            });
            let read = renamed.filter(|(name, value)| *value != "" || required.contains(name));
            read.map(|(name, value)| (name.to_owned(), as_read(&tree["properties"][name], value)))
                .collect()
        }
        Value::Array(items) => items
            .iter()
            .map(|item| as_read(&tree["items"], item))
            .collect(),
        other => other.clone(),
    }
}

/// Returns the items of a list.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the texts of a list.
pub(crate) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

/// Returns the fields of an object.
pub(crate) fn properties(tree: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = tree["properties"].as_object().into_iter().flatten();
    members.map(|(name, property)| (name.as_str(), property))
}
