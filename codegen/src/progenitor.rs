//! The one HTTP request of the wire, written by progenitor.
//!
//! All operations share it: encrypted text is posted to one path, and encrypted
//! text comes back. What the operations are about is inside that text.

use ::progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle};
use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use serde_json::{Value, json};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, ImplItemFn, Item, Stmt};

use crate::diagnostic::{Diagnostic, Diagnostics, Location};

/// The generated method, named so that it shadows no hook of progenitor's.
const METHOD: &str = "exchange";

/// The parameter of the path, if it has one, in the generated method.
const PARAMETER: &str = "callerName";

/// A progenitor client with one method, which posts a text to `wire_path`. Its
/// hooks see the URL that is called in place of that path, if there is one.
pub(crate) fn client(title: &str, version: &str, wire_path: &str) -> Result<String, Diagnostics> {
    let document: OpenAPI =
        serde_json::from_value(wire_document(title, version, wire_path)).map_err(refused)?;
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(Option<::reqwest::Url>));
    let tokens = Generator::new(&settings)
        .generate_tokens(&document)
        .map_err(refused)?;
    used(tokens).map(printed)
}

/// Prints items with blank lines between them, and between the methods of an
/// `impl`.
fn printed(file: syn::File) -> String {
    let items = file.items.into_iter().map(|item| {
        let text = prettyplease::unparse(&syn::File {
            shebang: None,
            frontmatter: None,
            attrs: Vec::new(),
            items: vec![item],
        });
        text.replace("\n    }\n    ", "\n    }\n\n    ")
    });
    items.collect::<Vec<_>>().join("\n")
}

/// Leaves out what nothing uses: the error of types that there are not, a
/// constructor with an HTTP client of its own, the prelude; the header with
/// progenitor's version of the API, which no server asks for; and
/// documentation, since the module is private.
fn used(tokens: TokenStream) -> Result<syn::File, Diagnostics> {
    let mut file: syn::File = syn::parse2(tokens).map_err(refused)?;
    file.items.retain(|item| !matches!(item, Item::Mod(_)));
    for item in &mut file.items {
        match item {
            Item::Struct(item) => item.attrs.retain(|attribute| !is_doc(attribute)),
            Item::Impl(item) => {
                item.items
                    .retain(|item| !matches!(item, ImplItem::Fn(item) if item.sig.ident == "new"));
                item.attrs.retain(|attribute| !is_doc(attribute));
                for item in &mut item.items {
                    if let ImplItem::Fn(item) = item {
                        item.attrs.retain(|attribute| !is_doc(attribute));
                        if item.sig.ident == METHOD {
                            without_version_header(item)?;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(file)
}

/// Removes the statements that make `header_map`, which holds nothing but the
/// version of the API, and the call that adds it to the request.
fn without_version_header(method: &mut ImplItemFn) -> Result<(), Diagnostics> {
    const HEADERS: &str = "header_map";

    struct Calls(usize);
    impl VisitMut for Calls {
        fn visit_expr_mut(&mut self, expression: &mut Expr) {
            if let Expr::MethodCall(call) = expression
                && call.method == "headers"
                && call.args.to_token_stream().to_string() == HEADERS
            {
                *expression = (*call.receiver).clone();
                self.0 += 1;
            }
            visit_mut::visit_expr_mut(self, expression);
        }
    }
    let mut calls = Calls(0);
    calls.visit_block_mut(&mut method.block);
    let before = method.block.stmts.len();
    method.block.stmts.retain(|statement| {
        let text = statement.to_token_stream().to_string();
        let made =
            matches!(statement, Stmt::Local(_)) && text.contains(&format!("mut {HEADERS} ="));
        !made && !text.starts_with(&format!("{HEADERS} . append"))
    });
    if (calls.0, before - method.block.stmts.len()) == (1, 2) {
        Ok(())
    } else {
        Err(refused("its method adds other header fields than before"))
    }
}

fn is_doc(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("doc")
}

fn refused(error: impl std::fmt::Display) -> Diagnostics {
    let message = format!("progenitor refuses the document of the wire: {error}");
    Diagnostics::from(Diagnostic::new(
        "progenitor",
        Location::new(1, 1, ""),
        message,
    ))
}

/// What HTTP sees of the API. A response of any status is the same to
/// progenitor, so that the runtime reads them all in one way.
fn wire_document(title: &str, version: &str, wire_path: &str) -> Value {
    let parameters: Vec<_> = path_parameters(wire_path)
        .map(|_| {
            json!({ "name": PARAMETER, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    // A name that clashes with no other of the method.
    let path = path_parameters(wire_path).fold(wire_path.to_owned(), |path, name| {
        path.replace(&format!("{{{name}}}"), &format!("{{{PARAMETER}}}"))
    });
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    json!({
        "openapi": "3.0.3",
        "info": { "title": title, "version": version },
        "paths": { path: { "post": {
            "operationId": METHOD,
            "parameters": parameters,
            "requestBody": { "required": true, "content": text },
            "responses": { "default": { "description": "encrypted text", "content": text } },
        } } },
    })
}

/// The names between braces in a wire path.
pub(crate) fn path_parameters(wire_path: &str) -> impl Iterator<Item = &str> {
    wire_path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}
