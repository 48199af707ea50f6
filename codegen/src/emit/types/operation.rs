//! The facts of an operation as an invocation of the runtime's `operation!`, and
//! the fields of a response that the transport knows as one of `response!`.

use std::collections::BTreeSet;

use super::super::{example, literal};
use crate::model::{
    Api, EnvelopeField, Example, Message, Operation, Outcome, TransactionRef, Type,
};

/// The invocation for an operation.
pub(super) fn operation(api: &Api, operation: &Operation) -> String {
    let (request, response) = (&operation.request.name, &operation.response.name);
    let mut text = format!("skypay_runtime::operation! {{\n    {request} -> {response} {{\n");
    for (fact, value) in facts(api, operation) {
        text.push_str(&format!("        {fact}: {value},\n"));
    }
    text.push_str("    }\n    codes {\n");
    for code in &operation.codes {
        let words = code.text.as_ref().map(|text| format!(" {}", literal(text)));
        let refuses = if code.refuses_keys {
            ", refuses keys"
        } else {
            ""
        };
        text.push_str(&format!(
            "        {}: Outcome::{:?}{}{refuses};\n",
            literal(&code.code),
            code.outcome,
            words.unwrap_or_default(),
        ));
    }
    text.push_str("    }\n");
    match &operation.transaction_ref {
        None => {}
        Some(TransactionRef::Field(field)) => {
            text.push_str(&format!("    transaction_ids |request| vec![request.{field}.as_ref()];\n"));
        }
        Some(TransactionRef::Items { list, field }) => text.push_str(&format!(
            "    transaction_ids |request| request.{list}.iter().map(|item| item.{field}.as_ref()).collect();\n"
        )),
    }
    for (name, key) in [
        ("delivery_key", &operation.delivery_key),
        ("effect_key", &operation.effect_key),
    ] {
        text.push_str(&message_key(name, key, &operation.request));
    }
    text.push_str("}\n");
    text
}

/// What is said of every operation, then what is said of some.
fn facts(api: &Api, operation: &Operation) -> Vec<(&'static str, String)> {
    let retry_policy = &operation.retry_policy;
    let mut facts = vec![
        ("name", literal(&operation.name)),
        ("path_fragment", literal(&operation.path_fragment)),
        ("action", literal(&operation.action)),
        ("summary", literal(&operation.summary)),
        ("direction", format!("Direction::{:?}", operation.direction)),
        ("mode", format!("Mode::{:?}", operation.mode)),
        ("effect", format!("Effect::{:?}", operation.effect)),
        ("retry", format!("Retry::{:?}", retry_policy.policy)),
        ("header", "&crate::HEADER".to_owned()),
    ];
    let constants: Vec<_> = operation
        .constants
        .iter()
        .map(|(wire, value)| format!("({}, {})", literal(wire), literal(value)))
        .collect();
    if !constants.is_empty() {
        facts.push(("constants", format!("&[{}]", constants.join(", "))));
    }
    if let Some(asked) = &retry_policy.status_query {
        facts.push(("status_query", format!("Some({})", literal(asked))));
    }
    if let Some(seconds) = retry_policy.status_query_delay {
        facts.push(("status_query_delay", format!("Some({seconds})")));
    }
    facts.push(("code_required", operation.code_required.to_string()));
    if let Some(range) = operation.partner_codes {
        facts.push(("partner_codes", format!("Some({range:?})")));
    }
    let personal = personal_fields(api, operation);
    if !personal.is_empty() {
        let personal: Vec<_> = personal.into_iter().map(literal).collect();
        facts.push(("personal_data", format!("&[{}]", personal.join(", "))));
    }
    let (request, response) = examples(operation);
    facts.push(("request_example", raw(request)));
    facts.push(("response_example", raw(response)));
    facts
}

/// The fields of the key by which a message is recognized, where it has one.
fn message_key(name: &str, key: &[String], request: &Message) -> String {
    let fields: Option<Vec<_>> = key
        .iter()
        .map(|wire| {
            let mut fields = request.fields.iter();
            let field = fields.find(|field| field.wire == *wire)?;
            Some(format!("{} {}", literal(wire), field.rust))
        })
        .collect();
    match fields {
        Some(fields) if !fields.is_empty() => {
            format!("    {name} {{ {} }};\n", fields.join(", "))
        }
        _ => String::new(),
    }
}

/// The first examples of a request and of an answer that accepts it.
fn examples(operation: &Operation) -> (&str, &str) {
    let code = operation.response.fields.iter();
    let mut code = code.filter(|field| field.envelope == Some(EnvelopeField::Code));
    let code = code.next().map(|field| field.wire.as_str());
    let accepts = |example: &&Example| {
        let given = code.and_then(|name| example.value.get(name)?.as_str());
        given.is_none_or(|given| {
            let mut codes = operation.codes.iter();
            codes.any(|code| code.code == given && code.outcome == Outcome::Accepted)
        })
    };
    let request = operation.request_examples.first();
    let response = operation.response_examples.iter().find(accepts);
    (
        request.map_or("", |example| &example.json),
        response.map_or("", |example| &example.json),
    )
}

/// A text as Rust spells it, without escapes where it holds quotes.
fn raw(text: &str) -> String {
    if !text.contains('"') {
        return literal(text);
    }
    let hashes = "#".repeat(example::hashes_behind_quotes(text) + 1);
    format!("r{hashes}\"{text}\"{hashes}")
}

/// The invocation for a response.
pub(super) fn response(operation: &Operation) -> String {
    let fields = &operation.response.fields;
    let code = fields
        .iter()
        .find(|field| field.envelope == Some(EnvelopeField::Code));
    let table = match code.map(|field| &field.ty) {
        Some(Type::Codes(table)) => table,
        _ => "String",
    };
    let mut text = format!(
        "skypay_runtime::response!({}: {table} {{\n",
        operation.response.name
    );
    for field in fields {
        let role = match field.envelope {
            Some(EnvelopeField::Time) => "time",
            Some(EnvelopeField::Code) => "code",
            Some(EnvelopeField::Description) => "description",
            None => continue,
        };
        let always = if field.stamped { " always" } else { "" };
        text.push_str(&format!("    {role} {}{always},\n", field.rust));
    }
    text.push_str("});\n");
    text
}

/// The names of all fields of an operation that hold personal data, in whichever
/// of its messages.
fn personal_fields<'a>(api: &'a Api, operation: &'a Operation) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut messages = vec![&operation.request, &operation.response];
    while let Some(message) = messages.pop() {
        if seen.insert(message.name.as_str()) {
            messages.extend(add_personal_fields(api, message, &mut names));
        }
    }
    names
}

/// Adds those of the message itself, and returns the objects inside it.
fn add_personal_fields<'a>(
    api: &'a Api,
    message: &'a Message,
    names: &mut BTreeSet<&'a str>,
) -> Vec<&'a Message> {
    let mut inside = Vec::new();
    for field in &message.fields {
        let item = match &field.ty {
            Type::List(item) => item,
            other => other,
        };
        let personal = match item {
            Type::PersonName => true,
            Type::Newtype(name) => {
                let mut all = api.newtypes.iter();
                field.sensitive || all.any(|known| known.name == *name && known.sensitive)
            }
            Type::Object(name) => {
                let row = api.objects.binary_search_by(|row| row.name.cmp(name));
                inside.extend(row.ok().and_then(|place| api.objects.get(place)));
                field.sensitive
            }
            _ => field.sensitive,
        };
        if personal {
            names.insert(&field.wire);
        }
    }
    inside
}
