//! Messages, their fields, and the types that the fields have.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::{Lowering, RULE};
use crate::document::{Entry, Node, Value};
use crate::model::{
    Encoding, EnvelopeField, Field, FieldDocs, Limits, Message, MessageDocs, Part, Presence, Rule,
    Type,
};
use crate::prose;
use crate::schema::{Schema, component, integer_type, number_text};

impl<'d> Lowering<'d> {
    pub(super) fn message(&mut self, schema: Schema<'d>, part: Part, enforced: bool) -> Message {
        let (name, node) = schema.component.unwrap_or(("", schema.own));
        let required = required_names(schema);
        let mut fields = Vec::new();
        let mut transport_fields = Vec::new();
        for Entry {
            key: wire,
            node: property,
            ..
        } in schema.properties()
        {
            let resolved = Schema::resolve(self.root, property);
            let written_by_transport = resolved.flag("x-skypay-transport");
            if resolved.flag("x-skypay-constant") || (written_by_transport && part == Part::Request)
            {
                transport_fields.push(wire.to_owned());
                continue;
            }
            let required = required.contains(wire);
            if let Some(field) = self.field(wire, resolved, required, enforced) {
                fields.push(field);
            }
        }
        Message {
            name: name.to_owned(),
            doc: self.text(node, &["description"]),
            part,
            rules: if enforced {
                self.rules(node)
            } else {
                Vec::new()
            },
            fields,
            transport_fields,
            accepts_plain: node.text_of("x-skypay-accepts-plain").map(str::to_owned),
            docs: self.docs(schema, node, &required),
        }
    }

    /// What readers are shown of a message.
    fn docs(
        &mut self,
        schema: Schema<'d>,
        node: &'d Node,
        required: &BTreeSet<String>,
    ) -> MessageDocs {
        let mut fields = Vec::new();
        for Entry {
            key: wire,
            node: property,
            ..
        } in schema.properties()
        {
            let resolved = Schema::resolve(self.root, property);
            fields.extend(self.field_docs(wire, resolved, required.contains(wire)));
        }
        MessageDocs {
            pointer: node.location.pointer.clone(),
            fields,
            rules: self.rules(node),
        }
    }

    fn field_docs(&mut self, wire: &str, schema: Schema<'d>, required: bool) -> Option<FieldDocs> {
        let (ty, encoding) = self.ty(schema, false)?;
        let text = |key| schema.text(key).map(|text| text.trim_end().to_owned());
        let items = schema
            .get("items")
            .map(|items| Schema::resolve(self.root, items));
        let places = [Some(schema), items].into_iter().flatten();
        let pointers = places.flat_map(|location| {
            let component = location.component.map(|(_, node)| node);
            [Some(location.own), component].into_iter().flatten()
        });
        Some(FieldDocs {
            wire: wire.to_owned(),
            description: text("description").unwrap_or_default(),
            encoding,
            presence: match required {
                true => Presence::Always,
                false if schema.flag("x-skypay-on-success") => Presence::OnSuccess,
                false => Presence::Optional,
            },
            by_transport: schema.flag("x-skypay-transport") || schema.flag("x-skypay-constant"),
            constant: only_value(schema),
            limits: self.limits(schema, &ty, true),
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
            deprecated: schema.flag("deprecated"),
            pointers: pointers.map(|node| node.location.pointer.clone()).collect(),
            ty,
        })
    }

    fn field(
        &mut self,
        wire: &str,
        schema: Schema<'d>,
        required: bool,
        enforced: bool,
    ) -> Option<Field> {
        let (ty, encoding) = self.ty(schema, enforced)?;
        let envelope = envelope_role(&ty, schema);
        let always = required || schema.flag("x-skypay-on-success");
        let masks_itself = match &ty {
            Type::PersonName => true,
            Type::Newtype(name) => {
                component(self.root, name).is_some_and(|node| node.flag("x-skypay-sensitive"))
            }
            _ => false,
        };
        let required_here = always && envelope.is_none();
        Some(Field {
            wire: wire.to_owned(),
            rust: rust_name(wire, schema),
            doc: field_doc(wire, schema),
            required: required_here,
            sensitive: schema.flag("x-skypay-sensitive") && !masks_itself,
            encoding,
            limits: self.limits(schema, &ty, enforced),
            aliases: schema.own.texts_of("x-skypay-aliases"),
            stamped: required && envelope.is_some(),
            received: match (&ty, envelope) {
                (Type::List(item), _) => !enforced && matches!(**item, Type::Object(_)),
                // What an answer says of the outcome is read or refused.
                (Type::Object(_), _) | (_, Some(EnvelopeField::Code)) => false,
                (_, envelope) => !required_here && (!enforced || envelope.is_some()),
            },
            envelope,
            deprecated: schema.flag("deprecated"),
            ty,
        })
    }

