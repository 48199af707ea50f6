//! The rules that the document must keep before anything is generated: one
//! small function each, all problems reported together.

mod examples;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Node, Value};
use crate::lower::{Schema, component};
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
    openapi_version,
    environments,
    path_form,
    operation_names,
    action_agrees,
    transport_fields,
    one_answer,
    request_not_shared,
    waiting_rules,
    mode_fits_direction,
    result_codes,
    codes_named,
    enums_are_tables,
    known_types,
    patterns,
    required_exists,
    conditions,
    rust_names,
    aliases_unambiguous,
    described,
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

/// The generator and progenitor read `OpenAPI` 3.0.3.
fn openapi_version(document: &Document<'_>, findings: &mut Findings) {
    let version = document.root.get("openapi");
    if version.and_then(Node::text) != Some("3.0.3") {
        let place = &version.unwrap_or(document.root).place;
        findings.add("openapi-version", place, "write `openapi: 3.0.3`");
    }
}

/// Every server has a name that becomes a variant of `Environment`, and is
/// reached over TLS.
fn environments(document: &Document<'_>, findings: &mut Findings) {
    let servers = document.root.get("servers").map(Node::items);
    let servers = servers.unwrap_or_default();
    if servers.is_empty() {
        let message = "`servers` names no environment: give at least one";
        findings.add("environments", &document.root.place, message);
    }
    let mut names = BTreeSet::new();
    for server in servers {
        let name = server.text_of("x-skypay-environment").unwrap_or_default();
        if name.is_empty() || !names.insert(name) {
            let message = "each server needs an `x-skypay-environment` of its own";
            findings.add("environments", &server.place, message);
        }
        if !server
            .text_of("url")
            .unwrap_or_default()
            .starts_with("https://")
        {
            let message = "the server is not reached over https";
            findings.add("environments", &server.place, message);
        }
    }
}

/// A path key is the wire path, `#`, and a label; it holds one `post`.
fn path_form(document: &Document<'_>, findings: &mut Findings) {
    let paths = document.root.get("paths").map(Node::entries);
    for entry in paths.unwrap_or_default() {
        let label = entry.key.split_once('#').map(|(_, label)| label);
        if !entry.key.starts_with('/') || label.is_none_or(str::is_empty) {
            let message = "a path key is the wire path, `#` and the action, as in `/services/{callerName}#payoutQueue`";
            findings.add("path-form", &entry.place, message);
        }
        if entry.node.get("post").is_none() {
            let message = "an operation is a `post`";
            findings.add("path-form", &entry.place, message);
        }
        if let Some(direction) = entry.node.get("x-skypay-direction")
            && direction.text() != Some("callback")
        {
            let message =
                "`x-skypay-direction` is `callback`, or is left out where the partner calls SkyPay";
            findings.add("path-form", &direction.place, message);
        }
    }
}

/// Each `operationId` and each label stands once.
fn operation_names(document: &Document<'_>, findings: &mut Findings) {
    let mut names = BTreeMap::new();
    let mut labels = BTreeMap::new();
    for operation in &document.operations {
        let name = operation.name();
        let Some(id) = operation.post.get("operationId") else {
            let message = "the operation has no `operationId`";
            findings.add("operation-names", &operation.post.place, message);
            continue;
        };
        if let Some(other) = names.insert(name, id.place.line) {
            let message = format!("`{name}` is already the operationId of line {other}");
            findings.add("operation-names", &id.place, message);
        }
        let label = operation.key.split_once('#').map_or("", |(_, label)| label);
        if let Some(other) = labels.insert(label, id.place.line) {
            let message = format!("`#{label}` is already the label of line {other}");
            findings.add("operation-names", &operation.item.place, message);
        }
        if !is_identifier(&heck::AsSnakeCase(name).to_string()) {
            let message = format!("`{name}` gives no Rust method name");
            findings.add("operation-names", &id.place, message);
        }
    }
}

