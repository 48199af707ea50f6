//! The client's crate: the public clients, and the one HTTP request below them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{Piece, docs, example, manifest, rust_file};
use crate::File;
use crate::diagnostic::Diagnostics;
use crate::model::{
    Api, Direction, Effect, EnvelopeField, Mode, Operation, Outcome, ResultCode, Retry, Type,
};
use crate::progenitor;
use crate::prose;

/// Every file of the crate.
pub(crate) fn files(api: &Api) -> Result<Vec<File>, Diagnostics> {
    let mut files = own_files(api);
    files.push(wire(api)?);
    Ok(files)
}

/// The files of the crate that progenitor has no part in.
pub(crate) fn own_files(api: &Api) -> Vec<File> {
    vec![
        manifest::client(api),
        manifest::client_readme(api),
        library(api),
        client(api),
        callback_sender(api),
    ]
}

fn library(api: &Api) -> File {
    let provider = prose::inline(&api.provider.name);
    let types = manifest::crate_ident(api, "types");
    let codes = api.operations.iter().find_map(return_codes);
    let codes = format_ident!("{}", codes.unwrap_or_default());
    let error_doc = docs("Why a call gave no accepted answer: one of three things happened.");
    let rejected_doc = docs(&format!(
        "{provider} said no, with a return code that says that nothing was done."
    ));
    let unknown_doc = docs("The call may have been executed: ask, do not send again.");
    let environment = environment(api);
    let items = quote! {
        use std::fmt;

        mod callback_sender;
        mod client;
        mod wire;

        pub use callback_sender::CallbackSender;
        pub use client::Client;
        pub use skypay_runtime::client::{
            CallEnded, CallReport, EncryptedRequest, EncryptedResponse, HttpService, Observer,
            SetupError, Transport, TransportBuilder,
        };
        pub use skypay_runtime::clock::Clock;
        pub use skypay_runtime::keys::{Credentials, InvalidCredentials, KeyRing};
        pub use skypay_runtime::outcome::{CallOutcome, NotSent, NotSentReason, UnknownCause};
        pub use #types as types;

        #error_doc
        pub type Error = skypay_runtime::outcome::Error<types::#codes>;

        #rejected_doc
        pub type Rejected = skypay_runtime::outcome::Rejected<types::#codes>;

        #unknown_doc
        pub type Unknown = skypay_runtime::outcome::Unknown<types::#codes>;

        #environment
    };
    let doc = format!(
        "Client of the {} (document version {}).\n\n\
         [`Client`] calls {provider}: one method per operation. [`CallbackSender`] plays {provider} \
         towards a partner, for sandboxes and tests.\n\n\
         Every error says which of three things happened: nothing was sent \
         ([`Error::NotSent`]), {provider} said no ([`Error::Rejected`]), or it may have happened \
         ([`Error::Unknown`]). An unknown outcome of an operation that moves money is never sent \
         again by this crate, and must not be by its user before the operation named in the error \
         was asked.",
        prose::inline(&api.title),
        prose::inline(&api.version),
    );
    rust_file("client/src/lib.rs", &doc, vec![Piece::Items(items)])
}

