//! What is wrong with a document, and where. Diagnostics are collected and
//! reported together.

use crate::characters::visible_line;

/// Where something stands in the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer; empty for the whole document.
    pub pointer: String,
}

impl Location {
    /// A location in the document.
    #[must_use]
    pub fn new(line: usize, column: usize, pointer: impl Into<String>) -> Self {
        Self {
            line,
            column,
            pointer: pointer.into(),
        }
    }
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that is broken.
    pub rule: &'static str,
    /// Where.
    pub location: Location,
    /// What is wrong and what to do, as a lower-case sentence fragment on one
    /// line.
    pub message: String,
}

impl Diagnostic {
    /// A diagnostic.
    #[must_use]
    pub fn new(rule: &'static str, location: Location, message: impl Into<String>) -> Self {
        // It may name what the document says.
        let message = visible_line(&message.into());
        Self {
            rule,
            location,
            message,
        }
    }
}

/// All that is wrong with a document: never empty, in the order of the
/// document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The diagnostics, in the order of the document.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// The report that people read: a line per diagnostic, each with the file's
    /// name, line, column, rule and JSON pointer.
    #[must_use]
    pub fn report(&self, file: &str) -> String {
        let mut report = String::new();
        for diagnostic in &self.0 {
            let Diagnostic { rule, message, .. } = diagnostic;
            let Location { line, column, .. } = diagnostic.location;
            report.push_str(&format!("{file}:{line}:{column}: [{rule}] {message}\n"));
            if !diagnostic.location.pointer.is_empty() {
                let pointer = visible_line(&diagnostic.location.pointer);
                report.push_str(&format!("    at {pointer}\n"));
            }
        }
        report
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// Collects diagnostics. It must be finished: dropping one that holds
/// diagnostics is a mistake of the generator and stops it.
#[derive(Debug, Default)]
pub struct Reporter {
    diagnostics: Vec<Diagnostic>,
}

impl Reporter {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a diagnostic.
    pub fn add(&mut self, rule: &'static str, location: &Location, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::new(rule, location.clone(), message));
    }

    /// The value, if nothing is wrong.
    ///
    /// # Errors
    ///
    /// Everything that was added.
    pub fn finish<T>(mut self, value: T) -> Result<T, Diagnostics> {
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        if diagnostics.is_empty() {
            return Ok(value);
        }
        diagnostics.sort_by(|a, b| (&a.location, a.rule).cmp(&(&b.location, b.rule)));
        diagnostics.dedup();
        Err(Diagnostics(diagnostics))
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        debug_assert!(
            self.diagnostics.is_empty() || std::thread::panicking(),
            "diagnostics were added and never returned"
        );
    }
}