/// The label of the path key, the `action` of the request and the
/// `operationId` say the same: they are equal, or, for operations that share
/// an action and differ by a constant, the label is `action.operationId`.
fn action_agrees(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(request) = operation.request().map(|node| document.resolve(node)) else {
            continue;
        };
        let action = properties(request).iter().find(|property| {
            property.node.flag("x-skypay-transport") && property.node.get("enum").is_some()
        });
        let Some(action) = action else {
            let message = "the request has no field with `x-skypay-transport: true` and an `enum` of one action";
            findings.add("action-agrees", &operation.post.place, message);
            continue;
        };
        let values = action.node.texts_of("enum");
        let [value] = values.as_slice() else {
            let message = "an operation has exactly one action: `enum: [theAction]`";
            findings.add("action-agrees", &action.node.place, message);
            continue;
        };
        let label = operation.key.split_once('#').map_or("", |(_, label)| label);
        let name = operation.name();
        let shares = properties(request)
            .iter()
            .any(|property| document.resolve(&property.node).flag("x-skypay-constant"));
        let agrees = if shares {
            label == format!("{value}.{name}")
        } else {
            label == value && name == value
        };
        if !agrees {
            let message = format!(
                "the path key says `#{label}`, the operationId `{name}` and the action `{value}`: all three must be the same"
            );
            findings.add("action-agrees", &action.node.place, message);
        }
        if shares
            && !properties(request).iter().any(|property| {
                property.node.flag("x-skypay-constant") && property.node.texts_of("enum") == [name]
            })
        {
            let message = format!(
                "no constant of the request holds `{name}`, so nothing on the wire tells this operation from its siblings"
            );
            findings.add("action-agrees", &operation.post.place, message);
        }
    }
}

/// A request begins with the fields that the transport writes, and all of
/// them are required; constants hold one value.
fn transport_fields(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(request) = operation.request().map(|node| document.resolve(node)) else {
            continue;
        };
        let required: BTreeSet<_> = request
            .get("required")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect();
        let mut marked = 0;
        let mut others_began = false;
        for property in properties(request) {
            let schema = document.resolve(&property.node);
            let transport = schema.flag("x-skypay-transport");
            let constant = schema.flag("x-skypay-constant");
            marked += usize::from(transport);
            if (transport || constant) && others_began {
                let message = "fields that the transport writes come first: move this one up";
                findings.add("transport-fields", &property.place, message);
            }
            if transport && !required.contains(property.key.as_str()) {
                let message =
                    "a field that the transport writes is always there: list it in `required`";
                findings.add("transport-fields", &property.place, message);
            }
            let values = schema.get("enum").map(Node::items).unwrap_or_default();
            if constant && values.len() != 1 {
                let message = "a constant has an `enum` of exactly one value";
                findings.add("transport-fields", &property.place, message);
            }
            others_began |= !transport && !constant;
        }
        if marked != 3 {
            let message = format!(
                "{marked} fields of the request carry `x-skypay-transport`; the envelope has three: user name, action and authentication"
            );
            findings.add("transport-fields", &operation.post.place, message);
        }
    }
}

/// An operation has one response, `200`, and both bodies are
/// `application/json` with a component as their schema.
fn one_answer(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let responses = operation.post.get("responses");
        for entry in responses.map(Node::entries).unwrap_or_default() {
            if entry.key != "200" {
                let message =
                    "SkyPay says refusals inside the answer, so `200` is the only response";
                findings.add("one-answer", &entry.place, message);
            }
        }
        let bodies = [
            operation.post.get("requestBody"),
            responses.and_then(|responses| responses.get("200")),
        ];
        for body in bodies {
            let Some(body) = body else {
                let message = "an operation has a `requestBody` and a `200` response";
                findings.add("one-answer", &operation.post.place, message);
                continue;
            };
            let media = body.get("content").map(Node::entries).unwrap_or_default();
            let ok = matches!(media, [only] if only.key == "application/json")
                && schema_of(body).is_some_and(|schema| schema.get("$ref").is_some());
            if !ok {
                let message = "a body has one media type, `application/json`, whose schema is a `$ref` to a component";
                findings.add("one-answer", &body.place, message);
            }
        }
    }
}

/// A request schema belongs to one operation: its Rust type says which.
fn request_not_shared(document: &Document<'_>, findings: &mut Findings) {
    let mut users: BTreeMap<&str, &str> = BTreeMap::new();
    for operation in &document.operations {
        for schema in [operation.request(), operation.response()]
            .into_iter()
            .flatten()
        {
            let Some(reference) = schema.text_of("$ref") else {
                continue;
            };
            if let Some(other) = users.insert(reference, operation.name()) {
                let message = format!(
                    "`{reference}` is already a message of `{other}`: give each operation a request and a response of its own"
                );
                findings.add("message-not-shared", &schema.place, message);
            }
        }
    }
}

