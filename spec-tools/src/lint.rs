//! The linter: what the generator refuses, and what a well-kept document does
//! without. A document that passes can be read by a colleague who has nothing
//! but the document.

mod exceptions;
mod fields;
mod lines;
mod names;
mod operations;
mod page;
mod table;

use crate::diff;
use codegen::check::{self, Document};
use codegen::lower;
use codegen::{Diagnostic, Diagnostics, Location, Reporter};

pub use page::rules_page;
pub use table::RULES;

/// What a rule asks, why, and how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in reports and in exceptions.
    pub id: &'static str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// What it asks, in a line without full stop.
    pub title: &'static str,
    /// Why it asks that, in a sentence or two.
    pub why: &'static str,
    /// How a document keeps it, and how one breaks it.
    pub example: Example,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Better mended; nobody is misled.
    Warning,
    /// A reader is left without something that they need.
    Error,
    /// Nothing can be generated.
    Refused,
}

/// The same part of a document, right and wrong.
///
/// A snippet is a few members of the mapping at `at`. To try it, take a
/// document, remove the members in `without` and those of the snippet from that
/// mapping, and add the snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// JSON pointer to the mapping that the members belong to.
    pub at: &'static str,
    /// Members that are not there, unless the snippet has them.
    pub without: &'static [&'static str],
    /// The rule is kept.
    pub good: &'static str,
    /// The rule is broken.
    pub bad: &'static str,
    /// Rules that cannot but be broken along with it.
    pub also: &'static [&'static str],
}

/// A broken rule and where it is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Where.
    pub location: Location,
    /// What is wrong and what to do, as a lower-case sentence fragment.
    pub message: String,
}

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
    /// Whether a node may ask to be spared: the generator needs the rules that
    /// it refuses by, and a rule about exceptions cannot have any.
    #[must_use]
    pub fn may_be_excepted(&self) -> bool {
        self.severity != Severity::Refused && !exceptions::OWN_RULES.contains(&self.id)
    }
}

/// The rule of a name.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Looks at a document with every rule, in the order of the document.
///
/// A document whose words or references are out of shape gets only the
/// findings about those.
///
/// # Errors
///
/// Text that is not YAML, or not an OpenAPI 3 document.
pub fn lint(text: &str) -> Result<Vec<Finding>, Diagnostics> {
    let root = diff::read(text)?;
    if let Err(diagnostics) = check::in_shape(&root) {
        return Ok(as_findings(diagnostics.as_slice()));
    }
    let document = Document::new(&root);
    let refused = check::rules(&document)
        .and_then(|()| lower::lower(&root))
        .and_then(|api| check::names_free(&root, &api));
    let mut diagnostics = diagnostics_of(refused);
    diagnostics.extend(exceptions::applied(
        &root,
        diagnostics_of(quality(&document, text)),
    ));
    diagnostics.sort_by(|a, b| (&a.location, a.rule).cmp(&(&b.location, b.rule)));
    Ok(as_findings(&diagnostics))
}

/// A rule looks at the document and notes what is wrong.
type RuleFunction = fn(&Document<'_>, &mut Reporter);

const QUALITY: &[RuleFunction] = &[
    operations::summaries,
    operations::sections,
    operations::asking,
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
    names::in_backticks,
    names::full_stops,
    names::version,
];

fn quality(document: &Document<'_>, text: &str) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    for rule in QUALITY {
        rule(document, &mut reporter);
    }
    lines::kept(document.root, text, &mut reporter);
    reporter.finish(())
}

fn diagnostics_of(result: Result<(), Diagnostics>) -> Vec<Diagnostic> {
    match result {
        Ok(()) => Vec::new(),
        Err(diagnostics) => diagnostics.as_slice().to_vec(),
    }
}

fn as_findings(diagnostics: &[Diagnostic]) -> Vec<Finding> {
    let finding = |diagnostic: &Diagnostic| {
        let rule = rule(diagnostic.rule);
        debug_assert!(rule.is_some(), "`{}` is not in the table", diagnostic.rule);
        Some(Finding {
            rule: rule?,
            location: diagnostic.location.clone(),
            message: diagnostic.message.clone(),
        })
    };
    diagnostics.iter().filter_map(finding).collect()
}
