//! The document's constraints on a message, checked before it is sent.
//!
//! A row of [`message!`](crate::message!) names the constraints of a field; their
//! meaning and the reporting of violations are defined here. Nothing is checked
//! when a message is read.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;

use regex_lite::Regex;

use crate::value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive, WireError};

/// A message, or an object in one, that can be validated against the document.
pub trait Validate {
    /// Reports every violation.
    fn check(&self, at: &mut Violations);

    /// The text of a scalar field, by its name on the wire, for conditions between
    /// fields; `None` if it is absent or there is no such field.
    #[doc(hidden)]
    fn text_of(&self, _field: &str) -> Option<Cow<'_, str>> {
        None
    }

    /// Checks all constraints.
    ///
    /// # Errors
    ///
    /// All violations.
    fn validate(&self) -> Result<(), Invalid> {
        let mut at = Violations::default();
        self.check(&mut at);
        at.finish(Some(()))
    }
}

/// A message violates constraints of the document. Names the fields and reasons,
/// and never shows values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// The violations, in the order of the fields; at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

/// One line per violation.
impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Invalid {}

/// A violated constraint of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field on the wire, such as `orders[2].orderNumber`.
    pub field: String,
    /// The violated constraint: `required`, `max-length`, or the document's name
    /// for a condition between fields.
    pub rule: &'static str,
    /// The reason, in English. Never holds the value.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Names and texts for a range: the constraints below and above it, the verb, and
/// the unit.
pub type Limits = [&'static str; 4];
const LENGTH: Limits = ["min-length", "max-length", "must have", " characters"];
/// The limits of a value.
pub const VALUE: Limits = ["minimum", "maximum", "must be", ""];
pub(crate) const ITEMS: Limits = ["min-items", "max-items", "must be", " items"];

/// Collects violations.
#[derive(Debug, Default)]
pub struct Violations {
    /// The path of the object that is checked, with a trailing dot.
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Finishes the checks: returns the message if nothing was reported.
    pub(crate) fn finish<T>(self, message: Option<T>) -> Result<T, Invalid> {
        let valid = message.filter(|_| self.found.is_empty());
        valid.ok_or(Invalid(self.found))
    }

    /// Reports that `field` violates `rule`. The message must not hold the value.
    pub fn report(&mut self, field: &str, rule: &'static str, message: impl Into<String>) {
        self.found.push(Violation {
            field: format!("{}{field}", self.path),
            rule,
            message: message.into(),
        });
    }

    /// Checks the format of a scalar, the length of its text in characters, not
    /// bytes, and its patterns.
    pub fn text(
        &mut self,
        field: &str,
        value: &impl AsText,
        length: impl RangeBounds<usize>,
        patterns: &[&'static Pattern],
    ) {
        if let Some((rule, message)) = value.malformed() {
            return self.report(field, rule, message);
        }
        let Some(text) = value.as_text() else {
            return;
        };
        let characters = text.chars().count();
        if text.is_empty() && length.start_bound() == Bound::Included(&1) {
            self.report(field, LENGTH[0], "must not be empty");
        } else {
            self.range(field, &characters, &length, LENGTH);
        }
        for pattern in patterns.iter().filter(|pattern| !pattern.matches(&text)) {
            self.report(field, "pattern", format!("must match {}", pattern.source()));
        }
    }

    /// Checks that a code is listed and may be sent.
    pub fn code(&mut self, field: &str, is_listed: bool, is_read_only: bool) {
        if !is_listed {
            self.report(field, "unlisted", "must be a code that the document lists");
        } else if is_read_only {
            self.report(
                field,
                "read-only",
                "must not be a code that is only received",
            );
        }
    }

    /// Checks that a text or code is one of those allowed.
    pub fn one_of(&mut self, field: &str, value: &impl AsText, allowed: &[&str]) {
        if value
            .as_text()
            .is_some_and(|text| !allowed.contains(&&*text))
        {
            let message = format!("must be {}", alternatives(allowed));
            self.report(field, "one-of", message);
        }
    }

    /// Checks the range of a number that is written as a text.
    pub fn integer_range(
        &mut self,
        field: &str,
        value: &IntegerText,
        bounds: impl RangeBounds<u64>,
    ) {
        if value.is_number() {
            // A number that exceeds `u64` also exceeds any upper bound.
            self.range(field, &value.to_u64().unwrap_or(u64::MAX), &bounds, VALUE);
        }
    }

    /// Checks the range of a value, or of a number of characters or items.
    pub fn range<T: PartialOrd + fmt::Display>(
        &mut self,
        field: &str,
        value: &T,
        bounds: &impl RangeBounds<T>,
        [below, above, verb, unit]: Limits,
    ) {
        let too_small = match bounds.start_bound() {
            Bound::Included(min) if value < min => Some(format!("at least {min}")),
            Bound::Excluded(min) if value <= min => Some(format!("more than {min}")),
            _ => None,
        };
        let too_large = match bounds.end_bound() {
            Bound::Included(max) if value > max => Some(format!("at most {max}")),
            Bound::Excluded(max) if value >= max => Some(format!("less than {max}")),
            _ => None,
        };
        for (rule, bound) in [(below, too_small), (above, too_large)] {
            if let Some(bound) = bound {
                self.report(field, rule, format!("{verb} {bound}{unit}"));
            }
        }
    }

    /// Checks an object inside the message.
    pub fn nested(&mut self, field: &str, value: &(impl Validate + ?Sized)) {
        let length = self.path.len();
        self.path.push_str(field);
        self.path.push('.');
        value.check(self);
        self.path.truncate(length);
    }
}

fn alternatives(texts: &[&str]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// A regular expression for a `static`, compiled on first use.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Creates a pattern, in the syntax of the crate `regex-lite`.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// The expression.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether `text` matches. An invalid expression matches nothing.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(self.source).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// A condition between fields.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// The condition: fields, each with the values for which the rule applies.
    pub when: &'static [(&'static str, &'static [&'static str])],
    /// Fields that must be present and not empty.
    pub require: &'static [&'static str],
    /// Fields that must be absent.
    pub forbid: &'static [&'static str],
    /// Fields whose text must match the pattern, if they are present.
    pub matches: &'static [(&'static str, &'static Pattern)],
    /// The reason, as a sentence.
    pub reason: &'static str,
}

