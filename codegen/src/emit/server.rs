//! The server's crate: the traits to implement and the routers that serve them.

use heck::ToUpperCamelCase;
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::client::{code_line, operation_doc, operation_facts};
use super::{Piece, docs, example, manifest, rust_file};
use crate::File;
use crate::model::{Api, Direction, Mode, Operation};
use crate::progenitor;
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Vec<File> {
    vec![
        manifest::server(api),
        manifest::server_readme(api),
        library(api),
        side(api, &callbacks(api)),
        side(api, &provided(api)),
    ]
}

/// One of the two sides that can be served.
struct Side {
    direction: Direction,
    module: String,
    /// The trait to implement.
    api: String,
    /// The adapter that dispatches to it.
    adapter: String,
    trait_doc: String,
    module_doc: String,
    router_doc: &'static str,
}

/// The side that the partner serves.
fn callbacks(api: &Api) -> Side {
    let provider = prose::inline(&api.provider.name);
    Side {
        direction: Direction::ToPartner,
        module: "callbacks".to_owned(),
        api: "PartnerCallbacks".to_owned(),
        adapter: "Callbacks".to_owned(),
        trait_doc: format!(
            "What a partner provides to {provider}. Each method has a default that refuses, so \
             implement the ones you serve.\n\n\
             A method runs only after the message was decrypted, its credentials were checked \
             and its fields were read. What it returns is encrypted and sent; a notification \
             can only be acknowledged or, when it could not be stored, left unacknowledged.\n\n\
             A method that has begun runs to its end, even if {provider} hangs up or \
             [`Config::handler_time`] is over meanwhile. Its response is lost then, and \
             {provider} may send the same again: recognise it.\n\n\
             [`types`](crate::types) has an example of each message."
        ),
        module_doc: format!("The partner's side: the callbacks that {provider} sends."),
        router_doc: "Routes for the callbacks: `/` serves all of them, dispatching on the action; \
                     `/{callback}` serves each under its name, for back offices that register a \
                     URL per callback. Nest it under a path of your own.",
    }
}

/// The side that the provider serves.
fn provided(api: &Api) -> Side {
    let provider = prose::inline(&api.provider.name);
    Side {
        direction: Direction::ToProvider,
        module: api.provider.package.clone(),
        api: api_trait(api),
        adapter: api.provider.package.to_upper_camel_case(),
        trait_doc: format!(
            "What {provider} provides to a partner. For sandboxes and gateways: each method has \
             a default that refuses. The client's method of the same name describes the \
             operation, and [`types`](crate::types) has an example of each message."
        ),
        module_doc: format!("{provider}'s side: the operations that a partner calls."),
        router_doc: "The route of the document's wire path; it dispatches on the action.",
    }
}

/// The trait of what the provider serves.
pub(crate) fn api_trait(api: &Api) -> String {
    format!("{}Api", api.provider.package.to_upper_camel_case())
}

