//! The client's crate: the public clients, and the one HTTP request below them.

use super::{Values, example, import_list, literal, manifest};
use crate::File;
use crate::diagnostic::Diagnostics;
use crate::model::{
    Api, Direction, Effect, EnvelopeField, Mode, Operation, Outcome, ResultCode, Retry, Type,
};
use crate::progenitor;
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Result<Vec<File>, Diagnostics> {
    let description = format!(
        "Typed client of the {} {} over its encrypted envelope.",
        api.title, api.version
    );
    let provided = manifest::operation_rows(api, Direction::ToProvider);
    Ok(vec![
        manifest::manifest(
            api,
            "client",
            include_str!("../../templates/client/Cargo.toml.tmpl"),
            &description,
        ),
        Values::of(api).with("operations", provided).file(
            "client/README.md",
            include_str!("../../templates/client/README.md.tmpl"),
        ),
        library(api),
        caller(
            api,
            Direction::ToProvider,
            "client/src/client.rs",
            include_str!("../../templates/client/client.rs.tmpl"),
        ),
        caller(
            api,
            Direction::ToPartner,
            "client/src/callback_sender.rs",
            include_str!("../../templates/client/callback_sender.rs.tmpl"),
        ),
        wire(api)?,
    ])
}

fn library(api: &Api) -> File {
    let lines = |line: &dyn Fn(&str, &str, &str) -> String| -> String {
        let environments = api.environments.iter();
        environments
            .map(|one| line(&one.variant, &one.url, &one.doc))
            .collect()
    };
    let environments = lines(&|variant, url, doc| {
        let doc = format!("{}\n\n{}", prose::blocks(doc), prose::code(url));
        format!("{}{variant},\n", super::doc_comment(&doc, 0))
    });
    let urls = lines(&|variant, url, _| format!("Self::{variant} => {},\n", literal(url)));
    let names = lines(&|variant, _, _| format!("Self::{variant} => f.write_str(\"{variant}\"),\n"));
    let codes = api.operations.iter().find_map(return_codes);
    Values::of(api)
        .with("codes", codes.unwrap_or_default())
        .with("environments", environments)
        .with("urls", urls)
        .with("names", names)
        .file(
            "client/src/lib.rs",
            include_str!("../../templates/client/lib.rs.tmpl"),
        )
}

/// The table of an operation's return codes.
fn return_codes(operation: &Operation) -> Option<&str> {
    let mut fields = operation.response.fields.iter();
    let code = fields.find(|field| field.envelope == Some(EnvelopeField::Code))?;
    match &code.ty {
        Type::Codes(table) => Some(table),
        _ => None,
    }
}

/// A type with a method for each operation of a direction.
fn caller(api: &Api, direction: Direction, path: &str, template: &str) -> File {
    let operations = api.of_direction(direction);
    let messages = operations
        .iter()
        .flat_map(|operation| [&operation.request, &operation.response]);
    let imports = import_list(messages.map(|message| message.name.as_str()));
    let methods: Vec<_> = operations
        .iter()
        .map(|operation| {
            operation_values(api, operation)
                .with("about", operation_doc(operation))
                .with("errors", errors_doc(operation))
                .fill(include_str!("../../templates/client/method.rs.tmpl"))
        })
        .collect();
    Values::of(api)
        .with("imports", imports)
        .with("methods", methods.join("\n"))
        .file(path, template)
}

/// What the template of an operation's method may name.
pub(crate) fn operation_values(api: &Api, operation: &Operation) -> Values {
    let deprecated = if operation.deprecated {
        "#[deprecated]"
    } else {
        ""
    };
    Values::of(api)
        .with("method", &operation.method)
        .with("request", &operation.request.name)
        .with("response", &operation.response.name)
        .with("deprecated", deprecated)
}

/// Summary, description and the facts of an operation.
pub(crate) fn operation_doc(operation: &Operation) -> String {
    format!(
        "{summary}.\n\n{description}\n\n{facts}",
        summary = prose::inline(&operation.summary),
        description = prose::blocks(&operation.description),
        facts = operation_facts(operation),
    )
}

