//! The document's constraints on a message, checked before it is sent.
//!
//! A row of [`message!`](crate::message!) names the constraints of a field; their
//! meaning and the reporting of violations are defined here. Nothing is checked
//! when a message is read.

use std::borrow::Cow;
use std::fmt;
use std::iter;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;

use displaydoc::Display;
use regex_lite::Regex;

use crate::received::Unreadable;
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

    /// Checks all constraints; the error holds all violations.
    fn validate(&self) -> Result<(), Invalid>
    where
        Self: Sized,
    {
        let mut at = Violations::default();
        self.check(&mut at);
        at.finish()
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

/// The violations that were reported.
#[doc(hidden)]
impl From<Violations> for Invalid {
    fn from(violations: Violations) -> Self {
        Self(violations.found)
    }
}

/// A violated constraint of a message.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[displaydoc("{field}: {message}")]
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

/// Names and texts for a range: the constraints below and above it, the verb, and
/// the unit.
type Limits = [&'static str; 4];
const LENGTH: Limits = ["min-length", "max-length", "must have", " characters"];
const VALUE: Limits = ["minimum", "maximum", "must be", ""];
const ITEMS: Limits = ["min-items", "max-items", "must be", " items"];

/// A constraint on the values of a field.
pub enum Check<'a> {
    /// The format of the type, the length of a text in characters, not bytes, its
    /// patterns, and the ranges of a number that is written as a text.
    Text(Range<'a>, &'a [&'static Pattern], &'a [Range<'a>]),
    /// The range of a number.
    Range(Range<'a>),
    /// The allowed values of a text or code.
    OneOf(&'a [&'a str]),
    /// The code is listed and may be sent.
    Listed,
}

/// A range of numbers, whose bounds are known in units and as they are displayed.
pub struct Range<'a>([Bound<(Option<i128>, &'a dyn fmt::Display)>; 2]);

impl<'a> Range<'a> {
    /// Creates a range from its bounds.
    pub fn new<T: FieldValue + fmt::Display + 'static>(bounds: &'a impl RangeBounds<T>) -> Self {
        let bounds = [bounds.start_bound(), bounds.end_bound()];
        Self(bounds.map(|bound| bound.map(|bound| (bound.units(), bound as &dyn fmt::Display))))
    }
}

/// Collects violations.
#[derive(Debug, Default)]
pub struct Violations {
    /// The path of the object that is checked, with a trailing dot.
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Finishes the checks; the error holds all violations that were reported.
    pub fn finish(self) -> Result<(), Invalid> {
        match &*self.found {
            [] => Ok(()),
            _ => Err(self.into()),
        }
    }

    /// Checks a message as well, and finishes.
    #[doc(hidden)]
    pub fn check(mut self, message: &dyn Validate) -> Result<(), Invalid> {
        message.check(&mut self);
        self.finish()
    }

    /// Reports that `field` violates `rule`. The message must not hold the value.
    pub fn report(&mut self, field: &str, rule: &'static str, message: impl Into<String>) {
        self.found.push(Violation {
            field: format!("{}{field}", self.path),
            rule,
            message: message.into(),
        });
    }

    /// Checks the value of a field, or the items of a list.
    pub(crate) fn values<'a>(
        &mut self,
        wire: &str,
        list: bool,
        next: &mut dyn FnMut() -> Option<Result<&'a dyn FieldValue, &'a Unreadable>>,
        checks: &[Check<'_>],
    ) {
        for (index, value) in iter::from_fn(next).enumerate() {
            self.value(wire, list.then_some(index), value, checks);
        }
    }

