//! Change badges: what a comparison found, at the places of the page that it
//! concerns.

use std::collections::BTreeMap;

use super::links::{anchor, target};
use super::message::{rows, rule_anchor};
use super::{Compared, Page, listed, section};
use crate::diff::{Change, Severity, Side};
use codegen::model::{Api, Operation};
use maud::{Markup, html};

/// How much of a value the list of changes shows at most.
const LONGEST: usize = 400;

/// From which length on two values are shown without what they share.
const LONG: usize = 80;

/// How many letters stay of what two values share.
const KEPT: usize = 24;

/// How many places of a change are listed openly.
const FEW: usize = 6;

/// The changes, by the places that they concern.
pub(super) struct Badges<'a> {
    compared: Option<Compared<'a>>,
    /// The changes of each anchor, by their position.
    by_anchor: BTreeMap<String, Vec<(usize, Kind)>>,
}

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Changed,
    Added,
    Removed,
}

impl Kind {
    /// What a change does to what it speaks of.
    fn of(change: &Change) -> Self {
        if change.rule.ends_with("-added") {
            Self::Added
        } else if change.rule.ends_with("-removed") {
            Self::Removed
        } else {
            Self::Changed
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Changed => "mark changed",
            Self::Added => "mark added",
            Self::Removed => "mark removed",
        }
    }
}

/// A place of the page, and where the document speaks of it.
struct Place {
    anchor: String,
    pointers: Vec<String>,
}

impl<'a> Badges<'a> {
    /// Finds the places of all changes.
    pub(super) fn new(api: &Api, compared: Option<Compared<'a>>) -> Self {
        let mut badges = Self {
            compared,
            by_anchor: BTreeMap::new(),
        };
        let Some(Compared { report, .. }) = compared else {
            return badges;
        };
        let places = places(api);
        for (index, change) in report.changes.iter().enumerate() {
            for (anchor, kind) in concerned(api, &places, change) {
                badges
                    .by_anchor
                    .entry(anchor)
                    .or_default()
                    .push((index, kind));
            }
        }
        badges
    }

    /// What the page is compared with.
    pub(super) fn compared(&self) -> Option<Compared<'a>> {
        self.compared
    }

    /// A badge behind what was added or changed, with a link to how.
    pub(super) fn badge(&self, anchor: &str) -> Markup {
        html! {
            @if let Some((first, kind)) = self.at(anchor) {
                " " a class=(kind.class()) href=(target(&change_anchor(first))) { (kind.word()) }
            }
        }
    }

    /// The same in the contents, without a link of its own.
    pub(super) fn dot(&self, anchor: &str) -> Markup {
        html! {
            @if let Some((_, kind)) = self.at(anchor) {
                span class=(kind.class()) role="img" aria-label=(kind.word()) title=(kind.word()) {
                    "•"
                }
            }
        }
    }

    fn at(&self, anchor: &str) -> Option<(usize, Kind)> {
        let changes = self.by_anchor.get(anchor)?;
        let (first, _) = changes.first()?;
        let kind = changes.iter().map(|(_, kind)| *kind).max()?;
        Some((*first, kind))
    }

    /// The anchors that a change concerns.
    fn anchors(&self, index: usize) -> Vec<&str> {
        let concerned = self.by_anchor.iter().filter(|(_, changes)| {
            let mut changes = changes.iter();
            changes.any(|(position, _)| *position == index)
        });
        concerned.map(|(anchor, _)| anchor.as_str()).collect()
    }
}

impl Page<'_> {
    /// The list of all changes, worst first.
    pub(super) fn changes(&self) -> Markup {
        let Some(Compared { report, against }) = self.badges.compared() else {
            return html! {};
        };
        let changes = &report.changes;
        self.section(
            section::CHANGES,
            "What changed",
            &html! {
                p {
                    "Compared with " code { (against) }
                    @if changes.is_empty() {
                        ", nothing changed that this page shows."
                    } @else {
                        ": for partners, " (severity(report.severity))
                        ", " (counted(changes.len())) " in all."
                    }
                }
                ol.changes {
                    @for (index, change) in changes.iter().enumerate() {
                        li id=(change_anchor(index)) { (self.change(index, change)) }
                    }
                }
            },
        )
    }

    fn change(&self, index: usize, change: &Change) -> Markup {
        let kind = Kind::of(change);
        let texts = [&change.old, &change.new].map(|text| text.as_deref().unwrap_or_default());
        let [old, new] = differing(texts);
        let anchors = self.badges.anchors(index);
        html! {
            span class=(kind.class()) { (kind.word()) } " "
            (severity(change.severity)) " "
            b { (change.subject) } " " code { (change.rule) }
            p {
                @if change.old.is_some() { del { (old) } " " }
                @if change.new.is_some() { ins { (new) } }
            }
            @match anchors.len() {
                0 => {}
                count if count <= FEW => p { "At: " (links(&anchors)) }
                count => details {
                    summary { "At " (count) " places" }
                    p { (links(&anchors)) }
                }
            }
        }
    }
}

fn severity(severity: Severity) -> Markup {
    let class = match severity {
        Severity::Breaking | Severity::LintError => "verdict bad",
        Severity::SourceBreaking | Severity::Risky => "verdict warn",
        Severity::Compatible | Severity::Patch | Severity::None => "verdict",
    };
    html! { span class=(class) { (severity.word()) } }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    }
}

fn links(anchors: &[&str]) -> Markup {
    listed(anchors.iter().map(|anchor| {
        let name = anchor.strip_prefix("page.").unwrap_or(anchor);
        html! { a href=(target(anchor)) { (name) } }
    }))
}

