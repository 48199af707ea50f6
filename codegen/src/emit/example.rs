//! The document's examples as Rust, which users can copy and doc tests run.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Api, Example, Message, Type};

/// Returns the builder chain that creates an example's message, up to `.build()`,
/// and its imports.
pub(super) fn built(
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
            if let (Some(field), 1) = (row.only_required(), row.fields.len())
                && matches!(field.ty, Type::Text | Type::Newtype(_))
            {
                return argument(api, &field.ty, &value[&field.wire], depth, imports);
            }
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
            // The suffix gives the number a type, which the setter's generic
            // parameter does not determine.
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
