//! Reading messages: strict JSON, names matched generously.
//!
//! A key is first looked for as it stands, then without regard to ASCII case
//! and to blanks anywhere in it. Two keys that mean the same field are an
//! error, because which of them holds is anyone's guess; keys that mean none
//! are ignored.

mod pick;
mod quick;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::vec;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::wire::{self, WireError};

pub(crate) use pick::{Picked, pick};

/// Reads a message, also behind a byte order mark.
///
/// # Errors
///
/// If `bytes` are not one JSON text in UTF-8, nested no deeper than 127
/// levels, or if a field is missing, there twice, or not what it should be.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let bytes = without_mark(bytes);
    quick::read(bytes).map_or_else(|| with_care(bytes), Ok)
}

/// A text without the byte order mark that some programs put before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads a part of a text that is known to be JSON. Where in it something is
/// wrong is said by the path alone.
pub(crate) fn part<'de, T>(
    json: &'de str,
    read: impl FnOnce(Node<'de>) -> Result<T, Failure>,
) -> Result<T, ReadError> {
    let part: &RawValue = serde_json::from_str(json).map_err(|_| ReadError::new(Cause::Syntax))?;
    read(Node(part)).map_err(|failure| ReadError {
        field: failure.path(),
        ..ReadError::new(failure.0.cause)
    })
}

/// The way that knows the place of everything, and so what is wrong where. It
/// takes the text apart into its values before it looks at any of them.
fn with_care<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    if nested_too_deep(bytes) {
        return Err(ReadError::new(Cause::Nesting));
    }
    let root: &RawValue = serde_json::from_slice(bytes).map_err(|error| ReadError {
        line: error.line(),
        column: error.column(),
        ..ReadError::new(Cause::Syntax)
    })?;
    T::deserialize(Node(root)).map_err(|failure| failure.seen_from(root, bytes))
}

/// A message cannot be read. Says what is wrong and where, and never holds
/// anything of what was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    cause: Cause,
    field: String,
    line: usize,
    column: usize,
}

impl ReadError {
    fn new(cause: Cause) -> Self {
        Self {
            cause,
            field: String::new(),
            line: 0,
            column: 0,
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
        f.write_str(self.cause.text())?;
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Syntax,
    Nesting,
    Missing,
    Twice,
    NoObject,
    NoList,
    Spelling(WireError),
    Other,
}

impl Cause {
    fn text(self) -> &'static str {
        match self {
            Self::Syntax => "not valid JSON",
            Self::Nesting => "nested too deep",
            Self::Missing => "is missing",
            Self::Twice => "is there twice",
            Self::NoObject => "expected an object",
            Self::NoList => "expected a list",
            Self::Spelling(error) => error.text(),
            Self::Other => "is not what was expected",
        }
    }
}

const MOST_LEVELS: usize = 127;

/// Counts in what is ignored, too.
fn nested_too_deep(bytes: &[u8]) -> bool {
    let opening = |byte: &&u8| matches!(byte, b'{' | b'[');
    if bytes.iter().filter(opening).count() <= MOST_LEVELS {
        return false;
    }
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => level += 1,
            b'}' | b']' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
        if level > MOST_LEVELS {
            return true;
        }
    }
    false
}

/// Whether two keys are the same but for ASCII case and blanks.
pub(crate) fn same_when_folded(left: &str, right: &str) -> bool {
    // Most keys differ at the first letter.
    if let (Some(l), Some(r)) = (left.bytes().next(), right.bytes().next())
        && l.is_ascii_graphic()
        && r.is_ascii_graphic()
        && !l.eq_ignore_ascii_case(&r)
    {
        return false;
    }
    left.eq_ignore_ascii_case(right) || folded(left).eq(folded(right))
}

fn folded(key: &str) -> impl Iterator<Item = char> {
    let invisible = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    let kept = key.chars().filter(move |c| !invisible(c));
    kept.map(|c| c.to_ascii_lowercase())
}

/// The name among `fields` that `key` means.
fn meant(fields: &'static [&'static str], key: &str) -> Option<&'static str> {
    let all = || fields.iter().copied();
    let exact = all().find(|field| *field == key);
    exact.or_else(|| all().find(|field| same_when_folded(field, key)))
}

