//! Rules about servers, paths, operations and their messages.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, Operation};
use crate::diagnostic::Reporter;
use crate::document::Node;
use crate::progenitor::path_parameters;
use crate::schema::Schema;

/// Checks that every server uses TLS.
pub(super) fn environments(document: &Document<'_>, reporter: &mut Reporter) {
    for server in document.root.items_of("servers") {
        let url = server.text_of("url").unwrap_or_default();
        if !url.starts_with("https://") {
            let message = "the server is not reached over https";
            reporter.add("environments", &server.location, message);
        }
    }
}

/// A wire path whose segments need no escaping or are one parameter each, followed
/// by `#` and a label.
const PATH_KEY: &str = r"^(/|(/(\{\w+\}|[\w.~-]*[\w~-][\w.~-]*))+)#.+$";

/// Checks that a path key is the wire path, which all operations of one direction
/// share, followed by `#` and a label.
pub(super) fn path_form(document: &Document<'_>, reporter: &mut Reporter) {
    let mut firsts = BTreeMap::new();
    for operation in &document.operations {
        let location = &operation.path.location;
        let first = *firsts.entry(operation.is_callback()).or_insert(operation);
        if operation.wire_path != first.wire_path {
            let message = format!(
                "all operations of one direction share a wire path: line {} gives `{}`",
                first.path.location.line, first.wire_path
            );
            reporter.add("path-form", location, message);
        }
        if !super::matches(PATH_KEY, &operation.path.key) {
            let message = "a path key is the wire path, `#` and the action, as in `/services/{callerName}#placeOrder`";
            reporter.add("path-form", location, message);
        }
    }
}

/// Checks that the only parameter is the caller's name in the path of a call:
/// everything else is sent in the body.
pub(super) fn parameters(
    document: &Document<'_>,
    operation: &Operation<'_>,
    reporter: &mut Reporter,
) {
    const RULE: &str = "parameters";
    let Operation {
        path, wire_path, ..
    } = operation;
    let mut names: BTreeSet<_> = path_parameters(wire_path).collect();
    if operation.is_callback() && !names.is_empty() {
        let message = "a callback goes to the URL that the partner gave, which has no parameters: write the path without braces";
        reporter.add(RULE, &path.location, message);
    } else if path_parameters(wire_path).count() > 1 {
        let message = "a path has one parameter at most, the name of the caller";
        reporter.add(RULE, &path.location, message);
    }
    for own in path.node.items_of("parameters") {
        let name = own
            .text_of("$ref")
            .and_then(|target| target.rsplit('/').next());
        let component = name.and_then(|name| document.root.at(&["components", "parameters", name]));
        let name = component.unwrap_or(own).text_of("name").unwrap_or_default();
        if !names.remove(name) {
            let message = format!(
                "`{name}` is not in `{wire_path}`, or is declared twice: it would have no effect"
            );
            reporter.add(RULE, &own.location, message);
        }
    }
    for name in names {
        let message =
            format!("nothing says what `{{{name}}}` is: declare it under `parameters` of the path");
        reporter.add(RULE, &path.location, message);
    }
}

/// Checks that the label of the path key, the `action` of the request and the
/// `operationId` are equal, or, for operations that share an action and differ by a
/// constant, that the label is `action.operationId`.
pub(super) fn action_agrees(_: &Document<'_>, operation: &Operation<'_>, reporter: &mut Reporter) {
    const RULE: &str = "wire-action-mismatch";
    let Operation { label, post, .. } = operation;
    let name = operation.name();
    let fields = || operation.request.schema.fields();
    let is_action =
        |schema: &Schema<'_>| schema.flag("x-skypay-transport") && schema.get("enum").is_some();
    let Some((action, schema)) = fields().find(|(_, schema)| is_action(schema)) else {
        let message =
            "the request has no field with `x-skypay-transport: true` and an `enum` of one action";
        return reporter.add(RULE, &post.location, message);
    };
    let location = &action.node.location;
    let Some(value) = schema.only_value() else {
        let message = "an operation has exactly one action: `enum: [theAction]`";
        return reporter.add(RULE, location, message);
    };
    let constants = fields().filter(|(_, schema)| schema.flag("x-skypay-constant"));
    let constants: Vec<_> = constants.map(|(_, schema)| schema.only_value()).collect();
    let shares = !constants.is_empty();
    let (wanted, why) = if shares {
        let why = "with a constant, the first is `#action.operationId`";
        (format!("{value}.{name}"), why)
    } else {
        (value.to_owned(), "all three must be the same")
    };
    if *label != wanted || !shares && name != value {
        let message = format!(
            "the path key says `#{label}`, the operationId `{name}` and the action `{value}`: {why}"
        );
        reporter.add(RULE, location, message);
    }
    if shares && !constants.contains(&Some(name)) {
        let message = format!(
            "no constant of the request holds `{name}`, so nothing on the wire tells this operation from its siblings"
        );
        reporter.add(RULE, &post.location, message);
    }
}