impl Rule {
    /// Reports every field that violates the rule, if the rule applies to the
    /// message.
    pub fn check(&self, message: &impl Validate, at: &mut Violations) {
        let holds = self.when.iter().all(|(field, values)| {
            let text = message.text_of(field);
            text.is_some_and(|text| values.contains(&&*text))
        });
        if !holds {
            return;
        }
        let mut report = |field: &str, constraint: &str| {
            let when = self
                .when
                .iter()
                .map(|(field, values)| format!(" when {field} is {}", alternatives(values)));
            let when: String = when.collect();
            at.report(
                field,
                self.id,
                format!("{constraint}{when}: {}", self.reason),
            );
        };
        for field in self.require {
            if message.text_of(field).is_none_or(|text| text.is_empty()) {
                report(field, "is required");
            }
        }
        for field in self.forbid {
            if message.text_of(field).is_some() {
                report(field, "must be left out");
            }
        }
        for (field, pattern) in self.matches {
            let text = message.text_of(field);
            if text.is_some_and(|text| !pattern.matches(&text)) {
                report(field, &format!("must match {}", pattern.source()));
            }
        }
    }
}

/// A scalar with a text on the wire; it may be absent.
pub trait AsText {
    /// The text; `None` if the scalar is absent, or if it is an object.
    fn as_text(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The text of the scalar in a key that identifies duplicates.
    #[doc(hidden)]
    fn key_text(&self) -> Option<Cow<'_, str>> {
        self.as_text()
    }

    /// The constraint and the message of a violation, if the text is not a valid
    /// value of the type.
    #[doc(hidden)]
    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

impl AsText for String {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl AsText for PersonName {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        let named = self.parts().is_some();
        (!named).then_some(("person-name", WireError::PERSON_NAME.text()))
    }
}

impl AsText for IntegerText {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        (!self.is_number()).then_some(("whole-number", "must be a whole number"))
    }
}

impl<T: AsText> AsText for Sensitive<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.expose().as_text()
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        self.expose().malformed()
    }
}

impl<T: AsText> AsText for Option<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(AsText::as_text)
    }
}

macro_rules! displayed {
    ($($scalar:ty),*) => {
        $(impl AsText for $scalar {
            fn as_text(&self) -> Option<Cow<'_, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        })*
    };
}

displayed!(Amount, Date, DateTime, bool, u32, u64, i32, i64);
