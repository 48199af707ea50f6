//! Compares the results of the compiler and the peers with those of `diff`.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use codegen::Generated;
use spec_tools::diff::{Bump, Change, Impact, Part, Wire};
use spec_tools::public_api;

use crate::consumer::{CALLEE, CALLER, MESSAGES};
use crate::exceptions::{Shows, reason};
use crate::groups::{Edition, Group, Prepared};
use crate::wire::{Built, Observed, Version, built, observe};
use crate::workspace::Compiled;

/// The result for an edit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// The edit.
    pub(crate) name: String,
    /// The line in the file.
    pub(crate) line: usize,
    /// Results of `diff` that were not confirmed.
    pub(crate) doubts: Vec<String>,
    /// The evidence for confirmed results.
    pub(crate) evidence: Vec<String>,
    /// The number of messages sent for it.
    pub(crate) messages: usize,
}

impl Proof {
    fn add(&mut self, verdict: &str, shown: Result<String, String>) {
        match shown {
            Ok(evidence) => self.evidence.push(format!("{verdict}: {evidence}")),
            Err(doubt) => self.doubts.push(format!("{verdict}: {doubt}")),
        }
    }
}

/// One half of the code, and the side of the wire where a program of it is old.
#[derive(Clone, Copy)]
struct Half {
    word: &'static str,
    /// The consumer crate that is specific to this half.
    consumer: &'static str,
    /// The part that the half sends.
    sends: Part,
    bump: fn(&Impact) -> Bump,
    wire: fn(&Impact) -> Wire,
}

const HALVES: [Half; 2] = [
    Half {
        word: "client",
        consumer: CALLER,
        sends: Part::Request,
        bump: |impact| impact.client,
        wire: |impact| impact.caller,
    },
    Half {
        word: "server",
        consumer: CALLEE,
        sends: Part::Response,
        bump: |impact| impact.server,
        wire: |impact| impact.callee,
    },
];

/// Verifies every edit of a group.
pub(crate) fn judge(
    group: &Group,
    base: &Edition,
    compiled: &Compiled,
    before: &Version,
    after: &Version,
) -> Result<Vec<Proof>, String> {
    let mut proofs = Vec::new();
    for member in &group.members {
        let mut proof = Proof {
            name: member.case.name().to_owned(),
            line: member.case.line,
            ..Proof::default()
        };
        for half in HALVES {
            let mut all = Built::default();
            for operation in &member.operations {
                let built = built(before, after, operation, half.sends)?;
                all.lost = all.lost.or(built.lost);
                all.gained = all.gained.or(built.gained);
            }
            let bump = (half.bump)(&member.report.impact);
            let shown = code(half, bump, member, base, error(half, member, compiled), all);
            proof.add(&format!("{} {}", half.word, bump.word()), shown);
            let said = (half.wire)(&member.report.impact);
            let mut seen = Observed::default();
            for operation in &member.operations {
                let observed = match half.sends {
                    Part::Request => observe(before, after, true, operation)?,
                    Part::Response => observe(after, before, false, operation)?,
                };
                seen.messages += observed.messages;
                seen.note(observed.wire, observed.evidence);
            }
            proof.messages += seen.messages;
            let shown = on_the_wire(half, said, member, &seen);
            proof.add(&format!("wire_{} {}", half.word, said.word()), shown);
        }
        proofs.push(proof);
    }
    let is_moved = |file: &str| {
        let mut modules = group.members.iter().flat_map(|member| &member.modules);
        modules.any(|module| file.ends_with(module.as_str()))
    };
    let stray = compiled.errors.iter().find(|(file, _)| !is_moved(file));
    if let (Some((file, error)), Some(proof)) = (stray, proofs.first_mut()) {
        let doubt = format!("it does not compile, and no edit moved it: {error}");
        proof.add(file, Err(doubt));
    }
    Ok(proofs)
}

/// Returns the first compiler error in the changed modules of a half.
fn error(half: Half, member: &Prepared, compiled: &Compiled) -> Option<String> {
    let mut modules = member.modules.iter().filter(|module| {
        let krate = module.split('/').next();
        krate == Some(MESSAGES) || krate == Some(half.consumer)
    });
    modules.find_map(|module| {
        let mut errors = compiled.errors.iter();
        let (_, error) = errors.find(|(file, _)| file.ends_with(module.as_str()))?;
        Some(format!("{module}: {error}"))
    })
}

