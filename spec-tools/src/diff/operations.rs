//! Compares operations.

use std::collections::BTreeSet;

use codegen::document::{Entry, Node};

use super::changes::Side;
use super::impact::{Bump, Impact, Part, Wire};
use super::keywords::{self, Holder, WORDS};
use super::operation::{METHODS, Operation, action_property, pairs};
use super::view::canonical;
use super::walk::{EXAMPLE_LINT, Pair, Walk, location_of, members, paired, same};

/// The lint rule that rejects a path key whose label is not the action.
const ACTION_LINT: &str = "wire-action-mismatch";

/// Compares the operations of two documents.
pub(super) fn compare(walk: &mut Walk<'_>) {
    let (before, after) = (Operation::all(walk.old), Operation::all(walk.new));
    walk.action = action_property(walk.old, &before).or(action_property(walk.new, &after));
    let pairs = pairs(before, after);
    let both = pairs.iter().filter(|pair| pair.0.is_some());
    let shared = both.filter_map(|(_, new)| new.map(|new| new.request().map(canonical)));
    let shared: BTreeSet<_> = shared.collect();
    for pair in pairs {
        let Some(operation) = pair.1.or(pair.0) else {
            continue;
        };
        walk.scope = operation.scope();
        let name = Some(operation.name().to_owned());
        match pair {
            (Some(old), Some(new)) => walk.operation(&old, &new),
            (Some(old), None) => {
                // A partner that waits for a callback cannot detect that it is no
                // longer sent.
                let callee = if old.callback() { Wire::Risk } else { Wire::Ok };
                let impact = Impact::new(Wire::Break, callee, Bump::Major, Bump::Major);
                let at = (Side::Old, old.location);
                walk.note_at("operation-removed", at, (name, None), impact);
            }
            _ => {
                // A request that two operations share cannot have both actions;
                // another rule reports the sharing.
                let own = !shared.contains(&operation.request().map(canonical));
                let mismatched = own && operation.mismatched(walk.new, walk.action);
                let lint = mismatched.then_some(ACTION_LINT);
                let at = (Side::New, operation.location);
                let impact = Impact::CALLEE_BREAKS;
                walk.note_linted("operation-added", at, (None, name), impact, lint);
            }
        }
    }
}

impl<'d> Walk<'d> {
    /// Compares two versions of an operation.
    fn operation(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        self.wire_address(a, b);
        self.path_item(a, b);
        let nodes = (Some(a.node), Some(b.node));
        self.members(Holder::Operation, nodes, |walk, key, pair| {
            match key {
                "parameters" => {}
                "requestBody" => walk.body("request-body-changed", pair, Part::Request),
                "responses" => walk.responses(pair),
                "x-skypay-retry" => walk.retry_policy(pair),
                "x-skypay-result-codes" => walk.result_codes(pair),
                "x-skypay-partner-codes" => walk.partner_codes(pair),
                _ => return false,
            }
            true
        });
    }

    /// Compares the URL path, the HTTP method and the action.
    fn wire_address(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let at = (Side::New, b.location);
        let texts = |old: &str, new: &str| (Some(old.to_owned()), Some(new.to_owned()));
        let elsewhere = Impact::BREAK.at_most(Bump::Minor);
        // Parameters report their own names.
        if a.template() != b.template() {
            // The path of a callback is a placeholder for the URL that the partner
            // has registered, and is never sent.
            let callbacks = a.callback() && b.callback();
            let impact = if callbacks { Impact::PATCH } else { elsewhere };
            self.note_at("wire-path-changed", at, texts(a.path, b.path), impact);
        }
        if a.method != b.method {
            self.note_at("method-changed", at, texts(a.method, b.method), elsewhere);
        }
        if a.callback() != b.callback() {
            let sides = [a, b].map(|it| {
                if it.callback() {
                    "callback"
                } else {
                    "operation"
                }
            });
            let values = texts(sides[0], sides[1]);
            self.note_at("direction-changed", at, values, Impact::BREAK);
        }
        let labels = (a.labelled_action(), b.labelled_action());
        let actions = (
            a.action(self.old, self.action),
            b.action(self.new, self.action),
        );
        if labels.0 != labels.1 || actions.0 != actions.1 {
            let mismatched = b.mismatched(self.new, self.action);
            let values = if actions.0 == actions.1 {
                texts(labels.0, labels.1)
            } else {
                (actions.0.map(str::to_owned), actions.1.map(str::to_owned))
            };
            let lint = mismatched.then_some(ACTION_LINT);
            self.note_linted("wire-action-changed", at, values, Impact::BREAK, lint);
        } else if a.label != b.label {
            self.note_at("label-changed", at, texts(a.label, b.label), Impact::PATCH);
        }
    }

