//! Compares schemas: names, types, constraints and descriptions.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use codegen::document::{Node, Value};

use super::changes::Side;
use super::impact::{Bump, Impact, Wire};
use super::keywords::{Holder, WORDS, meaning};
use super::pattern::{self, Texts};
use super::view::{View, canonical, shown};
use super::walk::{EXAMPLE_LINT, Pair, Walk, location_of, same, same_keyword};

/// The maximum nesting depth of schemas; a deeper nesting is a cycle.
const MAX_DEPTH: usize = 32;

/// Numeric constraints, and whether each is an upper bound.
const BOUNDS: &[(&str, bool)] = &[
    ("minimum", false),
    ("maximum", true),
    ("x-skypay-minimum", false),
    ("minItems", false),
    ("maxItems", true),
];

/// Constraints on strings.
const OF_TEXTS: &[&str] = &["pattern", "minLength", "maxLength"];

/// Keywords that are compared by a function here or in `fields` and `codes`.
const HANDLED: &[&str] = &[
    "$ref",
    "allOf",
    "type",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "enum",
    "items",
    "properties",
    "required",
    "nullable",
    "x-skypay-type",
    "x-skypay-newtype",
    "x-skypay-sensitive",
    "x-skypay-codes",
    "x-skypay-rules",
    "x-skypay-accepts-plain",
    "x-skypay-transport",
    "x-skypay-constant",
    "x-skypay-on-success",
    "x-skypay-rust-name",
    "x-skypay-aliases",
];

impl<'d> Walk<'d> {
    /// Compares two schemas at the same location. `required` is whether the value
    /// is present in every message, before and after.
    pub(super) fn schema(&mut self, old: &'d Node, new: &'d Node, required: bool) {
        if self.depth == MAX_DEPTH {
            return;
        }
        self.depth += 1;
        let (a, b) = (View::new(self.old, old), View::new(self.new, new));
        self.type_name(&a, &b);
        if self.type_itself(&a, &b) {
            self.markings(&a, &b);
            self.nullable(&a, &b, required);
            self.values(&a, &b);
            self.bounds(&a, &b);
            self.texts(&a, &b);
            self.object(&a, &b);
            if let (Some(old), Some(new)) = (a.get("items"), b.get("items")) {
                self.schema(old, new, true);
            }
        }
        self.words(&a, &b);
        self.depth -= 1;
    }

    /// Compares type names, which come from component names.
    fn type_name(&mut self, a: &View<'d>, b: &View<'d>) {
        if a.name() == b.name() || self.fixed || !(has_name(a) && has_name(b)) {
            return;
        }
        let component = |root: &'d Node, name| root.at(&["components", "schemas"])?.entry(name);
        let (rule, entry) = match (a.name(), b.name()) {
            (Some(old), Some(new)) => {
                let gone = component(self.new, old).is_none();
                if gone && component(self.old, new).is_none() {
                    ("type-renamed", component(self.new, new))
                } else {
                    ("type-replaced", None)
                }
            }
            (None, Some(new)) => ("type-moved-to-component", component(self.new, new)),
            _ => ("type-moved-inline", None),
        };
        let names = (a.name().map(str::to_owned), b.name().map(str::to_owned));
        let location = entry.map_or(&b.own().location, |entry| &entry.location);
        self.note_at(rule, (Side::New, location), names, Impact::SOURCE);
    }

    /// Compares type, format and width; returns `false` if they changed so much
    /// that constraints cannot be compared.
    fn type_itself(&mut self, a: &View<'d>, b: &View<'d>) -> bool {
        let form = |view: &View<'d>| (view.text("type"), view.text("x-skypay-type"));
        if form(a) != form(b) {
            let values = (Some(described(a)), Some(described(b)));
            let keyword = ["type", "x-skypay-type"]
                .map(|key| (a.get(key), b.get(key)))
                .into_iter()
                .find(|pair| !same(*pair))
                .and_then(location_of);
            let at = keyword.unwrap_or((Side::New, &b.own().location));
            self.note_at("type-changed", at, values, type_effect(a, b));
            return false;
        }
        let formats = (a.get("format"), b.get("format"));
        if !same(formats) {
            let (rule, effect) = format_effect(a, b);
            self.note(rule, formats, effect);
        }
        true
    }

