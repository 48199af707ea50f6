//! The anchors of the page, and links to them. Anchors consist only of names in the
//! document, so that links stay valid after other edits.

use std::collections::BTreeMap;
use std::fmt::Write;

use codegen::model::Api;
use maud::{Markup, html};

/// Returns the anchor of an item, from the path of names to it.
pub(super) fn anchor(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| plain(name)).collect();
    names.join(".")
}

/// Escapes the characters of a name that are invalid in an anchor or a URL.
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

/// The link targets of names in descriptions.
#[derive(Debug)]
pub(super) struct Links<'a> {
    names: BTreeMap<String, &'a str>,
}

impl<'a> Links<'a> {
    /// Collects operations and code tables by name, and codes with an outcome by
    /// value.
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

    /// Renders inline code, as a link if it is a name of the API.
    pub(super) fn code(&self, code: &str) -> Markup {
        if let Some(name) = self.names.get(code) {
            return linked(&anchor(&[name]), code);
        }
        html! { code { (code) } }
    }
}

/// Renders inline code that links to an anchor.
pub(super) fn linked(anchor: &str, code: &str) -> Markup {
    html! { a href=(target(anchor)) { code { (code) } } }
}
