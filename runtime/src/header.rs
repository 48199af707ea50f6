//! The header fields: those that the protocol puts into every message, next to
//! those of the operation. The document names them.

#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    expect(dead_code, reason = "each half reads what the other one writes")
)]

use std::fmt;

use serde::ser::{SerializeMap, Serializer};
use zeroize::Zeroizing;

use crate::keys::Credentials;
use crate::message::encoding::{Encoded, Fraction};
use crate::operation::{HeaderFields, HeaderValues, OperationInfo};
use crate::read::{Picked, pick};
use crate::secret::SecretBuffer;
use crate::value::{DateTime, number};

/// What a request says of itself before what it is about.
pub(crate) struct RequestHeader {
    pub(crate) user_name: Zeroizing<String>,
    pub(crate) authentication: Zeroizing<String>,
    /// Missing in what old senders send.
    pub(crate) action: Option<String>,
    /// The values of the constants that were asked for, in that order.
    pub(crate) constants: Vec<Option<String>>,
}

/// What an answer says of itself.
pub(crate) struct ResponseHeader {
    pub(crate) time: Option<DateTime>,
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
}

/// Reads the header of a request and the fields named in `constants`.
pub(crate) fn read_request(
    names: &HeaderFields,
    plaintext: &[u8],
    constants: &[&str],
) -> Result<RequestHeader, Malformed> {
    let mut wanted = vec![names.user_name, names.authentication, names.action];
    wanted.extend(constants);
    let mut found = pick(plaintext, &wanted).ok_or(Malformed)?;
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
        ) => Ok(RequestHeader {
            user_name: user_name.into(),
            authentication: authentication.into(),
            action: action.text(),
            constants: constants.into_iter().map(Picked::text).collect(),
        }),
        _ => Err(Malformed),
    }
}

/// Reads the header of an answer. What is missing or empty is `None`, and so is a
/// time or a description that cannot be read.
pub(crate) fn read_answer(
    names: &HeaderFields,
    plaintext: &[u8],
) -> Result<ResponseHeader, Malformed> {
    let wanted = [Some(names.code), names.time, names.description];
    let wanted: Vec<_> = wanted.into_iter().flatten().collect();
    let mut found = pick(plaintext, &wanted).ok_or(Malformed)?.into_iter();
    let code = found.next().unwrap_or_default();
    let mut next = |name: Option<_>| name.and_then(|_| found.next()).unwrap_or_default();
    let (time, description) = (next(names.time), next(names.description));
    if code == Picked::Unreadable {
        return Err(Malformed);
    }
    Ok(ResponseHeader {
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

/// Writes a whole request in two parts: the header, and the rest of `body`, which
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
    let mut header = SecretBuffer::with_capacity(512);
    let fields = [
        (operation.header.user_name, credentials.user_name()),
        (operation.header.action, operation.action),
        (
            operation.header.authentication,
            credentials.authentication(),
        ),
    ];
    let mut separator = b"{";
    for (name, value) in fields.iter().chain(operation.constants) {
        header.extend(separator);
        serde_json::to_writer(&mut header, name).ok()?;
        header.extend(b":");
        serde_json::to_writer(&mut header, value).ok()?;
        separator = b",";
    }
    if rest != b"}" {
        header.extend(b",");
    }
    Some((header, rest))
}

/// Writes an answer that consists of the header alone.
pub(crate) fn write_answer(names: &HeaderFields, values: &HeaderValues<'_>) -> Vec<u8> {
    // Two texts and a time can always be written.
    written(names, values).unwrap_or_default()
}

fn written(names: &HeaderFields, values: &HeaderValues<'_>) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut text);
    let mut fields = serializer.serialize_map(None)?;
    if let Some(name) = names.time {
        fields.serialize_entry(name, &Encoded::<_, Fraction>::new(Ok(&values.time)))?;
    }
    fields.serialize_entry(names.code, values.code)?;
    if let Some(name) = names.description {
        fields.serialize_entry(name, values.description)?;
    }
    fields.end()?;
    Ok(text)
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
    use super::{HeaderFields, read_answer, read_request};

    const NAMES: HeaderFields = HeaderFields {
        user_name: "who",
        action: "what",
        authentication: "proof",
        time: Some("when"),
        code: "verdict",
        description: Some("because"),
    };

    #[test]
    fn only_the_code_of_an_answer_decides_whether_it_can_be_read() {
        for (plaintext, code, time) in [
            (r#"{"verdict":"1000","when":[],"because":{}}"#, "1000", None),
            (
                r#"{"verdict":1000.0,"when":"0000-00-00 00:00:00"}"#,
                "1000",
                None,
            ),
            (
                r#"{"verdict":" 1E3 ","when":"2024-02-05T02:15:30Z"}"#,
                "1000",
                Some("2024-02-05 10:15:30"),
            ),
            (r#"{"verdict":-1.001E3}"#, "-1001", None),
        ] {
            let header = read_answer(&NAMES, plaintext.as_bytes()).unwrap();
            assert_eq!(header.code.as_deref(), Some(code), "{plaintext}");
            assert_eq!(
                header.time.map(|time| time.to_string()).as_deref(),
                time,
                "{plaintext}"
            );
            assert_eq!(header.description, None, "{plaintext}");
        }
        for plaintext in [
            r#"{"verdict":["1000"]}"#,
            r#"{"verdict":{}}"#,
            r#"{"verdict":"\ud800"}"#,
        ] {
            assert!(
                read_answer(&NAMES, plaintext.as_bytes()).is_err(),
                "{plaintext}"
            );
        }
    }

    #[test]
    fn a_request_has_to_say_who_sends_it_in_texts() {
        let read = |rest: &str| {
            let plaintext = format!("{{\"who\":\"a\",\"proof\":{rest}}}");
            read_request(&NAMES, plaintext.as_bytes(), &[])
                .ok()
                .map(|header| header.action)
        };
        assert_eq!(read(r#""b""#), Some(None));
        assert_eq!(read(r#""b","what":"c""#), Some(Some("c".to_owned())));
        assert_eq!(read(r#"["b"]"#), None);
        assert_eq!(read(r#""b","what":["c"]"#), None);
    }
}