    /// The envelope field that a property of a response is.
    pub(super) fn envelope_field(
        &mut self,
        response: Schema<'d>,
        wire: &str,
    ) -> Option<EnvelopeField> {
        let mut properties = response.properties().iter();
        let property = properties.find(|property| property.key == wire)?;
        let schema = Schema::resolve(self.root, &property.node);
        let (ty, _) = self.ty(schema, false)?;
        envelope_role(&ty, schema)
    }

    fn ty(&mut self, schema: Schema<'d>, enforced: bool) -> Option<(Type, Encoding)> {
        let native = |ty| Some((ty, Encoding::Native));
        if schema.get("x-skypay-codes").is_some() {
            return native(Type::Codes(schema.component_name()?.to_owned()));
        }
        match (schema.text("type"), schema.text("x-skypay-type")) {
            (Some("string"), Some("person-name")) => native(Type::PersonName),
            (Some("string"), Some("amount")) => native(Type::Amount),
            (Some("number"), Some("amount")) => Some((Type::Amount, Encoding::AsNumber)),
            (Some("string"), Some("date")) => native(Type::Date),
            (Some("string"), Some("date-time")) => native(Type::DateTime),
            (Some("string"), Some("date-time-fraction")) => {
                Some((Type::DateTime, Encoding::WithFraction))
            }
            (Some("string"), Some("integer")) => Some((Type::Integer("u32"), Encoding::AsText)),
            (Some("string"), None) if schema.flag("x-skypay-newtype") => {
                native(Type::Newtype(schema.component_name()?.to_owned()))
            }
            (Some("string"), None) => native(Type::Text),
            (Some("integer"), None) => native(Type::Integer(integer_type(schema))),
            (Some("boolean"), None) => native(Type::Boolean),
            (Some("object"), None) => {
                let name = schema.component_name()?;
                let known = self.objects.get(name).copied();
                if known.is_none_or(|known| enforced && !known) {
                    self.objects.insert(name, enforced);
                    self.pending.push(name);
                }
                native(Type::Object(name.to_owned()))
            }
            (Some("array"), None) => {
                let items = Schema::resolve(self.root, schema.get("items")?);
                let (item, encoding) = self.ty(items, enforced)?;
                Some((Type::List(Box::new(item)), encoding))
            }
            (ty, meaning) => {
                let message = format!(
                    "there is no Rust type for `type: {}` with `x-skypay-type: {}`",
                    ty.unwrap_or("(none)"),
                    meaning.unwrap_or("(none)")
                );
                self.reporter.add(RULE, &schema.own.location, message);
                None
            }
        }
    }

    fn limits(&mut self, schema: Schema<'d>, ty: &Type, enforced: bool) -> Limits {
        if !enforced {
            return Limits::default();
        }
        if let Type::List(item) = ty {
            let items = schema.get("items").unwrap_or(schema.own);
            return Limits {
                min_items: count(schema, "minItems"),
                max_items: count(schema, "maxItems"),
                ..self.limits(Schema::resolve(self.root, items), item, enforced)
            };
        }
        Limits {
            min_length: count(schema, "minLength"),
            max_length: count(schema, "maxLength"),
            pattern: schema.text("pattern").map(str::to_owned),
            minimum: number_text(schema, "x-skypay-minimum")
                .or_else(|| number_text(schema, "minimum")),
            maximum: number_text(schema, "maximum"),
            one_of: if matches!(ty, Type::Codes(_)) {
                sendable(schema)
            } else {
                Vec::new()
            },
            min_items: None,
            max_items: None,
            enforced: true,
        }
    }

