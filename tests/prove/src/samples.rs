//! Messages to try: the document's examples, and what they become when one
//! field after the other takes every value that might make a difference.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value, json};

use crate::schemas::{rules, texts};

/// Messages around the difference of two schemas, most ordinary first. Not
/// all of them are valid: the sender decides.
pub(crate) fn samples(examples: &[Value], one: &Value, other: &Value) -> Vec<Value> {
    let mut samples = Samples::default();
    let examples = examples.iter().map(|example| without_empty(example, one));
    let examples: Vec<_> = examples.collect();
    for example in &examples {
        samples.add(example.clone());
    }
    let mut ordinary = examples.clone();
    for example in &examples {
        let (full, lean) = (fuller(example, one), leaner(example, one));
        ordinary.extend(full.last().cloned());
        ordinary.extend(lean.last().cloned());
        for message in full.into_iter().chain(lean) {
            samples.add(message);
        }
    }
    for message in &ordinary {
        for variant in variants(message, one, other) {
            samples.add(variant);
        }
    }
    samples.list
}

#[derive(Default)]
struct Samples {
    list: Vec<Value>,
    known: BTreeSet<String>,
}

impl Samples {
    fn add(&mut self, message: Value) {
        if self.known.insert(message.to_string()) {
            self.list.push(message);
        }
    }
}

