//! The server's crate: the traits to implement and the routers that serve them.

use heck::ToUpperCamelCase;

use super::client::{code_lines, operation_doc, operation_facts, operation_values};
use super::{Values, example, import_list, literal, manifest};
use crate::File;
use crate::model::{Api, Direction, FixedAnswer, Mode, Operation, Outcome};
use crate::progenitor;
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Vec<File> {
    let description = format!(
        "Server stubs of the {} {}: the partner's callbacks, and {}'s own side.",
        api.title, api.version, api.provider.name
    );
    let callbacks = manifest::operation_rows(api, Direction::ToPartner);
    vec![
        manifest::manifest(
            api,
            "server",
            include_str!("../../templates/server/Cargo.toml.tmpl"),
            &description,
        ),
        values(api).with("operations", callbacks).file(
            "server/README.md",
            include_str!("../../templates/server/README.md.tmpl"),
        ),
        library(api),
        side(
            api,
            Direction::ToPartner,
            "callbacks",
            include_str!("../../templates/server/callbacks.rs.tmpl"),
        ),
        side(
            api,
            Direction::ToProvider,
            &api.provider.package,
            include_str!("../../templates/server/provided.rs.tmpl"),
        ),
    ]
}

/// The trait of the side that serves a direction.
fn trait_name(api: &Api, direction: Direction) -> String {
    match direction {
        Direction::ToProvider => format!("{}Api", api.provider.package.to_upper_camel_case()),
        Direction::ToPartner => "PartnerCallbacks".to_owned(),
    }
}

fn values(api: &Api) -> Values {
    Values::of(api)
        .with("trait", trait_name(api, Direction::ToProvider))
        .with("adapter", api.provider.package.to_upper_camel_case())
}

fn library(api: &Api) -> File {
    let protocol = &api.protocol;
    let caller_parameter = api
        .operations
        .iter()
        .find_map(|operation| progenitor::path_parameters(&operation.wire_path).next());
    // A callback server, and the proof that a notification cannot be refused.
    let is_notification = |operation: &&Operation| operation.mode == Mode::Notification;
    let notification = api.operations.iter().find(is_notification);
    let example = notification.map(|operation| {
        operation_values(api, operation).fill(include_str!("../../templates/server/lib.md.tmpl"))
    });
    let answer = |answer: &FixedAnswer| {
        let (code, description) = (literal(&answer.code), literal(&answer.description));
        format!("({code}, {description})")
    };
    values(api)
        .with("example", example.unwrap_or_default())
        .with_literal("accepted", &protocol.accepted.description)
        .with("unreadable", answer(&protocol.unreadable))
        .with("failed", answer(&protocol.failed))
        .with("not_stored", answer(&protocol.not_stored))
        .with("not_offered", answer(&protocol.not_offered))
        .with("description_limit", protocol.description_limit.to_string())
        .with_literal("caller_parameter", caller_parameter.unwrap_or_default())
        .file(
            "server/src/lib.rs",
            include_str!("../../templates/server/lib.rs.tmpl"),
        )
}

/// One of the two sides that can be served.
fn side(api: &Api, direction: Direction, module: &str, template: &str) -> File {
    let operations = api.of_direction(direction);
    let is_notification = |operation: &&&Operation| operation.mode == Mode::Notification;
    let mut runtime = vec![
        "Config",
        "Context",
        "Dispatcher",
        "Envelope",
        "Handler",
        "not_implemented",
    ];
    if operations
        .iter()
        .any(|operation| is_notification(&operation))
    {
        runtime.extend(["NotStored", "Stored"]);
    }
    let mut others = operations.iter().filter(|one| !is_notification(one));
    let example = others
        .clone()
        .find_map(|operation| handler_example(api, operation));
    let example = example.map(|example| format!("\n# Example\n\n{example}"));
    if others.next().is_some() {
        runtime.push("Refusal");
    }
    let imports = operations.iter().flat_map(|operation| {
        let response = (operation.mode != Mode::Notification).then_some(&operation.response);
        [Some(&operation.request), response].into_iter().flatten()
    });
    let rows = operations
        .iter()
        .map(|operation| format!("{}: {},\n", operation.method, operation.request.name));
    let methods: Vec<_> = operations.iter().map(|one| method(api, one)).collect();
    // All operations share it, as the check `path-form` says.
    let path = operations
        .first()
        .map_or("/", |operation| &operation.wire_path);
    values(api)
        .with("runtime", import_list(runtime))
        .with("imports", import_list(imports.map(|one| one.name.as_str())))
        .with("example", example.unwrap_or_default())
        .with("methods", methods.join("\n"))
        .with("rows", rows.collect::<String>())
        .with_literal("path", path)
        .file(format!("server/src/{module}.rs"), template)
}

/// The method of an operation in the trait of its side.
fn method(api: &Api, operation: &Operation) -> String {
    // The client describes the operations that a partner calls.
    let about = match operation.direction {
        Direction::ToProvider => format!(
            "{}.\n\n{}",
            prose::inline(&operation.summary),
            operation_facts(operation)
        ),
        Direction::ToPartner => operation_doc(operation),
    };
    let output = match operation.mode {
        Mode::Notification => "Result<Stored, NotStored>".to_owned(),
        _ => format!("Result<{}, Refusal>", operation.response.name),
    };
    operation_values(api, operation)
        .with("about", about)
        .with("replies", replies_doc(operation))
        .with("output", output)
        .fill(include_str!("../../templates/server/method.rs.tmpl"))
}

fn replies_doc(operation: &Operation) -> String {
    if operation.mode == Mode::Notification {
        return "Return `Ok(Stored)` once the notification is durably stored, also when you have \
                seen it before. An error leaves it unacknowledged (HTTP 503)."
            .to_owned();
    }
    let codes = code_lines(operation, |code| code.outcome != Outcome::Accepted);
    let mut doc = if codes.is_empty() {
        String::from("No refusal is documented.")
    } else {
        format!("Refuse with:\n\n{codes}")
    };
    if let Some((from, to)) = operation.partner_codes {
        doc.push_str(&format!(
            "\n\nor with a code of your own from {from} to {to}. {}",
            prose::inline(&operation.partner_codes_doc)
        ));
    }
    doc
}

/// The handler of an operation, as one would write it: a notification is stored,
/// anything else gets the document's first response that is a success.
pub(crate) fn handler_example(api: &Api, operation: &Operation) -> Option<String> {
    let values =
        operation_values(api, operation).with("trait", trait_name(api, operation.direction));
    if operation.mode == Mode::Notification {
        return Some(values.fill(include_str!("../../templates/server/notified.md.tmpl")));
    }
    let first = operation.response_examples.first()?;
    // The dispatcher writes the header fields of a response.
    let mut message = operation.response.clone();
    message.fields.retain(|field| field.envelope.is_none());
    let more = [operation.request.name.as_str(), "Invalid"];
    let (built, imports) = example::built(api, &message, first, &more);
    let failed = &api.protocol.failed;
    let values = values
        .with("imports", imports)
        .with("built", built)
        .with("code", literal(&failed.code))
        .with("description", literal(&failed.description));
    Some(values.fill(include_str!("../../templates/server/handler.md.tmpl")))
}
