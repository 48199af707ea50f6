//! The anchors of the page, and links to them. An anchor is made of names of
//! the document alone, so that a link outlives every other edit.

use std::collections::BTreeMap;
use std::fmt::Write;

use codegen::model::Api;
use maud::{Markup, html};

/// The anchor of a thing, from the names that lead to it.
pub(super) fn anchor(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
    names.join(".")
}

/// A name without the characters that an anchor or a URL must not have.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_') {
            out.push(letter);
        } else {
            // Writing to a `String` does not fail.
            let _ = write!(out, "~{:x}", u32::from(letter));
        }
    }
    out
}

/// A link to an anchor of this page.
pub(super) fn target(anchor: &str) -> String {
    format!("#{anchor}")
}

/// What a word of the documentation leads to.
#[derive(Debug)]
pub(super) struct Links<'a> {
    names: BTreeMap<String, &'a str>,
}

impl<'a> Links<'a> {
    /// The operations and the code tables, by name, and the codes with an
    /// outcome, by value.
    pub(super) fn new(api: &'a Api) -> Self {
        let operations = api.operations.iter().map(|operation| &operation.name);
        let tables = api.code_tables.iter().map(|table| &table.name);
        Self {
            names: operations
                .chain(tables)
                .map(|name| (name.clone(), name.as_str()))
                .collect(),
        }
    }

    #[cfg(test)]
    pub(super) fn of(names: BTreeMap<String, &'a str>) -> Self {
        Self { names }
    }

    /// A piece of code; a link, where it names something of the API.
    pub(super) fn code(&self, code: &str) -> Markup {
        if let Some(name) = self.names.get(code) {
            return linked(&anchor(&[name]), code);
        }
        html! { code { (code) } }
    }
}

/// A piece of code that leads to an anchor.
pub(super) fn linked(anchor: &str, code: &str) -> Markup {
    html! { a href=(target(anchor)) { code { (code) } } }
}