/// What went wrong, collected on the way out.
#[derive(Debug)]
pub(crate) struct Failure(Box<FailureParts>);

#[derive(Debug)]
struct FailureParts {
    cause: Cause,
    /// From the inside out.
    path: Vec<Step>,
    /// The address of the value in question.
    address: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Failure {
    fn new(cause: Cause) -> Self {
        Self(Box::new(FailureParts {
            cause,
            path: Vec::new(),
            address: None,
        }))
    }

    fn below(mut self, step: Option<Step>, value: &RawValue) -> Self {
        self.0.path.extend(step);
        self.0.address.get_or_insert(address(value.get()));
        self
    }

    fn path(&self) -> String {
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

    fn seen_from(self, root: &RawValue, bytes: &[u8]) -> ReadError {
        let value = self.0.address.unwrap_or(address(root.get()));
        let offset = value.saturating_sub(bytes.as_ptr().addr());
        let before = bytes.get(..offset).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n');
        let (line, in_line) = lines.enumerate().last().unwrap_or_default();
        ReadError {
            cause: self.0.cause,
            field: self.path(),
            line: line + 1,
            column: String::from_utf8_lossy(in_line).chars().count() + 1,
        }
    }
}

fn address(text: &str) -> usize {
    text.as_ptr().addr()
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
        Self::new(match WireError::known(&message.to_string()) {
            Some(error) => Cause::Spelling(error),
            None => Cause::Other,
        })
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(Cause::Other)
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(Cause::Other)
    }

    fn missing_field(field: &'static str) -> Self {
        let mut failure = Self::new(Cause::Missing);
        failure.0.path.push(Step::Field(field));
        failure
    }

    fn duplicate_field(field: &'static str) -> Self {
        let mut failure = Self::new(Cause::Twice);
        failure.0.path.push(Step::Field(field));
        failure
    }
}

/// A value in a text that is known to be JSON.
#[derive(Clone, Copy)]
pub(crate) struct Node<'de>(&'de RawValue);

impl<'de> Node<'de> {
    fn entries(self, fields: &'static [&'static str]) -> Result<Entries<'de>, Failure> {
        let mut deserializer = serde_json::Deserializer::from_str(self.0.get());
        let entries = deserializer
            .deserialize_map(Collect)
            .map_err(|_| Failure::new(Cause::NoObject))?;
        Ok(Entries {
            rest: entries.into_iter(),
            fields,
            value: None,
        })
    }

    fn items(self) -> Result<Items<'de>, Failure> {
        let items: Vec<&RawValue> =
            serde_json::from_str(self.0.get()).map_err(|_| Failure::new(Cause::NoList))?;
        Ok(Items {
            rest: items.into_iter().enumerate(),
        })
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let spelled = self.0.get();
        match spelled.as_bytes() {
            [b'{', ..] => visitor.visit_map(self.entries(&[])?),
            [b'[', ..] => visitor.visit_seq(self.items()?),
            b"true" => visitor.visit_bool(true),
            b"false" => visitor.visit_bool(false),
            _ => match wire::unquoted(spelled).map_err(de::Error::custom)? {
                None => visitor.visit_unit(),
                Some(Cow::Owned(text)) => visitor.visit_string(text),
                Some(Cow::Borrowed(text)) if spelled.starts_with('"') => {
                    visitor.visit_borrowed_str(text)
                }
                Some(Cow::Borrowed(number)) => visit_number(number, visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.0.get() {
            "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match name {
            wire::RAW => visitor.visit_map(Spelling(Some(self.0.get()))),
            wire::ENTRY => visitor.visit_borrowed_str(self.0.get()),
            wire::PLAIN if !self.0.get().starts_with('{') => self.deserialize_any(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(self.entries(&[])?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(self.entries(fields)?)
    }

    /// Messages have no enums of serde's kinds; those of others are read as
    /// `serde_json` reads them.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        serde_json::Deserializer::from_str(self.0.get())
            .deserialize_enum(name, variants, visitor)
            .map_err(|_| Failure::new(Cause::Other))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct identifier
    }
}

fn visit_number<'de, V: Visitor<'de>, E: de::Error>(
    number: &str,
    visitor: V,
) -> Result<V::Value, E> {
    if let Ok(number) = number.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = number.parse::<i64>() {
        visitor.visit_i64(number)
    } else {
        let number = number.parse::<f64>();
        visitor.visit_f64(number.map_err(E::custom)?)
    }
}

type Entry<'de> = (Cow<'de, str>, &'de RawValue);

/// Takes an object apart without looking into its values.
struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            entries.push((key, map.next_value()?));
        }
        Ok(entries)
    }
}

