//! Exceptions: rules that a node violates for a stated reason.

use codegen::document::Node;
use codegen::keywords::EXCEPTIONS;
use codegen::{Diagnostic, Location};

/// The rules about exceptions.
pub(super) const OWN_RULES: &[&str] = &[FORM, UNNEEDED];

/// An exception must name a rule that allows exceptions, and give a reason.
const FORM: &str = "exception-form";

/// An exception must suppress a diagnostic.
const UNNEEDED: &str = "unneeded-exception";

/// Returns the diagnostics without those that exceptions suppress, and with those
/// about the exceptions themselves.
pub(super) fn applied(root: &Node, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut exceptions = Vec::new();
    collect(root, &mut exceptions);
    let mut own = Vec::new();
    for exception in exceptions {
        if let Some(message) = exception.mistake() {
            own.push(Diagnostic::new(FORM, exception.location.clone(), message));
            continue;
        }
        let before = diagnostics.len();
        diagnostics.retain(|diagnostic| !exception.covers(diagnostic));
        if diagnostics.len() == before {
            let message = format!(
                "nothing here or below breaks `{}` any more: remove the exception",
                exception.rule
            );
            own.push(Diagnostic::new(
                UNNEEDED,
                exception.location.clone(),
                message,
            ));
        }
    }
    diagnostics.extend(own);
    diagnostics
}

struct Exception<'d> {
    /// The location of the node that has it.
    node: &'d Location,
    location: &'d Location,
    rule: &'d str,
    reason: &'d str,
}

impl Exception<'_> {
    fn mistake(&self) -> Option<String> {
        let rule = self.rule;
        match super::rule(rule) {
            None => Some(format!(
                "there is no rule `{rule}`: spec/rules.md lists them all"
            )),
            Some(known) if !known.may_be_excepted() => Some(format!(
                "`{rule}` has no exceptions: fix what it finds, and remove this"
            )),
            Some(_) if self.reason.trim().is_empty() => Some(format!(
                "nothing says why `{rule}` may be broken here: give a `reason`"
            )),
            Some(_) => None,
        }
    }

    fn covers(&self, diagnostic: &Diagnostic) -> bool {
        let below = diagnostic.location.pointer.strip_prefix(&self.node.pointer);
        diagnostic.rule == self.rule
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Collects the exceptions of a node and its descendants, innermost first, so that
/// an outer one is reported as unneeded if an inner one suffices.
fn collect<'d>(node: &'d Node, found: &mut Vec<Exception<'d>>) {
    for entry in node.entries() {
        if entry.key != EXCEPTIONS && entry.key != "value" && entry.key != "example" {
            collect(&entry.node, found);
        }
    }
    for item in node.items() {
        collect(item, found);
    }
    for row in node.get(EXCEPTIONS).map(Node::items).unwrap_or_default() {
        found.push(Exception {
            node: &node.location,
            location: &row.location,
            rule: row.text_of("rule").unwrap_or_default(),
            reason: row.text_of("reason").unwrap_or_default(),
        });
    }
}