/// Returns the evidence for the version bump of a half, or the reason why it is
/// not confirmed.
fn code(
    half: Half,
    bump: Bump,
    member: &Prepared,
    base: &Edition,
    error: Option<String>,
    built: Built,
) -> Result<String, String> {
    let changes = || member.report.changes.iter();
    let excepted = |shows: Shows| {
        let mut same = changes().filter(|change| (half.bump)(&change.impact) == bump);
        same.find_map(|change| reason(change.rule, shows))
    };
    let (old, new) = (&base.generated, &member.edition.generated);
    let differs = || source(half, old) != source(half, new);
    let unchecked = || excepted(Shows::Running).filter(|_| !checks(half, member));
    let by_rule = excepted(Shows::Nowhere).or_else(|| unchecked().map(|_| UNCHECKED));
    match (bump, error, built.lost) {
        (Bump::Major, Some(error), _) => return Ok(format!("does not compile: {error}")),
        (Bump::Major, None, Some(lost)) if excepted(Shows::Running).is_some() => {
            return Ok(format!("no longer built: {lost}"));
        }
        (Bump::Major, None, Some(lost)) => return Err(format!("not excepted: {lost}")),
        (_, Some(error), _) => return Err(format!("it does not compile: {error}")),
        (_, None, Some(lost)) => return Err(format!("no longer built: {lost}")),
        (_, None, None) => {}
    }
    let (old_items, new_items) = (items(half, old), items(half, new));
    if bump < Bump::Minor {
        let item = new_items.symmetric_difference(&old_items).next();
        return match (item, built.gained) {
            (Some(item), _) => Err(format!("the public items differ: {item}")),
            (None, Some(gained)) => Err(format!("now built: {gained}")),
            (None, None) => Ok("compiles, and nothing is new".to_owned()),
        };
    }
    if changes().any(|change| is_transport(member, change)) && differs() {
        return Ok("the code differs, and the transport goes by it".to_owned());
    }
    if bump == Bump::Major {
        let doubt = "it compiles, and what was built still is".to_owned();
        return by_rule.map(str::to_owned).ok_or(doubt);
    }
    if let Some(item) = new_items.difference(&old_items).next() {
        return Ok(format!("new: {item}"));
    }
    if let Some(gained) = built.gained {
        return Ok(format!("now built: {gained}"));
    }
    if excepted(Shows::Code).is_some() && differs() {
        return Ok("the code differs".to_owned());
    }
    by_rule
        .map(str::to_owned)
        .ok_or_else(|| "nothing is new".to_owned())
}

/// The reason why a changed constraint may be unobservable.
const UNCHECKED: &str = "by rule alone: constraints are checked where a partner sends, and the \
                         half that builds this message is SkyPay's";

/// Whether the half, as a partner, builds any of the changed messages.
fn checks(half: Half, member: &Prepared) -> bool {
    let changes = member.report.changes.iter();
    let mut users = changes.flat_map(|change| &change.users);
    users.any(|user| {
        let partner = user.callback == (half.sends == Part::Response);
        user.part == Some(half.sends) && partner
    })
}

fn is_of(half: Half, path: &str) -> bool {
    path.starts_with("types/") || path.split('/').next() == Some(half.word)
}

/// Returns the public items of a half and of the types. Whether a code is
/// read-only is ignored.
fn items(half: Half, generated: &Generated) -> BTreeSet<String> {
    let files = public_api::files(generated).into_iter();
    let texts = files
        .filter(|file| is_of(half, &file.path))
        .map(|file| file.text);
    let lines = texts.flat_map(|text| {
        let lines = text
            .lines()
            .map(|line| line.trim_end_matches(" read_only").to_owned());
        lines.collect::<Vec<_>>()
    });
    lines.collect()
}

/// Returns the code of a half and of the types, without comments.
fn source(half: Half, generated: &Generated) -> Vec<&str> {
    let files = generated.files.iter();
    let files = files.filter(|file| is_of(half, &file.path) && file.path.contains("/src/"));
    let lines = files.flat_map(|file| file.text.lines()).map(str::trim);
    lines.filter(|line| !line.starts_with("//")).collect()
}

/// Returns the evidence for the impact on the wire where a half is old, or the
/// reason why it is not confirmed.
fn on_the_wire(
    half: Half,
    said: Wire,
    member: &Prepared,
    seen: &Observed,
) -> Result<String, String> {
    let shown = format!("{} {}", seen.wire.word(), seen.evidence);
    let changes = || member.report.changes.iter();
    let mut same = changes().filter(|change| (half.wire)(&change.impact) == said);
    let unsent = same.find_map(|change| reason(change.rule, Shows::Unsent));
    match (seen.wire.cmp(&said), unsent) {
        (Ordering::Equal, _) => Ok(shown),
        (Ordering::Less, Some(reason)) => Ok(reason.to_owned()),
        (Ordering::Less, None) if changes().any(|change| is_transport(member, change)) => {
            Ok("the transport writes it, the same for all messages".to_owned())
        }
        (Ordering::Less, None) if seen.evidence.starts_with("encoding ") && said == Wire::Break => {
            Ok(format!("forbidden, though our reader forgives it: {shown}"))
        }
        _ => Err(shown),
    }
}

/// Whether a change concerns fields that the transport writes: credentials, the
/// header fields of a response, or the table of its return codes.
fn is_transport(member: &Prepared, change: &Change) -> bool {
    let mut node = Some(&member.edition.root);
    let mut steps = change.location.pointer.split('/').skip(1);
    steps.any(|step| {
        let key = step.replace("~1", "/").replace("~0", "~");
        node = node.and_then(|node| node.get(&key));
        node.is_some_and(|node| {
            let mut codes = node.items_of("x-skypay-codes").iter();
            node.flag("x-skypay-transport") || codes.any(|code| code.get("outcome").is_some())
        })
    })
}