    /// Compares keywords that affect the Rust type, but not the wire.
    fn markings(&mut self, a: &View<'d>, b: &View<'d>) {
        let newtype = "x-skypay-newtype";
        if a.flag(newtype) != b.flag(newtype) {
            self.note(
                "newtype-changed",
                (a.get(newtype), b.get(newtype)),
                Impact::SOURCE,
            );
        }
        let key = "x-skypay-sensitive";
        let sensitive = (a.flag(key), b.flag(key));
        if sensitive.0 == sensitive.1 {
            return;
        }
        let masks_itself = matches!(b.text("x-skypay-type"), Some("person-name"))
            || b.text("type") == Some("array");
        let bump = match sensitive {
            _ if masks_itself => Bump::Patch,
            // A newtype that is no longer masked only gains `Display`.
            (true, false) if b.flag(newtype) => Bump::Minor,
            _ => Bump::Major,
        };
        // What is no longer masked can be logged.
        let effect = match sensitive {
            (true, false) if !masks_itself => Impact::MEANING,
            _ => Impact::PATCH,
        };
        let effect = effect.with_bump(bump);
        self.note("sensitive-changed", (a.get(key), b.get(key)), effect);
    }

    fn nullable(&mut self, a: &View<'d>, b: &View<'d>, required: bool) {
        let pair = (a.get("nullable"), b.get("nullable"));
        let (rule, impact) = match (a.flag("nullable"), b.flag("nullable")) {
            (false, true) if required => ("null-allowed", Impact::WIDENED),
            // The field is optional anyway.
            (false, true) => ("null-allowed", Impact::VALUE_ADDED),
            (true, false) if required => ("null-forbidden", Impact::NARROWED),
            (true, false) => ("null-forbidden", Impact::TIGHTENED),
            _ => return,
        };
        self.note(rule, pair, impact);
    }

    fn bounds(&mut self, a: &View<'d>, b: &View<'d>) {
        for (key, upper) in BOUNDS {
            let pair = (a.get(key), b.get(key));
            if same(pair) {
                continue;
            }
            // The minimum determines whether the Rust type of an integer is signed.
            // Neither of a signed and an unsigned type can represent all numbers of
            // the other.
            let integer = b.text("type") == Some("integer");
            if *key == "minimum" && integer && signed(a) != signed(b) {
                let relation = Impact::constraint(Some(signed(a)), Some(signed(b)));
                if let Some(effect) = relation {
                    self.note(constraint_rule(effect), pair, Impact::BREAK);
                }
                continue;
            }
            let (tightened, loosened) = match (bound(a, key), bound(b, key)) {
                (None, None) => (false, false),
                (None, Some(_)) => (true, false),
                (Some(_), None) => (false, true),
                (Some(old), Some(new)) => match new.partial_cmp(&old) {
                    Some(Ordering::Less) => (*upper, !*upper),
                    Some(Ordering::Greater) => (!*upper, *upper),
                    _ => (false, false),
                },
            };
            self.note_constraint(pair, Some(tightened), Some(loosened));
        }
    }

    /// Compares length and pattern together, as either can make the other
    /// ineffective. Each keyword is reported for what it adds to the previous ones,
    /// if that remains in the end.
    fn texts(&mut self, a: &View<'d>, b: &View<'d>) {
        let (mut before, new) = (Texts::of(a), Texts::of(b));
        let changed = |key: &&&str| !same((a.get(key), b.get(key)));
        let changed: Vec<_> = OF_TEXTS.iter().filter(changed).collect();
        if changed.is_empty() {
            return;
        }
        // A code table can have a pattern instead of a closed list.
        if let (Some(_), Some(_)) = (a.table_list().xor(b.table_list()), b.table()) {
            let opened = b.table_list().is_none();
            let pair = (a.get("pattern"), b.get("pattern"));
            return self.note_constraint(pair, Some(!opened), Some(opened));
        }
        let whole = pattern::relation(&before, &new);
        for key in changed {
            let mut after = before.clone();
            match *key {
                "minLength" => after.least = new.least,
                "maxLength" => after.most = new.most,
                _ => after.patterns.clone_from(&new.patterns),
            }
            let part = pattern::relation(&before, &after);
            let left = |part: Option<bool>, whole: Option<bool>| match (part, whole) {
                (Some(part), Some(whole)) => Some(part && whole),
                (part, whole) => part.or(whole),
            };
            self.note_constraint(
                (a.get(key), b.get(key)),
                left(part.tightened, whole.tightened),
                left(part.loosened, whole.loosened),
            );
            before = after;
        }
    }

    fn note_constraint(&mut self, pair: Pair<'d>, tightened: Option<bool>, loosened: Option<bool>) {
        match Impact::constraint(tightened, loosened) {
            Some(effect) => self.note(constraint_rule(effect), pair, effect),
            None => self.note(WORDS.0, pair, WORDS.1),
        }
    }

