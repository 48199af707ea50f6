//! The walk along two schemas at once: what is noted, and for whom.

use std::collections::BTreeSet;

use codegen::Location;
use codegen::document::{Node, Value};

use super::changes::{Changes, Finding, Scope, Side, User};
use super::impact::{Bump, Effect, Part};
use super::view::{canonical, shown};

/// How deep schemas may nest; more is a circle.
pub(super) const MAX_DEPTH: usize = 32;

/// The lint rule that refuses examples that do not fit their schema.
pub(super) const EXAMPLE_LINT: &str = "invalid-example";

/// Two documents, and from where in them a schema is seen.
pub(super) struct Walk<'d, 'c> {
    /// The root of the old document.
    pub(super) old: &'d Node,
    /// The root of the new document.
    pub(super) new: &'d Node,
    /// What was found.
    pub(super) changes: &'c mut Changes,
    /// The message that the schema is part of; nothing for a component that
    /// is looked at for itself.
    pub(super) user: Option<User>,
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

impl<'d> Walk<'d, '_> {
    /// The message; a component that is looked at for itself is taken for a
    /// request, where it makes a difference.
    pub(super) fn part(&self) -> Part {
        let part = self.user.as_ref().and_then(|user| user.part);
        part.unwrap_or(Part::Request)
    }

    /// Notes a change at a place, with both values as text.
    pub(super) fn note(
        &mut self,
        rule: &'static str,
        at: (Side, &'d Location),
        values: (Option<String>, Option<String>),
        effect: Effect,
    ) {
        self.note_linted(rule, at, values, effect, None);
    }

    /// Notes a change that the lint may have to refuse.
    pub(super) fn note_linted(
        &mut self,
        rule: &'static str,
        at: (Side, &'d Location),
        values: (Option<String>, Option<String>),
        effect: Effect,
        lint: Option<&'static str>,
    ) {
        let impact = match &self.user {
            Some(_) => effect.impact(self.part()),
            None => effect.unused(),
        };
        let most = if self.fixed { Bump::Patch } else { Bump::Major };
        let scope = match &self.user {
            Some(user) => Scope::Use(user.clone()),
            None => Scope::Everywhere,
        };
        let (old, new) = values;
        let finding = Finding {
            rule,
            subject: subject(&at.1.pointer),
            at,
            old,
            new,
            lint,
        };
        self.changes.note(finding, &scope, impact.at_most(most));
    }

    /// Notes that a keyword has another value, came or went.
    pub(super) fn note_pair(&mut self, rule: &'static str, pair: Pair<'d>, effect: Effect) {
        if let Some(at) = location_of(pair) {
            self.note(rule, at, (pair.0.map(shown), pair.1.map(shown)), effect);
        }
    }
}

/// Whether the two say the same in any order of keys.
pub(super) fn same(pair: Pair<'_>) -> bool {
    match pair {
        (Some(old), Some(new)) => canonical(old) == canonical(new),
        (None, None) => true,
        _ => false,
    }
}

/// Whether a keyword says the same: a flag that is not there is `false`.
pub(super) fn same_keyword(key: &str, pair: Pair<'_>) -> bool {
    let flag = !["additionalProperties", "default", "example", "value"].contains(&key);
    same(pair)
        || match pair {
            (Some(only), None) | (None, Some(only)) => {
                flag && matches!(only.value, Value::Bool(false))
            }
            _ => false,
        }
}

/// The keys of two mappings.
pub(super) fn keys<'d>(old: &'d Node, new: &'d Node) -> BTreeSet<&'d str> {
    let entries = old.entries().iter().chain(new.entries());
    entries.map(|entry| entry.key.as_str()).collect()
}

/// Where a keyword stands, or stood.
pub(super) fn location_of(pair: Pair<'_>) -> Option<(Side, &Location)> {
    match pair {
        (_, Some(new)) => Some((Side::New, &new.location)),
        (Some(old), None) => Some((Side::Old, &old.location)),
        (None, None) => None,
    }
}

/// What people call the thing at a pointer: `PayoutQueueRequest.amount`,
/// `payoutQueue`.
pub(super) fn subject(pointer: &str) -> String {
    let steps: Vec<_> = pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    let named: Vec<_> = match steps.first().map(String::as_str) {
        Some("components") => {
            let fields = steps.windows(2).skip(2);
            let fields = fields.filter(|pair| pair[0] == "properties");
            let fields = fields.map(|pair| pair[1].as_str());
            let section = steps.last();
            steps
                .get(2)
                .or(section)
                .map(String::as_str)
                .into_iter()
                .chain(fields)
                .collect()
        }
        Some("paths") => {
            let key = steps.get(1).map_or("", String::as_str);
            vec![key.split_once('#').map_or(key, |(_, label)| label)]
        }
        _ => return steps.join("."),
    };
    named.join(".")
}

#[cfg(test)]
mod tests {
    use super::same;
    use codegen::document::load;

    #[test]
    fn what_is_nowhere_is_the_same() {
        let [one, two] = ["{a: 1}", "{a: 2}"].map(|text| load(text).unwrap());
        assert!(same((None, None)));
        assert!(same((Some(&one), Some(&one))));
        assert!(!same((Some(&one), Some(&two))));
        assert!(!same((Some(&one), None)));
        assert!(!same((None, Some(&two))));
    }
}
