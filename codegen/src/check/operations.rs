//! Rules about paths, operations and what they exchange.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, scalar_text, schema_of};
use crate::diagnostic::Reporter;
use crate::document::Node;
use crate::progenitor::path_parameters;

/// A path key is the wire path, `#`, and a label; it holds one `post`.
pub(super) fn path_form(document: &Document<'_>, reporter: &mut Reporter) {
    let paths = document.root.entries_of("paths");
    if paths.is_empty() {
        let message = "`paths` has no operation: give at least one";
        reporter.add("path-form", &document.root.location, message);
    }
    // Of each direction, the wire path and the line where it is first given.
    let mut wire_paths = BTreeMap::new();
    for entry in paths {
        let direction = entry.node.text_of("x-skypay-direction").unwrap_or_default();
        let wire_path = entry.key.split('#').next().unwrap_or_default();
        let (first, line) = *wire_paths
            .entry(direction)
            .or_insert((wire_path, entry.location.line));
        if wire_path != first {
            let message = format!(
                "all operations of one direction share a wire path: line {line} gives `{first}`"
            );
            reporter.add("path-form", &entry.location, message);
        }
        let label = entry.key.split_once('#').map(|(_, label)| label);
        let (wire_path, _) = entry.key.split_once('#').unwrap_or((&entry.key, ""));
        if !is_wire_path(wire_path) || label.is_none_or(str::is_empty) {
            let message = "a path key is the wire path, `#` and the action, as in `/services/{callerName}#placeOrder`";
            reporter.add("path-form", &entry.location, message);
        }
        if entry.node.get("post").is_none() {
            let message = "an operation is a `post`";
            reporter.add("path-form", &entry.location, message);
        }
        if let Some(direction) = entry.node.get("x-skypay-direction")
            && direction.text() != Some("callback")
        {
            let message =
                "`x-skypay-direction` is `callback`, or is left out where the partner calls SkyPay";
            reporter.add("path-form", &direction.location, message);
        }
    }
}

/// A path of segments that need no escape, or are a parameter each.
fn is_wire_path(path: &str) -> bool {
    let plain = |text: &str, more: &str| {
        let known = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
        !text.is_empty() && text.chars().all(known)
    };
    let is_segment = |segment: &str| {
        let parameter = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match parameter {
            Some(name) => plain(name, "_"),
            None => plain(segment, "-._~") && !matches!(segment, "." | ".."),
        }
    };
    path.strip_prefix('/')
        .is_some_and(|path| path.is_empty() || path.split('/').all(is_segment))
}

/// The only parameter is the caller's name in the path of a call: nothing else
/// is sent besides the body.
pub(super) fn parameters(document: &Document<'_>, reporter: &mut Reporter) {
    const RULE: &str = "parameters";
    let components = document.root.get("components");
    let components = components.and_then(|components| components.get("parameters"));
    let mut used = BTreeSet::new();
    let mut in_paths = BTreeSet::new();
    let paths = document.root.entries_of("paths");
    for path in paths {
        let (wire_path, _) = path.key.split_once('#').unwrap_or((&path.key, ""));
        let mut names: BTreeSet<_> = path_parameters(wire_path).collect();
        let callback = path.node.text_of("x-skypay-direction") == Some("callback");
        if callback && !names.is_empty() {
            let message = "a callback goes to the URL that the partner gave, which has no parameters: write the path without braces";
            reporter.add(RULE, &path.location, message);
        } else if path_parameters(wire_path).count() > 1 {
            let message = "a path has one parameter at most, the name of the caller";
            reporter.add(RULE, &path.location, message);
        } else if let Some(name) = names.first()
            && !in_paths.is_empty()
            && !in_paths.contains(name)
        {
            let message = format!("`{{{name}}}` has another name in other paths: a client has one");
            reporter.add(RULE, &path.location, message);
        }
        if !callback {
            in_paths.extend(names.iter().copied());
        }
        let declared = path.node.items_of("parameters");
        for own in declared {
            let reference = own.text_of("$ref");
            let component = reference
                .and_then(|target| target.strip_prefix("#/components/parameters/"))
                .and_then(|name| Some((name, components?.get(name)?)));
            used.extend(component.map(|(name, _)| name));
            let parameter = component.map_or(own, |(_, node)| node);
            let name = parameter.text_of("name").unwrap_or_default();
            if parameter.text_of("in") == Some("path") && !names.remove(name) {
                let message = format!(
                    "`{name}` is not in `{wire_path}`, or is declared twice: it would have no effect"
                );
                reporter.add(RULE, &own.location, message);
            }
        }
        for name in names {
            let message = format!(
                "nothing says what `{{{name}}}` is: declare it under `parameters` of the path"
            );
            reporter.add(RULE, &path.location, message);
        }
        for own in declared {
            if own.get("$ref").is_none() {
                is_in_path(own, reporter);
            }
        }
    }
    for entry in components.map(Node::entries).unwrap_or_default() {
        is_in_path(&entry.node, reporter);
        if !used.contains(entry.key.as_str()) {
            let message = format!("no path refers to `{}`: remove it", entry.key);
            reporter.add(RULE, &entry.location, message);
        }
    }
}

