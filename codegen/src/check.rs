//! The rules that the document must keep before anything is generated: one
//! small function each, all problems reported together.

mod examples;
mod operations;
mod schemas;
mod shape;

use crate::document::{Node, Value};
use crate::lower::Schema;
use crate::problem::{Findings, Problems};

/// Checks every rule.
///
/// # Errors
///
/// Everything that is wrong, in the order of the document.
pub(crate) fn check(root: &Node) -> Result<(), Problems> {
    let mut findings = Findings::new();
    // A document of another shape, or with references that lead nowhere or in
    // circles, would only give the other rules wrong ideas.
    shape::words_known(root, &mut findings);
    shape::references_resolve(root, &mut findings);
    shape::no_circles(root, &mut findings);
    findings.verdict(())?;

    let mut findings = Findings::new();
    let document = Document::new(root);
    for rule in RULES {
        rule(&document, &mut findings);
    }
    findings.verdict(())
}

/// Whether an example fits its schema, as far as the rules look.
pub(crate) fn example_fits(root: &Node, schema: &Node, value: &Node) -> bool {
    examples::fits(&Document::new(root), schema, value)
}

/// The names of all rules, those of loading and lowering included.
pub const RULE_NAMES: &[&str] = &[
    "action-agrees",
    "aliases",
    "bounds",
    "codes-named",
    "conditions",
    "described",
    "enums-are-tables",
    "environments",
    "known-extension",
    "known-types",
    "message-not-shared",
    "mode-fits-direction",
    "no-circles",
    "one-answer",
    "openapi-version",
    "operation-names",
    "path-form",
    "patterns",
    "ref-alone",
    "references",
    "required-exists",
    "result-codes",
    "rust-names",
    "shape",
    "transport-fields",
    "valid-example",
    "waiting",
    "words",
    "yaml",
];

/// A rule looks at the document and notes what is wrong.
type RuleFunction = fn(&Document<'_>, &mut Findings);

const RULES: &[RuleFunction] = &[
    operations::openapi_version,
    operations::environments,
    operations::path_form,
    operations::operation_names,
    operations::action_agrees,
    operations::transport_fields,
    operations::one_answer,
    operations::request_not_shared,
    operations::waiting_rules,
    operations::mode_fits_direction,
    operations::result_codes,
    schemas::codes_named,
    schemas::enums_are_tables,
    schemas::known_types,
    schemas::bounds,
    schemas::patterns,
    schemas::required_exists,
    schemas::conditions,
    schemas::rust_names,
    schemas::aliases_unambiguous,
    schemas::described,
    examples::valid,
];

/// The document with its operations and schemas at hand.
struct Document<'d> {
    root: &'d Node,
    operations: Vec<Operation<'d>>,
    /// Every schema with where it stands, components and inline ones.
    schemas: Vec<&'d Node>,
    components: Vec<(&'d str, &'d Node)>,
}

/// An operation at its path.
struct Operation<'d> {
    key: &'d str,
    item: &'d Node,
    post: &'d Node,
}

impl<'d> Document<'d> {
    fn new(root: &'d Node) -> Self {
        let paths = root.get("paths").map(Node::entries).unwrap_or_default();
        let operations = paths
            .iter()
            .filter_map(|entry| {
                Some(Operation {
                    key: &entry.key,
                    item: &entry.node,
                    post: entry.node.get("post")?,
                })
            })
            .collect();
        let components: Vec<_> = root
            .get("components")
            .and_then(|components| components.get("schemas"))
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.node))
            .collect();
        let mut schemas = Vec::new();
        for (_, schema) in &components {
            collect_schemas(schema, &mut schemas);
        }
        Self {
            root,
            operations,
            schemas,
            components,
        }
    }

    fn resolve(&self, node: &'d Node) -> Schema<'d> {
        Schema::resolve(self.root, node)
    }

    /// Messages and rows: the components with properties.
    fn objects(&self) -> impl Iterator<Item = (&'d str, &'d Node)> {
        self.components
            .iter()
            .copied()
            .filter(|(_, node)| node.get("properties").is_some())
    }
}

fn collect_schemas<'d>(schema: &'d Node, found: &mut Vec<&'d Node>) {
    found.push(schema);
    let properties = schema.get("properties").map(Node::entries);
    for property in properties.unwrap_or_default() {
        collect_schemas(&property.node, found);
    }
    if let Some(items) = schema.get("items") {
        collect_schemas(items, found);
    }
}

impl<'d> Operation<'d> {
    fn is_callback(&self) -> bool {
        self.item.text_of("x-skypay-direction") == Some("callback")
    }

    fn request(&self) -> Option<&'d Node> {
        schema_of(self.post.get("requestBody")?)
    }

    fn response(&self) -> Option<&'d Node> {
        schema_of(self.post.get("responses")?.get("200")?)
    }

    fn name(&self) -> &'d str {
        self.post.text_of("operationId").unwrap_or_default()
    }
}

fn schema_of(body: &Node) -> Option<&Node> {
    body.get("content")?.get("application/json")?.get("schema")
}

fn properties(schema: Schema<'_>) -> &[crate::document::Entry] {
    schema
        .get("properties")
        .map(Node::entries)
        .unwrap_or_default()
}

fn is_identifier(name: &str) -> bool {
    syn::parse_str::<proc_macro2::Ident>(name).is_ok()
}

fn is_variant(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric())
        && is_identifier(name)
}

/// The text of a scalar node.
fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
