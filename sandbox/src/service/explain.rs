//! Explains why a request was rejected. SkyPay's own response is the same for every
//! reason, and names none.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_ENCODING;
use serde::de::IgnoredAny;
use serde_json::Value;
use skypay_client::KeyRing;
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_runtime::server::RejectReason;
use skypay_types::{OPERATIONS, OperationInfo};

use super::api::{Call, is_sealed};
use crate::engine::{Key, KeyStatus, State, Timestamp};
use crate::limits;
use crate::operations::{self, types_of};

/// A rejected request.
pub(crate) struct Explained<'a> {
    pub(crate) call: &'a Call,
    /// The message, if it is known in plaintext.
    pub(crate) plaintext: Option<&'a str>,
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
}

impl Explained<'_> {
    /// Explains a rejection before the engine.
    pub(crate) fn rejection(&self, reason: RejectReason) -> String {
        match reason {
            RejectReason::TooLarge => {
                let bytes = self.call.body.len();
                let limit = limits::MESSAGE;
                format!("the body has {bytes} bytes, and at most {limit} are accepted")
            }
            RejectReason::Envelope => self.undecryptable(),
            RejectReason::Header => self.no_header(),
            RejectReason::Operation => self.no_operation(),
            RejectReason::Message => self.unreadable(),
            other => other.to_string(),
        }
    }

    /// Explains wrong credentials.
    pub(crate) fn credentials(&self) -> String {
        let settings = self.state.settings();
        if self.call.caller_name != settings.caller_name {
            return format!(
                "the caller {:?} is not known: the path of this partner is /services/{}",
                self.call.caller_name, settings.caller_name
            );
        }
        let message = self.message();
        let header = OPERATIONS[0].header;
        if field(&message, header.user_name) != Some(settings.user_name.clone()) {
            return format!("{} is not {:?}", header.user_name, settings.user_name);
        }
        let name = header.authentication;
        let sent = field(&message, name).unwrap_or_default();
        let Some(key) = self
            .state
            .keys()
            .find(|key| key.pair.authentication == sent)
        else {
            return format!("{name} is that of no pair of keys of this caller");
        };
        match key.status(self.now) {
            KeyStatus::Effective => {
                format!("{name} is not that of the pair of keys that encrypted the body")
            }
            _ => format!("{name} is that of pair {}, {}", key.id, self.standing(key)),
        }
    }

    fn message(&self) -> Value {
        let plaintext = self.plaintext.unwrap_or_default();
        serde_json::from_str(plaintext.trim_start_matches('\u{feff}')).unwrap_or_default()
    }

    /// The operation of the request, if its action and constants determine it.
    pub(crate) fn operation(&self) -> Option<&'static OperationInfo> {
        let message = self.message();
        let named = field(&message, OPERATIONS[0].header.action);
        let is_meant = |info: &&OperationInfo| {
            let mut constants = info.constants.iter();
            constants.all(|(name, value)| field(&message, name).as_deref() == Some(*value))
        };
        let action = named.or_else(|| self.call.action.clone())?;
        let mut found = operations::of_skypay().filter(|info| names(info, &action));
        found.clone().find(is_meant).or_else(|| {
            let only = found.next();
            only.filter(|_| found.next().is_none())
        })
    }

    fn undecryptable(&self) -> String {
        if let Some(encoding) = self.call.headers.get(CONTENT_ENCODING) {
            return format!("the body is encoded as {encoding:?}; it has to be sent as it is");
        }
        let text = self.call.body.trim_ascii();
        if text.starts_with(b"{") {
            return "the body is plaintext, and this sandbox accepts encrypted bodies only"
                .to_owned();
        }
        if let Some(problem) = not_blocks(text) {
            return format!("the body {problem}");
        }
        let opens = |key: &str| envelope::open(&EncryptKey::derive(key), text).is_ok();
        for key in self.state.keys() {
            if opens(&key.pair.encrypt_key) {
                return format!(
                    "it is encrypted with pair {}, {}",
                    key.id,
                    self.standing(key)
                );
            }
            if opens(&key.pair.authentication) {
                return "it is encrypted with the authentication instead of the encrypt key"
                    .to_owned();
            }
        }
        for key in self.state.keys() {
            if let Some(bytes) = utf8_up_to(&EncryptKey::derive(&key.pair.encrypt_key), text) {
                return format!(
                    "it is encrypted with pair {}, but is not UTF-8 (after byte {bytes})",
                    key.id
                );
            }
        }
        "it does not decrypt with any key of this caller".to_owned()
    }

    /// Says why a pair of keys is not accepted.
    fn standing(&self, key: &Key) -> String {
        match (key.status(self.now), key.effective, key.expires) {
            (KeyStatus::Expired, _, Some(time)) => format!("which expired at {time}"),
            (KeyStatus::Enabled, Some(time), _) => format!("which takes effect at {time}"),
            _ => "which is not enabled".to_owned(),
        }
    }

    fn no_header(&self) -> String {
        let text = self.plaintext.unwrap_or_default();
        // A body that was decrypted is Base64, and therefore UTF-8.
        if let Err(error) = std::str::from_utf8(&self.call.body) {
            return format!(
                "the plaintext is not UTF-8 (byte {})",
                error.valid_up_to() + 1
            );
        }
        let message = match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(message) => message,
            Err(error) => return format!("the plaintext is not JSON: {error}"),
        };
        if !message.is_object() {
            return "the plaintext is JSON, but not an object".to_owned();
        }
        let header = OPERATIONS[0].header;
        for name in [header.user_name, header.authentication, header.action] {
            match value(&message, name) {
                Some(Value::Null) | None if name == header.action => {}
                Some(Value::Null) | None => return format!("{name} is missing"),
                Some(Value::Array(_) | Value::Object(_)) => return format!("{name} is not a text"),
                Some(_) => {}
            }
        }
        "a field of the header appears twice".to_owned()
    }

    fn no_operation(&self) -> String {
        let header = OPERATIONS[0].header;
        let named = field(&self.message(), header.action);
        let Some(action) = named.or_else(|| self.call.action.clone()) else {
            return format!(
                "{} is missing, and the path names no operation",
                header.action
            );
        };
        let found: Vec<_> = operations::of_skypay()
            .filter(|info| names(info, &action))
            .collect();
        if found.is_empty() {
            let all: Vec<_> = operations::of_skypay().map(|info| info.action).collect();
            let mut why = format!("there is no operation {action:?}");
            let near = |known: &&&str| known.eq_ignore_ascii_case(&action);
            match all.iter().find(near) {
                Some(near) => _ = write!(why, "; it is written {near:?}"),
                None => _ = write!(why, "; the API reference lists all"),
            }
            return why;
        }
        let written = |(name, value): &(&str, &str)| format!("{name} {value:?}");
        if let Some(info) = found.iter().find(|info| info.action != action) {
            let mut why = format!("{action:?} is no action: it is written {:?}", info.action);
            for constant in info.constants {
                _ = write!(why, ", with {}", written(constant));
            }
            return why;
        }
        let constants = || found.iter().flat_map(|info| info.constants);
        let is_shared = |constant| found.iter().all(|info| info.constants.contains(constant));
        let own: Vec<_> = constants()
            .filter(|constant| !is_shared(constant))
            .map(written)
            .collect();
        let shared: BTreeSet<_> = constants()
            .filter(|constant| is_shared(constant))
            .map(|constant| format!(", with {}", written(constant)))
            .collect();
        format!(
            "several operations have the action {action:?}; it needs one of {}{}",
            own.join(", "),
            String::from_iter(shared)
        )
    }

    fn unreadable(&self) -> String {
        let text = self.plaintext.unwrap_or_default();
        let types = self.operation().and_then(|info| types_of(info.name));
        let read = types.map(|types| (types.read_request)(text.as_bytes()));
        // The error names a field and a location, never a value.
        match read {
            Some(Err(error)) => error.to_string(),
            _ => RejectReason::Message.to_string(),
        }
    }
}