/// A parameter stands in the path and is always there; more than a text that
/// is not empty is not asked of it.
fn is_in_path(parameter: &Node, reporter: &mut Reporter) {
    const RULE: &str = "parameters";
    let location = |key| &parameter.get(key).unwrap_or(parameter).location;
    if parameter.text_of("in") != Some("path") {
        let message = "only a parameter of the path is sent, beside the body: one `in` a header, a query or a cookie would have no effect";
        reporter.add(RULE, location("in"), message);
    }
    if !parameter.flag("required") {
        let message = "a parameter of the path is always there: write `required: true`";
        reporter.add(RULE, location("required"), message);
    }
    if parameter.text_of("name").is_none_or(str::is_empty) {
        reporter.add(RULE, location("name"), "the parameter has no `name`");
    }
    let schema = parameter.get("schema");
    if schema.and_then(|schema| schema.text_of("type")) != Some("string") {
        let message = "a parameter of the path is a text: write `schema: {type: string}`";
        reporter.add(RULE, location("schema"), message);
    }
    if let Some(least) = schema.and_then(|schema| schema.get("minLength"))
        && scalar_text(least).as_deref() != Some("1")
    {
        let message =
            "only an empty text is refused, so that another `minLength` than 1 has no effect";
        reporter.add(RULE, &least.location, message);
    }
    let example = parameter.get("example");
    if let Some(example) = example.filter(|example| example.text() == Some("")) {
        let message = "the example is empty, which is refused";
        reporter.add(RULE, &example.location, message);
    }
}

/// Each `operationId` and each label stands once.
pub(super) fn operation_names(document: &Document<'_>, reporter: &mut Reporter) {
    let mut names = BTreeMap::new();
    let mut labels = BTreeMap::new();
    for operation in &document.operations {
        let name = operation.name();
        let Some(id) = operation.post.get("operationId") else {
            let message = "the operation has no `operationId`";
            reporter.add("operation-names", &operation.post.location, message);
            continue;
        };
        if let Some(other) = names.insert(name, id.location.line) {
            let message = format!("`{name}` is already the operationId of line {other}");
            reporter.add("operation-names", &id.location, message);
        }
        let label = operation.key.split_once('#').map_or("", |(_, label)| label);
        if let Some(other) = labels.insert(label, id.location.line) {
            let message = format!("`#{label}` is already the label of line {other}");
            reporter.add("operation-names", &operation.item.location, message);
        }
    }
}

