//! The rule for the Rust names of types, codes, fields, operations and
//! environments.
//!
//! A name has the form of its kind, is not a keyword and is unique in its scope. It
//! must not clash with a name that the generated code declares or uses in the same
//! scope.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};

use super::{Document, matches};
use crate::diagnostic::{Location, Reporter};
use crate::document::Node;

/// The rule for Rust names.
const RULE: &str = "rust-names";

/// The kind of Rust item that a name of the document becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A type.
    Type,
    /// A variant of a code table.
    Code,
    /// A field, its setter, and a local variable of the builder.
    Field,
    /// A method, a module and its file.
    Operation,
    /// A variant of `Environment`.
    Environment,
}

/// The types that the generated crates declare, import or use. The names of the
/// provider's traits are added.
const TYPES: &str = "
    Amount Arc Box CallEnded CallOutcome CallReport CallbackSender Callbacks Client Clock Clone Config
    Context Credentials Custom Date DateTime Debug Direction Dispatcher Effect EncryptedRequest
    EncryptedResponse Entries Envelope Environment Eq Error Expiring Future HEADER Handler HeaderFields
    HeaderValues HttpService IntegerText Into Invalid InvalidCredentials KeyRing
    MessageKey Mode MoneyState NextStep None NotSent NotSentReason NotStored O OPERATIONS
    Ok Operation OperationInfo Option Outcome Output PROTOCOL PagesError PartialEq Partner
    PartnerCallbacks PeerAddr PersonName Plaintext Protocol ReadError Received Refusal Rejected
    Response Result Retry RetryAfter ReturnCode Router Self Send Sensitive Serve SetupError Some Stored String Sync T
    Transport TransportBuilder Unknown UnknownCause Unreadable Unrecognized
    Validate Violation Violations
";

/// The methods of the clients and of every value, which take precedence in Rust;
/// the modules of the types crate and its dependencies; file names that are special
/// to Cargo, and device names of Windows.
const OPERATIONS: &str = "
    ask_about ask_not_before caller_name into keys new send_untyped try_into with_transport
    codes newtypes objects read
    alloc axum core progenitor_client reqwest schemars serde serde_json skypay_runtime std
    lib main
    aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9
    lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
";

/// Whether a name is reserved by the generated code.
fn is_taken(kind: Kind, rust: &str, package: &str) -> bool {
    let is_one_of = |names: &str| names.split_whitespace().any(|name| name == rust);
    match kind {
        Kind::Type => {
            let adapter = package.to_upper_camel_case();
            is_one_of(TYPES) || rust == adapter || rust.strip_suffix("Api") == Some(&adapter)
        }
        // `open_enum!` declares a constant and a variant with these names for each
        // table.
        Kind::Code => is_one_of("ALL Unrecognized"),
        // `message!` declares methods with these names for each builder.
        Kind::Field => is_one_of("build maybe"),
        Kind::Operation => is_one_of(OPERATIONS),
        Kind::Environment => rust == "Custom",
    }
}

/// A name in the document that becomes a Rust name.
struct Name<'d> {
    kind: Kind,
    /// The component, message or table in which it must be unique; empty for the
    /// whole document.
    within: &'d str,
    /// The name in the document.
    given: &'d str,
    rust: String,
    location: &'d Location,
}

/// Checks that names have the form of their kind, are not keywords, are unique, and
/// do not clash with names of the generated code.
pub(super) fn rust_names(document: &Document<'_>, reporter: &mut Reporter) {
    let package = document.root.at(&["info", "x-skypay-provider", "package"]);
    if let Some(node) = package {
        package_name(node, reporter);
    }
    let package = package.and_then(Node::text).unwrap_or("provider");
    let components: BTreeSet<_> = document.components.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeMap::new();
    for name in names(document) {
        let Name {
            kind, given, rust, ..
        } = &name;
        // Types and operations become file names in the generated code and its
        // documentation, and some file systems ignore case.
        let folded = match kind {
            Kind::Type => rust.to_ascii_lowercase(),
            _ => rust.clone(),
        };
        let built = given.strip_suffix("Builder").unwrap_or_default();
        let has_form = has_form(*kind, rust);
        let scoped = (*kind, name.within, folded);
        let other = has_form.then(|| seen.insert(scoped, *given)).flatten();
        let wrong = if !has_form {
            format!("`{given}` {}", wanted(*kind))
        } else if let Some(other) = other {
            format!(
                "`{given}` and `{other}` would both be `{rust}` in Rust{}",
                remedy(*kind)
            )
        } else if is_taken(*kind, rust, package) {
            format!(
                "`{given}` is `{rust}` in Rust, which the generated code needs for itself{}",
                remedy(*kind)
            )
        } else if *kind == Kind::Type && components.contains(built) {
            format!(
                "`{given}` is what builds a `{built}` in Rust{}",
                remedy(*kind)
            )
        } else {
            continue;
        };
        reporter.add(RULE, name.location, wrong);
    }
}

