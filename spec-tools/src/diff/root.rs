//! The document around the operations: its words, servers, extensions, and
//! the components for themselves.

use std::collections::BTreeSet;

use codegen::document::{Entry, Node, Value};

use super::changes::{Changes, Finding, Scope, Side};
use super::impact::{Bump, Impact, Wire};
use super::view::{shown, target};
use super::walk::{Pair, Walk, keys, location_of, same, subject};

/// Compares everything but the operations.
pub(super) fn compare<'d>(old: &'d Node, new: &'d Node, changes: &mut Changes) {
    let mut comparison = Comparison { old, new, changes };
    for key in keys(old, new) {
        let pair = (old.get(key), new.get(key));
        if same(pair) {
            continue;
        }
        match key {
            "paths" => {}
            "info" => comparison.info(pair),
            "servers" => comparison.servers(pair),
            "components" => comparison.components(pair),
            "x-skypay-answers" => comparison.answers(pair),
            "openapi" | "tags" | "externalDocs" => {
                comparison.note("words-changed", pair, &Scope::Everywhere, Impact::PATCH);
            }
            "x-skypay-envelope" | "x-skypay-time-zone" => {
                comparison.note("wire-form-changed", pair, &Scope::Everywhere, Impact::BREAK);
            }
            _ => comparison.note("other-changed", pair, &Scope::Everywhere, Impact::MEANING),
        }
    }
}

/// The first part of the names of the crates.
fn package(provider: Option<&Node>) -> Option<&str> {
    provider.and_then(|provider| provider.text_of("package"))
}

struct Comparison<'d, 'c> {
    old: &'d Node,
    new: &'d Node,
    changes: &'c mut Changes,
}