/// The label of the path key, the `action` of the request and the
/// `operationId` say the same: they are equal, or, for operations that share
/// an action and differ by a constant, the label is `action.operationId`.
pub(super) fn action_agrees(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(request) = operation.request().map(|node| document.resolve(node)) else {
            continue;
        };
        let action = request.properties().iter().find(|property| {
            property.node.flag("x-skypay-transport") && property.node.get("enum").is_some()
        });
        let Some(action) = action else {
            let message = "the request has no field with `x-skypay-transport: true` and an `enum` of one action";
            reporter.add("wire-action-mismatch", &operation.post.location, message);
            continue;
        };
        let values = action.node.texts_of("enum");
        let [value] = values.as_slice() else {
            let message = "an operation has exactly one action: `enum: [theAction]`";
            reporter.add("wire-action-mismatch", &action.node.location, message);
            continue;
        };
        let label = operation.key.split_once('#').map_or("", |(_, label)| label);
        let name = operation.name();
        // That it is missing is said already.
        if operation.post.get("operationId").is_none() {
            continue;
        }
        let shares = request
            .properties()
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
            reporter.add("wire-action-mismatch", &action.node.location, message);
        }
        if shares
            && !request.properties().iter().any(|property| {
                property.node.flag("x-skypay-constant") && property.node.texts_of("enum") == [name]
            })
        {
            let message = format!(
                "no constant of the request holds `{name}`, so nothing on the wire tells this operation from its siblings"
            );
            reporter.add("wire-action-mismatch", &operation.post.location, message);
        }
    }
}

/// A request begins with the fields that the transport writes, and all of
/// them are required; constants hold one value.
pub(super) fn transport_fields(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(request) = operation.request().map(|node| document.resolve(node)) else {
            continue;
        };
        let required: BTreeSet<_> = request
            .items_of("required")
            .iter()
            .filter_map(Node::text)
            .collect();
        let mut marked = 0;
        let mut others_began = false;
        for property in request.properties() {
            let schema = document.resolve(&property.node);
            let transport = schema.flag("x-skypay-transport");
            let constant = schema.flag("x-skypay-constant");
            marked += usize::from(transport);
            if (transport || constant) && others_began {
                let message = "fields that the transport writes come first: move this one up";
                reporter.add("transport-fields", &property.location, message);
            }
            if transport && !required.contains(property.key.as_str()) {
                let message =
                    "a field that the transport writes is always there: list it in `required`";
                reporter.add("transport-fields", &property.location, message);
            }
            let values = schema.items_of("enum");
            if constant && values.len() != 1 {
                let message = "a constant has an `enum` of exactly one value";
                reporter.add("transport-fields", &property.location, message);
            }
            others_began |= !transport && !constant;
        }
        if marked != 3 {
            let message = format!(
                "{marked} fields of the request carry `x-skypay-transport`; the envelope has three: user name, action and authentication"
            );
            reporter.add("transport-fields", &operation.post.location, message);
        }
    }
}

/// An operation has one response, `200`, and both bodies are
/// `application/json` with a component as their schema.
pub(super) fn one_answer(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let responses = operation.post.get("responses");
        for entry in responses.map(Node::entries).unwrap_or_default() {
            if entry.key != "200" {
                let message =
                    "SkyPay says refusals inside the answer, so `200` is the only response";
                reporter.add("one-answer", &entry.location, message);
            }
        }
        let bodies = [
            operation.post.get("requestBody"),
            responses.and_then(|responses| responses.get("200")),
        ];
        for body in bodies {
            let Some(body) = body else {
                let message = "an operation has a `requestBody` and a `200` response";
                reporter.add("one-answer", &operation.post.location, message);
                continue;
            };
            let media = body.entries_of("content");
            let ok = matches!(media, [only] if only.key == "application/json")
                && schema_of(body).is_some_and(|schema| schema.get("$ref").is_some());
            if !ok {
                let message = "a body has one media type, `application/json`, whose schema is a `$ref` to a component";
                reporter.add("one-answer", &body.location, message);
            }
        }
    }
}

/// A request schema belongs to one operation: its Rust type says which.
pub(super) fn request_not_shared(document: &Document<'_>, reporter: &mut Reporter) {
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
                reporter.add("message-not-shared", &schema.location, message);
            }
        }
    }
}

