//! Renders the value of a field: its type and constraints.

use super::links::{anchor, linked, target};
use super::listed;
use codegen::model::{Api, CodeTable, Encoding, Field, Limits, Type};
use maud::{Markup, html};

/// Renders the type and the constraints of a value.
pub(super) fn value(api: &Api, field: &Field) -> Markup {
    html! {
        (type_words(&field.ty, field.encoding))
        @for limit in limits(&field.limits) { ", " (limit) }
        @if let Some(unit) = &field.unit { ", in " (unit) }
        @if let Some(pattern) = &field.limits.pattern { ", matching " code { (pattern) } }
        @if let Some(constant) = &field.constant {
            ", always " code { (quoted(constant)) }
        } @else if !field.picked.is_empty() {
            ", one of "
            (listed(field.picked.iter().map(|code| code_link(table_of(api, &field.ty), code))))
        }
    }
}

fn type_words(ty: &Type, encoding: Encoding) -> Markup {
    let how = match (ty, encoding) {
        (_, Encoding::AsNumber) => ", as a number",
        (_, Encoding::AsText) | (Type::Amount, _) => ", as text",
        (_, Encoding::WithFraction) => ", with a fraction",
        _ => "",
    };
    let name = match ty {
        Type::List(item) => return html! { "list of: " (type_words(item, encoding)) },
        Type::Codes(table) => html! { "code of " a href=(target(&anchor(&[table]))) { (table) } },
        Type::Text | Type::Newtype(_) => html! { "text" },
        Type::Amount => html! { "amount" },
        Type::Date => html! { "date" },
        Type::DateTime => html! { "time" },
        Type::PersonName => html! { "name of a person" },
        Type::Integer(_) => html! { "whole number" },
        Type::Boolean => html! { "true or false" },
        Type::Object(_) => html! { "object" },
    };
    html! { (name) (how) }
}

/// Renders a code as a link to its row, with its name.
pub(super) fn code_link(table: Option<&CodeTable>, value: &str) -> Markup {
    let code = table.and_then(|table| {
        let code = table.codes.iter().find(|code| code.value == value)?;
        Some((table, code))
    });
    let Some((table, code)) = code else {
        return html! { code { (value) } };
    };
    html! {
        (linked(&anchor(&[&table.name, value]), value))
        @if code.variant != value { " " (code.variant) }
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

/// Renders a constant. An empty one would be invisible otherwise.
pub(super) fn quoted(text: &str) -> String {
    match text {
        "" => "\"\"".to_owned(),
        text => text.to_owned(),
    }
}
