//! The rules that the document must keep before anything is generated: one
//! small function each, all diagnostics reported together.

mod examples;
mod names;
mod operations;
mod root;
mod schemas;
mod shape;

use std::collections::HashSet;

use crate::diagnostic::{Diagnostics, Reporter};
use crate::document::{Node, Value};
use crate::schema::Schema;

/// Checks every rule.
///
/// # Errors
///
/// Everything that is wrong, in the order of the document.
pub fn check(root: &Node) -> Result<(), Diagnostics> {
    in_shape(root)?;
    rules(&Document::new(root))
}

/// Checks keywords and references. A document of another shape, or with
/// references that lead nowhere or in circles, would only give the other rules
/// wrong ideas.
///
/// # Errors
///
/// Everything that is out of shape, in the order of the document.
pub fn in_shape(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    shape::keywords_known(root, &mut reporter);
    shape::references_alone(root, &mut reporter);
    shape::references_resolve(root, &mut reporter);
    crate::characters::lines(root, &mut reporter);
    shape::no_circles(root, &mut reporter);
    shape::nesting(root, &mut reporter);
    reporter.finish(())
}

/// Checks what a comparison relies on: schemas hold few enough others, and
/// names have one line.
///
/// # Errors
///
/// All that is wrong.
pub fn in_bounds(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    crate::characters::lines(root, &mut reporter);
    shape::nesting(root, &mut reporter);
    reporter.finish(())
}

/// Checks the rules about a document that is in shape.
///
/// # Errors
///
/// Everything that is wrong, in the order of the document.
pub fn rules(document: &Document<'_>) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    for rule in RULES {
        rule(document, &mut reporter);
    }
    reporter.finish(())
}

/// Whether an example fits its schema, as far as the rules look.
#[must_use]
pub fn example_fits(root: &Node, schema: &Node, value: &Node) -> bool {
    examples::fits(&Document::new(root), schema, value)
}

/// A rule looks at the document and notes what is wrong.
type RuleFunction = fn(&Document<'_>, &mut Reporter);

const RULES: &[RuleFunction] = &[
    root::openapi_version,
    root::no_security,
    root::wire_form,
    root::environments,
    operations::path_form,
    operations::parameters,
    operations::operation_names,
    operations::action_agrees,
    operations::transport_fields,
    operations::one_answer,
    operations::request_not_shared,
    operations::retry_policies,
    operations::mode_fits_direction,
    operations::result_codes,
    operations::partner_codes,
    operations::message_keys,
    schemas::codes_named,
    schemas::money_states,
    schemas::enums_are_tables,
    schemas::known_types,
    schemas::bounds,
    schemas::patterns,
    schemas::required_exists,
    schemas::conditions,
    names::package,
    names::well_formed,
    names::free,
    schemas::aliases_unambiguous,
    schemas::described,
    examples::valid,
];

/// The document with its operations and schemas at hand.
pub struct Document<'d> {
    /// The whole document.
    pub root: &'d Node,
    /// Every operation, in the order of the document.
    pub operations: Vec<Operation<'d>>,
    /// Every schema with where it stands, components and inline ones.
    pub schemas: Vec<&'d Node>,
    /// The components by name.
    pub components: Vec<(&'d str, &'d Node)>,
    /// Where the components stand.
    pointers: HashSet<&'d str>,
}

/// An operation at its path.
pub struct Operation<'d> {
    /// The key of its path item, fragment included.
    pub key: &'d str,
    /// The path item.
    pub item: &'d Node,
    /// The operation itself.
    pub post: &'d Node,
}

impl<'d> Document<'d> {
    /// Collects the operations and schemas of a document.
    #[must_use]
    pub fn new(root: &'d Node) -> Self {
        let paths = root.entries_of("paths");
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
        let pointers = components.iter();
        let pointers = pointers.map(|(_, node)| node.location.pointer.as_str());
        Self {
            root,
            operations,
            schemas,
            pointers: pointers.collect(),
            components,
        }
    }

    /// A schema with the component that it refers to.
    #[must_use]
    pub fn resolve(&self, node: &'d Node) -> Schema<'d> {
        Schema::resolve(self.root, node)
    }

    /// Whether a schema is a component itself.
    #[must_use]
    pub fn is_component(&self, schema: &Node) -> bool {
        self.pointers.contains(schema.location.pointer.as_str())
    }

    /// Messages and rows: the components with properties.
    pub fn objects(&self) -> impl Iterator<Item = (&'d str, &'d Node)> {
        self.components
            .iter()
            .copied()
            .filter(|(_, node)| node.get("properties").is_some())
    }
}

fn collect_schemas<'d>(schema: &'d Node, found: &mut Vec<&'d Node>) {
    found.push(schema);
    let properties = schema.entries_of("properties");
    for property in properties {
        collect_schemas(&property.node, found);
    }
    if let Some(items) = schema.get("items") {
        collect_schemas(items, found);
    }
}

impl<'d> Operation<'d> {
    /// Whether the partner is called.
    #[must_use]
    pub fn is_callback(&self) -> bool {
        self.item.text_of("x-skypay-direction") == Some("callback")
    }

    /// The schema of the request.
    #[must_use]
    pub fn request(&self) -> Option<&'d Node> {
        schema_of(self.post.get("requestBody")?)
    }

    /// The schema of the response.
    #[must_use]
    pub fn response(&self) -> Option<&'d Node> {
        schema_of(self.post.get("responses")?.get("200")?)
    }

    /// The `operationId`; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &'d str {
        self.post.text_of("operationId").unwrap_or_default()
    }
}

fn schema_of(body: &Node) -> Option<&Node> {
    body.get("content")?.get("application/json")?.get("schema")
}

/// Whether a text says nothing.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The text of a scalar node.
fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::example_fits;
    use crate::document::load;

    #[test]
    fn an_example_fits_or_it_does_not() {
        let document = load("components: {schemas: {Short: {type: string, maxLength: 3}}}\nfits: abc\nlong: abcd\nnumber: 1").unwrap();
        let part = |name: &str| document.get(name).unwrap();
        let schemas = part("components").get("schemas").unwrap();
        let short = schemas.get("Short").unwrap();
        let fits = |name| example_fits(&document, short, part(name));
        assert_eq!(["fits", "long", "number"].map(fits), [true, false, false]);
    }
}
