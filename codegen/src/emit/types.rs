//! The crate of types: the messages, the code tables and the texts with a type of
//! their own.

mod codes;
mod message;
mod operation;

use super::{Values, example, import_list, literal, manifest};
use crate::File;
use crate::model::{Api, Direction, Header, Message, Mode, Operation, Part};
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Vec<File> {
    let description = format!(
        "Typed messages and code tables of the {} {}.",
        api.title, api.version
    );
    let mut files = vec![
        manifest::manifest(
            api,
            "types",
            include_str!("../../templates/types/Cargo.toml.tmpl"),
            &description,
        ),
        Values::of(api).file(
            "types/README.md",
            include_str!("../../templates/types/README.md.tmpl"),
        ),
        library(api),
        codes::tables(api),
        codes::newtypes(api),
        objects(api),
    ];
    let modules = api.operations.iter().map(|one| module(api, one));
    files.extend(modules);
    files
}

fn library(api: &Api) -> File {
    let lines = |line: &dyn Fn(&Operation) -> String| -> String {
        api.operations.iter().map(line).collect()
    };
    let group = |belongs: fn(&Operation) -> bool| -> String {
        let operations = api.operations.iter().filter(|one| belongs(one));
        operations
            .map(|one| {
                let (request, response) = (&one.request.name, &one.response.name);
                format!("{}({request}) -> {response};\n", one.method)
            })
            .collect()
    };
    let optional = |name: &String| match name.as_str() {
        "" => "None".to_owned(),
        name => format!("Some({})", literal(name)),
    };
    let Header {
        user_name,
        action,
        authentication,
        time,
        code,
        description,
    } = &api.header;
    Values::of(api)
        .with("modules", lines(&|one| format!("mod {};\n", one.method)))
        .with(
            "exports",
            lines(&|one| format!("pub use {}::*;\n", one.method)),
        )
        .with(
            "operations",
            lines(&|one| format!("<{} as Operation>::INFO,\n", one.request.name)),
        )
        .with(
            "provided",
            group(|one| one.direction == Direction::ToProvider),
        )
        .with("notices", group(|one| one.mode == Mode::Notification))
        .with(
            "inquiries",
            group(|one| one.direction == Direction::ToPartner && one.mode != Mode::Notification),
        )
        .with_literal("user_name", user_name)
        .with_literal("action", action)
        .with_literal("authentication", authentication)
        .with("time", optional(time))
        .with_literal("code", code)
        .with("description", optional(description))
        .file(
            "types/src/lib.rs",
            include_str!("../../templates/types/lib.rs.tmpl"),
        )
}

fn module(api: &Api, operation: &Operation) -> File {
    let mut items = Vec::new();
    for message in [&operation.request, &operation.response] {
        let doc = format!(
            "{}\n\n{}",
            prose::blocks(&message.doc),
            message_doc(api, message, operation)
        );
        items.push(message::message(api, message, &doc));
        items.extend(codes::message_money(api, message));
        items.push(match message.part {
            Part::Request => operation::operation(api, operation),
            _ => operation::response(operation),
        });
    }
    let doc = format!(
        "{}: {}.",
        prose::code(&operation.name),
        prose::inline(&operation.summary)
    );
    let messages = [&operation.request, &operation.response];
    let path = format!("types/src/{}.rs", operation.method);
    messages_file(api, path, doc, messages, &items)
}

fn objects(api: &Api) -> File {
    let mut items = Vec::new();
    for row in &api.objects {
        items.push(message::message(api, row, &prose::blocks(&row.doc)));
        items.extend(codes::message_money(api, row));
    }
    let doc = "Objects inside messages.";
    messages_file(api, "types/src/objects.rs", doc, &api.objects, &items)
}

/// A file of messages, with the imports that their fields need.
fn messages_file<'a>(
    api: &Api,
    path: impl Into<String>,
    doc: impl Into<String>,
    messages: impl IntoIterator<Item = &'a Message> + Clone,
    items: &[String],
) -> File {
    let mut names = message::types(messages.clone());
    if messages.into_iter().any(|one| codes::has_state(api, one)) {
        names.insert("MoneyState".to_owned());
    }
    let imports = match import_list(names.iter().map(String::as_str)) {
        names if names.is_empty() => names,
        names => format!("use crate::{{{names}}};"),
    };
    Values::of(api)
        .with("doc", doc)
        .with("imports", imports)
        .with("items", items.join("\n"))
        .file(path, "//! {{doc}}\n\n{{imports}}\n\n{{items}}\n")
}

/// Chapter, direction and a doc test from the document's first example.
fn message_doc(api: &Api, message: &Message, operation: &Operation) -> String {
    let verb = match message.part {
        Part::Request => "The request of",
        _ => "The answer to",
    };
    let mut doc = format!(
        "{verb} {} (chapter {}).",
        prose::code(&operation.name),
        prose::inline(&operation.chapter_current),
    );
    let shown = match message.part {
        Part::Request => example::request(api, operation),
        _ => example::response(api, operation),
    };
    if let Some(shown) = shown {
        doc.push_str("\n\n# Example\n\n");
        doc.push_str(&shown);
    }
    doc
}
