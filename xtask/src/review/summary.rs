//! The summary of an edit: what it affects, and the remaining steps.

use std::collections::{BTreeMap, BTreeSet};

use spec_tools::diff::{Change, Severity, Wire};

use crate::Ending;
use crate::approve::worst;
use crate::report::counted;

use super::Review;

/// The maximum number of operations named in a sentence.
const NAMED: usize = 5;

/// Returns the affected operations for each severity of a change.
pub(super) fn places_by_severity(review: &Review) -> BTreeMap<&'static str, String> {
    let view = review.view();
    let mut changes: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    for change in &review.comparison.report.changes {
        let severity = view.severity_of(change).word();
        changes.entry(severity).or_default().push(change);
    }
    let changes = changes.into_iter();
    changes
        .map(|(severity, changes)| (severity, places(&changes)))
        .collect()
}

/// Returns the operations in which an old peer on SkyPay's side breaks, which the
/// partner's severity does not cover.
pub(super) fn places_of_skypay(review: &Review) -> Option<String> {
    let view = review.view();
    let changes = review.comparison.report.changes.iter();
    let others: Vec<_> = changes
        .filter(|change| view.severity_of(change) < Severity::Breaking && change.lint.is_none())
        .filter(|change| {
            [change.impact.caller, change.impact.callee].contains(&Wire::Break)
                && worst(change) == Severity::Breaking
        })
        .collect();
    (!others.is_empty()).then(|| places(&others))
}

/// Returns the affected operations: calls first, then callbacks.
fn places(changes: &[&Change]) -> String {
    let users = changes.iter().flat_map(|change| &change.users);
    let (mut calls, mut callbacks) = (BTreeSet::new(), BTreeSet::new());
    for user in users {
        let names = if user.callback {
            &mut callbacks
        } else {
            &mut calls
        };
        names.insert(user.operation.as_str());
    }
    let alone = changes.iter().filter(|change| change.users.is_empty());
    let alone: BTreeSet<_> = alone.map(|change| change.subject.as_str()).collect();
    let mut parts = Vec::new();
    for (names, one, many) in [
        (calls, "the call", "the calls"),
        (callbacks, "the callback", "the callbacks"),
        (alone, "the document's", "the document's"),
    ] {
        if !names.is_empty() {
            let word = if names.len() == 1 { one } else { many };
            parts.push(format!("{word} {}", listed(&names)));
        }
    }
    parts.join(" and ")
}

fn listed(names: &BTreeSet<&str>) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns the steps that remain before the edit can be merged, in order.
pub(super) fn steps(review: &Review) -> Vec<String> {
    let failing = review
        .checks
        .iter()
        .filter(|check| check.ending != Ending::Clean);
    let mut steps: Vec<_> = failing.map(|check| check.remedy.clone()).collect();
    let undecided = review.undecided();
    if let [first, ..] = undecided.as_slice() {
        steps.push(format!(
            "Undo {} that is not approved, or record why {} right: `cargo xtask spec approve \
             {} --reason \"…\"`{}.",
            counted(undecided.len(), "change"),
            if undecided.len() == 1 {
                "it is"
            } else {
                "they are"
            },
            first.fingerprint(),
            if undecided.len() == 1 {
                ""
            } else {
                ", and likewise for the others"
            },
        ));
    }
    if review.severity() > Severity::Patch {
        steps.push("Say in CHANGELOG.md what users gain or have to change.".to_owned());
    }
    steps
}