    /// Compares descriptions, examples, annotations and unknown keywords.
    fn words(&mut self, a: &View<'d>, b: &View<'d>) {
        let keys: BTreeSet<_> = a.keys().union(&b.keys()).copied().collect();
        for key in keys {
            let handled = HANDLED.contains(&key) || BOUNDS.iter().any(|(bound, _)| *bound == key);
            let pair = (a.get(key), b.get(key));
            if handled || same_keyword(key, pair) {
                continue;
            }
            if key == "example" {
                // An edited example must be valid.
                let fits = |value| codegen::check::example_fits(self.new, b.own(), value);
                let lint = pair
                    .1
                    .is_some_and(|value| !fits(value))
                    .then_some(EXAMPLE_LINT);
                self.note_example("example-changed", pair, Impact::PATCH, lint);
            } else {
                let (rule, impact) = meaning(Holder::Schema, key, pair);
                self.note(rule, pair, impact);
            }
        }
    }
}

/// Whether the schema becomes a named Rust type.
fn has_name(view: &View<'_>) -> bool {
    let marks = ["properties", "enum", "x-skypay-codes"];
    marks.iter().any(|key| view.get(key).is_some()) || view.flag("x-skypay-newtype")
}

/// The type for display.
fn described(view: &View<'_>) -> String {
    let parts = ["type", "x-skypay-type"].map(|key| view.text(key));
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

/// The Rust type, without masking, of types with different formats: if it is equal,
/// only the encoding differs.
fn rust_type(view: &View<'_>) -> String {
    match (view.text("type"), view.text("x-skypay-type")) {
        _ if view.table().is_some() => "codes".to_owned(),
        (_, Some("date-time-fraction")) => "date-time".to_owned(),
        (_, Some("integer")) => "u32".to_owned(),
        (_, Some(form)) => form.to_owned(),
        (Some("integer"), None) => {
            let sign = if signed(view) { "i" } else { "u" };
            let width = if wide(view) { 64 } else { 32 };
            format!("{sign}{width}")
        }
        (other, None) => other.unwrap_or("any").to_owned(),
    }
}

fn signed(view: &View<'_>) -> bool {
    view.get("minimum")
        .and_then(number)
        .is_none_or(|least| least < 0.0)
}

/// A bound, unless the type cannot represent values beyond it.
fn bound(view: &View<'_>, key: &str) -> Option<f64> {
    let bound = number(view.get(key)?)?;
    let (least, most) = match (view.text("type"), signed(view), wide(view)) {
        (Some("array"), ..) => (0.0, f64::INFINITY),
        (Some("integer"), true, false) => (i32::MIN.into(), i32::MAX.into()),
        (Some("integer"), false, false) => (0.0, u32::MAX.into()),
        (Some("integer"), true, true) => (-(2_f64.powi(63)), 2_f64.powi(63)),
        (Some("integer"), false, true) => (0.0, 2_f64.powi(64)),
        _ => return Some(bound),
    };
    let idle = if key.contains("max") {
        bound >= most
    } else {
        bound <= least
    };
    (!idle).then_some(bound)
}

impl<'d> Texts<'d> {
    /// Returns the constraints of a schema on a string.
    fn of(view: &View<'d>) -> Self {
        let count = |key| view.get(key).and_then(|node| shown(node).parse().ok());
        // Dates and times that the types write have a fixed format.
        let form = match view.text("x-skypay-type") {
            Some("date") => Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
            Some("date-time") => Some("^[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}$"),
            Some("date-time-fraction") => {
                Some(r"^[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}\.[0-9]{4}$")
            }
            _ => None,
        };
        Self {
            patterns: form.into_iter().chain(view.text("pattern")).collect(),
            least: count("minLength").unwrap_or(0),
            most: count("maxLength"),
        }
    }
}

fn wide(view: &View<'_>) -> bool {
    view.text("format") == Some("int64")
}

fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(raw) | Value::Text(raw) => raw.parse().ok(),
        _ => None,
    }
}

