//! Reading messages: strict JSON, leniently read.
//!
//! [`from_slice`] reads any type that implements `Deserialize`, without an
//! attribute on its fields:
//!
//! - A key is first compared as it is, then without regard to ASCII case, to
//!   whitespace anywhere in it and to characters without width. Two keys for
//!   one field are an error, because which of them holds is not known; unknown
//!   keys are ignored.
//! - A scalar may come as a JSON string, number or boolean, however its type is
//!   written. A number is taken by its digits, never through floating point.
//! - `null` and a text of whitespace are an absent option and an empty list.
//!
//! `serde_json::from_str` reads the same types strictly: names as they are, and
//! of scalars only what the type is written as.

mod keys;
mod lenient;
mod pick;

use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde_json::value::RawValue;

use crate::value::WireError;

pub(crate) use lenient::ValueOrJson;
pub(crate) use pick::pick;

/// Reads a message, also behind a byte order mark.
///
/// # Errors
///
/// If `bytes` are not one JSON text in UTF-8, nested no deeper than 127
/// levels, or if a field is missing, there twice, or not what it should be.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let bytes = without_mark(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        ReadError::from(WireError::SYNTAX).at_end_of(valid)
    })?;
    lenient::read(text).or_else(|_| explain(text))
}

/// A text without the byte order mark that some programs put before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads a text that cannot be read in one pass: the message with what is
/// unreadable in it, or the error.
fn explain<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    if nested_too_deep(text, MAX_DEPTH) {
        return Err(WireError::NESTING.into());
    }
    let json: &RawValue = serde_json::from_str(text).map_err(|error| ReadError {
        line: error.line(),
        column: error.column(),
        ..ReadError::from(WireError::SYNTAX)
    })?;
    lenient::read_values(json.get()).map_err(|failure| {
        let (error, address) = *failure.below(Step::Field(""), json.get()).0;
        let start = address.and_then(|address| address.checked_sub(text.as_ptr().addr()));
        error.at_end_of(
            start
                .and_then(|start| text.get(..start))
                .unwrap_or_default(),
        )
    })
}

/// A message cannot be read. Says what is wrong and where, and never holds
/// anything of what was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    cause: WireError,
    field: String,
    line: usize,
    column: usize,
}

impl ReadError {
    fn at_end_of(self, before: &str) -> Self {
        let (lines, in_line) = match before.rsplit_once('\n') {
            Some((lines, in_line)) => (lines.split('\n').count(), in_line),
            None => (0, before),
        };
        Self {
            line: lines + 1,
            column: in_line.chars().count() + 1,
            ..self
        }
    }

    /// The path of the field in question, such as `rows[2].amount`; empty if
    /// it is the message as a whole.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.cause.text()
    }

    /// The line, counted from 1; 0 if there is no one place.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1; 0 if there is no one place.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(self.reason())?;
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

/// Without a place.
impl From<WireError> for ReadError {
    fn from(cause: WireError) -> Self {
        Self {
            cause,
            field: String::new(),
            line: 0,
            column: 0,
        }
    }
}

/// A [`ReadError`] on its way out, and the address of the value in question.
#[derive(Debug)]
struct Failure(Box<(ReadError, Option<usize>)>);

/// A step of the path to a field; the name is empty in a map.
#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Failure {
    /// The same failure, seen from around the value of which it is.
    fn below(mut self, step: Step, json: &str) -> Self {
        self.0.1.get_or_insert(json.as_ptr().addr());
        self.prefix(step)
    }

    fn prefix(mut self, step: Step) -> Self {
        let field = &mut self.0.0.field;
        let step = match step {
            Step::Field(name) => name.to_owned(),
            Step::Item(index) => format!("[{index}]"),
        };
        let joined = step.is_empty() || field.is_empty() || field.starts_with('[');
        *field = format!("{step}{}{field}", if joined { "" } else { "." });
        self
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self(Box::new((error.into(), None)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

/// Every text that could quote a received value ends here.
impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let known = WireError::known(&message.to_string());
        Self::from(known.unwrap_or(WireError::OTHER))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::from(WireError::MISSING).prefix(Step::Field(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::from(WireError::TWICE).prefix(Step::Field(field))
    }
}

/// How deep a message may be nested, which is where `serde_json` ends, too.
const MAX_DEPTH: usize = 127;

/// Counts in what is ignored, too.
fn nested_too_deep(json: &str, max_depth: usize) -> bool {
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    json.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => level += 1,
            b'}' | b']' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
        level > max_depth
    })
}
