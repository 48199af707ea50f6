//! Changes, each once: what several operations share is noted by each of
//! them and merged here, with the list of its users.

use std::collections::BTreeMap;

use codegen::Location;
use codegen::document::Node;

use super::impact::{Impact, Part, Role, Severity};

/// In which of the two documents something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The document from before the change.
    Old,
    /// The document after it.
    New,
}

/// An operation that a change touches, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct User {
    /// The operationId, in the new document where it has one.
    pub operation: String,
    /// The message; nothing, if the operation itself changes.
    pub part: Option<Part>,
    /// Whether SkyPay calls it at the partner.
    pub callback: bool,
}

/// One change and what it means.
#[derive(Clone, Debug)]
pub struct Change {
    /// The kind of change; stable.
    pub rule: &'static str,
    /// What changes, as people call it: `PayoutQueueRequest.amount`.
    pub subject: String,
    /// Where it stands, in the document named by `side`.
    pub location: Location,
    /// The document of `place`: the old one for what is gone.
    pub side: Side,
    /// The nearest place in the new document, for annotations.
    pub near: Location,
    /// What stood there.
    pub old: Option<String>,
    /// What stands there now.
    pub new: Option<String>,
    /// What it means for both sides.
    pub impact: Impact,
    /// What it means for the partner.
    pub severity: Severity,
    /// The lint rule that must refuse the edit.
    pub lint: Option<&'static str>,
    /// The operations that it touches, sorted; none for the document itself.
    pub users: Vec<User>,
}

impl Change {
    /// The severity for somebody.
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

    /// A name for this change; see [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let (old, new) = (self.old.as_deref(), self.new.as_deref());
        fingerprint(self.rule, &self.location.pointer, old, new)
    }
}

/// The name of a change, made of its rule, its pointer and both values (FNV-1a,
/// 64 bits): another value is another change, and is decided on anew.
#[must_use]
pub fn fingerprint(rule: &str, pointer: &str, old: Option<&str>, new: Option<&str>) -> String {
    let parts = [Some(rule), Some(pointer), old, new].into_iter();
    // No byte of UTF-8 is 254 or 255, so that no two lists of parts are alike.
    let bytes = parts.flat_map(|part| match part {
        Some(part) => part.bytes().chain(Some(0xff)),
        None => "".bytes().chain(Some(0xfe)),
    });
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Where a change is seen from.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// From an operation, or from one of its messages.
    Use(User),
    /// From the document: everybody who calls or serves SkyPay's operations.
    Api,
    /// From the document, for anything that the partner does.
    Everywhere,
}

impl Scope {
    fn severity(&self, impact: Impact) -> Severity {
        match self {
            Self::Use(user) if user.callback => impact.for_callee(),
            Self::Use(_) | Self::Api => impact.for_caller(),
            Self::Everywhere => impact.for_caller().max(impact.for_callee()),
        }
    }
}

/// A change as it is noted, before its uses are merged.
pub(super) struct Finding<'d> {
    pub(super) rule: &'static str,
    pub(super) subject: String,
    pub(super) at: (Side, &'d Location),
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) lint: Option<&'static str>,
}

/// All changes so far.
#[derive(Default)]
pub(super) struct Changes {
    found: BTreeMap<Key, Change>,
}

type Key = (&'static str, Side, String);

impl Changes {
    /// Notes a change as one of its users sees it.
    pub(super) fn note(&mut self, finding: Finding<'_>, scope: &Scope, impact: Impact) {
        let (side, location) = finding.at;
        let user = match scope {
            Scope::Use(user) => Some(user.clone()),
            Scope::Api | Scope::Everywhere => None,
        };
        let severity = match finding.lint {
            Some(_) => Severity::LintError,
            None => scope.severity(impact),
        };
        let key = (finding.rule, side, location.pointer.clone());
        let change = self.found.entry(key).or_insert_with(|| Change {
            rule: finding.rule,
            subject: finding.subject,
            location: location.clone(),
            side,
            near: location.clone(),
            old: finding.old,
            new: finding.new,
            impact,
            severity,
            lint: finding.lint,
            users: Vec::new(),
        });
        change.impact = change.impact.worst(impact);
        change.severity = change.severity.max(severity);
        change.lint = change.lint.or(finding.lint);
        change.users.extend(user);
    }

    /// The changes, worst first, then in the order of the document.
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

/// The place that is left of a pointer in another document.
fn nearest(root: &Node, pointer: &str) -> Location {
    let mut location = &root.location;
    let mut node = root;
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let item = step.parse::<usize>().ok();
        if let Some(entry) = node.entries().iter().find(|entry| entry.key == key) {
            location = &entry.location;
            node = &entry.node;
        } else if let Some(item) = item.and_then(|index| node.items().get(index)) {
            location = &item.location;
            node = item;
        } else {
            break;
        }
    }
    location.clone()
}