/// If a body is encrypted with this key, returns the number of bytes, in whole blocks,
/// up to which it is UTF-8.
///
/// Blocks are encrypted independently of each other, so that those without the wrong bytes
/// can be decrypted alone.
fn utf8_up_to(key: &EncryptKey, body: &[u8]) -> Option<usize> {
    let dense = body
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'"');
    let bytes = BASE64_STANDARD
        .decode(dense.copied().collect::<Vec<_>>())
        .ok()?;
    let padding = BASE64_STANDARD.decode(envelope::seal(key, &[])).ok()?;
    let opens = |blocks: &[u8]| {
        let body = BASE64_STANDARD.encode([blocks, &padding].concat());
        envelope::open(key, body.as_bytes()).is_ok()
    };
    let blocks = || bytes.chunks(padding.len());
    let readable = blocks().filter(|block| opens(block)).count();
    // A wrong key gives random bytes, of which hardly any block is UTF-8.
    if readable * 2 <= blocks().count() {
        return None;
    }
    let mut valid = 0;
    for end in (padding.len()..=bytes.len()).step_by(padding.len()) {
        // A character may cross the end of a block, but hardly of each of several.
        if opens(&bytes[valid..end]) {
            valid = end;
        } else if end - valid > 8 * padding.len() {
            break;
        }
    }
    Some(valid)
}

