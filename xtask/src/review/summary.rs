//! An edit in short: a headline, a paragraph, and what to do.

use std::collections::BTreeSet;

use spec_tools::diff::{Change, Headline, Wire};

use crate::Ending;
use crate::approve::worst;
use crate::report::counted;

use super::Review;

/// How many operations are named in a sentence.
const NAMED: usize = 5;

/// The edit in one line.
pub(super) fn headline(review: &Review) -> String {
    let view = review.view();
    let changes = &review.comparison.report.changes;
    let what = match review.headline() {
        Headline::LintError => "REFUSED: the edit must not be merged",
        Headline::Breaking => "BREAKING for partners",
        Headline::SourceBreaking => "source-breaking for partners",
        Headline::Risky => "risky for partners",
        Headline::Compatible => "compatible for partners",
        Headline::Patch if changes.is_empty() => "order only",
        Headline::Patch => "no consequence for partners",
        Headline::None => "no change",
    };
    let approved = if view.is_decided() { ", approved" } else { "" };
    let count = |headline: Headline, word: &str| {
        let changes = changes.iter();
        let number = changes
            .filter(|change| view.headline_of(change) == headline)
            .count();
        (number > 0).then(|| format!("{number} {word}"))
    };
    let counts: Vec<_> = [
        count(Headline::LintError, "refused"),
        count(Headline::Breaking, "breaking"),
        count(Headline::SourceBreaking, "source-breaking"),
        count(Headline::Risky, "risky"),
        count(Headline::Compatible, "compatible"),
        count(Headline::Patch, "without consequence"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if counts.is_empty() {
        return format!("Spec review: {what}");
    }
    format!("Spec review: {what}{approved} ({})", counts.join(", "))
}

/// What breaks for whom, and which versions come next; nothing where there
/// is no consequence.
pub(super) fn paragraph(review: &Review) -> String {
    if review.headline() <= Headline::Patch {
        return String::new();
    }
    let view = review.view();
    let with = |headline: Headline| -> Vec<&Change> {
        let changes = review.comparison.report.changes.iter();
        changes
            .filter(|change| view.headline_of(change) == headline)
            .collect()
    };
    let mut sentences = Vec::new();
    for (headline, what) in [
        (Headline::LintError, "The edit is a mistake in"),
        (
            Headline::Breaking,
            "What partners have deployed stops working in",
        ),
        (
            Headline::SourceBreaking,
            "Partners' code has to change to compile with the new crates, in",
        ),
        (
            Headline::Risky,
            "Generated code takes it, but partners' own code may be surprised, in",
        ),
        (
            Headline::Compatible,
            "Something is added that partners need not use, in",
        ),
    ] {
        let changes = with(headline);
        if !changes.is_empty() {
            sentences.push(format!("{what} {}.", places(&changes)));
        }
    }
    sentences.extend(skypays_side(review));
    sentences.push(format!("Next versions: {}.", review.versions.in_one_line()));
    sentences.join(" ")
}

/// What the partner's headline does not say: an old peer on SkyPay's side.
fn skypays_side(review: &Review) -> Option<String> {
    let view = review.view();
    let changes = review.comparison.report.changes.iter();
    let others: Vec<_> = changes
        .filter(|change| view.headline_of(change) < Headline::Breaking && change.lint.is_none())
        .filter(|change| {
            [change.verdict.caller, change.verdict.callee].contains(&Wire::Break)
                && worst(change) == Headline::Breaking
        })
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "For partners it is no break, but a SkyPay of before does not get along with it, in {}.",
            places(&others)
        )
    })
}

/// The operations that changes touch: calls first, then callbacks.
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

/// What is left to do before the edit can be merged, in order.
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
    if review.headline() > Headline::Patch {
        steps.push("Say in CHANGELOG.md what users gain or have to change.".to_owned());
    }
    steps
}
