//! Canaries: values that must never be shown, in place of every secret and of all
//! data that the document marks as personal. The fields and their allowed values
//! are taken from the document.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use codegen::model::{Field, Message as Model, Operation as Described, Type};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use skypay_client::{Credentials, KeyRing};

use crate::pieces::{LENGTH, Pieces};
use test_support::document::{self, api, is_personal, row_of};
use test_support::operations::{ALL, Dynamic, Message};

pub(crate) const USER_NAME: &str = "Zq6HdKw2RtXm@skypay";
pub(crate) const AUTHENTICATION: &str = "8F4CV1QJ-7TBW-K5ZN-P3XD-R9GHM2SLY6AE";
pub(crate) const ENCRYPT_KEY: &str = "vN3kPz8cWq5LxT1yRb7J";

/// The caller name; not secret, but of no use in a log.
pub(crate) const CALLER_NAME: &str = "Gx4rMq9wBz2tVn7k";

/// Free text of a third party.
pub(crate) const FREE_TEXT: &str = "Wd2fQm7jHs9kVz4c";

pub(crate) fn credentials() -> Credentials {
    Credentials::new(USER_NAME, AUTHENTICATION, ENCRYPT_KEY).unwrap()
}

pub(crate) fn keys() -> KeyRing {
    KeyRing::new(credentials())
}

/// The pieces to search for in the collected output.
static PIECES: LazyLock<Mutex<Pieces>> = LazyLock::new(|| {
    let mut pieces = Pieces::default();
    pieces.add(USER_NAME.as_bytes(), "the user name");
    pieces.add(AUTHENTICATION.as_bytes(), "the authentication");
    pieces.add(ENCRYPT_KEY.as_bytes(), "the encrypt key");
    pieces.add(CALLER_NAME.as_bytes(), "the caller's name");
    pieces.add(FREE_TEXT.as_bytes(), "free text of a third party");
    let twice = Sha1::digest(Sha1::digest(ENCRYPT_KEY));
    pieces.add(&twice[..16], "the key made of the encrypt key");
    Mutex::new(pieces)
});

pub(crate) fn with_pieces<T>(act: impl FnOnce(&mut Pieces) -> T) -> T {
    act(&mut PIECES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// An operation, and its messages with canaries.
pub(crate) struct Case {
    pub(crate) operation: &'static Dynamic,
    pub(crate) described: &'static Described,
    /// The example requests of the document.
    pub(crate) requests: Vec<Value>,
    /// The example responses that are read as a success.
    pub(crate) answers: Vec<Value>,
}

/// All operations, and the message fields that contain a canary.
pub(crate) struct Cases {
    pub(crate) all: Vec<Case>,
    /// The message or object, and the name of the field.
    pub(crate) fields: BTreeSet<(&'static str, &'static str)>,
}

/// Returns all operations with canaries in their messages.
pub(crate) fn cases() -> &'static Cases {
    static CASES: LazyLock<Cases> = LazyLock::new(|| {
        let mut fields = BTreeSet::new();
        let all = ALL.iter().map(|operation| {
            let described = document::operation(operation.info.name);
            let mut fill = |message, model, examples: &'static [codegen::model::Example]| {
                let filled = examples.iter().filter_map(|example| {
                    let place = format!("{}, example {}", operation.info.name, example.name);
                    let filling = Filling::of(message, model, &example.value, place)?;
                    Some(filling.fill(&mut fields))
                });
                filled.collect::<Vec<_>>()
            };
            let requests = fill(
                &operation.request,
                &described.request,
                &described.request_examples,
            );
            let answers = fill(
                &operation.response,
                &described.response,
                &described.response_examples,
            );
            assert!(!requests.is_empty(), "{} is asked", operation.info.name);
            assert!(!answers.is_empty(), "{} is answered", operation.info.name);
            Case {
                operation,
                described,
                requests,
                answers,
            }
        });
        let all = all.collect();
        Cases { all, fields }
    });
    &CASES
}

/// Returns the fields that the document marks as personal, with their message or
/// object.
pub(crate) fn personal() -> BTreeSet<(&'static str, &'static str)> {
    let operations = api().operations.iter();
    let messages = operations.flat_map(|operation| [&operation.request, &operation.response]);
    let all = messages.chain(&api().objects).flat_map(|message| {
        let personal = message.fields.iter().filter(|field| is_personal(field));
        personal.map(|field| (message.name.as_str(), field.wire.as_str()))
    });
    all.collect()
}

/// A message whose personal fields are being filled.
struct Filling {
    message: &'static Message,
    model: &'static Model,
    value: Value,
    place: String,
}