/// Where the API is reached.
fn environment(api: &Api) -> TokenStream {
    let provider = prose::inline(&api.provider.name);
    let environment_doc = docs(&format!("Where {provider} is reached."));
    let variants = api.environments.iter().map(|environment| {
        let variant = format_ident!("{}", environment.variant);
        let doc = docs(&format!(
            "{}\n\n{}",
            prose::blocks(&environment.doc),
            prose::code(&environment.url)
        ));
        quote!(#doc #variant)
    });
    let debugs = api.environments.iter().map(|environment| {
        let name = environment.variant.as_str();
        let variant = format_ident!("{name}");
        quote!(Self::#variant => f.write_str(#name))
    });
    let urls = api.environments.iter().map(|environment| {
        let variant = format_ident!("{}", environment.variant);
        let url = &environment.url;
        quote!(Self::#variant => #url)
    });
    let custom_doc = docs(
        "Another base URL: a sandbox, or a gateway of your own. The wire path is appended to it.",
    );
    let url_doc = docs("The URL in front of the wire path.");
    let transport_doc = docs("Settings for a transport to this environment, with their defaults.");
    let debug_doc = docs("A URL of your own is not shown: it may hold a password.");
    quote! {
        #environment_doc
        #[derive(Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Environment {
            #(#variants,)*
            #custom_doc
            Custom(String),
        }

        impl Environment {
            #url_doc
            #[must_use]
            pub fn url(&self) -> &str {
                match self {
                    #(#urls,)*
                    Self::Custom(url) => url,
                }
            }

            #transport_doc
            pub fn transport(&self, keys: impl Into<KeyRing>) -> TransportBuilder {
                Transport::builder(self.url(), keys.into())
            }
        }

        #debug_doc
        impl fmt::Debug for Environment {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    #(#debugs,)*
                    Self::Custom(_) => f.debug_tuple("Custom").finish_non_exhaustive(),
                }
            }
        }
    }
}

/// The table of an operation's return codes.
fn return_codes(operation: &Operation) -> Option<String> {
    let code = operation
        .response
        .fields
        .iter()
        .find(|field| field.envelope == Some(EnvelopeField::Code))?;
    match &code.ty {
        Type::Codes(table) => Some(table.clone()),
        _ => None,
    }
}

fn client(api: &Api) -> File {
    let operations = progenitor::of_direction(&api.operations, Direction::ToProvider);
    let methods = operations.iter().map(|operation| method(operation));
    let imports = message_imports(&operations);
    let provider = prose::inline(&api.provider.name);
    let types = manifest::crate_ident(api, "types");
    let client_doc = docs(&format!(
        "A client of {provider}. Cheap to clone; all clones share connections and keys."
    ));
    let new_doc = docs(
        "A client with the default settings: HTTPS only, except to this machine; 10 seconds to \
         connect, 30 seconds for a call.\n\n# Errors\n\nIf the URL or the caller name cannot be used, or \
         TLS cannot be set up on this machine.",
    );
    let with_doc = docs(
        "A client over a transport with settings of your own; see [`Environment::transport`].\n\n\
         # Errors\n\nIf the base URL has a query, or the caller name is not one segment of a path: \
         letters, digits and `-._~@`, neither `.` nor `..`.",
    );
    let keys_doc = docs("The keys that the client seals and opens with; rotate them here.");
    let ask_doc = docs(&format!(
        "The earliest moment, in GMT+8, at which it is of use to ask what became of a request \
         that {provider} takes now: `None` where the document gives no time to wait. An unknown \
         outcome says the same of itself. Even then one answer that something is not there \
         proves nothing."
    ));
    let items = quote! {
        use skypay_runtime::client::{HttpService, SetupError, Transport};
        use skypay_runtime::keys::KeyRing;
        use #types::{DateTime, Operation, #(#imports),*};

        use crate::{Environment, Error, wire};

        #client_doc
        #[derive(Clone, Debug)]
        pub struct Client {
            transport: Transport,
            service: HttpService,
        }

        impl Client {
            #new_doc
            pub fn new(
                environment: &Environment,
                caller_name: &str,
                keys: impl Into<KeyRing>,
            ) -> Result<Self, SetupError> {
                let transport = environment.transport(keys).build()?;
                Self::with_transport(transport, caller_name)
            }

            #with_doc
            pub fn with_transport(
                transport: Transport,
                caller_name: &str,
            ) -> Result<Self, SetupError> {
                transport.check_path(caller_name)?;
                let service = wire::service(&transport, caller_name);
                Ok(Self { transport, service })
            }

            #keys_doc
            #[must_use]
            pub fn keys(&self) -> &KeyRing {
                self.transport.keys()
            }

            #ask_doc
            #[must_use]
            pub fn ask_not_before<O: Operation>(&self) -> Option<DateTime> {
                self.transport.ask_not_before(O::INFO)
            }

            #(#methods)*
        }
    };
    rust_file(
        "client/src/client.rs",
        &format!("The client of {provider}'s operations."),
        vec![Piece::Items(items)],
    )
}

