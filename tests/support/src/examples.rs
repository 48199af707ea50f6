//! Validates examples against their schemas, and round-trips them through the
//! generated types.

use codegen::document::{self, Node};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};
use skypay_types::{OperationInfo, Outcome};

use crate::operations::{ALL, Dynamic};

/// The document's URI inside references.
const DOCUMENT: &str = "mem:///document";

/// Returns the numbers of checked examples and the findings.
pub fn judge(text: &str) -> Result<Value, String> {
    let root = document::load(text).map_err(|problems| problems.report(""))?;
    let registry = Registry::new()
        .add(DOCUMENT, json!({"components": components(&root)}))
        .and_then(jsonschema::RegistryBuilder::prepare)
        .map_err(|error| error.to_string())?;
    let mut judge = Judge {
        root: &root,
        registry: &registry,
        findings: Vec::new(),
        examples: 0,
        taken_through_types: 0,
    };
    let paths = root.get("paths").map(Node::entries);
    for entry in paths.unwrap_or_default() {
        if let Some(post) = entry.node.get("post") {
            judge.operation(post);
        }
    }
    let schemas = root.get("components").and_then(|node| node.get("schemas"));
    for entry in schemas.map(Node::entries).unwrap_or_default() {
        judge.schema(&entry.node);
    }
    Ok(json!({
        "examples": judge.examples,
        "takenThroughTypes": judge.taken_through_types,
        "findings": judge.findings,
    }))
}

/// Returns the components as JSON, as the target of references.
fn components(root: &Node) -> Value {
    root.get("components").map_or(Value::Null, Node::json)
}

struct Judge<'d> {
    root: &'d Node,
    registry: &'d Registry<'d>,
    findings: Vec<Value>,
    examples: usize,
    taken_through_types: usize,
}

impl<'d> Judge<'d> {
    /// Checks the message examples of an operation.
    fn operation(&mut self, post: &'d Node) {
        let name = post.text_of("operationId").unwrap_or_default();
        let types = ALL.iter().find(|operation| operation.info.name == name);
        let answer = post.get("responses").and_then(|all| all.get("200"));
        for (body, part) in [
            (post.get("requestBody"), Part::Request),
            (answer, Part::Response),
        ] {
            let media = body
                .and_then(|body| body.get("content"))
                .and_then(|content| content.get("application/json"));
            let Some(schema) = media.and_then(|media| media.get("schema")) else {
                continue;
            };
            let examples = media.and_then(|media| media.get("examples"));
            for example in examples.map(Node::entries).unwrap_or_default() {
                let Some(value) = example.node.get("value") else {
                    continue;
                };
                if self.fits(schema, value) {
                    self.message(types, part, schema, value);
                }
            }
        }
    }

    /// Checks the example of a schema and of all nested schemas.
    fn schema(&mut self, schema: &'d Node) {
        if let Some(example) = schema.get("example") {
            self.fits(schema, example);
        }
        let properties = schema.get("properties").map(Node::entries);
        for property in properties.unwrap_or_default() {
            self.schema(&property.node);
        }
        if let Some(items) = schema.get("items") {
            self.schema(items);
        }
    }

    /// Whether an example is valid against its schema; adds a finding if it is not.
    fn fits(&mut self, schema: &Node, value: &Node) -> bool {
        self.examples += 1;
        let validator = match self.validator(schema) {
            Ok(validator) => validator,
            Err(error) => {
                self.add(
                    "example-schema",
                    value,
                    &format!("its schema is unusable: {error}"),
                );
                return false;
            }
        };
        let example = value.json();
        let errors: Vec<_> = validator
            .iter_errors(&example)
            .map(|error| {
                let path = error.instance_path().to_string();
                (path, error.to_string())
            })
            .collect();
        for (path, error) in &errors {
            let at = if path.is_empty() { "" } else { " at " };
            self.add(
                "example-schema",
                value,
                &format!("not valid by its schema{at}{path}: {error}"),
            );
        }
        errors.is_empty()
    }

    /// Returns a validator for a schema, resolving references to the components.
    fn validator(&self, schema: &Node) -> Result<Validator, String> {
        let reference = match schema.text_of("$ref") {
            Some(reference) => reference.to_owned(),
            None => format!("#{}", schema.location.pointer),
        };
        let schema = json!({"$ref": format!("{DOCUMENT}{reference}")});
        // OpenAPI 3.0 uses an early draft; this is the next one in which all
        // keywords of the document have the same meaning.
        let options = jsonschema::options().with_draft(Draft::Draft7);
        let options = options.with_registry(self.registry);
        options.build(&schema).map_err(|error| error.to_string())
    }