/// Two values without what is the same in front and behind, where they are
/// long; a little of it stays, to be recognised.
fn differing([old, new]: [&str; 2]) -> [String; 2] {
    let letters: [Vec<char>; 2] = [old, new].map(|text| text.chars().collect());
    let shortest = letters[0].len().min(letters[1].len());
    let alike =
        |pairs: &mut dyn Iterator<Item = (&char, &char)>| pairs.take_while(|(a, b)| a == b).count();
    let (front, behind) = if shortest < LONG {
        (0, 0)
    } else {
        let front = alike(&mut letters[0].iter().zip(&letters[1]));
        let behind = alike(&mut letters[0].iter().rev().zip(letters[1].iter().rev()));
        let behind = behind.min(shortest - front);
        (front.saturating_sub(KEPT), behind.saturating_sub(KEPT))
    };
    letters.map(|letters| {
        let part = &letters[front..letters.len() - behind];
        let mut text = String::from(if front > 0 { "…" } else { "" });
        text.extend(part.iter().take(LONGEST));
        if behind > 0 || part.len() > LONGEST {
            text.push('…');
        }
        text
    })
}

fn change_anchor(index: usize) -> String {
    format!("change.{}", index + 1)
}

/// The changes that add something with a place of its own; what others add is
/// a change of what they add it to.
const NEW_THINGS: &[&str] = &[
    "operation-added",
    "field-added",
    "condition-added",
    "result-code-added",
    "code-added",
    "server-added",
];

/// The anchors of what a change concerns: the nearest thing around its place,
/// and every operation that uses it.
fn concerned(api: &Api, places: &[Place], change: &Change) -> BTreeMap<String, Kind> {
    let pointer = known_part(change);
    let fits = |known: &str| {
        let rest = pointer.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let matches = places.iter().flat_map(|place| {
        let pointers = place.pointers.iter().filter(|known| fits(known));
        pointers.map(move |known| (known.len(), place))
    });
    let matches: Vec<_> = matches.collect();
    let nearest = matches.iter().map(|(length, _)| *length).max();
    let kind = if change.side == Side::New && NEW_THINGS.contains(&change.rule) {
        Kind::Added
    } else {
        Kind::Changed
    };
    let mut concerned = BTreeMap::new();
    for (length, place) in matches {
        if Some(length) == nearest {
            concerned.insert(place.anchor.clone(), kind);
        }
    }
    let uses = |operation: &&Operation| {
        let mut users = change.users.iter();
        users.any(|user| user.operation == operation.name)
    };
    for operation in api.operations.iter().filter(uses) {
        let anchor = anchor(&[&operation.name]);
        concerned.entry(anchor).or_insert(Kind::Changed);
    }
    concerned
}

/// As much of a change's pointer as means the same in the new document: items
/// of what was a list before may stand elsewhere now.
fn known_part(change: &Change) -> String {
    let pointer = &change.location.pointer;
    if change.side == Side::New {
        return pointer.clone();
    }
    let is_name = |step: &&str| step.is_empty() || step.contains(|it: char| !it.is_ascii_digit());
    let steps: Vec<_> = pointer.split('/').take_while(is_name).collect();
    steps.join("/")
}

/// Every place of the page that can be marked.
fn places(api: &Api) -> Vec<Place> {
    let mut places = Vec::new();
    let mut place = |anchor: String, pointers: &[&str]| {
        let pointers = pointers.iter().map(|&pointer| pointer.to_owned()).collect();
        places.push(Place { anchor, pointers });
    };
    place(section::INTRODUCTION.to_owned(), &["/info"]);
    place(section::ENVIRONMENTS.to_owned(), &["/servers"]);
    let wire = [
        "/x-skypay-envelope",
        "/x-skypay-time-zone",
        "/x-skypay-answers",
    ];
    place(section::WIRE.to_owned(), &wire);
    for environment in &api.environments {
        let anchor = anchor(&["environment", &environment.name]);
        place(anchor, &[&environment.pointer]);
    }
    for parameter in &api.parameters {
        let anchor = anchor(&["parameter", &parameter.name]);
        place(anchor, &[&parameter.pointer]);
    }
    for operation in &api.operations {
        place(anchor(&[&operation.name]), &[&operation.pointer]);
        for code in &operation.codes {
            place(anchor(&[&operation.name, &code.code]), &[&code.pointer]);
        }
        for message in [&operation.request, &operation.response] {
            place(anchor(&[&message.name]), &[&message.pointer]);
            for rule in &message.rules {
                place(rule_anchor(&message.name, rule), &[&rule.pointer]);
            }
            for row in rows(api, message) {
                let pointers: Vec<_> = row.field.pointers.iter().map(String::as_str).collect();
                for rule in row.rules() {
                    place(rule_anchor(&row.anchor, rule), &[&rule.pointer]);
                }
                place(row.anchor, &pointers);
            }
        }
    }
    for table in &api.code_tables {
        place(anchor(&[&table.name]), &[&table.pointer]);
        for code in &table.codes {
            place(anchor(&[&table.name, &code.value]), &[&code.pointer]);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_show_where_they_differ() {
        let text = |word: &str| format!("{}{word}{}", "a".repeat(60), "z".repeat(60));
        let [old, new] = differing([&text("old"), &text("new")]);
        assert_eq!(
            old,
            format!("…{}old{}…", "a".repeat(KEPT), "z".repeat(KEPT))
        );
        assert_eq!(
            new,
            format!("…{}new{}…", "a".repeat(KEPT), "z".repeat(KEPT))
        );
        assert_eq!(differing(["15", "16"]), ["15", "16"]);
        let [before, after] = differing([&"é".repeat(100), &"é".repeat(101)]);
        assert_eq!((before.chars().count(), after.chars().count()), (25, 26));
    }
}
