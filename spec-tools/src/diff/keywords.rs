//! The table of keywords: the impact of a keyword that is changed, removed or
//! added.

use codegen::document::{Node, Value};

use super::impact::{Bump, Impact, Wire};
use super::walk::Pair;

/// The object that has a keyword.
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

/// The rule that reports a change, and its impact.
pub(super) type Meaning = (&'static str, Impact);

/// Prose for readers.
pub(super) const WORDS: Meaning = ("words-changed", Impact::PATCH);

/// A different URL: an old caller might call a server that no longer exists.
pub(super) const SERVER: Meaning = (
    "server-changed",
    Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Patch),
);

/// Side effects of an operation, weakest first.
const EFFECTS: &[&str] = &["reads", "changes-state", "moves-money"];

/// Retry policies, most permissive first.
const RETRIES: &[&str] = &["safe", "after-status-query", "never"];

/// Returns the rule and impact of a keyword's change.
pub(super) fn meaning(holder: Holder, key: &str, pair: Pair<'_>) -> Meaning {
    use Holder as H;
    match (holder, key) {
        (H::Root, "x-skypay-envelope" | "x-skypay-time-zone") => {
            ("wire-form-changed", Impact::BREAK)
        }
        (H::Info, "version") => ("version-changed", Impact::PATCH),
        // The crates and the items named after them get other names.
        (H::Info, "x-skypay-provider") if differs(pair, "package") => {
            ("provider-renamed", Impact::SOURCE)
        }
        (H::Root, "openapi" | "tags" | "externalDocs")
        | (H::Info, _)
        | (H::Server | H::Body, "description")
        | (H::PathItem, "summary" | "description")
        | (H::Operation, "summary" | "description" | "tags" | "externalDocs" | "x-skypay-chapter")
        // Only parameters of the path: others are identified by name.
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
        // Only a notification has a different signature in the server's trait.
        (H::Operation, "x-skypay-mode") if either(pair, "notification") => {
            let impact = Impact::new(Wire::Risk, Wire::Risk, Bump::Minor, Bump::Major);
            ("mode-changed", impact)
        }
        (H::Operation, "x-skypay-mode") => ("mode-changed", Impact::MEANING),
        (H::Operation, "x-skypay-transaction-id") => {
            ("transaction-id-changed", transaction_id_changed(pair))
        }
        // A receiver does not find entries stored under the old key, so a duplicate
        // takes effect again.
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

/// Returns the rule and impact of a member of a retry policy. A deployed caller
/// that waits longer than necessary does no harm.
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

/// A method of a status query takes the numbers of a payout, and is gone without them.
fn transaction_id_changed(pair: Pair<'_>) -> Impact {
    match pair {
        (None, Some(_)) => Impact::ADDED,
        _ => Impact::SOURCE,
    }
}

fn key_changed(pair: Pair<'_>) -> Impact {
    match pair {
        // Before the first key, nothing was stored under one.
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

/// Whether the new value is further along the scale; an absent value comes first.
fn rises(scale: &[&str], pair: Pair<'_>) -> bool {
    let rank = |node: Option<&Node>| {
        let word = node.and_then(Node::text);
        scale.iter().position(|known| Some(*known) == word)
    };
    rank(pair.1) > rank(pair.0)
}
