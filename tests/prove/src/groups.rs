//! Edits that do not meet, proved together: none of them moves a module of the
//! consumer or an operation that another of them moves.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Generated;
use codegen::document::Node;
use spec_tools::diff::{Report, compare};

use crate::cases::Case;
use crate::consumer::consumer;
use crate::schemas::{OnWire, on_wire};

/// A version of the document with all that is made of it.
#[derive(Debug)]
pub(crate) struct Edition {
    /// Its text.
    pub(crate) text: String,
    /// Its tree.
    pub(crate) root: Node,
    /// What the generator makes of it.
    pub(crate) generated: Generated,
    /// The program that uses what was generated, by path.
    pub(crate) consumer: BTreeMap<String, String>,
    /// Its operations as they are on the wire.
    pub(crate) wire: BTreeMap<String, OnWire>,
}

impl Edition {
    /// Makes all that is made of a document.
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
            wire: on_wire(&root, &generated.api),
            text,
            root,
            generated,
        })
    }
}

/// An edit with what it moves.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The edit.
    pub(crate) case: Case,
    /// The document after it.
    pub(crate) edition: Edition,
    /// What `diff` says of it.
    pub(crate) report: Report,
    /// The modules of the consumer that read otherwise for the new version.
    pub(crate) modules: BTreeSet<String>,
    /// The operations that differ on the wire.
    pub(crate) operations: BTreeSet<String>,
}

impl Prepared {
    /// Looks at what an edit moves.
    pub(crate) fn new(case: &Case, base: &Edition) -> Result<Self, String> {
        let edition = Edition::new(case.apply(&base.text)?)?;
        let mut modules = moved(&base.consumer, &edition.consumer);
        // The roots only list the others.
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

/// The keys of what differs.
fn moved<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> BTreeSet<String> {
    let keys = old.keys().chain(new.keys());
    keys.filter(|key| old.get(*key) != new.get(*key))
        .cloned()
        .collect()
}

/// Edits that are proved together.
#[derive(Debug)]
pub(crate) struct Group<'p> {
    /// They.
    pub(crate) members: Vec<&'p Prepared>,
    /// The document after all of them.
    pub(crate) text: String,
}

impl<'p> Group<'p> {
    /// Takes an edit in, if it meets none that is in already, if `diff` sees of
    /// each what it sees of it alone, and if the generator takes all of them.
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

/// Packs edits into as few groups as come to hand, in their order.
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
