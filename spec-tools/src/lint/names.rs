//! Rules about names and components.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Version, reached};
use codegen::Reporter;
use codegen::check::Document;
use codegen::document::{Entry, Node};

/// Checks that similar names denote the same thing and are declared as such.
pub(super) fn similar(document: &Document<'_>, reporter: &mut Reporter) {
    let mut names: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for (_, schema) in document.objects() {
        for property in schema.properties() {
            names.entry(&property.key).or_default().push(property);
        }
    }
    for (name, other) in candidates(names.keys().copied()) {
        let (Some(users), Some(others)) = (names.get(name), names.get(other)) else {
            continue;
        };
        if !nearly_same(name, other) || declared(users, others) {
            continue;
        }
        // The rarer name is reported.
        let (odd, usual) = if users.len() < others.len() {
            (users, other)
        } else {
            (others, name)
        };
        if let Some(odd) = odd.first() {
            let message = format!(
                "`{}` is nearly `{usual}` of another message: correct it, or declare it by `x-skypay-rust-name` or `x-skypay-aliases`",
                odd.key
            );
            reporter.add("similar-names", &odd.location, message);
        }
    }
}

/// Pairs of names that may be similar: those that are equal when a letter is
/// removed. Comparing all pairs would take too long for a large document.
fn candidates<'d>(names: impl Iterator<Item = &'d str>) -> BTreeSet<(&'d str, &'d str)> {
    let mut shortened: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for name in names {
        let letters: Vec<char> = name.to_lowercase().chars().collect();
        let mut forms: BTreeSet<String> = BTreeSet::from([letters.iter().collect()]);
        for left_out in 0..letters.len() {
            let kept = letters.iter().enumerate();
            let kept = kept.filter(|(index, _)| *index != left_out);
            forms.insert(kept.map(|(_, letter)| letter).collect());
        }
        for form in forms {
            let others = shortened.entry(form).or_default();
            pairs.extend(others.iter().map(|other| (*other, name)));
            others.push(name);
        }
    }
    pairs
}

/// Whether one letter was added, removed, changed or swapped, ignoring case. A
/// plural is a different name.
fn nearly_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let is_plural = |one: &str, other: &str| one.strip_suffix('s') == Some(other);
    let long = a.len().min(b.len()) >= 5 && !is_plural(&a, &b) && !is_plural(&b, &a);
    a == b || long && strsim::osa_distance(&a, &b) == 1
}

/// Whether either side declares the other, as an alias or as the Rust name.
fn declared(users: &[&Entry], others: &[&Entry]) -> bool {
    let says = |users: &[&Entry], others: &[&Entry]| {
        users.iter().all(|user| {
            let aliases = user.node.texts_of("x-skypay-aliases");
            user.node.get("x-skypay-rust-name").is_some()
                || others.iter().any(|other| aliases.contains(&other.key))
        })
    };
    says(users, others) || says(others, users)
}

/// Checks that every component is used by an operation.
pub(super) fn unused(document: &Document<'_>, reporter: &mut Reporter) {
    let reached = reached(document.root);
    for kind in document.root.entries_of("components") {
        for entry in kind.node.entries() {
            let target = format!("#/components/{}/{}", kind.key, entry.key);
            if !reached.contains(target.as_str()) {
                let message = format!("no operation reaches `{}`: remove it", entry.key);
                reporter.add("unused-component", &entry.location, message);
            }
        }
    }
}

/// Checks that the version of the document is three numbers, which tools compare.
pub(super) fn version(document: &Document<'_>, reporter: &mut Reporter) {
    let info = document.root.get("info");
    let version = info.and_then(|info| info.get("version"));
    let numbers = version.and_then(Node::text).and_then(Version::parse);
    if numbers.is_none() {
        let place = &version.or(info).unwrap_or(document.root).location;
        let message = "`info.version` is not three numbers: write it like `1.2.3`";
        reporter.add("version-form", place, message);
    }
}
