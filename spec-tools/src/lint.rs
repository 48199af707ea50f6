//! The linter: what the generator refuses, and what makes a document hard to
//! read or to review.

mod exceptions;
mod fields;
mod names;
mod operations;
mod order;

use std::sync::LazyLock;

use crate::diff;
use codegen::check::{self, Document};
use codegen::{Diagnostic, Diagnostics, Reporter};

/// What a rule asks, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in reports and in exceptions.
    pub id: &'static str,
    /// How serious it is to break it.
    pub severity: Severity,
    /// What it asks, in a line without full stop.
    pub title: &'static str,
    /// Why it asks that, in a sentence or two.
    pub why: &'static str,
}

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Better fixed, and misleads no reader.
    Warning,
    /// A reader is left without something that they need.
    Error,
    /// Nothing can be generated.
    Refused,
}

/// Every rule, by name, as the table in `spec/rules.md` lists them.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let table = include_str!("../../spec/rules.md");
    table.lines().filter_map(Rule::of_row).collect()
});

impl Severity {
    /// The word for reports.
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
    /// Whether a node may be excepted from it: the generator needs the rules that
    /// it refuses by, and a rule about exceptions cannot have any.
    #[must_use]
    pub fn may_be_excepted(&self) -> bool {
        self.severity != Severity::Refused && !exceptions::OWN_RULES.contains(&self.id)
    }

    /// The rule of a row of the table; nothing for any other line.
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

/// The rule of a name.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Checks a document by every rule; the diagnostics stand in the order of the
/// document.
///
/// A document whose keywords or references are out of shape gets only the
/// diagnostics about those.
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

/// A rule that adds a diagnostic wherever the document breaks it.
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