/// What is asked with exists, and what moves money is never safe to send
/// again.
fn waiting_rules(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(waiting) = operation.post.get("x-skypay-waiting") else {
            let message = "`x-skypay-waiting` is missing: say how to find out what became of a call, and whether it may be sent again";
            findings.add("waiting", &operation.post.place, message);
            continue;
        };
        if let Some(ask_with) = waiting.get("askWith") {
            let known = document
                .operations
                .iter()
                .any(|other| Some(other.name()) == ask_with.text());
            if !known {
                let message = "`askWith` names no operation of this document";
                findings.add("waiting", &ask_with.place, message);
            }
        }
        let moves_money = operation.post.text_of("x-skypay-effect") == Some("moves-money");
        if moves_money && !operation.is_callback() && waiting.text_of("resend") == Some("safe") {
            let message = "an operation that moves money is not `resend: safe`: write `after-asking` or `never`";
            findings.add("waiting", &waiting.place, message);
        }
    }
}

/// Notifications are callbacks: only a partner can be told that it may do
/// nothing but acknowledge.
fn mode_fits_direction(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let mode = operation.post.get("x-skypay-mode");
        if mode.and_then(Node::text) == Some("notification") && !operation.is_callback() {
            let place = &mode.unwrap_or(operation.post).place;
            let message = "only a callback can be a notification";
            findings.add("mode-fits-direction", place, message);
        }
    }
}

/// The return codes of an operation stand once, stand in the table, and one
/// of them says that it was accepted.
fn result_codes(document: &Document<'_>, findings: &mut Findings) {
    let table: BTreeMap<_, _> = document
        .components
        .iter()
        .filter_map(|(_, node)| node.get("x-skypay-codes"))
        .flat_map(Node::items)
        .filter_map(|code| Some((code.text_of("value")?, code.text_of("outcome")?)))
        .collect();
    for operation in &document.operations {
        let codes = operation.post.get("x-skypay-result-codes");
        let mut seen = BTreeSet::new();
        let mut accepted = 0;
        for row in codes.map(Node::items).unwrap_or_default() {
            let code = row.text_of("code").unwrap_or_default();
            if !seen.insert(code) {
                let message = format!("the code `{code}` stands twice");
                findings.add("result-codes", &row.place, message);
            }
            match table.get(code) {
                None => {
                    let message = format!(
                        "the code `{code}` stands in no table with outcomes: name it there first"
                    );
                    findings.add("result-codes", &row.place, message);
                }
                Some(outcome) => accepted += usize::from(*outcome == "accepted"),
            }
        }
        if accepted != 1 {
            let message = format!(
                "{accepted} of the operation's return codes say that it was accepted; exactly one must"
            );
            findings.add("result-codes", &operation.post.place, message);
        }
    }
}

/// Every value of a code table has a name and a description, in the order of
/// its `enum`.
fn codes_named(document: &Document<'_>, findings: &mut Findings) {
    for (name, node) in &document.components {
        let Some(codes) = node.get("x-skypay-codes") else {
            continue;
        };
        let listed: Vec<_> = codes
            .items()
            .iter()
            .map(|code| code.text_of("value"))
            .collect();
        let values = node.texts_of("enum");
        let values: Vec<_> = values.iter().map(|value| Some(value.as_str())).collect();
        if listed != values {
            let message = format!(
                "`x-skypay-codes` and `enum` of `{name}` list different values, or the same in another order"
            );
            findings.add("codes-named", &codes.place, message);
        }
        let mut variants = BTreeSet::from(["Unlisted"]);
        for code in codes.items() {
            let variant = code.text_of("name").unwrap_or_default();
            if !is_variant(variant) {
                let message = format!(
                    "`{variant}` is no name for a Rust variant: write it like `RdPawnshop`"
                );
                findings.add("codes-named", &code.place, message);
            } else if !variants.insert(variant) {
                let message =
                    format!("the name `{variant}` stands twice, or is one that the generator uses");
                findings.add("codes-named", &code.place, message);
            }
            if code.text_of("description").is_none_or(str::is_empty) {
                let message = "the code has no description";
                findings.add("codes-named", &code.place, message);
            }
            if let Some(outcome) = code.get("outcome")
                && !matches!(outcome.text(), Some("accepted" | "rejected" | "unknown"))
            {
                let message = "an outcome is `accepted`, `rejected` or `unknown`";
                findings.add("codes-named", &outcome.place, message);
            }
        }
    }
}

