//! The JSON Schemas that the types derive match the document, and its examples
//! are valid against its own schemas.

use std::collections::{BTreeMap, BTreeSet};

use codegen::document::{Node, Value as Tree};
use codegen::model::{Field, Message as Model, Part, Type};
use jsonschema::Draft;
use serde_json::{Value, json};

use test_support::document::{self, api, schema};
use test_support::operations::{ALL, Message};

macro_rules! messages {
    ($($name:ident),* $(,)?) => {
        [$(Message::of::<skypay_types::$name>(stringify!($name))),*]
    };
}

/// Objects inside messages.
const ROWS: [Message; 11] = messages![
    BankEntry,
    CivilStatusEntry,
    CollectionReportEntry,
    ControlNumberEntry,
    FinanceMovement,
    IdentificationTypeEntry,
    NationalityEntry,
    PayoutReportEntry,
    PayoutStatusEntry,
    ProvinceEntry,
    TownCityEntry,
];

/// Returns every message type with the generator's model of it.
fn types() -> Vec<(&'static Message, &'static Model)> {
    let models: BTreeMap<_, _> = models().map(|model| (model.name.as_str(), model)).collect();
    let operations = ALL.iter();
    let messages = operations.flat_map(|operation| [&operation.request, &operation.response]);
    messages
        .chain(&ROWS)
        .map(|message| (message, models[message.name]))
        .collect()
}

fn models() -> impl Iterator<Item = &'static Model> {
    let operations = api().operations.iter();
    let messages = operations.flat_map(|operation| [&operation.request, &operation.response]);
    messages.chain(&api().objects)
}

#[test]
fn the_list_of_types_is_that_of_the_document() {
    let listed: Vec<_> = types().iter().map(|(message, _)| message.name).collect();
    let unique: BTreeSet<_> = listed.iter().copied().collect();
    assert_eq!(unique.len(), listed.len());
    let generated: BTreeSet<_> = models().map(|model| model.name.as_str()).collect();
    let left: Vec<_> = generated.difference(&unique).collect();
    assert!(left.is_empty(), "to be added to `ROWS`: {left:?}");
    assert_eq!(unique, generated);
    let objects: BTreeSet<_> = document::schema_names()
        .filter(|name| schema(name).text_of("type") == Some("object"))
        .collect();
    assert_eq!(unique, objects, "every object of the document has its type");
}

/// Returns a keyword of a property: its own keywords take precedence over those
/// of the referenced schema.
fn keyword<'n>(property: &'n Node, name: &str) -> Option<&'n Node> {
    let referred = || {
        let all = property.get("allOf").map(Node::items).unwrap_or_default();
        let references = all.iter().chain([property]);
        let mut names = references.filter_map(|node| node.text_of("$ref"));
        let name = names.next()?.strip_prefix("#/components/schemas/")?;
        Some(schema(name))
    };
    property
        .get(name)
        .or_else(|| referred().and_then(|target| keyword(target, name)))
}

fn flag(property: &Node, name: &str) -> bool {
    let found = keyword(property, name);
    found.is_some_and(|node| matches!(node.value, Tree::Bool(true)))
}

fn number(property: &Node, name: &str) -> Option<u64> {
    keyword(property, name).map(|node| node.json().as_u64().unwrap())
}

/// Returns the properties of a Rust type, and whether each is always present.
fn documented(model: &Model) -> BTreeMap<&'static str, (&'static Node, bool)> {
    let message = schema(&model.name);
    let required = message.texts_of("required");
    let properties = message.get("properties").unwrap().entries().iter();
    properties
        .filter_map(|property| {
            let node = &property.node;
            let in_transport = flag(node, "x-skypay-transport");
            let written_by_transport =
                model.part == Part::Request && (in_transport || flag(node, "x-skypay-constant"));
            let always = (required.contains(&property.key) && !in_transport)
                || flag(node, "x-skypay-on-success");
            (!written_by_transport).then_some((property.key.as_str(), (node, always)))
        })
        .collect()
}

fn names(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap()).collect(),
        Value::Object(members) => members.keys().map(String::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// Resolves a reference, and an alternative with `null`.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        return resolved(root, target.unwrap());
    }
    let not_null = |one: &&Value| one["type"] != "null";
    match schema["anyOf"].as_array() {
        Some(any) => resolved(root, any.iter().find(not_null).unwrap()),
        None => schema,
    }
}

/// Returns the JSON type in a derived schema, apart from `null`.
fn json_type(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => {
            let mut types = types.iter().filter_map(Value::as_str);
            types.find(|name| *name != "null").unwrap()
        }
        name => name.as_str().unwrap(),
    }
}

