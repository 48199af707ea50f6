//! Compares objects: their fields, and the conditions between them.

use heck::ToSnakeCase;
use strsim::levenshtein;

use codegen::document::{Entry, Node};

use super::changes::{Side, Values};
use super::impact::{Bump, Impact, Part, Wire};
use super::keywords::WORDS;
use super::pattern;
use super::schema::{constraint_rule, signature};
use super::view::View;
use super::walk::{Walk, paired, same};

/// When a field is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    /// Not always.
    Optional,
    /// In every successful response.
    OnSuccess,
    /// Always.
    Always,
}

impl Presence {
    fn word(self) -> String {
        let word = match self {
            Self::Optional => "optional",
            Self::OnSuccess => "there on success",
            Self::Always => "required",
        };
        word.to_owned()
    }
}

/// A property and whether its object requires it.
struct Field<'d> {
    entry: &'d Entry,
    view: View<'d>,
    presence: Presence,
}

impl<'d> Field<'d> {
    fn all(root: &'d Node, object: &View<'d>) -> Vec<Self> {
        let required = object.required();
        let field = |entry: &'d Entry| {
            let view = View::new(root, &entry.node);
            let presence = match required.contains(entry.key.as_str()) {
                true => Presence::Always,
                false if view.flag("x-skypay-on-success") => Presence::OnSuccess,
                false => Presence::Optional,
            };
            Self {
                entry,
                view,
                presence,
            }
        };
        object.properties().into_iter().map(field).collect()
    }

    fn wire(&self) -> &'d str {
        &self.entry.key
    }

    fn rust(&self) -> String {
        let named = self.view.text("x-skypay-rust-name");
        named.map_or_else(|| self.wire().to_snake_case(), str::to_owned)
    }

    fn insists(&self) -> bool {
        self.presence != Presence::Optional
    }

    fn is_list(&self) -> bool {
        self.view.text("type") == Some("array")
    }

    /// Whether the transport writes it, so that the types do not have it.
    fn fixed(&self, part: Part) -> bool {
        self.view.flag("x-skypay-constant")
            || (self.view.flag("x-skypay-transport") && part == Part::Request)
    }

    /// Whether a message with another name of the field is accepted: by an alias,
    /// or because case and whitespace are ignored.
    fn reads(&self, name: &str) -> bool {
        folded(name) == folded(self.wire()) || self.aliases().contains(&folded(name))
    }

    fn aliases(&self) -> Vec<String> {
        let aliases = self.view.get("x-skypay-aliases").map(Node::items);
        let aliases = aliases.unwrap_or_default().iter().filter_map(Node::text);
        aliases.map(folded).collect()
    }
}

fn folded(name: &str) -> String {
    name.replace(' ', "").to_lowercase()
}

impl<'d> Walk<'d> {
    /// Compares the keywords that only objects have.
    pub(super) fn object(&mut self, a: &View<'d>, b: &View<'d>) {
        self.plain_texts(a, b);
        self.conditions(a, b);
        let (old, new) = (Field::all(self.old, a), Field::all(self.new, b));
        let mut added = Vec::new();
        let mut removed = Vec::new();
        for pair in paired(&old, &new, &[&|a, b| a.wire() == b.wire()]) {
            match pair {
                (Some(old), Some(new)) => self.field(old, new),
                (old, new) => {
                    removed.extend(old);
                    added.extend(new);
                }
            }
        }
        for old in removed {
            if let Some(index) = self.renamed(old, &added) {
                self.rename(old, added.remove(index));
            } else {
                let impact = Impact::field_removed(self.request_or(), old.insists());
                let values = (Some(old.presence.word()), None);
                self.note_field("field-removed", old, Side::Old, values, impact);
            }
        }
        for new in added {
            let impact = Impact::field_added(new.insists());
            let values = (None, Some(new.presence.word()));
            self.note_field("field-added", new, Side::New, values, impact);
        }
    }

    fn plain_texts(&mut self, a: &View<'d>, b: &View<'d>) {
        let key = "x-skypay-accepts-plain";
        let pair = (a.get(key), b.get(key));
        let impact = match pair.0 {
            None => Impact::ADDED,
            Some(_) => Impact::CALLER_RISKS,
        };
        if !same(pair) {
            self.note("plain-text-changed", pair, impact);
        }
    }

    /// Returns the message. A component on its own is treated as a request.
    fn request_or(&self) -> Part {
        self.part.unwrap_or(Part::Request)
    }

