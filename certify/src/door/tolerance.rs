//! Messages that say the same as the example in another form.

use serde_json::{Number, Value};
use skypay_types::Mode;

use crate::message::{Message, is_amount, is_code, is_time};

/// The fields of the message with their schemas, as far as the example has them.
fn fields(example: &Message) -> Vec<(String, Value, Value)> {
    let schema = example.schema();
    let known = example.fields.iter();
    known
        .filter_map(|(name, value)| Some((name.clone(), value.clone(), schema.get(name)?.clone())))
        .collect()
}

fn pattern(schema: &Value) -> &str {
    schema["pattern"].as_str().unwrap_or_default()
}

fn is_in_key(example: &Message, name: &str) -> bool {
    example.info.delivery_key.contains(&name) || example.info.effect_key.contains(&name)
}

pub(super) fn numbers(example: &Message) -> Vec<Message> {
    let mut changed = Vec::new();
    for (name, value, schema) in fields(example) {
        match &value {
            Value::Number(number) => {
                changed.push(example.set(&name, number.to_string(), "a number as text"));
            }
            Value::String(text) if is_code(&schema) && text.parse::<u32>().is_ok() => {
                let number: Number = text.parse::<u32>().unwrap_or_default().into();
                changed.push(example.set(&name, number, "digits as a number"));
            }
            _ => {}
        }
    }
    changed
}

pub(super) fn unknown_fields(example: &Message) -> Vec<Message> {
    vec![
        example.set("certifyText", "x", "an unknown field"),
        example.set(
            "certifyList",
            vec![Value::Null, 1.into()],
            "an unknown list",
        ),
    ]
}

pub(super) fn unlisted_codes(example: &Message) -> Vec<Message> {
    if example.info.mode != Mode::Notification {
        return Vec::new();
    }
    let coded = fields(example)
        .into_iter()
        .filter(|(.., schema)| is_code(schema));
    let action = example.info.header.action;
    let coded = coded.filter(|(name, ..)| name != action);
    coded
        .map(|(name, ..)| example.set(&name, "999", "a code that is not listed"))
        .collect()
}

pub(super) fn optional_fields(example: &Message) -> Vec<Message> {
    let required = example.required();
    let schema = example.schema();
    let optional = schema
        .keys()
        .filter(|name| !required.contains(name) && !is_in_key(example, name));
    let mut changed = Vec::new();
    for name in optional {
        changed.push(example.with(format!("{name}: absent"), |fields| {
            fields.remove(name);
        }));
        changed.push(example.set(name, "", "empty"));
        changed.push(example.set(name, Value::Null, "null"));
    }
    changed
}

pub(super) fn field_names(example: &Message) -> Vec<Message> {
    let action = example.info.header.action;
    let renamed = |change: &str, rename: fn(&str) -> String| {
        example.with(change, |fields| {
            let old = std::mem::take(fields);
            for (name, value) in old {
                let name = if name == action { name } else { rename(&name) };
                fields.insert(name, value);
            }
        })
    };
    vec![
        renamed("names in lower case", str::to_lowercase),
        renamed("names with a space at the end", |name| format!("{name} ")),
    ]
}

pub(super) fn aliases(example: &Message) -> Vec<Message> {
    let mut changed = Vec::new();
    for (name, value, schema) in fields(example) {
        let aliases = schema["x-aliases"].as_array().into_iter().flatten();
        for alias in aliases.filter_map(Value::as_str) {
            changed.push(
                example.with(format!("{alias} instead of {name}"), |fields| {
                    fields.remove(&name);
                    fields.insert(alias.to_owned(), value.clone());
                }),
            );
        }
    }
    changed
}

pub(super) fn phones(example: &Message) -> Vec<Message> {
    let names = example.fields.keys();
    let phones = names.filter(|name| name.to_lowercase().contains("phone"));
    phones
        .flat_map(|name| {
            [
                ("09123456789", "11 digits"),
                ("639123456789", "12 digits"),
                ("6392210083333", "13 digits"),
                ("08123456789", "with 08"),
            ]
            .map(|(phone, change)| example.set(name, phone, change))
        })
        .collect()
}

pub(super) fn times(example: &Message) -> Vec<Message> {
    let mut changed = Vec::new();
    for (name, value, schema) in fields(example) {
        let text = value.as_str().unwrap_or_default();
        if !is_time(&schema) || text.is_empty() {
            continue;
        }
        for decimals in [".5", ".1100", ".123456789"] {
            let time = format!("{text}{decimals}");
            changed.push(example.set(&name, time, "with decimals of the second"));
        }
    }
    changed
}

pub(super) fn amounts(example: &Message) -> Vec<Message> {
    let mut changed = Vec::new();
    for (name, value, schema) in fields(example) {
        if !is_amount(&schema) {
            continue;
        }
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let whole = text.split('.').next().unwrap_or_default().to_owned();
        let number: Number = whole.parse::<u64>().unwrap_or_default().into();
        changed.push(example.set(&name, whole.clone(), "without decimals"));
        changed.push(example.set(&name, format!("{whole}.0"), "with one decimal"));
        changed.push(example.set(&name, format!("{whole}.00"), "with two decimals"));
        changed.push(example.set(&name, number, "as a number"));
    }
    changed
}

pub(super) fn texts(example: &Message) -> Vec<Message> {
    let free = fields(example).into_iter().filter(|(name, value, schema)| {
        let plain = pattern(schema).is_empty() && !is_code(schema) && schema["format"].is_null();
        value.is_string()
            && plain
            && !is_in_key(example, name)
            && name != example.info.header.action
    });
    let texts = ["Peñaranda, José", "Ünïcode 🏦 — “quoted”"];
    free.flat_map(|(name, ..)| texts.map(|text| example.set(&name, text, "beyond ASCII")))
        .chain([example.set("certifyNote", texts[1], "an unknown field beyond ASCII")])
        .collect()
}

pub(super) fn unknown_transactions(example: &Message) -> Vec<Message> {
    if example.info.mode != Mode::Notification {
        return Vec::new();
    }
    example.unknown().into_iter().collect()
}