/// Checks that a request begins with the header fields, that these are all
/// required, and that constants have one value.
pub(super) fn transport_fields(
    _: &Document<'_>,
    operation: &Operation<'_>,
    reporter: &mut Reporter,
) {
    const RULE: &str = "transport-fields";
    let request = operation.request.schema;
    let mut marked = 0;
    let mut others_began = false;
    for (entry, schema) in request.fields() {
        let transport = schema.flag("x-skypay-transport");
        let constant = schema.flag("x-skypay-constant");
        marked += usize::from(transport);
        if (transport || constant) && others_began {
            let message = "fields that the transport writes come first: move this one up";
            reporter.add(RULE, &entry.location, message);
        }
        if transport && !request.requires(&entry.key) {
            let message =
                "a field that the transport writes is always there: list it in `required`";
            reporter.add(RULE, &entry.location, message);
        }
        if constant && schema.only_value().is_none() {
            let message = "a constant has an `enum` of exactly one value";
            reporter.add(RULE, &entry.location, message);
        }
        others_began |= !transport && !constant;
    }
    if marked != 3 {
        let message = format!(
            "{marked} fields of the request carry `x-skypay-transport`; the envelope has three: user name, action and authentication"
        );
        reporter.add(RULE, &operation.post.location, message);
    }
}

/// Checks that a message belongs to one operation, since its Rust type identifies
/// the operation.
pub(super) fn message_not_shared(document: &Document<'_>, reporter: &mut Reporter) {
    let mut users = BTreeMap::new();
    for operation in &document.operations {
        for body in [operation.request, operation.response] {
            let message = body.schema.component_name().unwrap_or_default();
            if let Some(other) = users.insert(message, operation.name()) {
                let message = format!(
                    "`{message}` is already a message of `{other}`: give each operation a request and a response of its own"
                );
                let location = &body.schema.own.location;
                reporter.add("message-not-shared", location, message);
            }
        }
    }
}

/// Checks that the transaction's field is a required text of the request, or of the
/// items of a list in it.
pub(super) fn transaction_id(_: &Document<'_>, operation: &Operation<'_>, reporter: &mut Reporter) {
    let Some(node) = operation.post.get("x-skypay-transaction-id") else {
        return;
    };
    let path = node.text().unwrap_or_default();
    let request = operation.request.schema;
    let (object, name) = match path.split_once("[].") {
        None => (Some(request), path),
        Some((list, field)) => (request.field(list).and_then(|list| list.items()), field),
    };
    let field = object.and_then(|object| object.field(name));
    let is_required = object.is_some_and(|object| object.requires(name));
    let message = match field {
        Some(field) if !field.flag("x-skypay-transport") => {
            if is_required && is_public_text(field) {
                return;
            }
            format!(
                "`{path}` is no number of a transaction: that is a required text that is no personal data"
            )
        }
        _ => format!("the request has no field `{path}`"),
    };
    reporter.add("shape", &node.location, message);
}

/// Whether the values of a field are texts that may be shown.
fn is_public_text(field: Schema<'_>) -> bool {
    field.text("type") == Some("string")
        && field.get("x-skypay-type").is_none()
        && !field.flag("x-skypay-sensitive")
}

