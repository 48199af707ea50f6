//! What the document demands of a message, checked before it is sent.
//!
//! Generated code says in one line per field what is demanded; what that
//! means, and how it is reported, is said here. Nothing is checked when a
//! message is read.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;

use regex_lite::Regex;

use crate::codes::Code;
use crate::received::{Entries, Received};
use crate::value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive, WireError};

/// A message, or a part of one, that knows what the document demands of it.
pub trait Validate {
    /// Reports everything that breaks a demand.
    fn check(&self, at: &mut Violations);

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// Everything that breaks a demand, all at once.
    fn validate(&self) -> Result<(), Invalid> {
        let mut at = Violations::new();
        self.check(&mut at);
        at.finish()
    }
}

/// What is absent has nothing to demand.
impl<T: Validate> Validate for Option<T> {
    fn check(&self, at: &mut Violations) {
        if let Some(present) = self {
            present.check(at);
        }
    }
}

/// Checks everything; see [`Validate::validate`].
pub fn validate<T: Validate + ?Sized>(message: &T) -> Result<(), Invalid> {
    message.validate()
}

/// A message breaks demands of the document. Says which fields and why, and
/// never shows what they hold.
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
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// One thing that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field on the wire, such as `orders[2].orderNumber`.
    pub field: String,
    /// What kind of demand is broken: `required`, `max-length`, or the name
    /// that the document gives a condition between fields.
    pub rule: &'static str,
    /// Why, for people. Never holds the value.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Collects violations, and knows where in the message they are looked for.