/// An `enum` is a code table, a choice from one, an action or a constant:
/// anything else would become a closed type.
fn enums_are_tables(document: &Document<'_>, findings: &mut Findings) {
    for node in &document.schemas {
        let Some(values) = node.get("enum") else {
            continue;
        };
        let schema = document.resolve(node);
        if schema.flag("x-skypay-transport")
            || schema.flag("x-skypay-constant")
            || node.get("x-skypay-codes").is_some()
        {
            continue;
        }
        let table = schema
            .component_name()
            .and_then(|name| component(document.root, name))
            .filter(|component| component.get("x-skypay-codes").is_some());
        let Some(table) = table else {
            let message = "this `enum` has no names: make it a component with `x-skypay-codes`";
            findings.add("enums-are-tables", &values.place, message);
            continue;
        };
        let known = table.texts_of("enum");
        for value in values.items() {
            if !value
                .text()
                .is_some_and(|text| known.iter().any(|known| known == text))
            {
                let message = "the table that this field refers to has no such code";
                findings.add("enums-are-tables", &value.place, message);
            }
        }
    }
}

/// Every scalar has a type that Rust can hold exactly. A `number` is an
/// amount: there are no floats here.
fn known_types(document: &Document<'_>, findings: &mut Findings) {
    for node in &document.schemas {
        if node.get("$ref").is_some() {
            continue;
        }
        let schema = document.resolve(node);
        let (ty, meaning) = (schema.text("type"), schema.text("x-skypay-type"));
        let known = crate::vocabulary::TYPES
            .iter()
            .find(|(known, _)| Some(*known) == ty)
            .is_some_and(|(_, meanings)| {
                meaning.map_or(ty != Some("number"), |meaning| meanings.contains(&meaning))
            });
        if !known {
            let message = format!(
                "`type: {}` with `x-skypay-type: {}` has no exact Rust type; numbers are `integer`, or `number` with `x-skypay-type: amount`",
                ty.unwrap_or("(none)"),
                meaning.unwrap_or("(none)")
            );
            findings.add("known-types", &node.place, message);
        }
        if ty == Some("array") && schema.get("items").is_none() {
            findings.add(
                "known-types",
                &node.place,
                "an array says what its `items` are",
            );
        }
        if let Some(all_of) = node.get("allOf")
            && !matches!(all_of.items(), [only] if only.get("$ref").is_some())
        {
            let message = "`allOf` holds exactly one `$ref`; what differs stands beside it";
            findings.add("known-types", &all_of.place, message);
        }
    }
}

/// A pattern is anchored at both ends and understood by the generated code's
/// regular expressions.
fn patterns(document: &Document<'_>, findings: &mut Findings) {
    let of_rules = document
        .components
        .iter()
        .filter_map(|(_, node)| node.get("x-skypay-rules"))
        .flat_map(Node::items)
        .filter_map(|rule| rule.get("match"))
        .flat_map(Node::entries)
        .map(|entry| &entry.node);
    let of_schemas = document
        .schemas
        .iter()
        .filter_map(|node| node.get("pattern"));
    for node in of_schemas.chain(of_rules) {
        let pattern = node.text().unwrap_or_default();
        if !pattern.starts_with('^') || !pattern.ends_with('$') {
            let message =
                "the pattern matches a part of the text too: begin it with `^` and end it with `$`";
            findings.add("patterns", &node.place, message);
        }
        if let Err(error) = regex_lite::Regex::new(pattern) {
            let message = format!("the pattern is not understood: {error}");
            findings.add("patterns", &node.place, message);
        }
    }
}

/// What is required exists, and stands once.
fn required_exists(document: &Document<'_>, findings: &mut Findings) {
    for (name, node) in document.objects() {
        let schema = document.resolve(node);
        let mut seen = BTreeSet::new();
        for required in node.get("required").map(Node::items).unwrap_or_default() {
            let field = required.text().unwrap_or_default();
            if !properties(schema)
                .iter()
                .any(|property| property.key == field)
            {
                let message = format!("`{name}` has no property `{field}`");
                findings.add("required-exists", &required.place, message);
            }
            if !seen.insert(field) {
                let message = format!("`{field}` stands twice");
                findings.add("required-exists", &required.place, message);
            }
        }
    }
}

