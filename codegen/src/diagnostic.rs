//! Diagnostics: errors in a document and their locations. They are collected and
//! reported together.

use crate::characters::visible_line;

/// A location in the document.
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
    /// Returns a location in the document.
    #[must_use]
    pub fn new(line: usize, column: usize, pointer: impl Into<String>) -> Self {
        Self {
            line,
            column,
            pointer: pointer.into(),
        }
    }
}

/// An error in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that is violated.
    pub rule: &'static str,
    /// The location.
    pub location: Location,
    /// The error and its fix, as a lower-case sentence fragment on one line.
    pub message: String,
}

impl Diagnostic {
    /// Returns a diagnostic.
    #[must_use]
    pub fn new(rule: &'static str, location: Location, message: impl Into<String>) -> Self {
        // The message can quote text of the document.
        let message = visible_line(&message.into());
        Self {
            rule,
            location,
            message,
        }
    }
}

/// All errors in a document: never empty, in the order of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Returns the diagnostics, in the order of the document.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Returns the report for display: one line per diagnostic, with the file name,
    /// line, column, rule and JSON pointer.
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

/// Collects diagnostics. It must be finished: dropping a reporter that holds
/// diagnostics is a bug in the generator and panics.
#[derive(Debug, Default)]
pub struct Reporter {
    diagnostics: Vec<Diagnostic>,
}

impl Reporter {
    /// Returns a reporter without diagnostics.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a diagnostic.
    pub fn add(&mut self, rule: &'static str, location: &Location, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::new(rule, location.clone(), message));
    }

    /// Returns the value if there are no diagnostics.
    ///
    /// # Errors
    ///
    /// All diagnostics that were added.
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
