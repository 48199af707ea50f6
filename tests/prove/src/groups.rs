//! Edits that do not meet, proved together: none of them moves a module of the
//! consumer or an operation that another of them moves.

use std::collections::{BTreeMap, BTreeSet};

use codegen::Generated;
use codegen::document::Node;
use spec_tools::diff::{Report, compare};

use crate::cases::Case;
use crate::consumer::consumer;
use crate::schemas::{OnWire, on_wire};
use crate::wire::differing;

/// A version of the document with all that is made of it.
#[derive(Debug)]
pub(crate) struct Edition {
    /// Its text.
    pub(crate) text: String,
    /// Its tree.
    pub(crate) root: Node,
    /// What the generator makes of it.
    pub(crate) generated: Generated,
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
        let wire = on_wire(&root, &generated.api);
        Ok(Self {
            text,
            root,
            generated,
            wire,
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
        Ok(Self {
            report: compare(&base.root, &edition.root),
            modules: moved(base, &edition),
            operations: differing(&base.wire, &edition.wire),
            case: case.clone(),
            edition,
        })
    }
}

/// The modules of the consumer that differ; the roots only list them.
fn moved(base: &Edition, edition: &Edition) -> BTreeSet<String> {
    let old = consumer(&base.generated.api);
    let new = consumer(&edition.generated.api);
    let paths = old.keys().chain(new.keys());
    let moved = paths.filter(|path| old.get(*path) != new.get(*path));
    moved
        .filter(|path| !path.ends_with("/lib.rs"))
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
    /// One edit by itself.
    pub(crate) fn alone(member: &'p Prepared) -> Self {
        Self {
            text: member.edition.text.clone(),
            members: vec![member],
        }
    }

    /// These edits together.
    fn of(members: &[&'p Prepared], base: &Edition) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for member in members {
            let taken = groups.iter_mut().any(|group| group.take(member, base));
            if !taken {
                groups.push(Self::alone(member));
            }
        }
        groups
    }

    /// Takes an edit in, if it meets none that is in already.
    fn take(&mut self, candidate: &'p Prepared, base: &Edition) -> bool {
        let apart = self.members.iter().all(|member| {
            member.modules.is_disjoint(&candidate.modules)
                && member.operations.is_disjoint(&candidate.operations)
        });
        if !apart {
            return false;
        }
        let Some(text) = self.together(candidate, base) else {
            return false;
        };
        self.text = text;
        self.members.push(candidate);
        true
    }

    /// The document after these and one more, if `diff` sees of each what it
    /// sees of it alone.
    fn together(&self, candidate: &Prepared, base: &Edition) -> Option<String> {
        let text = candidate.case.apply(&self.text).ok()?;
        let root = spec_tools::diff::read(&text).ok()?;
        let all = self.members.iter().copied().chain([candidate]);
        let alone: BTreeSet<_> = all
            .flat_map(|member| fingerprints(&member.report))
            .collect();
        let report = compare(&base.root, &root);
        (fingerprints(&report).collect::<BTreeSet<_>>() == alone).then_some(text)
    }
}

fn fingerprints(report: &Report) -> impl Iterator<Item = String> {
    report
        .changes
        .iter()
        .map(|change| change.subject.clone() + change.rule)
}

/// Packs edits into as few groups as come to hand, in their order.
pub(crate) fn packed<'p>(all: &'p [Prepared], base: &Edition) -> Vec<Group<'p>> {
    let mut groups: Vec<Group> = Vec::new();
    for candidate in all {
        if !groups.iter_mut().any(|group| group.take(candidate, base)) {
            groups.push(Group::alone(candidate));
        }
    }
    groups
        .into_iter()
        .flat_map(|group| generable(group, base))
        .collect()
}

/// A group that the generator takes, or the same in halves: what it refuses of
/// many edits together, it takes of some of them.
fn generable<'p>(group: Group<'p>, base: &Edition) -> Vec<Group<'p>> {
    if group.members.len() == 1 || codegen::generate(&group.text).is_ok() {
        return vec![group];
    }
    let (first, second) = group.members.split_at(group.members.len() / 2);
    let halves = [first, second].map(|members| Group::of(members, base));
    halves
        .into_iter()
        .flatten()
        .flat_map(|half| generable(half, base))
        .collect()
}
