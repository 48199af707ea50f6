//! The impact of changing, removing or adding each value of a document.

use codegen::document::{Node, Value};
use spec_tools::diff::{compare, diff};

use ::edits::read;

use super::{told, verdict};
use crate::real;

/// Changes the leaf at an index, in document order, and returns its pointer; `None`
/// if there are fewer.
fn nudge(node: &mut Node, left: &mut usize) -> Option<String> {
    let pointer = node.location.pointer.clone();
    match &mut node.value {
        Value::Map(entries) => {
            let mut nodes = entries.iter_mut().map(|entry| &mut entry.node);
            return nodes.find_map(|node| nudge(node, left));
        }
        Value::List(items) => return items.iter_mut().find_map(|node| nudge(node, left)),
        _ if *left > 0 => {
            *left -= 1;
            return None;
        }
        Value::Null => node.value = Value::Bool(true),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(raw) => raw.insert(0, '9'),
        Value::Text(text) => text.push('X'),
    }
    Some(pointer)
}

/// The pointers of leaves whose change is not detected, testing every `step`-th
/// leaf.
fn unseen(text: &str, step: usize) -> Vec<String> {
    let old = spec_tools::diff::read(text).unwrap();
    let mut unseen = Vec::new();
    for number in (0..).step_by(step) {
        let mut new = old.clone();
        let Some(pointer) = nudge(&mut new, &mut number.clone()) else {
            assert!(number > 100, "the documents have many leaves");
            break;
        };
        if compare(&old, &new).changes.is_empty() {
            unseen.push(pointer);
        }
    }
    unseen
}

#[test]
fn no_edit_of_a_value_goes_unseen() {
    assert_eq!(unseen(&read("base.yaml"), 1), [""; 0]);
    assert_eq!(unseen(&real(), 97), [""; 0]);
}

/// Edits one item of a document, by index, and returns its pointer; `None` if there
/// are fewer.
type Edit = fn(&mut Node, &mut usize) -> Option<String>;

/// The documents after each edit of a kind, by pointer, except items that other
/// tests cover.
fn edited_once(root: &Node, edit: Edit) -> impl Iterator<Item = (String, Node)> {
    (0..)
        .map_while(move |number: usize| {
            let mut edited = root.clone();
            let pointer = edit(&mut edited, &mut number.clone())?;
            Some((pointer, edited))
        })
        .filter(|(pointer, _)| !is_told_elsewhere(pointer))
}

/// Removes the entry or item at an index, and returns its pointer.
fn remove(node: &mut Node, left: &mut usize) -> Option<String> {
    let children = match &mut node.value {
        Value::Map(entries) => {
            if let Some(entry) = entries.get(*left) {
                let pointer = entry.node.location.pointer.clone();
                entries.remove(*left);
                return Some(pointer);
            }
            *left -= entries.len();
            entries.iter_mut().map(|entry| &mut entry.node).collect()
        }
        Value::List(items) => {
            if let Some(item) = items.get(*left) {
                let pointer = item.location.pointer.clone();
                items.remove(*left);
                return Some(pointer);
            }
            *left -= items.len();
            items.iter_mut().collect()
        }
        _ => Vec::new(),
    };
    children.into_iter().find_map(|child| remove(child, left))
}

/// Whether an item is prose or part of an example, which are alike in many places.
fn is_told_elsewhere(pointer: &str) -> bool {
    let prose = ["description", "summary", "note", "meaning", "reason"];
    pointer.contains("/example") || prose.iter().any(|word| pointer.ends_with(word))
}

/// The impact of changing, removing and adding each value of a document.
#[test]
fn what_each_word_means_is_as_reviewed() {
    // Exceptions have their own test.
    let text = read("../documents/every-word.yaml").replace(EXCEPTION, "");
    let root = spec_tools::diff::read(&text).unwrap();
    let mut told = String::new();
    let mut tell = |how: &str, pointer: &str, old: &Node, new: &Node| {
        let report = compare(old, new);
        let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
        told += &format!(
            "{pointer} {how}: {} {}\n",
            verdict(&report),
            rules.join(" ")
        );
    };
    for (pointer, other) in edited_once(&root, nudge) {
        tell("changes", &pointer, &root, &other);
    }
    for (pointer, shorter) in edited_once(&root, remove) {
        tell("goes", &pointer, &root, &shorter);
        tell("comes", &pointer, &shorter, &root);
    }
    insta::assert_snapshot!(told);
}

/// An exception from a lint rule, as written in the document.
const EXCEPTION: &str = "      x-skypay-lint-exceptions: [{rule: length, reason: None.}]\n";

#[test]
fn an_exception_from_a_rule_is_a_word_to_readers() {
    let with = read("../documents/every-word.yaml");
    let without = with.replacen(EXCEPTION, "", 1);
    let other = with.replacen(
        "reason: None.}",
        "reason: Another.}, {rule: name, reason: Why.}",
        1,
    );
    let length = "except from length: None.";
    let both = "except from length: Another. except from name: Why.";
    for (old, new, was, is) in [
        (&with, &without, Some(length), None),
        (&without, &with, None, Some(length)),
        (&with, &other, Some(length), Some(both)),
    ] {
        let report = diff(old, new).unwrap();
        let [change] = report.changes.as_slice() else {
            panic!("one change:{}", told(&report));
        };
        assert_eq!(change.rule, "words-changed");
        assert_eq!(change.subject, "ControlNumberEntry");
        assert_eq!((change.old.as_deref(), change.new.as_deref()), (was, is));
        assert_eq!(verdict(&report), "patch,ok,ok,patch,patch,");
    }
    assert!(diff(&with, &with).unwrap().changes.is_empty());
}
