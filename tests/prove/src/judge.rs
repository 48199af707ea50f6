//! Whether what the compiler and the peers say is what `diff` says.

use std::collections::BTreeSet;

use codegen::Generated;
use spec_tools::diff::{Bump, Change, Impact, Part, Wire};
use spec_tools::public_api;

use crate::consumer::{CALLEE, CALLER, MESSAGES};
use crate::exceptions::{Shows, reason};
use crate::groups::{Edition, Group, Prepared};
use crate::wire::{Built, Deployed, Observed, Version, built, observe};
use crate::workspace::Compiled;

/// What came out for an edit.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// The edit.
    pub(crate) name: String,
    /// Its line in the file.
    pub(crate) line: usize,
    /// Where `diff` was not confirmed.
    pub(crate) doubts: Vec<String>,
    /// By what it was.
    pub(crate) evidence: Vec<String>,
    /// How many messages were sent for it.
    pub(crate) messages: usize,
}

/// One half of the code.
#[derive(Clone, Copy)]
struct Half {
    word: &'static str,
    /// The crate of the consumer that only this half has.
    consumer: &'static str,
    /// The generated crate that only this half has.
    krate: &'static str,
    /// What the half sends.
    sends: Part,
    bump: fn(&Impact) -> Bump,
}

const HALVES: [Half; 2] = [
    Half {
        word: "client",
        consumer: CALLER,
        krate: "client/",
        sends: Part::Request,
        bump: |impact| impact.client,
    },
    Half {
        word: "server",
        consumer: CALLEE,
        krate: "server/",
        sends: Part::Response,
        bump: |impact| impact.server,
    },
];

/// Judges every edit of a group.
pub(crate) fn judge(
    group: &Group,
    base: &Edition,
    compiled: &Compiled,
    before: &mut Version,
    after: &mut Version,
) -> Result<Vec<Proof>, String> {
    let mut proofs = Vec::new();
    for member in &group.members {
        let mut proof = Proof {
            name: member.case.name.clone(),
            line: member.case.line,
            doubts: Vec::new(),
            evidence: Vec::new(),
            messages: 0,
        };
        for half in HALVES {
            let shown = shown(half, member, compiled, before, after)?;
            code(half, member, base, &shown, &mut proof);
        }
        on_the_wire(member, before, after, &mut proof)?;
        proofs.push(proof);
    }
    let stray = compiled.errors.iter().find(|(file, _)| {
        let members = group.members.iter();
        !members
            .flat_map(|member| &member.modules)
            .any(|module| file.ends_with(module.as_str()))
    });
    if let (Some((file, error)), Some(proof)) = (stray, proofs.first_mut()) {
        proof.doubts.push(format!(
            "{file} does not compile, and no edit moved it: {error}"
        ));
    }
    Ok(proofs)
}

/// What was seen of a half.
struct Shown {
    /// The first error of the consumer.
    error: Option<String>,
    built: Built,
}

fn shown(
    half: Half,
    member: &Prepared,
    compiled: &Compiled,
    before: &mut Version,
    after: &mut Version,
) -> Result<Shown, String> {
    let mine = |module: &&String| {
        let krate = module.split('/').next().unwrap_or_default();
        krate == MESSAGES || krate == half.consumer
    };
    let mut modules = member.modules.iter().filter(mine);
    let error = modules.find_map(|module| {
        let mut errors = compiled.errors.iter();
        let (_, error) = errors.find(|(file, _)| file.ends_with(module.as_str()))?;
        Some(format!("{module}: {error}"))
    });
    let mut all = Built::default();
    for operation in &member.operations {
        let built = built(before, after, operation, half.sends)?;
        all.lost = all.lost.or(built.lost);
        all.gained = all.gained.or(built.gained);
    }
    Ok(Shown { error, built: all })
}

/// The bump of a half.
fn code(half: Half, member: &Prepared, base: &Edition, shown: &Shown, proof: &mut Proof) {
    let bump = (half.bump)(&member.report.impact);
    let word = format!("{} {}", half.word, bump.word());
    let (old, new) = (&base.generated, &member.edition.generated);
    let items = new_items(half, old, new);
    let rules = |shows: Shows| {
        let changes = member.report.changes.iter();
        let mut changes = changes.filter(|change| (half.bump)(&change.impact) == bump);
        changes.find_map(|change: &Change| reason(change.rule, shows))
    };
    let changes = member.report.changes.iter();
    let transport = changes.clone().any(|change| is_transport(member, change));
    let told = match (bump, &shown.error, &shown.built.lost) {
        (Bump::Major, Some(error), _) => Ok(format!("does not compile: {error}")),
        (Bump::Major, None, Some(lost)) if rules(Shows::Running).is_some() => {
            Ok(format!("no longer built: {lost}"))
        }
        (Bump::Major | Bump::Minor, None, None) if transport && code_differs(half, old, new) => {
            Ok("the code differs, and the transport goes by it".to_owned())
        }
        (Bump::Major, None, None) if rules(Shows::Nowhere).is_some() => {
            Ok(rules(Shows::Nowhere).unwrap_or_default().to_owned())
        }
        (Bump::Major, None, None) if rules(Shows::Running).is_some() && !checks(half, member) => {
            Ok(UNCHECKED.to_owned())
        }
        (Bump::Major, None, lost) => Err(format!(
            "it compiles, and what was built still is, or is not excepted ({lost:?})"
        )),
        (_, Some(error), _) => Err(format!("it does not compile: {error}")),
        (_, None, Some(lost)) => Err(format!("no longer built: {lost}")),
        (Bump::Minor, None, None) => {
            if let Some(item) = &items.gained {
                Ok(format!("new: {item}"))
            } else if let Some(gained) = &shown.built.gained {
                Ok(format!("now built: {gained}"))
            } else if rules(Shows::Code).is_some() && code_differs(half, old, new) {
                Ok("the code differs".to_owned())
            } else if let Some(reason) = rules(Shows::Nowhere) {
                Ok(reason.to_owned())
            } else if rules(Shows::Running).is_some() && !checks(half, member) {
                Ok(UNCHECKED.to_owned())
            } else {
                Err("nothing is new".to_owned())
            }
        }
        (Bump::Patch | Bump::None, None, None) => match (&items.first, &shown.built.gained) {
            (Some(item), _) => Err(format!("the public items differ: {item}")),
            (None, Some(gained)) => Err(format!("now built: {gained}")),
            (None, None) => Ok("compiles, and nothing is new".to_owned()),
        },
    };
    match told {
        Ok(evidence) => proof.evidence.push(format!("{word}: {evidence}")),
        Err(doubt) => proof.doubts.push(format!("{word}: {doubt}")),
    }
}