#[derive(Debug, Default)]
pub struct Violations {
    /// What stands before the names of fields.
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Hands over what was reported.
    ///
    /// # Errors
    ///
    /// If something was reported.
    pub fn finish(&mut self) -> Result<(), Invalid> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(self.take_invalid())
        }
    }

    pub(crate) fn take_invalid(&mut self) -> Invalid {
        Invalid(std::mem::take(&mut self.found))
    }

    /// Reports that `field` breaks `rule`. The message must not hold the value.
    pub fn report(&mut self, field: &str, rule: &'static str, message: impl Into<String>) {
        self.found.push(Violation {
            field: format!("{}{field}", self.path),
            rule,
            message: message.into(),
        });
    }

    /// The length and the form of a text.
    pub fn text(&mut self, field: &str, value: &impl AsText, limits: Limits) {
        let Some(text) = value.as_text() else {
            return;
        };
        let length = text.chars().count();
        if let Some(min) = limits.min.filter(|min| length < *min) {
            let message = match min {
                1 => "must not be empty".to_owned(),
                _ => format!("must have at least {min} characters"),
            };
            self.report(field, "min-length", message);
        }
        if let Some(max) = limits.max.filter(|max| length > *max) {
            let message = format!("must have at most {max} characters");
            self.report(field, "max-length", message);
        }
        if let Some(pattern) = limits.pattern.filter(|pattern| !pattern.matches(&text)) {
            let message = format!("must match {}", pattern.source());
            self.report(field, "pattern", message);
        }
    }

    /// A person's name: last and first name, no more than four parts, and the
    /// limits of a text.
    pub fn person_name<'a>(
        &mut self,
        field: &str,
        value: impl Into<Option<&'a PersonName>>,
        limits: Limits,
    ) {
        let Some(name) = value.into() else {
            return;
        };
        if name.parts().is_none() {
            self.report(field, "person-name", WireError::PERSON_NAME.text());
        } else {
            self.text(field, name, limits);
        }
    }

    /// A code that the document lists and that may be sent.
    pub fn code(&mut self, field: &str, code: &impl Code) {
        if !code.is_listed() {
            self.report(field, "unlisted", "must be a code that the document lists");
        } else if code.is_read_only() {
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

    /// The smallest and the largest amount or number.
    pub fn range<'a, T: PartialOrd + fmt::Display + 'a>(
        &mut self,
        field: &str,
        value: impl Into<Option<&'a T>>,
        bounds: impl RangeBounds<T>,
    ) {
        let Some(value) = value.into() else {
            return;
        };
        if let Some(message) = too_small(value, bounds.start_bound()) {
            self.report(field, "minimum", message);
        }
        if let Some(message) = too_large(value, bounds.end_bound()) {
            self.report(field, "maximum", message);
        }
    }

    /// How many items a list may have.
    pub fn count<T>(&mut self, field: &str, items: &[T], bounds: impl RangeBounds<usize>) {
        if let Some(message) = too_small(&items.len(), bounds.start_bound()) {
            self.report(field, "min-items", format!("{message} items"));
        }
        if let Some(message) = too_large(&items.len(), bounds.end_bound()) {
            self.report(field, "max-items", format!("{message} items"));
        }
    }

    /// What each object of a list demands of itself.
    pub fn each<T: Validate>(&mut self, field: &str, items: &[T]) {
        for (index, item) in items.iter().enumerate() {
            self.below(&format!("{field}[{index}]."), |at| item.check(at));
        }
    }

    /// The length and the form of each text of a list.
    pub fn each_text<T: AsText>(&mut self, field: &str, items: &[T], limits: Limits) {
        for (index, item) in items.iter().enumerate() {
            self.text(&format!("{field}[{index}]"), item, limits);
        }
    }

    /// The digits of a whole number that is written as a text, and the limits of
    /// a text.
    pub fn integer_text<'a>(
        &mut self,
        field: &str,
        value: impl Into<Option<&'a IntegerText>>,
        limits: Limits,
        bounds: impl RangeBounds<u64>,
    ) {
        let Some(value) = value.into() else {
            return;
        };
        if value.is_number() {
            self.text(field, value, limits);
            // What is larger than any bound is as large as can be.
            self.range(field, &value.to_u64().unwrap_or(u64::MAX), bounds);
        } else {
            self.report(field, "whole-number", "must be a whole number");
        }
    }

    /// That a field can be read, if it is there.
    pub fn readable<T>(&mut self, field: &str, value: &Received<T>) {
        if let Received::Unreadable(unreadable) = value {
            self.report(field, "readable", unreadable.reason());
        }
    }

    /// That each object of a list can be read, and what it demands of itself.
    pub fn entries<T: Validate>(&mut self, field: &str, entries: &Entries<T>) {
        for (index, entry) in entries.iter().enumerate() {
            match entry {
                Ok(entry) => self.below(&format!("{field}[{index}]."), |at| entry.check(at)),
                Err(unreadable) => {
                    let error = unreadable.error();
                    let dot = if error.field().is_empty() { "" } else { "." };
                    let path = format!("{field}[{index}]{dot}{}", error.field());
                    self.report(&path, "readable", error.reason());
                }
            }
        }
    }

    /// What an object inside the message demands of itself.
    pub fn nested(&mut self, field: &str, value: &impl Validate) {
        self.below(&format!("{field}."), |at| value.check(at));
    }

    /// The conditions between fields.
    pub fn rules(&mut self, message: &impl Fields, rules: &[Rule]) {
        for rule in rules {
            if rule.holds_for(message) {
                rule.check(message, self);
            }
        }
    }

    fn below(&mut self, step: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        check(self);
        self.path.truncate(length);
    }
}

fn too_small<T: PartialOrd + fmt::Display>(value: &T, bound: Bound<&T>) -> Option<String> {
    match bound {
        Bound::Included(min) if value < min => Some(format!("must be at least {min}")),
        Bound::Excluded(min) if value <= min => Some(format!("must be more than {min}")),
        _ => None,
    }
}

fn too_large<T: PartialOrd + fmt::Display>(value: &T, bound: Bound<&T>) -> Option<String> {
    match bound {
        Bound::Included(max) if value > max => Some(format!("must be at most {max}")),
        Bound::Excluded(max) if value >= max => Some(format!("must be less than {max}")),
        _ => None,
    }
}

fn alternatives(texts: &[&str]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// Limits of a text: characters, not bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    min: Option<usize>,
    max: Option<usize>,
    pattern: Option<&'static Pattern>,
}

impl Limits {
    /// None.
    pub const NONE: Self = Self {
        min: None,
        max: None,
        pattern: None,
    };

