//! Rules about the document's words and references; the other rules rely on
//! them.

use std::collections::BTreeSet;

use crate::document::{Node, Value};
use crate::lower::component;
use crate::problem::Findings;
use crate::vocabulary::{self, Shape};

/// Every word is one that the generator understands, and its value looks as
/// it should.
pub(super) fn words_known(root: &Node, findings: &mut Findings) {
    words(root, vocabulary::ROOT, findings);
    if let Some(info) = root.get("info") {
        words(info, vocabulary::INFO, findings);
    }
    for server in root.get("servers").map(Node::items).unwrap_or_default() {
        words(server, vocabulary::SERVER, findings);
    }
    let paths = root.get("paths").map(Node::entries).unwrap_or_default();
    for entry in paths {
        words(&entry.node, vocabulary::PATH_ITEM, findings);
        for server in entry
            .node
            .get("servers")
            .map(Node::items)
            .unwrap_or_default()
        {
            words(server, vocabulary::SERVER, findings);
        }
        if let Some(post) = entry.node.get("post") {
            operation_words(post, findings);
        }
    }
    if let Some(components) = root.get("components") {
        words(components, vocabulary::COMPONENTS, findings);
        let schemas = components.get("schemas").map(Node::entries);
        for entry in schemas.unwrap_or_default() {
            schema_words(&entry.node, findings);
        }
    }
}

fn operation_words(post: &Node, findings: &mut Findings) {
    words(post, vocabulary::OPERATION, findings);
    if let Some(body) = post.get("requestBody") {
        words(body, vocabulary::REQUEST_BODY, findings);
        content_words(body, findings);
    }
    let responses = post.get("responses").map(Node::entries).unwrap_or_default();
    for response in responses {
        words(&response.node, vocabulary::RESPONSE, findings);
        content_words(&response.node, findings);
    }
}

fn content_words(body: &Node, findings: &mut Findings) {
    for media in body.get("content").map(Node::entries).unwrap_or_default() {
        words(&media.node, vocabulary::MEDIA_TYPE, findings);
        if let Some(schema) = media.node.get("schema") {
            schema_words(schema, findings);
        }
        let examples = media.node.get("examples").map(Node::entries);
        for example in examples.unwrap_or_default() {
            words(&example.node, vocabulary::EXAMPLE, findings);
        }
    }
}

fn schema_words(schema: &Node, findings: &mut Findings) {
    words(schema, vocabulary::SCHEMA, findings);
    if schema.get("$ref").is_some() && schema.entries().len() > 1 {
        let message = "what stands beside a `$ref` is ignored by every tool: write `allOf: [{$ref: …}]` and put it beside that";
        findings.add("ref-alone", &schema.place, message);
    }
    let properties = schema.get("properties").map(Node::entries);
    for property in properties.unwrap_or_default() {
        schema_words(&property.node, findings);
    }
    if let Some(items) = schema.get("items") {
        schema_words(items, findings);
    }
    for part in schema.get("allOf").map(Node::items).unwrap_or_default() {
        schema_words(part, findings);
    }
}

/// Whether the words of a mapping are known here, and their values in shape.
fn words(node: &Node, known: &[(&str, Shape)], findings: &mut Findings) {
    if !matches!(node.value, Value::Map(_)) {
        let message = format!("a mapping belongs here, not {}", node.kind());
        findings.add("words", &node.place, message);
        return;
    }
    for entry in node.entries() {
        let mut all = known.iter().chain(vocabulary::ANYWHERE);
        match all.find(|(word, _)| *word == entry.key) {
            Some((_, shape)) => in_shape(&entry.key, &entry.node, *shape, findings),
            None if entry.key.starts_with("x-") => {
                let message = format!(
                    "the extension `{}` is not known here; spec/README.md lists the ones that are",
                    entry.key
                );
                findings.add("known-extension", &entry.place, message);
            }
            None => {
                let message = format!(
                    "`{}` is not understood here: it would be silently without effect",
                    entry.key
                );
                findings.add("words", &entry.place, message);
            }
        }
    }
}

