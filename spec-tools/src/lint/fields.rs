//! Rules about the documentation of fields.

use std::collections::BTreeSet;

use codegen::Reporter;
use codegen::check::Document;
use codegen::document::Node;
use codegen::schema::Schema;

/// String types of a fixed length.
const BOUNDED: &[&str] = &[
    "amount",
    "date",
    "date-time",
    "date-time-fraction",
    "integer",
];

/// Checks that amounts and other numbers state their unit. Names that end in `Id`
/// are identifiers, not quantities.
pub(super) fn units(document: &Document<'_>, reporter: &mut Reporter) {
    let components = document.components.iter().copied();
    let fields = document.objects().flat_map(|(_, schema)| schema.fields());
    let fields = fields.map(|(property, schema)| (property.key.as_str(), schema));
    for (name, schema) in components.chain(fields) {
        let number = matches!(schema.text("type"), Some("integer" | "number"))
            || matches!(schema.text("x-skypay-type"), Some("amount" | "integer"));
        // A component's unit applies wherever it is used.
        let elsewhere = schema.component_name().is_some();
        if number && !elsewhere && !name.ends_with("Id") && schema.get("x-skypay-unit").is_none() {
            let message = format!("nothing says what `{name}` counts: give `x-skypay-unit`");
            reporter.add("unit", &schema.own.location, message);
        }
    }
}

/// Checks that the document states the offset of times without one.
pub(super) fn time_zone(document: &Document<'_>, reporter: &mut Reporter) {
    let mut times = document.schemas.iter().map(|schema| schema.own);
    let is_time = |node: &&Node| {
        let meaning = node.text_of("x-skypay-type");
        meaning.is_some_and(|meaning| meaning.starts_with("date"))
    };
    let stated = document.root.get("x-skypay-time-zone").is_some();
    if let Some(time) = times.find(is_time)
        && !stated
    {
        let message = format!(
            "nothing says in which zone times such as that of line {} are: give `x-skypay-time-zone`",
            time.location.line
        );
        reporter.add("time-zone", &document.root.location, message);
    }
}

/// Checks that every string that a partner sends has a maximum length.
pub(super) fn lengths(document: &Document<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeSet::new();
    for operation in &document.operations {
        let sent = if operation.is_callback() {
            operation.response
        } else {
            operation.request
        };
        bounded(document, sent.schema, &mut seen, reporter);
    }
}

fn bounded<'d>(
    document: &Document<'d>,
    schema: Schema<'d>,
    seen: &mut BTreeSet<&'d str>,
    reporter: &mut Reporter,
) {
    let inside = schema.fields().map(|(_, field)| field);
    for part in inside.chain(schema.items()) {
        bounded(document, part, seen, reporter);
    }
    if schema.text("type") != Some("string") || has_end(schema) {
        return;
    }
    // The fix belongs where the string is declared.
    let component = schema
        .component_name()
        .filter(|_| schema.own.get("$ref").is_some());
    let location = component
        .and_then(|name| codegen::schema::component(document.root, name))
        .map_or(&schema.own.location, |component| &component.location);
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

/// Checks that a list has an example of its items.
pub(super) fn lists_shown(document: &Document<'_>, reporter: &mut Reporter) {
    for schema in &document.schemas {
        if schema.text("type") == Some("array") && schema.get("example").is_none() {
            let message = "nothing shows what this list looks like: give it an `example`";
            reporter.add("list-example", &schema.own.location, message);
        }
    }
}

/// Checks that each field of a message occurs in one of its examples.
pub(super) fn fields_shown(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        for body in [operation.request, operation.response] {
            let examples = body.examples.iter();
            let values: Vec<_> = examples
                .filter_map(|example| example.node.get("value"))
                .collect();
            for (property, field) in body.schema.fields() {
                // The fields of the transport are the same in all messages.
                let written = field.flag("x-skypay-transport");
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

/// Checks that `required` lists fields in wire order, so that a new field is one
/// line in a diff.
pub(super) fn required_in_order(document: &Document<'_>, reporter: &mut Reporter) {
    for (_, schema) in document.objects() {
        let properties = schema.properties().iter();
        let order: Vec<_> = properties.map(|property| property.key.as_str()).collect();
        let Some(required) = schema.own.get("required") else {
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