/// A personal field inside a message, and its JSON pointer.
struct Spot {
    pointer: String,
    owner: &'static Model,
    field: &'static Field,
}

impl Filling {
    /// Returns `None` if the example is not a valid message.
    fn of(
        message: &'static Message,
        model: &'static Model,
        value: &Value,
        place: String,
    ) -> Option<Self> {
        let filling = Self {
            message,
            model,
            value: value.clone(),
            place,
        };
        filling.keeps_the_rules("").then_some(filling)
    }

    /// Whether the message can be read and sent, and still contains `canary`.
    fn keeps_the_rules(&self, canary: &str) -> bool {
        let text = self.value.to_string();
        let quoted = Value::from(canary).to_string();
        (self.message.read)(text.as_bytes()).is_ok_and(|shown| {
            shown.broken.is_empty() && shown.json.contains(quoted.trim_matches('"'))
        })
    }

    /// Sets a separate canary in each personal field that accepts one.
    fn fill(mut self, filled: &mut BTreeSet<(&'static str, &'static str)>) -> Value {
        let mut spots = Vec::new();
        personal_spots(self.model, &self.value, "", &mut spots);
        for Spot {
            pointer,
            owner,
            field,
        } in spots
        {
            let place = format!("{}{pointer}", self.place);
            let example = self.value.pointer(&pointer);
            let example = example.and_then(Value::as_str).unwrap_or("");
            let before = self.value.clone();
            for (canary, kept) in candidates(field, example, &place) {
                put(&mut self.value, &pointer, canary.as_str().into());
                if self.keeps_the_rules(&canary) {
                    with_pieces(|pieces| pieces.add(&canary.as_bytes()[kept..], &place));
                    filled.insert((owner.name.as_str(), field.wire.as_str()));
                    break;
                }
                self.value.clone_from(&before);
            }
        }
        self.value
    }
}

/// Collects every personal field of a message and of its nested objects,
/// including absent ones.
fn personal_spots(model: &'static Model, value: &Value, at: &str, found: &mut Vec<Spot>) {
    for field in &model.fields {
        let pointer = format!("{at}/{}", field.wire);
        if let Some(row) = row_of(field) {
            match value.get(&field.wire) {
                Some(Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        personal_spots(row, item, &format!("{pointer}/{index}"), found);
                    }
                }
                Some(item @ Value::Object(_)) => personal_spots(row, item, &pointer, found),
                _ => {}
            }
        } else if is_personal(field) {
            found.push(Spot {
                pointer,
                owner: model,
                field,
            });
        }
    }
}

/// Inserts a member into its parent object.
pub(crate) fn put(value: &mut Value, pointer: &str, member: Value) {
    let (object, name) = pointer.rsplit_once('/').expect("it is a pointer");
    if let Some(Value::Object(members)) = value.pointer_mut(object) {
        members.insert(name.to_owned(), member);
    }
}

/// Returns possible values of a personal field, the most distinctive first, and
/// the number of leading bytes that come from the example.
fn candidates(field: &Field, example: &str, place: &str) -> Vec<(String, usize)> {
    let mut letters = Letters::of(place);
    match field.ty {
        Type::Date => {
            let mut number = |below: u8| u8::try_from(letters.below(below.into())).unwrap();
            let (year, month, day) = (10 + number(50), 1 + number(12), 1 + number(28));
            return vec![(format!("19{year}-{month:02}-{day:02}"), 0)];
        }
        Type::PersonName => {
            let mut word = || letters.word(10);
            return vec![(format!("{},{},{}", word(), word(), word()), 0)];
        }
        _ => {}
    }
    let special = format!("{}\"\\ñ%/\u{200b} {}", letters.word(14), letters.word(10));
    let mut all = vec![(special, 0), (letters.word(16), 0), (letters.digits(14), 0)];
    for kept in 0..=example.len().saturating_sub(LENGTH) {
        if let Some((beginning, rest)) = example.split_at_checked(kept) {
            let rest: String = rest.chars().map(|letter| letters.like(letter)).collect();
            all.push((format!("{beginning}{rest}"), kept));
        }
    }
    all
}

/// Distinctive letters and digits, deterministic for a seed.
pub(crate) struct Letters {
    state: Vec<u8>,
    used: usize,
}

impl Letters {
    pub(crate) fn of(place: &str) -> Self {
        Self {
            state: Sha1::digest(place).to_vec(),
            used: 0,
        }
    }

    fn below(&mut self, count: usize) -> usize {
        if self.used == self.state.len() {
            self.state = Sha1::digest(&self.state).to_vec();
            self.used = 0;
        }
        self.used += 1;
        usize::from(self.state[self.used - 1]) % count
    }

