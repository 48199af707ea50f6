//! What a keyword means where it has another value, comes or goes, as far as a
//! row of a table can say it.

use codegen::document::{Node, Value};

use super::impact::{Bump, Impact, Wire};
use super::walk::Pair;

/// What holds a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Root,
    Info,
    Server,
    PathItem,
    Operation,
    Parameter,
    Body,
    Media,
    Schema,
    Code,
}

/// The rule by which a change is reported, and what it means.
pub(super) type Meaning = (&'static str, Impact);

/// Words to readers.
pub(super) const WORDS: Meaning = ("words-changed", Impact::PATCH);

/// Another address: a caller of before may call where nothing is any more.
pub(super) const SERVER: Meaning = (
    "server-changed",
    Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Patch),
);

/// What an operation may do to the world, weakest first.
const EFFECTS: &[&str] = &["reads", "changes-state", "moves-money"];

/// Whether a request may be sent again, freest first.
const RETRIES: &[&str] = &["safe", "after-status-query", "never"];

/// The row of a keyword.
pub(super) fn meaning(holder: Holder, key: &str, pair: Pair<'_>) -> Meaning {
    use Holder as H;
    match (holder, key) {
        (H::Root, "x-skypay-envelope" | "x-skypay-time-zone") => {
            ("wire-form-changed", Impact::BREAK)
        }
        (H::Info, "version") => ("version-changed", Impact::PATCH),
        // The crates, and what is named like them, have other names.
        (H::Info, "x-skypay-provider") if differs(pair, "package") => {
            ("provider-renamed", Impact::SOURCE)
        }
        (H::Root, "openapi" | "tags" | "externalDocs")
        | (H::Info, _)
        | (H::Server | H::Body, "description")
        | (H::PathItem, "summary" | "description")
        | (H::Operation, "summary" | "description" | "tags" | "externalDocs" | "x-skypay-chapter")
        // Only of a parameter of the path: others go by their names.
        | (H::Parameter, "name" | "description" | "example" | "examples")
        | (H::Schema, "description" | "title" | "externalDocs" | "x-skypay-applies-to")
        | (H::Code, "description" | "text") => WORDS,
        (H::Server, "x-skypay-environment") => {
            let impact = Impact::new(Wire::Ok, Wire::Ok, Bump::Major, Bump::Patch);
            ("environment-renamed", impact)
        }
        (H::Server, _) => SERVER,
        (H::Operation, "operationId") => ("operation-renamed", Impact::SOURCE),
        (H::Operation, "x-skypay-effect") if rises(EFFECTS, pair) => {
            ("effect-stronger", Impact::MEANING)
        }
        (H::Operation, "x-skypay-effect") => ("effect-weaker", Impact::ADDED),
        // Only a notice has another signature in the server's trait.
        (H::Operation, "x-skypay-mode") if either(pair, "notification") => {
            let impact = Impact::new(Wire::Risk, Wire::Risk, Bump::Minor, Bump::Major);
            ("mode-changed", impact)
        }
        (H::Operation, "x-skypay-mode") => ("mode-changed", Impact::MEANING),
        (H::Operation, "x-skypay-transaction-id") => ("transaction-id-changed", Impact::ADDED),
        // What the receiver has stored under the old key is not found under another
        // one, so that a repetition takes effect again.
        (H::Operation, "x-skypay-delivery-key") => ("delivery-key-changed", key_changed(pair)),
        (H::Operation, "x-skypay-effect-key") => ("effect-key-changed", key_changed(pair)),
        (H::Parameter, "required") => ("parameter-required-changed", required(pair)),
        (H::Body, "required") => ("body-required-changed", required(pair)),
        (H::Schema, "x-skypay-unit") => ("unit-changed", Impact::MEANING),
        (H::Operation | H::Parameter | H::Schema, "deprecated") if is_on(pair.1) => {
            ("deprecated", Impact::ADDED)
        }
        (H::Operation | H::Parameter | H::Schema, "deprecated") => {
            ("deprecation-removed", Impact::PATCH)
        }
        (H::Code, "name") => ("code-renamed", Impact::SOURCE),
        (H::Code, "kind") => ("code-kind-changed", Impact::PATCH),
        _ => ("other-changed", Impact::MEANING),
    }
}

/// What a member of a retry policy means. A deployed caller that is more patient
/// than need be does no harm.
pub(super) fn retry(key: &str, pair: Pair<'_>) -> Meaning {
    let seconds = |node: Option<&Node>| match node.map(|node| &node.value) {
        Some(Value::Number(raw)) => raw.parse().unwrap_or(0),
        _ => 0_i64,
    };
    let stricter = match key {
        "note" => return WORDS,
        "statusQueryDelay" => seconds(pair.1) > seconds(pair.0),
        "policy" => rises(RETRIES, pair),
        _ => true,
    };
    let impact = if stricter {
        Impact::CALLER_RISKS
    } else {
        Impact::ADDED
    };
    ("retry-changed", impact)
}

fn key_changed(pair: Pair<'_>) -> Impact {
    match pair {
        // Nothing can have been stored under a key before there was one.
        (None, Some(_)) => Impact::ADDED,
        _ => Impact::CALLEE_BREAKS,
    }
}

fn required(pair: Pair<'_>) -> Impact {
    Impact::required(is_on(pair.1))
}

fn is_on(node: Option<&Node>) -> bool {
    node.is_some_and(|node| matches!(node.value, Value::Bool(true)))
}

fn differs(pair: Pair<'_>, key: &str) -> bool {
    let text = |node: Option<&Node>| node.and_then(|node| node.text_of(key)).map(str::to_owned);
    text(pair.0) != text(pair.1)
}

fn either(pair: Pair<'_>, word: &str) -> bool {
    let mut words = [pair.0, pair.1].into_iter().flatten();
    words.any(|node| node.text() == Some(word))
}

/// Whether the new word stands further on in a scale; what is not said comes
/// first.
fn rises(scale: &[&str], pair: Pair<'_>) -> bool {
    let rank = |node: Option<&Node>| {
        let word = node.and_then(Node::text);
        scale.iter().position(|known| Some(*known) == word)
    };
    rank(pair.1) > rank(pair.0)
}