/// The impact of a type change on the wire, and on the code if the Rust types
/// differ.
fn type_effect(a: &View<'_>, b: &View<'_>) -> Impact {
    let forms = (a.text("x-skypay-type"), b.text("x-skypay-type"));
    let effect = match (a.text("type"), b.text("type")) {
        (Some("string"), Some("string")) => match forms {
            // A receiver that accepted only some strings can get others.
            (None, Some(_)) if picks(a, b) => Impact {
                callee: Wire::Risk,
                ..Impact::NARROWED
            },
            (None, Some(_)) => Impact::NARROWED,
            (Some(_), None) if picks(b, a) => Impact::BREAK,
            // A person's name is parsed from any string.
            (Some("person-name"), None) => Impact {
                callee: Wire::Risk,
                ..Impact::WIDENED
            },
            (Some(_), None) => Impact::WIDENED,
            _ => Impact::BREAK,
        },
        (Some("integer"), Some("number")) => Impact::WIDENED,
        (Some("number"), Some("integer")) => Impact::NARROWED,
        _ => Impact::BREAK,
    };
    if rust_type(a) == rust_type(b) {
        // The encoding differs, but our code parses both.
        let sends = match bounds_changed(a, b) {
            (true, _) => Bump::Major,
            (_, true) => Bump::Minor,
            _ => Bump::Patch,
        };
        let effect = Impact::new(Wire::Risk, Wire::Risk, sends, Bump::Patch);
        let mask = "x-skypay-sensitive";
        return if a.flag(mask) == b.flag(mask) {
            effect
        } else {
            effect.with_bump(Bump::Major)
        };
    }
    effect
}

/// Whether one schema restricts its strings, apart from their length, in a way that
/// the other does not.
fn picks(one: &View<'_>, other: &View<'_>) -> bool {
    let keys = ["enum", "pattern"].map(|key| (one.get(key), other.get(key)));
    keys.into_iter().any(|pair| pair.0.is_some() && !same(pair))
}

/// Whether constraints were added or changed, and whether any were removed or
/// changed, between types that are equal in Rust.
fn bounds_changed(a: &View<'_>, b: &View<'_>) -> (bool, bool) {
    let bounds = BOUNDS.iter().map(|(key, _)| key).chain(OF_TEXTS);
    let (mut came, mut went) = (false, false);
    for key in bounds {
        // An unsigned number cannot be negative anyway.
        let has = |view: &View<'_>| {
            let node = view.get(key)?;
            let lower = ["minimum", "minLength", "minItems"].contains(key);
            let idle = lower && number(node).is_some_and(|least| least <= 0.0);
            (!idle).then(|| canonical(node))
        };
        let (old, new) = (has(a), has(b));
        came |= new.is_some() && new != old;
        went |= old.is_some() && new != old;
    }
    (came, went)
}

fn format_effect(a: &View<'_>, b: &View<'_>) -> (&'static str, Impact) {
    let widths = match b.text("type") {
        Some("integer") => (wide(a), wide(b)),
        Some("number") => {
            let double = |view: &View<'_>| view.text("format") != Some("float");
            (double(a), double(b))
        }
        _ => {
            let is_there = |view: &View<'_>| Some(view.get("format").is_some());
            let effect = Impact::constraint(is_there(b), is_there(a)).unwrap_or(Impact::PATCH);
            return (constraint_rule(effect), effect);
        }
    };
    match widths {
        (true, false) => ("number-narrowed", Impact::NARROWED),
        (false, true) => ("number-widened", Impact::WIDENED),
        _ => WORDS,
    }
}

/// The rule that reports a change of a constraint.
pub(super) fn constraint_rule(impact: Impact) -> &'static str {
    match (impact.caller, impact.callee) {
        (Wire::Ok, _) => "constraint-loosened",
        (Wire::Risk, _) => "constraint-unclear",
        (_, Wire::Ok) => "constraint-tightened",
        _ => "constraint-changed",
    }
}

/// All properties of a schema that affect the wire and the types: equal for a
/// property that was only renamed.
pub(super) fn signature(root: &Node, view: &View<'_>) -> String {
    let mut text = format!("{:?}", view.name().filter(|_| has_name(view)));
    for key in view.keys() {
        let of_field = key.starts_with("x-skypay-rust") || key == "x-skypay-aliases";
        let is_prose = meaning(Holder::Schema, key, (None, None)) == WORDS;
        if is_prose || ["$ref", "allOf", "example"].contains(&key) || of_field {
            continue;
        }
        let Some(node) = view.get(key) else { continue };
        let value = match key {
            "items" => signature(root, &View::new(root, node)),
            "properties" if view.name().is_some() => continue,
            _ => canonical(node),
        };
        text.push_str(&format!(";{key}={value}"));
    }
    text
}

/// The values of a list as text.
pub(super) fn joined(node: &Node) -> String {
    let values: Vec<_> = node.items().iter().map(shown).collect();
    values.join(", ")
}