/// Checks the provider's name, after which the crates and one of their modules are
/// named.
fn package_name(node: &Node, reporter: &mut Reporter) {
    let package = node.text().unwrap_or_default();
    let is_taken = ["callbacks", "types"].contains(&package);
    if !matches("^[a-z][a-z0-9]*$", package) || is_taken || is_keyword(package) {
        let message = format!(
            "`{package}` cannot name crates and a module: write lower-case letters and digits, and no keyword of Rust"
        );
        reporter.add(RULE, &node.location, message);
    }
}

fn names<'d>(document: &Document<'d>) -> Vec<Name<'d>> {
    let mut names = Vec::new();
    let mut add = |kind, within, given: &'d str, rust: String, location| {
        names.push(Name {
            kind,
            within,
            given,
            rust,
            location,
        });
    };
    for server in document.root.items_of("servers") {
        if let Some(node) = server.get("x-skypay-environment") {
            let name = node.text().unwrap_or_default();
            let rust = name.to_upper_camel_case();
            add(Kind::Environment, "", name, rust, &node.location);
        }
    }
    for operation in &document.operations {
        if let Some(id) = operation.post.get("operationId") {
            let name = operation.name();
            let rust = name.to_snake_case();
            add(Kind::Operation, "", name, rust, &id.location);
        }
    }
    for (component, schema) in &document.components {
        let is_object = schema.text("type") == Some("object") || schema.get("properties").is_some();
        if is_object || !schema.codes().is_empty() || schema.flag("x-skypay-newtype") {
            let rust = (*component).to_owned();
            add(Kind::Type, "", component, rust, &schema.own.location);
        }
        for code in schema.own.items_of("x-skypay-codes") {
            let name = code.text_of("name").unwrap_or_default();
            add(Kind::Code, component, name, name.to_owned(), &code.location);
        }
        for property in schema.properties() {
            let given = property.node.text_of("x-skypay-rust-name");
            let rust = given.map_or_else(|| property.key.to_snake_case(), str::to_owned);
            let given = given.unwrap_or(&property.key);
            add(Kind::Field, component, given, rust, &property.location);
        }
    }
    names
}

fn has_form(kind: Kind, rust: &str) -> bool {
    let form = match kind {
        Kind::Type | Kind::Code | Kind::Environment => {
            rust.starts_with(|first: char| first.is_ascii_uppercase())
                && rust.chars().all(|letter| letter.is_ascii_alphanumeric())
        }
        Kind::Field | Kind::Operation => {
            rust.starts_with(|first: char| first.is_ascii_lowercase())
                && rust.is_ascii()
                && rust == rust.to_snake_case()
        }
    };
    form && !is_keyword(rust)
}

/// Whether a name is a Rust keyword. `gen` is one in the edition of the generated
/// code, but the parser does not recognize it.
fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<proc_macro2::Ident>(name).is_err()
}

/// The required form of a name.
fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Type => "is no name for a Rust type: write it like `OrderRequest`",
        Kind::Code => "is no name for a Rust variant: write it like `InStore`",
        Kind::Environment => "gives no name for a Rust variant: write it like `production`",
        Kind::Field => {
            "is no Rust field name: give another by `x-skypay-rust-name`, like `order_no`"
        }
        Kind::Operation => "gives no Rust method name: write it like `placeOrder`",
    }
}

/// The fix for a name that is already taken.
fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Type => ": give the component another name",
        Kind::Code => ": give the code another `name`",
        Kind::Environment => ": give the server another `x-skypay-environment`",
        Kind::Field => ": give the field another name by `x-skypay-rust-name`",
        Kind::Operation => ": give the operation another `operationId`",
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_taken};

    /// Type names in the templates are reserved, except those qualified by a path
    /// and those that are part of a placeholder.
    #[test]
    fn the_types_of_the_templates_are_taken() {
        let filled = r"(?s)\{% filter doc\b.*?\{% endfilter %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}";
        let filled = regex_lite::Regex::new(filled).unwrap();
        for template in [
            include_str!("../../templates/client/lib.rs.jinja"),
            include_str!("../../templates/client/client.rs.jinja"),
            include_str!("../../templates/client/callback_sender.rs.jinja"),
            include_str!("../../templates/client/method.rs.jinja"),
            include_str!("../../templates/server/lib.rs.jinja"),
            include_str!("../../templates/server/callbacks.rs.jinja"),
            include_str!("../../templates/server/provided.rs.jinja"),
            include_str!("../../templates/server/handler.md.jinja"),
            include_str!("../../templates/types/lib.rs.jinja"),
        ] {
            let code = filled.replace_all(template, "filled");
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let imports = line.trim_start_matches("pub ").starts_with("use ");
                let is_name = |letter: char| letter.is_alphanumeric() || "_{}:\"".contains(letter);
                for word in line.split(|letter| !is_name(letter)) {
                    let mut parts = word.split("::");
                    let name = if imports { parts.last() } else { parts.next() };
                    let name = name.unwrap_or_default().trim_matches(['{', '}', ':']);
                    let is_type = name.starts_with(|first: char| first.is_ascii_uppercase());
                    assert!(
                        !is_type || is_taken(Kind::Type, name, "skypay"),
                        "{name} in {line}"
                    );
                }
            }
        }
    }
}