fn in_shape(word: &str, node: &Node, shape: Shape, findings: &mut Findings) {
    let fits = match shape {
        Shape::Text => node.text().is_some(),
        Shape::Flag => matches!(node.value, Value::Bool(_)),
        Shape::Number => matches!(node.value, Value::Number(_)),
        Shape::Scalar => matches!(node.value, Value::Number(_) | Value::Text(_)),
        Shape::List | Shape::Rows(_) => matches!(node.value, Value::List(_)),
        Shape::Texts => match &node.value {
            Value::List(items) => items.iter().all(|item| item.text().is_some()),
            _ => false,
        },
        Shape::Map | Shape::Members(_) => matches!(node.value, Value::Map(_)),
        Shape::Any => true,
    };
    if !fits {
        let wanted = match shape {
            Shape::Text => "a text (quoted, if it looks like a number)",
            Shape::Flag => "`true` or `false`",
            Shape::Number => "a number",
            Shape::Scalar => "a number or a text",
            Shape::Texts => "a sequence of texts (quoted, if they look like numbers)",
            Shape::List | Shape::Rows(_) => "a sequence",
            Shape::Map | Shape::Members(_) | Shape::Any => "a mapping",
        };
        let rule = if word.starts_with("x-") {
            "known-extension"
        } else {
            "words"
        };
        let message = format!("`{word}` is {}: write {wanted}", node.kind());
        findings.add(rule, &node.place, message);
        return;
    }
    match shape {
        Shape::Members(members) => words(node, members, findings),
        Shape::Rows(members) => {
            for row in node.items() {
                words(row, members, findings);
            }
        }
        _ => {}
    }
}

/// Every `$ref` leads to a component of this document.
pub(super) fn references_resolve(root: &Node, findings: &mut Findings) {
    let mut references = Vec::new();
    collect_references(root, &mut references);
    for node in references {
        let target = node.text().unwrap_or_default();
        let schema = target.strip_prefix("#/components/schemas/");
        let parameter = target.strip_prefix("#/components/parameters/");
        let found = match (schema, parameter) {
            (Some(name), _) => component(root, name).is_some(),
            (_, Some(name)) => root
                .get("components")
                .and_then(|components| components.get("parameters"))
                .is_some_and(|parameters| parameters.get(name).is_some()),
            _ => false,
        };
        if !found {
            let message = format!(
                "`{target}` leads nowhere: components of this document are `#/components/schemas/Name` and `#/components/parameters/name`"
            );
            findings.add("references", &node.place, message);
        }
    }
}

fn collect_references<'d>(node: &'d Node, found: &mut Vec<&'d Node>) {
    for entry in node.entries() {
        if entry.key == "$ref" {
            found.push(&entry.node);
        } else if entry.key != "value" && entry.key != "example" {
            collect_references(&entry.node, found);
        }
    }
    for item in node.items() {
        collect_references(item, found);
    }
}

/// No schema contains itself: messages end.
pub(super) fn no_circles(root: &Node, findings: &mut Findings) {
    let schemas = root
        .get("components")
        .and_then(|components| components.get("schemas"))
        .map(Node::entries);
    for entry in schemas.unwrap_or_default() {
        let mut reached = BTreeSet::new();
        reach(root, &entry.node, &mut reached);
        if reached.contains(entry.key.as_str()) {
            let message = format!("`{}` contains itself", entry.key);
            findings.add("no-circles", &entry.place, message);
        }
    }
}

fn reach<'d>(root: &'d Node, node: &'d Node, reached: &mut BTreeSet<&'d str>) {
    let mut references = Vec::new();
    collect_references(node, &mut references);
    for reference in references {
        let name = reference
            .text()
            .and_then(|target| target.strip_prefix("#/components/schemas/"));
        if let Some(name) = name
            && reached.insert(name)
            && let Some(next) = component(root, name)
        {
            reach(root, next, reached);
        }
    }
}
