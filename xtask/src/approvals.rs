//! Approved breaking changes: the file beside the document that lists them, each
//! with its reason and the version in which the approval expires.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use codegen::Location;
use serde::{Deserialize, Serialize};
use spec_tools::diff::{Bump, Change, Report, Version, fingerprint};
use toml::Spanned;

use crate::report::{Finding, Level};

/// Path of the file, relative to the workspace root.
pub const APPROVALS: &str = "spec/approved-breaks.toml";

/// The header of a new file.
const HEADER: &str = "\
# Breaks of skypay.yaml that were decided on. Written by `cargo xtask spec approve`;
# an entry goes when the document reaches the version in which it expires.
";

/// The entries of the file, in file order.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    entries: Vec<Entry>,
}

/// An approved breaking change.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Identifies the change; derived from `rule`, `pointer`, `old` and `new`.
    pub fingerprint: String,
    /// The kind of change.
    pub rule: String,
    /// The location of the change.
    pub pointer: String,
    /// The old value.
    pub old: Option<String>,
    /// The new value.
    pub new: Option<String>,
    /// The reason for the approval.
    pub reason: String,
    /// The version of the document in which the entry has to be removed.
    pub expires: Version,
    /// The location of the entry in the file.
    #[serde(skip, default = "start")]
    pub location: Location,
}

/// The content of the file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File<T> {
    #[serde(default = "Vec::new", rename = "break")]
    breaks: Vec<T>,
}

fn start() -> Location {
    Location::new(1, 1, "")
}

impl Approvals {
    /// Reads the file of a workspace; a missing file has no entries.
    pub fn read(root: &Path) -> Result<Self, String> {
        Self::parse(&text(root)?, APPROVALS)
    }

