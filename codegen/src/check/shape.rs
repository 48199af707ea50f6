//! Rules about the document's keywords and references; the other rules rely on
//! them.

use std::collections::HashMap;

use crate::diagnostic::{Location, Reporter};
use crate::document::{Node, Value};
use crate::keywords::{self, Keywords, Shape};
use crate::schema::component;

/// Every keyword is one that the generator understands, and its value looks as
/// it should.
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
                let message = format!(
                    "`{}` is not understood here: it would be silently without effect",
                    entry.key
                );
                reporter.add("unknown-keyword", &entry.location, message);
            }
        }
    }
}

fn in_shape(keyword: &str, node: &Node, shape: Shape, reporter: &mut Reporter) {
    let value = &node.value;
    let (fits, wanted) = match shape {
        Shape::Text => (
            node.text().is_some(),
            "a text (quoted, if it looks like a number)",
        ),
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
        Shape::List | Shape::Rows(_) | Shape::SchemaList | Shape::Parameters => {
            (matches!(value, Value::List(_)), "a sequence")
        }
        Shape::Any => (true, ""),
        Shape::Map | Shape::Members(_) | Shape::Each(_) | Shape::Schema | Shape::Schemas => {
            (matches!(value, Value::Map(_)), "a mapping")
        }
    };
    if !fits {
        let rule = if keyword.starts_with("x-") {
            "known-extension"
        } else {
            "unknown-keyword"
        };
        let message = format!("`{keyword}` is {}: write {wanted}", node.kind());
        reporter.add(rule, &node.location, message);
        return;
    }
    for (node, known) in shape.mappings(node) {
        keywords(node, known, reporter);
    }
}

/// Nothing stands beside a reference to a schema.
pub(super) fn references_alone(root: &Node, reporter: &mut Reporter) {
    let mut references = Vec::new();
    collect_references(root, &mut references);
    for (node, holder) in references {
        let target = node.text().unwrap_or_default();
        if target.starts_with("#/components/schemas/") && holder.entries().len() > 1 {
            let message = "what stands beside a `$ref` is ignored by every tool: write `allOf: [{$ref: …}]` and put it beside that";
            reporter.add("ref-alone", &holder.location, message);
        }
    }
}

/// Every `$ref` leads to a component of this document.
pub(super) fn references_resolve(root: &Node, reporter: &mut Reporter) {
    let mut references = Vec::new();
    collect_references(root, &mut references);
    for (node, _) in references {
        let target = node.text().unwrap_or_default();
        let schema = target.strip_prefix("#/components/schemas/");
        let parameter = target.strip_prefix("#/components/parameters/");
        let found = match (schema, parameter) {
            (Some(name), _) => component(root, name).is_some(),
            (_, Some(name)) => root.at(&["components", "parameters", name]).is_some(),
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
///
/// Components that contain each other are found by Tarjan's algorithm, which
/// leaves a component after all that it refers to. Its calls are kept in a list
/// of their own, since the chain of references may be as long as the document.
fn holding(root: &Node) -> Vec<Holding<'_>> {
    let schemas = root
        .get("components")
        .and_then(|components| components.get("schemas"));
    let entries = schemas.map(Node::entries).unwrap_or_default();
    let numbers: HashMap<_, _> = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| (entry.key.as_str(), number))
        .collect();
    let parts: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| {
            let mut references = Vec::new();
            collect_references(&entry.node, &mut references);
            let targets = references.iter().filter_map(|(node, _)| node.text());
            let names = targets.filter_map(|text| text.strip_prefix("#/components/schemas/"));
            names
                .filter_map(|name| numbers.get(name).copied())
                .collect()
        })
        .collect();
    let mut found: Vec<Holding<'_>> = entries
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
    let mut order = vec![None; entries.len()];
    let mut lowest = vec![0; entries.len()];
    let mut open = Vec::new();
    let mut is_open = vec![false; entries.len()];
    let mut next = 0;
    for start in 0..entries.len() {
        let mut calls = vec![(start, 0)];
        while let Some((schema, done)) = calls.pop() {
            if done == 0 {
                if order[schema].is_some() {
                    continue;
                }
                order[schema] = Some(next);
                lowest[schema] = next;
                next += 1;
                open.push(schema);
                is_open[schema] = true;
            } else {
                // The part that was looked at last is finished.
                lowest[schema] = lowest[schema].min(lowest[parts[schema][done - 1]]);
            }
            let rest = parts[schema].iter().enumerate().skip(done);
            let mut unseen = rest.filter(|(_, part)| match order[**part] {
                Some(seen) if is_open[**part] => {
                    lowest[schema] = lowest[schema].min(seen);
                    false
                }
                Some(_) => false,
                None => true,
            });
            if let Some((position, part)) = unseen.next() {
                calls.push((schema, position + 1));
                calls.push((*part, 0));
                continue;
            }
            if order[schema] != Some(lowest[schema]) {
                continue;
            }
            let first = open.iter().rposition(|one| *one == schema);
            let group = open.split_off(first.unwrap_or_default());
            for one in &group {
                is_open[*one] = false;
            }
            let in_circle = group.len() > 1 || parts[schema].contains(&schema);
            for one in group {
                let parts = parts[one].iter().map(|part| &found[*part]);
                let depth = parts.clone().map(|part| part.depth).max();
                let size = parts.clone().map(|part| part.size);
                let size = size.fold(1, usize::saturating_add);
                let largest_part = parts.map(|part| part.size).max();
                found[one].in_circle = in_circle;
                found[one].depth = 1 + depth.unwrap_or_default();
                found[one].size = size;
                found[one].largest_part = largest_part.unwrap_or_default();
            }
        }
    }
    found
}