#[test]
fn derived_schemas_have_the_properties_of_the_document() {
    for (message, model) in types() {
        let derived = (message.schema)();
        assert_eq!(derived["type"], "object");
        assert_eq!(derived["title"], message.name);
        let documented = documented(model);
        assert_eq!(
            names(&derived["properties"]),
            documented.keys().copied().collect(),
            "{}",
            message.name
        );
        let always = documented.iter().filter(|(_, (_, always))| *always);
        assert_eq!(
            names(&derived["required"]),
            always.map(|(name, _)| *name).collect(),
            "required in {}",
            message.name
        );
    }
}

#[test]
fn derived_properties_have_the_types_and_lengths_of_the_document() {
    let mut lengths = 0;
    for (message, model) in types() {
        let root = (message.schema)();
        for (name, (node, always)) in documented(model) {
            let at = format!("{}.{name}", message.name);
            let property = &root["properties"][name];
            check_type(&root, property, node, &at);
            let aliases = node.texts_of("x-skypay-aliases");
            let aliases = aliases.iter().map(String::as_str).collect();
            assert_eq!(names(&property["x-aliases"]), aliases, "aliases of {at}");
            let nullable = property["type"].is_array() || property["anyOf"].is_array();
            assert_eq!(
                nullable, !always,
                "{at} is null only where it may be missing"
            );

            let field = model
                .fields
                .iter()
                .find(|field| field.wire == name)
                .unwrap();
            lengths += check_lengths(resolved(&root, property), node, field, &at);
        }
    }
    assert!(lengths > 20, "{lengths}");
}

fn check_type(root: &Value, property: &Value, node: &Node, at: &str) {
    let derived = resolved(root, property);
    let documented = keyword(node, "type").unwrap().text().unwrap();
    assert_eq!(json_type(derived), documented, "type of {at}");
    if documented == "array" {
        let items = keyword(node, "items").unwrap();
        check_type(root, &derived["items"], items, &format!("{at}[]"));
    }
    if let (Some(codes), Some(listed)) = (
        keyword(node, "x-skypay-codes"),
        derived["examples"].as_array(),
    ) {
        let codes = codes.items().iter().map(|code| code.text_of("value"));
        let listed = listed.iter().map(Value::as_str);
        assert!(listed.eq(codes), "codes of {at}");
    }
    if let Some(pattern) = derived["pattern"].as_str() {
        // Types with their own encoding derive a pattern; the example matches it.
        let validator = jsonschema::validator_for(&json!({"pattern": pattern})).unwrap();
        let example = keyword(node, "example").unwrap().json();
        let empty = example == "";
        assert!(empty || validator.is_valid(&example), "pattern of {at}");
    }
}

/// Checks that derived lengths match the document, and that the checked lengths
/// of plain texts are all derived. Returns their number.
fn check_lengths(derived: &Value, node: &Node, field: &Field, at: &str) -> usize {
    let mut found = 0;
    for name in ["minLength", "maxLength"] {
        let (derived, documented) = (derived[name].as_u64(), number(node, name));
        let plain = field.ty == Type::Text && !field.sensitive && field.checked;
        if plain || derived.is_some() {
            assert_eq!(derived, documented, "{name} of {at}");
            found += usize::from(derived.is_some());
        }
    }
    found
}

#[test]
fn what_a_type_writes_is_valid_by_its_derived_schema() {
    let mut messages = 0;
    for operation in ALL {
        let described = document::operation(operation.info.name);
        for (message, examples) in [
            (&operation.request, &described.request_examples),
            (&operation.response, &described.response_examples),
        ] {
            let options = jsonschema::options().with_draft(Draft::Draft202012);
            let validator = options.build(&(message.schema)()).unwrap();
            for example in examples {
                // A refusal is not a complete response.
                let Ok(shown) = (message.read)(example.json.as_bytes()) else {
                    assert!(example.json.contains(r#""responseCode":"-"#));
                    continue;
                };
                let written: Value = serde_json::from_str(&shown.json).unwrap();
                let errors: Vec<_> = validator.iter_errors(&written).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", message.name);
                messages += 1;

                let required = names(&written);
                for name in required {
                    let mut without = written.clone();
                    without.as_object_mut().unwrap().remove(name);
                    let readable = (message.read)(without.to_string().as_bytes()).is_ok();
                    assert_eq!(
                        validator.is_valid(&without),
                        readable,
                        "{} without {name}",
                        message.name
                    );
                }
            }
        }
    }
    assert!(messages > 46, "{messages}");
}
