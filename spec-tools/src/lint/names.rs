//! Rules about names and the words around them.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::Version;
use codegen::Reporter;
use codegen::check::{Document, Operation, properties};
use codegen::document::{Entry, Node};

/// Words under which prose stands.
const PROSE: &[&str] = &["description", "meaning", "note", "reason"];

/// Words under which values stand, not words of the document.
const DATA: &[&str] = &["example", "value", "enum", "default"];

/// Names that are nearly the same are the same thing, and say so.
pub(super) fn similar(document: &Document<'_>, reporter: &mut Reporter) {
    let mut names: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for (_, node) in document.objects() {
        for property in properties(document.resolve(node)) {
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
        // The rarer spelling is the one to be looked at.
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

/// Pairs of names that may be nearly the same: those that have something in
/// common when a letter is left out. Comparing each with each would take too
/// long in a large document.
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

/// One letter more, less, changed or swapped, apart from case. A plural is a
/// name of its own.
fn nearly_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (short, long) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    if a == b {
        return true;
    }
    if short.len() < 5 || long.strip_suffix('s') == Some(short) {
        return false;
    }
    let (short, long): (Vec<_>, Vec<_>) = (short.chars().collect(), long.chars().collect());
    let start = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[start..], &long[start..]);
    match long.len() - short.len() {
        1 => long[1..] == *short,
        0 => {
            let swapped = short.len() > 1 && short[0] == long[1] && short[1] == long[0];
            short[1..] == long[1..] || swapped && short[2..] == long[2..]
        }
        _ => false,
    }
}

/// Whether one side names the other, as an alias or as the Rust name.
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

/// What nothing refers to says nothing.
pub(super) fn unused(document: &Document<'_>, reporter: &mut Reporter) {
    let mut reached = BTreeSet::new();
    if let Some(paths) = document.root.get("paths") {
        reach(document.root, paths, &mut reached);
    }
    let components = document.root.get("components").map(Node::entries);
    for kind in components.unwrap_or_default() {
        for entry in kind.node.entries() {
            let target = format!("#/components/{}/{}", kind.key, entry.key);
            if !reached.contains(&target) {
                let message = format!("no operation reaches `{}`: remove it", entry.key);
                reporter.add("unused-component", &entry.location, message);
            }
        }
    }
}

fn reach(root: &Node, node: &Node, reached: &mut BTreeSet<String>) {
    for entry in node.entries() {
        if DATA.contains(&entry.key.as_str()) {
            continue;
        }
        let target = entry.node.text().filter(|_| entry.key == "$ref");
        if let Some(target) = target
            && reached.insert(target.to_owned())
            && let Some(next) = target
                .strip_prefix("#/")
                .and_then(|path| path.split('/').try_fold(root, |node, step| node.get(step)))
        {
            reach(root, next, reached);
        }
        reach(root, &entry.node, reached);
    }
    for item in node.items() {
        reach(root, item, reached);
    }
}

/// Names of fields and operations stand in backticks, so that they are not
/// read as misspelled words.
pub(super) fn in_backticks(document: &Document<'_>, reporter: &mut Reporter) {
    let fields = document
        .objects()
        .flat_map(|(_, node)| properties(document.resolve(node)));
    let fields = fields.map(|property| property.key.as_str());
    let operations = document.operations.iter().map(Operation::name);
    // A name in small letters alone may be meant as a word.
    let names: BTreeSet<_> = fields
        .chain(operations)
        .filter(|name| {
            name.trim_start_matches(char::is_uppercase)
                .contains(char::is_uppercase)
        })
        .collect();
    for (prose, text) in prose(document.root) {
        let bare: BTreeSet<_> = outside_backticks(text)
            .flat_map(|part| part.split(|letter: char| !letter.is_alphanumeric()))
            .filter(|word| names.contains(word))
            .collect();
        for word in bare {
            let message = format!("`{word}` is a name: put it in backticks");
            reporter.add("backticks", &prose.location, message);
        }
    }
}

/// Prose outside fenced blocks and `code`.
fn outside_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```")
        .step_by(2)
        .flat_map(|part| part.split('`').step_by(2))
}

/// What is said, is said in sentences.
pub(super) fn full_stops(document: &Document<'_>, reporter: &mut Reporter) {
    for (prose, text) in prose(document.root) {
        let text = text.trim_end().trim_end_matches(')');
        // What dispatch answers is a word on the wire, not a sentence.
        let on_the_wire = prose.location.pointer.starts_with("/x-skypay-answers/");
        let ended = text.is_empty() || text.ends_with(['.', '!', '?', '|', ':', '`']);
        if !on_the_wire && !ended {
            let message = "the text ends without a full stop: write sentences";
            reporter.add("full-stop", &prose.location, message);
        }
    }
}

/// The version of the document is three numbers: tools compare them.
pub(super) fn version(document: &Document<'_>, reporter: &mut Reporter) {
    let info = document.root.get("info");
    let version = info.and_then(|info| info.get("version"));
    let numbers = version.and_then(Node::text).and_then(Version::parse);
    if numbers.is_none() {
        let location = &version.or(info).unwrap_or(document.root).location;
        let message = "`info.version` is not three numbers: write it like `1.2.3`";
        reporter.add("version-form", location, message);
    }
}

/// Every text that is meant for readers.
fn prose(root: &Node) -> Vec<(&Entry, &str)> {
    let mut found = Vec::new();
    collect(root, &mut found);
    found
}

fn collect<'d>(node: &'d Node, found: &mut Vec<(&'d Entry, &'d str)>) {
    for entry in node.entries() {
        if DATA.contains(&entry.key.as_str()) {
            continue;
        }
        match entry.node.text() {
            Some(text) if PROSE.contains(&entry.key.as_str()) => found.push((entry, text)),
            _ => collect(&entry.node, found),
        }
    }
    for item in node.items() {
        collect(item, found);
    }
}
