//! The list of changes. A change that several operations share is merged into one,
//! with the list of its users.

use std::collections::BTreeMap;

use codegen::Location;
use codegen::document::Node;

use super::impact::{Impact, Part, Role, Severity};

/// The document in which a location is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The document before the change.
    Old,
    /// The document after the change.
    New,
}

/// An operation that a change affects, and the message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct User {
    /// The `operationId`, in the new document if it has one.
    pub operation: String,
    /// The message; `None` if the operation itself changes.
    pub part: Option<Part>,
    /// Whether SkyPay calls it at the partner.
    pub callback: bool,
}

/// A change and its impact.
#[derive(Clone, Debug)]
pub struct Change {
    /// The kind of change. The names are stable.
    pub rule: &'static str,
    /// The name of the changed item, for display: `PayoutQueueRequest.amount`.
    pub subject: String,
    /// Its location, in the document that `side` names.
    pub location: Location,
    /// The document of `location`: the old one for removed items.
    pub side: Side,
    /// The nearest location in the new document, for annotations.
    pub near: Location,
    /// The old value.
    pub old: Option<String>,
    /// The new value.
    pub new: Option<String>,
    /// The impact on both sides.
    pub impact: Impact,
    /// The severity for the partner.
    pub severity: Severity,
    /// The lint rule that rejects the edit.
    pub lint: Option<&'static str>,
    /// The affected operations, sorted; empty for the document itself.
    pub users: Vec<User>,
}

impl Change {
    /// Returns the severity for an audience.
    #[must_use]
    pub fn severity_for(&self, role: Role) -> Severity {
        if self.lint.is_some() {
            return Severity::LintError;
        }
        match role {
            Role::Partner => self.severity,
            Role::Client => self.impact.for_caller(),
            Role::Server => self.impact.for_callee(),
        }
    }

    /// Returns the old and the new value, each on a line of at most `most` characters:
    /// of two long texts, the part in which they differ.
    #[must_use]
    pub fn values(&self, most: usize) -> Values {
        let on_a_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let [old, new] = [&self.old, &self.new].map(|text| text.as_deref().map(on_a_line));
        let from = match (&old, &new) {
            (Some(old), Some(new)) => start_of_difference(old, new, most),
            _ => 0,
        };
        let cut = |text: String| cut(&text, from, most);
        (old.map(cut), new.map(cut))
    }

    /// Returns an identifier of this change; see [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let (old, new) = (self.old.as_deref(), self.new.as_deref());
        fingerprint(self.rule, &self.location.pointer, old, new)
    }
}

/// Returns an identifier of a change: a hash of its rule, its pointer and both
/// values (FNV-1a, 64 bits). A different value is a different change and needs a
/// new decision.
#[must_use]
pub fn fingerprint(rule: &str, pointer: &str, old: Option<&str>, new: Option<&str>) -> String {
    let parts = [Some(rule), Some(pointer), old, new].into_iter();
    // The bytes 254 and 255 never occur in UTF-8, so different lists of parts have
    // different bytes.
    let bytes = parts.flat_map(|part| match part {
        Some(part) => part.bytes().chain(Some(0xff)),
        None => "".bytes().chain(Some(0xfe)),
    });
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The number of equal characters shown before a difference.
const CONTEXT: usize = 15;

/// Returns the index from which two texts are shown: shortly before the first
/// difference, if that is too far from the start.
fn start_of_difference(old: &str, new: &str, most: usize) -> usize {
    let same = old.chars().zip(new.chars());
    let same = same.take_while(|(old, new)| old == new).count();
    let longest = old.chars().count().max(new.chars().count());
    if longest <= most || same < most / 2 {
        return 0;
    }
    same - CONTEXT
}

/// Returns a text from a character index on, truncated if it is long.
fn cut(text: &str, from: usize, most: usize) -> String {
    let rest: String = text.chars().skip(from).collect();
    let start = if from == 0 { "" } else { "…" };
    if rest.chars().count() <= most {
        return format!("{start}{rest}");
    }
    let shown: String = rest.chars().take(most - 1).collect();
    format!("{start}{shown}…")
}

/// The context in which a change is seen, which determines whom it affects.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// An operation: its name, and whether SkyPay calls it at the partner.
    Operation(String, bool),
    /// The document: all callers and servers of SkyPay's operations.
    Api,
    /// The document: everything that the partner does.
    Everywhere,
    /// A component on its own: only the types change.
    Component,
}