/// The facts of an operation, as a list.
pub(crate) fn operation_facts(operation: &Operation) -> String {
    let mode = match operation.mode {
        Mode::Asynchronous => {
            "asynchronous: the answer says that it was accepted, the outcome comes by callback"
        }
        Mode::Synchronous => "synchronous: the answer is the outcome",
        Mode::Notification => "a notification: it can only be acknowledged",
    };
    let effect = match operation.effect {
        Effect::Reads => "reads",
        Effect::ChangesState => "changes state, moves no money",
        Effect::MovesMoney => "moves money",
    };
    let retry = match operation.retry_policy.policy {
        Retry::Safe => "it may be sent again",
        Retry::AfterStatusQuery => {
            "it may be sent again only after asking has shown that it never arrived"
        }
        Retry::Never => "it must not be sent again",
    };
    let chapter = match &operation.chapter_directory {
        Some(directory) if *directory != operation.chapter_current => {
            format!("{} ({directory} before 1.37)", operation.chapter_current)
        }
        _ => operation.chapter_current.clone(),
    };
    let chapter = prose::inline(&chapter);
    format!(
        "- Action: {action}, chapter {chapter}\n\
         - Mode: {mode}\n- Effect: {effect}\n- Again: {retry}. {note}",
        action = prose::code(&operation.action),
        note = prose::inline(&operation.retry_policy.note),
    )
}

fn errors_doc(operation: &Operation) -> String {
    let mut text = String::from(
        "# Errors\n\n[`Error::NotSent`] when the request breaks a constraint of the document \
         or no connection was made.",
    );
    for (outcome, heading) in [
        (Outcome::Rejected, "[`Error::Rejected`] with:"),
        (
            Outcome::Unknown,
            "[`Error::Unknown`] when the answer did not arrive or could not be read, with an \
             unlisted code, and with:",
        ),
    ] {
        let codes = code_lines(operation, |code| code.outcome == outcome);
        if !codes.is_empty() {
            text.push_str(&format!("\n\n{heading}\n\n{codes}"));
        }
    }
    text
}

/// Some of an operation's return codes and what they mean, as a list.
pub(crate) fn code_lines(operation: &Operation, chosen: impl Fn(&ResultCode) -> bool) -> String {
    let codes = operation.codes.iter().filter(|code| chosen(code));
    let lines: Vec<_> = codes
        .map(|code| {
            let (code, meaning) = (prose::code(&code.code), prose::inline(&code.meaning));
            format!("- {code}: {meaning}")
        })
        .collect();
    lines.join("\n")
}

/// The call, as one would write it, for the reference page.
pub(crate) fn call_example(api: &Api, operation: &Operation) -> Option<String> {
    let first = operation.request_examples.first()?;
    let (built, imports) = example::built(api, &operation.request, first, &[]);
    let (caller, kind) = match operation.direction {
        Direction::ToProvider => ("client", "Client"),
        Direction::ToPartner => ("sender", "CallbackSender"),
    };
    let values = operation_values(api, operation)
        .with("imports", imports)
        .with("built", built)
        .with("caller", caller)
        .with("kind", kind);
    Some(values.fill(include_str!("../../templates/client/call.md.tmpl")))
}

/// progenitor's method, and the services that send encrypted requests with it.
fn wire(api: &Api) -> Result<File, Diagnostics> {
    let operations = api.of_direction(Direction::ToProvider);
    // All operations share it, as the check `path-form` says.
    let path = operations
        .first()
        .map_or("/", |operation| &operation.wire_path);
    let mut values = Values::of(api).with(
        "progenitor",
        progenitor::client(&api.title, &api.version, path)?,
    );
    // A path has one parameter at most, the name of the caller.
    if progenitor::path_parameters(path).next().is_some() {
        values = values
            .with("caller_name", "&caller_name,")
            .with("no_name", "\"\",");
    }
    Ok(values.file(
        "client/src/wire.rs",
        include_str!("../../templates/client/wire.rs.tmpl"),
    ))
}
