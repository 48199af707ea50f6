//! Compares lists of values and code tables.

use std::collections::BTreeSet;

use codegen::document::Node;

use super::changes::Side;
use super::impact::{Bump, Impact, Wire};
use super::keywords::{Holder, meaning};
use super::schema::joined;
use super::view::{View, shown};
use super::walk::{Walk, location_of, members, paired, same, same_keyword};

impl<'d> Walk<'d> {
    /// Compares the allowed values of two schemas.
    pub(super) fn values(&mut self, a: &View<'d>, b: &View<'d>) {
        match (a.table(), b.table()) {
            (Some(old), Some(new)) => {
                self.tables(old, new, &Allowed::of(a), &Allowed::of(b));
                self.picks(a, b);
                self.table_lists(a, b);
            }
            _ => self.lists(a, b),
        }
    }

    /// Compares lists of values without a code table.
    fn lists(&mut self, a: &View<'d>, b: &View<'d>) {
        let pair = (a.listed(), b.listed());
        let (Some(old), Some(new)) = pair else {
            let (rule, impact) = match pair.0 {
                None => ("value-list-added", Impact::NARROWED),
                Some(_) => ("value-list-removed", Impact::LIST_REMOVED),
            };
            if let Some(at) = location_of(pair) {
                self.note_at(rule, at, (pair.0.map(joined), pair.1.map(joined)), impact);
            }
            return;
        };
        if let ([before], [after]) = (old.items(), new.items()) {
            return self.constant(before, after);
        }
        for value in missing(old, new) {
            self.note("value-removed", (Some(value), None), Impact::NARROWED);
        }
        for value in missing(new, old) {
            self.note("value-added", (None, Some(value)), Impact::VALUE_ADDED);
        }
    }

    /// Compares constants. Actions are compared with the operations.
    fn constant(&mut self, old: &'d Node, new: &'d Node) {
        let is_action = self.action.is_some_and(|name| {
            let property = format!("/properties/{name}/");
            new.location.pointer.contains(&property)
        });
        let pair = (Some(old), Some(new));
        if self.part.is_some() && !is_action && !same(pair) {
            self.note("constant-changed", pair, Impact::BREAK);
        }
    }

