//! `OpenAPI` 3.1: callbacks as `webhooks`, independent of operations.

use codegen::document::{Node, Value};

use super::tree::{Edit as _, list, map, text};
use super::{Path, noted, paths};

/// The OpenAPI version of the export.
const VERSION: &str = "3.1.0";

const NOTE: &str = "This is OpenAPI 3.1; callbacks are `webhooks`. What stands behind a `#` in \
    the key of a path is not on the wire, and neither is the name of a webhook.";

/// Builds the export.
pub(super) fn webhooks(root: &Node) -> Node {
    let mut view = noted(root, NOTE);
    view.put("openapi", text(VERSION));
    let (callbacks, operations): (Vec<_>, Vec<_>) = paths(root).partition(Path::is_callback);
    let operations = operations.iter();
    let operations = operations.map(|path| (path.entry.key.as_str(), path.item.clone()));
    let webhooks = callbacks.iter().map(|path| (path.name(), webhook(path)));
    let (operations, webhooks) = (map(operations), map(webhooks));
    view.put("paths", operations);
    let after_paths = view.entries().iter().position(|entry| entry.key == "paths");
    view.insert(after_paths.map_or(0, |at| at + 1), "webhooks", webhooks);
    upgrade_within(&mut view);
    view
}

/// Builds a webhook. The path moves to the URL of its server, as webhooks have no
/// path.
fn webhook(path: &Path<'_>) -> Node {
    let mut item = path.item.clone();
    item.take("x-skypay-direction");
    let servers = item.get_mut("servers").map(Node::items_mut);
    for server in servers.unwrap_or_default() {
        let url = server.text_of("url").unwrap_or_default();
        let url = text(&format!("{}{}", url.trim_end_matches('/'), path.wire));
        server.put("url", url);
    }
    item
}

/// Converts all schemas below a node that is not a schema itself.
fn upgrade_within(node: &mut Node) {
    for item in node.items_mut() {
        upgrade_within(item);
    }
    for entry in node.entries_mut().into_iter().flatten() {
        match entry.key.as_str() {
            "schema" => upgrade(&mut entry.node),
            "schemas" => {
                let schemas = entry.node.entries_mut().into_iter().flatten();
                schemas.for_each(|entry| upgrade(&mut entry.node));
            }
            // Examples are data, and extensions are our own.
            "example" | "examples" => {}
            key if key.starts_with("x-") => {}
            _ => upgrade_within(&mut entry.node),
        }
    }
}

/// Converts a schema from the dialect of `OpenAPI` 3.0 to JSON Schema 2020-12.
fn upgrade(schema: &mut Node) {
    schema.replace("example", "examples", |example| list([example]));
    exclusive(schema, "minimum", "exclusiveMinimum");
    exclusive(schema, "maximum", "exclusiveMaximum");
    if is_true(schema.take("nullable").as_ref()) {
        schema.replace("type", "type", |only| list([only, text("null")]));
    }
    for key in ["properties", "allOf", "anyOf", "oneOf"] {
        let Some(parts) = schema.get_mut(key) else {
            continue;
        };
        parts.items_mut().iter_mut().for_each(upgrade);
        let named = parts.entries_mut().into_iter().flatten();
        named.for_each(|entry| upgrade(&mut entry.node));
    }
    for key in ["items", "not", "additionalProperties"] {
        if let Some(part) = schema.get_mut(key) {
            upgrade(part);
        }
    }
}

/// Converts an exclusive flag of a bound to an exclusive bound.
fn exclusive(schema: &mut Node, bound: &str, flag: &str) {
    if is_true(schema.take(flag).as_ref()) {
        schema.replace(bound, flag, |bound| bound);
    }
}

fn is_true(node: Option<&Node>) -> bool {
    matches!(node.map(|node| &node.value), Some(Value::Bool(true)))
}

#[cfg(test)]
mod tests {
    use super::webhooks;
    use codegen::document::load;

    #[test]
    fn schemas_are_respelled_and_data_are_not() {
        let document = "
openapi: 3.0.3
info: {title: A}
paths: {}
components:
  schemas:
    A:
      properties:
        example: {type: integer, minimum: 1, exclusiveMinimum: true, example: 2.50}
        b: {type: string, nullable: true, maximum: 3, exclusiveMaximum: false}
      example: {example: 1, nullable: true}
  responses:
    B:
      content:
        j: {schema: {example: x}, examples: {one: {value: {example: 1}}}}
";
        let view = webhooks(&load(document).expect("it is YAML"));
        let components = view.get("components").map(codegen::document::Node::to_json);
        let expected = r#"{"schemas":{"A":{"properties":{"example":{"type":"integer","exclusiveMinimum":1,"examples":[2.50]},"b":{"type":["string","null"],"maximum":3}},"examples":[{"example":1,"nullable":true}]}},"responses":{"B":{"content":{"j":{"schema":{"examples":["x"]},"examples":{"one":{"value":{"example":1}}}}}}}}"#;
        assert_eq!(components.as_deref(), Some(expected));
    }
}