/// A key, borrowed where it is spelled without escapes.
pub(crate) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

struct Entries<'de> {
    rest: vec::IntoIter<Entry<'de>>,
    fields: &'static [&'static str],
    value: Option<(Option<Step>, &'de RawValue)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        let name = meant(self.fields, &key);
        self.value = Some((name.map(Step::Field), value));
        let key = name.map_or(key, Cow::Borrowed);
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let (step, value) = self.value.take().ok_or(Failure::new(Cause::Other))?;
        seed.deserialize(Node(value))
            .map_err(|failure| failure.below(step, value))
    }
}

struct Items<'de> {
    rest: std::iter::Enumerate<vec::IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some((index, item)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(Node(item))
            .map(Some)
            .map_err(|failure| failure.below(Some(Step::Item(index)), item))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The spelling of a value, in the map of one that `serde_json` gives it in.
struct Spelling<'de>(Option<&'de str>);

impl<'de> MapAccess<'de> for Spelling<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        match self.0 {
            Some(_) => seed
                .deserialize(BorrowedStrDeserializer::new(wire::RAW))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let spelled = self.0.take().ok_or(Failure::new(Cause::Other))?;
        seed.deserialize(BorrowedStrDeserializer::new(spelled))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::{
        MOST_LEVELS, ReadError, from_slice, quick, same_when_folded, with_care, without_mark,
    };
    use crate::received::{Entries, Entry, Received};
    use crate::value::Amount;
    use crate::wire;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Message {
        #[serde(alias = "contractNumber", deserialize_with = "wire::optional")]
        control_number: Option<String>,
        #[serde(deserialize_with = "wire::optional")]
        amount: Option<Amount>,
        rows: Vec<Row>,
        nested: Option<Box<Message>>,
        wrapped: Option<Wrapped>,
        by_name: BTreeMap<String, Row>,
        pair: Option<(Row, u8)>,
        kind: Option<Kind>,
        #[serde(deserialize_with = "wire::received")]
        odd: Received<Amount>,
        #[serde(deserialize_with = "wire::entries")]
        entries: Entries<Row>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        #[serde(deserialize_with = "wire::required")]
        bank_code: String,
    }

