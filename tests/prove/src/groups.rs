//! Groups of independent edits that are verified together: no two of them change
//! the same consumer module or operation.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Generated;
use codegen::document::Node;
use edits::Case;
use spec_tools::diff::{Report, compare};

use crate::consumer::consumer;
use crate::schemas::{OnWire, on_wire};

/// A version of the document with everything derived from it.
#[derive(Debug)]
pub(crate) struct Edition {
    /// The text.
    pub(crate) text: String,
    /// The parsed document.
    pub(crate) root: Node,
    /// The generated crates.
    pub(crate) generated: Generated,
    /// The files of the consumer program, by path.
    pub(crate) consumer: BTreeMap<String, String>,
    /// The operations on the wire.
    pub(crate) wire: BTreeMap<String, OnWire>,
}

impl Edition {
    /// Derives everything from a document.
    pub(crate) fn new(text: String) -> Result<Self, String> {
        let refused = |diagnostics: codegen::Diagnostics| {
            let diagnostics = diagnostics.as_slice();
            diagnostics.first().map_or_else(String::new, |diagnostic| {
                format!("[{}] {}", diagnostic.rule, diagnostic.message)
            })
        };
        let root = spec_tools::diff::read(&text).map_err(refused)?;
        let generated = codegen::generate(&text).map_err(refused)?;
        Ok(Self {
            consumer: consumer(&generated)?,
            wire: on_wire(&root.json(), &generated.api),
            text,
            root,
            generated,
        })
    }
}

/// An edit with its effects.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The edit.
    pub(crate) case: Case,
    /// The document after the edit.
    pub(crate) edition: Edition,
    /// The report of `diff`.
    pub(crate) report: Report,
    /// The modules of the consumer that differ for the new version.
    pub(crate) modules: BTreeSet<String>,
    /// The operations that differ on the wire.
    pub(crate) operations: BTreeSet<String>,
}

impl Prepared {
    /// Determines the effects of an edit.
    pub(crate) fn new(case: &Case, base: &Edition) -> Result<Self, String> {
        let edition = Edition::new(case.apply(&base.text)?)?;
        let mut modules = moved(&base.consumer, &edition.consumer);
        // The roots only list the other modules.
        modules.retain(|path| !path.ends_with("/lib.rs"));
        Ok(Self {
            report: compare(&base.root, &edition.root),
            operations: moved(&base.wire, &edition.wire),
            modules,
            case: case.clone(),
            edition,
        })
    }
}

/// Returns the keys whose values differ.
fn moved<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> BTreeSet<String> {
    let keys = old.keys().chain(new.keys());
    keys.filter(|key| old.get(*key) != new.get(*key))
        .cloned()
        .collect()
}

/// Edits that are verified together.
#[derive(Debug)]
pub(crate) struct Group<'p> {
    /// The edits.
    pub(crate) members: Vec<&'p Prepared>,
    /// The document after all of them.
    pub(crate) text: String,
}

impl<'p> Group<'p> {
    /// Adds an edit if it is independent of all members, if `diff` reports the
    /// same changes together as for each alone, and if the generator accepts all
    /// of them.
    fn take(&mut self, candidate: &'p Prepared, base: &Edition) -> Option<()> {
        let apart = self.members.iter().all(|member| {
            member.modules.is_disjoint(&candidate.modules)
                && member.operations.is_disjoint(&candidate.operations)
        });
        if !apart {
            return None;
        }
        let text = candidate.case.apply(&self.text).ok()?;
        let root = spec_tools::diff::read(&text).ok()?;
        let all = self.members.iter().copied().chain([candidate]);
        let alone: BTreeSet<_> = all.flat_map(|member| changes(&member.report)).collect();
        let together: BTreeSet<_> = changes(&compare(&base.root, &root)).collect();
        if alone != together || codegen::generate(&text).is_err() {
            return None;
        }
        self.text = text;
        self.members.push(candidate);
        Some(())
    }
}

fn changes(report: &Report) -> impl Iterator<Item = String> {
    let changes = report.changes.iter();
    changes.map(|change| change.subject.clone() + change.rule)
}

/// Groups edits greedily, in their order.
pub(crate) fn packed<'p>(all: &'p [Prepared], base: &Edition) -> Vec<Group<'p>> {
    let mut groups: Vec<Group> = Vec::new();
    for candidate in all {
        let mut room = groups.iter_mut();
        if !room.any(|group| group.take(candidate, base).is_some()) {
            groups.push(Group {
                members: vec![candidate],
                text: candidate.edition.text.clone(),
            });
        }
    }
    groups
}
