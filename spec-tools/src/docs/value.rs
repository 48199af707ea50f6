//! What a field's value is, in words: its type, and what it must keep.

use super::html::Html;
use super::links::{anchor, target};
use codegen::model::{Api, CodeTable, FieldReference, Limits, Type, Written};

/// The type, and what a value must keep.
pub(super) fn value(html: &mut Html, api: &Api, field: &FieldReference) {
    type_words(html, &field.ty, field.written);
    for limit in limits(&field.limits) {
        html.text(", ");
        html.text(&limit);
    }
    if let Some(unit) = &field.unit {
        html.text(", in ");
        html.text(unit);
    }
    if let Some(pattern) = &field.limits.pattern {
        html.text(", matching ");
        html.leaf("code", &[], pattern);
    }
    if let Some(constant) = &field.constant {
        html.text(", always ");
        html.leaf("code", &[], &quoted(constant));
    } else if !field.picked.is_empty() {
        picked(html, api, field);
    }
}

fn type_words(html: &mut Html, ty: &Type, written: Written) {
    match ty {
        Type::Text | Type::Newtype(_) => html.text("text"),
        Type::Codes(table) => {
            html.text("code of ");
            let link = target(&anchor(&[table]));
            html.leaf("a", &[("href", &link)], table);
        }
        Type::Amount => html.text("amount"),
        Type::Date => html.text("date"),
        Type::DateTime => html.text("time"),
        Type::PersonName => html.text("name of a person"),
        Type::Integer(_) => html.text("whole number"),
        Type::Boolean => html.text("true or false"),
        Type::Row(_) => html.text("object"),
        Type::List(item) => {
            html.text("list of: ");
            return type_words(html, item, written);
        }
    }
    html.text(match (ty, written) {
        (_, Written::AsNumber) => ", as a number",
        (_, Written::AsText) | (Type::Amount, _) => ", as text",
        (_, Written::WithFraction) => ", with a fraction",
        _ => "",
    });
}

/// The codes that a field allows, with their names.
fn picked(html: &mut Html, api: &Api, field: &FieldReference) {
    html.text(", one of ");
    for (position, code) in field.picked.iter().enumerate() {
        html.text(if position > 0 { ", " } else { "" });
        code_link(html, table_of(api, &field.ty), code);
    }
}

/// A code as a link to its row, with its name.
pub(super) fn code_link(html: &mut Html, table: Option<&CodeTable>, value: &str) {
    let code = table.and_then(|table| {
        let code = table.codes.iter().find(|code| code.value == value)?;
        Some((table, code))
    });
    let Some((table, code)) = code else {
        return html.leaf("code", &[], value);
    };
    let link = target(&anchor(&[&table.name, value]));
    html.element("a", &[("href", &link)], |html| {
        html.leaf("code", &[], value);
    });
    if code.variant != value {
        html.text(" ");
        html.text(&code.variant);
    }
}

fn limits(limits: &Limits) -> Vec<String> {
    let count = |least, most, what| match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{most} {what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most} {what}")),
        (None, Some(most)) => Some(format!("at most {most} {what}")),
        (Some(least), None) => Some(format!("at least {least} {what}")),
        (None::<u32>, None::<u32>) => None,
    };
    let bound = |bound: &Option<String>, word| bound.as_ref().map(|it| format!("{word} {it}"));
    [
        count(limits.min_items, limits.max_items, "items"),
        count(limits.min_length, limits.max_length, "characters"),
        bound(&limits.minimum, "at least"),
        bound(&limits.maximum, "at most"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The code table of a type.
pub(super) fn table_of<'a>(api: &'a Api, ty: &Type) -> Option<&'a CodeTable> {
    match ty {
        Type::Codes(name) => api.code_tables.iter().find(|table| table.name == *name),
        Type::List(item) => table_of(api, item),
        _ => None,
    }
}

/// A constant; an empty one would not be seen.
pub(super) fn quoted(text: &str) -> String {
    match text {
        "" => "\"\"".to_owned(),
        text => text.to_owned(),
    }
}
