//! Renders a message as a table of its fields, with its conditions.

use super::links::{anchor, target};
use super::value::{code_link, quoted, table_of, value};
use super::{Page, columns, listed, markdown, section};
use codegen::model::{Api, Field, Message, Part, Presence, Rule, Type};
use maud::{Markup, html};

/// A field and its path in the message.
pub(super) struct Row<'a> {
    /// Its anchor on the page.
    pub(super) anchor: String,
    /// The names of the containing fields.
    path: String,
    /// The number of containing objects and lists.
    depth: usize,
    /// The field.
    pub(super) field: &'a Field,
    /// The nested object of the field, or of its items.
    object: Option<&'a Message>,
}

impl Row<'_> {
    /// Returns the conditions of the nested object.
    pub(super) fn rules(&self) -> &[Rule] {
        self.object.map_or(&[], |object| &object.rules)
    }
}

/// The fields of a message; those of a nested object follow the field that contains
/// it.
pub(super) fn rows<'a>(api: &'a Api, message: &'a Message) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let names = vec![message.name.as_str()];
    add_rows(api, message, &names, "", &mut rows);
    rows
}

fn add_rows<'a>(
    api: &'a Api,
    message: &'a Message,
    names: &[&'a str],
    prefix: &str,
    rows: &mut Vec<Row<'a>>,
) {
    for field in message.wire_fields() {
        let mut names = names.to_vec();
        names.push(&field.wire);
        let (inner, dots) = match &field.ty {
            Type::List(item) => (&**item, "[]."),
            ty => (ty, "."),
        };
        let object = match inner {
            Type::Object(name) => api.objects.iter().find(|row| row.name == *name),
            _ => None,
        };
        rows.push(Row {
            anchor: anchor(&names),
            path: prefix.to_owned(),
            depth: names.len() - 2,
            field,
            object,
        });
        if let Some(row) = object {
            let prefix = format!("{prefix}{}{dots}", field.wire);
            add_rows(api, row, &names, &prefix, rows);
        }
    }
}

impl Page<'_> {
    /// Renders a heading, the fields, and the conditions between them.
    pub(super) fn message(&self, title: &str, message: &Message) -> Markup {
        let anchor = anchor(&[&message.name]);
        let (shared, own): (Vec<_>, Vec<_>) = rows(self.api, message)
            .into_iter()
            .partition(|row| row.depth == 0 && self.is_shared(message.part, row.field));
        html! {
            h4 id=(anchor) {
                (title) " " code { (message.name) } (self.badges.badge(&anchor))
            }
            (markdown::blocks(&self.links, &message.doc, 5))
            table.fields {
                (columns(&["Field", "Value", "What it is"]))
                tbody {
                    (self.shared_row(&shared))
                    @for row in &own { (self.field(row)) }
                }
            }
            @for rule in &message.rules {
                (self.rule(message, &message.name, rule))
            }
            @for row in rows(self.api, message) {
                @for rule in row.rules() {
                    (self.rule(row.object.unwrap_or(message), &row.anchor, rule))
                }
            }
        }
    }

    /// Renders the fields that the transport writes into nearly every message, once
    /// each.
    pub(super) fn shared_fields(&self) -> Markup {
        html! {
            h3 { "Fields of nearly every message" }
            p {
                "The generated client and servers write these; the tables of the messages only \
                 name them."
            }
            table.fields {
                (columns(&["Field", "Value", "What it is"]))
                tbody {
                    @for part in [Part::Request, Part::Response] {
                        @for field in self.shared(part) { (self.shared_field(part, field)) }
                    }
                }
            }
        }
    }

    /// Renders a field whose value can differ between messages.
    fn shared_field(&self, part: Part, field: &Field) -> Markup {
        let field = &Field {
            constant: None,
            example: field.example.clone().filter(|_| field.constant.is_none()),
            ..field.clone()
        };
        self.field(&Row {
            anchor: shared_anchor(part, field),
            path: String::new(),
            depth: 0,
            field,
            object: None,
        })
    }

    fn shared(&self, part: Part) -> &[&Field] {
        match part {
            Part::Request => &self.shared_of_requests,
            Part::Response => &self.shared_of_responses,
            Part::Object => &[],
        }
    }

    fn is_shared(&self, part: Part, field: &Field) -> bool {
        let mut shared = self.shared(part).iter();
        shared.any(|known| is_same(known, field))
    }

    /// Renders one row for all fields that are described once.
    fn shared_row(&self, rows: &[Row<'_>]) -> Markup {
        let fields = rows.iter().map(|row| {
            html! {
                code id=(row.anchor) { (row.field.wire) }
                @if let Some(constant) = &row.field.constant {
                    " always " code { (quoted(constant)) }
                }
                @if row.field.presence != Presence::Always { " (optional)" }
                (self.badges.badge(&row.anchor))
            }
        });
        html! {
            @if !rows.is_empty() {
                tr {
                    th scope="row" { "By the transport" }
                    td colspan="2" {
                        (listed(fields)) ": "
                        a href=(target(section::WIRE)) { "explained once" }
                    }
                }
                "\n"
            }
        }
    }

    fn field(&self, row: &Row<'_>) -> Markup {
        let field = row.field;
        html! {
            tr id=(row.anchor) class=[(row.depth > 0).then_some("inner")] {
                th scope="row" {
                    @if !row.path.is_empty() { small { (row.path) } wbr; }
                    code { (field.wire) }
                    (self.badges.badge(&row.anchor))
                    (presence(field))
                }
                td { (value(self.api, field)) }
                td {
                    (self.about(field))
                    @if let Some(object) = row.object {
                        span.more {
                            code { (object.name) } ": "
                            (markdown::inline(&self.links, &object.doc))
                        }
                    }
                }
            }
            "\n"
        }
    }

    /// Renders the description of a field.
    fn about(&self, field: &Field) -> Markup {
        let example = field.example.as_deref();
        html! {
            (markdown::inline(&self.links, &field.description))
            @match example.filter(|_| field.constant.is_none()) {
                None => {}
                Some("") => span.more { "May be empty." }
                Some(example) => span.more { "Example: " code { (example) } }
            }
            @if !field.aliases.is_empty() {
                span.more { "Also read as: " (names(&field.aliases)) }
            }
            @if !field.applies_to.is_empty() {
                span.more { "For: " (field.applies_to.join(", ")) }
            }
            @if field.accepts_plain { span.more { "Items may also come as plain texts." } }
        }
    }

    /// Renders a condition between fields.
    fn rule(&self, message: &Message, around: &str, rule: &Rule) -> Markup {
        let anchor = rule_anchor(around, rule);
        let lists = [
            (&rule.require, "must be there: "),
            (&rule.forbid, "must be absent: "),
        ];
        html! {
            div.rule id=(anchor) {
                p { b { (self.when(message, rule)) } (self.badges.badge(&anchor)) }
                ul {
                    @for (fields, text) in lists {
                        @if !fields.is_empty() { li { (text) (names(fields)) } }
                    }
                    @for (field, pattern) in &rule.matches {
                        li { code { (field) } " must match " code { (pattern) } }
                    }
                }
                p { (markdown::inline(&self.links, &rule.reason)) }
            }
        }
    }

    /// Renders when a condition applies.
    fn when(&self, message: &Message, rule: &Rule) -> Markup {
        let Some((field, values)) = &rule.when else {
            return html! { "Always" };
        };
        let mut fields = message.wire_fields();
        let table = fields.find(|known| known.wire == *field);
        let table = table.and_then(|field| table_of(self.api, &field.ty));
        html! {
            "When " code { (field) } " is "
            @for (position, value) in values.iter().enumerate() {
                (separator(position, values.len()))
                (code_link(table, value))
            }
        }
    }
}

