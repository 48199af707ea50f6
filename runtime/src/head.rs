//! The fields that the protocol puts into every message, next to those of the
//! operation. No other hand-written file names them.

#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    expect(dead_code, reason = "each half reads what the other one writes")
)]

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::keys::Credentials;
use crate::operation::{OperationInfo, Stamp};
use crate::read::{Picked, pick};
#[cfg(feature = "client")]
use crate::secret::SecretBuffer;
use crate::value::{DateTime, number};
use crate::wire;

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
    let mut found = pick(clear, &wanted).ok_or(Malformed)?;
    if found.contains(&Picked::Unreadable) {
        return Err(Malformed);
    }
    let constants = found.split_off(3);
    match <[Picked; 3]>::try_from(found) {
        Ok(
            [
                Picked::Text(user_name),
                Picked::Text(authentication),
                action,
            ],
        ) => Ok(RequestHead {
            user_name: user_name.into(),
            authentication: authentication.into(),
            action: action.text(),
            constants: constants.into_iter().map(Picked::text).collect(),
        }),
        _ => Err(Malformed),
    }
}

/// Reads the head of an answer. What is missing or empty is `None`, and so is a
/// time or a description that cannot be read.
pub(crate) fn read_answer(clear: &[u8]) -> Result<AnswerHead, Malformed> {
    let found = pick(clear, &[RESPONSE_CODE, RESPONSE_TIME, RESPONSE_DESCRIPTION]);
    let found: [Picked; 3] = found.ok_or(Malformed)?.try_into().map_err(|_| Malformed)?;
    let [code, time, description] = found;
    if code == Picked::Unreadable {
        return Err(Malformed);
    }
    Ok(AnswerHead {
        time: time
            .text()
            .and_then(|text| DateTime::try_from(text.trim()).ok()),
        code: code
            .text()
            .map(|text| number::plain(text.trim()).into_owned())
            .filter(|text| !text.is_empty()),
        description: description.text(),
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
) -> Option<(SecretBuffer, &'a [u8])> {
    let rest = body.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    let mut head = SecretBuffer::with_capacity(512);
    let fields = [
        (USER_NAME, credentials.user_name()),
        (ACTION, operation.action),
        (AUTHENTICATION, credentials.authentication()),
    ];
    let mut separator = b"{";
    for (name, value) in fields.iter().chain(operation.constants) {
        head.extend(separator);
        serde_json::to_writer(&mut head, name).ok()?;
        head.extend(b":");
        serde_json::to_writer(&mut head, value).ok()?;
        separator = b",";
    }
    if rest != b"}" {
        head.extend(b",");
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

/// The message is not a JSON object with the fields that are needed as scalars,
/// each once.
#[derive(Debug)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message is not a JSON object with the fields of the protocol")
    }
}

impl std::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::{read_answer, read_request};

    #[test]
    fn only_the_code_of_an_answer_decides_whether_it_can_be_read() {
        for (clear, code, time) in [
            (
                r#"{"responseCode":"1000","responseTime":[],"responseDescription":{}}"#,
                "1000",
                None,
            ),
            (
                r#"{"responseCode":1000.0,"responseTime":"0000-00-00 00:00:00"}"#,
                "1000",
                None,
            ),
            (
                r#"{"responseCode":" 1E3 ","responseTime":"2024-02-05T02:15:30Z"}"#,
                "1000",
                Some("2024-02-05 10:15:30"),
            ),
            (r#"{"responseCode":-1.001E3}"#, "-1001", None),
        ] {
            let head = read_answer(clear.as_bytes()).unwrap();
            assert_eq!(head.code.as_deref(), Some(code), "{clear}");
            assert_eq!(
                head.time.map(|time| time.to_string()).as_deref(),
                time,
                "{clear}"
            );
            assert_eq!(head.description, None, "{clear}");
        }
        for clear in [
            r#"{"responseCode":["1000"]}"#,
            r#"{"responseCode":{}}"#,
            r#"{"responseCode":"\ud800"}"#,
        ] {
            assert!(read_answer(clear.as_bytes()).is_err(), "{clear}");
        }
    }

    #[test]
    fn a_request_has_to_say_who_sends_it_in_texts() {
        let read = |rest: &str| {
            let clear = format!("{{\"userName\":\"a\",\"authentication\":{rest}}}");
            read_request(clear.as_bytes(), &[])
                .ok()
                .map(|head| head.action)
        };
        assert_eq!(read(r#""b""#), Some(None));
        assert_eq!(read(r#""b","action":"c""#), Some(Some("c".to_owned())));
        assert_eq!(read(r#"["b"]"#), None);
        assert_eq!(read(r#""b","action":["c"]"#), None);
    }
}
