//! A message as a table of its fields, and its conditions in words.

use super::html::Html;
use super::links::{anchor, target};
use super::value::{code_link, quoted, table_of, value};
use super::{Page, columns, markdown, section};
use codegen::model::{Api, FieldReference, Message, Part, Presence, Reference, Rule, Type};

/// A field and where it stands in the message.
pub(super) struct Row<'a> {
    /// Its anchor on the page.
    pub(super) anchor: String,
    /// The names of what it is inside of.
    path: String,
    /// How many objects and lists it is inside of.
    depth: usize,
    /// The field.
    pub(super) field: &'a FieldReference,
    /// What it holds one or several of.
    object: Option<&'a Message>,
}

impl Row<'_> {
    /// The conditions between the fields of what it holds.
    pub(super) fn rules(&self) -> &[Rule] {
        self.object.map_or(&[], |object| &object.reference.rules)
    }
}

/// The fields of a message, those of the objects inside it behind the field
/// that holds them.
pub(super) fn rows<'a>(api: &'a Api, message: &'a Message) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let names = vec![message.name.as_str()];
    add_rows(api, &message.reference, &names, "", &mut rows);
    rows
}

fn add_rows<'a>(
    api: &'a Api,
    reference: &'a Reference,
    names: &[&'a str],
    prefix: &str,
    rows: &mut Vec<Row<'a>>,
) {
    for field in &reference.fields {
        let mut names = names.to_vec();
        names.push(&field.wire);
        let (inner, dots) = match &field.ty {
            Type::List(item) => (&**item, "[]."),
            ty => (ty, "."),
        };
        let object = match inner {
            Type::Row(name) => api.rows.iter().find(|row| row.name == *name),
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
            add_rows(api, &row.reference, &names, &prefix, rows);
        }
    }
}

impl Page<'_> {
    /// A heading, the fields, and the conditions between them.
    pub(super) fn message(&self, html: &mut Html, title: &str, message: &Message) {
        let anchor = anchor(&[&message.name]);
        html.element("h4", &[("id", &anchor)], |html| {
            html.text(title);
            html.text(" ");
            html.leaf("code", &[], &message.name);
            self.marks.badge(html, &anchor);
        });
        markdown::write(html, &self.links, &message.doc, 5);
        html.element("table", &[("class", "fields")], |html| {
            columns(html, &["Field", "Value", "What it is"]);
            html.element("tbody", &[], |html| {
                let (shared, own): (Vec<_>, Vec<_>) = rows(self.api, message)
                    .into_iter()
                    .partition(|row| row.depth == 0 && self.is_shared(message.part, row.field));
                self.shared_row(html, &shared);
                for row in own {
                    self.field(html, &row);
                }
            });
        });
        for rule in &message.reference.rules {
            self.rule(html, message, &message.name, rule);
        }
        for row in rows(self.api, message) {
            for rule in row.rules() {
                self.rule(html, row.object.unwrap_or(message), &row.anchor, rule);
            }
        }
    }

    /// The fields that the transport writes into nearly every message, each
    /// once.
    pub(super) fn shared_fields(&self, html: &mut Html) {
        html.leaf("h3", &[], "Fields of nearly every message");
        let text = "The generated client and servers write these; the tables of the messages only \
                    name them.";
        html.leaf("p", &[], text);
        html.element("table", &[("class", "fields")], |html| {
            columns(html, &["Field", "Value", "What it is"]);
            html.element("tbody", &[], |html| {
                for part in [Part::Request, Part::Response] {
                    for &field in self.shared(part) {
                        // Its value may differ from message to message.
                        let field = &FieldReference {
                            constant: None,
                            example: field.example.clone().filter(|_| field.constant.is_none()),
                            ..field.clone()
                        };
                        self.field(
                            html,
                            &Row {
                                anchor: shared_anchor(part, field),
                                path: String::new(),
                                depth: 0,
                                field,
                                object: None,
                            },
                        );
                    }
                }
            });
        });
    }

    fn shared(&self, part: Part) -> &[&FieldReference] {
        match part {
            Part::Request => &self.shared_of_requests,
            Part::Response => &self.shared_of_responses,
            Part::Row => &[],
        }
    }

    fn is_shared(&self, part: Part, field: &FieldReference) -> bool {
        let mut shared = self.shared(part).iter();
        shared.any(|known| is_same(known, field))
    }

    /// One row for all fields that are explained once.
    fn shared_row(&self, html: &mut Html, rows: &[Row<'_>]) {
        if rows.is_empty() {
            return;
        }
        html.element("tr", &[], |html| {
            html.leaf("th", &[("scope", "row")], "By the transport");
            html.element("td", &[("colspan", "2")], |html| {
                for (position, row) in rows.iter().enumerate() {
                    html.text(if position > 0 { ", " } else { "" });
                    html.leaf("code", &[("id", &row.anchor)], &row.field.wire);
                    if let Some(constant) = &row.field.constant {
                        html.text(" always ");
                        html.leaf("code", &[], &quoted(constant));
                    }
                    if row.field.presence != Presence::Always {
                        html.text(" (optional)");
                    }
                    self.marks.badge(html, &row.anchor);
                }
                html.text(": ");
                let link = target(section::WIRE);
                html.leaf("a", &[("href", &link)], "explained once");
            });
        });
        html.line();
    }

    fn field(&self, html: &mut Html, row: &Row<'_>) {
        let field = row.field;
        let class = if row.depth > 0 { "inner" } else { "" };
        let attributes = [("id", row.anchor.as_str()), ("class", class)];
        let count = if class.is_empty() { 1 } else { 2 };
        html.element("tr", &attributes[..count], |html| {
            html.element("th", &[("scope", "row")], |html| {
                if !row.path.is_empty() {
                    html.leaf("small", &[], &row.path);
                    html.void("wbr", &[]);
                }
                html.leaf("code", &[], &field.wire);
                self.marks.badge(html, &row.anchor);
                presence(html, field);
            });
            html.element("td", &[], |html| value(html, self.api, field));
            html.element("td", &[], |html| {
                self.about(html, field);
                if let Some(object) = row.object {
                    html.element("span", &[("class", "more")], |html| {
                        html.leaf("code", &[], &object.name);
                        html.text(": ");
                        markdown::write_inline(html, &self.links, &object.doc);
                    });
                }
            });
        });
        html.line();
    }

    /// What the field holds.
    fn about(&self, html: &mut Html, field: &FieldReference) {
        markdown::write_inline(html, &self.links, &field.description);
        if let Some(example) = field.example.as_deref()
            && field.constant.is_none()
        {
            html.element("span", &[("class", "more")], |html| match example {
                "" => html.text("May be empty."),
                example => {
                    html.text("Example: ");
                    html.leaf("code", &[], example);
                }
            });
        }
        if !field.aliases.is_empty() {
            html.element("span", &[("class", "more")], |html| {
                html.text("Also read as: ");
                names(html, &field.aliases);
            });
        }
        if !field.applies_to.is_empty() {
            let text = format!("For: {}", field.applies_to.join(", "));
            html.leaf("span", &[("class", "more")], &text);
        }
        if field.accepts_plain {
            html.leaf(
                "span",
                &[("class", "more")],
                "Items may also come as plain texts.",
            );
        }
    }

    /// A condition between fields, in words.
    fn rule(&self, html: &mut Html, message: &Message, around: &str, rule: &Rule) {
        let anchor = rule_anchor(around, rule);
        html.element("div", &[("class", "rule"), ("id", &anchor)], |html| {
            html.element("p", &[], |html| {
                html.element("b", &[], |html| match &rule.when {
                    None => html.text("Always"),
                    Some((field, values)) => {
                        html.text("When ");
                        html.leaf("code", &[], field);
                        html.text(" is ");
                        let table = message.reference.fields.iter();
                        let mut table = table.filter(|known| known.wire == *field);
                        let table = table.next().and_then(|it| table_of(self.api, &it.ty));
                        for (position, value) in values.iter().enumerate() {
                            html.text(separator(position, values.len()));
                            code_link(html, table, value);
                        }
                    }
                });
                self.marks.badge(html, &anchor);
            });
            html.element("ul", &[], |html| {
                for (fields, text) in [
                    (&rule.require, "must be there: "),
                    (&rule.forbid, "must be absent: "),
                ] {
                    if !fields.is_empty() {
                        html.element("li", &[], |html| {
                            html.text(text);
                            names(html, fields);
                        });
                    }
                }
                for (field, pattern) in &rule.matches {
                    html.element("li", &[], |html| {
                        html.leaf("code", &[], field);
                        html.text(" must match ");
                        html.leaf("code", &[], pattern);
                    });
                }
            });
            html.element("p", &[], |html| {
                markdown::write_inline(html, &self.links, &rule.reason);
            });
        });
    }
}

