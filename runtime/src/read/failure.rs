//! What goes wrong while a message is read, and where.

use std::fmt::{self, Write as _};

use serde::de;

use crate::value::WireError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Syntax,
    Nesting,
    Missing,
    Twice,
    NoObject,
    NoList,
    Scalar(WireError),
    Other,
}

impl Cause {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Syntax => "not valid JSON",
            Self::Nesting => "nested too deep",
            Self::Missing => "is missing",
            Self::Twice => "is there twice",
            Self::NoObject => "expected an object",
            Self::NoList => "expected a list",
            Self::Scalar(error) => error.text(),
            Self::Other => "is not what was expected",
        }
    }
}

/// What went wrong, collected on the way out.
#[derive(Debug)]
pub(super) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    cause: Cause,
    /// From the inside out.
    path: Vec<Step>,
    /// The address of the value in question.
    address: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Field(&'static str),
    Item(usize),
}

impl Failure {
    pub(super) fn new(cause: Cause) -> Self {
        Self(Box::new(Parts {
            cause,
            path: Vec::new(),
            address: None,
        }))
    }

    /// A failure of `serde_json`, whose text may quote what was received.
    pub(super) fn of_json<E: de::Error>(_: E) -> Self {
        Self::new(Cause::Other)
    }

    /// The same failure, seen from around the value of which it is.
    pub(super) fn below(mut self, step: Option<Step>, value: &str) -> Self {
        self.0.path.extend(step);
        self.0.address.get_or_insert(value.as_ptr().addr());
        self
    }

    pub(super) fn cause(&self) -> Cause {
        self.0.cause
    }

    /// Where the value in question begins in `text`, of which it is a part.
    pub(super) fn offset(&self, text: &str) -> usize {
        let start = text.as_ptr().addr();
        self.0.address.unwrap_or(start).saturating_sub(start)
    }

    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            let dot = if path.is_empty() { "" } else { "." };
            // A `String` takes everything that is written to it.
            let _ = match step {
                Step::Field(name) => write!(path, "{dot}{name}"),
                Step::Item(index) => write!(path, "[{index}]"),
            };
        }
        path
    }

    fn of_field(cause: Cause, field: &'static str) -> Self {
        let mut failure = Self::new(cause);
        failure.0.path.push(Step::Field(field));
        failure
    }
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::new(Cause::Scalar(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.cause.text())
    }
}

impl std::error::Error for Failure {}

/// Every text that could quote a received value ends here.
impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let known = WireError::known(&message.to_string());
        Self::new(known.map_or(Cause::Other, Cause::Scalar))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of_field(Cause::Missing, field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of_field(Cause::Twice, field)
    }
}
