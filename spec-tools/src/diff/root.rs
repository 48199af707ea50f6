//! Compares the document apart from its operations: descriptions, servers,
//! extensions, and components on their own.

use codegen::document::{Entry, Node};

use super::changes::{Scope, Side};
use super::impact::{Bump, Impact, Wire};
use super::keywords::Holder;
use super::view::reached;
use super::walk::{Pair, Walk, members, paired, same};

/// Compares everything except the operations.
pub(super) fn compare(walk: &mut Walk<'_>) {
    walk.scope = Scope::Everywhere;
    let roots = (Some(walk.old), Some(walk.new));
    walk.members(Holder::Root, roots, |walk, key, pair| {
        match key {
            "paths" => {}
            "info" => walk.members(Holder::Info, pair, |_, _, _| false),
            "servers" => walk.servers(pair),
            "components" => walk.components(pair),
            "x-skypay-answers" => walk.answers(pair),
            _ => return false,
        }
        true
    });
}

impl<'d> Walk<'d> {
    /// Compares SkyPay's servers, which affect only the caller.
    fn servers(&mut self, (old, new): Pair<'d>) {
        let items = |node: Option<&'d Node>| node.map(Node::items).unwrap_or_default();
        let name = |server: &'d Node| server.text_of("x-skypay-environment");
        self.scope = Scope::Api;
        for pair in paired(
            items(old),
            items(new),
            &[
                &|a, b| name(a).is_some() && name(a) == name(b),
                &|a, b| a.text_of("url") == b.text_of("url"),
                &|a, b| name(a).is_none() && name(b).is_none(),
            ],
        ) {
            match pair {
                (Some(_), Some(_)) => self.members(Holder::Server, pair, |_, _, _| false),
                (Some(_), None) => {
                    let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Major, Bump::Patch);
                    self.note("server-removed", pair, impact);
                }
                _ => {
                    let impact = Impact::new(Wire::Ok, Wire::Ok, Bump::Minor, Bump::Patch);
                    self.note("server-added", pair, impact);
                }
            }
        }
        self.scope = Scope::Everywhere;
    }

    /// Compares the responses that the dispatcher sends itself.
    fn answers(&mut self, pair: Pair<'d>) {
        let (Some(_), Some(_)) = pair else {
            return self.note("answer-changed", pair, Impact::MEANING);
        };
        for (answer, pair) in members(pair) {
            let (Some(_), Some(_)) = pair else {
                self.note("answer-changed", pair, Impact::MEANING);
                continue;
            };
            for (key, pair) in members(pair) {
                let impact = match (answer, key) {
                    (_, "description") => Impact::PATCH,
                    // A side that recognizes success by the other code sees no
                    // success.
                    ("accepted", _) => Impact::BREAK.at_most(Bump::Minor),
                    _ => Impact::new(Wire::Risk, Wire::Ok, Bump::Patch, Bump::Minor),
                };
                if !same(pair) {
                    self.note("answer-changed", pair, impact);
                }
            }
        }
    }

    /// Compares components on their own. Changes in messages are already reported
    /// at their uses; added here are descriptions that every use overrides, and
    /// types that nothing uses.
    fn components(&mut self, pair: Pair<'d>) {
        for (section, pair) in members(pair) {
            match section {
                "schemas" => self.schemas(pair),
                "parameters" => {}
                _ if same(pair) => {}
                _ => self.note("other-changed", pair, Impact::MEANING),
            }
        }
    }

    fn schemas(&mut self, pair: Pair<'d>) {
        for (name, schemas) in members(pair) {
            if let (Some(old), Some(new)) = schemas {
                self.scope = Scope::Component;
                self.schema(old, new, true);
                self.scope = Scope::Everywhere;
            }
            let entry = |node: Option<&'d Node>| node.and_then(|node| node.entry(name));
            match (entry(pair.0), entry(pair.1)) {
                (Some(entry), None) => self.unused(entry, Side::Old),
                (None, Some(entry)) => self.unused(entry, Side::New),
                _ => {}
            }
        }
    }

    /// Reports an added or removed component that no operation uses. Used
    /// components are reported at their uses.
    fn unused(&mut self, entry: &'d Entry, side: Side) {
        let (root, values) = match side {
            Side::Old => (self.old, (Some(entry.key.clone()), None)),
            Side::New => (self.new, (None, Some(entry.key.clone()))),
        };
        let target = format!("#/components/schemas/{}", entry.key);
        if reached(root).contains(target.as_str()) {
            return;
        }
        let is_type =
            entry.node.get("x-skypay-codes").is_some() || entry.node.flag("x-skypay-newtype");
        let (rule, impact) = match (side, is_type) {
            (Side::Old, true) => ("type-removed", Impact::SOURCE),
            (Side::New, true) => ("type-added", Impact::ADDED),
            (Side::Old, false) => ("component-removed", Impact::PATCH),
            (Side::New, false) => ("component-added", Impact::PATCH),
        };
        self.note_at(rule, (side, &entry.location), values, impact);
    }
}