    fn is_fixed(&self, field: &Field<'d>) -> bool {
        field.fixed(self.request_or())
    }

    fn note_field(
        &mut self,
        rule: &'static str,
        field: &Field<'d>,
        side: Side,
        values: Values,
        impact: Impact,
    ) {
        let at = (side, &field.entry.location);
        self.with_fixed(self.is_fixed(field), |walk| {
            walk.note_at(rule, at, values, impact);
        });
    }

    fn with_fixed(&mut self, fixed: bool, then: impl FnOnce(&mut Self)) {
        let outer = self.fixed;
        self.fixed |= fixed;
        then(self);
        self.fixed = outer;
    }

    /// Returns the index of the added field that is the old one under another name.
    fn renamed(&self, old: &Field<'d>, added: &[&Field<'d>]) -> Option<usize> {
        let shape = signature(self.old, &old.view);
        let likeness = |new: &Field<'d>| {
            if new.reads(old.wire()) || old.reads(new.wire()) || old.rust() == new.rust() {
                return Some(0);
            }
            let equal = old.presence == new.presence && shape == signature(self.new, &new.view);
            equal.then(|| levenshtein(old.wire(), new.wire()))
        };
        let candidates = added.iter().enumerate();
        candidates
            .filter_map(|(index, new)| Some((likeness(new)?, index)))
            .min()
            .map(|(_, index)| index)
    }

    fn rename(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let mut impact = Impact::field_removed(self.request_or(), old.insists())
            .worst(Impact::field_added(new.insists()));
        if new.reads(old.wire()) {
            impact.caller = Wire::Ok;
        }
        if old.reads(new.wire()) {
            impact.callee = Wire::Ok;
        }
        if old.rust() == new.rust() {
            impact = impact.with_bump(Bump::Patch);
        }
        let values = (Some(old.wire().to_owned()), Some(new.wire().to_owned()));
        let at = (Side::New, &new.entry.location);
        self.with_fixed(self.is_fixed(old) && self.is_fixed(new), |walk| {
            walk.note_at("field-renamed", at, values, impact);
        });
        self.field_itself(old, new);
    }

    fn field(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let (from, to) = (old.rust(), new.rust());
        if from != to && !(self.is_fixed(old) && self.is_fixed(new)) {
            let at = (Side::New, &new.entry.location);
            self.note_at(
                "rust-name-changed",
                at,
                (Some(from), Some(to)),
                Impact::SOURCE,
            );
        }
        self.aliases(old, new);
        self.field_itself(old, new);
    }

    /// Compares a field apart from its names.
    fn field_itself(&mut self, old: &Field<'d>, new: &Field<'d>) {
        for key in ["x-skypay-transport", "x-skypay-constant"] {
            if old.view.flag(key) != new.view.flag(key) {
                let pair = (old.view.get(key), new.view.get(key));
                self.note("transport-mark-changed", pair, Impact::SOURCE);
            }
        }
        self.with_fixed(self.is_fixed(old) && self.is_fixed(new), |walk| {
            walk.presence(old, new);
            let required = old.insists() && new.insists();
            walk.schema(&old.entry.node, &new.entry.node, required);
        });
    }

    fn presence(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let required = new.presence > old.presence;
        let rule = match required {
            _ if new.presence == old.presence => return,
            true => "field-made-required",
            false => "field-made-optional",
        };
        let mut impact = Impact::required(required);
        // Header fields of a response are optional in the types anyway, and fields
        // required on success have no `Option` in either case.
        let stamped = new.view.flag("x-skypay-transport");
        // The types accept a message without it; only the user misses it.
        if stamped && impact.callee == Wire::Break {
            impact.callee = Wire::Risk;
        }
        if stamped || old.insists() == new.insists() {
            impact = impact.with_bump(Bump::Patch);
        } else if new.is_list() {
            // A list has no `Option`; only its builder requires it or does not.
            let sends = if required { Bump::Major } else { Bump::Minor };
            (impact.client, impact.server) = (sends, Bump::Patch);
        }
        let values = (Some(old.presence.word()), Some(new.presence.word()));
        self.note_at(rule, (Side::New, &new.entry.location), values, impact);
    }

    fn aliases(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let key = "x-skypay-aliases";
        let pair = (old.view.get(key), new.view.get(key));
        let (before, after) = (old.aliases(), new.aliases());
        let mut compared = |rule, list: &[String], other: &[String], caller| {
            if list.iter().any(|alias| !other.contains(alias)) {
                let impact = Impact::new(caller, Wire::Ok, Bump::Patch, Bump::Minor);
                self.note(rule, pair, impact);
            }
        };
        compared("alias-removed", &before, &after, Wire::Risk);
        compared("alias-added", &after, &before, Wire::Ok);
    }

    /// Compares conditions between fields, paired by id, or by content if an id is
    /// new. Each is compared with all of the other side: a constraint that another
    /// condition implies is not lost.
    fn conditions(&mut self, a: &View<'d>, b: &View<'d>) {
        let rules = |view: &View<'d>| view.get("x-skypay-rules").map(Node::items);
        let (old, new) = (rules(a).unwrap_or_default(), rules(b).unwrap_or_default());
        let all = |rules: &'d [Node]| rules.iter().flat_map(clauses).collect::<Vec<_>>();
        let (before, after) = (all(old), all(new));
        for pair in paired(
            old,
            new,
            &[&|a, b| a.text_of("id") == b.text_of("id"), &|a, b| {
                clauses(a).eq(clauses(b))
            }],
        ) {
            if same(pair) {
                continue;
            }
            let exceeds = |rule: Option<&'d Node>, others: &[Clause<'_>]| {
                let clauses = rule.into_iter().flat_map(clauses);
                let said = clauses.map(|clause| clause.follows_from(others));
                all_of(said).map(|said| !said)
            };
            let (tightened, loosened) = (exceeds(pair.1, &before), exceeds(pair.0, &after));
            let Some(impact) = Impact::constraint(tightened, loosened) else {
                self.note(WORDS.0, pair, WORDS.1);
                continue;
            };
            let rule = match (constraint_rule(impact), pair) {
                ("constraint-loosened", (_, None)) => "condition-removed",
                ("constraint-loosened", _) => "condition-loosened",
                ("constraint-tightened", (None, _)) => "condition-added",
                ("constraint-tightened", _) => "condition-tightened",
                ("constraint-unclear", _) => "condition-unclear",
                _ => "condition-changed",
            };
            self.note(rule, pair, impact);
        }
    }
}