    /// Compares the keywords of the path item, apart from the operation.
    fn path_item(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let items = (Some(a.item), Some(b.item));
        self.members(Holder::PathItem, items, |walk, key, pair| {
            match key {
                "servers" => walk.own_servers(pair),
                "parameters" | "x-skypay-direction" => {}
                _ => return METHODS.contains(&key),
            }
            true
        });
        for (old, new) in [(a.item, b.item), (a.node, b.node)] {
            let old = a.parameters(self.old, old);
            let new = b.parameters(self.new, new);
            let places: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for place in places {
                let pair = (old.get(place).copied(), new.get(place).copied());
                self.parameter(pair, place.0 == "path");
            }
        }
    }

    /// Compares the servers of one operation. The document's servers are compared
    /// elsewhere.
    fn own_servers(&mut self, pair: Pair<'d>) {
        let addresses = |node: Option<&Node>| -> Vec<String> {
            let servers = node.map(Node::items).unwrap_or_default().iter();
            let parts = servers.flat_map(|server| [server.get("url"), server.get("variables")]);
            parts.flatten().map(canonical).collect()
        };
        if !same(pair) {
            let is_same = addresses(pair.0) == addresses(pair.1);
            let (rule, impact) = if is_same { WORDS } else { keywords::SERVER };
            self.note(rule, pair, impact);
        }
    }

    /// Compares a parameter like a field of the request, but a path parameter is
    /// part of the URL and always present.
    fn parameter(&mut self, pair: Pair<'d>, in_path: bool) {
        let of_field = |impact| if in_path { Impact::BREAK } else { impact };
        match pair {
            (Some(old), None) => {
                let impact = Impact::field_removed(Part::Request, old.flag("required"));
                self.note("parameter-removed", pair, of_field(impact));
            }
            (None, Some(new)) => {
                let impact = Impact::field_added(new.flag("required"));
                self.note("parameter-added", pair, of_field(impact));
            }
            _ => self.members(Holder::Parameter, pair, |walk, key, pair| {
                key == "schema" && walk.message(pair, Part::Request)
            }),
        }
    }

    /// Compares the schema of a message; returns `false` if it is missing on either
    /// side.
    fn message(&mut self, pair: Pair<'d>, part: Part) -> bool {
        let (Some(old), Some(new)) = pair else {
            return false;
        };
        self.part = Some(part);
        self.schema(old, new, true);
        self.part = None;
        true
    }

    fn retry_policy(&mut self, pair: Pair<'d>) {
        let (Some(_), Some(_)) = pair else {
            if !same(pair) {
                self.note("retry-changed", pair, Impact::CALLER_RISKS);
            }
            return;
        };
        for (key, pair) in members(pair) {
            if !same(pair) {
                let (rule, impact) = keywords::retry(key, pair);
                self.note(rule, pair, impact);
            }
        }
    }

    /// Compares the return codes of a response. They are data, not types: a caller
    /// treats an unlisted code as an open outcome.
    fn result_codes(&mut self, (old, new): Pair<'d>) {
        let rows = |node: Option<&'d Node>| node.map(Node::items).unwrap_or_default();
        let code = |row: &'d Node| row.text_of("code");
        for pair in paired(rows(old), rows(new), &[&|a, b| code(a) == code(b)]) {
            match pair {
                (Some(row), None) => {
                    // If a handler rejects with a removed code, the response is
                    // that of a failed handler. Without its success code, neither
                    // side recognizes a success.
                    let success = outcome(self.old, code(row)) == Some("accepted");
                    let wire = if success {
                        (Wire::Break, Wire::Break)
                    } else {
                        (Wire::Ok, Wire::Risk)
                    };
                    let impact = Impact::new(wire.0, wire.1, Bump::Minor, Bump::Major);
                    self.note("result-code-removed", (row.get("code"), None), impact);
                }
                (None, Some(row)) => {
                    let pair = (None, row.get("code"));
                    self.note("result-code-added", pair, Impact::CALLER_RISKS);
                }
                _ if same(pair) => {}
                _ => self.note(WORDS.0, pair, WORDS.1),
            }
        }
    }

    fn partner_codes(&mut self, pair: Pair<'d>) {
        if same(pair) {
            return;
        }
        let range = |node: Option<&Node>| {
            let bound = |key| node.and_then(|node| node.integer_of(key));
            bound("from").zip(bound("to"))
        };
        let (tightened, loosened) = match (range(pair.0), range(pair.1)) {
            (Some(old), Some(new)) => (
                new.0 > old.0 || new.1 < old.1,
                new.0 < old.0 || new.1 > old.1,
            ),
            (old, new) => (old.is_some(), new.is_some()),
        };
        match Impact::constraint(Some(tightened), Some(loosened)) {
            Some(impact) => {
                self.note("partner-codes-changed", pair, impact.of(Part::Response));
            }
            None => self.note(WORDS.0, pair, WORDS.1),
        }
    }

