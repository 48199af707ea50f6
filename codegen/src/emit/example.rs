//! The document's examples as Rust: what a reader copies, and what `cargo
//! test` proves.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Values;
use crate::model::{Api, Example, Message, Operation, Type};

/// A doc test that builds the request of an operation from its first example.
pub(crate) fn request(api: &Api, operation: &Operation) -> Option<String> {
    let first = operation.request_examples.first()?;
    let (built, imports) = built(api, &operation.request, first, &[]);
    let values = Values::of(api)
        .with("imports", imports)
        .with("built", built);
    Some(values.fill(include_str!("../../templates/types/built.md.tmpl")))
}

/// A doc test that reads the response of an operation from its first example.
pub(crate) fn response(api: &Api, operation: &Operation) -> Option<String> {
    let json = pretty(operation.response_examples.first()?);
    let values = Values::of(api)
        .with("response", &operation.response.name)
        .with("hashes", closing_hashes(&json))
        .with("json", json);
    Some(values.fill(include_str!("../../templates/types/read.md.tmpl")))
}

/// The builder chain that makes a message out of an example, up to `.build()`, and
/// what has to be imported for it.
pub(crate) fn built(
    api: &Api,
    message: &Message,
    example: &Example,
    more: &[&str],
) -> (String, String) {
    let mut imports: BTreeSet<_> = more.iter().map(|name| (*name).to_owned()).collect();
    imports.insert(message.name.clone());
    let built = chain(api, message, &example.value, 0, &mut imports);
    let imports = match Vec::from_iter(imports).as_slice() {
        [only] => only.clone(),
        several => format!("{{{}}}", several.join(", ")),
    };
    (built, imports)
}

/// The hashes that close a raw string which holds a text: more than follow any
/// quote in it.
fn closing_hashes(text: &str) -> String {
    "#".repeat(hashes_behind_quotes(text).max(1) + 1)
}

/// How many hashes follow a quote in a text at most.
pub(super) fn hashes_behind_quotes(text: &str) -> usize {
    let runs = text.split('"').skip(1);
    let runs = runs.map(|rest| rest.len() - rest.trim_start_matches('#').len());
    runs.max().unwrap_or_default()
}

/// The example as JSON, a member per line, numbers as the document spells
/// them.
pub(crate) fn pretty(example: &Example) -> String {
    let raw: Box<serde_json::value::RawValue> = match serde_json::from_str(&example.json) {
        Ok(raw) => raw,
        Err(_) => return example.json.clone(),
    };
    let mut out = String::new();
    indent_json(raw.get(), &mut out);
    out
}

/// Lays out compact JSON, without touching a token.
fn indent_json(compact: &str, out: &mut String) {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    let mut letters = compact.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_text {
            out.push(letter);
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                out.push(letter);
                if letters.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    continue;
                }
                depth += 1;
                new_line(depth, out);
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    new_line(depth, out);
                }
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                new_line(depth, out);
            }
            ':' => out.push_str(": "),
            _ => {
                in_text = letter == '"';
                out.push(letter);
            }
        }
    }
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

fn chain(
    api: &Api,
    message: &Message,
    value: &Value,
    depth: usize,
    imports: &mut BTreeSet<String>,
) -> String {
    let indent = "    ".repeat(depth + 1);
    let mut chain = format!("{}::builder()", message.name);
    for field in &message.fields {
        let Some(value) = value.get(&field.wire) else {
            continue;
        };
        if value.as_str() == Some("") && !field.required {
            continue;
        }
        let argument = argument(api, &field.ty, value, depth, imports);
        chain.push_str(&format!("\n{indent}.{}({argument})", field.rust));
    }
    chain.push_str(&format!("\n{indent}.build()"));
    if message.fields.is_empty() {
        return format!("{}::builder().build()", message.name);
    }
    chain
}

fn argument(
    api: &Api,
    ty: &Type,
    value: &Value,
    depth: usize,
    imports: &mut BTreeSet<String>,
) -> String {
    match (ty, value) {
        (Type::List(item), Value::Array(items)) => {
            let items: Vec<_> = items
                .iter()
                .map(|value| argument(api, item, value, depth + 1, imports))
                .collect();
            format!("[{}]", items.join(", "))
        }
        (Type::Object(name), value) => {
            let Some(row) = api.objects.iter().find(|row| row.name == *name) else {
                return "Default::default()".to_owned();
            };
            imports.insert(name.clone());
            let built = chain(api, row, value, depth + 1, imports);
            format!("{built}?")
        }
        (Type::Codes(name), value) => {
            let text = scalar_text(value);
            let table = api.code_tables.iter().find(|table| table.name == *name);
            let code = table.and_then(|table| table.codes.iter().find(|code| code.value == text));
            match code {
                Some(code) => {
                    imports.insert(name.clone());
                    format!("{name}::{}", code.variant)
                }
                _ => format!("{text:?}"),
            }
        }
        (Type::Integer(rust), value) => {
            // The suffix lets the compiler see the number's type through the
            // setter's generic parameter.
            format!("{}_{rust}", scalar_text(value))
        }
        (Type::Boolean, Value::Bool(flag)) => flag.to_string(),
        (_, value) => format!("{:?}", scalar_text(value)),
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