/// The fields that the transport writes into most messages of a kind, with the same
/// description, which is shown once.
pub(super) fn shared(api: &Api, part: Part) -> Vec<&Field> {
    let messages = api.operations.iter().map(|operation| match part {
        Part::Request => &operation.request,
        _ => &operation.response,
    });
    let fields = messages.flat_map(Message::wire_fields);
    let fields: Vec<_> = fields.filter(|field| field.by_transport).collect();
    let mut shared: Vec<&Field> = Vec::new();
    for field in &fields {
        let alike = fields.iter().filter(|other| is_same(other, field)).count();
        let known = shared.iter().any(|known| is_same(known, field));
        if !known && alike * 2 > api.operations.len() {
            shared.push(field);
        }
    }
    shared
}

/// Whether two fields are described alike; constants are described separately.
fn is_same(a: &Field, b: &Field) -> bool {
    a.by_transport == b.by_transport
        && (&a.wire, &a.description, &a.ty, &a.limits)
            == (&b.wire, &b.description, &b.ty, &b.limits)
}

/// The anchor of a condition, from the anchor of its message or field.
pub(super) fn rule_anchor(around: &str, rule: &Rule) -> String {
    format!("{around}.{}", anchor(&[&rule.id]))
}

fn shared_anchor(part: Part, field: &Field) -> String {
    let part = match part {
        Part::Request => "request",
        _ => "response",
    };
    anchor(&[part, &field.wire])
}

/// Renders when a field is present, by whom it is written, and whether it is
/// sensitive.
fn presence(field: &Field) -> Markup {
    let (class, word) = match field.presence {
        Presence::Always => ("tag must", "required"),
        Presence::OnSuccess => ("tag must", "on success"),
        Presence::Optional => ("tag", "optional"),
    };
    html! {
        span class=(class) { (word) }
        @if field.by_transport { span.tag { "by the transport" } }
        @if field.sensitive { span.tag.secret { "sensitive" } }
        @if field.deprecated { span.tag { "deprecated" } }
    }
}

fn names(names: &[String]) -> Markup {
    listed(names.iter().map(|name| html! { code { (name) } }))
}

/// The separator before an item of a list of alternatives.
fn separator(position: usize, count: usize) -> &'static str {
    match position {
        0 => "",
        last if last + 1 == count => " or ",
        _ => ", ",
    }
}