    fn one_of(&mut self, letters: &[u8]) -> char {
        char::from(letters[self.below(letters.len())])
    }

    /// Replaces a letter by a letter, and a digit by a digit.
    fn like(&mut self, letter: char) -> char {
        match letter {
            'A'..='Z' => self.one_of(b"BCDFGHJKLMNPQRSTVWXZ"),
            'a'..='z' => self.one_of(b"bcdfghjklmnpqrstvwxz"),
            '0'..='9' => self.one_of(b"0123456789"),
            other => other,
        }
    }

    pub(crate) fn word(&mut self, length: usize) -> String {
        let beginning = self.like('A');
        let rest = (1..length).map(|_| self.like('a'));
        [beginning].into_iter().chain(rest).collect()
    }

    pub(crate) fn digits(&mut self, length: usize) -> String {
        (0..length).map(|_| self.like('0')).collect()
    }
}

/// A request that is invalid because of a canary in one of its fields.
pub(crate) struct Broken {
    pub(crate) field: &'static Field,
    pub(crate) owner: &'static Model,
    pub(crate) text: String,
}

/// Returns requests with a value in one field that its type or limits do not
/// allow, for each field of a request, personal or not.
pub(crate) fn broken(case: &'static Case) -> Vec<Broken> {
    let mut all = Vec::new();
    for (index, request) in case.requests.iter().enumerate() {
        let mut spots = Vec::new();
        every_spot(&case.described.request, request, "", &mut spots);
        for spot in spots {
            let place = format!(
                "{}, request {index}, refused {}",
                case.operation.info.name, spot.pointer
            );
            for wrong in wrong_values(spot.field, request.pointer(&spot.pointer), &place) {
                let mut request = request.clone();
                put(&mut request, &spot.pointer, wrong);
                all.push(Broken {
                    field: spot.field,
                    owner: spot.owner,
                    text: request.to_string(),
                });
            }
        }
    }
    all
}

fn every_spot(model: &'static Model, value: &Value, at: &str, found: &mut Vec<Spot>) {
    for field in &model.fields {
        let pointer = format!("{at}/{}", field.wire);
        if let (Some(row), Some(Value::Array(items))) = (row_of(field), value.get(&field.wire)) {
            for (index, item) in items.iter().enumerate() {
                every_spot(row, item, &format!("{pointer}/{index}"), found);
            }
        }
        found.push(Spot {
            pointer,
            owner: model,
            field,
        });
    }
}

/// Returns values that are most likely invalid for a field, each with a canary.
fn wrong_values(field: &Field, usual: Option<&Value>, place: &str) -> Vec<Value> {
    let mut letters = Letters::of(place);
    let (word, digits) = (letters.word(16), letters.digits(15));
    with_pieces(|pieces| {
        pieces.add(word.as_bytes(), place);
        pieces.add(digits.as_bytes(), place);
    });
    let number = |sign: &str| serde_json::from_str(&format!("{sign}9{digits}"));
    let mut wrong = vec![
        word.clone().into(),
        digits.clone().into(),
        format!("{word}\n{digits}").into(),
        format!("-{digits}").into(),
        format!("{digits}.123").into(),
        number("").unwrap(),
        serde_json::from_str(&format!("9{}", &digits[..LENGTH])).unwrap(),
        number("-").unwrap(),
        vec![word.clone()].into(),
        Map::from_iter([(word.clone(), word.clone().into())]).into(),
    ];
    let limits = &field.limits;
    if let Some(max) = limits.max_length {
        let too_long = word.chars().cycle().take(max as usize + 17);
        wrong.push(too_long.collect::<String>().into());
    }
    if limits.min_length.is_some_and(|min| min as usize > LENGTH) {
        wrong.push(word[..LENGTH].into());
    }
    if field.ty == Type::PersonName {
        wrong.push([&*word; 6].join(",").into());
        let long = format!("{},{}", word.repeat(40), word.repeat(40));
        wrong.push(long.into());
    }
    if let (Type::List(item), Some(Value::Array(items))) = (&field.ty, usual) {
        let max = limits.max_items.unwrap_or(0) as usize;
        let mut item = match (&**item, items.first()) {
            (Type::Object(_), Some(item)) => item.clone(),
            _ => word.clone().into(),
        };
        if let Some(members) = item.as_object_mut() {
            for value in members.values_mut().filter(|value| value.is_string()) {
                *value = word.clone().into();
            }
        }
        wrong.push(vec![item; max + 1].into());
    }
    wrong
}
