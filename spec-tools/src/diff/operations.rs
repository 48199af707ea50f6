//! Operations: which is which, and what changes about them.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Location;
use codegen::document::Node;

use super::changes::{Changes, Finding, Scope, Side, User};
use super::verdict::{Bump, Effect, Part, Verdict, Wire};
use super::view::{View, canonical, shown};
use super::walk::{EXAMPLE_LINT, Pair, Walk, location_of, same, same_keyword, subject};

/// The methods that a path item may have.
const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The lint rule that refuses a path key whose label is not the action.
const ACTION_LINT: &str = "wire-action-mismatch";

/// What an operation may do to the world, weakest first.
const EFFECTS: &[&str] = &["reads", "changes-state", "moves-money"];

/// Whether a request may be sent again, freest first.
const RETRIES: &[&str] = &["safe", "after-status-query", "never"];

/// An operation at its path.
#[derive(Clone, Copy)]
pub(super) struct Operation<'d> {
    location: &'d Location,
    path: &'d str,
    label: &'d str,
    item: &'d Node,
    method: &'d str,
    pub(super) node: &'d Node,
}

impl<'d> Operation<'d> {
    /// Every operation of a document.
    pub(super) fn all(root: &'d Node) -> Vec<Self> {
        let paths = root.get("paths").map(Node::entries).unwrap_or_default();
        let operations = paths.iter().flat_map(|path| {
            let (wire, label) = path.key.split_once('#').unwrap_or((&path.key, ""));
            let methods = path.node.entries().iter();
            let methods = methods.filter(|entry| METHODS.contains(&entry.key.as_str()));
            methods.map(move |entry| Self {
                location: &path.location,
                path: wire,
                label,
                item: &path.node,
                method: &entry.key,
                node: &entry.node,
            })
        });
        operations.collect()
    }

    fn name(&self) -> &'d str {
        self.node.text_of("operationId").unwrap_or(self.label)
    }

    /// The path without the names of its parameters.
    fn template(&self) -> String {
        let mut parts = self.path.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |path, part| {
            path + "{" + part.trim_start_matches(|letter| letter != '}')
        })
    }

    /// The parameters by where they stand and what they are called; those of
    /// the path by their place in it, as their names are not on the wire.
    fn parameters(&self, root: &'d Node, holder: &'d Node) -> Parameters<'d> {
        let items = holder.get("parameters").map(Node::items);
        let items = items.unwrap_or_default().iter();
        let resolved = items.map(|node| {
            let reference = node.text_of("$ref");
            reference
                .and_then(|reference| super::view::target(root, reference))
                .unwrap_or(node)
        });
        let text = |node: &'d Node, key| node.text_of(key).unwrap_or_default();
        let named = resolved.map(|node| {
            let (form, name) = (text(node, "in"), text(node, "name"));
            let location = self.path.find(&format!("{{{name}}}"));
            let name = match location.filter(|_| form == "path") {
                Some(location) => self.path[..location].matches('{').count().to_string(),
                None => name.to_owned(),
            };
            ((form, name), node)
        });
        named.collect()
    }

    fn callback(&self) -> bool {
        self.item.text_of("x-skypay-direction") == Some("callback")
    }

    /// The action that the label says; what follows a dot tells operations
    /// of one action apart.
    fn labelled_action(&self) -> &'d str {
        self.label.split('.').next().unwrap_or_default()
    }

    fn request(&self) -> Option<&'d Node> {
        let content = self.node.get("requestBody")?.get("content")?;
        content.entries().first()?.node.get("schema")
    }

    /// The action that the request says.
    fn action(&self, root: &'d Node, property: Option<&str>) -> Option<&'d str> {
        let view = View::new(root, self.request()?);
        let entry = view.properties().into_iter();
        let mut entry = entry.filter(|entry| Some(entry.key.as_str()) == property);
        View::new(root, &entry.next()?.node).only_value()
    }

    fn mismatched(&self, root: &'d Node, property: Option<&str>) -> bool {
        let action = self.action(root, property);
        action.is_some_and(|action| action != self.labelled_action())
    }

    /// The messages by their references, to recognise an operation by.
    fn messages(&self) -> String {
        let bodies = [self.node.get("requestBody"), self.node.get("responses")];
        let bodies: Vec<_> = bodies.into_iter().flatten().map(canonical).collect();
        bodies.join(" ")
    }

    fn scope(&self) -> Scope {
        Scope::Use(self.user(None))
    }

    fn user(&self, part: Option<Part>) -> User {
        User {
            operation: self.name().to_owned(),
            part,
            callback: self.callback(),
        }
    }
}

