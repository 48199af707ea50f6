//! Sample messages: the document's examples, and variants in which one field at a
//! time takes every value that might make a difference.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::schemas::{properties, rules, seen, texts};

/// Returns messages around the difference of two schemas, the most ordinary
/// first. Not all of them are valid: the sender rejects the others.
pub(crate) fn samples(examples: &[Value], one: &Value, other: &Value) -> Vec<Value> {
    let examples = examples.iter().map(|example| without_empty(example, one));
    let examples: Vec<_> = examples.collect();
    let mut ordinary = examples.clone();
    let mut all = examples.clone();
    for example in &examples {
        for messages in [fuller(example, one), leaner(example, one)] {
            ordinary.extend(messages.last().cloned());
            all.extend(messages);
        }
    }
    all.extend(
        ordinary
            .iter()
            .flat_map(|message| variants(message, one, other)),
    );
    unique(all)
}

/// Removes duplicates, in order.
fn unique(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let values = values.into_iter();
    values
        .filter(|value| known.insert(value.to_string()))
        .collect()
}

/// Removes empty texts, which mean absence, where they are optional.
fn without_empty(message: &Value, tree: &Value) -> Value {
    match message {
        Value::Object(members) => {
            let always = |name: &str| {
                let success = tree["properties"][name]["x-skypay-on-success"] == true;
                success || texts(&tree["required"]).any(|required| required == name)
            };
            let members = members.iter();
            let members = members.filter(|(name, value)| *value != "" || always(name));
            members
                .map(|(name, value)| {
                    (
                        name.clone(),
                        without_empty(value, &tree["properties"][name]),
                    )
                })
                .collect()
        }
        Value::Array(items) => {
            let items = items.iter();
            items
                .map(|item| without_empty(item, &tree["items"]))
                .collect()
        }
        other => other.clone(),
    }
}

/// Returns the message with another value of a field, or without it.
fn with(message: &Value, name: &str, value: Option<Value>) -> Value {
    let mut message = message.clone();
    match (value, message.as_object_mut()) {
        (Some(value), _) => message[name] = value,
        (None, Some(members)) => drop(members.remove(name)),
        (None, None) => {}
    }
    message
}

/// Returns messages with each of these values as the first item of a list.
fn with_items(message: &Value, name: &str, items: Vec<Value>) -> impl Iterator<Item = Value> {
    items.into_iter().map(move |item| {
        let mut message = message.clone();
        message[name][0] = item;
        message
    })
}

/// Adds each absent field, and all of them.
fn fuller(message: &Value, tree: &Value) -> Vec<Value> {
    let mut all = message.clone();
    let mut messages = Vec::new();
    for (name, property) in properties(tree) {
        if message.get(name).is_none() {
            let value = typical(property);
            messages.push(with(message, name, Some(value.clone())));
            all[name] = value;
        } else if let Some(item) = message[name].get(0) {
            messages.extend(with_items(message, name, fuller(item, &property["items"])));
        }
    }
    messages.push(all);
    messages
}

/// Removes each optional field, and all of them.
fn leaner(message: &Value, tree: &Value) -> Vec<Value> {
    let mut least = message.clone();
    let mut messages = Vec::new();
    for (name, property) in properties(tree).filter(|(name, _)| message.get(name).is_some()) {
        if !texts(&tree["required"]).any(|required| required == name) {
            messages.push(with(message, name, None));
            least = with(&least, name, None);
        } else if let Some(item) = message[name].get(0) {
            messages.extend(with_items(message, name, leaner(item, &property["items"])));
        }
    }
    messages.push(least);
    messages
}

/// Returns variants of the fields in which the two schemas differ, and of those
/// named by a rule in which they differ.
fn variants(message: &Value, one: &Value, other: &Value) -> Vec<Value> {
    let contained = |tree: &Value, rule: &Value| rules(tree).any(|known| known == rule);
    let rules: Vec<_> = rules(one)
        .chain(rules(other))
        .filter(|rule| !(contained(one, rule) && contained(other, rule)))
        .collect();
    let mut bases = vec![message.clone()];
    for field in rules
        .iter()
        .filter_map(|rule| rule["when"]["field"].as_str())
    {
        let codes = [one, other].map(|tree| tree["properties"][field]["enum"].as_array());
        let codes = codes.into_iter().flatten().flatten();
        bases.extend(codes.map(|code| with(message, field, Some(code.clone()))));
    }
    let bases = unique(bases);
    let mut messages = Vec::new();
    let set = |base: &Value, name: &str, values: &[Value], messages: &mut Vec<Value>| {
        messages.push(with(base, name, None));
        let values = values.iter().cloned();
        messages.extend(values.map(|value| with(base, name, Some(value))));
    };
    for name in touched(one, other) {
        let (left, right) = (&one["properties"][name], &other["properties"][name]);
        let values = candidates(left, right);
        for base in &bases {
            set(base, name, &values, &mut messages);
            if let Some(item) = base[name].get(0) {
                let items = variants(item, &left["items"], &right["items"]);
                messages.extend(with_items(base, name, items));
            }
        }
    }
    for name in ruled(&rules) {
        let patterns = rules.iter().filter_map(|rule| rule["match"][name].as_str());
        let mut values = vec![typical(&one["properties"][name])];
        values.extend(patterns.flat_map(matching).map(Value::String));
        for base in &bases {
            set(base, name, &values, &mut messages);
        }
    }
    messages.extend(bases);
    messages
}

/// Returns the fields that rules require, forbid or match.
fn ruled<'r>(rules: &[&'r Value]) -> BTreeSet<&'r str> {
    let names = rules.iter().flat_map(|rule| {
        let matched = rule["match"].as_object().into_iter().flatten();
        let matched = matched.map(|(name, _)| name.as_str());
        texts(&rule["require"])
            .chain(texts(&rule["forbid"]))
            .chain(matched)
    });
    names.collect()
}

/// Returns the fields in which two schemas of an object differ, without those
/// that the transport writes.
fn touched<'s>(one: &'s Value, other: &'s Value) -> BTreeSet<&'s str> {
    let written = |tree: &Value, name: &str| {
        let property = &tree["properties"][name];
        property["x-skypay-transport"] == true || property["x-skypay-constant"] == true
    };
    let said = |tree: &Value, name: &str| {
        let required = texts(&tree["required"]).any(|required| required == name);
        (seen(&tree["properties"][name]), required)
    };
    let names = properties(one)
        .chain(properties(other))
        .map(|(name, _)| name);
    let names = names.filter(|name| !written(one, name) && !written(other, name));
    names
        .filter(|name| said(one, name) != said(other, name))
        .collect()
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
        values.extend(schema["enum"].as_array().into_iter().flatten().cloned());
        values.push(typical(schema));
        match schema["type"].as_str() {
            Some("boolean") => values.extend([json!(true), json!(false)]),
            Some("integer" | "number") => {
                values.extend(around(schema, ["minimum", "maximum"]).map(Value::from));
                let wide = [0, 1, -1, i64::from(i32::MAX) + 1, i64::from(u32::MAX) + 1];
                values.extend(wide.map(Value::from));
                values.push(json!(0.5));
            }
            Some("string") => values.extend(strings(schema).map(Value::String)),
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

fn strings(schema: &Value) -> impl Iterator<Item = String> {
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
    texts.into_iter()
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