fn library(api: &Api) -> File {
    let protocol = &api.protocol;
    let accepted = &protocol.accepted.description;
    let [unreadable, failed, not_stored, not_offered] = [
        &protocol.unreadable,
        &protocol.failed,
        &protocol.not_stored,
        &protocol.not_offered,
    ]
    .map(|answer| {
        let (code, description) = (&answer.code, &answer.description);
        quote!((#code, #description))
    });
    let description_limit = Literal::usize_unsuffixed(protocol.description_limit);
    let caller_parameter = api
        .operations
        .iter()
        .find_map(|operation| progenitor::path_parameters(&operation.wire_path).next())
        .unwrap_or_default();
    let provider = prose::inline(&api.provider.name);
    let module = format_ident!("{}", api.provider.package);
    let api_trait = format_ident!("{}", api_trait(api));
    let types = manifest::crate_ident(api, "types");
    let protocol_doc = docs("What the document says of answers in general.");
    let items = quote! {
        pub mod callbacks;
        pub mod #module;

        pub use callbacks::PartnerCallbacks;
        pub use #module::#api_trait;
        pub use skypay_runtime::keys::{Credentials, InvalidCredentials, KeyRing};
        pub use skypay_runtime::clock::Clock;
        pub use skypay_runtime::server::{
            Config, Context, Dispatcher, Envelope, NotPartnerDefined, NotStored, PeerAddr, Refusal,
            Serve, Stored, serve,
        };
        pub use #types as types;

        use skypay_runtime::server::Protocol;

        #protocol_doc
        pub(crate) const PROTOCOL: Protocol = Protocol {
            header: &types::HEADER,
            accepted: #accepted,
            unreadable: #unreadable,
            failed: #failed,
            not_stored: #not_stored,
            not_offered: #not_offered,
            description_limit: #description_limit,
            caller_parameter: #caller_parameter,
        };
    };
    let doc = format!(
        "Server stubs of the {} (document version {}).\n\n\
         Implement [`PartnerCallbacks`] and serve it with [`callbacks::router`]; implement \
         [`{api_trait}`] and serve it with [`{module}::router`] to play {provider}.\n\n\
         Everything that fails before a handler runs (wrong key, wrong credentials, unreadable \
         body, unknown action) gets one uniform rejection.{example}",
        prose::inline(&api.title),
        prose::inline(&api.version),
        example = library_example(api).unwrap_or_default(),
    );
    rust_file("server/src/lib.rs", &doc, vec![Piece::Items(items)])
}

/// A callback server, and the proof that a notification cannot be refused.
fn library_example(api: &Api) -> Option<String> {
    let is_notification = |operation: &&Operation| operation.mode == Mode::Notification;
    let notification = api.operations.iter().find(is_notification)?;
    let (method, request) = (&notification.method, &notification.request.name);
    let package = &api.provider.package;
    let handler = |imports: &str, error: &str| {
        format!(
            "use {package}_server::types::{request};\n\
             use {package}_server::{{{imports}}};\n\n\
             struct Partner;\n\n\
             impl PartnerCallbacks for Partner {{\n    \
             async fn {method}(\n        &self,\n        _: &Context,\n        \
             notification: {request},\n    \
             ) -> Result<Stored, {error}> {{\n        \
             drop(notification); // Store it durably, then:\n        \
             Ok(Stored)\n    }}\n}}\n"
        )
    };
    let right = handler(
        "Config, Context, Credentials, KeyRing, NotStored, PartnerCallbacks, Stored, callbacks",
        "NotStored",
    );
    let wrong = handler("Context, PartnerCallbacks, Refusal, Stored", "Refusal");
    Some(format!(
        "\n\n# Example\n\n```\n{right}\n\
         let keys = KeyRing::new(Credentials::new(\"user name\", \"authentication\", \"encrypt key\")?);\n\
         let routes = callbacks::router(Partner, Config::new(keys));\n\
         # let _: axum::Router = routes;\n\
         # Ok::<(), Box<dyn std::error::Error>>(())\n```\n\n\
         A notification can only be stored or not; refusing it does not compile:\n\n\
         ```compile_fail\n{wrong}```"
    ))
}

fn side(api: &Api, side: &Side) -> File {
    let operations = progenitor::of_direction(&api.operations, side.direction);
    let types = manifest::crate_ident(api, "types");
    let trait_name = format_ident!("{}", side.api);
    let adapter = format_ident!("{}", side.adapter);
    let example = operations
        .iter()
        .filter(|operation| operation.mode != Mode::Notification)
        .find_map(|operation| handler_example(api, operation))
        .map(|example| format!("\n\n# Example\n\n{example}"));
    let trait_doc = docs(&format!(
        "{}{}",
        side.trait_doc,
        example.unwrap_or_default()
    ));
    let methods = operations.iter().map(|operation| trait_method(operation));
    let imports = imports(&operations);
    let runtime = runtime_imports(&operations);
    let service_doc = docs(
        "The same as a plain tower service: it serves every operation of this side, dispatching \
         on the action.",
    );
    let router_doc = docs(side.router_doc);
    let router = router(&operations, side);
    let declared = quote! {
        use axum::Router;
        use skypay_runtime::server::{#(#runtime),*};
        use #types::{#(#imports),*};

        use crate::PROTOCOL;

        #trait_doc
        pub trait #trait_name: Send + Sync + 'static {
            #(#methods)*
        }

        #router_doc
        pub fn router<T: #trait_name>(handler: T, config: Config) -> Router {
            #router
        }

        #service_doc
        #[must_use]
        pub fn service<T: #trait_name>(
            handler: T,
            config: Config,
        ) -> Envelope<Dispatcher<impl Handler>> {
            Dispatcher::new(#adapter(handler), config).in_envelope()
        }
    };
    rust_file(
        format!("server/src/{}.rs", side.module),
        &side.module_doc,
        vec![
            Piece::Items(declared),
            Piece::Text(dispatch(&operations, side)),
        ],
    )
}

/// The operations and their methods, a row for each.
fn dispatch(operations: &[&Operation], side: &Side) -> String {
    let rows: String = operations
        .iter()
        .map(|operation| format!("    {}: {},\n", operation.method, operation.request.name))
        .collect();
    format!(
        "skypay_runtime::dispatch! {{\n    struct {} for {}, &PROTOCOL;\n{rows}}}\n",
        side.adapter, side.api
    )
}

fn imports(operations: &[&Operation]) -> Vec<proc_macro2::Ident> {
    let mut names = Vec::new();
    for operation in operations {
        names.push(operation.request.name.clone());
        if operation.mode != Mode::Notification {
            names.push(operation.response.name.clone());
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| format_ident!("{name}"))
        .collect()
}

fn runtime_imports(operations: &[&Operation]) -> Vec<proc_macro2::Ident> {
    let mut names = vec![
        "Config",
        "Context",
        "Dispatcher",
        "Envelope",
        "Handler",
        "not_implemented",
    ];
    let is_notification = |operation: &&Operation| operation.mode == Mode::Notification;
    if operations.iter().any(is_notification) {
        names.extend(["NotStored", "Stored"]);
    }
    if !operations.iter().all(is_notification) {
        names.push("Refusal");
    }
    names.sort_unstable();
    names
        .into_iter()
        .map(|name| format_ident!("{name}"))
        .collect()
}

fn trait_method(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.method);
    let request = format_ident!("{}", operation.request.name);
    // The client describes the operations that a partner calls.
    let about = match operation.direction {
        Direction::ToProvider => format!(
            "{}.\n\n{}",
            prose::inline(&operation.summary),
            operation_facts(operation)
        ),
        Direction::ToPartner => operation_doc(operation),
    };
    let doc = docs(&format!("{about}\n\n{}", replies_doc(operation)));
    let deprecated = operation.deprecated.then(|| quote!(#[deprecated]));
    let output = if operation.mode == Mode::Notification {
        quote!(Result<Stored, NotStored>)
    } else {
        let response = format_ident!("{}", operation.response.name);
        quote!(Result<#response, Refusal>)
    };
    quote! {
        #doc
        #deprecated
        fn #name(
            &self,
            context: &Context,
            request: #request,
        ) -> impl Future<Output = #output> + Send {
            let _ = (context, request);
            not_implemented()
        }
    }
}

fn replies_doc(operation: &Operation) -> String {
    if operation.mode == Mode::Notification {
        return "Return `Ok(Stored)` once the notification is durably stored, also when you have \
                seen it before. An error leaves it unacknowledged (HTTP 503)."
            .to_owned();
    }
    let codes: Vec<_> = operation
        .codes
        .iter()
        .filter(|code| code.outcome != crate::model::Outcome::Accepted)
        .map(code_line)
        .collect();
    let mut doc = if codes.is_empty() {
        String::from("No refusal is documented.")
    } else {
        format!("Refuse with:\n\n{}", codes.join("\n"))
    };
    if let Some((from, to)) = operation.partner_codes {
        doc.push_str(&format!(
            "\n\nor with a code of your own from {from} to {to}. {}",
            prose::inline(&operation.partner_codes_doc)
        ));
    }
    doc
}

/// The trait of the side that serves an operation.
fn trait_of(api: &Api, operation: &Operation) -> String {
    match operation.direction {
        Direction::ToProvider => provided(api).api,
        Direction::ToPartner => callbacks(api).api,
    }
}

/// The handler of an operation, as one would write it: a notification is stored,
/// anything else gets the document's first response that is a success.
pub(crate) fn handler_example(api: &Api, operation: &Operation) -> Option<String> {
    let (method, api_trait) = (&operation.method, trait_of(api, operation));
    let package = &api.provider.package;
    let (request, response) = (&operation.request.name, &operation.response.name);
    if operation.mode == Mode::Notification {
        return Some(format!(
            "```\nuse {package}_server::types::{request};\n\
             use {package}_server::{{Context, NotStored, {api_trait}, Stored}};\n\n\
             struct Handler;\n\n\
             impl {api_trait} for Handler {{\n    \
             async fn {method}(\n        &self,\n        _: &Context,\n        notification: {request},\n    \
             ) -> Result<Stored, NotStored> {{\n        \
             drop(notification); // Store it durably, then:\n        \
             Ok(Stored)\n    }}\n}}\n```"
        ));
    }
    let example = operation.response_examples.first()?;
    let mut imports = vec![request.clone(), response.clone()];
    // The dispatcher writes the header fields of a response.
    let mut message = operation.response.clone();
    message.fields.retain(|field| field.envelope.is_none());
    let built = example::built_expression(api, &message, &example.value, 1, &mut imports);
    imports.push("Invalid".to_owned());
    imports.sort();
    imports.dedup();
    let failed = &api.protocol.failed;
    Some(format!(
        "```\nuse {package}_server::types::{imports};\n\
         use {package}_server::{{Context, Refusal, {api_trait}}};\n\n\
         struct Handler;\n\n\
         impl {api_trait} for Handler {{\n    \
         async fn {method}(\n        &self,\n        _: &Context,\n        request: {request},\n    \
         ) -> Result<{response}, Refusal> {{\n        \
         answer(&request).map_err(|_| Refusal::new({code:?}, {description:?}))\n    }}\n}}\n\n\
         fn answer(_: &{request}) -> Result<{response}, Invalid> {{\n    \
         let answer = {built}?;\n    Ok(answer)\n}}\n```",
        imports = example::braced(&imports),
        code = failed.code,
        description = failed.description,
    ))
}

fn router(operations: &[&Operation], side: &Side) -> TokenStream {
    let adapter = format_ident!("{}", side.adapter);
    if side.direction == Direction::ToPartner {
        return quote! {
            let shared = service(handler, config);
            let mut router = Router::new();
            for operation in #adapter::<T>::OPERATIONS {
                let path = format!("/{}", operation.name);
                router = router.route_service(&path, shared.for_operation(operation));
            }
            router.route_service("/", shared)
        };
    }
    // All operations share it, as the check `one-wire-path` says.
    let path = operations
        .first()
        .map_or("/", |operation| &operation.wire_path);
    quote!(Router::new().route_service(#path, service(handler, config)))
}