/// The smallest part of a condition: a constraint on one field, either
/// unconditional or for one value of another field.
#[derive(Debug, PartialEq, Eq)]
struct Clause<'d> {
    when: Option<(&'d str, &'d str)>,
    /// `require`, `forbid` or `match`.
    demand: &'static str,
    field: &'d str,
    pattern: &'d str,
}

impl Clause<'_> {
    /// Whether others imply this constraint; `None` if undecidable.
    fn follows_from(&self, others: &[Clause<'_>]) -> Option<bool> {
        let alike = others.iter().filter(|other| {
            let applies = other.when.is_none() || other.when == self.when;
            applies && (self.demand, self.field) == (other.demand, other.field)
        });
        let enough = alike.map(|other| {
            let looser = pattern::between(self.pattern, other.pattern).loosened;
            looser.map(|looser| !looser)
        });
        let enough: Vec<_> = enough.collect();
        match enough.contains(&Some(true)) {
            true => Some(true),
            false if enough.contains(&None) => None,
            false => Some(false),
        }
    }
}

/// Whether all are true; `None` if that depends on undecidable ones.
fn all_of(said: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let said: Vec<_> = said.collect();
    match said.contains(&Some(false)) {
        true => Some(false),
        false if said.contains(&None) => None,
        false => Some(true),
    }
}

fn clauses(rule: &Node) -> impl Iterator<Item = Clause<'_>> {
    let when = rule.get("when").and_then(|when| {
        let field = when.text_of("field")?;
        let values = when.items_of("in");
        let values = values.iter().filter_map(Node::text);
        Some(values.map(|value| Some((field, value))).collect())
    });
    let when: Vec<_> = when.unwrap_or_else(|| vec![None]);
    let listed = ["require", "forbid"].into_iter().flat_map(move |demand| {
        let fields = rule.get(demand).map(Node::items).unwrap_or_default();
        let fields = fields.iter().filter_map(Node::text);
        fields.map(move |field| (demand, field, ""))
    });
    let matched = rule.entries_of("match");
    let matched = matched.iter().map(|entry| {
        let pattern = entry.node.text().unwrap_or_default();
        ("match", entry.key.as_str(), pattern)
    });
    let demands: Vec<_> = listed.chain(matched).collect();
    when.into_iter().flat_map(move |when| {
        let demands = demands.clone().into_iter();
        demands.map(move |(demand, field, pattern)| Clause {
            when,
            demand,
            field,
            pattern,
        })
    })
}