/// Why a constraint may change unseen.
const UNCHECKED: &str = "by rule alone: constraints are checked where a partner sends, and the \
                         half that builds this message is SkyPay's";

/// Whether the half builds, as a partner, any of the messages that change.
fn checks(half: Half, member: &Prepared) -> bool {
    let changes = member.report.changes.iter();
    let mut users = changes.flat_map(|change| &change.users);
    users.any(|user| {
        let partner = user.callback == (half.sends == Part::Response);
        user.part == Some(half.sends) && partner
    })
}

struct Items {
    /// The first item that came.
    gained: Option<String>,
    /// The first item that came or went.
    first: Option<String>,
}

/// How the public items of a half and of the types differ.
fn new_items(half: Half, old: &Generated, new: &Generated) -> Items {
    let items = |generated: &Generated| -> BTreeSet<String> {
        let mut files = public_api::files(generated);
        files.retain(|file| file.path.starts_with(half.krate) || file.path.starts_with("types/"));
        let lines = files.iter().flat_map(|file| file.text.lines());
        // Whether a code may be sent is no matter of the items.
        lines
            .map(|line| line.trim_end_matches(" read_only").to_owned())
            .collect()
    };
    let (old, new) = (items(old), items(new));
    Items {
        gained: new.difference(&old).next().cloned(),
        first: new.symmetric_difference(&old).next().cloned(),
    }
}

/// Whether the code of a half or of the types differs by more than comments.
fn code_differs(half: Half, old: &Generated, new: &Generated) -> bool {
    let code = |generated: &Generated| -> Vec<String> {
        let files = generated.files.iter().filter(|file| {
            let mine = file.path.starts_with(half.krate) || file.path.starts_with("types/");
            mine && file.path.contains("/src/")
        });
        let lines = files.flat_map(|file| file.text.lines());
        let lines = lines.map(str::trim).filter(|line| !line.starts_with("//"));
        lines.map(str::to_owned).collect()
    };
    code(old) != code(new)
}

/// Both verdicts about the wire.
fn on_the_wire(
    member: &Prepared,
    before: &mut Version,
    after: &mut Version,
    proof: &mut Proof,
) -> Result<(), String> {
    let impact = member.report.impact;
    for (word, deployed, said) in [
        ("wire_client", Deployed::Caller, impact.caller),
        ("wire_server", Deployed::Callee, impact.callee),
    ] {
        let mut worst = Observed {
            wire: Wire::Ok,
            evidence: "everything came through".to_owned(),
            messages: 0,
        };
        for operation in &member.operations {
            let observed = match deployed {
                Deployed::Caller => observe(before, after, deployed, operation)?,
                Deployed::Callee => observe(after, before, deployed, operation)?,
            };
            proof.messages += observed.messages;
            if observed.wire > worst.wire {
                worst = observed;
            }
        }
        let sent = |change: &&Change| match deployed {
            Deployed::Caller => change.impact.caller == said,
            Deployed::Callee => change.impact.callee == said,
        };
        let mut changes = member.report.changes.iter().filter(sent);
        let unsent = changes.find_map(|change| reason(change.rule, Shows::Unsent));
        let changes = member.report.changes.iter();
        let unvaried = changes.clone().any(|change| is_transport(member, change));
        let encoding = worst.evidence.starts_with("spelling ") && said == Wire::Break;
        let word = format!("{word} {}", said.word());
        let seen = format!("{word}: {} {}", worst.wire.word(), worst.evidence);
        let because = match unsent {
            _ if worst.wire == said => Some(seen.clone()),
            _ if worst.wire > said => None,
            Some(reason) => Some(reason.to_owned()),
            None if unvaried => {
                Some("the transport writes it, the same for all messages".to_owned())
            }
            None if encoding => Some(format!("forbidden, though our reader forgives it: {seen}")),
            None => None,
        };
        match because {
            Some(because) => proof.evidence.push(format!("{word}: {because}")),
            None => proof.doubts.push(seen),
        }
    }
    Ok(())
}

/// Whether a change is one of what the transport writes: credentials, the
/// envelope of an answer, or the table of its return codes.
fn is_transport(member: &Prepared, change: &Change) -> bool {
    let steps = change.location.pointer.split('/').skip(1);
    let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut node = Some(&member.edition.root);
    let mut found = false;
    for key in steps {
        node = node.and_then(|node| node.get(&key));
        found |= node.is_some_and(|node| {
            let codes = node
                .get("x-skypay-codes")
                .map(codegen::document::Node::items);
            let returned =
                codes.is_some_and(|codes| codes.iter().any(|code| code.get("outcome").is_some()));
            node.flag("x-skypay-transport") || returned
        });
    }
    found
}