    /// Reads a message into its type, validates it, and writes it again.
    fn message(&mut self, types: Option<&Dynamic>, part: Part, schema: &'d Node, value: &Node) {
        let Some(types) = types else {
            let message = "the generated types do not know this operation: run `cargo xtask gen`";
            self.add("example-types", value, message);
            return;
        };
        let message = match part {
            Part::Request => &types.request,
            Part::Response => &types.response,
        };
        let written = match (message.read)(value.to_json().as_bytes()) {
            Ok(written) => written,
            // A refusal is not a complete response: the client reads its code only.
            Err(_) if part == Part::Response && is_refusal(types.info, value) => return,
            Err(error) => {
                self.add(
                    "example-types",
                    value,
                    &format!("its type cannot read it: {error}"),
                );
                return;
            }
        };
        self.taken_through_types += 1;
        for broken in &written.broken {
            self.add(
                "example-types",
                value,
                &format!("its type refuses it: {broken}"),
            );
        }
        // An empty text is equivalent to an absent member.
        let [expected, written] = [self.without_transport(part, schema, value), written.json]
            .map(|json| without_empty(&json));
        if written != expected {
            let difference = first_difference(&expected, &written);
            self.add(
                "example-types",
                value,
                &format!(
                    "read and written again it is not the same: {difference}; if the document is \
                     right, run `cargo xtask gen`"
                ),
            );
        }
    }

    /// Returns the message as its type writes it: without the fields that the
    /// transport adds.
    fn without_transport(&self, part: Part, schema: &'d Node, value: &Node) -> String {
        let mut value = value.clone();
        let properties = self.resolved(schema).get("properties");
        let added = |name: &str| {
            let property = properties.and_then(|properties| properties.get(name));
            property.is_some_and(|property| {
                ["x-skypay-transport", "x-skypay-constant"]
                    .iter()
                    .any(|mark| property.flag(mark) || self.resolved(property).flag(mark))
            })
        };
        if let document::Value::Map(entries) = &mut value.value
            && part == Part::Request
        {
            entries.retain(|entry| !added(&entry.key));
        }
        value.to_json()
    }

    /// Resolves a reference, also one with overriding keywords.
    fn resolved(&self, node: &'d Node) -> &'d Node {
        let all = node.get("allOf").map(Node::items).unwrap_or_default();
        let reference = all.iter().chain([node]).find_map(|one| one.text_of("$ref"));
        let name = reference.and_then(|text| text.strip_prefix("#/components/schemas/"));
        let schemas = self
            .root
            .get("components")
            .and_then(|node| node.get("schemas"));
        let target = name.and_then(|name| schemas.and_then(|schemas| schemas.get(name)));
        target.map_or(node, |target| self.resolved(target))
    }

    fn add(&mut self, rule: &str, at: &Node, message: &str) {
        self.findings.push(json!({
            "rule": rule,
            "line": at.location.line,
            "column": at.location.column,
            "pointer": at.location.pointer,
            "message": message,
        }));
    }
}

/// Whether a response contains a code of its operation that means that nothing
/// happened or that the outcome is unknown.
fn is_refusal(info: &OperationInfo, answer: &Node) -> bool {
    // Only the code member has a value that the operation lists.
    let texts = answer
        .entries()
        .iter()
        .filter_map(|entry| entry.node.text());
    let mut codes = texts.filter_map(|text| info.return_code(text));
    codes.any(|listed| listed.outcome != Outcome::Accepted)
}

/// Removes the members of a message that are empty texts.
fn without_empty(json: &str) -> String {
    let Ok(mut message) = document::load(json) else {
        return json.to_owned();
    };
    drop_empty(&mut message.value);
    message.to_json()
}

fn drop_empty(value: &mut document::Value) {
    match value {
        document::Value::Map(entries) => {
            entries.retain(|entry| entry.node.text() != Some(""));
            for entry in entries.iter_mut() {
                drop_empty(&mut entry.node.value);
            }
        }
        document::Value::List(items) => {
            for item in items {
                drop_empty(&mut item.value);
            }
        }
        _ => {}
    }
}

/// Returns the first difference of two texts, with some context.
fn first_difference(expected: &str, written: &str) -> String {
    let same = expected
        .char_indices()
        .zip(written.chars())
        .find(|((_, left), right)| left != right)
        .map_or(expected.len().min(written.len()), |((index, _), _)| index);
    let part = |text: &str| -> String {
        let start = text[..same].rfind([',', '{']).unwrap_or(0);
        text[start..].chars().take(60).collect()
    };
    format!("`{}` became `{}`", part(expected), part(written))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Request,
    Response,
}
