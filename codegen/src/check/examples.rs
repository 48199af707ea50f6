//! Every example is valid against its schema, conditions included.

use super::{Document, Node, Reporter, Schema, Value, scalar_text};

/// The rule under which examples are reported.
const RULE: &str = "invalid-example";

/// Checks the examples of operations, and the example of each field.
pub(super) fn valid(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let bodies = [
            operation.post.get("requestBody"),
            operation
                .post
                .get("responses")
                .and_then(|all| all.get("200")),
        ];
        for body in bodies.into_iter().flatten() {
            of_body(document, body, reporter);
        }
    }
    for node in &document.schemas {
        let schema = document.resolve(node);
        if let Some(example) = node.get("example") {
            value_fits(document, schema, example, reporter);
        }
    }
}

/// Whether a value fits a schema.
pub(super) fn fits<'d>(document: &Document<'d>, schema: &'d Node, value: &'d Node) -> bool {
    let mut reporter = Reporter::new();
    value_fits(document, document.resolve(schema), value, &mut reporter);
    reporter.finish(()).is_ok()
}

fn of_body<'d>(document: &Document<'d>, body: &'d Node, reporter: &mut Reporter) {
    let Some(media) = body
        .get("content")
        .and_then(|content| content.get("application/json"))
    else {
        return;
    };
    let examples = media.entries_of("examples");
    if examples.is_empty() {
        let message = "no example shows this body: give at least one under `examples`";
        reporter.add(RULE, &body.location, message);
    }
    let Some(schema) = media.get("schema").map(|node| document.resolve(node)) else {
        return;
    };
    for example in examples {
        match example.node.get("value") {
            Some(value) => {
                value_fits(document, schema, value, reporter);
                success_is_whole(document, schema, value, reporter);
            }
            None => reporter.add(RULE, &example.location, "the example has no `value`"),
        }
    }
}

/// An answer that accepts has what is there on success; so its type has
/// fields for it that are never empty.
fn success_is_whole<'d>(
    document: &Document<'d>,
    schema: Schema<'d>,
    value: &'d Node,
    reporter: &mut Reporter,
) {
    let accepts = schema.properties().iter().any(|property| {
        let codes = document.resolve(&property.node).get("x-skypay-codes");
        let mut codes = codes.map(Node::items).unwrap_or_default().iter();
        let said = value.text_of(&property.key);
        codes.any(|code| {
            code.text_of("outcome") == Some("accepted") && code.text_of("value") == said
        })
    });
    if !accepts {
        return;
    }
    for property in schema.properties() {
        let there = document.resolve(&property.node).flag("x-skypay-on-success");
        if there && value.get(&property.key).is_none() {
            let message = format!(
                "the example is a success without `{}`, which has `x-skypay-on-success`",
                property.key
            );
            reporter.add(RULE, &value.location, message);
        }
    }
}

fn value_fits<'d>(
    document: &Document<'d>,
    schema: Schema<'d>,
    value: &'d Node,
    reporter: &mut Reporter,
) {
    let fits = match schema.text("type") {
        Some("object") => matches!(value.value, Value::Map(_)),
        Some("array") => matches!(value.value, Value::List(_)),
        Some("string") => matches!(value.value, Value::Text(_)),
        Some("boolean") => matches!(value.value, Value::Bool(_)),
        Some("integer") => matches!(&value.value, Value::Number(raw) if raw.parse::<i64>().is_ok()),
        Some("number") => matches!(value.value, Value::Number(_)),
        _ => true,
    };
    if !fits {
        let message = format!(
            "{} stands where the schema says `{}`",
            value.kind(),
            schema.text("type").unwrap_or_default()
        );
        reporter.add(RULE, &value.location, message);
        return;
    }
    match &value.value {
        Value::Map(_) => object_fits(document, schema, value, reporter),
        Value::List(items) => {
            bounds_fit(schema, "Items", items.len(), value, reporter);
            let item_schema = schema.get("items").map(|node| document.resolve(node));
            for item in items {
                if let Some(item_schema) = item_schema {
                    value_fits(document, item_schema, item, reporter);
                }
            }
        }
        _ => scalar_fits(schema, value, reporter),
    }
}

fn object_fits<'d>(
    document: &Document<'d>,
    schema: Schema<'d>,
    value: &'d Node,
    reporter: &mut Reporter,
) {
    for entry in value.entries() {
        let property = schema
            .properties()
            .iter()
            .find(|property| property.key == entry.key);
        if let Some(property) = property {
            let property = document.resolve(&property.node);
            value_fits(document, property, &entry.node, reporter);
        } else {
            let message = format!("the schema has no property `{}`", entry.key);
            reporter.add(RULE, &entry.location, message);
        }
    }
    let required = schema.items_of("required");
    for field in required.iter().filter_map(Node::text) {
        if value.get(field).is_none() {
            let message = format!("the required property `{field}` is missing");
            reporter.add(RULE, &value.location, message);
        }
    }
    let rules = schema.items_of("x-skypay-rules");
    for rule in rules {
        condition_holds(rule, value, reporter);
    }
}

fn condition_holds(rule: &Node, value: &Node, reporter: &mut Reporter) {
    let applies = rule.get("when").is_none_or(|when| {
        let field = when.text_of("field").unwrap_or_default();
        value
            .get(field)
            .and_then(scalar_text)
            .is_some_and(|text| when.texts_of("in").contains(&text))
    });
    if !applies {
        return;
    }
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
        reporter.add(
            RULE,
            &value.location,
            "the value is none of the schema's `enum`",
        );
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
    let form = match schema.text("x-skypay-type") {
        Some("amount") if value.text().is_some() => r"^[0-9]+\.[0-9]{2}$",
        Some("date") => r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        Some("date-time") => {
            r"^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?)?$"
        }
        Some("date-time-fraction") => {
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{4}$"
        }
        Some("integer") => r"^[0-9]+$",
        Some("person-name") => r"^[^,]+,[^,]+(,[^,]*){0,2}$",
        _ => return,
    };
    if !matches(form, &text) {
        let message = "the value is not written in the form that its `x-skypay-type` says";
        reporter.add(RULE, &value.location, message);
    }
}

fn bounds_fit(schema: Schema<'_>, what: &str, count: usize, value: &Node, reporter: &mut Reporter) {
    let bound = |key: String| {
        let text = scalar_text(schema.get(&key)?)?;
        text.parse::<usize>().ok()
    };
    if bound(format!("min{what}")).is_some_and(|least| count < least) {
        let message = format!("the value is below `min{what}`");
        reporter.add(RULE, &value.location, message);
    }
    if bound(format!("max{what}")).is_some_and(|most| count > most) {
        let message = format!("the value is above `max{what}`");
        reporter.add(RULE, &value.location, message);
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}
