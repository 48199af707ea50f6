//! The rules that a document must satisfy before code is generated: one function
//! each, with all diagnostics reported together.

mod examples;
mod header;
mod names;
mod operations;
mod schemas;
mod shape;

use crate::diagnostic::{Diagnostics, Reporter};
use crate::document::{Entry, Node, Value};
use crate::keywords::Keywords;
use crate::model::Header;
use crate::schema::Schema;

/// Checks all rules.
///
/// # Errors
///
/// All diagnostics, in the order of the document.
pub fn check(root: &Node) -> Result<(), Diagnostics> {
    in_shape(root)?;
    rules(&Document::new(root))
}

/// Checks keywords and references. It runs first, since unknown keywords and
/// dangling or circular references would cause misleading diagnostics from the
/// other rules.
///
/// # Errors
///
/// All diagnostics about keywords and references, in the order of the document.
pub fn in_shape(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    shape::keywords(root, Keywords::of_document(), &mut reporter);
    shape::references(root, &mut reporter);
    crate::characters::lines(root, &mut reporter);
    shape::nesting(root, false, &mut reporter);
    reporter.finish(())
}

/// Checks the requirements of a comparison: schemas of limited size, and names of
/// one line.
///
/// # Errors
///
/// All diagnostics.
pub fn in_bounds(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    crate::characters::lines(root, &mut reporter);
    shape::nesting(root, true, &mut reporter);
    reporter.finish(())
}

/// Checks all other rules, on a document whose keywords and references are valid.
///
/// # Errors
///
/// All diagnostics, in the order of the document.
pub fn rules(document: &Document<'_>) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    for rule in RULES {
        rule(document, &mut reporter);
    }
    for operation in &document.operations {
        for rule in OPERATION_RULES {
            rule(document, operation, &mut reporter);
        }
    }
    for (name, schema) in document.objects() {
        for rule in OBJECT_RULES {
            rule(name, schema, &mut reporter);
        }
    }
    for schema in &document.schemas {
        for rule in SCHEMA_RULES {
            rule(*schema, &mut reporter);
        }
    }
    reporter.finish(())
}

/// Returns whether an example is valid against its schema, as far as the rules
/// validate it.
#[must_use]
pub fn example_fits(root: &Node, schema: &Node, value: &Node) -> bool {
    let mut reporter = Reporter::new();
    examples::value_fits(Schema::resolve(root, schema), value, &mut reporter);
    reporter.finish(()).is_ok()
}

/// Rules about the whole document and about consistency across it.
const RULES: &[fn(&Document<'_>, &mut Reporter)] = &[
    operations::environments,
    operations::path_form,
    |document, reporter| drop(header::header(document, reporter)),
    operations::message_not_shared,
    schemas::codes_named,
    schemas::money_states,
    names::rust_names,
];

/// Rules about one operation.
const OPERATION_RULES: &[fn(&Document<'_>, &Operation<'_>, &mut Reporter)] = &[
    operations::parameters,
    operations::action_agrees,
    operations::transport_fields,
    operations::transaction_id,
    operations::retry_policy,
    operations::mode_fits_direction,
    operations::result_codes,
    operations::partner_codes,
    operations::message_keys,
    examples::of_operation,
];

/// Rules about one component with properties.
const OBJECT_RULES: &[fn(&str, Schema<'_>, &mut Reporter)] = &[
    schemas::required_exists,
    schemas::conditions,
    schemas::aliases_unambiguous,
];

/// Rules about one schema, component or inline.
const SCHEMA_RULES: &[fn(Schema<'_>, &mut Reporter)] = &[
    schemas::enums_are_tables,
    schemas::known_types,
    schemas::bounds,
    schemas::patterns,
    schemas::described,
    examples::of_schema,
];

/// A document with its operations and schemas.
pub struct Document<'d> {
    /// The whole document.
    pub root: &'d Node,
    /// All operations with a request and a response, in the order of the document.
    pub operations: Vec<Operation<'d>>,
    /// All schemas, components and inline.
    pub schemas: Vec<Schema<'d>>,
    /// The components by name.
    pub components: Vec<(&'d str, Schema<'d>)>,
}

/// An operation and its path.
pub struct Operation<'d> {
    /// The path item and its key.
    pub path: &'d Entry,
    /// The path on the wire: the key before the `#`.
    pub wire_path: &'d str,
    /// The path fragment: the key after the `#`.
    pub label: &'d str,
    /// The operation itself.
    pub post: &'d Node,
    /// The request.
    pub request: Body<'d>,
    /// The response.
    pub response: Body<'d>,
}

/// A request or a response.
#[derive(Clone, Copy)]
pub struct Body<'d> {
    /// The schema of the message.
    pub schema: Schema<'d>,
    /// The named examples.
    pub examples: &'d [Entry],
}

impl<'d> Document<'d> {
    /// Collects the operations and schemas of a document.
    #[must_use]
    pub fn new(root: &'d Node) -> Self {
        let paths = root.entries_of("paths").iter();
        let components: Vec<_> = root
            .at(&["components", "schemas"])
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| (entry.key.as_str(), Schema::resolve(root, &entry.node)))
            .collect();
        let mut schemas = Vec::new();
        for (_, schema) in &components {
            collect_schemas(*schema, &mut schemas);
        }
        Self {
            root,
            operations: paths
                .filter_map(|path| Operation::new(root, path))
                .collect(),
            schemas,
            components,
        }
    }

    /// Returns the names of the header fields.
    pub(crate) fn header(&self) -> Header {
        header::header(self, &mut Reporter::new())
    }

    /// Returns a schema with the component to which it refers.
    #[must_use]
    pub fn resolve(&self, node: &'d Node) -> Schema<'d> {
        Schema::resolve(self.root, node)
    }

    /// Returns the components with properties, by name.
    pub fn objects(&self) -> impl Iterator<Item = (&'d str, Schema<'d>)> {
        let components = self.components.iter().copied();
        components.filter(|(_, schema)| schema.own.get("properties").is_some())
    }
}

fn collect_schemas<'d>(schema: Schema<'d>, found: &mut Vec<Schema<'d>>) {
    found.push(schema);
    // The contents of a component are collected at the component.
    let own = Schema {
        component: None,
        ..schema
    };
    for (_, field) in own.fields() {
        collect_schemas(field, found);
    }
    if let Some(items) = own.items() {
        collect_schemas(items, found);
    }
}

impl<'d> Operation<'d> {
    fn new(root: &'d Node, path: &'d Entry) -> Option<Self> {
        let post = path.node.get("post")?;
        let (wire_path, label) = path.key.split_once('#').unwrap_or((&path.key, ""));
        let body = |node: &'d Node| {
            let media = node.at(&["content", "application/json"])?;
            Some(Body {
                schema: Schema::resolve(root, media.get("schema")?),
                examples: media.entries_of("examples"),
            })
        };
        Some(Self {
            path,
            wire_path,
            label,
            post,
            request: body(post.get("requestBody")?)?,
            response: body(post.at(&["responses", "200"])?)?,
        })
    }

    /// Returns whether the provider calls the partner.
    #[must_use]
    pub fn is_callback(&self) -> bool {
        self.path.node.text_of("x-skypay-direction") == Some("callback")
    }

    /// Returns the `operationId`, or an empty string.
    #[must_use]
    pub fn name(&self) -> &'d str {
        self.post.text_of("operationId").unwrap_or_default()
    }
}

/// Whether a text matches a pattern; an invalid pattern matches nothing.
fn matches(pattern: &str, text: &str) -> bool {
    regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// The text of a scalar node.
fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
