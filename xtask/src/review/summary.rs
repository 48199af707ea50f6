//! The summary of an edit: a paragraph, and the remaining steps.

use std::collections::BTreeSet;

use spec_tools::diff::{Change, Severity, Wire};

use crate::Ending;
use crate::approve::worst;
use crate::report::counted;

use super::Review;

/// The maximum number of operations named in a sentence.
const NAMED: usize = 5;

/// Describes what breaks, for whom, and the next versions; empty if the edit has
/// no impact.
pub(super) fn paragraph(review: &Review) -> String {
    if review.severity() <= Severity::Patch {
        return String::new();
    }
    let view = review.view();
    let mut sentences = Vec::new();
    for (severity, what) in [
        (Severity::LintError, "The edit is a mistake in"),
        (
            Severity::Breaking,
            "What partners have deployed stops working in",
        ),
        (
            Severity::SourceBreaking,
            "Partners' code has to change to compile with the new crates, in",
        ),
        (
            Severity::Risky,
            "Generated code takes it, but partners' own code may be surprised, in",
        ),
        (
            Severity::Compatible,
            "Something is added that partners need not use, in",
        ),
    ] {
        let changes = review.comparison.report.changes.iter();
        let changes: Vec<_> = changes
            .filter(|change| view.severity_of(change) == severity)
            .collect();
        if !changes.is_empty() {
            sentences.push(format!("{what} {}.", places(&changes)));
        }
    }
    sentences.extend(skypays_side(review));
    sentences.push(format!("Next versions: {}.", review.versions.in_one_line()));
    sentences.join(" ")
}

/// Describes breaks for an old peer on SkyPay's side, which the partner's
/// severity does not cover.
fn skypays_side(review: &Review) -> Option<String> {
    let view = review.view();
    let changes = review.comparison.report.changes.iter();
    let others: Vec<_> = changes
        .filter(|change| view.severity_of(change) < Severity::Breaking && change.lint.is_none())
        .filter(|change| {
            [change.impact.caller, change.impact.callee].contains(&Wire::Break)
                && worst(change) == Severity::Breaking
        })
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "For partners it is no break, but a SkyPay of before does not get along with it, in {}.",
            places(&others)
        )
    })
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
