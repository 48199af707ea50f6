//! What changes about an operation.

use std::collections::BTreeSet;

use codegen::Location;
use codegen::document::{Entry, Node};

use super::changes::{Changes, Finding, Side};
use super::impact::{Bump, Effect, Impact, Part, Wire};
use super::operation::{METHODS, Operation, Parameters, action_property, paired};
use super::view::{canonical, shown};
use super::walk::{EXAMPLE_LINT, Pair, Walk, keys, location_of, same, same_keyword, subject};

/// The lint rule that refuses a path key whose label is not the action.
const ACTION_LINT: &str = "wire-action-mismatch";

/// What an operation may do to the world, weakest first.
const EFFECTS: &[&str] = &["reads", "changes-state", "moves-money"];

/// Whether a request may be sent again, freest first.
const RETRIES: &[&str] = &["safe", "after-status-query", "never"];

/// Compares the operations of two documents.
pub(super) fn compare<'d>(old: &'d Node, new: &'d Node, changes: &mut Changes) {
    let (before, after) = (Operation::all(old), Operation::all(new));
    let action = action_property(old, &before).or_else(|| action_property(new, &after));
    let (pairs, removed, added) = paired(&before, after);
    let shared = pairs.iter().map(|(_, b)| b.request().map(canonical));
    let shared: BTreeSet<_> = shared.collect();
    for (a, b) in pairs {
        Comparison::new((old, new), action, b, changes).with(&a);
    }
    for operation in removed {
        // A partner that waits for a callback cannot see that it stays away.
        let callee = if operation.callback() {
            Wire::Risk
        } else {
            Wire::Ok
        };
        let impact = Impact::new(Wire::Break, callee, Bump::Major, Bump::Major);
        let values = (Some(operation.name().to_owned()), None);
        let at = (Side::Old, operation.location);
        let mut about = Comparison::new((old, new), action, operation, changes);
        about.note("operation-removed", at, values, impact);
    }
    for operation in added {
        let impact = Impact::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor);
        let values = (None, Some(operation.name().to_owned()));
        // A request that two operations share cannot name both actions; that
        // it is shared is for another rule to say.
        let own = !shared.contains(&operation.request().map(canonical));
        let mismatched = own && operation.mismatched(new, action);
        let lint = mismatched.then_some(ACTION_LINT);
        let at = (Side::New, operation.location);
        let mut about = Comparison::new((old, new), action, operation, changes);
        about.note_linted("operation-added", at, values, impact, lint);
    }
}

/// Two documents, and the operation whose changes are noted.
struct Comparison<'d, 'c> {
    old: &'d Node,
    new: &'d Node,
    action: Option<&'d str>,
    /// The operation, in the new document where it has one.
    operation: Operation<'d>,
    changes: &'c mut Changes,
}

impl<'d, 'c> Comparison<'d, 'c> {
    fn new(
        (old, new): (&'d Node, &'d Node),
        action: Option<&'d str>,
        operation: Operation<'d>,
        changes: &'c mut Changes,
    ) -> Self {
        Self {
            old,
            new,
            action,
            operation,
            changes,
        }
    }

