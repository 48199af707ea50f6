//! Rules about what is said of each field.

use std::collections::BTreeSet;

use codegen::Reporter;
use codegen::check::Document;
use codegen::document::{Entry, Node, Value};
use codegen::schema::Schema;

use super::operations::examples_of;

/// Meanings of a text that fix its length.
const BOUNDED: &[&str] = &[
    "amount",
    "date",
    "date-time",
    "date-time-fraction",
    "integer",
];

/// Amounts and other numbers say in which unit they are. What ends in `Id`
/// names something and counts nothing.
pub(super) fn units(document: &Document<'_>, reporter: &mut Reporter) {
    let components = document.components.iter().copied();
    let fields = document
        .objects()
        .flat_map(|(_, node)| own_properties(node));
    let fields = fields.map(|property| (property.key.as_str(), &property.node));
    for (name, node) in components.chain(fields) {
        let schema = document.resolve(node);
        let number = matches!(schema.text("type"), Some("integer" | "number"))
            || matches!(schema.text("x-skypay-type"), Some("amount" | "integer"));
        // What is said of a component holds wherever it is used.
        let elsewhere = schema.component_name().is_some();
        if number && !elsewhere && !name.ends_with("Id") && schema.get("x-skypay-unit").is_none() {
            let message = format!("nothing says what `{name}` counts: give `x-skypay-unit`");
            reporter.add("unit", &node.location, message);
        }
    }
}

/// Times without an offset have one that the document states.
pub(super) fn time_zone(document: &Document<'_>, reporter: &mut Reporter) {
    let is_time = |node: &&&Node| {
        let meaning = node.text_of("x-skypay-type");
        meaning.is_some_and(|meaning| meaning.starts_with("date"))
    };
    let stated = document.root.get("x-skypay-time-zone").is_some();
    if let Some(time) = document.schemas.iter().find(is_time)
        && !stated
    {
        let message = format!(
            "nothing says in which zone times such as that of line {} are: give `x-skypay-time-zone`",
            time.location.line
        );
        reporter.add("time-zone", &document.root.location, message);
    }
}

/// Every text that a partner sends has an end.
pub(super) fn lengths(document: &Document<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for operation in &document.operations {
        let sent = if operation.is_callback() {
            operation.response()
        } else {
            operation.request()
        };
        if let Some(message) = sent {
            bounded(document, message, &mut seen, reporter);
        }
    }
}

fn bounded<'d>(
    document: &Document<'d>,
    node: &'d Node,
    seen: &mut BTreeSet<&'d str>,
    reporter: &mut Reporter,
) {
    let schema = document.resolve(node);
    let inside = schema.properties().iter().map(|property| &property.node);
    for part in inside.chain(schema.get("items")) {
        bounded(document, part, seen, reporter);
    }
    if schema.text("type") != Some("string") || has_end(schema) {
        return;
    }
    // The fix belongs where the text is described.
    let component = schema
        .component_name()
        .filter(|_| node.get("$ref").is_some());
    let location = component
        .and_then(|name| codegen::schema::component(document.root, name))
        .map_or(&node.location, |component| &component.location);
    if seen.insert(&location.pointer) {
        let message =
            "a partner sends this text and nothing says how long it may be: give `maxLength`";
        reporter.add("length", location, message);
    }
}

fn has_end(schema: Schema<'_>) -> bool {
    let by_type = schema
        .text("x-skypay-type")
        .is_some_and(|meaning| BOUNDED.contains(&meaning));
    let endless = |pattern: &str| {
        let mut escaped = false;
        pattern.chars().any(|letter| {
            let repeats = !escaped && matches!(letter, '*' | '+');
            escaped = letter == '\\' && !escaped;
            repeats
        }) || pattern.contains(",}")
    };
    by_type
        || schema.get("maxLength").is_some()
        || schema.get("enum").is_some()
        || schema
            .text("pattern")
            .is_some_and(|pattern| !endless(pattern))
}

/// A list shows what its items look like.
pub(super) fn lists_shown(document: &Document<'_>, reporter: &mut Reporter) {
    for node in &document.schemas {
        let schema = document.resolve(node);
        if schema.text("type") == Some("array") && schema.get("example").is_none() {
            let message = "nothing shows what this list looks like: give it an `example`";
            reporter.add("list-example", &node.location, message);
        }
    }
}

/// Each field of a message stands in one of its examples.
pub(super) fn fields_shown(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let response = operation
            .post
            .get("responses")
            .and_then(|all| all.get("200"));
        let bodies = [
            (operation.request(), operation.post.get("requestBody")),
            (operation.response(), response),
        ];
        for (schema, body) in bodies {
            let (Some(schema), Some(body)) = (schema, body) else {
                continue;
            };
            let values: Vec<_> = examples_of(body)
                .iter()
                .filter_map(|example| example.node.get("value"))
                .collect();
            for property in document.resolve(schema).properties() {
                // What the transport writes is the same everywhere.
                let written = document.resolve(&property.node).flag("x-skypay-transport");
                let shown = values
                    .iter()
                    .any(|value| value.get(&property.key).is_some());
                if !written && !shown {
                    let message = format!(
                        "no example of `{}` has `{}`: add it to one",
                        operation.name(),
                        property.key
                    );
                    reporter.add("field-shown", &property.location, message);
                }
            }
        }
    }
}

/// `required` lists fields in wire order, so that a new one shows up as one
/// line of a comparison.
pub(super) fn required_in_order(document: &Document<'_>, reporter: &mut Reporter) {
    for (_, node) in document.objects() {
        let order: Vec<_> = own_properties(node)
            .iter()
            .map(|property| property.key.as_str())
            .collect();
        let Some(required) = node.get("required") else {
            continue;
        };
        let positions: Vec<_> = required
            .items()
            .iter()
            .filter_map(Node::text)
            .filter_map(|field| order.iter().position(|known| *known == field))
            .collect();
        if !positions.is_sorted() {
            let message = "`required` lists the fields in another order than `properties`";
            reporter.add("required-order", &required.location, message);
        }
    }
}

fn own_properties(node: &Node) -> &[Entry] {
    match node.get("properties").map(|properties| &properties.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}