    impl Entry for Row {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["bankCode"]];
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Row);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Bank,
        Other(u8),
    }

    /// What the careful way makes of it, with which the quick one agrees
    /// wherever it comes to an end.
    fn read(json: &str) -> Result<Message, ReadError> {
        let bytes = without_mark(json.as_bytes());
        let careful = with_care(bytes);
        if let Some(quick) = quick::read::<Message>(bytes) {
            assert_eq!(careful.as_ref(), Ok(&quick), "{json}");
        }
        assert_eq!(from_slice(json.as_bytes()), careful, "{json}");
        careful
    }

    fn message(control_number: &str) -> Message {
        Message {
            control_number: Some(control_number.to_owned()),
            ..Message::default()
        }
    }

    fn row(code: &str) -> Row {
        Row {
            bank_code: code.to_owned(),
        }
    }

    fn check(json: &str, expected: &str) {
        let error = read(json).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err(expected.to_owned()), "{json}");
    }

    #[test]
    fn keys_are_the_same_but_for_case_and_blanks() {
        for key in [
            "controlNumber",
            "CONTROLNUMBER",
            "control number",
            " Control\tNumber ",
            "control\u{a0}Number",
            "control  number",
            "c o n t r o l n u m b e r",
            "\u{feff}controlNumber",
            "control\u{3000}number",
            "contractNumber",
            "Contract Number",
        ] {
            let json = serde_json::json!({ key: "A1" }).to_string();
            assert_eq!(read(&json), Ok(message("A1")), "{json}");
        }
        assert_eq!(read(r#"{"\u0063ontrolNumber":"A1"}"#), Ok(message("A1")));
        for key in [
            "control_number",
            "control-number",
            "controlNumbers",
            "",
            " ",
            "c\u{f3}ntrolNumber",
        ] {
            let json = serde_json::json!({ key: "A1" }).to_string();
            assert_eq!(read(&json), Ok(Message::default()), "{json}");
        }
    }

    #[test]
    fn an_exact_key_is_not_mistaken_for_a_similar_one() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Similar {
            amount: u8,
            #[serde(rename = "AMOUNT")]
            upper: u8,
        }

        let similar = from_slice(br#"{"AMOUNT":2,"amount":1}"#);
        assert_eq!(
            similar,
            Ok(Similar {
                amount: 1,
                upper: 2
            })
        );
    }

    #[test]
    fn two_keys_for_one_field_are_refused() {
        for twice in [
            r#"{"controlNumber":"A","controlNumber":"B"}"#,
            r#"{"controlNumber":"A","contractNumber":"B"}"#,
            r#"{"contractNumber":"A","controlNumber":"B"}"#,
            r#"{"controlNumber":"A","Control Number":"B"}"#,
            r#"{"CONTRACTNUMBER":"A","Control Number":"B"}"#,
            r#"{"controlNumber":"A","CONTROLNUMBER":null}"#,
        ] {
            check(twice, "controlNumber: is there twice (line 1, column 1)");
        }
        check(
            r#"{"rows":[{"bankCode":"A"},{"bankCode":"A","BankCode":"B"}]}"#,
            "rows[1].bankCode: is there twice (line 1, column 27)",
        );
    }

    #[test]
    fn keys_are_matched_wherever_there_are_structs() {
        let json = r#"{
            "ROWS": [{"Bank Code": 1}],
            "nested": {"Control Number": "A", "rows": [{"BANKCODE": "2"}]},
            "wrapped": {"bank code": "3"},
            "byName": {"Bank Code": {"BankCode": "4"}},
            "pair": [{"bankcode": "5"}, 6],
            "kind": {"Other": 7},
            "unknown": {"rows": 5}
        }"#;
        let nested = Message {
            rows: vec![row("2")],
            ..message("A")
        };
        let expected = Message {
            rows: vec![row("1")],
            nested: Some(Box::new(nested)),
            wrapped: Some(Wrapped(row("3"))),
            by_name: BTreeMap::from([("Bank Code".to_owned(), row("4"))]),
            pair: Some((row("5"), 6)),
            kind: Some(Kind::Other(7)),
            ..Message::default()
        };
        assert_eq!(read(json), Ok(expected));
        let null = r#"{"nested":null,"wrapped":null,"pair":null,"kind":"Bank"}"#;
        assert_eq!(read(null).map(|message| message.kind), Ok(Some(Kind::Bank)));
    }

    #[test]
    fn raw_values_and_any_values_are_as_they_stand() {
        #[derive(Deserialize)]
        struct Raw {
            raw: Box<RawValue>,
            any: serde_json::Value,
            number: f64,
        }

        let json = r#"{"RAW": {"a" : [1.50]}, "any": {"B b": [true, null, -1, 2.5, "x\n"]}, "number": 1e2}"#;
        let raw: Raw = from_slice(json.as_bytes()).unwrap();
        assert_eq!(raw.raw.get(), r#"{"a" : [1.50]}"#);
        assert_eq!(
            raw.any,
            serde_json::json!({ "B b": [true, null, -1, 2.5, "x\n"] })
        );
        let any = br#"[true,false,"","1","x",7]"#;
        assert_eq!(
            with_care::<serde_json::Value>(any),
            Ok(serde_json::json!([true, false, "", "1", "x", 7]))
        );
        assert_eq!(raw.number.to_string(), "100");

        let borrowed: &RawValue = serde_json::from_str("[ 1 ]").unwrap();
        let again: Box<RawValue> = from_slice(borrowed.get().as_bytes()).unwrap();
        assert_eq!(again.get(), "[ 1 ]");
    }

    #[test]
    fn errors_say_what_and_where() {
        check(
            r#"{"amount":"1.234"}"#,
            "amount: expected an amount with at most two decimals (line 1, column 11)",
        );
        check(
            "{\n  \"amount\": []}",
            "amount: expected a text, a number, true or false (line 2, column 13)",
        );
        check(
            "{\"rows\":[{\"bankCode\":\"\u{4e00}\"},\n {}]}",
            "rows[1].bankCode: is missing (line 2, column 2)",
        );
        check(
            r#"{"controlNumber":"\u4e00é","Nested":{"nested":{"rows":[{"BANKCODE":null}]}}}"#,
            "nested.nested.rows[0].bankCode: expected a value, not null (line 1, column 68)",
        );
        check(
            r#"{"rows":[5]}"#,
            "rows[0]: expected an object (line 1, column 10)",
        );
        check(r#"{"rows":{}}"#, "rows: expected a list (line 1, column 9)");
        check(
            r#"{"byName":{"some name":{}}}"#,
            "byName.bankCode: is missing (line 1, column 24)",
        );
        check(
            r#"{"pair":[{"bankCode":1},"x"]}"#,
            "pair[1]: is not what was expected (line 1, column 25)",
        );
        check(r#"["A"]"#, "expected an object (line 1, column 1)");
        check("  \n null", "expected an object (line 2, column 2)");
    }

    #[test]
    fn what_is_not_one_json_text_is_refused() {
        for json in [
            "",
            " ",
            "{",
            r#"{"a":1,}"#,
            r#"{"a":1} {}"#,
            r#"{"a":1}x"#,
            r#"{"a":01}"#,
            "{'a':1}",
            "{a:1}",
            r#"{"a":NaN}"#,
            r#"{"a":"#,
            "\u{feff}\u{feff}{}",
            " \u{feff}{}",
            "// no\n{}",
            r#"{"a":"	"}"#,
        ] {
            let error = read(json).unwrap_err();
            assert!(
                error.to_string().starts_with("not valid JSON (line "),
                "{json}: {error}"
            );
        }
        assert!(from_slice::<Message>(b"{\"a\":\"\xff\"}").is_err());
        assert_eq!(
            read("{\n\"a\": x}").map_err(|error| (error.line(), error.column())),
            Err((2, 6))
        );
        let error = read(r#"{"rows":[{}]}"#).unwrap_err();
        assert_eq!(error.field(), "rows[0].bankCode");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        assert_eq!(read("\u{feff}{}"), Ok(Message::default()));
        let json = "\u{feff}{\"controlNumber\":\"A1\"} ";
        assert_eq!(from_slice(json.as_bytes()), Ok(message("A1")));
        let error = from_slice::<Message>("\u{feff}{\"amount\":[]}".as_bytes()).unwrap_err();
        assert_eq!((error.line(), error.column()), (1, 11));
    }

    #[test]
    fn nesting_has_an_end_even_in_what_is_ignored() {
        let nested =
            |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read(&nested(126)), Ok(Message::default()));
        check(&nested(127), "nested too deep");
        check(&nested(1_000_000), "nested too deep");
        let text = format!(r#"{{"controlNumber":"\"{}"}}"#, "[{".repeat(1000));
        assert!(read(&text).is_ok());
        let unfinished = "{\"nested\":".repeat(1000);
        check(&unfinished, "nested too deep");

        let deep = nested(126);
        let both = format!(r#"{{"x":[],"y":[{}]}}"#, &deep[5..deep.len() - 1]);
        assert!(both.matches('[').count() > MOST_LEVELS);
        check(&both, "nested too deep");
        let beside = format!(r#"{{"y":[],{}"#, &deep[1..]);
        assert_eq!(read(&beside), Ok(Message::default()));
        let hidden = format!(
            r#"{{"x":{}{}}}"#,
            r#"["]}]","#.repeat(127),
            "0]".repeat(127)
        );
        check(&hidden, "nested too deep");
    }

    #[test]
    fn no_error_holds_anything_received() {
        for json in [
            r#"{"rows":"SECRET"}"#,
            r#"{"rows":["SECRET"]}"#,
            r#"{"nested":"SECRET"}"#,
            r#"{"kind":"SECRET"}"#,
            r#"{"kind":{"SECRET":1}}"#,
            r#"{"amount":"SECRET"}"#,
            r#"{"amount":{"SECRET":1}}"#,
            r#"{"pair":[{"bankCode":"1"},"SECRET"]}"#,
            r#"{"pair":["SECRET"]}"#,
            r#"{"byName":{"SECRET":{}}}"#,
            r#"{"SECRET":SECRET}"#,
            r#""SECRET""#,
            r#"{"wrapped":"SECRET"}"#,
        ] {
            let error = read(json).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.field());
            assert!(!shown.contains("SECRET"), "{json}: {shown}");
        }
    }

    /// JSON that looks like a message here and there, in many spellings.
    fn spellings() -> impl Strategy<Value = String> {
        let scalars = prop_oneof![
            Just("null"),
            Just("true"),
            Just("12"),
            Just("-0"),
            Just("1.50"),
            Just("1e2"),
            Just("\"1.50\""),
            Just("\" 7 \""),
            Just("\"\""),
            Just("\"a\\/b\""),
            Just("\"\\ud800\""),
            Just("\"\\u00f1\""),
            Just("\"\u{f1}\""),
            Just("\"Bank\""),
            Just("99999999999999999999"),
            Just("1e999"),
            Just("1.2E7"),
            Just("0E-8"),
            Just("\"1.2E7\""),
            Just("0.30000000000000004"),
            Just("\"3,900.00\""),
            Just("\"-\""),
            Just("\"null\""),
        ];
        let keys = prop_oneof![
            Just("controlNumber"),
            Just("contractNumber"),
            Just("CONTROL NUMBER"),
            Just("amount"),
            Just("Amount"),
            Just("rows"),
            Just("nested"),
            Just("wrapped"),
            Just("byName"),
            Just("pair"),
            Just("kind"),
            Just("odd"),
            Just("entries"),
            Just("bankCode"),
            Just("bank\\u0043ode"),
            Just("unknown"),
        ];
        let blank = || prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
        let scalar = scalars.prop_map(str::to_owned);
        scalar.prop_recursive(5, 40, 6, move |inner| {
            let entries = (keys.clone(), blank(), inner.clone())
                .prop_map(|(key, blank, value)| format!("{blank}\"{key}\"{blank}:{blank}{value}"));
            prop_oneof![
                3 => proptest::collection::vec(entries, 0..6)
                    .prop_map(|entries| format!("{{{}}}", entries.join(","))),
                1 => proptest::collection::vec(inner, 0..4)
                    .prop_map(|items| format!("[{}]", items.join(" ,"))),
            ]
        })
    }

    #[test]
    fn the_quick_way_is_enough_for_every_spelling() {
        for json in [
            r#"{"controlNumber":"SKY1","amount":"1.50","rows":[{"bankCode":"SEC"}]}"#,
            r#" { "AMOUNT" : 1.50 , "control number" : 7, "x":[{}, true, null,"\ud800"] } "#,
            r#"{"nested":{"wrapped":{"bankCode":"a\/\u00f1"}},"byName":{"a b":{"Bank_Code":1,"bankcode":2}}}"#,
        ] {
            let quick = quick::read::<Message>(json.as_bytes());
            assert_eq!(quick.as_ref(), read(json).as_ref().ok(), "{json}");
            assert!(quick.is_some(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(
            json in spellings(),
            edit in proptest::option::of((any::<prop::sample::Index>(), "[]\\[{}:,\"0-9.en\\\\ ]?")),
        ) {
            let mut json = json;
            if let Some((place, new)) = edit {
                let (start, old) = json.char_indices().nth(place.index(json.chars().count())).unwrap();
                json.replace_range(start..start + old.len_utf8(), &new);
            }
            // It compares the two.
            let _ = read(&json);
        }

        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), json in r#"[]\[{}:,"a-z0-9\\ ]{0,64}"#) {
            let _ = (from_slice::<Message>(&bytes), read(&json));
        }

        #[test]
        fn it_reads_what_serde_json_reads(value in "[a-z]{1,8}", key in "controlNumber|rows|unknown|amount") {
            let json = serde_json::json!({ key: value }).to_string();
            let plain = serde_json::from_str::<Message>(&json).ok();
            prop_assert_eq!(read(&json).ok(), plain);
        }

        #[test]
        fn blanks_and_case_never_matter(key in "[a-zA-Z]{1,12}", blanks in proptest::collection::vec(0_usize..12, 0..4)) {
            let mut spelled = key.to_ascii_uppercase();
            for position in blanks {
                spelled.insert(position.min(spelled.len()), ' ');
            }
            prop_assert!(same_when_folded(&key, &spelled));
            spelled.push('x');
            prop_assert!(!same_when_folded(&key, &spelled));
        }
    }
}
