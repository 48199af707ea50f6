//! Reports: the findings of a task, for a terminal and for GitHub Actions.

mod templates;
mod terminal;
mod text;

use codegen::Location;
use minijinja::{Value, context};

use crate::Ending;

pub(crate) use templates::rendered;
pub use terminal::show;
use text::{WIDTH, shortened};
pub(crate) use text::{counted, paragraph};

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For information.
    Note,
    /// Should be reviewed.
    Warning,
    /// The task fails because of it.
    Error,
}

impl Level {
    /// Returns the name of the level in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A finding of a task, with its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The level.
    pub level: Level,
    /// The rule that found it.
    pub rule: String,
    /// A task-specific term such as `breaking`, where the level is not enough.
    pub kind: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// The file, relative to the workspace root.
    pub file: String,
    /// The line, starting at 1.
    pub line: usize,
    /// The column in characters, starting at 1.
    pub column: usize,
    /// The JSON pointer; empty for the whole file.
    pub pointer: String,
}

impl Finding {
    /// Creates a finding in a file.
    #[must_use]
    pub fn new(level: Level, rule: &str, file: &str, location: &Location, message: String) -> Self {
        Self {
            level,
            rule: rule.to_owned(),
            kind: None,
            message,
            file: file.to_owned(),
            line: location.line,
            column: location.column,
            pointer: location.pointer.clone(),
        }
    }

    /// Returns the kind, or else the level.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.kind.unwrap_or(self.level.word())
    }

    /// Returns `file:line:column`.
    #[must_use]
    pub fn location(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }

    /// Returns what the templates show of the finding.
    pub(crate) fn shown(&self) -> Value {
        let (word, location) = (self.word(), self.location());
        context! { word, rule => self.rule.as_str(), message => self.message.as_str(), location }
    }

    /// For a terminal: the message, the location, and an empty line.
    fn text(&self) -> String {
        let message = format!("{}: {} [{}]", self.word(), self.message, self.rule);
        let mut out = format!("{}  {}\n", paragraph(&message), self.location());
        if !self.pointer.is_empty() {
            let pointer = shortened(&self.pointer, WIDTH - "  at ".len());
            out.push_str(&format!("  at {pointer}\n"));
        }
        out.push('\n');
        out
    }

    /// Returns an annotation that GitHub Actions shows beside the line of a pull
    /// request.
    #[must_use]
    pub fn annotation(&self) -> String {
        let command = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let title = match self.kind {
            Some(kind) => format!("{kind}: {}", self.rule),
            None => self.rule.clone(),
        };
        let property = |text: &str| workflow(text).replace(',', "%2C").replace(':', "%3A");
        format!(
            "::{command} file={},line={},col={},title={}::{}\n",
            property(&self.file),
            self.line,
            self.column,
            property(&title),
            workflow(&self.message),
        )
    }
}

/// Escapes text inside a workflow command.
fn workflow(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The findings of a task.
#[derive(Clone, Debug)]
pub struct Report {
    /// A one-line summary.
    pub summary: String,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// For a terminal: a paragraph per finding, then the summary.
    #[must_use]
    pub fn text(&self) -> String {
        let findings: String = self.findings.iter().map(Finding::text).collect();
        findings + &paragraph(&self.summary)
    }

    /// Returns [`Ending::Findings`] if any finding is an error.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self.findings.iter().map(|finding| finding.level).max() {
            Some(Level::Error) => Ending::Findings,
            _ => Ending::Clean,
        }
    }
}

#[cfg(test)]
mod tests {
    use codegen::Location;

    use super::{Finding, Level};

    #[test]
    fn a_text_in_a_workflow_command_begins_no_other() {
        for end in ["\n", "\r", "\r\n"] {
            let text = format!("100%{end}::error::a,b");
            let location = Location::new(1, 1, "");
            let finding = Finding::new(Level::Note, &text, "f", &location, text.clone());
            let annotation = finding.annotation();
            assert!(annotation.starts_with("::notice file=f,line=1,col=1,title=100%25%0"));
            assert!(annotation.contains("%3A%3Aerror%3A%3Aa%2Cb::100%25%0"));
            assert!(!annotation.trim_end_matches('\n').contains(['\n', '\r']));
        }
    }
}