impl<'d> Comparison<'d, '_> {
    fn note(&mut self, rule: &'static str, pair: Pair<'d>, scope: &Scope, impact: Impact) {
        let Some(at) = location_of(pair) else { return };
        let finding = Finding {
            rule,
            subject: subject(&at.1.pointer),
            at,
            old: pair.0.map(shown),
            new: pair.1.map(shown),
            lint: None,
        };
        self.changes.note(finding, scope, impact);
    }

    fn info(&mut self, pair: Pair<'d>) {
        let (Some(old), Some(new)) = pair else { return };
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            if !same(pair) {
                let (rule, impact) = match key {
                    "version" => ("version-changed", Impact::PATCH),
                    // The crates, and what is named like them, have other names.
                    "x-skypay-provider" if package(pair.0) != package(pair.1) => {
                        let impact = Impact::new(Wire::Ok, Wire::Ok, Bump::Major, Bump::Major);
                        ("provider-renamed", impact)
                    }
                    _ => ("words-changed", Impact::PATCH),
                };
                self.note(rule, pair, &Scope::Everywhere, impact);
            }
        }
    }

    /// The servers of SkyPay: they are only the caller's concern.
    fn servers(&mut self, pair: Pair<'d>) {
        let items = |node: Option<&'d Node>| node.map(Node::items).unwrap_or_default();
        let mut removed: Vec<_> = items(pair.0).iter().collect();
        let mut added: Vec<_> = items(pair.1).iter().collect();
        let alike: [fn(&Node, &Node) -> bool; 3] = [
            |a, b| name(a).is_some() && name(a) == name(b),
            |a, b| a.text_of("url") == b.text_of("url"),
            |a, b| name(a).is_none() && name(b).is_none(),
        ];
        for alike in alike {
            removed.retain(|old| {
                let Some(index) = added.iter().position(|new| alike(old, new)) else {
                    return true;
                };
                self.server(old, added.remove(index));
                false
            });
        }
        for server in removed {
            let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Major, Bump::Patch);
            self.note("server-removed", (Some(server), None), &Scope::Api, impact);
        }
        for server in added {
            let impact = Impact::new(Wire::Ok, Wire::Ok, Bump::Minor, Bump::Patch);
            self.note("server-added", (None, Some(server)), &Scope::Api, impact);
        }
    }

    fn server(&mut self, old: &'d Node, new: &'d Node) {
        for key in keys(old, new) {
            let pair = (old.get(key), new.get(key));
            if same(pair) {
                continue;
            }
            let (rule, impact) = match key {
                "description" => ("words-changed", Impact::PATCH),
                "x-skypay-environment" => {
                    let impact = Impact::new(Wire::Ok, Wire::Ok, Bump::Major, Bump::Patch);
                    ("environment-renamed", impact)
                }
                _ => {
                    let impact = Impact::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Patch);
                    ("server-changed", impact)
                }
            };
            self.note(rule, pair, &Scope::Api, impact);
        }
    }

    /// What dispatch answers by itself.
    fn answers(&mut self, pair: Pair<'d>) {
        let (Some(old), Some(new)) = pair else {
            return self.note("answer-changed", pair, &Scope::Everywhere, Impact::MEANING);
        };
        for answer in keys(old, new) {
            let (Some(before), Some(after)) = (old.get(answer), new.get(answer)) else {
                let pair = (old.get(answer), new.get(answer));
                self.note("answer-changed", pair, &Scope::Everywhere, Impact::MEANING);
                continue;
            };
            for key in keys(before, after) {
                let pair = (before.get(key), after.get(key));
                let impact = match (answer, key) {
                    (_, "description") => Impact::PATCH,
                    // A side that knows the other code as success gets none.
                    ("accepted", _) => Impact::BREAK.at_most(Bump::Minor),
                    _ => Impact::new(Wire::Risk, Wire::Ok, Bump::Patch, Bump::Minor),
                };
                if !same(pair) {
                    self.note("answer-changed", pair, &Scope::Everywhere, impact);
                }
            }
        }
    }

    /// The components for themselves. What a message uses was noted there
    /// already; here come the words that every use replaces, and the types
    /// that nothing uses.
    fn components(&mut self, pair: Pair<'d>) {
        let sections = keys(pair.0.unwrap_or(self.old), pair.1.unwrap_or(self.new));
        for section in sections {
            let get = |node: Option<&'d Node>| node.and_then(|node| node.get(section));
            let pair = (get(pair.0), get(pair.1));
            match section {
                "schemas" => self.schemas(pair),
                "parameters" => {}
                _ if same(pair) => {}
                _ => self.note("other-changed", pair, &Scope::Everywhere, Impact::MEANING),
            }
        }
    }

    fn schemas(&mut self, pair: Pair<'d>) {
        let entries = |node: Option<&'d Node>| node.map(Node::entries).unwrap_or_default();
        let (old, new) = (entries(pair.0), entries(pair.1));
        let find = |list: &'d [Entry], key: &str| list.iter().find(|entry| entry.key == key);
        for entry in old {
            match find(new, &entry.key) {
                Some(now) => self.schema(&entry.node, &now.node),
                None => self.unused(entry, Side::Old),
            }
        }
        for entry in new {
            if find(old, &entry.key).is_none() {
                self.unused(entry, Side::New);
            }
        }
    }

    fn schema(&mut self, old: &'d Node, new: &'d Node) {
        let mut walk = Walk {
            old: self.old,
            new: self.new,
            changes: self.changes,
            user: None,
            action: None,
            fixed: false,
            depth: 0,
        };
        walk.schema(old, new, true);
    }

    /// A component that came or went although no operation uses it. One that
    /// is used came with its use, and the use was noted.
    fn unused(&mut self, entry: &'d Entry, side: Side) {
        let root = match side {
            Side::Old => self.old,
            Side::New => self.new,
        };
        if reachable(root).contains(entry.key.as_str()) {
            return;
        }
        let is_type =
            entry.node.get("x-skypay-codes").is_some() || entry.node.flag("x-skypay-newtype");
        let name = Some(entry.key.clone());
        let (rule, values, impact) = match (side, is_type) {
            (Side::Old, true) => ("type-removed", (name, None), Impact::SOURCE),
            (Side::New, true) => ("type-added", (None, name), Impact::ADDED),
            (Side::Old, false) => ("component-removed", (name, None), Impact::PATCH),
            (Side::New, false) => ("component-added", (None, name), Impact::PATCH),
        };
        let finding = Finding {
            rule,
            subject: entry.key.clone(),
            at: (side, &entry.location),
            old: values.0,
            new: values.1,
            lint: None,
        };
        self.changes.note(finding, &Scope::Everywhere, impact);
    }
}

fn name(server: &Node) -> Option<&str> {
    server.text_of("x-skypay-environment")
}

/// The component schemas that the operations use, directly or not.
fn reachable(root: &Node) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Node> = root.get("paths").into_iter().collect();
    while let Some(node) = open.pop() {
        open.extend(node.items());
        open.extend(node.entries().iter().map(|entry| &entry.node));
        let Some(reference) = node.get("$ref") else {
            continue;
        };
        if let Value::Text(reference) = &reference.value
            && let Some(name) = reference.rsplit('/').next()
            && found.insert(name)
        {
            open.extend(target(root, reference));
        }
    }
    found
}