/// The fields that the transport writes into most messages of a kind, with the
/// same words: readers need them once.
pub(super) fn shared(api: &Api, part: Part) -> Vec<&FieldReference> {
    let messages = api.operations.iter().map(|operation| match part {
        Part::Request => &operation.request.reference,
        _ => &operation.response.reference,
    });
    let fields = messages.flat_map(|message| &message.fields);
    let fields: Vec<_> = fields.filter(|field| field.by_transport).collect();
    let mut shared: Vec<&FieldReference> = Vec::new();
    for field in &fields {
        let alike = fields.iter().filter(|other| is_same(other, field)).count();
        let known = shared.iter().any(|known| is_same(known, field));
        if !known && alike * 2 > api.operations.len() {
            shared.push(field);
        }
    }
    shared
}

/// Whether two fields are told in the same words; a constant is told apart.
fn is_same(a: &FieldReference, b: &FieldReference) -> bool {
    a.by_transport == b.by_transport
        && (&a.wire, &a.description, &a.ty, &a.limits)
            == (&b.wire, &b.description, &b.ty, &b.limits)
}

/// The anchor of a condition, from the anchor of what it belongs to.
pub(super) fn rule_anchor(around: &str, rule: &Rule) -> String {
    format!("{around}.{}", anchor(&[&rule.id]))
}

fn shared_anchor(part: Part, field: &FieldReference) -> String {
    let part = match part {
        Part::Request => "request",
        _ => "response",
    };
    anchor(&[part, &field.wire])
}

/// When a field is there, who writes it, and whether to hide it.
fn presence(html: &mut Html, field: &FieldReference) {
    let (class, word) = match field.presence {
        Presence::Always => ("tag must", "required"),
        Presence::OnSuccess => ("tag must", "on success"),
        Presence::Optional => ("tag", "optional"),
    };
    html.leaf("span", &[("class", class)], word);
    let marks = [
        (field.by_transport, "tag", "by the transport"),
        (field.sensitive, "tag secret", "sensitive"),
        (field.deprecated, "tag", "deprecated"),
    ];
    for (_, class, word) in marks.into_iter().filter(|(is, ..)| *is) {
        html.leaf("span", &[("class", class)], word);
    }
}

fn names(html: &mut Html, names: &[String]) {
    for (position, name) in names.iter().enumerate() {
        html.text(if position > 0 { ", " } else { "" });
        html.leaf("code", &[], name);
    }
}

/// What stands in front of an item of a list of alternatives.
fn separator(position: usize, count: usize) -> &'static str {
    match position {
        0 => "",
        last if last + 1 == count => " or ",
        _ => ", ",
    }
}