    /// Compares two tables, code by code. A code that the place of use does not
    /// allow changes its types, but not the wire.
    fn tables(&mut self, old: &'d Node, new: &'d Node, before: &Allowed<'d>, after: &Allowed<'d>) {
        let text = |row: &'d Node, key| row.text_of(key);
        for pair in paired(
            old.items(),
            new.items(),
            &[&|a, b| text(a, "value") == text(b, "value"), &|a, b| {
                text(a, "name") == text(b, "name")
            }],
        ) {
            let (rule, impact) = match pair {
                (Some(old), Some(new)) if text(old, "value") == text(new, "value") => {
                    self.code(old, new, before, after);
                    continue;
                }
                (Some(old), Some(new)) => {
                    let known = of_success([old, new]);
                    let impact = Impact::new(Wire::Break, known, Bump::Minor, Bump::Minor);
                    let values = (old.get("value"), new.get("value"));
                    self.note("code-value-changed", values, impact);
                    continue;
                }
                (Some(old), None) if before.allows(old) => ("code-removed", Impact::NARROWED),
                (Some(_), None) => ("code-removed", Impact::SOURCE),
                (_, Some(new)) if after.allows(new) => ("code-added", Impact::VALUE_ADDED),
                _ => ("code-added", Impact::ADDED),
            };
            let named = |row: &'d Node| {
                ["value", "name"]
                    .map(|key| text(row, key).unwrap_or_default())
                    .join(" ")
            };
            if let Some(at) = location_of(pair) {
                self.note_at(rule, at, (pair.0.map(named), pair.1.map(named)), impact);
            }
        }
    }

    /// Reports a table's `enum` that no longer agrees with its rows: code is
    /// generated from the rows, so that a change of the `enum` alone contradicts
    /// them.
    fn table_lists(&mut self, a: &View<'d>, b: &View<'d>) {
        // A table without an `enum` is limited by its pattern.
        let (Some(old), Some(new)) = (a.table_list(), b.table_list()) else {
            return;
        };
        let agree = missing(old, new).is_empty() && missing(new, old).is_empty();
        if !agree && known(a) == known(b) {
            let values = (Some(joined(old)), Some(joined(new)));
            let at = (Side::New, &new.location);
            self.note_at("listed-codes-changed", at, values, Impact::MEANING);
        }
    }

    /// Compares a code that both tables have.
    fn code(&mut self, old: &'d Node, new: &'d Node, before: &Allowed<'d>, after: &Allowed<'d>) {
        let retired = new.flag("readOnly");
        // A place of use that selects the code still sends it.
        let no_longer_sent = before.allows(old) && !after.allows(old);
        for (key, pair) in members((Some(old), Some(new))) {
            if same_keyword(key, pair) {
                continue;
            }
            let (rule, impact) = match key {
                "outcome" | "refusesKeys" | "retryAfter" => {
                    let known = of_success([old, new]);
                    let impact = Impact::new(Wire::Ok, known, Bump::Minor, Bump::Minor);
                    ("code-outcome-changed", impact)
                }
                "readOnly" if retired && no_longer_sent => ("code-retired", Impact::TIGHTENED),
                "readOnly" if retired => ("code-retired", Impact::PATCH),
                "readOnly" if before.whole => ("code-restored", Impact::LOOSENED),
                "readOnly" => ("code-restored", Impact::PATCH),
                // A program that keeps accounts by this code acts differently from
                // now on.
                "moneyState" | "onlyWith" => {
                    let impact = match (old.get("moneyState"), new.get("moneyState")) {
                        (None, _) => Impact::ADDED,
                        (_, None) => Impact::WIDENED,
                        _ => Impact::CALLEE_BREAKS,
                    };
                    ("code-money-changed", impact)
                }
                _ => meaning(Holder::Code, key, pair),
            };
            self.note(rule, pair, impact);
        }
    }

    /// Compares the codes that a place of use selects from its table.
    fn picks(&mut self, a: &View<'d>, b: &View<'d>) {
        let lists = (a.local("enum"), b.local("enum"));
        let items = (lists.0.map(Node::items), lists.1.map(Node::items));
        if let (Some([before]), Some([after])) = items {
            return self.constant(before, after);
        }
        let Some(at) = location_of(lists) else {
            return;
        };
        let (before, after) = (Allowed::of(a).values, Allowed::of(b).values);
        let both: BTreeSet<_> = known(a).intersection(&known(b)).copied().collect();
        let fewer = before.difference(&after).any(|value| both.contains(value));
        let more = after.difference(&before).any(|value| both.contains(value));
        let text = |values: BTreeSet<&str>| Some(Vec::from_iter(values).join(", "));
        let values = (text(before), text(after));
        if fewer {
            self.note_at("allowed-codes-fewer", at, values.clone(), Impact::TIGHTENED);
        }
        if more {
            self.note_at("allowed-codes-more", at, values, Impact::LOOSENED);
        }
    }
}

/// The codes that can be sent at a place of use.
struct Allowed<'d> {
    values: BTreeSet<&'d str>,
    /// Whether the table alone decides.
    whole: bool,
}

impl<'d> Allowed<'d> {
    fn of(view: &View<'d>) -> Self {
        if let Some(list) = view.local("enum") {
            return Self {
                values: list.items().iter().filter_map(Node::text).collect(),
                whole: false,
            };
        }
        let rows = view.table().map(Node::items).unwrap_or_default().iter();
        let sendable = rows.filter(|row| !row.flag("readOnly"));
        Self {
            values: sendable.filter_map(|row| row.text_of("value")).collect(),
            whole: true,
        }
    }

    fn allows(&self, row: &Node) -> bool {
        self.values
            .contains(row.text_of("value").unwrap_or_default())
    }
}

/// The wire impact on the receiver of a different value or outcome of a code: a
/// break if a success is no longer recognized, otherwise a risk.
fn of_success(rows: [&Node; 2]) -> Wire {
    let mut outcomes = rows.iter().map(|row| row.text_of("outcome"));
    if outcomes.any(|outcome| outcome == Some("accepted")) {
        Wire::Break
    } else {
        Wire::Risk
    }
}

/// All codes of the table.
fn known<'d>(view: &View<'d>) -> BTreeSet<&'d str> {
    let rows = view.table().map(Node::items).unwrap_or_default().iter();
    rows.filter_map(|row| row.text_of("value")).collect()
}

/// The items of a list that are missing in another.
fn missing<'d>(list: &'d Node, other: &Node) -> Vec<&'d Node> {
    let others: BTreeSet<_> = other.items().iter().map(shown).collect();
    let items = list.items().iter();
    items
        .filter(|item| !others.contains(&shown(item)))
        .collect()
}
