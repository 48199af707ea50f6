//! Messages, their fields and the field types.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use super::{optional, pointer, text, texts};
use crate::document::{Node, Value};
use crate::model::{
    Encoding, EnvelopeField, Field, Limits, Message, Operation, Part, Presence, Rule, Type,
};
use crate::schema::{Schema, component, integer_type, number_text};

/// Builds a message, whose constraints are validated if the generated code sends
/// it.
pub(super) fn message(schema: Schema<'_>, part: Part, checked: bool) -> Message {
    let (name, node) = schema.component.unwrap_or(("", schema.own));
    let mut fields = Vec::new();
    let mut transport_fields = Vec::new();
    for (entry, resolved) in schema.fields() {
        let required = schema.requires(&entry.key);
        let field = field(&entry.key, resolved, required, checked);
        let is_written = field.by_transport && part == Part::Request;
        if is_written || resolved.flag("x-skypay-constant") {
            transport_fields.push(field);
        } else {
            fields.push(field);
        }
    }
    Message {
        name: name.to_owned(),
        doc: text(node, "description"),
        part,
        pointer: pointer(node),
        fields,
        transport_fields,
        checked,
        rules: node.items_of("x-skypay-rules").iter().map(rule).collect(),
        accepts_plain: optional(node, "x-skypay-accepts-plain"),
    }
}

/// Builds the nested objects. Their constraints are validated if those of any
/// containing message are.
pub(super) fn objects(root: &Node, operations: &[Operation]) -> Vec<Message> {
    let mut objects = BTreeMap::<String, Message>::new();
    let messages = operations
        .iter()
        .flat_map(|one| [&one.request, &one.response]);
    let mut pending: Vec<_> = messages.flat_map(inside).collect();
    while let Some((name, checked)) = pending.pop() {
        let known = objects.get(&name);
        if known.is_some_and(|known| known.checked || !checked) {
            continue;
        }
        if let Some(node) = component(root, &name) {
            let schema = Schema {
                root,
                own: node,
                component: Some((&name, node)),
            };
            let object = message(schema, Part::Object, checked);
            pending.extend(inside(&object));
            objects.insert(name, object);
        }
    }
    objects.into_values().collect()
}

/// The objects in a message, and whether their constraints are validated.
fn inside(message: &Message) -> Vec<(String, bool)> {
    let types = message.fields.iter().map(|field| field.ty.item());
    types
        .filter_map(|ty| match ty {
            Type::Object(name) => Some((name.clone(), message.checked)),
            _ => None,
        })
        .collect()
}

fn field(wire: &str, schema: Schema<'_>, required: bool, checked: bool) -> Field {
    let (ty, encoding) = ty(schema);
    let by_transport = schema.flag("x-skypay-transport");
    let envelope = by_transport.then_some(match ty {
        Type::DateTime => EnvelopeField::Time,
        Type::Codes(_) => EnvelopeField::Code,
        _ => EnvelopeField::Description,
    });
    let presence = match required {
        true => Presence::Always,
        false if schema.flag("x-skypay-on-success") => Presence::OnSuccess,
        false => Presence::Optional,
    };
    let is_required = presence != Presence::Optional && envelope.is_none();
    let text = |key| schema.text(key).map(|text| text.trim_end().to_owned());
    let items = schema.items();
    let pointers = [Some(schema), items]
        .into_iter()
        .flatten()
        .flat_map(|place| {
            let component = place.component.map(|(_, node)| node);
            [Some(place.own), component].into_iter().flatten()
        });
    Field {
        wire: wire.to_owned(),
        rust: rust_name(wire, schema),
        description: text("description").unwrap_or_default(),
        presence,
        required: is_required,
        by_transport: by_transport || schema.flag("x-skypay-constant"),
        constant: schema.only_value().map(str::to_owned),
        limits: limits(schema, &ty),
        checked,
        picked: match schema.component {
            Some(_) => schema.own.texts_of("enum"),
            None => Vec::new(),
        },
        unit: text("x-skypay-unit"),
        sensitive: schema.flag("x-skypay-sensitive"),
        aliases: schema.own.texts_of("x-skypay-aliases"),
        applies_to: schema.own.texts_of("x-skypay-applies-to"),
        example: match schema.get("example").map(|node| &node.value) {
            Some(Value::Text(text) | Value::Number(text)) => Some(text.clone()),
            Some(Value::Bool(flag)) => Some(flag.to_string()),
            _ => None,
        },
        accepts_plain: items.is_some_and(|items| items.get("x-skypay-accepts-plain").is_some()),
        received: match (&ty, envelope) {
            (Type::List(item), _) => !checked && matches!(**item, Type::Object(_)),
            // The outcome in a response is parsed strictly.
            (Type::Object(_), _) | (_, Some(EnvelopeField::Code)) => false,
            (_, envelope) => !is_required && (!checked || envelope.is_some()),
        },
        envelope,
        deprecated: schema.flag("deprecated"),
        pointers: pointers.map(pointer).collect(),
        ty,
        encoding,
    }
}