/// The property that holds the action: the one whose only value is the label.
fn action_property<'d>(root: &'d Node, operations: &[Operation<'d>]) -> Option<&'d str> {
    let mut votes = BTreeMap::new();
    for operation in operations {
        let Some(request) = operation.request() else {
            continue;
        };
        for entry in View::new(root, request).properties() {
            let value = View::new(root, &entry.node).only_value();
            if value == Some(operation.labelled_action()) {
                *votes.entry(entry.key.as_str()).or_insert(0) += 1;
            }
        }
    }
    votes
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(name, _)| name)
}

/// Compares the operations of two documents.
pub(super) fn compare<'d>(old: &'d Node, new: &'d Node, changes: &mut Changes) {
    let (before, after) = (Operation::all(old), Operation::all(new));
    let action = action_property(old, &before).or_else(|| action_property(new, &after));
    let mut comparison = Comparison {
        old,
        new,
        action,
        changes,
    };
    let (pairs, removed, added) = paired(&before, after);
    let shared = pairs.iter().map(|(_, b)| b.request().map(canonical));
    let shared: BTreeSet<_> = shared.collect();
    for (a, b) in &pairs {
        comparison.operation(a, b);
    }
    for operation in removed {
        // A partner who waits for a callback that stays away is not told.
        let callee = if operation.callback() {
            Wire::Risk
        } else {
            Wire::Ok
        };
        let verdict = Verdict::new(Wire::Break, callee, Bump::Major, Bump::Major);
        let values = (Some(operation.name().to_owned()), None);
        let at = (Side::Old, operation.location);
        comparison.note("operation-removed", at, values, &operation, verdict, None);
    }
    for operation in added {
        let verdict = Verdict::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor);
        let values = (None, Some(operation.name().to_owned()));
        // A request that two operations share cannot name both actions; that
        // it is shared is for another rule to say.
        let own = !shared.contains(&operation.request().map(canonical));
        let mismatched = own && operation.mismatched(new, action);
        let lint = mismatched.then_some(ACTION_LINT);
        let at = (Side::New, operation.location);
        comparison.note("operation-added", at, values, &operation, verdict, lint);
    }
}

type Parameters<'d> = BTreeMap<(&'d str, String), &'d Node>;

type Pairs<'d> = Vec<(Operation<'d>, Operation<'d>)>;

/// Finds for each old operation the new one: by path and action, by name, by
/// action alone, by its messages.
fn paired<'d>(
    before: &[Operation<'d>],
    mut after: Vec<Operation<'d>>,
) -> (Pairs<'d>, Vec<Operation<'d>>, Vec<Operation<'d>>) {
    let criteria: [fn(&Operation<'d>, &Operation<'d>) -> bool; 4] = [
        |a, b| a.template() == b.template() && a.label == b.label && a.method == b.method,
        |a, b| a.name() == b.name(),
        |a, b| !a.label.is_empty() && a.label == b.label,
        |a, b| a.template() == b.template() && a.messages() == b.messages(),
    ];
    let mut pairs = Vec::new();
    let mut open = before.to_vec();
    for alike in criteria {
        let mut left = Vec::new();
        for old in open {
            match after.iter().position(|new| alike(&old, new)) {
                Some(index) => pairs.push((old, after.remove(index))),
                None => left.push(old),
            }
        }
        open = left;
    }
    (pairs, open, after)
}