/// What is asked with exists, and what moves money is never safe to send
/// again.
pub(super) fn retry_policies(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(retry_policy) = operation.post.get("x-skypay-retry") else {
            let message = "`x-skypay-retry` is missing: say how to find out what became of a call, and whether it may be sent again";
            reporter.add("retry", &operation.post.location, message);
            continue;
        };
        if let Some(status_query) = retry_policy.get("statusQuery") {
            let known = document
                .operations
                .iter()
                .any(|other| Some(other.name()) == status_query.text());
            if !known {
                let message = "`statusQuery` names no operation of this document";
                reporter.add("retry", &status_query.location, message);
            }
        }
        let moves_money = operation.post.text_of("x-skypay-effect") == Some("moves-money");
        if moves_money && !operation.is_callback() && retry_policy.text_of("policy") == Some("safe")
        {
            let message = "an operation that moves money is not `policy: safe`: write `after-status-query` or `never`";
            reporter.add("retry", &retry_policy.location, message);
        }
    }
}

/// Notifications are callbacks: only a partner can be told that it may do
/// nothing but acknowledge.
pub(super) fn mode_fits_direction(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let mode = operation.post.get("x-skypay-mode");
        if mode.and_then(Node::text) == Some("notification") && !operation.is_callback() {
            let location = &mode.unwrap_or(operation.post).location;
            let message = "only a callback can be a notification";
            reporter.add("mode-fits-direction", location, message);
        }
    }
}

/// The return codes of an operation stand once, stand in the table, and one
/// of them says that it was accepted.
pub(super) fn result_codes(document: &Document<'_>, reporter: &mut Reporter) {
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
                reporter.add("result-codes", &row.location, message);
            }
            match table.get(code) {
                None => {
                    let message = format!(
                        "the code `{code}` stands in no table with outcomes: name it there first"
                    );
                    reporter.add("result-codes", &row.location, message);
                }
                Some(outcome) => accepted += usize::from(*outcome == "accepted"),
            }
        }
        if accepted != 1 {
            let message = format!(
                "{accepted} of the operation's return codes say that it was accepted; exactly one must"
            );
            reporter.add("result-codes", &operation.post.location, message);
        }
    }
}

/// Codes that a partner defines are allowed by the schema of the answer's code.
pub(super) fn partner_codes(document: &Document<'_>, reporter: &mut Reporter) {
    for operation in &document.operations {
        let Some(codes) = operation.post.get("x-skypay-partner-codes") else {
            continue;
        };
        let (Some(from), Some(to)) = (codes.integer_of("from"), codes.integer_of("to")) else {
            continue;
        };
        if from > to {
            let message = format!("the range ends with {to}, before it begins with {from}");
            reporter.add("partner-codes", &codes.location, message);
        }
        let response = operation.response().map(|node| document.resolve(node));
        let fields = response
            .map(|schema| schema.properties())
            .unwrap_or_default()
            .iter();
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
            reporter.add("partner-codes", &codes.location, message);
        }
    }
}

/// The keys of notifications name scalar fields, those of effects required ones,
/// and a callback that changes something has both; what has the same delivery has the same effect.
pub(super) fn message_keys(document: &Document<'_>, reporter: &mut Reporter) {
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
                reporter.add(RULE, &node.location, message);
            }
            key_fields(document, operation, key, node, reporter);
        }
        let [delivery, effect] = keys;
        if wanted && (delivery.is_none() || effect.is_none()) {
            let message = "a callback that changes something says in `x-skypay-delivery-key` and `x-skypay-effect-key` by which fields a receiver recognises a repetition";
            reporter.add(RULE, &post.location, message);
        }
        if let (Some((_, delivery)), Some((_, effect))) = (delivery, effect) {
            for field in effect.items() {
                let mut known = delivery.items().iter();
                if !known.any(|known| known.text() == field.text()) {
                    let message = "the delivery key has no such field, so that one notification delivered twice could count as two effects";
                    reporter.add(RULE, &field.location, message);
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
    reporter: &mut Reporter,
) {
    const RULE: &str = "message-keys";
    let of_effect = kind == "x-skypay-effect-key";
    let Some(request) = operation.request() else {
        return;
    };
    let message = document.resolve(request);
    let required = message.items_of("required");
    if key.items().is_empty() {
        reporter.add(RULE, &key.location, "a key has at least one field");
    }
    let mut seen = BTreeSet::new();
    for item in key.items() {
        let name = item.text().unwrap_or_default();
        let property = message.properties().iter().find(|entry| entry.key == name);
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
        reporter.add(RULE, &item.location, format!("`{name}` {wrong}"));
    }
}
