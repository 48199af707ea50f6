//! What a document says of each message, as one tree without references.

use std::collections::{BTreeMap, BTreeSet};

use codegen::document::Node;
use codegen::model::{Api, Operation};
use serde_json::{Map, Value, json};

/// An operation as somebody on the wire sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnWire {
    /// What the caller sends.
    pub(crate) request: Value,
    /// What the callee answers.
    pub(crate) response: Value,
    /// How a call is addressed and what its answers may say.
    pub(crate) rest: Value,
}

/// Every operation of a document, by name.
pub(crate) fn on_wire(root: &Node, api: &Api) -> BTreeMap<String, OnWire> {
    let component = |name: &str| {
        let schemas = root.get("components").and_then(|node| node.get("schemas"));
        let schema = schemas.and_then(|schemas| schemas.get(name));
        schema.map(|schema| tree(root, schema)).unwrap_or_default()
    };
    let view = |operation: &Operation| OnWire {
        request: component(&operation.request.name),
        response: component(&operation.response.name),
        rest: rest(operation),
    };
    let operations = api.operations.iter();
    operations
        .map(|operation| (operation.name.clone(), view(operation)))
        .collect()
}

fn rest(operation: &Operation) -> Value {
    let codes = operation.codes.iter();
    let codes: BTreeMap<_, _> = codes
        .map(|code| {
            (
                code.code.clone(),
                format!("{:?}", code.outcome).to_lowercase(),
            )
        })
        .collect();
    json!({
        "path": operation.wire_path,
        "label": operation.path_fragment,
        "mode": format!("{:?}", operation.mode),
        "codes": codes,
        "partner": operation.partner_codes,
    })
}

/// Words that do not reach the wire.
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

/// A schema with everything that it refers to in its place; what stands nearer
/// counts.
fn tree(root: &Node, schema: &Node) -> Value {
    let mut merged = Map::new();
    let parts = schema.get("allOf").map(Node::items).unwrap_or_default();
    for part in parts.iter().chain([schema]) {
        let reference = part.text_of("$ref");
        let target = reference.and_then(|reference| target(root, reference));
        if let Some(Value::Object(members)) = target.map(|target| tree(root, target)) {
            merged.extend(members);
        }
    }
    for entry in schema.entries() {
        let key = entry.key.as_str();
        let value = match key {
            _ if WORDS.contains(&key) => continue,
            "items" => tree(root, &entry.node),
            "properties" => {
                let properties = entry.node.entries().iter();
                let properties =
                    properties.map(|entry| (entry.key.clone(), tree(root, &entry.node)));
                Value::Object(properties.collect())
            }
            "x-skypay-codes" => {
                let sendable = entry
                    .node
                    .items()
                    .iter()
                    .filter(|code| !code.flag("readOnly"));
                let values: Vec<_> = sendable.filter_map(|code| code.text_of("value")).collect();
                merged.insert("enum".to_owned(), json!(values));
                continue;
            }
            "enum" if schema.get("x-skypay-codes").is_some() => continue,
            _ => entry.node.json(),
        };
        merged.insert(key.to_owned(), value);
    }
    Value::Object(merged)
}

fn target<'d>(root: &'d Node, reference: &str) -> Option<&'d Node> {
    let mut steps = reference.strip_prefix("#/")?.split('/');
    steps.try_fold(root, |node, step| node.get(step))
}

/// The schemas of all messages for the validator, by `operation/part`.
pub(crate) fn validators(operations: &BTreeMap<String, OnWire>) -> Value {
    let mut all = Map::new();
    for (name, operation) in operations {
        all.insert(format!("{name}/request"), strict(&operation.request));
        all.insert(format!("{name}/response"), strict(&operation.response));
    }
    Value::Object(all)
}

/// The same in the words of JSON Schema: rules between fields become `if` and
/// `then`, and so does what is there on success.
fn strict(tree: &Value) -> Value {
    let mut schema = tree.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    members.retain(|key, _| key != "example");
    if let Some(items) = members.get_mut("items") {
        *items = strict(items);
    }
    let mut conditions: Vec<_> = rules(tree).iter().map(condition).collect();
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
    // An empty list is no schema.
    if !conditions.is_empty() {
        members.insert("allOf".to_owned(), Value::Array(conditions));
    }
    schema
}

/// The conditions between the fields of an object.
pub(crate) fn rules(tree: &Value) -> Vec<Value> {
    let rules = tree["x-skypay-rules"].as_array();
    rules.cloned().unwrap_or_default()
}

fn condition(rule: &Value) -> Value {
    let texts = |key: &str| rule[key].as_array().cloned().unwrap_or_default();
    let forbidden = texts("forbid")
        .into_iter()
        .map(|name| json!({ "required": [name] }));
    let forbidden: Vec<_> = forbidden.collect();
    let matches = rule["match"].as_object().cloned().unwrap_or_default();
    let matches: Map<_, _> = matches
        .into_iter()
        .map(|(name, pattern)| (name, json!({ "pattern": pattern })))
        .collect();
    let mut then = json!({ "required": texts("require"), "properties": matches });
    if !forbidden.is_empty() {
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

/// A message with its members under the names of the receiver's document,
/// which are found as generously as the generated code does: case and whitespace
/// do not count, and there are aliases. An empty text of a field that need not
/// be there is as good as none.
pub(crate) fn as_read(tree: &Value, message: &Value) -> Value {
    match message {
        Value::Object(members) => {
            let names = names(tree);
            let required = texts(&tree["required"]);
            let mut read = Map::new();
            for (key, value) in members {
                let name = names.get(&folded(key)).unwrap_or(key);
                if value == "" && !required.contains(name.as_str()) {
                    continue;
                }
                read.insert(name.clone(), as_read(&tree["properties"][name], value));
            }
            Value::Object(read)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| as_read(&tree["items"], item));
            Value::Array(items.collect())
        }
        other => other.clone(),
    }
}

/// The names of an object's fields by everything that is read as them.
fn names(tree: &Value) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (name, property) in tree["properties"].as_object().into_iter().flatten() {
        for alias in texts(&property["x-skypay-aliases"]) {
            names.insert(folded(alias), name.clone());
        }
    }
    for (name, _) in tree["properties"].as_object().into_iter().flatten() {
        names.insert(folded(name), name.clone());
    }
    names
}

fn folded(name: &str) -> String {
    name.replace(' ', "").to_lowercase()
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> BTreeSet<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

impl OnWire {
    /// The operation without its examples, which do not reach the wire.
    pub(crate) fn seen(&self) -> Self {
        Self {
            request: crate::samples::seen(&self.request),
            response: crate::samples::seen(&self.response),
            rest: self.rest.clone(),
        }
    }
}
