//! Objects: their fields, and the conditions between them.

use heck::ToSnakeCase;
use strsim::levenshtein;

use codegen::document::{Entry, Node};

use super::changes::Side;
use super::impact::{Bump, Effect, Part, Wire};
use super::pattern;
use super::schema::{constraint_rule, signature};
use super::view::View;
use super::walk::{Walk, same};

/// When a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    /// Not always.
    Optional,
    /// In every answer that is a success.
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

/// A property with what its object says of it.
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

    /// Whether the transport writes it instead of the types.
    fn fixed(&self, part: Part) -> bool {
        self.view.flag("x-skypay-constant")
            || (self.view.flag("x-skypay-transport") && part == Part::Request)
    }

    /// Whether a message with the other name is understood: by an alias, or
    /// because case and whitespace do not count.
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

impl<'d> Walk<'d, '_> {
    /// Compares what only objects have.
    pub(super) fn object(&mut self, a: &View<'d>, b: &View<'d>) {
        self.plain_texts(a, b);
        self.conditions(a, b);
        let mut removed = Field::all(self.old, a);
        let mut added = Vec::new();
        for new in Field::all(self.new, b) {
            match removed.iter().position(|old| old.wire() == new.wire()) {
                Some(index) => {
                    let old = removed.remove(index);
                    self.field(&old, &new);
                }
                None => added.push(new),
            }
        }
        for old in removed {
            match self.renamed(&old, &added) {
                Some(index) => {
                    let new = added.remove(index);
                    self.rename(&old, &new);
                }
                None => self.field_removed(&old),
            }
        }
        for new in added {
            self.field_added(&new);
        }
    }

    fn plain_texts(&mut self, a: &View<'d>, b: &View<'d>) {
        let key = "x-skypay-accepts-plain";
        let pair = (a.get(key), b.get(key));
        if same(pair) {
            return;
        }
        let effect = match pair.0 {
            None => Effect::ADDED,
            Some(_) => Effect::new(Wire::Risk, Wire::Ok, Bump::Minor, Bump::Minor),
        };
        self.note_pair("plain-text-changed", pair, effect);
    }

    fn field_removed(&mut self, old: &Field<'d>) {
        let effect = Effect::field_removed(self.part(), old.insists());
        let values = (Some(old.presence.word()), None);
        self.with_fixed(old.fixed(self.part()), |walk| {
            walk.note(
                "field-removed",
                (Side::Old, &old.entry.location),
                values,
                effect,
            );
        });
    }

    fn field_added(&mut self, new: &Field<'d>) {
        let effect = Effect::field_added(new.insists());
        let values = (None, Some(new.presence.word()));
        self.with_fixed(new.fixed(self.part()), |walk| {
            walk.note(
                "field-added",
                (Side::New, &new.entry.location),
                values,
                effect,
            );
        });
    }

    fn with_fixed(&mut self, fixed: bool, then: impl FnOnce(&mut Self)) {
        let outer = self.fixed;
        self.fixed |= fixed;
        then(self);
        self.fixed = outer;
    }

    /// Which of the new fields is the old one under another name.
    fn renamed(&self, old: &Field<'d>, added: &[Field<'d>]) -> Option<usize> {
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
        let mut effect = Effect::field_removed(self.part(), old.insists())
            .worst(Effect::field_added(new.insists()));
        if new.reads(old.wire()) {
            effect.sender = Wire::Ok;
        }
        if old.reads(new.wire()) {
            effect.receiver = Wire::Ok;
        }
        if old.rust() == new.rust() {
            effect = effect.with_bump(Bump::Patch);
        }
        let values = (Some(old.wire().to_owned()), Some(new.wire().to_owned()));
        self.with_fixed(old.fixed(self.part()) && new.fixed(self.part()), |walk| {
            walk.note(
                "field-renamed",
                (Side::New, &new.entry.location),
                values,
                effect,
            );
        });
        self.field_itself(old, new);
    }

    fn field(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let fixed = old.fixed(self.part()) && new.fixed(self.part());
        let (from, to) = (old.rust(), new.rust());
        if from != to && !fixed {
            let at = (Side::New, &new.entry.location);
            self.note(
                "rust-name-changed",
                at,
                (Some(from), Some(to)),
                Effect::SOURCE,
            );
        }
        self.aliases(old, new);
        self.field_itself(old, new);
    }

    /// Everything of a field but its names.
    fn field_itself(&mut self, old: &Field<'d>, new: &Field<'d>) {
        for key in ["x-skypay-transport", "x-skypay-constant"] {
            if old.view.flag(key) != new.view.flag(key) {
                let pair = (old.view.get(key), new.view.get(key));
                self.note_pair("transport-mark-changed", pair, Effect::SOURCE);
            }
        }
        let fixed = old.fixed(self.part()) && new.fixed(self.part());
        self.with_fixed(fixed, |walk| {
            walk.presence(old, new);
            let required = old.insists() && new.insists();
            walk.schema(&old.entry.node, &new.entry.node, required);
        });
    }

    fn presence(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let (rule, effect) = match old.presence.cmp(&new.presence) {
            std::cmp::Ordering::Less => ("field-made-required", Effect::NARROWED),
            std::cmp::Ordering::Greater => ("field-made-optional", Effect::WIDENED),
            std::cmp::Ordering::Equal => return,
        };
        // Fields of the answer's envelope are optional in the types anyway,
        // and what is there on success has no `Option` in either case.
        let stamped = new.view.flag("x-skypay-transport");
        // What our types can do without is missed by the user only.
        let effect = match effect.receiver {
            Wire::Break if stamped => Effect {
                receiver: Wire::Risk,
                ..effect
            },
            _ => effect,
        };
        let effect = if stamped || old.insists() == new.insists() {
            effect.with_bump(Bump::Patch)
        } else if new.is_list() {
            // A list has no `Option`; only what builds it insists or does not.
            effect.with_bumps_of(match rule {
                "field-made-required" => Effect::TIGHTENED,
                _ => Effect::LOOSENED,
            })
        } else {
            effect
        };
        let values = (Some(old.presence.word()), Some(new.presence.word()));
        self.note(rule, (Side::New, &new.entry.location), values, effect);
    }

    fn aliases(&mut self, old: &Field<'d>, new: &Field<'d>) {
        let key = "x-skypay-aliases";
        let pair = (old.view.get(key), new.view.get(key));
        let (before, after) = (old.aliases(), new.aliases());
        if before.iter().any(|alias| !after.contains(alias)) {
            let effect = Effect::new(Wire::Risk, Wire::Ok, Bump::Patch, Bump::Minor);
            self.note_pair("alias-removed", pair, effect);
        }
        if after.iter().any(|alias| !before.contains(alias)) {
            let effect = Effect::new(Wire::Ok, Wire::Ok, Bump::Patch, Bump::Minor);
            self.note_pair("alias-added", pair, effect);
        }
    }

    /// Conditions between fields, by their ids, or by what they say where an
    /// id is new. Each is held against all of the other side: what another
    /// condition says as well is not lost.
    fn conditions(&mut self, a: &View<'d>, b: &View<'d>) {
        let rules = |view: &View<'d>| view.get("x-skypay-rules").map(Node::items);
        let (old, new) = (rules(a).unwrap_or_default(), rules(b).unwrap_or_default());
        let all = |rules: &'d [Node]| rules.iter().flat_map(clauses).collect::<Vec<_>>();
        let (before, after) = (all(old), all(new));
        let criteria: [fn(&Node, &Node) -> bool; 2] = [
            |a, b| a.text_of("id") == b.text_of("id"),
            |a, b| clauses(a).eq(clauses(b)),
        ];
        let mut removed: Vec<_> = old.iter().collect();
        let mut added: Vec<_> = new.iter().collect();
        let mut pairs = Vec::new();
        for alike in criteria {
            removed.retain(|old| {
                let found = added.iter().position(|new| alike(old, new));
                pairs.extend(found.map(|index| (Some(*old), Some(added.remove(index)))));
                found.is_none()
            });
        }
        pairs.extend(removed.into_iter().map(|old| (Some(old), None)));
        pairs.extend(added.into_iter().map(|new| (None, Some(new))));
        for pair in pairs {
            if same(pair) {
                continue;
            }
            let exceeds = |rule: Option<&'d Node>, others: &[Clause<'_>]| {
                let clauses = rule.into_iter().flat_map(clauses);
                let said = clauses.map(|clause| clause.follows_from(others));
                all_of(said).map(|said| !said)
            };
            let effect = Effect::constraint(exceeds(pair.1, &before), exceeds(pair.0, &after));
            let Some(effect) = effect else {
                self.note_pair("words-changed", pair, Effect::PATCH);
                continue;
            };
            let rule = match (constraint_rule(effect), pair) {
                ("constraint-loosened", (_, None)) => "condition-removed",
                ("constraint-loosened", _) => "condition-loosened",
                ("constraint-tightened", (None, _)) => "condition-added",
                ("constraint-tightened", _) => "condition-tightened",
                ("constraint-unclear", _) => "condition-unclear",
                _ => "condition-changed",
            };
            self.note_pair(rule, pair, effect);
        }
    }
}

/// The smallest part of a condition: what it demands of one field if another
/// has one value, or always.
#[derive(Debug, PartialEq, Eq)]
struct Clause<'d> {
    when: Option<(&'d str, &'d str)>,
    /// `require`, `forbid` or `match`.
    demand: &'static str,
    field: &'d str,
    pattern: &'d str,
}

impl Clause<'_> {
    /// Whether others demand as much; nothing if that cannot be told.
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

/// Whether all are true; nothing if that depends on what cannot be told.
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
        let values = when.get("in").map(Node::items).unwrap_or_default();
        let values = values.iter().filter_map(Node::text);
        Some(values.map(|value| Some((field, value))).collect())
    });
    let when: Vec<_> = when.unwrap_or_else(|| vec![None]);
    let listed = ["require", "forbid"].into_iter().flat_map(move |demand| {
        let fields = rule.get(demand).map(Node::items).unwrap_or_default();
        let fields = fields.iter().filter_map(Node::text);
        fields.map(move |field| (demand, field, ""))
    });
    let matched = rule.get("match").map(Node::entries).unwrap_or_default();
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
