//! Walks two documents in parallel and records changes and whom they affect.

use std::collections::BTreeSet;

use codegen::document::{Node, Value};
use codegen::keywords::EXCEPTIONS;

use super::changes::{At, Changes, Scope, Side, Values};
use super::impact::{Bump, Impact, Part};
use super::keywords::{Holder, meaning};
use super::view::{canonical, shown};

/// The lint rule that rejects examples that are invalid against their schema.
pub(super) const EXAMPLE_LINT: &str = "invalid-example";

/// Two documents, and the context of the current nodes.
pub(super) struct Walk<'d> {
    /// The root of the old document.
    pub(super) old: &'d Node,
    /// The root of the new document.
    pub(super) new: &'d Node,
    /// The changes found so far.
    pub(super) changes: Changes,
    /// The current scope.
    pub(super) scope: Scope,
    /// The current message.
    pub(super) part: Option<Part>,
    /// The property that holds the action, which is compared with the operations.
    pub(super) action: Option<&'d str>,
    /// Whether the transport writes the current field, so that the types do not
    /// have it.
    pub(super) fixed: bool,
    /// The current depth.
    pub(super) depth: usize,
}

/// The nodes before and after a change.
pub(super) type Pair<'d> = (Option<&'d Node>, Option<&'d Node>);

impl<'d> Walk<'d> {
    pub(super) fn new(old: &'d Node, new: &'d Node) -> Self {
        Self {
            old,
            new,
            changes: Changes::default(),
            scope: Scope::Everywhere,
            part: None,
            action: None,
            fixed: false,
            depth: 0,
        }
    }

    /// Records a change at a location, with both values as text.
    pub(super) fn note_at(
        &mut self,
        rule: &'static str,
        at: At<'d>,
        values: Values,
        impact: Impact,
    ) {
        self.note_linted(rule, at, values, impact, None);
    }

    /// Records a change that the linter may reject.
    pub(super) fn note_linted(
        &mut self,
        rule: &'static str,
        at: At<'d>,
        values: Values,
        impact: Impact,
        lint: Option<&'static str>,
    ) {
        let impact = match (&self.scope, self.part) {
            (Scope::Component, _) => impact.unused(),
            (_, Some(part)) => impact.of(part),
            _ => impact,
        };
        let most = if self.fixed { Bump::Patch } else { Bump::Major };
        let from = (&self.scope, self.part);
        let found = (impact.at_most(most), lint);
        self.changes.note(rule, at, values, from, found);
    }

    /// Records that a keyword was changed, removed or added.
    pub(super) fn note(&mut self, rule: &'static str, pair: Pair<'d>, impact: Impact) {
        self.note_example(rule, pair, impact, None);
    }

    /// Records a changed example, which the linter may reject.
    pub(super) fn note_example(
        &mut self,
        rule: &'static str,
        pair: Pair<'d>,
        impact: Impact,
        lint: Option<&'static str>,
    ) {
        if let Some(at) = location_of(pair) {
            let values = (pair.0.map(shown), pair.1.map(shown));
            self.note_linted(rule, at, values, impact, lint);
        }
    }

    /// Compares the members of two mappings: those that `apart` handles by itself,
    /// all others by the table of keywords.
    pub(super) fn members(
        &mut self,
        holder: Holder,
        pair: Pair<'d>,
        mut apart: impl FnMut(&mut Self, &str, Pair<'d>) -> bool,
    ) {
        for (key, pair) in members(pair) {
            if !apart(self, key, pair) && !same_keyword(key, pair) {
                let (rule, impact) = meaning(holder, key, pair);
                self.note(rule, pair, impact);
            }
        }
    }
}

/// Pairs the items of two lists by the first criterion that matches; unmatched
/// items come last, alone.
pub(super) fn paired<T: Copy>(
    old: impl IntoIterator<Item = T>,
    new: impl IntoIterator<Item = T>,
    criteria: &[&dyn Fn(T, T) -> bool],
) -> Vec<(Option<T>, Option<T>)> {
    let (mut removed, mut added): (Vec<_>, Vec<_>) = (Vec::from_iter(old), Vec::from_iter(new));
    let mut pairs = Vec::new();
    for alike in criteria {
        removed.retain(|old| {
            let found = added.iter().position(|new| alike(*old, *new));
            pairs.extend(found.map(|index| (Some(*old), Some(added.remove(index)))));
            found.is_none()
        });
    }
    pairs.extend(removed.into_iter().map(|old| (Some(old), None)));
    pairs.extend(added.into_iter().map(|new| (None, Some(new))));
    pairs
}

/// Whether two nodes are equal, regardless of the order of keys.
pub(super) fn same(pair: Pair<'_>) -> bool {
    pair.0.map(canonical) == pair.1.map(canonical)
}

/// Whether a keyword is equal; an absent flag is `false`.
pub(super) fn same_keyword(key: &str, pair: Pair<'_>) -> bool {
    let flag = !["additionalProperties", "default", "example", "value"].contains(&key);
    let is_off = |node: &Node| flag && matches!(node.value, Value::Bool(false));
    same(pair)
        || match pair {
            (Some(only), None) | (None, Some(only)) => is_off(only),
            _ => false,
        }
}

/// The members of two mappings, by key; exceptions from lint rules are compared
/// separately.
pub(super) fn members<'d>((old, new): Pair<'d>) -> impl Iterator<Item = (&'d str, Pair<'d>)> {
    let entries = [old, new].into_iter().flatten().flat_map(Node::entries);
    let keys = entries.map(|entry| entry.key.as_str());
    let keys: BTreeSet<_> = keys.filter(|key| *key != EXCEPTIONS).collect();
    let member = |node: Option<&'d Node>, key| node.and_then(|node| node.get(key));
    keys.into_iter()
        .map(move |key| (key, (member(old, key), member(new, key))))
}

/// The location of a keyword, the new one if it still exists.
pub(super) fn location_of(pair: Pair<'_>) -> Option<At<'_>> {
    match pair {
        (_, Some(new)) => Some((Side::New, &new.location)),
        (Some(old), None) => Some((Side::Old, &old.location)),
        (None, None) => None,
    }
}