/// Conditions between fields speak of fields that exist, and require or
/// forbid only optional ones.
fn conditions(document: &Document<'_>, findings: &mut Findings) {
    for (name, node) in document.objects() {
        let schema = document.resolve(node);
        let has = |field: &str| {
            properties(schema)
                .iter()
                .any(|property| property.key == field)
        };
        let required = node.texts_of("required");
        for rule in node
            .get("x-skypay-rules")
            .map(Node::items)
            .unwrap_or_default()
        {
            let mut fields = rule.texts_of("require");
            let optional_only: Vec<_> = rule
                .texts_of("require")
                .into_iter()
                .chain(rule.texts_of("forbid"))
                .collect();
            fields.extend(rule.texts_of("forbid"));
            fields.extend(
                rule.get("match")
                    .map(Node::entries)
                    .unwrap_or_default()
                    .iter()
                    .map(|entry| entry.key.clone()),
            );
            fields.extend(
                rule.get("when")
                    .and_then(|when| when.text_of("field"))
                    .map(str::to_owned),
            );
            for field in fields {
                if !has(&field) {
                    let message =
                        format!("the rule speaks of `{field}`, which `{name}` does not have");
                    findings.add("conditions", &rule.place, message);
                }
            }
            for field in optional_only {
                if required.contains(&field) {
                    let message = format!(
                        "`{field}` is always required, so a condition on its presence says nothing"
                    );
                    findings.add("conditions", &rule.place, message);
                }
            }
            if rule.text_of("id").is_none() || rule.text_of("because").is_none() {
                let message = "a rule has an `id` and says why in `because`";
                findings.add("conditions", &rule.place, message);
            }
        }
    }
}

/// Rust names are identifiers and differ within a message.
fn rust_names(document: &Document<'_>, findings: &mut Findings) {
    for (name, node) in document.objects() {
        if !is_variant(name) {
            let message =
                format!("`{name}` is no name for a Rust type: write it like `PayoutQueueRequest`");
            findings.add("rust-names", &node.place, message);
        }
        let mut seen = BTreeSet::new();
        for property in properties(document.resolve(node)) {
            let rust = property.node.text_of("x-skypay-rust-name").map_or_else(
                || heck::AsSnakeCase(&property.key).to_string(),
                str::to_owned,
            );
            if !is_identifier(&rust) {
                let message =
                    format!("`{rust}` is no Rust field name: give another by `x-skypay-rust-name`");
                findings.add("rust-names", &property.place, message);
            } else if !seen.insert(rust.clone()) {
                let message = format!(
                    "two fields would be called `{rust}`: name one by `x-skypay-rust-name`"
                );
                findings.add("rust-names", &property.place, message);
            }
        }
    }
}

/// Reading ignores case and blanks in keys, so names and aliases of a message
/// differ by more than that.
fn aliases_unambiguous(document: &Document<'_>, findings: &mut Findings) {
    for (_, node) in document.objects() {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for property in properties(document.resolve(node)) {
            let mut names = vec![property.key.clone()];
            names.extend(property.node.texts_of("x-skypay-aliases"));
            for name in names {
                let folded: String = name
                    .chars()
                    .filter(|letter| !letter.is_whitespace())
                    .flat_map(char::to_lowercase)
                    .collect();
                if let Some(other) = seen.insert(folded, name.clone()) {
                    let message = format!(
                        "`{name}` and `{other}` are the same key when case and blanks are ignored"
                    );
                    findings.add("aliases", &property.place, message);
                }
            }
        }
    }
}

/// Operations, components and fields say what they are.
fn described(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        for word in ["summary", "description"] {
            if operation.post.text_of(word).is_none_or(str::is_empty) {
                let message = format!("the operation has no `{word}`");
                findings.add("described", &operation.post.place, message);
            }
        }
    }
    for node in &document.schemas {
        let schema = document.resolve(node);
        if schema.text("description").is_none_or(str::is_empty) {
            let message = "nothing says what this is: give it a `description`";
            findings.add("described", &node.place, message);
        }
        let scalar = !matches!(schema.text("type"), Some("object" | "array"));
        let fixed = node.get("enum").is_some();
        if scalar && !fixed && schema.get("example").is_none() {
            let message = "nothing shows what this looks like: give it an `example`";
            findings.add("described", &node.place, message);
        }
    }
}

fn is_identifier(name: &str) -> bool {
    syn::parse_str::<proc_macro2::Ident>(name).is_ok_and(|_| true) && name != "self"
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
