//! Rules about the document's keywords and references; the other rules rely on
//! them.

use std::borrow::Cow;
use std::collections::HashMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use super::scalar_text;
use crate::diagnostic::{Location, Reporter};
use crate::document::{Node, Value};
use crate::keywords::{self, Keywords, Shape};
use crate::schema::component;

/// Every keyword is one that the generator understands, its value looks as it
/// should, and none is missing.
pub(super) fn keywords_known(root: &Node, reporter: &mut Reporter) {
    keywords(root, keywords::ROOT, reporter);
}

/// Whether the keywords of a mapping are known here, and their values in shape.
fn keywords(node: &Node, known: Keywords, reporter: &mut Reporter) {
    if !matches!(node.value, Value::Map(_)) {
        let message = format!("a mapping belongs here, not {}", node.kind());
        reporter.add("unknown-keyword", &node.location, message);
        return;
    }
    for entry in node.entries() {
        let mut all = known.iter().chain(keywords::ANYWHERE);
        match all.find(|(keyword, _)| *keyword == entry.key) {
            Some((_, shape)) => in_shape(&entry.key, &entry.node, *shape, reporter),
            None if entry.key.starts_with("x-") => {
                let message = format!(
                    "the extension `{}` is not known here; spec/README.md lists the ones that are",
                    entry.key
                );
                reporter.add("known-extension", &entry.location, message);
            }
            None => {
                let known: Vec<_> = known.iter().map(|(keyword, _)| *keyword).collect();
                let message = match known.as_slice() {
                    [only] => format!("only `{only}` is understood here, not `{}`", entry.key),
                    _ => format!(
                        "`{}` is not understood here: it would be silently without effect",
                        entry.key
                    ),
                };
                reporter.add("unknown-keyword", &entry.location, message);
            }
        }
    }
    for (keyword, shape) in known {
        if matches!(shape, Shape::Required(_)) && node.get(keyword).is_none() {
            let message = format!("`{keyword}` is missing");
            reporter.add("shape", &node.location, message);
        }
    }
}

fn in_shape(keyword: &str, node: &Node, shape: Shape, reporter: &mut Reporter) {
    let text = scalar_text(node);
    let is_empty = match (&node.value, shape) {
        (Value::Text(text), Shape::Text | Shape::Required(Shape::Text)) => text.trim().is_empty(),
        (Value::List(_) | Value::Map(_), Shape::Required(shape)) => {
            !matches!(shape, Shape::Any) && node.items().is_empty() && node.entries().is_empty()
        }
        _ => false,
    };
    if is_empty {
        let message = format!("`{keyword}` is empty");
        reporter.add("shape", &node.location, message);
        return;
    }
    let shape = match shape {
        Shape::Required(shape) => *shape,
        shape => shape,
    };
    let Some(wanted) = wanted(node, shape) else {
        for (node, known) in shape.mappings(node) {
            keywords(node, known, reporter);
        }
        return;
    };
    let is = text.map_or(node.kind().to_owned(), |text| format!("`{text}`"));
    let (rule, message) = match shape {
        Shape::Only(rule, ..) => (rule, format!("`{keyword}` is {is}: write {wanted}")),
        Shape::Implemented(name) => {
            let message = format!(
                "`{keyword}` is {is}, and the runtime implements only `{name}`: another one needs code in `runtime/` first"
            );
            ("wire-form", message)
        }
        _ => {
            let is_extension = keyword.starts_with("x-");
            let rule = ["unknown-keyword", "known-extension"][usize::from(is_extension)];
            let message = format!("`{keyword}` is {}: write {wanted}", node.kind());
            (rule, message)
        }
    };
    reporter.add(rule, &node.location, message);
}

/// What belongs in place of a value that has not the shape of its keyword.
fn wanted(node: &Node, shape: Shape) -> Option<Cow<'static, str>> {
    let value = &node.value;
    let (fits, wanted) = match shape {
        Shape::Text => (
            node.text().is_some(),
            "a text (quoted, if it looks like a number)",
        ),
        Shape::Only(_, words, why) => {
            let text = scalar_text(node).unwrap_or_default();
            let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            let fits = words.contains(&text.as_str());
            return (!fits).then(|| (quoted.join(" or ") + why).into());
        }
        Shape::Implemented(name) => (node.text().is_some_and(|text| text.contains(name)), name),
        Shape::Flag => (matches!(value, Value::Bool(_)), "`true` or `false`"),
        Shape::Number => (matches!(value, Value::Number(_)), "a number"),
        Shape::Scalar => (
            matches!(value, Value::Number(_) | Value::Text(_)),
            "a number or a text",
        ),
        Shape::Texts => (
            matches!(value, Value::List(items) if items.iter().all(|item| item.text().is_some())),
            "a sequence of texts (quoted, if they look like numbers)",
        ),
        Shape::Rows(_) | Shape::SchemaList | Shape::Parameters => {
            (matches!(value, Value::List(_)), "a sequence")
        }
        Shape::Empty => (
            matches!(value, Value::List(items) if items.is_empty()),
            "`[]`, since the credentials are in the body",
        ),
        Shape::Any | Shape::Required(_) => (true, ""),
        Shape::Map | Shape::Members(_) | Shape::Each(_) | Shape::Schema | Shape::Schemas => {
            (matches!(value, Value::Map(_)), "a mapping")
        }
    };
    (!fits).then_some(wanted.into())
}