    fn rules(&mut self, message: &'d Node) -> Vec<Rule> {
        let rules = message.items_of("x-skypay-rules");
        let mut lowered = Vec::new();
        for node in rules {
            let when = node.get("when");
            lowered.push(Rule {
                id: self.text(node, &["id"]),
                when: when.map(|when| (self.text(when, &["field"]), when.texts_of("in"))),
                require: node.texts_of("require"),
                forbid: node.texts_of("forbid"),
                matches: node
                    .entries_of("match")
                    .iter()
                    .filter_map(|entry| Some((entry.key.clone(), entry.node.text()?.to_owned())))
                    .collect(),
                reason: self.text(node, &["reason"]),
                pointer: node.location.pointer.clone(),
            });
        }
        lowered
    }

    /// The objects inside messages; lowering one may find more, or that the
    /// limits of one are enforced after all.
    pub(super) fn objects(&mut self) -> Vec<Message> {
        let mut objects = BTreeMap::new();
        while let Some(name) = self.pending.pop() {
            let Some(node) = component(self.root, name) else {
                continue;
            };
            let schema = Schema {
                root: self.root,
                own: node,
                component: Some((name, node)),
            };
            let enforced = self.objects.get(name).copied().unwrap_or_default();
            objects.insert(name, self.message(schema, Part::Object, enforced));
        }
        objects.into_values().collect()
    }
}

fn envelope_role(ty: &Type, schema: Schema<'_>) -> Option<EnvelopeField> {
    if !schema.flag("x-skypay-transport") {
        return None;
    }
    match ty {
        Type::DateTime => Some(EnvelopeField::Time),
        Type::Codes(_) => Some(EnvelopeField::Code),
        _ => Some(EnvelopeField::Description),
    }
}

pub(super) fn required_names(message: Schema<'_>) -> BTreeSet<String> {
    message
        .component
        .map(|(_, node)| node.texts_of("required"))
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// The value of an `enum` with one value.
pub(super) fn only_value(schema: Schema<'_>) -> Option<String> {
    match schema.get("enum")?.items() {
        [only] => only.text().map(str::to_owned),
        _ => None,
    }
}

pub(super) fn rust_name(wire: &str, schema: Schema<'_>) -> String {
    schema
        .own
        .text_of("x-skypay-rust-name")
        .map_or_else(|| wire.to_snake_case(), str::to_owned)
}

pub(super) fn count(schema: Schema<'_>, key: &str) -> Option<u32> {
    number_text(schema, key)?.parse().ok()
}

/// The codes that may be sent: those that the place of use picks, or all of
/// the table but the ones that are only read.
fn sendable(schema: Schema<'_>) -> Vec<String> {
    let picked = schema.own.texts_of("enum");
    if !picked.is_empty() && schema.component.is_some() {
        return picked;
    }
    schema
        .items_of("x-skypay-codes")
        .iter()
        .filter(|code| !code.flag("readOnly"))
        .filter_map(|code| code.text_of("value"))
        .map(str::to_owned)
        .collect()
}

/// The description, and one line with what the wire says of the field.
fn field_doc(wire: &str, schema: Schema<'_>) -> String {
    let mut line = format!("On the wire: {}", prose::code(wire));
    match (count(schema, "minLength"), count(schema, "maxLength")) {
        (Some(least), Some(most)) if least == most => {
            line.push_str(&format!(", {most} characters"));
        }
        (Some(least), Some(most)) => line.push_str(&format!(", {least} to {most} characters")),
        (None, Some(most)) => line.push_str(&format!(", at most {most} characters")),
        _ => {}
    }
    if let Some(unit) = schema.text("x-skypay-unit") {
        line.push_str(&format!(", in {}", prose::inline(unit)));
    }
    let kinds = schema.items_of("x-skypay-applies-to");
    let kinds: Vec<_> = kinds.iter().filter_map(Node::text).collect();
    if !kinds.is_empty() {
        line.push_str(&format!(", for: {}", prose::inline(&kinds.join(", "))));
    }
    match schema.get("example").map(|node| &node.value) {
        Some(Value::Text(text)) if text.is_empty() => line.push_str("; may be empty"),
        Some(Value::Text(text) | Value::Number(text)) => {
            line.push_str(&format!("; for example {}", prose::code(text)));
        }
        _ => {}
    }
    let description = prose::blocks(schema.text("description").unwrap_or_default());
    format!("{description}\n\n{line}.")
}
