//! The linter: it reports what the generator rejects, and what makes a document
//! hard to read or to review.

mod exceptions;
mod fields;
mod names;
mod operations;
mod order;

use std::sync::LazyLock;

use crate::diff;
use codegen::check::{self, Document};
use codegen::{Diagnostic, Diagnostics, Reporter};

/// A lint rule and its rationale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name in reports and exceptions.
    pub id: &'static str,
    /// The severity of a violation.
    pub severity: Severity,
    /// The requirement, on one line without a full stop.
    pub title: &'static str,
    /// The rationale, in one or two sentences.
    pub why: &'static str,
}

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Should be fixed, but does not mislead readers.
    Warning,
    /// Readers lack information that they need.
    Error,
    /// The generator rejects the document.
    Refused,
}

/// All rules, by name, from the table in `spec/rules.md`.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let table = include_str!("../../spec/rules.md");
    table.lines().filter_map(Rule::of_row).collect()
});

impl Severity {
    /// Returns the name for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Refused => "refused",
        }
    }
}

impl Rule {
    /// Returns whether a node can have an exception from the rule. Rules that the
    /// generator requires and the rules about exceptions allow none.
    #[must_use]
    pub fn may_be_excepted(&self) -> bool {
        self.severity != Severity::Refused && !exceptions::OWN_RULES.contains(&self.id)
    }

    /// Parses a row of the table; `None` for any other line.
    fn of_row(line: &'static str) -> Option<Self> {
        let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
        let id = cells.next()?.strip_suffix('`')?;
        let word = cells.next()?;
        let severities = [Severity::Warning, Severity::Error, Severity::Refused];
        Some(Self {
            id,
            severity: severities.into_iter().find(|one| one.word() == word)?,
            title: cells.next()?,
            why: cells.next()?,
        })
    }
}

/// Returns the rule with a name.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Checks all rules, and returns the diagnostics in the order of the document.
///
/// For a document with invalid keywords or references, only those are reported.
///
/// # Errors
///
/// Text that is not YAML, or not an OpenAPI 3 document.
pub fn lint(text: &str) -> Result<Vec<Diagnostic>, Diagnostics> {
    let root = diff::read(text)?;
    if let Err(diagnostics) = check::in_shape(&root) {
        return Ok(diagnostics.as_slice().to_vec());
    }
    let document = Document::new(&root);
    let mut diagnostics = diagnostics_of(check::rules(&document));
    diagnostics.extend(exceptions::applied(
        &root,
        diagnostics_of(quality(&document)),
    ));
    diagnostics.sort_by(|a, b| (&a.location, a.rule).cmp(&(&b.location, b.rule)));
    Ok(diagnostics)
}

/// A rule that reports each violation in the document.
type RuleFunction = fn(&Document<'_>, &mut Reporter);

const QUALITY: &[RuleFunction] = &[
    operations::sections,
    operations::status_queries,
    operations::transaction_ids,
    operations::outcomes_shown,
    operations::examples_named,
    operations::example_codes,
    operations::unused_codes,
    fields::units,
    fields::time_zone,
    fields::lengths,
    fields::lists_shown,
    fields::fields_shown,
    fields::required_in_order,
    names::similar,
    names::unused,
    names::version,
    order::keywords,
];

fn quality(document: &Document<'_>) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    for rule in QUALITY {
        rule(document, &mut reporter);
    }
    reporter.finish(())
}

fn diagnostics_of(result: Result<(), Diagnostics>) -> Vec<Diagnostic> {
    match result {
        Ok(()) => Vec::new(),
        Err(diagnostics) => diagnostics.as_slice().to_vec(),
    }
}