/// Every `$ref` leads to a component of this document, and nothing stands beside
/// one to a schema.
pub(super) fn references(root: &Node, reporter: &mut Reporter) {
    let mut references = Vec::new();
    collect_references(root, &mut references);
    for (node, holder) in references {
        let target = node.text().unwrap_or_default();
        let schema = target.strip_prefix("#/components/schemas/");
        let parameter = target.strip_prefix("#/components/parameters/");
        if schema.is_some() && holder.entries().len() > 1 {
            let message = "what stands beside a `$ref` is ignored by every tool: write `allOf: [{$ref: …}]` and put it beside that";
            reporter.add("ref-alone", &holder.location, message);
        }
        let path = &holder.location.pointer;
        let is_parameter =
            path.starts_with("/paths/") && path.rsplit('/').nth(1) == Some("parameters");
        let found = match (schema, parameter) {
            (Some(name), _) if !is_parameter => component(root, name).is_some(),
            (_, Some(name)) if is_parameter => {
                root.at(&["components", "parameters", name]).is_some()
            }
            _ => false,
        };
        if !found {
            let message = format!(
                "`{target}` leads nowhere: components of this document are `#/components/schemas/Name` and `#/components/parameters/name`"
            );
            reporter.add("references", &node.location, message);
        }
    }
}

/// Every reference, with the mapping that holds it.
fn collect_references<'d>(node: &'d Node, found: &mut Vec<(&'d Node, &'d Node)>) {
    for entry in node.entries() {
        if entry.key == "$ref" {
            found.push((&entry.node, node));
        } else if entry.key != "value" && entry.key != "example" {
            collect_references(&entry.node, found);
        }
    }
    for item in node.items() {
        collect_references(item, found);
    }
}

/// How many schemas may stand in each other.
const MAX_DEPTH: usize = 16;

/// How many schemas a schema may hold, counted again wherever they stand in it.
const MAX_SIZE: usize = 10_000;

/// No schema contains itself: messages end.
pub(super) fn no_circles(root: &Node, reporter: &mut Reporter) {
    for schema in holding(root) {
        if schema.in_circle {
            let message = format!("`{}` contains itself", schema.name);
            reporter.add("no-circles", schema.location, message);
        }
    }
}

/// No schema holds so many others that it could not be written out.
pub(super) fn nesting(root: &Node, reporter: &mut Reporter) {
    for schema in holding(root) {
        let Holding { name, location, .. } = schema;
        // The schemas that hold this one are too deep as well; one message does.
        if schema.depth == MAX_DEPTH + 1 {
            let message = format!(
                "`{name}` holds schemas that hold others, more than {MAX_DEPTH} levels deep: refer to fewer of them in a row"
            );
            reporter.add("nesting", location, message);
        }
        if schema.size > MAX_SIZE && schema.largest_part <= MAX_SIZE {
            let message = format!(
                "`{name}` holds more than {MAX_SIZE} schemas, counted wherever they stand in it: refer to fewer of them"
            );
            reporter.add("nesting", location, message);
        }
    }
}

/// What a schema holds.
struct Holding<'d> {
    name: &'d str,
    location: &'d Location,
    in_circle: bool,
    /// How many levels there are, this one included.
    depth: usize,
    /// How many schemas there are, this one included.
    size: usize,
    /// The size of the largest schema that it refers to.
    largest_part: usize,
}

/// What each component holds, each looked at once, in no particular order.
fn holding(root: &Node) -> Vec<Holding<'_>> {
    let entries = root.at(&["components", "schemas"]);
    let entries = entries.map(Node::entries).unwrap_or_default();
    let mut graph = DiGraph::<(), ()>::new();
    let numbers: HashMap<_, _> = entries
        .iter()
        .map(|entry| (entry.key.as_str(), graph.add_node(())))
        .collect();
    for entry in entries {
        let mut references = Vec::new();
        collect_references(&entry.node, &mut references);
        for (target, _) in references {
            let name = target.text().and_then(|target| target.rsplit('/').next());
            if let Some(part) = name.and_then(|name| numbers.get(name)) {
                graph.add_edge(numbers[entry.key.as_str()], *part, ());
            }
        }
    }
    let mut found: Vec<_> = entries
        .iter()
        .map(|entry| Holding {
            name: &entry.key,
            location: &entry.location,
            in_circle: false,
            depth: 0,
            size: 0,
            largest_part: 0,
        })
        .collect();
    // What contains each other is one group, behind all that it refers to.
    for group in kosaraju_scc(&graph) {
        for one in &group {
            let parts = graph.neighbors(*one).map(|part| &found[part.index()]);
            let depth = parts.clone().map(|part| part.depth).max();
            let size = parts.clone().map(|part| part.size);
            let size = size.fold(1, usize::saturating_add);
            let largest_part = parts.map(|part| part.size).max();
            let holding = &mut found[one.index()];
            holding.in_circle = group.len() > 1 || graph.contains_edge(*one, *one);
            holding.depth = 1 + depth.unwrap_or_default();
            holding.size = size;
            holding.largest_part = largest_part.unwrap_or_default();
        }
    }
    found
}
