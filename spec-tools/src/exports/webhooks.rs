//! `OpenAPI` 3.1: callbacks as `webhooks`, independent of operations.

use codegen::check::{Document, Operation};
use codegen::document::Node;

use super::noted;
use super::tree::{entries_mut, get_mut, insert, items_mut, list, map, put, take, text};

/// The OpenAPI version of the export.
const VERSION: &str = "3.1.0";

const NOTE: &str = "This is OpenAPI 3.1; callbacks are `webhooks`. What stands behind a `#` in \
    the key of a path is not on the wire, and neither is the name of a webhook.";

/// Builds the export.
pub(super) fn webhooks(document: &Document<'_>) -> Node {
    let mut view = noted(document.root, NOTE);
    put(&mut view, "openapi", text(VERSION));
    let operations = document.operations.iter();
    let (callbacks, operations): (Vec<_>, Vec<_>) = operations.partition(|one| one.is_callback());
    let operations = operations.iter();
    let operations = operations.map(|one| (one.path.key.as_str(), one.path.node.clone()));
    let webhooks = callbacks.iter().map(|one| (one.label, webhook(one)));
    let (operations, webhooks) = (map(operations), map(webhooks));
    put(&mut view, "paths", operations);
    let after_paths = view.entries().iter().position(|entry| entry.key == "paths");
    insert(
        &mut view,
        after_paths.map_or(0, |at| at + 1),
        "webhooks",
        webhooks,
    );
    upgrade_within(&mut view);
    view
}

/// Builds a webhook. The path moves to the URL of its server, as webhooks have no
/// path.
fn webhook(callback: &Operation<'_>) -> Node {
    let mut item = callback.path.node.clone();
    take(&mut item, "x-skypay-direction");
    let servers = get_mut(&mut item, "servers").map(items_mut);
    for server in servers.unwrap_or_default() {
        let url = server.text_of("url").unwrap_or_default();
        let url = text(&format!(
            "{}{}",
            url.trim_end_matches('/'),
            callback.wire_path
        ));
        put(server, "url", url);
    }
    item
}

/// Converts all schemas below a node that is not a schema itself.
fn upgrade_within(node: &mut Node) {
    for item in items_mut(node) {
        upgrade_within(item);
    }
    for entry in entries_mut(Some(node)) {
        match entry.key.as_str() {
            "schema" => upgrade(&mut entry.node),
            "schemas" => {
                let schemas = entries_mut(Some(&mut entry.node));
                schemas.for_each(|entry| upgrade(&mut entry.node));
            }
            // Examples are data, and extensions are our own.
            "example" | "examples" => {}
            key if key.starts_with("x-") => {}
            _ => upgrade_within(&mut entry.node),
        }
    }
}

/// Converts a schema from the dialect of `OpenAPI` 3.0 to JSON Schema 2020-12. Of the
/// keywords that a document may have, only `example` differs.
fn upgrade(schema: &mut Node) {
    let mut entries = entries_mut(Some(schema));
    if let Some(example) = entries.find(|entry| entry.key == "example") {
        "examples".clone_into(&mut example.key);
        example.node = list([example.node.clone()]);
    }
    drop(entries);
    for key in ["properties", "allOf", "items"] {
        let Some(parts) = get_mut(schema, key) else {
            continue;
        };
        if key == "items" {
            upgrade(parts);
            continue;
        }
        items_mut(parts).iter_mut().for_each(upgrade);
        entries_mut(Some(parts)).for_each(|entry| upgrade(&mut entry.node));
    }
}

#[cfg(test)]
mod tests {
    use super::webhooks;
    use codegen::check::Document;
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
        example: {type: integer, minimum: 1, example: 2.50}
        b: {type: array, items: {example: 3}, example: [3]}
      example: {example: 1}
  responses:
    B:
      content:
        j: {schema: {example: x}, examples: {one: {value: {example: 1}}}}
";
        let root = load(document).expect("it is YAML");
        let view = webhooks(&Document::new(&root));
        let components = view.get("components").map(codegen::document::Node::to_json);
        let expected = r#"{"schemas":{"A":{"properties":{"example":{"type":"integer","minimum":1,"examples":[2.50]},"b":{"type":"array","items":{"examples":[3]},"examples":[[3]]}},"examples":[{"example":1}]}},"responses":{"B":{"content":{"j":{"schema":{"examples":["x"]},"examples":{"one":{"value":{"example":1}}}}}}}}"#;
        assert_eq!(components.as_deref(), Some(expected));
    }
}
