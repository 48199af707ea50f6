//! The crate of types: the messages, the code tables and the texts with a type of
//! their own.

mod codes;
mod message;
mod operation;

use proc_macro2::Ident;
use quote::{format_ident, quote};

use super::{Piece, docs, example, manifest, rust_file};
use crate::File;
use crate::model::{Api, Direction, Field, Header, Message, Mode, Operation, Part};
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Vec<File> {
    let mut files = vec![
        manifest::types(api),
        manifest::types_readme(api),
        library(api),
        codes::tables(api),
        codes::newtypes(api),
        rows(api),
    ];
    files.extend(
        api.operations
            .iter()
            .map(|operation| module(api, operation)),
    );
    files
}

fn library(api: &Api) -> File {
    let modules: Vec<_> = api
        .operations
        .iter()
        .map(|operation| format_ident!("{}", operation.method))
        .collect();
    let infos = api.operations.iter().map(|operation| {
        let request = format_ident!("{}", operation.request.name);
        quote!(<#request as Operation>::INFO)
    });
    let Header {
        user_name,
        action,
        authentication,
        time,
        code,
        description,
    } = &api.header;
    let optional = |name: &String| match name.as_str() {
        "" => quote!(None),
        name => quote!(Some(#name)),
    };
    let (time, description) = (optional(time), optional(description));
    let header_doc = docs("The names of the header fields: those that the transport writes.");
    let table_doc = docs("Every operation and callback of the document, in its order.");
    let read_doc = docs("Reading messages by the tolerant policy of the document.");
    let items = quote! {
        mod codes;
        #(mod #modules;)*
        mod rows;
        mod values;

        pub use codes::*;
        #(pub use #modules::*;)*
        pub use rows::*;
        pub use values::*;

        pub use skypay_runtime::{
            Amount, Response, Date, DateTime, Direction, Effect, Entries, HeaderFields, IntegerText, IntoField,
            Invalid, MessageKey, Mode, MoneyState, Operation, OperationInfo, Outcome, PersonName, Received,
            Retry, Sensitive, HeaderValues, Unreadable, UnreadableEntry, Unrecognized, Validate, Violation,
            Violations,
        };

        #read_doc
        pub mod read {
            pub use skypay_runtime::read::{ReadError, from_slice};
        }

        #header_doc
        pub const HEADER: HeaderFields = HeaderFields {
            user_name: #user_name,
            action: #action,
            authentication: #authentication,
            time: #time,
            code: #code,
            description: #description,
        };

        #table_doc
        pub const OPERATIONS: &[&OperationInfo] = &[#(#infos),*];
    };
    let doc = format!(
        "The messages of the {} (document version {}): requests, responses, callbacks and code \
         tables.\n\n\
         The types hold what the document says: constraints are checked when a request is built \
         and before it is sent, never when a message is read. Reading goes through \
         [`read::from_slice`]: it ignores the case of keys and whitespace in them, takes strings \
         for numbers and the reverse, treats empty optional fields as absent, ignores unknown \
         fields and keeps unknown codes. What cannot be read and is not required is kept as such: \
         a field as [`Received::Unreadable`], an object of a list as an [`UnreadableEntry`] at its \
         place in [`Entries`].",
        prose::inline(&api.title),
        prose::inline(&api.version),
    );
    let pieces = vec![Piece::Items(items), Piece::Text(every_operation(api))];
    rust_file("types/src/lib.rs", &doc, pieces)
}

/// A macro that hands all operations to another one: what is done with each
/// of them needs no list by hand.
fn every_operation(api: &Api) -> String {
    let group = |belongs: fn(&Operation) -> bool| {
        let operations = api.operations.iter().filter(|one| belongs(one));
        let lines = operations.map(|one| {
            let (method, request, response) = (&one.method, &one.request.name, &one.response.name);
            format!("                {method}({request}) -> {response};\n")
        });
        lines.collect::<String>()
    };
    let (name, package) = (&api.provider.name, &api.provider.package);
    let provided = group(|one| one.direction == Direction::ToProvider);
    let notices = group(|one| one.mode == Mode::Notification);
    let inquiries =
        group(|one| one.direction == Direction::ToPartner && one.mode != Mode::Notification);
    format!(
        "\
/// Hands all operations to a macro, for what is done with each of them: those of
/// {name}, then the callbacks that tell and those that ask.
///
/// ```
/// macro_rules! requests {{
///     ($($group:ident {{ $($method:ident($request:ident) -> $response:ident;)* }})*) => {{
///         [$($(stringify!($request)),*),*]
///     }};
/// }}
/// let requests = {package}_types::with_operations!(requests);
/// assert_eq!(requests.len(), {package}_types::OPERATIONS.len());
/// ```
#[macro_export]
macro_rules! with_operations {{
    ($macro:ident) => {{
        $macro! {{
            {package} {{
{provided}            }}
            notices {{
{notices}            }}
            inquiries {{
{inquiries}            }}
        }}
    }};
}}
"
    )
}

fn module(api: &Api, operation: &Operation) -> File {
    let summary = prose::inline(&operation.summary);
    let doc = format!("{}: {summary}.", prose::code(&operation.name));
    let mut pieces = Vec::new();
    for message in [&operation.request, &operation.response] {
        let doc = format!(
            "{}\n\n{}",
            prose::blocks(&message.doc),
            message_doc(api, message, operation)
        );
        pieces.push(Piece::Text(message::message(api, message, &doc)));
        pieces.push(codes::message_money(api, message).into());
        pieces.push(Piece::Text(match message.part {
            Part::Request => operation::operation(api, operation),
            _ => operation::response(operation),
        }));
    }
    pieces.insert(
        0,
        imports(&[&operation.request, &operation.response], &pieces),
    );
    rust_file(format!("types/src/{}.rs", operation.method), &doc, pieces)
}

fn rows(api: &Api) -> File {
    let all: Vec<_> = api.rows.iter().collect();
    let mut pieces = Vec::new();
    for row in &api.rows {
        let doc = prose::blocks(&row.doc);
        pieces.push(Piece::Text(message::message(api, row, &doc)));
        pieces.push(codes::message_money(api, row).into());
    }
    pieces.insert(0, imports(&all, &pieces));
    rust_file("types/src/rows.rs", "Objects inside messages.", pieces)
}

/// The `use` lines of a module that holds messages.
fn imports(messages: &[&Message], pieces: &[Piece]) -> Piece {
    let mut names = message::types(messages);
    if pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Items(items) if !items.is_empty()))
    {
        names.insert("MoneyState".to_owned());
    }
    if names.is_empty() {
        return Piece::Text(String::new());
    }
    let names = names.iter().map(|name| format_ident!("{name}"));
    Piece::Items(quote!(use crate::{#(#names),*};))
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
        Part::Request => example::built(api, operation),
        _ => example::read(api, operation),
    };
    if let Some(shown) = shown {
        doc.push_str("\n\n# Example\n\n");
        doc.push_str(&shown);
    }
    doc
}

/// The Rust field, a raw identifier where the name is a keyword.
fn field_name(field: &Field) -> Ident {
    syn::parse_str(&field.rust).unwrap_or_else(|_| format_ident!("r#{}", field.rust))
}
