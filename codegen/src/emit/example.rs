//! The document's examples as Rust: what a reader copies, and what `cargo
//! test` proves.

use serde_json::Value;

use crate::model::{Api, Example, Message, Operation, Type};

/// A doc test that builds the request of an operation from its first example.
pub(crate) fn built(api: &Api, operation: &Operation) -> Option<String> {
    let example = operation.request_examples.first()?;
    let mut imports = vec![operation.request.name.clone()];
    let expression = built_expression(api, &operation.request, &example.value, 0, &mut imports);
    imports.sort();
    imports.dedup();
    let package = &api.provider.package;
    Some(format!(
        "```\nuse {package}_types::{};\n\nlet request = {expression}?;\n\
         # Ok::<(), {package}_types::Invalid>(())\n```",
        braced(&imports)
    ))
}

/// A doc test that reads the response of an operation from its first example.
pub(crate) fn read(api: &Api, operation: &Operation) -> Option<String> {
    let example = operation.response_examples.first()?;
    let name = &operation.response.name;
    let json = pretty(example);
    let hashes = closing_hashes(&json);
    let package = &api.provider.package;
    Some(format!(
        "```\nuse {package}_types::{name};\n\nlet plaintext = r{hashes}\"{json}\"{hashes};\n\
         let response: {name} = {package}_types::read::from_slice(plaintext.as_bytes())?;\n\
         # Ok::<(), {package}_types::read::ReadError>(())\n```",
    ))
}

/// The hashes that close a raw string which holds a text: more than follow any
/// quote in it.
fn closing_hashes(text: &str) -> String {
    "#".repeat(hashes_behind_quotes(text).max(1) + 1)
}

/// How many hashes follow a quote in a text at most.
pub(crate) fn hashes_behind_quotes(text: &str) -> usize {
    let runs = text.split('"').skip(1);
    let runs = runs.map(|rest| rest.len() - rest.trim_start_matches('#').len());
    runs.max().unwrap_or_default()
}

/// The import list of an example.
pub(crate) fn braced(imports: &[String]) -> String {
    match imports {
        [only] => only.clone(),
        several => format!("{{{}}}", several.join(", ")),
    }
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

/// The builder chain that makes a message out of its example, up to
/// `.build()`.
pub(crate) fn built_expression(
    api: &Api,
    message: &Message,
    value: &Value,
    depth: usize,
    imports: &mut Vec<String>,
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
    imports: &mut Vec<String>,
) -> String {
    match (ty, value) {
        (Type::List(item), Value::Array(items)) => {
            let items: Vec<_> = items
                .iter()
                .map(|value| argument(api, item, value, depth + 1, imports))
                .collect();
            format!("[{}]", items.join(", "))
        }
        (Type::Row(name), value) => {
            let Some(row) = api.rows.iter().find(|row| row.name == *name) else {
                return "Default::default()".to_owned();
            };
            imports.push(name.clone());
            let built = built_expression(api, row, value, depth + 1, imports);
            format!("{built}?")
        }
        (Type::Codes(name), value) => {
            let text = scalar_text(value);
            let table = api.code_tables.iter().find(|table| table.name == *name);
            let code = table.and_then(|table| table.codes.iter().find(|code| code.value == text));
            match code {
                Some(code) => {
                    imports.push(name.clone());
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