    /// Compares the HTTP statuses of the responses.
    fn responses(&mut self, pair: Pair<'d>) {
        let (Some(old), Some(new)) = pair else {
            return self.note("responses-changed", pair, Impact::BREAK);
        };
        let (old, new) = (old.entries().iter(), new.entries().iter());
        let success = |entry: &Entry| entry.key.starts_with('2');
        for pair in paired(
            old,
            new,
            &[&|a, b| a.key == b.key, &|a, b| success(a) && success(b)],
        ) {
            let key = |entry: Option<&Entry>| entry.map(|entry| entry.key.clone());
            let values = (key(pair.0), key(pair.1));
            match pair {
                (Some(old), Some(new)) => {
                    if old.key != new.key {
                        let at = (Side::New, &new.location);
                        self.note_at("success-status-changed", at, values, Impact::BREAK);
                    }
                    let nodes = (Some(&old.node), Some(&new.node));
                    self.body("response-body-changed", nodes, Part::Response);
                }
                (Some(old), None) => {
                    let at = (Side::Old, &old.location);
                    self.note_at("status-removed", at, values, Impact::WIDENED);
                }
                (None, Some(new)) => {
                    let at = (Side::New, &new.location);
                    self.note_at("status-added", at, values, Impact::CALLER_RISKS);
                }
                (None, None) => {}
            }
        }
    }

    /// Compares a request body or a response.
    fn body(&mut self, rule: &'static str, pair: Pair<'d>, part: Part) {
        let (Some(_), Some(_)) = pair else {
            return self.note(rule, pair, Impact::BREAK);
        };
        self.members(Holder::Body, pair, |walk, key, pair| {
            if key == "content" {
                walk.contents(pair, part);
            }
            key == "content"
        });
    }

    fn contents(&mut self, pair: Pair<'d>, part: Part) {
        for (_, media) in members(pair) {
            if let (Some(_), Some(new)) = media {
                self.members(Holder::Media, media, |walk, key, pair| match key {
                    "schema" => walk.message(pair, part),
                    "examples" | "example" => {
                        walk.examples(pair, new.get("schema"));
                        true
                    }
                    _ => false,
                });
            }
        }
        let types = |node: Option<&'d Node>| {
            let entries = node.map(Node::entries).unwrap_or_default().iter();
            entries
                .map(|entry| entry.key.as_str())
                .collect::<BTreeSet<_>>()
        };
        let (before, after) = (types(pair.0), types(pair.1));
        let impact = match (after.is_superset(&before), before.is_superset(&after)) {
            (true, true) => return,
            (true, false) => Impact::LOOSENED,
            (false, true) => Impact::NARROWED,
            (false, false) => Impact::BREAK,
        };
        if let Some(at) = location_of(pair) {
            let text = |types: BTreeSet<&str>| Some(Vec::from_iter(types).join(", "));
            let values = (text(before), text(after));
            self.note_at("media-type-changed", at, values, impact.of(part));
        }
    }

    /// Compares examples. An edited example must be valid against the schema. An
    /// example that a change of the schema invalidates is reported by the linter
    /// instead.
    fn examples(&mut self, pair: Pair<'d>, schema: Option<&'d Node>) {
        let (Some(_), Some(_)) = pair else {
            return self.note("example-changed", pair, Impact::PATCH);
        };
        for (_, pair) in members(pair) {
            if same(pair) {
                continue;
            }
            let value = |example: Option<&'d Node>| example.and_then(|it| it.get("value"));
            let edited = !same((value(pair.0), value(pair.1)));
            let fits = schema.zip(value(pair.1)).is_none_or(|(schema, value)| {
                codegen::check::example_fits(self.new, schema, value)
            });
            let lint = (edited && !fits).then_some(EXAMPLE_LINT);
            self.note_example("example-changed", pair, Impact::PATCH, lint);
        }
    }
}

/// Returns the outcome of a return code, from the document's table.
fn outcome<'d>(root: &'d Node, code: Option<&str>) -> Option<&'d str> {
    let schemas = root.get("components")?.entries_of("schemas").iter();
    let mut rows = schemas.flat_map(|schema| schema.node.items_of("x-skypay-codes"));
    rows.find_map(|row| {
        row.text_of("outcome")
            .filter(|_| row.text_of("value") == code)
    })
}