fn ty(schema: Schema<'_>) -> (Type, Encoding) {
    let name = schema.component_name().unwrap_or_default().to_owned();
    if schema.get("x-skypay-codes").is_some() {
        return (Type::Codes(name), Encoding::Native);
    }
    let ty = match (schema.text("type"), schema.text("x-skypay-type")) {
        (Some("array"), _) => {
            let items = schema.items().map(ty);
            let (item, encoding) = items.unwrap_or((Type::Text, Encoding::Native));
            return (Type::List(Box::new(item)), encoding);
        }
        (Some("number"), _) => return (Type::Amount, Encoding::AsNumber),
        (_, Some("integer")) => return (Type::Integer("u32"), Encoding::AsText),
        (_, Some("date-time-fraction")) => return (Type::DateTime, Encoding::WithFraction),
        (_, Some("amount")) => Type::Amount,
        (_, Some("date")) => Type::Date,
        (_, Some("date-time")) => Type::DateTime,
        (_, Some("person-name")) => Type::PersonName,
        (Some("integer"), _) => Type::Integer(integer_type(schema)),
        (Some("boolean"), _) => Type::Boolean,
        (Some("object"), _) => Type::Object(name),
        _ if schema.flag("x-skypay-newtype") => Type::Newtype(name),
        _ => Type::Text,
    };
    (ty, Encoding::Native)
}

fn limits(schema: Schema<'_>, ty: &Type) -> Limits {
    let count = |key| number_text(schema, key)?.parse().ok();
    if let (Type::List(item), Some(items)) = (ty, schema.items()) {
        return Limits {
            min_items: count("minItems"),
            max_items: count("maxItems"),
            ..limits(items, item)
        };
    }
    Limits {
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: schema.text("pattern").map(str::to_owned),
        minimum: number_text(schema, "x-skypay-minimum").or_else(|| number_text(schema, "minimum")),
        maximum: number_text(schema, "maximum"),
        one_of: sendable(schema),
        min_items: None,
        max_items: None,
    }
}

/// The codes that can be sent: those selected at the place of use, or all of the
/// table except read-only ones.
fn sendable(schema: Schema<'_>) -> Vec<String> {
    let picked = schema.own.texts_of("enum");
    if !picked.is_empty() && schema.component.is_some() {
        return picked;
    }
    let codes = schema.codes().iter().filter(|code| !code.flag("readOnly"));
    codes.map(|code| text(code, "value")).collect()
}

fn rule(node: &Node) -> Rule {
    Rule {
        id: text(node, "id"),
        when: node
            .get("when")
            .map(|when| (text(when, "field"), when.texts_of("in"))),
        require: node.texts_of("require"),
        forbid: node.texts_of("forbid"),
        matches: texts(node.entries_of("match")),
        reason: text(node, "reason"),
        pointer: pointer(node),
    }
}

/// The name of the Rust field.
pub(super) fn rust_name(wire: &str, schema: Schema<'_>) -> String {
    let given = schema.own.text_of("x-skypay-rust-name");
    given.map_or_else(|| wire.to_snake_case(), str::to_owned)
}
