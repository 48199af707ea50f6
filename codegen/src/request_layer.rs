//! The request layer of the clients, written by progenitor from a document
//! lowered to what it needs: where each operation goes and which of our types
//! travel there. Message schemas are replaced by the types of our own emitter,
//! since progenitor's would close the code tables, sort the fields and enforce
//! patterns when reading.

use openapiv3::OpenAPI;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use quote::quote;
use serde_json::{Map, Value, json};

use crate::model::{Direction, Operation};
use crate::problem::{Place, Problem, Problems};

/// The component that stands for every response: the opened text, decoded
/// later by the tolerant reader.
const OPENED: &str = "Opened";

/// The items of a progenitor client for the operations of one direction.
pub(crate) fn client(
    title: &str,
    version: &str,
    operations: &[&Operation],
) -> Result<TokenStream, Problems> {
    let lowered = lowered_document(title, version, operations);
    let document: OpenAPI = serde_json::from_value(lowered).map_err(refused)?;
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(::skypay_runtime::client::Transport))
        .with_replacement(
            OPENED,
            "::skypay_runtime::client::Opened",
            std::iter::empty(),
        );
    for operation in operations {
        let name = &operation.request.name;
        let path = format!("::skypay_types::{name}");
        settings.with_replacement(name, path, std::iter::empty());
    }
    let tokens = Generator::new(&settings)
        .generate_tokens(&document)
        .map_err(refused)?;
    Ok(without_docs(tokens))
}

/// Drops documentation: the layer is private, and its texts would only say
/// again, and less well, what the public client says.
fn without_docs(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_doc(&group) && ends_with_hash(&kept) => {
                kept.pop();
            }
            TokenTree::Group(group) => {
                let inner = without_docs(group.stream());
                kept.push(Group::new(group.delimiter(), inner).into());
            }
            token => kept.push(token),
        }
    }
    kept.into_iter().collect()
}

fn is_doc(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}

fn ends_with_hash(tokens: &[TokenTree]) -> bool {
    matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#')
}

/// The operations of one direction.
pub(crate) fn of_direction(operations: &[Operation], direction: Direction) -> Vec<&Operation> {
    operations
        .iter()
        .filter(|operation| operation.direction == direction)
        .collect()
}

fn refused(error: impl std::fmt::Display) -> Problems {
    let message = format!("progenitor refuses the lowered document: {error}");
    Problems::from(Problem::new("request-layer", Place::new(1, 1, ""), message))
}

fn lowered_document(title: &str, version: &str, operations: &[&Operation]) -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    schemas.insert(OPENED.to_owned(), json!({ "type": "object" }));
    for operation in operations {
        let name = &operation.request.name;
        schemas.insert(name.clone(), json!({ "type": "object" }));
        let key = format!("{}#{}", wire_path(operation), operation.label);
        paths.insert(key, json!({ "post": lowered_operation(operation) }));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": title, "version": version },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn lowered_operation(operation: &Operation) -> Value {
    let parameters: Vec<_> = path_parameters(&wire_path(operation))
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    json!({
        "operationId": method(operation),
        "summary": operation.summary,
        "parameters": parameters,
        "requestBody": { "required": true, "content": body(&operation.request.name) },
        "responses": { "200": { "description": "opened", "content": body(OPENED) } },
    })
}

/// The path with a name for its parameter that clashes with no other of a
/// method.
fn wire_path(operation: &Operation) -> String {
    let mut path = operation.wire_path.clone();
    for name in path_parameters(&operation.wire_path) {
        path = path.replace(&format!("{{{name}}}"), "{callerName}");
    }
    path
}

/// The method of an operation in this layer, whose other methods have names
/// that an operation may have, too.
pub(crate) fn method(operation: &Operation) -> String {
    format!("call_{}", operation.method)
}

fn body(component: &str) -> Value {
    let reference = format!("#/components/schemas/{component}");
    json!({ "application/json": { "schema": { "$ref": reference } } })
}

/// The names between braces in a wire path.
pub(crate) fn path_parameters(wire_path: &str) -> impl Iterator<Item = &str> {
    wire_path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
