//! Third-party validators for the document's schemas.

use jsonschema::{Draft, Validator};
use serde_json::json;
use test_support::document::root;

/// Returns a validator for a component schema, with all references resolved.
pub(crate) fn validator(name: &str) -> Validator {
    validator_at(&format!("/components/schemas/{name}"))
}

/// Returns a validator for the schema at a JSON pointer.
pub(crate) fn validator_at(pointer: &str) -> Validator {
    let root = json!({
        "components": root().get("components").unwrap().json(),
        "$ref": format!("#{pointer}"),
    });
    // OpenAPI 3.0 uses an early draft; this is the next one in which all keywords
    // of the document have the same meaning.
    let options = jsonschema::options().with_draft(Draft::Draft7);
    options.build(&root).unwrap()
}

/// Returns the locations at which a message violates a component schema.
pub(crate) fn complaints(schema: &str, message: &str) -> Vec<String> {
    let message = serde_json::from_str(message).unwrap();
    let validator = validator(schema);
    let errors = validator.iter_errors(&message);
    let mut places: Vec<_> = errors
        .map(|error| error.instance_path().to_string())
        .collect();
    places.dedup();
    places
}
