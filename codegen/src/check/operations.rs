//! Rules about servers, paths, operations and what they exchange.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, is_identifier, properties, schema_of};
use crate::document::Node;
use crate::problem::Findings;

/// Every server has a name that becomes a variant of `Environment`, and is
/// reached over TLS.
pub(super) fn environments(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn path_form(document: &Document<'_>, findings: &mut Findings) {
    let paths = document.root.get("paths").map(Node::entries);
    let paths = paths.unwrap_or_default();
    if paths.is_empty() {
        let message = "`paths` has no operation: give at least one";
        findings.add("path-form", &document.root.place, message);
    }
    for entry in paths {
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
pub(super) fn operation_names(document: &Document<'_>, findings: &mut Findings) {
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
        let method = heck::AsSnakeCase(name).to_string();
        if !is_identifier(&method) || TAKEN_METHODS.contains(&method.as_str()) {
            let message = format!(
                "`{name}` gives no Rust method name, or one that the generated code has already"
            );
            findings.add("operation-names", &id.place, message);
        }
    }
}

/// The label of the path key, the `action` of the request and the
/// `operationId` say the same: they are equal, or, for operations that share
/// an action and differ by a constant, the label is `action.operationId`.
pub(super) fn action_agrees(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(request) = operation.request().map(|node| document.resolve(node)) else {
            continue;
        };
        let action = properties(request).iter().find(|property| {
            property.node.flag("x-skypay-transport") && property.node.get("enum").is_some()
        });
        let Some(action) = action else {
            let message = "the request has no field with `x-skypay-transport: true` and an `enum` of one action";
            findings.add("wire-action-mismatch", &operation.post.place, message);
            continue;
        };
        let values = action.node.texts_of("enum");
        let [value] = values.as_slice() else {
            let message = "an operation has exactly one action: `enum: [theAction]`";
            findings.add("wire-action-mismatch", &action.node.place, message);
            continue;
        };
        let label = operation.key.split_once('#').map_or("", |(_, label)| label);
        let name = operation.name();
        // That it is missing is said already.
        if operation.post.get("operationId").is_none() {
            continue;
        }
        let shares = properties(request)
            .iter()
            .any(|property| document.resolve(&property.node).flag("x-skypay-constant"));
        let (wanted, why) = if shares {
            let wanted = format!("{value}.{name}");
            let why = "with a constant, the first is `#action.operationId`";
            (wanted, why)
        } else {
            (value.clone(), "all three must be the same")
        };
        if label != wanted || !shares && name != value {
            let message = format!(
                "the path key says `#{label}`, the operationId `{name}` and the action `{value}`: {why}"
            );
            findings.add("wire-action-mismatch", &action.node.place, message);
        }
        if shares
            && !properties(request).iter().any(|property| {
                property.node.flag("x-skypay-constant") && property.node.texts_of("enum") == [name]
            })
        {
            let message = format!(
                "no constant of the request holds `{name}`, so nothing on the wire tells this operation from its siblings"
            );
            findings.add("wire-action-mismatch", &operation.post.place, message);
        }
    }
}

/// A request begins with the fields that the transport writes, and all of
/// them are required; constants hold one value.
pub(super) fn transport_fields(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn one_answer(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn request_not_shared(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn waiting_rules(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn mode_fits_direction(document: &Document<'_>, findings: &mut Findings) {
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
pub(super) fn result_codes(document: &Document<'_>, findings: &mut Findings) {
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

/// Codes that a partner defines are allowed by the schema of the answer's code.
pub(super) fn partner_codes(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(codes) = operation.post.get("x-skypay-partner-codes") else {
            continue;
        };
        let (Some(from), Some(to)) = (codes.integer_of("from"), codes.integer_of("to")) else {
            continue;
        };
        if from > to {
            let message = format!("the range ends with {to}, before it begins with {from}");
            findings.add("partner-codes", &codes.place, message);
        }
        let response = operation.response().map(|node| document.resolve(node));
        let fields = response.map(properties).unwrap_or_default().iter();
        let mut fields = fields.map(|property| document.resolve(&property.node));
        let Some(field) = fields.find(|field| field.get("x-skypay-codes").is_some()) else {
            continue;
        };
        let pattern = field.text("pattern").map(regex_lite::Regex::new);
        let allows = |code: i64| match &pattern {
            Some(Ok(pattern)) => pattern.is_match(&code.to_string()),
            // A pattern that is not understood is reported by its own rule.
            Some(Err(_)) => true,
            None => field.get("enum").is_none(),
        };
        let listed = field.get("enum").is_some();
        if listed || !allows(from) || !allows(to) {
            let message = "the schema of the answer's code does not allow these codes: let its table have a `pattern` that does in place of its `enum`";
            findings.add("partner-codes", &codes.place, message);
        }
    }
}

/// The keys of notifications name scalar fields, those of effects required ones,
/// and a callback that changes something has both; what has the same delivery has the same effect.
pub(super) fn message_keys(document: &Document<'_>, findings: &mut Findings) {
    const RULE: &str = "message-keys";
    for operation in &document.operations {
        let post = operation.post;
        let keys = ["x-skypay-delivery-key", "x-skypay-effect-key"];
        let keys = keys.map(|key| post.get(key).map(|node| (key, node)));
        let changes = post.text_of("x-skypay-effect") != Some("reads");
        let wanted = operation.is_callback() && changes;
        for (key, node) in keys.into_iter().flatten() {
            if !wanted {
                let message = format!(
                    "`{key}` is for callbacks that change something: here there is nothing that must not happen twice at the receiver"
                );
                findings.add(RULE, &node.place, message);
            }
            key_fields(document, operation, key, node, findings);
        }
        let [delivery, effect] = keys;
        if wanted && (delivery.is_none() || effect.is_none()) {
            let message = "a callback that changes something says in `x-skypay-delivery-key` and `x-skypay-effect-key` by which fields a receiver recognises a repetition";
            findings.add(RULE, &post.place, message);
        }
        if let (Some((_, delivery)), Some((_, effect))) = (delivery, effect) {
            for field in effect.items() {
                let mut known = delivery.items().iter();
                if !known.any(|known| known.text() == field.text()) {
                    let message = "the delivery key has no such field, so that one notification delivered twice could count as two effects";
                    findings.add(RULE, &field.place, message);
                }
            }
        }
    }
}

/// The fields of a key, each once.
fn key_fields(
    document: &Document<'_>,
    operation: &super::Operation<'_>,
    kind: &str,
    key: &Node,
    findings: &mut Findings,
) {
    const RULE: &str = "message-keys";
    let of_effect = kind == "x-skypay-effect-key";
    let Some(request) = operation.request() else {
        return;
    };
    let message = document.resolve(request);
    let required = message.get("required").map(Node::items).unwrap_or_default();
    if key.items().is_empty() {
        findings.add(RULE, &key.place, "a key has at least one field");
    }
    let mut seen = BTreeSet::new();
    for item in key.items() {
        let name = item.text().unwrap_or_default();
        let property = properties(message).iter().find(|entry| entry.key == name);
        let schema = property.map(|entry| document.resolve(&entry.node));
        let wrong = match schema {
            None => "is no field of the request",
            Some(field) if field.flag("x-skypay-transport") => {
                "is written by the transport and the same in every request"
            }
            Some(field) if matches!(field.text("type"), Some("object" | "array")) => "is no scalar",
            Some(_) if of_effect && !required.iter().any(|field| field.text() == Some(name)) => {
                "is not `required`: without it the key would be gone"
            }
            Some(_) if !seen.insert(name) => "stands twice in the key",
            Some(_) => continue,
        };
        findings.add(RULE, &item.place, format!("`{name}` {wrong}"));
    }
}

/// The generator and progenitor read `OpenAPI` 3.0.3.
pub(super) fn openapi_version(document: &Document<'_>, findings: &mut Findings) {
    let version = document.root.get("openapi");
    if version.and_then(Node::text) != Some("3.0.3") {
        let place = &version.unwrap_or(document.root).place;
        findings.add("openapi-version", place, "write `openapi: 3.0.3`");
    }
}

/// Methods and modules that generated code has besides those of operations.
const TAKEN_METHODS: &[&str] = &[
    "codes",
    "keys",
    "lib",
    "new",
    "read",
    "router",
    "rows",
    "service",
    "values",
    "with_transport",
];
