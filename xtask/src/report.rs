//! Reports: what a task found, in the spelling that its reader wants.

mod formats;
mod terminal;
mod words;

use clap::ValueEnum;
use codegen::Place;

use crate::Ending;

pub(crate) use formats::{one, pretty};
pub use terminal::show;
pub(crate) use words::{WIDTH, code, counted, escaped, paragraph, wrapped};

/// Prints what a task has to say, on the stream where it belongs.
#[must_use]
pub fn tell(told: Result<(String, Ending), String>) -> Ending {
    match told {
        Ok((text, ending)) => {
            show(&text);
            ending
        }
        Err(message) => {
            eprintln!("{}", codegen::visible(message.trim_end()));
            Ending::Unusable
        }
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal of 80 columns
    Text,
    /// For programs
    Json,
    /// For a pull request
    Markdown,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Worth a second look.
    Warning,
    /// The task fails because of it.
    Error,
}

impl Level {
    /// The word for reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that a task found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub level: Level,
    /// The rule that found it.
    pub rule: String,
    /// What kind of finding it is, where the level does not say it all:
    /// `breaking`.
    pub kind: Option<&'static str>,
    /// What was found and what to do, on one line.
    pub message: String,
    /// The file, from the root of the workspace.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer; empty for the whole file.
    pub pointer: String,
    /// A name that outlives rewording, where there is one.
    pub fingerprint: Option<String>,
}

impl Finding {
    /// A finding in a file.
    #[must_use]
    pub fn new(level: Level, rule: &str, file: &str, place: &Place, message: String) -> Self {
        Self {
            level,
            rule: rule.to_owned(),
            kind: None,
            message,
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            pointer: place.pointer.clone(),
            fingerprint: None,
        }
    }

    /// What the finding is, in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.kind.unwrap_or(self.level.word())
    }

    /// `file:line:column`.
    #[must_use]
    pub fn location(&self) -> String {
        format!("{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A rule as reports explain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// What it asks, in one line.
    pub title: String,
    /// Why, and what to do.
    pub help: String,
}

/// What a task found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The task: `lint`.
    pub tool: &'static str,
    /// All of it in one line.
    pub summary: String,
    /// One by one.
    pub findings: Vec<Finding>,
    /// The rules that were looked at, where they can be explained.
    pub rules: Vec<Rule>,
}

impl Report {
    /// The report in one of the spellings; it ends with a line end unless it
    /// is empty.
    #[must_use]
    pub fn written(&self, format: Format) -> String {
        match format {
            Format::Text => formats::text(self),
            Format::Json => formats::json(self),
            Format::Markdown => formats::markdown(self),
            Format::Github => formats::github(self),
            Format::Sarif => formats::sarif(self),
            Format::Junit => formats::junit(self),
        }
    }

    /// The most severe level of all findings.
    #[must_use]
    pub fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}
