//! The document's constraints on a message, checked before it is sent.
//!
//! A row of [`message!`](crate::message!) names the constraints of a field; what
//! they mean and how a violation is reported is defined here. Nothing is checked
//! when a message is read.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;

use regex_lite::Regex;

use crate::value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive, WireError};

/// A message, or an object in one, with the document's constraints on it.
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
    /// Every violation.
    fn validate(&self) -> Result<(), Invalid> {
        let mut at = Violations::default();
        self.check(&mut at);
        at.finish(Some(()))
    }
}

/// A message violates constraints of the document. Says which fields and why,
/// and never shows what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(Vec<Violation>);

impl Invalid {
    /// What is wrong, in the order of the fields; at least one.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

/// A line for each violation.
impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Invalid {}

/// One thing that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field on the wire, such as `orders[2].orderNumber`.
    pub field: String,
    /// Which constraint is violated: `required`, `max-length`, or the name that
    /// the document gives a condition between fields.
    pub rule: &'static str,
    /// Why, for people. Never holds the value.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The rules for what is below and above the bounds, and the words around them.
pub type Limits = [&'static str; 4];
const LENGTH: Limits = ["min-length", "max-length", "must have", " characters"];
/// Those of a value.
pub const VALUE: Limits = ["minimum", "maximum", "must be", ""];
pub(crate) const ITEMS: Limits = ["min-items", "max-items", "must be", " items"];

/// Collects violations.
#[derive(Debug, Default)]
pub struct Violations {
    /// The path of the object that is checked, with a point at its end.
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Ends the checks: the message, if nothing was reported.
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

    /// The form of a scalar, and the length of its text in characters, not bytes,
    /// and its patterns.
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

    /// A code that the document lists and that may be sent.
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

    /// One of a few texts or codes.
    pub fn one_of(&mut self, field: &str, value: &impl AsText, allowed: &[&str]) {
        if value
            .as_text()
            .is_some_and(|text| !allowed.contains(&&*text))
        {
            let message = format!("must be {}", alternatives(allowed));
            self.report(field, "one-of", message);
        }
    }

    /// The smallest and the largest number that is written as a text.
    pub fn integer_range(
        &mut self,
        field: &str,
        value: &IntegerText,
        bounds: impl RangeBounds<u64>,
    ) {
        if value.is_number() {
            // What is larger than any bound is as large as can be.
            self.range(field, &value.to_u64().unwrap_or(u64::MAX), &bounds, VALUE);
        }
    }

    /// The smallest and the largest value, or number of characters or items.
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

    /// The constraints on an object inside the message.
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

/// A regular expression for a `static`, compiled when it is first needed.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The expression, in the syntax of the crate `regex-lite`.
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

    /// Whether `text` matches. An expression that cannot be compiled matches
    /// nothing.
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
    /// The fields and their values for which the rule holds.
    pub when: &'static [(&'static str, &'static [&'static str])],
    /// Fields that have to be there and not empty.
    pub require: &'static [&'static str],
    /// Fields that must not be there.
    pub forbid: &'static [&'static str],
    /// Fields whose text has to match, if they are there.
    pub matches: &'static [(&'static str, &'static Pattern)],
    /// Why, as a sentence.
    pub reason: &'static str,
}

impl Rule {
    /// Reports every field that breaks the rule, if it holds for the message.
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

/// A scalar that has a text on the wire, or is absent.
pub trait AsText {
    /// The text; `None` if the scalar is absent, or if it is an object.
    fn as_text(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The text that represents the scalar in a key by which a repetition is
    /// recognized.
    #[doc(hidden)]
    fn key_text(&self) -> Option<Cow<'_, str>> {
        self.as_text()
    }

    /// The rule and the message of a violation, if the text has no value of the
    /// type.
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