/// Texts that are empty say that there is none, where there need not be one.
fn without_empty(message: &Value, tree: &Value) -> Value {
    match message {
        Value::Object(members) => {
            let required = texts(&tree["required"]);
            let always = |name: &str| {
                required.contains(name) || tree["properties"][name]["x-skypay-on-success"] == true
            };
            let members = members.iter();
            let members = members.filter(|(name, value)| *value != "" || always(name));
            let members = members.map(|(name, value)| {
                (
                    name.clone(),
                    without_empty(value, &tree["properties"][name]),
                )
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| without_empty(item, &tree["items"]));
            items.collect()
        }
        other => other.clone(),
    }
}

/// With each field that is not there, and with all of them.
fn fuller(message: &Value, tree: &Value) -> Vec<Value> {
    let mut all = message.clone();
    let mut messages = Vec::new();
    for (name, property) in properties(tree) {
        if message.get(name).is_none() {
            let value = typical(property);
            let mut with = message.clone();
            with[name] = value.clone();
            all[name] = value;
            messages.push(with);
        } else if let Some(item) = message[name].get(0) {
            for item in fuller(item, &property["items"]) {
                let mut with = message.clone();
                with[name][0] = item;
                messages.push(with);
            }
        }
    }
    messages.push(all);
    messages
}

/// Without each field that need not be there, and without all of them.
fn leaner(message: &Value, tree: &Value) -> Vec<Value> {
    let required = texts(&tree["required"]);
    let mut least = message.clone();
    let mut messages = Vec::new();
    for (name, property) in properties(tree) {
        if message.get(name).is_none() {
            continue;
        }
        if !required.contains(name) {
            messages.push(without(message, name));
            least = without(&least, name);
        } else if let Some(item) = message[name].get(0) {
            for item in leaner(item, &property["items"]) {
                let mut lean = message.clone();
                lean[name][0] = item;
                messages.push(lean);
            }
        }
    }
    messages.push(least);
    messages
}

/// With other values in the fields of which the two schemas say different
/// things, and in those that a rule names of which they do.
fn variants(message: &Value, one: &Value, other: &Value) -> Vec<Value> {
    let changed = changed_rules(one, other);
    let mut bases = vec![message.clone()];
    for field in changed
        .iter()
        .filter_map(|rule| rule["when"]["field"].as_str())
    {
        for value in
            unique(codes(&one["properties"][field]).chain(codes(&other["properties"][field])))
        {
            let mut base = message.clone();
            base[field] = value;
            bases.push(base);
        }
    }
    let bases = unique(bases.into_iter());
    let mut messages = Vec::new();
    for name in touched(one, other) {
        let (left, right) = (&one["properties"][name], &other["properties"][name]);
        let values = candidates(left, right);
        for base in &bases {
            set(base, name, &values, &mut messages);
            if let Some(item) = base[name].get(0) {
                for item in variants(item, &left["items"], &right["items"]) {
                    let mut variant = base.clone();
                    variant[name][0] = item;
                    messages.push(variant);
                }
            }
        }
    }
    for name in ruled(&changed) {
        let values = ruled_values(&changed, &name, &one["properties"][&name]);
        for base in &bases {
            set(base, &name, &values, &mut messages);
        }
    }
    messages.extend(bases.into_iter().skip(1));
    messages
}

/// Without a field, and with each of these values in it.
fn set(base: &Value, name: &str, values: &[Value], messages: &mut Vec<Value>) {
    if base.get(name).is_some() {
        messages.push(without(base, name));
    }
    for value in values {
        let mut variant = base.clone();
        variant[name] = value.clone();
        messages.push(variant);
    }
}

/// The rules that only one of two schemas has.
fn changed_rules(one: &Value, other: &Value) -> Vec<Value> {
    let (before, after) = (rules(one), rules(other));
    let all = before.iter().chain(&after);
    let changed = all.filter(|rule| !(before.contains(rule) && after.contains(rule)));
    changed.cloned().collect()
}

/// The fields that rules ask for, forbid or match.
fn ruled(rules: &[Value]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rule in rules {
        for key in ["require", "forbid"] {
            names.extend(texts(&rule[key]).into_iter().map(str::to_owned));
        }
        let matched = rule["match"].as_object().into_iter().flatten();
        names.extend(matched.map(|(name, _)| name.clone()));
    }
    names
}

/// A usual value, and what the patterns of the rules match.
fn ruled_values(rules: &[Value], name: &str, property: &Value) -> Vec<Value> {
    let patterns = rules.iter().filter_map(|rule| rule["match"][name].as_str());
    let matched = patterns.flat_map(matching).map(Value::String);
    unique([typical(property)].into_iter().chain(matched))
}

/// The values that a field lists.
fn codes(property: &Value) -> impl Iterator<Item = Value> {
    property["enum"].as_array().into_iter().flatten().cloned()
}

/// Each value once, in order.
fn unique(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut known = BTreeSet::new();
    values
        .filter(|value| known.insert(value.to_string()))
        .collect()
}

/// The fields of which two schemas of an object say different things, without
/// those that the transport writes.
pub(crate) fn touched<'s>(one: &'s Value, other: &'s Value) -> BTreeSet<&'s str> {
    let all = properties(one).chain(properties(other));
    let mut names: BTreeSet<_> = all.map(|(name, _)| name).collect();
    let (left, right) = (texts(&one["required"]), texts(&other["required"]));
    let settings = |name: &str, tree: &Value| {
        let property = &tree["properties"][name];
        property["x-skypay-transport"] == true || property["x-skypay-constant"] == true
    };
    names.retain(|name| !settings(name, one) && !settings(name, other));
    names.retain(|name| {
        seen(&one["properties"][name]) != seen(&other["properties"][name])
            || left.contains(name) != right.contains(name)
    });
    names
}

/// A schema without its examples.
pub(crate) fn seen(tree: &Value) -> Value {
    match tree {
        Value::Object(members) => {
            let members = members.iter().filter(|(key, _)| *key != "example");
            let members = members.map(|(key, value)| (key.clone(), seen(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

fn properties(tree: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = tree["properties"].as_object().into_iter().flatten();
    members.map(|(name, property)| (name.as_str(), property))
}

fn without(message: &Value, name: &str) -> Value {
    let mut message = message.clone();
    if let Some(members) = message.as_object_mut() {
        members.remove(name);
    }
    message
}

/// A value that stands for the field when it only has to be there.
fn typical(property: &Value) -> Value {
    if let Some(example) = property.get("example").filter(|example| **example != "") {
        return example.clone();
    }
    match property["type"].as_str() {
        Some("array") => json!([typical(&property["items"])]),
        Some("object") => {
            let members =
                properties(property).map(|(name, property)| (name.to_owned(), typical(property)));
            Value::Object(members.collect())
        }
        Some("boolean") => json!(true),
        Some("integer" | "number") => json!(1),
        Some("string") if property["x-skypay-type"] == "date-time" => {
            json!("2024-02-05 10:15:30")
        }
        _ => json!(
            property["enum"]
                .get(0)
                .and_then(Value::as_str)
                .unwrap_or("Example")
        ),
    }
}

/// Every value that one of two schemas may treat otherwise than the other.
fn candidates(one: &Value, other: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    for schema in [one, other] {
        if schema.is_null() {
            continue;
        }
        values.extend(schema["enum"].as_array().into_iter().flatten().cloned());
        values.push(typical(schema));
        match schema["type"].as_str() {
            Some("boolean") => values.extend([json!(true), json!(false)]),
            Some("integer" | "number") => values.extend(numbers(schema)),
            Some("string") => values.extend(strings(schema)),
            Some("array") => values.extend(lists(schema)),
            _ => {}
        }
    }
    unique(values.into_iter())
}

fn numbers(schema: &Value) -> Vec<Value> {
    let bounds = ["minimum", "maximum"].map(|key| schema[key].as_i64());
    let around = bounds
        .into_iter()
        .flatten()
        .flat_map(|bound| [bound - 1, bound, bound + 1]);
    let wide = [0, 1, -1, i64::from(i32::MAX) + 1, i64::from(u32::MAX) + 1];
    let mut numbers: Vec<_> = around.chain(wide).map(|number| json!(number)).collect();
    numbers.push(json!(0.5));
    numbers
}

fn lists(schema: &Value) -> Vec<Value> {
    let bounds = ["minItems", "maxItems"].map(|key| schema[key].as_u64());
    let around = bounds.into_iter().flatten();
    let counts = around.flat_map(|bound| [bound.saturating_sub(1), bound, bound + 1]);
    counts
        .filter(|count| *count < 200)
        .map(|count| (0..count).map(|_| typical(&schema["items"])).collect())
        .collect()
}

fn strings(schema: &Value) -> Vec<Value> {
    let mut texts = Vec::new();
    if let Some(pattern) = schema["pattern"].as_str() {
        texts.extend(matching(pattern));
    }
    let own = typical(schema);
    let own = own.as_str().unwrap_or("Example");
    for key in ["minLength", "maxLength"] {
        if let Some(bound) = schema[key].as_u64() {
            let around = [bound.saturating_sub(1), bound, bound + 1];
            texts.extend(around.map(|length| resized(own, length)));
        }
    }
    if let Some(least) = schema["x-skypay-minimum"].as_str() {
        texts.push(least.to_owned());
    }
    texts.extend(["0", "0.00", "no", "Words", "2024-02-05 10:15:30.1250"].map(str::to_owned));
    texts.push(resized(own, 600));
    texts.into_iter().map(Value::String).collect()
}

/// The text with so many characters.
fn resized(text: &str, length: u64) -> String {
    let last = text.chars().last().unwrap_or('a');
    let length = usize::try_from(length).unwrap_or(0);
    text.chars()
        .chain(std::iter::repeat(last))
        .take(length)
        .collect()
}

/// Texts that a pattern matches: the shortest, the longest, and such that
/// differ from the shortest in one place.
pub(crate) fn matching(pattern: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return Vec::new();
    };
    let mut texts = BTreeSet::new();
    for longest in [false, true] {
        for turn in 0..6 {
            for place in 0..4 {
                let mut writer = Writer {
                    text: String::new(),
                    longest,
                    turn,
                    place,
                    choices: 0,
                };
                writer.write(&hir);
                texts.insert(writer.text);
            }
        }
    }
    texts.into_iter().collect()
}

/// Writes a text by a pattern. One of its choices takes a turn of its own,
/// the others the first way.
struct Writer {
    text: String,
    longest: bool,
    turn: usize,
    place: usize,
    choices: usize,
}

impl Writer {
    fn write(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => {
                self.text.push_str(&String::from_utf8_lossy(&literal.0));
            }
            HirKind::Class(Class::Unicode(class)) => {
                let shown = |letter: &char| !letter.is_control() && !letter.is_whitespace();
                let ends = class.ranges().iter().flat_map(|range| {
                    let within = (range.start()..=range.end()).filter(shown).take(200);
                    let within: Vec<_> = within.collect();
                    [within.first().copied(), within.last().copied()]
                });
                let letters: Vec<_> = ends.flatten().collect();
                let choice = self.choose(letters.len());
                self.text.extend(letters.get(choice));
            }
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(repetition.min + 3);
                let count = if self.longest { most } else { repetition.min };
                for _ in 0..count {
                    self.write(&repetition.sub);
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part)),
            HirKind::Alternation(ways) => {
                let choice = self.choose(ways.len());
                if let Some(way) = ways.get(choice) {
                    self.write(way);
                }
            }
            HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => {}
        }
    }

    fn choose(&mut self, ways: usize) -> usize {
        let mine = self.choices == self.place;
        self.choices += 1;
        if mine && ways > 0 {
            self.turn % ways
        } else {
            0
        }
    }
}