/// Checks that the status query only reads, and that exactly what only reads may be
/// sent again at any time.
pub(super) fn retry_policy(
    document: &Document<'_>,
    operation: &Operation<'_>,
    reporter: &mut Reporter,
) {
    const RULE: &str = "retry";
    let Some(policy) = operation.post.get("x-skypay-retry") else {
        return;
    };
    let is_reading = |other: &Operation<'_>| {
        !other.is_callback() && other.post.text_of("x-skypay-effect") == Some("reads")
    };
    if let Some(query) = policy.get("statusQuery") {
        let mut operations = document.operations.iter();
        let message = match operations.find(|other| Some(other.name()) == query.text()) {
            None => Some("`statusQuery` names no operation of this document"),
            Some(other) if !is_reading(other) => Some(
                "`statusQuery` names an operation that changes something, or a callback: it has to be a call with `x-skypay-effect: reads`",
            ),
            Some(_) => None,
        };
        if let Some(message) = message {
            reporter.add(RULE, &query.location, message);
        }
    }
    let seconds = policy.integer_of("statusQueryDelay");
    if let Some(delay) = policy.get("statusQueryDelay")
        && !seconds.is_some_and(|seconds| (1..=u32::MAX.into()).contains(&seconds))
    {
        let message = "`statusQueryDelay` is a whole number of seconds, from 1";
        reporter.add(RULE, &delay.location, message);
    }
    if operation.is_callback() {
        return;
    }
    let after_query = policy.text_of("policy") == Some("after-status-query");
    let is_safe = policy.text_of("policy") == Some("safe");
    let message = match operation.post.text_of("x-skypay-effect") {
        Some("moves-money") if is_safe => {
            "an operation that moves money is not `policy: safe`: write `after-status-query` or `never`"
        }
        Some("moves-money") if after_query && policy.get("statusQueryDelay").is_none() => {
            "`statusQueryDelay` is missing: an order that moves money could be sent again before a query has to show it"
        }
        Some("reads") if !is_safe => {
            "an operation that only reads is `policy: safe`: the client sends it again by itself"
        }
        _ => return,
    };
    reporter.add(RULE, &policy.location, message);
}

/// Checks that notifications are callbacks, since only a partner can do nothing but
/// acknowledge, and that what only reads has its result in the response.
pub(super) fn mode_fits_direction(
    _: &Document<'_>,
    operation: &Operation<'_>,
    reporter: &mut Reporter,
) {
    if let Some(mode) = operation.post.get("x-skypay-mode")
        && mode.text() == Some("notification")
        && !operation.is_callback()
    {
        let message = "only a callback can be a notification";
        reporter.add("mode-fits-direction", &mode.location, message);
    }
    if let Some(mode) = operation.post.get("x-skypay-mode")
        && mode.text() == Some("asynchronous")
        && operation.post.text_of("x-skypay-effect") == Some("reads")
    {
        let message =
            "an operation that only reads is not `asynchronous`: its result is the response";
        reporter.add("mode-fits-direction", &mode.location, message);
    }
}