fn callback_sender(api: &Api) -> File {
    let operations = progenitor::of_direction(&api.operations, Direction::ToPartner);
    let methods = operations.iter().map(|operation| method(operation));
    let imports = message_imports(&operations);
    let provider = prose::inline(&api.provider.name);
    let types = manifest::crate_ident(api, "types");
    let doc = docs(&format!(
        "Sends {provider}'s callbacks to a partner, as {provider} does. For sandboxes and tests."
    ));
    let new_doc = docs(
        "A sender to the URL that a partner registered; it is called as it stands.\n\n\
         # Errors\n\nIf the URL cannot be used or TLS cannot be set up on this machine.",
    );
    let with_doc = docs(
        "A sender over a transport with settings of your own, whose base URL is the URL that the \
         partner registered.",
    );
    let untyped_doc = docs(
        "Sends fields that no type describes, for tools that try what a partner does with them. \
         Gives the plaintext of the response, whatever it says.\n\n# Errors\n\nWhether nothing \
         was sent or the outcome is unknown.",
    );
    let items = quote! {
        use skypay_runtime::client::{HttpService, SetupError, Transport};
        use skypay_runtime::envelope::Plaintext;
        use skypay_runtime::keys::KeyRing;
        use skypay_runtime::operation::OperationInfo;
        use skypay_runtime::outcome::CallOutcome;
        use #types::{#(#imports),*};

        use crate::{Error, wire};

        #doc
        #[derive(Clone, Debug)]
        pub struct CallbackSender {
            transport: Transport,
            service: HttpService,
        }

        impl CallbackSender {
            #new_doc
            pub fn new(url: &str, keys: impl Into<KeyRing>) -> Result<Self, SetupError> {
                let transport = Transport::builder(url, keys.into()).build()?;
                Ok(Self::with_transport(transport))
            }

            #with_doc
            #[must_use]
            pub fn with_transport(transport: Transport) -> Self {
                let service = wire::callback_service(&transport);
                Self { transport, service }
            }

            #untyped_doc
            pub async fn send_untyped(
                &self,
                operation: &'static OperationInfo,
                fields: &[u8],
            ) -> Result<Plaintext, CallOutcome> {
                self.transport.send_untyped(&self.service, operation, fields).await
            }

            #(#methods)*
        }
    };
    rust_file(
        "client/src/callback_sender.rs",
        &format!("The sender of {provider}'s callbacks."),
        vec![Piece::Items(items)],
    )
}

fn message_imports(operations: &[&Operation]) -> Vec<proc_macro2::Ident> {
    let mut names: Vec<_> = operations
        .iter()
        .flat_map(|operation| [&operation.request.name, &operation.response.name])
        .collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| format_ident!("{name}"))
        .collect()
}

fn method(operation: &Operation) -> TokenStream {
    let name = format_ident!("{}", operation.method);
    let request = format_ident!("{}", operation.request.name);
    let response = format_ident!("{}", operation.response.name);
    let doc = docs(&format!(
        "{}\n\n[`{request}`] shows how the request is built.",
        operation_doc(operation)
    ));
    let errors = docs(&errors_doc(operation));
    let deprecated = operation.deprecated.then(|| quote!(#[deprecated]));
    quote! {
        #doc
        #errors
        #deprecated
        pub async fn #name(&self, request: &#request) -> Result<#response, Error> {
            self.transport.call(&self.service, request).await
        }
    }
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
        "\n# Errors\n\n[`Error::NotSent`] when the request breaks a constraint of the document \
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
        let codes: Vec<_> = operation
            .codes
            .iter()
            .filter(|code| code.outcome == outcome)
            .map(code_line)
            .collect();
        if !codes.is_empty() {
            text.push_str(&format!("\n\n{heading}\n\n{}", codes.join("\n")));
        }
    }
    text
}