/// Explains why a partner's answer with HTTP status 200 cannot be read.
pub(crate) fn unreadable_answer(answer: &str, ring: &KeyRing, operation: &str) -> String {
    let answer = answer.trim();
    if answer.starts_with('{') {
        return "it is plaintext JSON; encrypt it".to_owned();
    }
    if let Some(problem) = not_blocks(answer.as_bytes()) {
        return format!("it {problem}");
    }
    let sets = ring.all();
    let mut opened = sets
        .iter()
        .filter_map(|set| envelope::open(set.key(), answer.as_bytes()).ok());
    if let Some(plaintext) = opened.next() {
        let types = types_of(operation);
        let read = types.map(|types| (types.read_response)(plaintext.as_bytes()));
        // The error names a field and a location, never a value.
        return match read {
            Some(Err(error)) => format!("it decrypts, but does not match the document: {error}"),
            _ => "it decrypts, but does not match the document".to_owned(),
        };
    }
    let mut valid = sets
        .iter()
        .filter_map(|set| utf8_up_to(set.key(), answer.as_bytes()));
    match valid.next() {
        Some(bytes) => format!("it decrypts, but is not UTF-8 (after byte {bytes})"),
        None => "it does not decrypt with any key in use".to_owned(),
    }
}

/// Says why a text is not Base64 of whole blocks, to follow its name.
fn not_blocks(text: &[u8]) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    if !is_sealed(text) {
        return Some(not_base64(text));
    }
    let digits = text
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte));
    let bytes = digits.count() * 3 / 4;
    if !bytes.is_multiple_of(16) {
        return Some(format!(
            "has {bytes} bytes after Base64, which are no whole blocks of 16 bytes"
        ));
    }
    let is_hexadecimal = text.iter().all(u8::is_ascii_hexdigit);
    is_hexadecimal.then(|| "is written in hexadecimal; it has to be Base64".to_owned())
}

fn not_base64(text: &[u8]) -> String {
    if serde_json::from_slice::<IgnoredAny>(text).is_ok() {
        return "is JSON, but not an object".to_owned();
    }
    if text.contains(&b'%') {
        return "is percent-encoded; it has to be Base64 alone, not a form".to_owned();
    }
    let mut bytes = text.iter().enumerate();
    let other =
        bytes.find(|(_, byte)| !byte.is_ascii_alphanumeric() && !b"+/=\"\r\n".contains(byte));
    match other {
        Some((_, b'-' | b'_')) => "is Base64 for URLs; it has to be Base64 with + and /".to_owned(),
        Some((at, _)) => format!(
            "is neither JSON nor Base64, from its character {} on",
            at + 1
        ),
        None => "is too short for an encrypted message".to_owned(),
    }
}

/// Whether a path or an action names an operation; an action may name several.
pub(crate) fn names(info: &OperationInfo, action: &str) -> bool {
    [info.name, info.path_fragment, info.action].contains(&action)
}

/// Returns a field of a message, by its name in any encoding that is accepted.
fn value<'m>(message: &'m Value, name: &str) -> Option<&'m Value> {
    let is_same = |key: &str| {
        let folded: String = key.split_whitespace().collect();
        folded.eq_ignore_ascii_case(name)
    };
    let mut fields = message.as_object()?.iter();
    let found = fields.find(|(key, _)| is_same(key));
    found.map(|(_, value)| value)
}

/// Returns a text or a number.
fn field(message: &Value, name: &str) -> Option<String> {
    match value(message, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the numbers that a message of unknown type is about.
pub(crate) fn numbers_in(plaintext: &str) -> Vec<String> {
    let message = serde_json::from_str(plaintext).unwrap_or_default();
    let names = ["controlNumber", "contractNumber"];
    names
        .iter()
        .filter_map(|name| field(&message, name))
        .collect()
}
