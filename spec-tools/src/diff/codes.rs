//! Lists of values and code tables.

use std::collections::BTreeSet;

use codegen::document::Node;

use super::changes::Side;
use super::impact::{Bump, Effect, Wire};
use super::schema::joined;
use super::view::{View, shown};
use super::walk::{Walk, same, same_keyword};

impl<'d> Walk<'d, '_> {
    /// Compares the values that two schemas list.
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

    /// Lists without a table behind them.
    fn lists(&mut self, a: &View<'d>, b: &View<'d>) {
        let (old, new) = match (a.listed(), b.listed()) {
            (None, None) => return,
            (None, Some(new)) => {
                let values = (None, Some(joined(new)));
                let at = (Side::New, &new.location);
                return self.note("value-list-added", at, values, Effect::NARROWED);
            }
            (Some(old), None) => {
                let values = (Some(joined(old)), None);
                let at = (Side::Old, &old.location);
                return self.note("value-list-removed", at, values, Effect::LIST_REMOVED);
            }
            (Some(old), Some(new)) => (old, new),
        };
        if let ([before], [after]) = (old.items(), new.items()) {
            return self.constant(before, after);
        }
        for value in missing(old, new) {
            self.note_pair("value-removed", (Some(value), None), Effect::VALUE_REMOVED);
        }
        for value in missing(new, old) {
            self.note_pair("value-added", (None, Some(value)), Effect::VALUE_ADDED);
        }
    }

    /// A field with one value. Operations compare their actions themselves.
    fn constant(&mut self, old: &'d Node, new: &'d Node) {
        let of_use = self.user.is_some();
        let is_action = self.action.is_some_and(|name| {
            new.location
                .pointer
                .contains(&format!("/properties/{name}/"))
        });
        if of_use && !is_action && !same((Some(old), Some(new))) {
            self.note_pair(
                "constant-changed",
                (Some(old), Some(new)),
                Effect::TYPE_CHANGED,
            );
        }
    }

    /// Two tables, code by code. What a place of use does not allow changes
    /// its types, but nothing on its wire.
    fn tables(&mut self, old: &'d Node, new: &'d Node, before: &Allowed<'d>, after: &Allowed<'d>) {
        let find = |rows: &'d Node, key: &str, wanted: Option<&str>| {
            rows.items().iter().find(|row| row.text_of(key) == wanted)
        };
        for row in old.items() {
            let value = row.text_of("value");
            if let Some(now) = find(new, "value", value) {
                self.code(row, now, before, after);
                continue;
            }
            let moved = find(new, "name", row.text_of("name"))
                .filter(|now| find(old, "value", now.text_of("value")).is_none());
            let allowed = before.values.contains(value.unwrap_or_default());
            match moved {
                Some(now) => {
                    let pair = (row.get("value"), now.get("value"));
                    let effect = Effect::new(
                        Wire::Break,
                        of_success([row, now]),
                        Bump::Minor,
                        Bump::Minor,
                    );
                    self.note_pair("code-value-changed", pair, effect);
                }
                None if allowed => {
                    self.note_code("code-removed", row, Side::Old, Effect::VALUE_REMOVED);
                }
                None => self.note_code("code-removed", row, Side::Old, Effect::SOURCE),
            }
        }
        for row in new.items() {
            let known = find(old, "value", row.text_of("value")).is_some();
            let moved = find(old, "name", row.text_of("name"))
                .is_some_and(|was| find(new, "value", was.text_of("value")).is_none());
            if known || moved {
                continue;
            }
            let allowed = after
                .values
                .contains(row.text_of("value").unwrap_or_default());
            let effect = if allowed {
                Effect::VALUE_ADDED
            } else {
                Effect::ADDED
            };
            self.note_code("code-added", row, Side::New, effect);
        }
    }

    /// A table's list that no longer goes with its rows: the rows are what is
    /// generated, so that the list alone says something else.
    fn table_lists(&mut self, a: &View<'d>, b: &View<'d>) {
        // A table without a list is bounded by its pattern.
        let (Some(old), Some(new)) = (a.table_list(), b.table_list()) else {
            return;
        };
        let agree = missing(old, new).is_empty() && missing(new, old).is_empty();
        if !agree && known(a) == known(b) {
            let values = (Some(joined(old)), Some(joined(new)));
            let at = (Side::New, &new.location);
            self.note("listed-codes-changed", at, values, Effect::MEANING);
        }
    }

    fn note_code(&mut self, rule: &'static str, row: &'d Node, side: Side, effect: Effect) {
        let text = ["value", "name"].map(|key| row.text_of(key).unwrap_or_default());
        let text = Some(text.join(" "));
        let values = match side {
            Side::Old => (text, None),
            Side::New => (None, text),
        };
        self.note(rule, (side, &row.location), values, effect);
    }

    /// A code that both tables have.
    fn code(&mut self, old: &'d Node, new: &'d Node, before: &Allowed<'d>, after: &Allowed<'d>) {
        let keys = old.entries().iter().chain(new.entries());
        let keys: BTreeSet<_> = keys.map(|entry| entry.key.as_str()).collect();
        for key in keys {
            let pair = (old.get(key), new.get(key));
            if same_keyword(key, pair) {
                continue;
            }
            let retired = new.flag("readOnly");
            // A place of use that picks the code goes on sending it.
            let value = old.text_of("value").unwrap_or_default();
            let no_longer_sent = before.values.contains(value) && !after.values.contains(value);
            let (rule, effect) = match key {
                "name" => ("code-renamed", Effect::SOURCE),
                "outcome" | "refusesKeys" => {
                    let receiver = of_success([old, new]);
                    let effect = Effect::new(Wire::Ok, receiver, Bump::Minor, Bump::Minor);
                    ("code-outcome-changed", effect)
                }
                "readOnly" if retired && no_longer_sent => ("code-retired", Effect::TIGHTENED),
                "readOnly" if retired => ("code-retired", Effect::PATCH),
                "readOnly" if before.whole => ("code-restored", Effect::LOOSENED),
                "readOnly" => ("code-restored", Effect::PATCH),
                "kind" => ("code-kind-changed", Effect::PATCH),
                // A program that books by it books otherwise from now on.
                "moneyState" | "onlyWith" => {
                    let states = (old.get("moneyState"), new.get("moneyState"));
                    let effect = match states {
                        (None, _) => Effect::ADDED,
                        (_, None) => Effect::new(Wire::Ok, Wire::Break, Bump::Major, Bump::Major),
                        _ => Effect::new(Wire::Ok, Wire::Break, Bump::Minor, Bump::Minor),
                    };
                    ("code-money-changed", effect)
                }
                "description" | "text" => ("words-changed", Effect::PATCH),
                _ => ("other-changed", Effect::MEANING),
            };
            self.note_pair(rule, pair, effect);
        }
    }

    /// The codes that a place of use picks from its table.
    fn picks(&mut self, a: &View<'d>, b: &View<'d>) {
        let lists = (a.local("enum"), b.local("enum"));
        if lists.0.is_none() && lists.1.is_none() {
            return;
        }
        if let (Some([before]), Some([after])) =
            (lists.0.map(Node::items), lists.1.map(Node::items))
        {
            return self.constant(before, after);
        }
        let (before, after) = (Allowed::of(a).values, Allowed::of(b).values);
        let (old, new) = (known(a), known(b));
        let in_both = |value: &&&str| old.contains(**value) && new.contains(**value);
        let removed: Vec<_> = before.difference(&after).filter(in_both).copied().collect();
        let added: Vec<_> = after.difference(&before).filter(in_both).copied().collect();
        let at = match lists {
            (_, Some(list)) => (Side::New, &list.location),
            (Some(list), None) => (Side::Old, &list.location),
            (None, None) => (Side::New, &b.own().location),
        };
        let listed = |values: &BTreeSet<&str>| {
            let values: Vec<_> = values.iter().copied().collect();
            Some(values.join(", "))
        };
        let values = (listed(&before), listed(&after));
        if !removed.is_empty() {
            self.note("allowed-codes-fewer", at, values.clone(), Effect::TIGHTENED);
        }
        if !added.is_empty() {
            self.note("allowed-codes-more", at, values, Effect::LOOSENED);
        }
    }
}

/// The codes that may be sent at a place of use.
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
}

/// What another value or outcome of a code is to who receives it: one that no
/// longer knows its success is broken.
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

/// The items of a list that another has not.
fn missing<'d>(list: &'d Node, other: &Node) -> Vec<&'d Node> {
    let others: BTreeSet<_> = other.items().iter().map(shown).collect();
    let items = list.items().iter();
    items
        .filter(|item| !others.contains(&shown(item)))
        .collect()
}
