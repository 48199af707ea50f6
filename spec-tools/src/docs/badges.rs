//! Change badges: the changes of a comparison, at the locations on the page that
//! they affect.

use std::collections::BTreeMap;

use super::links::{anchor, target};
use super::message::{rows, rule_anchor};
use super::{Compared, Page, listed, section};
use crate::diff::{Change, Severity, Side};
use codegen::model::{Api, Operation};
use maud::{Markup, html};

/// The maximum length of a value in the list of changes.
const LONGEST: usize = 200;

/// The number of locations of a change that are listed without collapsing.
const FEW: usize = 6;

/// The changes, by the anchors that they affect.
pub(super) struct Badges<'a> {
    compared: Option<Compared<'a>>,
    /// The changes of each anchor, by index.
    by_anchor: BTreeMap<String, Vec<(usize, Kind)>>,
}

/// The kind of a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Changed,
    Added,
    Removed,
}

impl Kind {
    /// Returns the kind of change for the item itself.
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

    fn class(self) -> String {
        format!("mark {}", self.word())
    }
}

/// A location on the page, and its locations in the document.
struct Place {
    anchor: String,
    pointers: Vec<String>,
}

impl<'a> Badges<'a> {
    /// Finds the locations of all changes.
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

    /// Returns the comparison that the page shows.
    pub(super) fn compared(&self) -> Option<Compared<'a>> {
        self.compared
    }

    /// A badge for an added or changed item, with a link to the change.
    pub(super) fn badge(&self, anchor: &str) -> Markup {
        html! {
            @if let Some((first, kind)) = self.at(anchor) {
                " " a class=(kind.class()) href=(target(&change_anchor(first))) { (kind.word()) }
            }
        }
    }

    /// The badge in the table of contents, without a link.
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

    /// The anchors that a change affects.
    fn anchors(&self, index: usize) -> Vec<&str> {
        let concerned = self.by_anchor.iter().filter(|(_, changes)| {
            let mut changes = changes.iter();
            changes.any(|(position, _)| *position == index)
        });
        concerned.map(|(anchor, _)| anchor.as_str()).collect()
    }
}

impl Page<'_> {
    /// Renders the list of all changes, most severe first.
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
                        ", " (changes.len()) @if changes.len() == 1 { " change" } @else { " changes" } " in all."
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
        let (old, new) = change.values(LONGEST);
        let anchors = self.badges.anchors(index);
        html! {
            span class=(kind.class()) { (kind.word()) } " "
            (severity(change.severity)) " "
            b { (change.subject) } " " code { (change.rule) }
            p {
                @if let Some(old) = old { del { (old) } " " }
                @if let Some(new) = new { ins { (new) } }
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

fn links(anchors: &[&str]) -> Markup {
    listed(anchors.iter().map(|anchor| {
        let name = anchor.strip_prefix("page.").unwrap_or(anchor);
        html! { a href=(target(anchor)) { (name) } }
    }))
}

fn change_anchor(index: usize) -> String {
    format!("change.{}", index + 1)
}

/// The rules for added items that have their own location; other additions are
/// changes of the containing item.
const NEW_THINGS: &[&str] = &[
    "operation-added",
    "field-added",
    "condition-added",
    "result-code-added",
    "code-added",
    "server-added",
];

/// The anchors that a change affects: the nearest containing item, and every
/// operation that uses it.
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

/// The part of a change's pointer that is also valid in the new document: the
/// indices of list items can differ.
fn known_part(change: &Change) -> String {
    let pointer = &change.location.pointer;
    if change.side == Side::New {
        return pointer.clone();
    }
    let is_name = |step: &&str| step.is_empty() || step.contains(|it: char| !it.is_ascii_digit());
    let steps: Vec<_> = pointer.split('/').take_while(is_name).collect();
    steps.join("/")
}

/// All locations on the page that can have a badge.
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