struct Comparison<'d, 'c> {
    old: &'d Node,
    new: &'d Node,
    action: Option<&'d str>,
    changes: &'c mut Changes,
}

impl<'d> Comparison<'d, '_> {
    fn note(
        &mut self,
        rule: &'static str,
        at: (Side, &'d Location),
        values: (Option<String>, Option<String>),
        operation: &Operation<'d>,
        verdict: Verdict,
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
        self.changes.note(finding, &operation.scope(), verdict);
    }

    fn note_pair(
        &mut self,
        rule: &'static str,
        pair: Pair<'d>,
        operation: &Operation<'d>,
        verdict: Verdict,
    ) {
        if let Some(at) = location_of(pair) {
            let values = (pair.0.map(shown), pair.1.map(shown));
            self.note(rule, at, values, operation, verdict, None);
        }
    }

    fn operation(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        self.wire_address(a, b);
        self.path_item(a, b);
        self.members(a, b);
        let bodies = (a.node.get("requestBody"), b.node.get("requestBody"));
        self.body("request-body-changed", bodies, b, Part::Request);
        self.responses(a, b);
    }

    /// Where a message goes, and what selects the operation there.
    fn wire_address(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let at = (Side::New, b.location);
        let texts = |old: &str, new: &str| (Some(old.to_owned()), Some(new.to_owned()));
        // Names of parameters are noted where these stand.
        if a.template() != b.template() {
            // The path of a callback stands for whatever URL the partner has
            // registered, and is never sent.
            let verdict = if a.callback() && b.callback() {
                Verdict::PATCH
            } else {
                Verdict::BREAK.at_most(Bump::Minor)
            };
            self.note(
                "wire-path-changed",
                at,
                texts(a.path, b.path),
                b,
                verdict,
                None,
            );
        }
        if a.method != b.method {
            let verdict = Verdict::BREAK.at_most(Bump::Minor);
            self.note(
                "method-changed",
                at,
                texts(a.method, b.method),
                b,
                verdict,
                None,
            );
        }
        if a.callback() != b.callback() {
            let side = |callback| if callback { "callback" } else { "operation" };
            let values = texts(side(a.callback()), side(b.callback()));
            self.note("direction-changed", at, values, b, Verdict::BREAK, None);
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
            self.note("wire-action-changed", at, values, b, Verdict::BREAK, lint);
        } else if a.label != b.label {
            self.note(
                "label-changed",
                at,
                texts(a.label, b.label),
                b,
                Verdict::PATCH,
                None,
            );
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
            let (rule, verdict) = match key {
                "summary" | "description" => ("words-changed", Verdict::PATCH),
                _ => ("other-changed", Verdict::MEANING),
            };
            self.note_pair(rule, pair, b, verdict);
        }
        let servers = (a.item.get("servers"), b.item.get("servers"));
        self.servers(servers, b);
        for (old, new) in [(a.item, b.item), (a.node, b.node)] {
            let old = a.parameters(self.old, old);
            let new = b.parameters(self.new, new);
            self.parameters(&old, &new, b);
        }
    }

    /// Servers of one operation; those of the document are compared there.
    fn servers(&mut self, pair: Pair<'d>, b: &Operation<'d>) {
        if same(pair) {
            return;
        }
        let addresses = |node: Option<&Node>| -> Vec<String> {
            let servers = node.map(Node::items).unwrap_or_default().iter();
            let parts = servers.flat_map(|server| [server.get("url"), server.get("variables")]);
            parts.flatten().map(canonical).collect()
        };
        if addresses(pair.0) == addresses(pair.1) {
            return self.note_pair("words-changed", pair, b, Verdict::PATCH);
        }
        let verdict = Verdict::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Patch);
        self.note_pair("server-changed", pair, b, verdict);
    }

    /// A parameter is a field of the request, but one of the path is always
    /// there, and goes with the URL.
    fn parameters(&mut self, old: &Parameters<'d>, new: &Parameters<'d>, b: &Operation<'d>) {
        let effect = |in_path: bool, of_field: Effect| {
            if in_path {
                Verdict::BREAK
            } else {
                of_field.verdict(Part::Request)
            }
        };
        for (key, node) in old {
            if !new.contains_key(key) {
                let removed = Effect::field_removed(Part::Request, node.flag("required"));
                let verdict = effect(key.0 == "path", removed);
                self.note_pair("parameter-removed", (Some(node), None), b, verdict);
            }
        }
        for (key, node) in new {
            if let Some(before) = old.get(key) {
                self.parameter(before, node, b);
            } else {
                let added = Effect::field_added(node.flag("required"));
                let verdict = effect(key.0 == "path", added);
                self.note_pair("parameter-added", (None, Some(node)), b, verdict);
            }
        }
    }

    fn parameter(&mut self, old: &'d Node, new: &'d Node, b: &Operation<'d>) {
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match (key, pair) {
                ("schema", (Some(old), Some(new))) => {
                    self.walk(b, Part::Request).schema(old, new, true);
                }
                _ if same_keyword(key, pair) => {}
                ("required", _) => {
                    let effect = if new.flag("required") {
                        Effect::NARROWED
                    } else {
                        Effect::WIDENED
                    };
                    let verdict = effect.verdict(Part::Request);
                    self.note_pair("parameter-required-changed", pair, b, verdict);
                }
                // Only of a parameter of the path: others go by their names.
                ("name" | "description" | "example" | "examples", _) => {
                    self.note_pair("words-changed", pair, b, Verdict::PATCH);
                }
                ("deprecated", _) if new.flag(key) => {
                    self.note_pair("deprecated", pair, b, Verdict::ADDED);
                }
                ("deprecated", _) => {
                    self.note_pair("deprecation-removed", pair, b, Verdict::PATCH);
                }
                _ => self.note_pair("other-changed", pair, b, Verdict::MEANING),
            }
        }
    }

    fn walk(&mut self, b: &Operation<'d>, part: Part) -> Walk<'d, '_> {
        Walk {
            old: self.old,
            new: self.new,
            changes: self.changes,
            user: Some(b.user(Some(part))),
            action: self.action,
            fixed: false,
            depth: 0,
        }
    }

    /// The members of the operation itself.
    fn members(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        for key in keys(a.node, b.node) {
            let pair = (a.node.get(key), b.node.get(key));
            if same_keyword(key, pair) {
                continue;
            }
            match key {
                "requestBody" | "responses" | "parameters" => {}
                "x-skypay-retry" => self.retry_policy(pair, b),
                "x-skypay-result-codes" => self.result_codes(pair, b),
                "x-skypay-partner-codes" => self.partner_codes(pair, b),
                "x-skypay-delivery-key" => self.message_key("delivery-key-changed", pair, b),
                "x-skypay-effect-key" => self.message_key("effect-key-changed", pair, b),
                _ => {
                    let (rule, verdict) = member(key, a.node, b.node);
                    self.note_pair(rule, pair, b, verdict);
                }
            }
        }
    }

    fn retry_policy(&mut self, pair: Pair<'d>, b: &Operation<'d>) {
        let (Some(old), Some(new)) = pair else {
            let verdict = Verdict::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
            return self.note_pair("retry-changed", pair, b, verdict);
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
                    self.note_pair("words-changed", pair, b, Verdict::PATCH);
                    continue;
                }
                "statusQueryDelay" => seconds(new) > seconds(old),
                "policy" => rank(new) > rank(old),
                _ => true,
            };
            let wire = if stricter { Wire::Risk } else { Wire::Ok };
            let verdict = Verdict::new(wire, Wire::Ok, Bump::Minor, Bump::Minor);
            self.note_pair("retry-changed", pair, b, verdict);
        }
    }

    /// The codes that may be answered. They are data, not types: a caller
    /// takes an unlisted one for an open outcome.
    fn result_codes(&mut self, pair: Pair<'d>, b: &Operation<'d>) {
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
                let verdict = Verdict::new(Wire::Ok, Wire::Risk, Bump::Minor, Bump::Major);
                let success = outcome(self.old, row.text_of("code")) == Some("accepted");
                let verdict = if success {
                    Verdict {
                        caller: Wire::Break,
                        callee: Wire::Break,
                        ..verdict
                    }
                } else {
                    verdict
                };
                let pair = (row.get("code"), None);
                self.note_pair("result-code-removed", pair, b, verdict);
            }
        }
        for row in new {
            let pair = (find(old, row), Some(row));
            if pair.0.is_none() {
                let verdict = Verdict::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
                let pair = (None, row.get("code"));
                self.note_pair("result-code-added", pair, b, verdict);
            } else if !same(pair) {
                self.note_pair("words-changed", pair, b, Verdict::PATCH);
            }
        }
    }

    fn partner_codes(&mut self, pair: Pair<'d>, b: &Operation<'d>) {
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
            let verdict = effect.verdict(Part::Response);
            self.note_pair("partner-codes-changed", pair, b, verdict);
        } else {
            self.note_pair("words-changed", pair, b, Verdict::PATCH);
        }
    }

    /// The fields by which the receiver recognises a notification. What it has
    /// stored under the old key is not found under another one, so that a
    /// repetition takes effect again.
    fn message_key(&mut self, rule: &'static str, pair: Pair<'d>, b: &Operation<'d>) {
        let verdict = match pair {
            // Nothing can have been stored under a key before there was one.
            (None, Some(_)) => Verdict::ADDED,
            _ => Verdict::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor),
        };
        self.note_pair(rule, pair, b, verdict);
    }

    /// Every status that may be answered.
    fn responses(&mut self, a: &Operation<'d>, b: &Operation<'d>) {
        let responses = |operation: &Operation<'d>| operation.node.get("responses");
        let (Some(old), Some(new)) = (responses(a), responses(b)) else {
            return self.note_pair(
                "responses-changed",
                (responses(a), responses(b)),
                b,
                Verdict::BREAK,
            );
        };
        let gone = |from: &'d Node, other: &'d Node| {
            let entries = from.entries().iter();
            entries
                .filter(|entry| other.get(&entry.key).is_none())
                .collect::<Vec<_>>()
        };
        let (mut removed, mut added) = (gone(old, new), gone(new, old));
        let success = |entry: &&codegen::document::Entry| entry.key.starts_with('2');
        let moved = (
            removed.iter().position(success),
            added.iter().position(success),
        );
        if let (Some(from), Some(to)) = moved {
            let (from, to) = (removed.remove(from), added.remove(to));
            let values = (Some(from.key.clone()), Some(to.key.clone()));
            let at = (Side::New, &to.location);
            self.note(
                "success-status-changed",
                at,
                values,
                b,
                Verdict::BREAK,
                None,
            );
            self.body(
                "response-body-changed",
                (Some(&from.node), Some(&to.node)),
                b,
                Part::Response,
            );
        }
        for entry in removed {
            let verdict = Verdict::new(Wire::Ok, Wire::Break, Bump::Major, Bump::Major);
            let values = (Some(entry.key.clone()), None);
            let at = (Side::Old, &entry.location);
            self.note("status-removed", at, values, b, verdict, None);
        }
        for entry in added {
            let verdict = Verdict::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor);
            let values = (None, Some(entry.key.clone()));
            let at = (Side::New, &entry.location);
            self.note("status-added", at, values, b, verdict, None);
        }
        for entry in old.entries() {
            if let Some(now) = new.get(&entry.key) {
                let pair = (Some(&entry.node), Some(now));
                self.body("response-body-changed", pair, b, Part::Response);
            }
        }
    }

    /// A request body or a response.
    fn body(&mut self, rule: &'static str, pair: Pair<'d>, b: &Operation<'d>, part: Part) {
        let (Some(old), Some(new)) = pair else {
            if !same(pair) {
                self.note_pair(rule, pair, b, Verdict::BREAK);
            }
            return;
        };
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match key {
                "content" => self.contents(pair, b, part),
                _ if same_keyword(key, pair) => {}
                "description" => self.note_pair("words-changed", pair, b, Verdict::PATCH),
                "required" => {
                    let required = new.flag("required");
                    let effect = if required {
                        Effect::NARROWED
                    } else {
                        Effect::WIDENED
                    };
                    self.note_pair("body-required-changed", pair, b, effect.verdict(part));
                }
                _ => self.note_pair("other-changed", pair, b, Verdict::MEANING),
            }
        }
    }

    fn contents(&mut self, pair: Pair<'d>, b: &Operation<'d>, part: Part) {
        let entries = |node: Option<&'d Node>| node.map(Node::entries).unwrap_or_default();
        let (old, new) = (entries(pair.0), entries(pair.1));
        for entry in new {
            if let Some(before) = old.iter().find(|before| before.key == entry.key) {
                self.media(&before.node, &entry.node, b, part);
            }
        }
        let types = |entries: &[codegen::document::Entry]| {
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
            self.note(
                "media-type-changed",
                at,
                values,
                b,
                effect.verdict(part),
                None,
            );
        }
    }

    fn media(&mut self, old: &'d Node, new: &'d Node, b: &Operation<'d>, part: Part) {
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            match (key, pair) {
                ("schema", (Some(old), Some(new))) => {
                    self.walk(b, part).schema(old, new, true);
                }
                _ if same_keyword(key, pair) => {}
                ("examples" | "example", _) => self.examples(pair, new.get("schema"), b),
                _ => self.note_pair("other-changed", pair, b, Verdict::MEANING),
            }
        }
    }

    /// Examples that were edited must fit the schema. One that a change of
    /// the schema has made invalid is the document's own lint's affair.
    fn examples(&mut self, pair: Pair<'d>, schema: Option<&'d Node>, b: &Operation<'d>) {
        let (Some(old), Some(new)) = pair else {
            return self.note_pair("example-changed", pair, b, Verdict::PATCH);
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
                self.note("example-changed", at, values, b, Verdict::PATCH, lint);
            }
        }
    }
}

