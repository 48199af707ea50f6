//! Rules about keywords and references, on which the other rules rely.

use std::collections::HashMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use super::scalar_text;
use crate::diagnostic::Reporter;
use crate::document::{Entry, Node, Value};
use crate::keywords::{Keyword, Keywords};
use crate::schema::component;

/// Checks that every keyword is supported and has a valid value, and that no
/// required one is missing.
pub(super) fn keywords(node: &Node, known: Keywords, reporter: &mut Reporter) {
    if !matches!(node.value, Value::Map(_)) {
        let message = format!("a mapping belongs here, not {}", node.kind());
        reporter.add("unknown-keyword", &node.location, message);
        return;
    }
    for entry in node.entries() {
        let mut all = known.iter().chain(Keywords::of_any().iter());
        if let Some(keyword) = all.find(|keyword| keyword.name == entry.key) {
            in_shape(keyword, &entry.node, reporter);
            continue;
        }
        let key = &entry.key;
        let (rule, message) = match known.iter().collect::<Vec<_>>().as_slice() {
            _ if key.starts_with("x-") => (
                "known-extension",
                format!(
                    "the extension `{key}` is not known here; spec/README.md lists the ones that are"
                ),
            ),
            [only] => (
                "unknown-keyword",
                format!("only `{}` is understood here, not `{key}`", only.name),
            ),
            _ => (
                "unknown-keyword",
                format!("`{key}` is not understood here: it would be silently without effect"),
            ),
        };
        reporter.add(rule, &entry.location, message);
    }
    for Keyword { name, .. } in known.iter().filter(|keyword| keyword.is_required) {
        if node.get(name).is_none() {
            let message = format!("`{name}` is missing");
            reporter.add("shape", &node.location, message);
        }
    }
}

fn in_shape(keyword: Keyword, node: &Node, reporter: &mut Reporter) {
    let Keyword {
        name,
        is_required,
        shape,
    } = keyword;
    let is_empty = match &node.value {
        Value::Text(text) => shape.text() == Some("text") && text.trim().is_empty(),
        Value::List(_) | Value::Map(_) => {
            let holds_some = !node.items().is_empty() || !node.entries().is_empty();
            is_required && shape.text() != Some("any") && !holds_some
        }
        _ => false,
    };
    let is = match scalar_text(node) {
        Some(text) => format!("`{text}`"),
        None => node.kind().to_owned(),
    };
    let (rule, message) = if is_empty {
        ("shape", format!("`{name}` is empty"))
    } else if let Some(words) = shape.get("one of") {
        let text = scalar_text(node).unwrap_or_default();
        let words = words.items().iter().filter_map(Node::text);
        if words.clone().any(|word| word == text) {
            return;
        }
        let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
        let why = shape.text_of("why").unwrap_or_default();
        let message = format!("`{name}` is {is}: write {}{why}", words.join(" or "));
        (shape.text_of("rule").unwrap_or("shape"), message)
    } else if let Some(part) = shape.text_of("names") {
        if node.text().is_some_and(|text| text.contains(part)) {
            return;
        }
        let message = format!(
            "`{name}` is {is}, and the runtime implements only `{part}`: another one needs code in `runtime/` first"
        );
        ("wire-form", message)
    } else if let Some(wanted) = wanted(shape, &node.value) {
        let is_extension = name.starts_with("x-");
        let rule = ["unknown-keyword", "known-extension"][usize::from(is_extension)];
        let message = format!("`{name}` is {}: write {wanted}", node.kind());
        (rule, message)
    } else {
        for (node, known) in keyword.mappings(node) {
            keywords(node, known, reporter);
        }
        return;
    };
    reporter.add(rule, &node.location, message);
}

/// The expected kind of value, if a value has another kind.
fn wanted(shape: &Node, value: &Value) -> Option<&'static str> {
    let is_text = |node: &Node| node.text().is_some();
    let (fits, wanted) = match shape.text() {
        Some("any") => return None,
        Some("text") => (
            matches!(value, Value::Text(_)),
            "a text (quoted, if it looks like a number)",
        ),
        Some("flag") => (matches!(value, Value::Bool(_)), "`true` or `false`"),
        Some("number") => (matches!(value, Value::Number(_)), "a number"),
        Some("scalar") => (
            matches!(value, Value::Number(_) | Value::Text(_)),
            "a number or a text",
        ),
        Some("texts") => (
            matches!(value, Value::List(items) if items.iter().all(is_text)),
            "a sequence of texts (quoted, if they look like numbers)",
        ),
        Some("nothing") => (
            matches!(value, Value::List(items) if items.is_empty()),
            "`[]`, since the credentials are in the body",
        ),
        None if !shape.items().is_empty() => (matches!(value, Value::List(_)), "a sequence"),
        _ => (matches!(value, Value::Map(_)), "a mapping"),
    };
    (!fits).then_some(wanted)
}

/// Checks that every `$ref` refers to a component of this document, and that a
/// `$ref` to a schema has no siblings.
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

/// Collects every reference with the mapping that contains it.
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

/// The maximum nesting depth of schemas.
const MAX_DEPTH: usize = 16;

/// The maximum number of schemas in a schema, counted once per use.
const MAX_SIZE: usize = 10_000;

/// Checks that no schema contains itself, except where `may_circle` allows it, and
/// that none contains too many others to be written out.
pub(super) fn nesting(root: &Node, may_circle: bool, reporter: &mut Reporter) {
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
    // The depth of each schema and the number of schemas in it, itself included.
    let mut held = vec![(0, 0); entries.len()];
    // Schemas that contain each other form one group, which follows all that it
    // refers to.
    for group in kosaraju_scc(&graph) {
        for one in &group {
            let parts = graph.neighbors(*one).map(|part| held[part.index()]);
            let depth = 1 + parts.clone().map(|(depth, _)| depth).max().unwrap_or(0);
            let largest_part = parts.clone().map(|(_, size)| size).max().unwrap_or(0);
            let size = parts.map(|(_, size)| size).fold(1, usize::saturating_add);
            held[one.index()] = (depth, size);

            let Entry { key, location, .. } = &entries[one.index()];
            let in_circle = group.len() > 1 || graph.contains_edge(*one, *one);
            if in_circle && !may_circle {
                reporter.add("no-circles", location, format!("`{key}` contains itself"));
            }
            // The schemas that contain this one are too deep as well; one
            // diagnostic is enough.
            if depth == MAX_DEPTH + 1 {
                let message = format!(
                    "`{key}` holds schemas that hold others, more than {MAX_DEPTH} levels deep: refer to fewer of them in a row"
                );
                reporter.add("nesting", location, message);
            }
            if size > MAX_SIZE && largest_part <= MAX_SIZE {
                let message = format!(
                    "`{key}` holds more than {MAX_SIZE} schemas, counting each use: refer to fewer of them"
                );
                reporter.add("nesting", location, message);
            }
        }
    }
}