    /// Parses the text of an approvals file.
    pub fn parse(text: &str, file: &str) -> Result<Self, String> {
        let parsed: File<Spanned<Entry>> = toml::from_str(text).map_err(|error| {
            let location = location(text, error.span().map_or(0, |span| span.start));
            let message = error.message().lines().next().unwrap_or_default();
            format!("{file}:{}:{}: {message}", location.line, location.column)
        })?;
        let mut entries: Vec<Entry> = Vec::new();
        for raw in parsed.breaks {
            let location = location(text, raw.span().start);
            let at = format!("{file}:{}:{}", location.line, location.column);
            let entry =
                checked(raw.into_inner(), location).map_err(|why| format!("{at}: {why}"))?;
            if entries
                .iter()
                .any(|other| other.fingerprint == entry.fingerprint)
            {
                return Err(format!(
                    "{at}: `{}` stands twice: keep one of the two",
                    entry.fingerprint
                ));
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// Returns the entry that approves a change and has not expired in this
    /// version of the document. A change that fails the lint is never approved.
    #[must_use]
    pub fn approving(&self, change: &Change, version: Option<Version>) -> Option<&Entry> {
        if change.lint.is_some() {
            return None;
        }
        let entry = self.find(&change.fingerprint())?;
        (!entry.has_expired(version)).then_some(entry)
    }

    fn find(&self, fingerprint: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.fingerprint == fingerprint)
    }

    /// Rejects an entry that lasts too long: for a change of this edit, the limit
    /// is the minor version after the one that the edit needs; for any other
    /// change, the longest that any edit could have requested.
    ///
    /// # Errors
    ///
    /// The first such entry, with its location; documents without versions.
    pub fn within_limits(&self, report: &Report) -> Result<(), String> {
        let changes: BTreeSet<_> = report.changes.iter().map(Change::fingerprint).collect();
        for entry in &self.entries {
            let bump = if changes.contains(&entry.fingerprint) {
                report.types()
            } else {
                Bump::Major
            };
            let limit = needed_version(report, bump)?.next(Bump::Minor);
            if entry.expires > limit {
                let location = &entry.location;
                return Err(format!(
                    "{APPROVALS}:{}:{}: `expires` is {}, but an approval lasts at most until \
                     {limit}: write that, or remove the entry and let `cargo xtask spec approve` write \
                     it",
                    location.line, location.column, entry.expires
                ));
            }
        }
        Ok(())
    }

    /// Returns the entries that have to be removed: expired ones, and those that
    /// this edit added but that match none of its changes. An entry that existed
    /// before has already matched; `before` is `None` where that is unknown.
    #[must_use]
    pub fn stale(&self, report: &Report, before: Option<&Self>) -> Vec<Finding> {
        let version = Version::parse(&report.new_version);
        let changes: BTreeSet<_> = report.changes.iter().map(Change::fingerprint).collect();
        let mut findings = Vec::new();
        for entry in &self.entries {
            let is_old = before.is_none_or(|before| before.find(&entry.fingerprint).is_some());
            if entry.has_expired(version) {
                findings.push(entry.finding(
                    "expired-approval",
                    &format!("expired in {}: remove the entry", entry.expires),
                ));
            } else if !is_old && !changes.contains(&entry.fingerprint) {
                findings.push(entry.finding(
                    "unneeded-approval",
                    "matches no change of this edit: remove the entry",
                ));
            }
        }
        findings
    }
}

impl Entry {
    fn has_expired(&self, version: Option<Version>) -> bool {
        version.is_some_and(|version| version >= self.expires)
    }

    fn finding(&self, rule: &str, what: &str) -> Finding {
        let message = format!("the approval of {} at {} {what}", self.rule, self.pointer);
        Finding {
            pointer: self.pointer.clone(),
            ..Finding::new(Level::Error, rule, APPROVALS, &self.location, message)
        }
    }
}

/// Returns the version that the document needs after an edit with this bump.
pub(crate) fn needed_version(report: &Report, bump: Bump) -> Result<Version, String> {
    let now = Version::try_from(report.new_version.clone())?;
    let old = Version::try_from(report.old_version.clone())?;
    Ok(old.next(bump).max(now))
}

fn checked(entry: Entry, location: Location) -> Result<Entry, String> {
    let (name, old, new) = (
        &entry.fingerprint,
        entry.old.as_deref(),
        entry.new.as_deref(),
    );
    let named = fingerprint(&entry.rule, &entry.pointer, old, new);
    if *name != named {
        return Err(format!(
            "`fingerprint` is `{name}`, but rule, pointer, old and new value make `{named}`: let \
             `cargo xtask spec approve` write the entry"
        ));
    }
    Ok(Entry {
        reason: one_line(&entry.reason)?,
        location,
        ..entry
    })
}

/// Validates a reason and returns it on one line.
pub(crate) fn one_line(reason: &str) -> Result<String, String> {
    let words: Vec<_> = reason.split_whitespace().collect();
    if words.is_empty() {
        return Err("the reason is empty: say why the break is right".to_owned());
    }
    Ok(words.join(" "))
}

/// Appends an entry to the file, which is replaced atomically.
pub(crate) fn add(root: &Path, entry: &Entry) -> Result<(), String> {
    let mut text = text(root)?;
    if text.is_empty() {
        text.push_str(HEADER);
    }
    let file = File {
        breaks: vec![entry],
    };
    let entry =
        toml::to_string(&file).map_err(|error| format!("cannot write the entry: {error}"))?;
    text = format!("{}\n\n{entry}", text.trim_end_matches('\n'));
    Approvals::parse(&text, APPROVALS)?;
    crate::atomic_write::write(&root.join(APPROVALS), &text)
        .map_err(|error| format!("cannot write {APPROVALS}: {error}"))
}

fn text(root: &Path) -> Result<String, String> {
    match fs::read_to_string(root.join(APPROVALS)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("cannot read {APPROVALS}: {error}")),
    }
}

/// Returns the line and column of a byte offset in a text.
fn location(text: &str, offset: usize) -> Location {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    Location::new(
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
        "",
    )
}
