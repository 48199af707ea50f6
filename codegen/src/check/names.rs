//! The rule about the Rust names that a document gives, whatever they name: a
//! type, a code, a field, an operation or an environment.
//!
//! A name has the form of its kind, is no keyword and differs from the others
//! of its scope. And it is free: it is none that the generated code declares
//! or uses in the same scope. Which those are is read from the generated code
//! itself, written once with stand-ins for every name of the document.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};

use super::{Document, properties};
use crate::diagnostic::{Diagnostics, Location, Reporter};
use crate::document::Node;
use crate::emit::scope::{self, Kind};
use crate::lower::Schema;
use crate::model::Api;

/// The rule under which names are reported.
const RULE: &str = "rust-names";

/// A name that becomes one of Rust.
struct Name<'d> {
    kind: Kind,
    /// The component, the message or the table in which it must be unique;
    /// empty for the whole document.
    within: &'d str,
    /// As the document gives it.
    given: &'d str,
    rust: String,
    location: &'d Location,
}

/// The crates, and a module of one of them, are named after the provider.
pub(super) fn package(document: &Document<'_>, reporter: &mut Reporter) {
    let info = document.root.get("info");
    let provider = info.and_then(|info| info.get("x-skypay-provider"));
    let Some(node) = provider.and_then(|provider| provider.get("package")) else {
        return;
    };
    let package = node.text().unwrap_or_default();
    let is_plain = package.starts_with(|letter: char| letter.is_ascii_lowercase())
        && package
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let is_taken = ["callbacks", "types"].contains(&package);
    if !is_plain || is_taken || is_keyword(package) {
        let message = format!(
            "`{package}` cannot name crates and a module: write lower-case letters and digits, and no keyword of Rust"
        );
        reporter.add(RULE, &node.location, message);
    }
}

/// Names have the form of their kind, are no keywords and differ.
pub(super) fn well_formed(document: &Document<'_>, reporter: &mut Reporter) {
    let mut seen = BTreeMap::new();
    for name in names(document) {
        if !has_form(name.kind, &name.rust) {
            let message = format!("`{}` {}", name.given, wanted(name.kind));
            reporter.add(RULE, name.location, message);
            continue;
        }
        // Files of the generated code and of its documentation are named by
        // types and operations; not every file system tells `FOO` from `Foo`.
        let folded = match name.kind {
            Kind::Type => name.rust.to_ascii_lowercase(),
            _ => name.rust.clone(),
        };
        if let Some(other) = seen.insert((name.kind, name.within, folded), name.given) {
            let message = format!(
                "`{}` and `{other}` would both be `{}` in Rust{}",
                name.given,
                name.rust,
                remedy(name.kind)
            );
            reporter.add(RULE, name.location, message);
        }
    }
    let components = document.components.iter().map(|(name, _)| *name);
    let components: BTreeSet<_> = components.collect();
    for name in names(document) {
        let built = name.given.strip_suffix("Builder").unwrap_or_default();
        if name.kind == Kind::Type && components.contains(built) {
            let message = format!(
                "`{}` is what builds a `{built}` in Rust{}",
                name.given,
                remedy(name.kind)
            );
            reporter.add(RULE, name.location, message);
        }
    }
}

/// Names are none that generated code declares or uses in their scope.
///
/// # Errors
///
/// Every name that is taken.
pub fn free(root: &Node, api: &Api) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    let taken = scope::taken(api);
    for name in names(&Document::new(root)) {
        if taken.contains(&(name.kind, name.rust.clone())) {
            let message = format!(
                "`{}` is `{}` in Rust, which the generated code needs for itself{}",
                name.given,
                name.rust,
                remedy(name.kind)
            );
            reporter.add(RULE, name.location, message);
        }
    }
    reporter.finish(())
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
    let servers = document.root.get("servers").map(Node::items);
    for server in servers.unwrap_or_default() {
        // That it has none is said elsewhere.
        if let Some(node) = server.get("x-skypay-environment")
            && let Some(name) = node.text().filter(|name| !name.is_empty())
        {
            let rust = name.to_upper_camel_case();
            add(Kind::Environment, "", name, rust, &node.location);
        }
    }
    for operation in &document.operations {
        if let Some(id) = operation.post.get("operationId")
            && let Some(name) = id.text()
        {
            add(
                Kind::Operation,
                "",
                name,
                name.to_snake_case(),
                &id.location,
            );
        }
    }
    for (component, node) in &document.components {
        let schema = document.resolve(node);
        if becomes_a_type(schema) {
            add(
                Kind::Type,
                "",
                component,
                (*component).to_owned(),
                &node.location,
            );
        }
        let codes = node.get("x-skypay-codes").map(Node::items);
        for code in codes.unwrap_or_default() {
            let name = code.text_of("name").unwrap_or_default();
            add(Kind::Code, component, name, name.to_owned(), &code.location);
        }
        for property in properties(schema) {
            let given = property.node.text_of("x-skypay-rust-name");
            let rust = given.map_or_else(|| property.key.to_snake_case(), str::to_owned);
            let given = given.unwrap_or(&property.key);
            add(Kind::Field, component, given, rust, &property.location);
        }
    }
    names
}

fn becomes_a_type(schema: Schema<'_>) -> bool {
    schema.text("type") == Some("object")
        || ["properties", "x-skypay-codes"]
            .iter()
            .any(|word| schema.get(word).is_some())
        || schema.flag("x-skypay-newtype")
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

/// Whether Rust has a word for itself; `gen` is one since the edition that the
/// generated code is written in, which the parser does not know.
fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<proc_macro2::Ident>(name).is_err()
}

/// What a name of a kind looks like.
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

/// What to do about a name that is taken.
fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Type => ": give the component another name",
        Kind::Code => ": give the code another `name`",
        Kind::Environment => ": give the server another `x-skypay-environment`",
        Kind::Field => ": give the field another name by `x-skypay-rust-name`",
        Kind::Operation => ": give the operation another `operationId`",
    }
}
