//! Validators for the document's schemas that we did not write.

use jsonschema::{Draft, Validator};
use serde_json::json;
use test_support::document::root;

/// A validator for a component schema, all references resolved.
pub(crate) fn validator(name: &str) -> Validator {
    validator_at(&format!("/components/schemas/{name}"))
}

/// A validator for the schema at a JSON pointer.
pub(crate) fn validator_at(pointer: &str) -> Validator {
    let root = json!({
        "components": root().get("components").unwrap().json(),
        "$ref": format!("#{pointer}"),
    });
    // OpenAPI 3.0 has the schemas of an early draft; this is the next one of
    // which everything that the document uses means the same.
    let options = jsonschema::options().with_draft(Draft::Draft7);
    options.build(&root).unwrap()
}

/// The places at which a message is not what a component schema says.
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