    fn note(
        &mut self,
        rule: &'static str,
        at: (Side, &'d Location),
        values: (Option<String>, Option<String>),
        impact: Impact,
    ) {
        self.note_linted(rule, at, values, impact, None);
    }

    /// Notes a change that the linter may have to refuse.
    fn note_linted(
        &mut self,
        rule: &'static str,
        at: (Side, &'d Location),
        values: (Option<String>, Option<String>),
        impact: Impact,
        lint: Option<&'static str>,
    ) {
        let finding = Finding {
            rule,
            subject: subject(&at.1.pointer),
            at,
            old: values.0,
            new: values.1,
            lint,
        };
        let scope = self.operation.scope();
        self.changes.note(finding, &scope, impact);
    }

    fn note_pair(&mut self, rule: &'static str, pair: Pair<'d>, impact: Impact) {
        if let Some(at) = location_of(pair) {
            self.note(rule, at, (pair.0.map(shown), pair.1.map(shown)), impact);
        }
    }

    /// Compares the operation with what it was before.
    fn with(&mut self, a: &Operation<'d>) {
        let b = self.operation;
        self.wire_address(a, &b);
        self.path_item(a, &b);
        self.members(a.node, b.node);
        let bodies = (a.node.get("requestBody"), b.node.get("requestBody"));
        self.body("request-body-changed", bodies, Part::Request);
        self.responses(a.node.get("responses"), b.node.get("responses"));
    }

    /// Where a message goes, and what selects the operation there.
    fn wire_address(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let at = (Side::New, b.location);
        let texts = |old: &str, new: &str| (Some(old.to_owned()), Some(new.to_owned()));
        // Names of parameters are noted where these stand.
        if a.template() != b.template() {
            // The path of a callback stands for any URL that the partner has
            // registered, and is never sent.
            let impact = if a.callback() && b.callback() {
                Impact::PATCH
            } else {
                Impact::BREAK.at_most(Bump::Minor)
            };
            self.note("wire-path-changed", at, texts(a.path, b.path), impact);
        }
        if a.method != b.method {
            let impact = Impact::BREAK.at_most(Bump::Minor);
            self.note("method-changed", at, texts(a.method, b.method), impact);
        }
        if a.callback() != b.callback() {
            let side = |callback| if callback { "callback" } else { "operation" };
            let values = texts(side(a.callback()), side(b.callback()));
            self.note("direction-changed", at, values, Impact::BREAK);
        }
        let actions = (
            a.action(self.old, self.action),
            b.action(self.new, self.action),
        );
        if a.labelled_action() != b.labelled_action() || actions.0 != actions.1 {
            let mismatched = b.mismatched(self.new, self.action);
            let values = if actions.0 == actions.1 {
                texts(a.labelled_action(), b.labelled_action())
            } else {
                (actions.0.map(str::to_owned), actions.1.map(str::to_owned))
            };
            let lint = mismatched.then_some(ACTION_LINT);
            self.note_linted("wire-action-changed", at, values, Impact::BREAK, lint);
        } else if a.label != b.label {
            self.note("label-changed", at, texts(a.label, b.label), Impact::PATCH);
        }
    }

    /// What stands beside the method.
    fn path_item(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let handled = ["parameters", "servers", "x-skypay-direction"];
        for key in keys(a.item, b.item) {
            let pair = (a.item.get(key), b.item.get(key));
            if same_keyword(key, pair) || METHODS.contains(&key) || handled.contains(&key) {
                continue;
            }
            let (rule, impact) = match key {
                "summary" | "description" => ("words-changed", Impact::PATCH),
                _ => ("other-changed", Impact::MEANING),
            };
            self.note_pair(rule, pair, impact);
        }
        let servers = (a.item.get("servers"), b.item.get("servers"));
        self.servers(servers);
        for (old, new) in [(a.item, b.item), (a.node, b.node)] {
            let old = a.parameters(self.old, old);
            let new = b.parameters(self.new, new);
            self.parameters(&old, &new);
        }
    }

    /// Servers of one operation; those of the document are compared there.
    fn servers(&mut self, pair: Pair<'d>) {
        if same(pair) {
            return;
        }
        let addresses = |node: Option<&Node>| -> Vec<String> {
            let servers = node.map(Node::items).unwrap_or_default().iter();
            let parts = servers.flat_map(|server| [server.get("url"), server.get("variables")]);
            parts.flatten().map(canonical).collect()
        };
        if addresses(pair.0) == addresses(pair.1) {
            return self.note_pair("words-changed", pair, Impact::PATCH);
        }
        let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Patch);
        self.note_pair("server-changed", pair, impact);
    }

    /// A parameter is a field of the request, but one of the path is always
    /// there, and goes with the URL.
    fn parameters(&mut self, old: &Parameters<'d>, new: &Parameters<'d>) {
        let effect = |in_path: bool, of_field: Effect| {
            if in_path {
                Impact::BREAK
            } else {
                of_field.impact(Part::Request)
            }
        };
        for (key, node) in old {
            if !new.contains_key(key) {
                let removed = Effect::field_removed(Part::Request, node.flag("required"));
                let impact = effect(key.0 == "path", removed);
                self.note_pair("parameter-removed", (Some(node), None), impact);
            }
        }
        for (key, node) in new {
            if let Some(before) = old.get(key) {
                self.parameter(before, node);
            } else {
                let added = Effect::field_added(node.flag("required"));
                let impact = effect(key.0 == "path", added);
                self.note_pair("parameter-added", (None, Some(node)), impact);
            }
        }
    }

    fn parameter(&mut self, old: &'d Node, new: &'d Node) {
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match (key, pair) {
                ("schema", (Some(old), Some(new))) => {
                    self.walk(Part::Request).schema(old, new, true);
                }
                _ if same_keyword(key, pair) => {}
                ("required", _) => {
                    let effect = if new.flag("required") {
                        Effect::NARROWED
                    } else {
                        Effect::WIDENED
                    };
                    let impact = effect.impact(Part::Request);
                    self.note_pair("parameter-required-changed", pair, impact);
                }
                // Only of a parameter of the path: others go by their names.
                ("name" | "description" | "example" | "examples", _) => {
                    self.note_pair("words-changed", pair, Impact::PATCH);
                }
                ("deprecated", _) if new.flag(key) => {
                    self.note_pair("deprecated", pair, Impact::ADDED);
                }
                ("deprecated", _) => {
                    self.note_pair("deprecation-removed", pair, Impact::PATCH);
                }
                _ => self.note_pair("other-changed", pair, Impact::MEANING),
            }
        }
    }