    /// So many characters.
    #[must_use]
    pub fn length(characters: impl RangeBounds<usize>) -> Self {
        let min = match characters.start_bound() {
            Bound::Included(min) => Some(*min),
            Bound::Excluded(below) => Some(below.saturating_add(1)),
            Bound::Unbounded => None,
        };
        let max = match characters.end_bound() {
            Bound::Included(max) => Some(*max),
            Bound::Excluded(above) => Some(above.saturating_sub(1)),
            Bound::Unbounded => None,
        };
        Self {
            min,
            max,
            pattern: None,
        }
    }

    /// The smallest and the largest number of characters.
    #[must_use]
    pub const fn characters(self) -> (Option<usize>, Option<usize>) {
        (self.min, self.max)
    }

    /// At least that many characters.
    #[must_use]
    pub const fn min(self, characters: usize) -> Self {
        Self {
            min: Some(characters),
            ..self
        }
    }

    /// At most that many characters.
    #[must_use]
    pub const fn max(self, characters: usize) -> Self {
        Self {
            max: Some(characters),
            ..self
        }
    }

    /// Of that form.
    #[must_use]
    pub const fn pattern(self, pattern: &'static Pattern) -> Self {
        Self {
            pattern: Some(pattern),
            ..self
        }
    }
}

/// A regular expression, compiled when it is first needed. Belongs into a
/// `static`.
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

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

/// A condition between fields.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// The field and its values for which the rest is demanded; always, if `None`.
    pub when: Option<(&'static str, &'static [&'static str])>,
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
    fn holds_for(&self, message: &impl Fields) -> bool {
        self.when.is_none_or(|(field, values)| {
            let text = message.text_of(field);
            text.is_some_and(|text| values.contains(&&*text))
        })
    }

    fn check(&self, message: &impl Fields, at: &mut Violations) {
        for field in self.require {
            if message.text_of(field).is_none_or(|text| text.is_empty()) {
                self.report(field, "is required", at);
            }
        }
        for field in self.forbid {
            if message.text_of(field).is_some() {
                self.report(field, "must be left out", at);
            }
        }
        for (field, pattern) in self.matches {
            if message
                .text_of(field)
                .is_some_and(|text| !pattern.matches(&text))
            {
                self.report(field, &format!("must match {}", pattern.source()), at);
            }
        }
    }

    fn report(&self, field: &str, demand: &str, at: &mut Violations) {
        let when = match self.when {
            Some((field, values)) => format!(" when {field} is {}", alternatives(values)),
            None => String::new(),
        };
        at.report(field, self.id, format!("{demand}{when}: {}", self.reason));
    }
}

/// A message whose scalars can be looked up by their names on the wire, for
/// conditions between fields.
pub trait Fields {
    /// The text of a scalar field; `None` if it is absent or there is no such field.
    fn text_of(&self, field: &str) -> Option<Cow<'_, str>>;
}

/// A scalar that has a text on the wire, or is absent.
pub trait AsText {
    /// The text; `None` if the scalar is absent.
    fn as_text(&self) -> Option<Cow<'_, str>>;

    /// The text that represents the scalar in a key by which a repetition is
    /// recognized.
    #[doc(hidden)]
    fn key_text(&self) -> Option<Cow<'_, str>> {
        self.as_text()
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
}

impl<T: AsText> AsText for Sensitive<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.expose().as_text()
    }
}

impl<T: AsText> AsText for Option<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(AsText::as_text)
    }
}

impl<T: AsText> AsText for Received<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.if_readable().and_then(AsText::as_text)
    }

    fn key_text(&self) -> Option<Cow<'_, str>> {
        Received::key_text(self)
    }
}

impl AsText for IntegerText {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::ops::Bound;

    use super::{AsText, Fields, Limits, Pattern, Rule, Validate, Violations};
    use crate::value::{Amount, Date, PersonName, Sensitive};

    /// What `report` reports, as `rule: message`.
    fn reported(report: impl FnOnce(&mut Violations)) -> Vec<String> {
        let mut at = Violations::new();
        report(&mut at);
        let found = at.found.iter();
        found
            .map(|found| format!("{}: {}", found.rule, found.message))
            .collect()
    }

    fn check_text(text: &str, limits: Limits, expected: &[&str]) {
        let text = text.to_owned();
        assert_eq!(
            reported(|at| at.text("field", &text, limits)),
            expected,
            "{text}"
        );
    }

