//! What is wrong with a document, and where. Problems are collected and
//! reported together.

use std::fmt;

use crate::characters::visible_line;

/// Where something stands in the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer; empty for the whole document.
    pub pointer: String,
}

impl Place {
    /// A place in the document.
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
pub struct Problem {
    /// The rule that is broken.
    pub rule: &'static str,
    /// Where.
    pub place: Place,
    /// What is wrong and what to do, as a lower-case sentence fragment on one
    /// line.
    pub message: String,
}

impl Problem {
    /// A problem.
    #[must_use]
    pub fn new(rule: &'static str, place: Place, message: impl Into<String>) -> Self {
        // It may name what the document says.
        let message = visible_line(&message.into()).into_owned();
        Self {
            rule,
            place,
            message,
        }
    }
}

/// All that is wrong with a document: never empty, in the order of the
/// document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in the order of the document.
    #[must_use]
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The report that people read: a line per problem, each with the file's
    /// name, line, column, rule and JSON pointer.
    #[must_use]
    pub fn report<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        Report {
            file,
            problems: &self.0,
        }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

struct Report<'a> {
    file: &'a str,
    problems: &'a [Problem],
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.problems {
            let Place {
                line,
                column,
                pointer,
            } = &problem.place;
            writeln!(
                f,
                "{}:{line}:{column}: [{}] {}",
                self.file, problem.rule, problem.message
            )?;
            if !pointer.is_empty() {
                writeln!(f, "    at {}", visible_line(pointer))?;
            }
        }
        Ok(())
    }
}

/// Collects problems. It must be asked for its verdict: dropping one that
/// holds problems is a mistake of the generator and stops it.
#[derive(Debug, Default)]
pub struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem.
    pub fn add(&mut self, rule: &'static str, place: &Place, message: impl Into<String>) {
        self.problems
            .push(Problem::new(rule, place.clone(), message));
    }

    /// The value, if nothing is wrong.
    ///
    /// # Errors
    ///
    /// Everything that was noted.
    pub fn verdict<T>(mut self, value: T) -> Result<T, Problems> {
        let mut problems = std::mem::take(&mut self.problems);
        if problems.is_empty() {
            return Ok(value);
        }
        problems.sort_by(|a, b| (&a.place, a.rule).cmp(&(&b.place, b.rule)));
        problems.dedup();
        Err(Problems(problems))
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        debug_assert!(
            self.problems.is_empty() || std::thread::panicking(),
            "problems were noted and never returned"
        );
    }
}