    fn walk(&mut self, part: Part) -> Walk<'d, '_> {
        Walk {
            old: self.old,
            new: self.new,
            changes: self.changes,
            user: Some(self.operation.user(Some(part))),
            action: self.action,
            fixed: false,
            depth: 0,
        }
    }

    /// The members of the operation itself.
    fn members(&mut self, a: &'d Node, b: &'d Node) {
        for key in keys(a, b) {
            let pair = (a.get(key), b.get(key));
            if same_keyword(key, pair) {
                continue;
            }
            match key {
                "requestBody" | "responses" | "parameters" => {}
                "x-skypay-retry" => self.retry_policy(pair),
                "x-skypay-result-codes" => self.result_codes(pair),
                "x-skypay-partner-codes" => self.partner_codes(pair),
                "x-skypay-delivery-key" => self.message_key("delivery-key-changed", pair),
                "x-skypay-effect-key" => self.message_key("effect-key-changed", pair),
                _ => {
                    let (rule, impact) = member(key, a, b);
                    self.note_pair(rule, pair, impact);
                }
            }
        }
    }

    fn retry_policy(&mut self, pair: Pair<'d>) {
        let (Some(old), Some(new)) = pair else {
            let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
            return self.note_pair("retry-changed", pair, impact);
        };
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            if same(pair) {
                continue;
            }
            let seconds = |node: &Node| node.integer_of(key).unwrap_or(0);
            let rank = |node: &Node| rank(RETRIES, node.text_of(key));
            // A deployed caller that is more patient than need be does no harm.
            let stricter = match key {
                "note" => {
                    self.note_pair("words-changed", pair, Impact::PATCH);
                    continue;
                }
                "statusQueryDelay" => seconds(new) > seconds(old),
                "policy" => rank(new) > rank(old),
                _ => true,
            };
            let wire = if stricter { Wire::Risk } else { Wire::Ok };
            let impact = Impact::new(wire, Wire::Ok, Bump::Minor, Bump::Minor);
            self.note_pair("retry-changed", pair, impact);
        }
    }

    /// The codes that may be answered. They are data, not types: a caller
    /// takes an unlisted one for an open outcome.
    fn result_codes(&mut self, pair: Pair<'d>) {
        let rows = |node: Option<&'d Node>| node.map(Node::items).unwrap_or_default();
        let (old, new) = (rows(pair.0), rows(pair.1));
        let find = |rows: &'d [Node], row: &Node| {
            rows.iter()
                .find(|other| other.text_of("code") == row.text_of("code"))
        };
        // Without the code of its success, neither side knows a success.
        for row in old {
            if find(new, row).is_none() {
                // A handler that refuses with it is answered as one that failed.
                let impact = Impact::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Major);
                let success = outcome(self.old, row.text_of("code")) == Some("accepted");
                let impact = if success {
                    Impact {
                        caller: Wire::Break,
                        callee: Wire::Break,
                        ..impact
                    }
                } else {
                    impact
                };
                let pair = (row.get("code"), None);
                self.note_pair("result-code-removed", pair, impact);
            }
        }
        for row in new {
            let pair = (find(old, row), Some(row));
            if pair.0.is_none() {
                let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
                let pair = (None, row.get("code"));
                self.note_pair("result-code-added", pair, impact);
            } else if !same(pair) {
                self.note_pair("words-changed", pair, Impact::PATCH);
            }
        }
    }

    fn partner_codes(&mut self, pair: Pair<'d>) {
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
        if let Some(effect) = Effect::constraint(Some(tightened), Some(loosened)) {
            let impact = effect.impact(Part::Response);
            self.note_pair("partner-codes-changed", pair, impact);
        } else {
            self.note_pair("words-changed", pair, Impact::PATCH);
        }
    }

    /// The fields by which the receiver recognises a notification. What it has
    /// stored under the old key is not found under another one, so that a
    /// repetition takes effect again.
    fn message_key(&mut self, rule: &'static str, pair: Pair<'d>) {
        let impact = match pair {
            // Nothing can have been stored under a key before there was one.
            (None, Some(_)) => Impact::ADDED,
            _ => Impact::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor),
        };
        self.note_pair(rule, pair, impact);
    }

    /// Every status that may be answered.
    fn responses(&mut self, old: Option<&'d Node>, new: Option<&'d Node>) {
        let (Some(old), Some(new)) = (old, new) else {
            return self.note_pair("responses-changed", (old, new), Impact::BREAK);
        };
        let gone = |from: &'d Node, other: &'d Node| {
            let entries = from.entries().iter();
            entries
                .filter(|entry| other.get(&entry.key).is_none())
                .collect::<Vec<_>>()
        };
        let (mut removed, mut added) = (gone(old, new), gone(new, old));
        let success = |entry: &&Entry| entry.key.starts_with('2');
        let moved = (
            removed.iter().position(success),
            added.iter().position(success),
        );
        if let (Some(from), Some(to)) = moved {
            let (from, to) = (removed.remove(from), added.remove(to));
            let values = (Some(from.key.clone()), Some(to.key.clone()));
            let at = (Side::New, &to.location);
            self.note("success-status-changed", at, values, Impact::BREAK);
            let pair = (Some(&from.node), Some(&to.node));
            self.body("response-body-changed", pair, Part::Response);
        }
        for entry in removed {
            let impact = Impact::new(Wire::Ok, Wire::Break, Bump::Major, Bump::Major);
            let values = (Some(entry.key.clone()), None);
            let at = (Side::Old, &entry.location);
            self.note("status-removed", at, values, impact);
        }
        for entry in added {
            let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
            let values = (None, Some(entry.key.clone()));
            let at = (Side::New, &entry.location);
            self.note("status-added", at, values, impact);
        }
        for entry in old.entries() {
            if let Some(now) = new.get(&entry.key) {
                let pair = (Some(&entry.node), Some(now));
                self.body("response-body-changed", pair, Part::Response);
            }
        }
    }

    /// A request body or a response.
    fn body(&mut self, rule: &'static str, pair: Pair<'d>, part: Part) {
        let (Some(old), Some(new)) = pair else {
            if !same(pair) {
                self.note_pair(rule, pair, Impact::BREAK);
            }
            return;
        };
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match key {
                "content" => self.contents(pair, part),
                _ if same_keyword(key, pair) => {}
                "description" => self.note_pair("words-changed", pair, Impact::PATCH),
                "required" => {
                    let required = new.flag("required");
                    let effect = if required {
                        Effect::NARROWED
                    } else {
                        Effect::WIDENED
                    };
                    self.note_pair("body-required-changed", pair, effect.impact(part));
                }
                _ => self.note_pair("other-changed", pair, Impact::MEANING),
            }
        }
    }

    fn contents(&mut self, pair: Pair<'d>, part: Part) {
        let entries = |node: Option<&'d Node>| node.map(Node::entries).unwrap_or_default();
        let (old, new) = (entries(pair.0), entries(pair.1));
        for entry in new {
            if let Some(before) = old.iter().find(|before| before.key == entry.key) {
                self.media(&before.node, &entry.node, part);
            }
        }
        let types = |entries: &[Entry]| {
            entries
                .iter()
                .map(|entry| entry.key.clone())
                .collect::<BTreeSet<_>>()
        };
        let (before, after) = (types(old), types(new));
        if before == after {
            return;
        }
        let effect = match (after.is_superset(&before), before.is_superset(&after)) {
            (true, _) => Effect::LOOSENED,
            (_, true) => Effect::NARROWED,
            _ => Effect::TYPE_CHANGED,
        };
        if let Some(at) = location_of(pair) {
            let text =
                |types: BTreeSet<String>| Some(types.into_iter().collect::<Vec<_>>().join(", "));
            let values = (text(before), text(after));
            self.note("media-type-changed", at, values, effect.impact(part));
        }
    }

    fn media(&mut self, old: &'d Node, new: &'d Node, part: Part) {
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match (key, pair) {
                ("schema", (Some(old), Some(new))) => {
                    self.walk(part).schema(old, new, true);
                }
                _ if same_keyword(key, pair) => {}
                ("examples" | "example", _) => self.examples(pair, new.get("schema")),
                _ => self.note_pair("other-changed", pair, Impact::MEANING),
            }
        }
    }

    /// Examples that were edited must fit the schema. One that a change of
    /// the schema has made invalid is the document's own lint's affair.
    fn examples(&mut self, pair: Pair<'d>, schema: Option<&'d Node>) {
        let (Some(old), Some(new)) = pair else {
            return self.note_pair("example-changed", pair, Impact::PATCH);
        };
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            if same(pair) {
                continue;
            }
            let value = pair.1.and_then(|example| example.get("value"));
            let old_value = pair.0.and_then(|example| example.get("value"));
            let edited = !same((old_value, value));
            let invalid = edited
                && schema.zip(value).is_some_and(|(schema, value)| {
                    !codegen::check::example_fits(self.new, schema, value)
                });
            let lint = invalid.then_some(EXAMPLE_LINT);
            if let Some(at) = location_of(pair) {
                let values = (pair.0.map(shown), pair.1.map(shown));
                self.note_linted("example-changed", at, values, Impact::PATCH, lint);
            }
        }
    }
}