impl Scope {
    fn severity(&self, impact: Impact) -> Severity {
        match self {
            Self::Operation(_, true) => impact.for_callee(),
            Self::Operation(_, false) | Self::Api => impact.for_caller(),
            Self::Everywhere | Self::Component => impact.for_caller().max(impact.for_callee()),
        }
    }
}

/// An old or new location.
pub(super) type At<'d> = (Side, &'d Location);

/// The old and the new value, as text.
pub type Values = (Option<String>, Option<String>);

/// Collects changes.
#[derive(Default)]
pub(super) struct Changes {
    found: BTreeMap<(&'static str, Side, String), Change>,
}

impl Changes {
    /// Records a change in the context of an operation, one of its messages, or the
    /// whole document.
    pub(super) fn note(
        &mut self,
        rule: &'static str,
        (side, location): At<'_>,
        (old, new): Values,
        (scope, part): (&Scope, Option<Part>),
        (impact, lint): (Impact, Option<&'static str>),
    ) {
        let severity = match lint {
            Some(_) => Severity::LintError,
            None => scope.severity(impact),
        };
        let key = (rule, side, location.pointer.clone());
        let change = self.found.entry(key).or_insert_with(|| Change {
            rule,
            subject: subject(&location.pointer),
            location: location.clone(),
            side,
            near: location.clone(),
            old,
            new,
            impact,
            severity,
            lint,
            users: Vec::new(),
        });
        change.impact = change.impact.worst(impact);
        change.severity = change.severity.max(severity);
        change.lint = change.lint.or(lint);
        if let Scope::Operation(operation, callback) = scope {
            change.users.push(User {
                operation: operation.clone(),
                part,
                callback: *callback,
            });
        }
    }

    /// Returns the changes, most severe first, then in the order of the document.
    pub(super) fn finish(self, new: &Node) -> Vec<Change> {
        let mut changes: Vec<_> = self.found.into_values().collect();
        for change in &mut changes {
            change.users.sort();
            change.users.dedup();
            if change.side == Side::Old {
                change.near = nearest(new, &change.location.pointer);
            }
        }
        changes.sort_by(|a, b| {
            let order = |change: &Change| (change.side, change.location.clone(), change.rule);
            (b.severity.cmp(&a.severity)).then_with(|| order(a).cmp(&order(b)))
        });
        changes
    }
}

/// The segments of a JSON pointer, unescaped.
fn steps(pointer: &str) -> impl Iterator<Item = String> {
    let steps = pointer.split('/').skip(1);
    steps.map(|step| step.replace("~1", "/").replace("~0", "~"))
}

/// The display name of the item at a pointer: `PayoutQueueRequest.amount`,
/// `payoutQueue`.
fn subject(pointer: &str) -> String {
    let steps: Vec<_> = steps(pointer).collect();
    match steps.first().map(String::as_str) {
        Some("components") => {
            let fields = steps.windows(2).skip(2);
            let fields = fields.filter(|pair| pair[0] == "properties");
            let fields = fields.map(|pair| pair[1].as_str());
            let component = steps.get(2).or(steps.last()).map(String::as_str);
            component
                .into_iter()
                .chain(fields)
                .collect::<Vec<_>>()
                .join(".")
        }
        Some("paths") => {
            let key = steps.get(1).map_or("", String::as_str);
            key.split_once('#')
                .map_or(key, |(_, label)| label)
                .to_owned()
        }
        _ => steps.join("."),
    }
}

/// The location of the longest prefix of a pointer that exists in another document.
fn nearest(root: &Node, pointer: &str) -> Location {
    let (mut location, mut node) = (&root.location, root);
    for step in steps(pointer) {
        if let Some(entry) = node.entry(&step) {
            (location, node) = (&entry.location, &entry.node);
        } else if let Some(item) = step.parse().ok().and_then(|at: usize| node.items().get(at)) {
            (location, node) = (&item.location, item);
        } else {
            break;
        }
    }
    location.clone()
}

#[cfg(test)]
mod tests {
    use super::{cut, start_of_difference};

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let check = |old: &str, new: &str, expected: [&str; 2]| {
            let from = start_of_difference(old, new, 60);
            assert_eq!([cut(old, from, 60), cut(new, from, 60)], expected);
        };
        check("a", "b", ["a", "b"]);
        let long = "word ".repeat(20);
        let (old, new) = (format!("{long}old end"), format!("{long}new end"));
        check(
            &old,
            &new,
            ["…word word word old end", "…word word word new end"],
        );
        let (old, new) = (format!("old {long}"), format!("new {long}"));
        let shown = "word ".repeat(11);
        let ends = [format!("old {shown}…"), format!("new {shown}…")];
        check(&old, &new, [&ends[0], &ends[1]]);
    }
}
