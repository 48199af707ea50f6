//! Reading messages: strict JSON, lenient field values.
//!
//! [`from_slice`] reads any type that implements `Deserialize`, without an
//! attribute on its fields:
//!
//! - A key is compared exactly first, then ignoring ASCII case, whitespace anywhere
//!   in it, and zero-width characters. Two keys for one field are an error, since
//!   they are ambiguous; unknown keys are ignored.
//! - A scalar may be a JSON string, number or boolean, regardless of how its type
//!   is written. A number is read by its digits, never through floating point.
//! - `null` and a string of whitespace are read as an absent option or an empty
//!   list.
//!
//! `serde_json::from_str` reads the same types strictly: exact names, and scalars
//! only as their type is written.

mod keys;
mod lenient;
mod pick;

use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde_json::value::RawValue;

use crate::value::WireError;

pub(crate) use lenient::ValueOrJson;
pub(crate) use pick::pick;

/// Reads a message: one JSON text in UTF-8, nested at most 127 levels deep,
/// optionally preceded by a byte order mark.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let bytes = without_mark(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        ReadError::from(WireError::SYNTAX).at_end_of(valid)
    })?;
    lenient::read(text).or_else(|_| explain(text))
}

/// Strips the byte order mark that some programs put before a text.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads a text that could not be read in one pass: returns the message with its
/// unreadable fields preserved, or the error with its location.
fn explain<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    if nested_too_deep(text, MAX_DEPTH) {
        return Err(WireError::NESTING.into());
    }
    let json: &RawValue = serde_json::from_str(text).map_err(|error| {
        let mut invalid = ReadError::from(WireError::SYNTAX);
        (invalid.0.line, invalid.0.column) = (error.line(), error.column());
        invalid
    })?;
    lenient::read_values(json.get()).map_err(|error| {
        let error = error.below(Step::Field(""), json.get());
        let start = error.0.address.checked_sub(text.as_ptr().addr());
        error.at_end_of(
            start
                .and_then(|start| text.get(..start))
                .unwrap_or_default(),
        )
    })
}

/// A message cannot be read. States the reason and the location, and never holds
/// anything of what was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    cause: WireError,
    field: String,
    line: usize,
    column: usize,
    /// The address of the invalid value until its location is determined, else 0.
    address: usize,
}

/// A step of the path to a field; the name is empty for the entries of a map.
#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl ReadError {
    fn at_end_of(mut self, before: &str) -> Self {
        let lines = before.split('\n');
        self.0.column = lines
            .clone()
            .next_back()
            .map_or(0, |line| line.chars().count())
            + 1;
        self.0.line = lines.count();
        self.without_address()
    }

    fn without_address(mut self) -> Self {
        self.0.address = 0;
        self
    }

    /// Adds the step that leads to `json`, the value that failed, and records its
    /// address unless that of an inner value is known.
    fn below(mut self, step: Step, json: &str) -> Self {
        if self.0.address == 0 {
            self.0.address = json.as_ptr().addr();
        }
        self.prefix(step)
    }

    fn prefix(mut self, step: Step) -> Self {
        let field = &mut self.0.field;
        let step = match step {
            Step::Field(name) => name.to_owned(),
            Step::Item(index) => format!("[{index}]"),
        };
        let joined = step.is_empty() || field.is_empty() || field.starts_with('[');
        *field = format!("{step}{}{field}", if joined { "" } else { "." });
        self
    }

    /// The path of the field, such as `rows[2].amount`; empty if the error concerns
    /// the message as a whole.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// The reason, without the location.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.0.cause.text()
    }

    /// The line, counted from 1; 0 if there is no single location.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column, counted from 1; 0 if there is no single location.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field().is_empty() {
            write!(f, "{}: ", self.field())?;
        }
        f.write_str(self.reason())?;
        if self.line() > 0 {
            write!(f, " (line {}, column {})", self.line(), self.column())?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

/// Creates an error without a location.
impl From<WireError> for ReadError {
    fn from(cause: WireError) -> Self {
        Self(Box::new(Details {
            cause,
            field: String::new(),
            line: 0,
            column: 0,
            address: 0,
        }))
    }
}

/// Error messages that could quote a received value are discarded here.
impl de::Error for ReadError {
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

/// The maximum nesting depth of a message, the same as that of `serde_json`.
const MAX_DEPTH: usize = 127;

/// Whether the JSON is nested deeper than `max_depth`, ignored fields included.
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