/// A return code and what it means, as an item of a list.
pub(crate) fn code_line(code: &ResultCode) -> String {
    let (code, meaning) = (prose::code(&code.code), prose::inline(&code.meaning));
    format!("- {code}: {meaning}")
}

/// The call, as one would write it, for the reference page.
pub(crate) fn call_example(api: &Api, operation: &Operation) -> Option<String> {
    let document_example = operation.request_examples.first()?;
    let mut imports = vec![operation.request.name.clone()];
    let expression = example::built_expression(
        api,
        &operation.request,
        &document_example.value,
        0,
        &mut imports,
    );
    imports.sort();
    imports.dedup();
    let (caller, kind) = match operation.direction {
        Direction::ToProvider => ("client", "Client"),
        Direction::ToPartner => ("sender", "CallbackSender"),
    };
    let package = &api.provider.package;
    Some(format!(
        "```no_run\nuse {package}_client::types::{};\n\n\
         # async fn call({caller}: {package}_client::{kind}) -> Result<(), Box<dyn std::error::Error>> {{\n\
         let request = {expression}?;\n\
         let response = {caller}.{}(&request).await?;\n\
         # let _ = response;\n# Ok(())\n# }}\n```",
        example::braced(&imports),
        operation.method
    ))
}

/// progenitor's method, and the services that send encrypted requests with it.
fn wire(api: &Api) -> Result<File, Diagnostics> {
    let operations = progenitor::of_direction(&api.operations, Direction::ToProvider);
    // All operations share it, as the check `one-wire-path` says.
    let path = operations
        .first()
        .map_or("/", |operation| &operation.wire_path);
    let url = quote!(Option<::reqwest::Url>);
    let tokens = progenitor::client(&api.title, &api.version, path, url.clone())?;
    let method = format_ident!("{}", progenitor::METHOD);
    // A path has one parameter at most, the name of the caller.
    let named = progenitor::path_parameters(path).map(|_| quote!(&caller_name,));
    let unnamed = progenitor::path_parameters(path).map(|_| quote!("",));
    let service_doc = docs("Posts to the wire path below the base URL of the transport.");
    let callback_doc = docs("Posts to the base URL of the transport as it stands.");
    let services = quote! {
        impl ClientHooks<#url> for Client {
            async fn pre<E>(
                &self,
                request: &mut ::reqwest::Request,
                _: &OperationInfo,
            ) -> Result<(), Error<E>> {
                if let Some(url) = &self.inner {
                    request.url_mut().clone_from(url);
                }
                Ok(())
            }
        }

        #service_doc
        pub(crate) fn service(transport: &Transport, caller_name: &str) -> HttpService {
            let caller_name: Arc<str> = caller_name.into();
            transport.service(|http| {
                let client = Client::new_with_client(transport.base_url(), http, None);
                let (client, caller_name) = (Arc::new(client), Arc::clone(&caller_name));
                move |body| {
                    let (client, caller_name) = (Arc::clone(&client), Arc::clone(&caller_name));
                    async move { client.#method(#(#named)* body).await }
                }
            })
        }

        #callback_doc
        pub(crate) fn callback_service(transport: &Transport) -> HttpService {
            transport.service(|http| {
                let url = Some(transport.url().clone());
                let client = Client::new_with_client(transport.base_url(), http, url);
                let client = Arc::new(client);
                move |body| {
                    let client = Arc::clone(&client);
                    async move { client.#method(#(#unnamed)* body).await }
                }
            })
        }
    };
    let imports = quote!(
        use ::skypay_runtime::client::{HttpService, Transport};
        use ::std::sync::Arc;
    );
    let allow = Piece::Text(
        "#![allow(\n    clippy::all,\n    clippy::pedantic,\n    missing_docs,\n    unreachable_pub,\n    \
         dead_code,\n    unused_imports,\n    \
         reason = \"written by progenitor, whose style is its own\"\n)]\n"
            .to_owned(),
    );
    Ok(rust_file(
        "client/src/wire.rs",
        "The one HTTP request of the wire, written by progenitor, and the services that send it.",
        vec![allow, imports.into(), tokens.into(), services.into()],
    ))
}
