//! The fields that the protocol puts into every message, next to those of the
//! operation. No other hand-written file names them.

#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    expect(dead_code, reason = "each half reads what the other one writes")
)]

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::keys::Credentials;
use crate::operation::{OperationInfo, Stamp};
use crate::read::{Key, same_when_folded};
use crate::value::DateTime;
use crate::wire::{self, FromWire};

const USER_NAME: &str = "userName";
const ACTION: &str = "action";
const AUTHENTICATION: &str = "authentication";
const RESPONSE_TIME: &str = "responseTime";
const RESPONSE_CODE: &str = "responseCode";
const RESPONSE_DESCRIPTION: &str = "responseDescription";

/// What a request says of itself before what it is about.
pub(crate) struct RequestHead {
    pub(crate) user_name: Zeroizing<String>,
    pub(crate) authentication: Zeroizing<String>,
    /// Missing in what old senders send.
    pub(crate) action: Option<String>,
    /// The values of the constants that were asked for, in that order.
    pub(crate) constants: Vec<Option<String>>,
}

/// What an answer says of itself.
pub(crate) struct AnswerHead {
    pub(crate) time: Option<DateTime>,
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
}

/// Reads the head of a request and the fields named in `constants`.
pub(crate) fn read_request(clear: &[u8], constants: &[&str]) -> Result<RequestHead, Malformed> {
    let mut wanted = vec![USER_NAME, AUTHENTICATION, ACTION];
    wanted.extend(constants);
    let mut found = pick(clear, &wanted)?;
    let constants = found.split_off(3);
    match <[Option<String>; 3]>::try_from(found) {
        Ok([Some(user_name), Some(authentication), action]) => Ok(RequestHead {
            user_name: user_name.into(),
            authentication: authentication.into(),
            action,
            constants,
        }),
        _ => Err(Malformed),
    }
}

/// Reads the head of an answer. What is missing or empty is `None`.
pub(crate) fn read_answer(clear: &[u8]) -> Result<AnswerHead, Malformed> {
    let mut found = pick(clear, &[RESPONSE_TIME, RESPONSE_CODE, RESPONSE_DESCRIPTION])?;
    let description = found.pop().flatten();
    let code = found.pop().flatten();
    let time = found.pop().flatten();
    Ok(AnswerHead {
        time: time.and_then(|text| DateTime::from_wire(text.trim()).ok()),
        code: code
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()),
        description,
    })
}

/// Writes a whole request in two parts: the head, and the rest of `body`, which
/// is the JSON object of the request alone.
///
/// The order is not taste: with this cipher, text that a payee controls must
/// not stand before a secret. `None` if `body` is not an object.
pub(crate) fn write_request<'a>(
    credentials: &Credentials,
    operation: &OperationInfo,
    body: &'a [u8],
) -> Option<(Zeroizing<Vec<u8>>, &'a [u8])> {
    let rest = body.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    // Room enough that nothing secret is left behind by a reallocation.
    let mut head = Zeroizing::new(Vec::with_capacity(1024));
    let fields = [
        (USER_NAME, credentials.user_name()),
        (ACTION, operation.action),
        (AUTHENTICATION, credentials.authentication()),
    ];
    let mut separator = b'{';
    for (name, value) in fields.iter().chain(operation.constants) {
        head.push(separator);
        serde_json::to_writer(&mut *head, name).ok()?;
        head.push(b':');
        serde_json::to_writer(&mut *head, value).ok()?;
        separator = b',';
    }
    if rest != b"}" {
        head.push(b',');
    }
    Some((head, rest))
}

/// Writes an answer that consists of the head alone.
pub(crate) fn write_answer(stamp: &Stamp<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Alone<'a> {
        #[serde(rename = "responseTime", serialize_with = "wire::fraction")]
        time: DateTime,
        #[serde(rename = "responseCode")]
        code: &'a str,
        #[serde(rename = "responseDescription")]
        description: &'a str,
    }
    let alone = Alone {
        time: stamp.time,
        code: stamp.code,
        description: stamp.description,
    };
    // Two texts and a time can always be written.
    serde_json::to_vec(&alone).unwrap_or_default()
}

/// The message is not a JSON object with these fields as scalars, each once.
#[derive(Debug)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is not a JSON object with the fields of the protocol")
    }
}

impl std::error::Error for Malformed {}

/// The values of the `wanted` fields of a JSON object as text; keys are
/// compared as [`read`](crate::read) compares them.
fn pick(clear: &[u8], wanted: &[&str]) -> Result<Vec<Option<String>>, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(clear);
    let found = Pick(wanted).deserialize(&mut deserializer);
    let found = found.map_err(|_| Malformed)?;
    deserializer.end().map_err(|_| Malformed)?;
    Ok(found)
}

struct Pick<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = Vec<Option<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Vec<Option<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found: Vec<Option<Option<String>>> = vec![None; self.0.len()];
        while let Some(key) = map.next_key_seed(Key)? {
            let index = self.0.iter().position(|name| same_when_folded(name, &key));
            match index.and_then(|index| found.get_mut(index)) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some(_)) => return Err(A::Error::custom("a field appears twice")),
                Some(slot) => *slot = Some(map.next_value::<Scalar>()?.0),
            }
        }
        Ok(found.into_iter().map(Option::flatten).collect())
    }
}

/// A scalar as text; `null` is nothing.
struct Scalar(Option<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As it is spelled: a number must not be changed by being looked at.
        let spelled = <&RawValue>::deserialize(deserializer)?.get();
        let text = wire::unquoted(spelled).map_err(D::Error::custom)?;
        Ok(Self(text.map(Cow::into_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, pick};

    fn check(clear: &str, expected: Option<[Option<&str>; 2]>) {
        let found = pick(clear.as_bytes(), &["responseCode", "responseTime"]);
        let expected = expected.map(|values| values.map(|value| value.map(String::from)).to_vec());
        assert_eq!(found.map_err(|Malformed| ()).ok(), expected, "{clear}");
    }

    #[test]
    fn fields_are_found_whatever_surrounds_them() {
        check("{}", Some([None, None]));
        check(r#"{"responseCode":"1"}"#, Some([Some("1"), None]));
        check(
            r#" {"x":[{"responseCode":"2"}],"responseCode":-1001,"responseTime":null} "#,
            Some([Some("-1001"), None]),
        );
        check(
            r#"{"Response Code":"1","RESPONSETIME":""}"#,
            Some([Some("1"), Some("")]),
        );
    }

    #[test]
    fn a_text_may_come_as_any_scalar() {
        check(
            r#"{"responseCode":-1001,"responseTime":1.50}"#,
            Some([Some("-1001"), Some("1.50")]),
        );
        check(
            r#"{"responseCode":99999999999999999999,"responseTime":true}"#,
            Some([Some("99999999999999999999"), Some("true")]),
        );
        check(r#"{"responseCode":"\u002d1"}"#, Some([Some("-1"), None]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        check(r#"{"responseCode":"\ud800"}"#, None);
        check(r#"{"responseCode":"1","responseCode":"2"}"#, None);
        check(r#"{"responseCode":"1","response code":"2"}"#, None);
        check(r#"{"responseCode":["1"]}"#, None);
        check(r#"{"responseCode":"1"} {}"#, None);
        check(r#"{"responseCode":"1""#, None);
        check(r#"["1"]"#, None);
        check("", None);
    }
}
