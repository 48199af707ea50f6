//! The schemas of all messages of a document, as trees without references.

use std::collections::{BTreeMap, BTreeSet};

use codegen::document::Node;
use codegen::model::{Api, Operation};
use serde_json::{Map, Value, json};
use spec_tools::diff::Part;

/// An operation on the wire. Examples are ignored when comparing.
#[derive(Clone, Debug)]
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

impl PartialEq for OnWire {
    fn eq(&self, other: &Self) -> bool {
        seen(&self.request) == seen(&other.request)
            && seen(&self.response) == seen(&other.response)
            && self.rest == other.rest
    }
}

/// Returns a schema without its examples.
pub(crate) fn seen(tree: &Value) -> Value {
    match tree {
        Value::Object(members) => {
            let members = members.iter().filter(|(key, _)| *key != "example");
            members
                .map(|(key, value)| (key.clone(), seen(value)))
                .collect()
        }
        other => other.clone(),
    }
}

/// Returns every operation of a document, by name.
pub(crate) fn on_wire(root: &Node, api: &Api) -> BTreeMap<String, OnWire> {
    let component = |name: &str| {
        let schema = target(root, &format!("#/components/schemas/{name}"));
        schema.map(|schema| tree(root, schema)).unwrap_or_default()
    };
    let view = |operation: &Operation| {
        let codes = operation.codes.iter();
        let codes: BTreeMap<_, _> = codes.map(|code| (&code.code, code.outcome)).collect();
        OnWire {
            request: component(&operation.request.name),
            response: component(&operation.response.name),
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
        .map(|operation| (operation.name.clone(), view(operation)))
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
fn tree(root: &Node, schema: &Node) -> Value {
    let mut merged = Map::new();
    let parts = schema.get("allOf").map(Node::items).unwrap_or_default();
    for part in parts.iter().chain([schema]) {
        let target = part
            .text_of("$ref")
            .and_then(|reference| target(root, reference));
        if let Some(Value::Object(members)) = target.map(|target| tree(root, target)) {
            merged.extend(members);
        }
    }
    for entry in schema.entries() {
        let (key, node) = (entry.key.as_str(), &entry.node);
        let (key, value) = match key {
            _ if WORDS.contains(&key) => continue,
            "enum" if schema.get("x-skypay-codes").is_some() => continue,
            "items" => (key, tree(root, node)),
            "properties" => {
                let entries = node.entries().iter();
                let trees = entries.map(|entry| (entry.key.clone(), tree(root, &entry.node)));
                (key, trees.collect())
            }
            "x-skypay-codes" => {
                let sent = node.items().iter().filter(|code| !code.flag("readOnly"));
                (
                    "enum",
                    sent.filter_map(|code| code.text_of("value")).collect(),
                )
            }
            _ => (key, node.json()),
        };
        merged.insert(key.to_owned(), value);
    }
    Value::Object(merged)
}

fn target<'d>(root: &'d Node, reference: &str) -> Option<&'d Node> {
    let mut steps = reference.strip_prefix("#/")?.split('/');
    steps.try_fold(root, |node, step| node.get(step))
}

/// Returns the JSON Schemas of all messages for the validator, by operation and part.
pub(crate) fn validators(operations: &BTreeMap<String, OnWire>) -> Value {
    let parts = [Part::Request, Part::Response];
    let all = operations.iter().flat_map(|(name, operation)| {
        parts.map(|part| (format!("{name}/{part:?}"), strict(operation.part(part))))
    });
    all.collect()
}

/// Converts a schema to JSON Schema: rules between fields and fields required on
/// success become `if` and `then`.
fn strict(tree: &Value) -> Value {
    let mut schema = tree.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    members.remove("example");
    if let Some(items) = members.get_mut("items") {
        *items = strict(items);
    }
    let mut conditions: Vec<_> = rules(tree).map(condition).collect();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        let marked = properties.iter();
        let marked = marked.filter(|(_, property)| property["x-skypay-on-success"] == true);
        let marked: Vec<_> = marked.map(|(name, _)| name.clone()).collect();
        conditions.push(json!({
            "if": { "not": { "properties": { "responseCode": { "not": { "const": "1000" } } } } },
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

/// Returns the conditions between the fields of an object.
pub(crate) fn rules(tree: &Value) -> impl Iterator<Item = &Value> {
    tree["x-skypay-rules"].as_array().into_iter().flatten()
}

fn condition(rule: &Value) -> Value {
    let forbidden: Value = texts(&rule["forbid"])
        .map(|name| json!({ "required": [name] }))
        .collect();
    let matches = rule["match"].as_object().into_iter().flatten();
    let matches: Value = matches
        .map(|(name, pattern)| (name.clone(), json!({ "pattern": pattern })))
        .collect();
    let required: Value = texts(&rule["require"]).collect();
    let mut then = json!({ "required": required, "properties": matches });
    if forbidden != json!([]) {
        then["not"] = json!({ "anyOf": forbidden });
    }
    let Some(field) = rule["when"]["field"].as_str() else {
        return then;
    };
    json!({
        "if": {
            "required": [field],
            "properties": { field: { "enum": rule["when"]["in"] } },
        },
        "then": then,
    })
}

/// Returns a message with its members renamed as in the receiver's document,
/// matched as leniently as in the generated code: case and whitespace are
/// ignored, and aliases are accepted. An empty text of an optional field counts
/// as absent.
pub(crate) fn as_read(tree: &Value, message: &Value) -> Value {
    match message {
        Value::Object(members) => {
            let names = names(tree);
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

/// Returns the names of an object's fields, by every name that is read as them.
fn names(tree: &Value) -> BTreeMap<String, &str> {
    let aliases = properties(tree).flat_map(|(name, property)| {
        let aliases = texts(&property["x-skypay-aliases"]);
        aliases.map(move |alias| (folded(alias), name))
    });
    let own = properties(tree).map(|(name, _)| (folded(name), name));
    aliases.chain(own).collect()
}

fn folded(name: &str) -> String {
    name.replace(' ', "").to_lowercase()
}

/// Returns the texts of a list.
pub(crate) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Returns the fields of an object.
pub(crate) fn properties(tree: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = tree["properties"].as_object().into_iter().flatten();
    members.map(|(name, property)| (name.as_str(), property))
}