/// What a member of the operation means when it changes.
fn member(key: &str, old: &Node, new: &Node) -> (&'static str, Verdict) {
    let texts = (old.text_of(key), new.text_of(key));
    match key {
        "operationId" => ("operation-renamed", Verdict::SOURCE),
        "deprecated" if new.flag(key) => ("deprecated", Verdict::ADDED),
        "deprecated" => ("deprecation-removed", Verdict::PATCH),
        "summary" | "description" | "tags" | "externalDocs" | "x-skypay-chapter" => {
            ("words-changed", Verdict::PATCH)
        }
        "x-skypay-effect" if rank(EFFECTS, texts.1) > rank(EFFECTS, texts.0) => {
            ("effect-stronger", Verdict::MEANING)
        }
        "x-skypay-effect" => ("effect-weaker", Verdict::ADDED),
        "x-skypay-mode" => {
            // Only a notice has another signature in the server's trait.
            let notice = [texts.0, texts.1].contains(&Some("notification"));
            let server = if notice { Bump::Major } else { Bump::Minor };
            let verdict = Verdict::new(Wire::Risk, Wire::Risk, Bump::Minor, server);
            ("mode-changed", verdict)
        }
        "x-skypay-transaction-id" => ("transaction-id-changed", Verdict::ADDED),
        _ => ("other-changed", Verdict::MEANING),
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

/// The keys of two mappings.
pub(super) fn keys<'d>(old: &'d Node, new: &'d Node) -> BTreeSet<&'d str> {
    let entries = old.entries().iter().chain(new.entries());
    entries.map(|entry| entry.key.as_str()).collect()
}