/// Checks that the return codes of an operation are unique and listed in a table,
/// and that one of them means success.
pub(super) fn result_codes(
    document: &Document<'_>,
    operation: &Operation<'_>,
    reporter: &mut Reporter,
) {
    const RULE: &str = "result-codes";
    let tables = document.components.iter();
    let table: BTreeMap<_, _> = tables
        .flat_map(|(_, schema)| schema.codes())
        .filter_map(|code| Some((code.text_of("value")?, code.text_of("outcome")?)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut accepted = 0;
    for row in operation.post.items_of("x-skypay-result-codes") {
        let code = row.text_of("code").unwrap_or_default();
        if !seen.insert(code) {
            let message = format!("the code `{code}` stands twice");
            reporter.add(RULE, &row.location, message);
        }
        let outcome = table.get(code);
        if outcome.is_none() {
            let message =
                format!("the code `{code}` is in no table with outcomes: name it there first");
            reporter.add(RULE, &row.location, message);
        }
        accepted += usize::from(outcome == Some(&"accepted"));
    }
    if accepted != 1 {
        let message = format!(
            "{accepted} of the operation's return codes say that it was accepted; exactly one must"
        );
        reporter.add(RULE, &operation.post.location, message);
    }
}

/// Checks that codes defined by a partner are valid against the schema of the
/// response's code.
pub(super) fn partner_codes(_: &Document<'_>, operation: &Operation<'_>, reporter: &mut Reporter) {
    const RULE: &str = "partner-codes";
    let Some(codes) = operation.post.get("x-skypay-partner-codes") else {
        return;
    };
    let bound = |key| u16::try_from(codes.integer_of(key)?).ok();
    let (Some(from), Some(to)) = (bound("from"), bound("to")) else {
        let message = "write `{from: 2000, to: 2999, description: …}`";
        return reporter.add(RULE, &codes.location, message);
    };
    if from > to {
        let message = format!("the range ends with {to}, before it begins with {from}");
        reporter.add(RULE, &codes.location, message);
    }
    let mut fields = operation.response.schema.fields();
    let Some((_, field)) = fields.find(|(_, field)| !field.codes().is_empty()) else {
        return;
    };
    let allows = |code: u16| {
        let pattern = field.text("pattern");
        pattern.is_none_or(|pattern| super::matches(pattern, &code.to_string()))
    };
    if field.get("enum").is_some() || !allows(from) || !allows(to) {
        let message = "the schema of the answer's code does not allow these codes: let its table have a `pattern` that does in place of its `enum`";
        reporter.add(RULE, &codes.location, message);
    }
}

/// Checks that delivery keys name scalar fields and effect keys required ones, that
/// a callback that changes state has both, and that equal deliveries imply equal
/// effects.
pub(super) fn message_keys(_: &Document<'_>, operation: &Operation<'_>, reporter: &mut Reporter) {
    const RULE: &str = "message-keys";
    let post = operation.post;
    let keys = ["x-skypay-delivery-key", "x-skypay-effect-key"];
    let [delivery, effect] = keys.map(|key| post.get(key));
    let changes = post.text_of("x-skypay-effect") != Some("reads");
    let wanted = operation.is_callback() && changes;
    for (key, node) in keys.into_iter().zip([delivery, effect]) {
        let Some(node) = node else { continue };
        if !wanted {
            let message = format!(
                "`{key}` is for callbacks that change something: here there is nothing that must not happen twice at the receiver"
            );
            reporter.add(RULE, &node.location, message);
        }
        key_fields(operation.request.schema, key, node, reporter);
    }
    if wanted && (delivery.is_none() || effect.is_none()) {
        let message = "a callback that changes something says in `x-skypay-delivery-key` and `x-skypay-effect-key` by which fields a receiver recognises a repetition";
        reporter.add(RULE, &post.location, message);
    }
    if let (Some(delivery), Some(effect)) = (delivery, effect) {
        for field in effect.items() {
            let mut known = delivery.items().iter();
            if !known.any(|known| known.text() == field.text()) {
                let message = "the delivery key has no such field, so that one notification delivered twice could count as two effects";
                reporter.add(RULE, &field.location, message);
            }
        }
    }
}

/// Checks that the fields of a key are unique.
fn key_fields(request: Schema<'_>, kind: &str, key: &Node, reporter: &mut Reporter) {
    const RULE: &str = "message-keys";
    let of_effect = kind == "x-skypay-effect-key";
    if key.items().is_empty() {
        reporter.add(RULE, &key.location, "a key has at least one field");
    }
    let mut seen = BTreeSet::new();
    for item in key.items() {
        let name = item.text().unwrap_or_default();
        let wrong = match request.field(name) {
            None => "is no field of the request",
            Some(field) if field.flag("x-skypay-transport") => {
                "is written by the transport and the same in every request"
            }
            Some(field) if !field.is_scalar() => "is no scalar",
            Some(_) if of_effect && !request.requires(name) => {
                "is not `required`: without it the key would be gone"
            }
            Some(_) if !seen.insert(name) => "stands twice in the key",
            Some(_) => continue,
        };
        reporter.add(RULE, &item.location, format!("`{name}` {wrong}"));
    }
}