    /// Checks a value of a field, or the item of a list with this index: an object
    /// is validated, and an unreadable value is a violation.
    fn value(
        &mut self,
        wire: &str,
        index: Option<usize>,
        value: Result<&dyn FieldValue, &Unreadable>,
        checks: &[Check<'_>],
    ) {
        let field = &*match index {
            Some(index) => Cow::Owned(format!("{wire}[{index}]")),
            None => Cow::Borrowed(wire),
        };
        let value = match value {
            Ok(value) => value,
            Err(unreadable) => {
                let inner = unreadable.error().field();
                let dot = if inner.is_empty() { "" } else { "." };
                let field = format!("{field}{dot}{inner}");
                return self.report(&field, "readable", unreadable.error().reason());
            }
        };
        if let Some(object) = value.as_object() {
            let length = self.path.len();
            self.path.push_str(field);
            self.path.push('.');
            object.check(self);
            self.path.truncate(length);
        }
        for check in checks {
            match check {
                Check::Text(length, patterns, ranges) => {
                    self.text(field, value, length, patterns);
                    for range in *ranges {
                        self.range(field, value.units(), range, VALUE);
                    }
                }
                Check::Range(range) => self.range(field, value.units(), range, VALUE),
                Check::OneOf(allowed) => {
                    let text = value.as_text();
                    if text.is_some_and(|text| !allowed.contains(&&*text)) {
                        let message = format!("must be {}", alternatives(allowed));
                        self.report(field, "one-of", message);
                    }
                }
                Check::Listed => {
                    if let Some((rule, message)) = value.unsendable() {
                        self.report(field, rule, message);
                    }
                }
            }
        }
    }

    /// Checks the format of a scalar, the length of its text, and its patterns.
    fn text(
        &mut self,
        field: &str,
        value: &dyn FieldValue,
        length: &Range<'_>,
        patterns: &[&Pattern],
    ) {
        if let Some((rule, message)) = value.malformed() {
            return self.report(field, rule, message);
        }
        let Some(text) = value.as_text() else {
            return;
        };
        if text.is_empty() && matches!(length.0[0], Bound::Included((Some(1), _))) {
            self.report(field, LENGTH[0], "must not be empty");
        } else {
            self.range(field, text.chars().count().units(), length, LENGTH);
        }
        for pattern in patterns.iter().filter(|pattern| !pattern.matches(&text)) {
            self.report(field, "pattern", format!("must match {}", pattern.source()));
        }
    }

    /// Checks the number of items of a list.
    pub(crate) fn items(&mut self, field: &str, count: usize, range: &Range<'_>) {
        self.range(field, count.units(), range, ITEMS);
    }

    /// Checks the range of a number; `None` is in every range.
    fn range(
        &mut self,
        field: &str,
        number: Option<i128>,
        Range([min, max]): &Range<'_>,
        [below, above, verb, unit]: Limits,
    ) {
        let Some(count) = number else {
            return;
        };
        // The number is the value itself where it has no unit.
        let actual = if unit.is_empty() {
            String::new()
        } else {
            format!(", not {count}")
        };
        let too_small = match min {
            Bound::Included((units, min)) if number < *units => Some(format!("at least {min}")),
            Bound::Excluded((units, min)) if number <= *units => Some(format!("more than {min}")),
            _ => None,
        };
        let too_large = match max {
            Bound::Included((units, max)) if number > *units => Some(format!("at most {max}")),
            Bound::Excluded((units, max)) if number >= *units => Some(format!("less than {max}")),
            _ => None,
        };
        for (rule, bound) in [(below, too_small), (above, too_large)] {
            if let Some(bound) = bound {
                self.report(field, rule, format!("{verb} {bound}{unit}{actual}"));
            }
        }
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
    pub fn check(&self, message: &dyn Validate, at: &mut Violations) {
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

/// The value of a field: a scalar, which may be absent, or an object.
pub trait FieldValue {
    /// The text of a scalar on the wire; `None` if it is absent.
    fn as_text(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The text of the scalar in a key that identifies duplicates.
    #[doc(hidden)]
    fn key_text(&self) -> Option<Cow<'_, str>> {
        self.as_text()
    }

    /// The number, as a multiple of the smallest unit of its type.
    #[doc(hidden)]
    fn units(&self) -> Option<i128> {
        None
    }

    /// The constraint and the message of a violation, if the text is not a valid
    /// value of the type.
    #[doc(hidden)]
    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The constraint and the message of a violation, if the code must not be sent.
    #[doc(hidden)]
    fn unsendable(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// The object.
    #[doc(hidden)]
    fn as_object(&self) -> Option<&dyn Validate> {
        None
    }
}

impl FieldValue for String {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl FieldValue for PersonName {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        let named = self.parts().is_some();
        (!named).then_some(("person-name", WireError::PERSON_NAME.text()))
    }
}

impl FieldValue for IntegerText {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }

    fn units(&self) -> Option<i128> {
        // A number that exceeds `i128` also exceeds any upper bound.
        self.is_number()
            .then(|| self.as_str().parse().unwrap_or(i128::MAX))
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        (!self.is_number()).then_some(("whole-number", "must be a whole number"))
    }
}

impl<T: FieldValue> FieldValue for Sensitive<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.expose().as_text()
    }

    fn units(&self) -> Option<i128> {
        self.expose().units()
    }

    fn malformed(&self) -> Option<(&'static str, &'static str)> {
        self.expose().malformed()
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(FieldValue::as_text)
    }
}

macro_rules! displayed {
    ($($scalar:ty $(, in units $units:expr)?;)*) => {
        $(
            impl FieldValue for $scalar {
                fn as_text(&self) -> Option<Cow<'_, str>> {
                    Some(Cow::Owned(self.to_string()))
                }

                $(fn units(&self) -> Option<i128> {
                    Some(($units)(*self).into())
                })?
            }
        )*
    };
}

displayed! {
    Amount, in units Amount::centavos;
    u32, in units i128::from;
    u64, in units i128::from;
    i32, in units i128::from;
    i64, in units i128::from;
    usize, in units |count| count as i128;
    bool;
    Date;
    DateTime;
}