    static DIGITS: Pattern = Pattern::new("^[0-9]+$");
    static BROKEN: Pattern = Pattern::new("(");

    #[test]
    fn lengths_are_counted_in_characters() {
        let limits = Limits::NONE.min(2).max(3);
        check_text("\u{f1}\u{4e00}", limits, &[]);
        check_text("\u{f1}\u{4e00}\u{1f600}", limits, &[]);
        check_text(
            "\u{f1}",
            limits,
            &["min-length: must have at least 2 characters"],
        );
        check_text(
            "abcd",
            limits,
            &["max-length: must have at most 3 characters"],
        );
        check_text("", Limits::NONE.min(1), &["min-length: must not be empty"]);
        check_text("", Limits::NONE, &[]);
    }

    #[test]
    fn a_pattern_is_matched_to_the_end() {
        let limits = Limits::NONE.pattern(&DIGITS);
        check_text("0123", limits, &[]);
        for text in ["", "12a", "12\n", "\u{661}"] {
            check_text(text, limits, &["pattern: must match ^[0-9]+$"]);
        }
        check_text(
            "(",
            Limits::NONE.pattern(&BROKEN),
            &["pattern: must match ("],
        );
        assert_eq!(format!("{BROKEN:?}"), r#"Pattern("(")"#);
    }

    #[test]
    fn what_is_absent_has_no_limits() {
        let limits = Limits::NONE.min(1);
        assert!(reported(|at| at.text("field", &None::<Sensitive>, limits)).is_empty());
        assert!(reported(|at| at.person_name("field", &None, limits)).is_empty());
        assert!(reported(|at| at.range("field", &None::<u32>, 1..)).is_empty());
        assert!(reported(|at| at.one_of("field", &None::<String>, &[])).is_empty());
        let empty = Some(Sensitive::from(String::new()));
        assert_eq!(reported(|at| at.text("field", &empty, limits)).len(), 1);
    }

    #[test]
    fn bounds_say_what_is_allowed() {
        let amount = Amount::from_centavos;
        let check = |value: Amount, expected: &[&str]| {
            let found = reported(|at| at.range("field", &value, amount(1)..=amount(500_000)));
            assert_eq!(found, expected, "{value}");
        };
        check(amount(1), &[]);
        check(amount(500_000), &[]);
        check(amount(0), &["minimum: must be at least 0.01"]);
        check(amount(-100), &["minimum: must be at least 0.01"]);
        check(amount(500_001), &["maximum: must be at most 5000.00"]);
        assert_eq!(
            reported(|at| at.range("field", &3, 0..3)),
            ["maximum: must be less than 3"]
        );
        assert!(reported(|at| at.range("field", &2, 0..3)).is_empty());
        let above = (Bound::Excluded(0), Bound::Unbounded);
        assert_eq!(
            reported(|at| at.range("field", &0, above)),
            ["minimum: must be more than 0"]
        );
        assert!(reported(|at| at.range("field", &1, above)).is_empty());
        assert!(reported(|at| at.range::<u8>("field", &Some(3), ..)).is_empty());
    }

    #[test]
    fn alternatives_are_listed() {
        let code = "9".to_owned();
        let check = |allowed: &[&str], expected: &str| {
            assert_eq!(
                reported(|at| at.one_of("field", &code, allowed)),
                [expected]
            );
        };
        check(&["1"], "one-of: must be 1");
        check(&["1", "2"], "one-of: must be 1 or 2");
        check(&["1", "2", "3"], "one-of: must be 1, 2 or 3");
        assert!(reported(|at| at.one_of("field", &code, &["8", "9"])).is_empty());
    }

    #[test]
    fn a_name_needs_its_parts() {
        let check = |name: PersonName, expected: &[&str]| {
            let found = reported(|at| at.person_name("name", &name, Limits::NONE.max(11)));
            let rules: Vec<_> = found
                .iter()
                .map(|found| found.split(':').next().unwrap())
                .collect();
            assert_eq!(rules, expected, "{}", name.as_str());
        };
        check(PersonName::new("Reyes", "Maria"), &[]);
        check(PersonName::new("Reyes", "Mariana"), &["max-length"]);
        check(PersonName::new("Reyes", ""), &["person-name"]);
        check(PersonName::new("Reyes, Cruz", "Maria"), &["person-name"]);
    }

    struct Parent {
        children: Vec<Child>,
        only: Option<Child>,
    }

    struct Child {
        names: Vec<String>,
    }

    impl Validate for Parent {
        fn check(&self, at: &mut Violations) {
            at.count("children", &self.children, ..=1);
            at.each("children", &self.children);
            at.nested("only", &self.only);
        }
    }

    impl Validate for Child {
        fn check(&self, at: &mut Violations) {
            at.count("names", &self.names, 1..);
            at.each_text("names", &self.names, Limits::NONE.min(1));
        }
    }

    #[test]
    fn the_path_leads_to_the_field() {
        let child = |names: &[&str]| Child {
            names: names.iter().map(ToString::to_string).collect(),
        };
        let parent = Parent {
            children: vec![child(&["x"]), child(&["x", ""]), child(&[])],
            only: Some(child(&[""])),
        };
        let invalid = super::validate(&parent).unwrap_err();
        assert_eq!(parent.validate(), Err(invalid.clone()));
        assert_eq!(
            invalid.to_string(),
            "children: must be at most 1 items\n\
             children[1].names[1]: must not be empty\n\
             children[2].names: must be at least 1 items\n\
             only.names[0]: must not be empty"
        );
        assert_eq!(invalid.violations()[1].field, "children[1].names[1]");
        assert!(
            Parent {
                children: vec![],
                only: None
            }
            .validate()
            .is_ok()
        );
    }

    struct Pair(Option<&'static str>, Option<&'static str>);

    impl Fields for Pair {
        fn text_of(&self, field: &str) -> Option<Cow<'_, str>> {
            match field {
                "one" => self.0.map(Cow::Borrowed),
                "two" => self.1.map(Cow::Borrowed),
                _ => None,
            }
        }
    }

