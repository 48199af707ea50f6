//! Sample messages: the document's examples, and variants in which one field at a
//! time takes every value that might make a difference.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::schemas::{list, properties, texts};

/// A field of a message, by the schemas of both versions.
struct Field<'s> {
    /// Its path; the first item stands for a list.
    path: String,
    one: &'s Value,
    other: &'s Value,
    /// Whether the first version requires it.
    required: bool,
    /// Whether the versions differ in it, and the transport does not write it.
    differs: bool,
}

/// Collects the fields of an object and of the objects in it, and the conditions
/// in which both versions differ, each with the path of its object.
fn fields<'s>(
    path: &str,
    [one, other]: [&'s Value; 2],
    found: &mut Vec<Field<'s>>,
    rules: &mut Vec<(String, &'s Value)>,
) {
    let own = [one, other].map(|tree| list(&tree["x-skypay-rules"]).collect::<Vec<_>>());
    for (these, those) in [(&own[0], &own[1]), (&own[1], &own[0])] {
        let differing = these.iter().filter(|rule| !those.contains(rule));
        rules.extend(differing.map(|rule| (path.to_owned(), *rule)));
    }
    let names = properties(one).chain(properties(other));
    let names: BTreeSet<_> = names.map(|(name, _)| name).collect();
    for name in names {
        let both = [one, other].map(|tree| &tree["properties"][name]);
        let required =
            [one, other].map(|tree| texts(&tree["required"]).any(|required| required == name));
        let written = both.iter().any(|property| {
            property["x-skypay-transport"] == true || property["x-skypay-constant"] == true
        });
        let path = format!("{path}/{name}");
        fields(&path, both, found, rules);
        fields(
            &format!("{path}/0"),
            both.map(|property| &property["items"]),
            found,
            rules,
        );
        found.push(Field {
            path,
            one: both[0],
            other: both[1],
            required: required[0],
            differs: !written && (both[0] != both[1] || required[0] != required[1]),
        });
    }
}

/// Returns messages around the difference of two schemas, the most ordinary
/// first. Not all of them are valid: the sender rejects the others.
pub(crate) fn samples<'e>(
    examples: impl Iterator<Item = &'e Value>,
    versions: [&Value; 2],
) -> Vec<Value> {
    let (mut all_fields, mut rules) = (Vec::new(), Vec::new());
    fields("", versions, &mut all_fields, &mut rules);
    let mut messages = Vec::new();
    let mut bases = Vec::new();
    for example in examples {
        let example = without_empty(example, &all_fields);
        let (mut full, mut least) = (example.clone(), example.clone());
        messages.push(example.clone());
        for field in &all_fields {
            let value = match example.pointer(&field.path) {
                None if !field.one.is_null() => Some(typical(field.one)),
                Some(_) if !field.required => None,
                _ => continue,
            };
            let message = if value.is_some() {
                &mut full
            } else {
                &mut least
            };
            if let Some(changed) = with(message, &field.path, value.clone()) {
                *message = changed;
            }
            messages.extend(with(&example, &field.path, value));
        }
        bases.extend([example, full, least]);
    }
    messages.extend(bases.iter().cloned());
    for (path, rule) in &rules {
        let decisive = rule["when"]["field"].as_str().unwrap_or_default();
        let decisive = format!("{path}/{decisive}");
        let field = all_fields.iter().find(|field| field.path == decisive);
        let codes = field.map(|field| list(&field.one["enum"]).chain(list(&field.other["enum"])));
        for code in codes.into_iter().flatten() {
            let changed = bases.iter();
            let changed = changed.filter_map(|base| with(base, &decisive, Some(code.clone())));
            bases.extend(changed.collect::<Vec<_>>());
        }
        bases = unique(bases);
    }
    for field in &all_fields {
        let values = values(field, &rules);
        for base in bases.iter().filter(|_| !values.is_empty()) {
            let values = values.iter().cloned().map(Some).chain([None]);
            messages.extend(values.filter_map(|value| with(base, &field.path, value)));
        }
    }
    messages.extend(bases);
    unique(messages)
}

/// Returns the values to try in a field in which two versions differ, or which a
/// condition names in which they differ.
fn values(field: &Field, rules: &[(String, &Value)]) -> Vec<Value> {
    let mut values = Vec::new();
    if field.differs {
        values.extend(candidates(field.one, field.other));
    }
    for (path, rule) in rules {
        let name = field.path.strip_prefix(path.as_str());
        let name = name.and_then(|name| name.get(1..)).unwrap_or_default();
        let pattern = rule["match"][name].as_str();
        let mut named = texts(&rule["require"]).chain(texts(&rule["forbid"]));
        if pattern.is_some() || named.any(|named| named == name) {
            values.push(typical(field.one));
            values.extend(pattern.into_iter().flat_map(matching).map(Value::String));
        }
    }
    values
}