/// What a member of the operation means when it changes.
fn member(key: &str, old: &Node, new: &Node) -> (&'static str, Impact) {
    let texts = (old.text_of(key), new.text_of(key));
    match key {
        "operationId" => ("operation-renamed", Impact::SOURCE),
        "deprecated" if new.flag(key) => ("deprecated", Impact::ADDED),
        "deprecated" => ("deprecation-removed", Impact::PATCH),
        "summary" | "description" | "tags" | "externalDocs" | "x-skypay-chapter" => {
            ("words-changed", Impact::PATCH)
        }
        "x-skypay-effect" if rank(EFFECTS, texts.1) > rank(EFFECTS, texts.0) => {
            ("effect-stronger", Impact::MEANING)
        }
        "x-skypay-effect" => ("effect-weaker", Impact::ADDED),
        "x-skypay-mode" => {
            // Only a notice has another signature in the server's trait.
            let notice = [texts.0, texts.1].contains(&Some("notification"));
            let server = if notice { Bump::Major } else { Bump::Minor };
            let impact = Impact::new(Wire::Risk, Wire::Risk, Bump::Minor, server);
            ("mode-changed", impact)
        }
        "x-skypay-transaction-id" => ("transaction-id-changed", Impact::ADDED),
        _ => ("other-changed", Impact::MEANING),
    }
}

/// What a return code says of a call, by the document's table of them.
fn outcome<'d>(root: &'d Node, code: Option<&str>) -> Option<&'d str> {
    let schemas = root.get("components")?.get("schemas")?.entries().iter();
    let tables = schemas.filter_map(|schema| schema.node.get("x-skypay-codes"));
    let mut rows = tables.flat_map(Node::items);
    rows.find_map(|row| {
        row.text_of("outcome")
            .filter(|_| row.text_of("value") == code)
    })
}

/// Where a word stands in a scale; what is not said comes first.
fn rank(scale: &[&str], word: Option<&str>) -> usize {
    let location = scale.iter().position(|known| Some(*known) == word);
    location.map_or(0, |index| index + 1)
}