    #[test]
    fn conditions_hold_when_they_say() {
        static RULES: [Rule; 3] = [
            Rule {
                id: "five-needs-two",
                when: Some(("one", &["5", "6"])),
                require: &["two"],
                forbid: &[],
                matches: &[("two", &DIGITS)],
                reason: "five counts",
            },
            Rule {
                id: "seven-is-alone",
                when: Some(("one", &["7"])),
                require: &[],
                forbid: &["two"],
                matches: &[],
                reason: "seven is shy",
            },
            Rule {
                id: "one-is-there",
                when: None,
                require: &["one"],
                forbid: &[],
                matches: &[],
                reason: "everything begins with it",
            },
        ];
        let check = |pair: Pair, expected: &[&str]| {
            assert_eq!(reported(|at| at.rules(&pair, &RULES)), expected);
        };
        check(Pair(Some("5"), Some("12")), &[]);
        check(Pair(Some("7"), None), &[]);
        check(Pair(Some("8"), Some("x")), &[]);
        check(
            Pair(Some("6"), None),
            &["five-needs-two: is required when one is 5 or 6: five counts"],
        );
        check(
            Pair(Some("5"), Some("")),
            &[
                "five-needs-two: is required when one is 5 or 6: five counts",
                "five-needs-two: must match ^[0-9]+$ when one is 5 or 6: five counts",
            ],
        );
        check(
            Pair(Some("5"), Some("x")),
            &["five-needs-two: must match ^[0-9]+$ when one is 5 or 6: five counts"],
        );
        check(
            Pair(Some("7"), Some("")),
            &["seven-is-alone: must be left out when one is 7: seven is shy"],
        );
        check(
            Pair(None, Some("x")),
            &["one-is-there: is required: everything begins with it"],
        );
    }

    #[test]
    fn every_scalar_has_its_text() {
        let text = |scalar: &dyn AsText| scalar.as_text().map(Cow::into_owned);
        assert_eq!(text(&Amount::from_centavos(5)).as_deref(), Some("0.05"));
        assert_eq!(
            text(&Date::try_from("1991-10-02").unwrap()).as_deref(),
            Some("1991-10-02")
        );
        assert_eq!(text(&Some(Sensitive::from(7_u32))).as_deref(), Some("7"));
        assert_eq!(text(&true).as_deref(), Some("true"));
        assert_eq!(text(&None::<i64>), None);
    }
}