/// Removes duplicates, in order.
fn unique(values: Vec<Value>) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let values = values.into_iter();
    values
        .filter(|value| known.insert(value.to_string()))
        .collect()
}

/// Removes empty texts, which mean absence, where they are optional.
fn without_empty(message: &Value, fields: &[Field]) -> Value {
    let mut message = message.clone();
    for field in fields {
        let optional = !field.required && field.one["x-skypay-on-success"] != true;
        if optional
            && message
                .pointer(&field.path)
                .is_some_and(|value| value == "")
        {
            message = with(&message, &field.path, None).unwrap_or(message);
        }
    }
    message
}

/// Returns the message with another value of a field, or without it; `None` if it
/// does not contain the object of the field.
fn with(message: &Value, path: &str, value: Option<Value>) -> Option<Value> {
    let mut message = message.clone();
    let (object, name) = path.rsplit_once('/')?;
    let members = message.pointer_mut(object)?.as_object_mut()?;
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    Some(message)
}

/// Returns a typical value of a field.
fn typical(property: &Value) -> Value {
    if let Some(example) = property.get("example").filter(|example| **example != "") {
        return example.clone();
    }
    match property["type"].as_str() {
        Some("array") => json!([typical(&property["items"])]),
        Some("object") => properties(property)
            .map(|(name, property)| (name.to_owned(), typical(property)))
            .collect(),
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        Some("string") if property["x-skypay-type"] == "date-time" => {
            json!("2024-02-05 10:15:30")
        }
        _ => json!(property["enum"][0].as_str().unwrap_or("Example")),
    }
}

/// Returns every value that two schemas may treat differently.
fn candidates(one: &Value, other: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    for schema in [one, other].into_iter().filter(|schema| !schema.is_null()) {
        values.extend(list(&schema["enum"]).cloned());
        values.push(typical(schema));
        match schema["type"].as_str() {
            Some("boolean") => values.extend([json!(true), json!(false)]),
            Some("integer" | "number") => {
                values.extend(around(schema, ["minimum", "maximum"]).map(Value::from));
                let wide = [0, 1, -1, i64::from(i32::MAX) + 1, i64::from(u32::MAX) + 1];
                values.extend(wide.map(Value::from));
                values.push(json!(0.5));
            }
            Some("string") => values.extend(strings(schema).into_iter().map(Value::String)),
            Some("array") => {
                let counts = around(schema, ["minItems", "maxItems"]).filter(|count| *count < 200);
                let item = typical(&schema["items"]);
                values.extend(counts.map(|count| (0..count).map(|_| item.clone()).collect()));
            }
            _ => {}
        }
    }
    unique(values)
}

/// Returns both bounds, and the numbers next to them.
fn around(schema: &Value, bounds: [&str; 2]) -> impl Iterator<Item = i64> {
    let bounds = bounds.map(|key| schema[key].as_i64()).into_iter().flatten();
    bounds.flat_map(|bound| [bound - 1, bound, bound + 1])
}

fn strings(schema: &Value) -> Vec<String> {
    let own = typical(schema);
    let own = own.as_str().unwrap_or("Example");
    let last = own.chars().last().unwrap_or('a');
    let lengths = around(schema, ["minLength", "maxLength"]).chain([600]);
    let resized = lengths.map(|length| {
        let letters = own.chars().chain(std::iter::repeat(last));
        letters.take(usize::try_from(length).unwrap_or(0)).collect()
    });
    let mut texts: Vec<String> = resized.collect();
    texts.extend(schema["pattern"].as_str().into_iter().flat_map(matching));
    texts.extend(schema["x-skypay-minimum"].as_str().map(str::to_owned));
    texts.extend(["0", "0.00", "no", "Words", "2024-02-05 10:15:30.1250"].map(str::to_owned));
    texts
}

/// Returns texts that a pattern matches completely, shortest first.
pub(crate) fn matching(pattern: &str) -> Vec<String> {
    let whole = pattern.trim_start_matches('^').trim_end_matches('$');
    let Ok(strategy) = string_regex(whole) else {
        return Vec::new();
    };
    let mut runner = TestRunner::deterministic();
    let drawn = (0..40).filter_map(|_| Some(strategy.new_tree(&mut runner).ok()?.current()));
    let mut texts: Vec<_> = drawn
        .filter(|text| !text.contains(char::is_control))
        .collect();
    texts.sort_by_key(|text| (text.len(), text.clone()));
    texts.dedup();
    texts
}
