//! The walk along two documents at once: what is noted, and for whom.

use std::collections::BTreeSet;

use codegen::document::{Node, Value};
use codegen::keywords::EXCEPTIONS;

use super::changes::{At, Changes, Scope, Side, Values};
use super::impact::{Bump, Impact, Part};
use super::keywords::{Holder, meaning};
use super::view::{canonical, shown};

/// The lint rule that refuses examples that do not fit their schema.
pub(super) const EXAMPLE_LINT: &str = "invalid-example";

/// Two documents, and from where in them something is seen.
pub(super) struct Walk<'d> {
    /// The root of the old document.
    pub(super) old: &'d Node,
    /// The root of the new document.
    pub(super) new: &'d Node,
    /// What was found.
    pub(super) changes: Changes,
    /// From where it is seen.
    pub(super) scope: Scope,
    /// The message that is being looked at.
    pub(super) part: Option<Part>,
    /// The property that holds the action, which operations compare.
    pub(super) action: Option<&'d str>,
    /// Whether the transport writes what is being looked at, so that the
    /// types do not have it.
    pub(super) fixed: bool,
    /// How deep the walk is.
    pub(super) depth: usize,
}

/// What stands at a place before and after.
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

    /// Notes a change at a place, with both values as text.
    pub(super) fn note_at(
        &mut self,
        rule: &'static str,
        at: At<'d>,
        values: Values,
        impact: Impact,
    ) {
        self.note_linted(rule, at, values, impact, None);
    }

    /// Notes a change that the linter may have to refuse.
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

    /// Notes that a keyword has another value, came or went.
    pub(super) fn note(&mut self, rule: &'static str, pair: Pair<'d>, impact: Impact) {
        self.note_example(rule, pair, impact, None);
    }

    /// Notes another example, which the linter may have to refuse.
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

    /// Compares the members of two mappings: some by themselves, where `apart`
    /// says so, and the others by the table of keywords.
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

/// Pairs what two lists have in common, by the first criterion by which they
/// are alike; what only one of them has comes last, alone.
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

/// Whether the two say the same in any order of keys.
pub(super) fn same(pair: Pair<'_>) -> bool {
    pair.0.map(canonical) == pair.1.map(canonical)
}

/// Whether a keyword says the same: a flag that is not there is `false`.
pub(super) fn same_keyword(key: &str, pair: Pair<'_>) -> bool {
    let flag = !["additionalProperties", "default", "example", "value"].contains(&key);
    let is_off = |node: &Node| flag && matches!(node.value, Value::Bool(false));
    same(pair)
        || match pair {
            (Some(only), None) | (None, Some(only)) => is_off(only),
            _ => false,
        }
}

/// The members of two mappings, by key; exceptions from rules of the linter are
/// compared apart.
pub(super) fn members<'d>((old, new): Pair<'d>) -> impl Iterator<Item = (&'d str, Pair<'d>)> {
    let entries = [old, new].into_iter().flatten().flat_map(Node::entries);
    let keys = entries.map(|entry| entry.key.as_str());
    let keys: BTreeSet<_> = keys.filter(|key| *key != EXCEPTIONS).collect();
    let member = |node: Option<&'d Node>, key| node.and_then(|node| node.get(key));
    keys.into_iter()
        .map(move |key| (key, (member(old, key), member(new, key))))
}

/// Where a keyword stands, or stood.
pub(super) fn location_of(pair: Pair<'_>) -> Option<At<'_>> {
    match pair {
        (_, Some(new)) => Some((Side::New, &new.location)),
        (Some(old), None) => Some((Side::Old, &old.location)),
        (None, None) => None,
    }
}
