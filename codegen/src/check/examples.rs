//! Checks that every example is valid against its schema, conditions included.

use super::schemas::plain_number;
use super::{Body, Document, Operation, matches, scalar_text};
use crate::diagnostic::Reporter;
use crate::document::{Node, Value};
use crate::keywords::form_of;
use crate::schema::{Schema, number_text};

/// The rule for invalid examples.
const RULE: &str = "invalid-example";

/// Checks the examples of an operation.
pub(super) fn of_operation(_: &Document<'_>, operation: &Operation<'_>, reporter: &mut Reporter) {
    for Body { schema, examples } in [operation.request, operation.response] {
        for value in examples
            .iter()
            .filter_map(|example| example.node.get("value"))
        {
            value_fits(schema, value, reporter);
            success_is_whole(schema, value, reporter);
        }
    }
}

/// Checks the example of a schema.
pub(super) fn of_schema(schema: Schema<'_>, reporter: &mut Reporter) {
    if let Some(example) = schema.own.get("example") {
        value_fits(schema, example, reporter);
    }
}

/// Checks that a successful response has every field that is required on success,
/// as its Rust type has no `Option` for them.
fn success_is_whole(schema: Schema<'_>, value: &Node, reporter: &mut Reporter) {
    let accepts = schema.fields().any(|(entry, field)| {
        let said = value.text_of(&entry.key);
        field.codes().iter().any(|code| {
            code.text_of("outcome") == Some("accepted") && code.text_of("value") == said
        })
    });
    for (entry, field) in schema.fields().filter(|_| accepts) {
        if field.flag("x-skypay-on-success") && value.get(&entry.key).is_none() {
            let message = format!(
                "the example is a success without `{}`, which has `x-skypay-on-success`",
                entry.key
            );
            reporter.add(RULE, &value.location, message);
        }
    }
}

/// Checks that a value is valid against a schema.
pub(super) fn value_fits(schema: Schema<'_>, value: &Node, reporter: &mut Reporter) {
    let ty = schema.text("type").unwrap_or_default();
    let fits = match (ty, &value.value) {
        ("object", Value::Map(_))
        | ("array", Value::List(_))
        | ("string", Value::Text(_))
        | ("boolean", Value::Bool(_))
        | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(raw)) => raw.parse::<i64>().is_ok(),
        ("object" | "array" | "string" | "boolean" | "number" | "integer", _) => false,
        _ => true,
    };
    if !fits {
        let message = format!("{} stands where the schema says `{ty}`", value.kind());
        return reporter.add(RULE, &value.location, message);
    }
    match &value.value {
        Value::Map(_) => object_fits(schema, value, reporter),
        Value::List(items) => {
            bounds_fit(schema, "Items", items.len(), value, reporter);
            if let Some(schema) = schema.items() {
                for item in items {
                    value_fits(schema, item, reporter);
                }
            }
        }
        _ => scalar_fits(schema, value, reporter),
    }
}

fn object_fits(schema: Schema<'_>, value: &Node, reporter: &mut Reporter) {
    for entry in value.entries() {
        if let Some(field) = schema.field(&entry.key) {
            value_fits(field, &entry.node, reporter);
        } else {
            let message = format!("the schema has no property `{}`", entry.key);
            reporter.add(RULE, &entry.location, message);
        }
    }
    for field in schema.items_of("required").iter().filter_map(Node::text) {
        if value.get(field).is_none() {
            let message = format!("the required property `{field}` is missing");
            reporter.add(RULE, &value.location, message);
        }
    }
    for rule in schema.items_of("x-skypay-rules") {
        let applies = rule.get("when").is_none_or(|when| {
            let field = value.get(when.text_of("field").unwrap_or_default());
            let text = field.and_then(scalar_text);
            text.is_some_and(|text| when.texts_of("in").contains(&text))
        });
        if applies {
            condition_holds(rule, value, reporter);
        }
    }
}

fn condition_holds(rule: &Node, value: &Node, reporter: &mut Reporter) {
    let id = rule.text_of("id").unwrap_or_default();
    for field in rule.texts_of("require") {
        if value.get(&field).is_none() {
            let message = format!("the rule `{id}` requires `{field}`");
            reporter.add(RULE, &value.location, message);
        }
    }
    for field in rule.texts_of("forbid") {
        if let Some(node) = value.get(&field) {
            let message = format!("the rule `{id}` forbids `{field}`");
            reporter.add(RULE, &node.location, message);
        }
    }
    for entry in rule.entries_of("match") {
        let pattern = entry.node.text().unwrap_or_default();
        if let Some(node) = value.get(&entry.key)
            && !matches(pattern, node.text().unwrap_or_default())
        {
            let message = format!("the rule `{id}` wants `{}` to match `{pattern}`", entry.key);
            reporter.add(RULE, &node.location, message);
        }
    }
}

fn scalar_fits(schema: Schema<'_>, value: &Node, reporter: &mut Reporter) {
    let Some(text) = scalar_text(value) else {
        return;
    };
    if let Some(values) = schema.get("enum")
        && !values
            .items()
            .iter()
            .any(|known| known.text() == Some(&text))
    {
        let message = "the value is none of the schema's `enum`";
        reporter.add(RULE, &value.location, message);
    }
    if value.text().is_some() {
        bounds_fit(schema, "Length", text.chars().count(), value, reporter);
    }
    if let Some(pattern) = schema.text("pattern")
        && !matches(pattern, &text)
    {
        let message = format!("the value does not match `{pattern}`");
        reporter.add(RULE, &value.location, message);
    }
    let decimals = usize::from(schema.text("x-skypay-type") == Some("amount")) * 2;
    let limit = |key| plain_number(&number_text(schema, key)?, decimals);
    if let Some(number) = plain_number(&text, decimals) {
        for (key, is_below) in [
            ("minimum", true),
            ("x-skypay-minimum", true),
            ("maximum", false),
        ] {
            let exceeds = |limit: i64| {
                if is_below {
                    number < limit
                } else {
                    number > limit
                }
            };
            if limit(key).is_some_and(exceeds) {
                let side = if is_below { "below" } else { "above" };
                let message = format!("the value is {side} `{key}`");
                reporter.add(RULE, &value.location, message);
            }
        }
    }
    let form = form_of(schema.text("type"), schema.text("x-skypay-type"));
    if form.is_some_and(|form| !matches(form, &text)) {
        let message = "the value is not written in the form that its `x-skypay-type` says";
        reporter.add(RULE, &value.location, message);
    }
}

fn bounds_fit(schema: Schema<'_>, what: &str, count: usize, value: &Node, reporter: &mut Reporter) {
    let bound = |limit: &str| {
        let text = scalar_text(schema.get(&format!("{limit}{what}"))?)?;
        text.parse::<usize>().ok()
    };
    if bound("min").is_some_and(|least| count < least) {
        let message = format!("the value is below `min{what}`");
        reporter.add(RULE, &value.location, message);
    }
    if bound("max").is_some_and(|most| count > most) {
        let message = format!("the value is above `max{what}`");
        reporter.add(RULE, &value.location, message);
    }
}
