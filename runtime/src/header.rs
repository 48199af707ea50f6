//! The header fields, which the protocol adds to the fields of the operation in
//! every message. The document names them.

#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    expect(dead_code, reason = "each half reads what the other one writes")
)]

use serde::ser::{SerializeMap, Serializer};
use zeroize::Zeroizing;

use crate::keys::Credentials;
use crate::operation::{HeaderFields, HeaderValues, OperationInfo};
use crate::read::pick;
use crate::secret::SecretBuffer;
use crate::value::{DateTime, Sensitive, WireError, number};

/// The header fields of a request.
pub(crate) struct RequestHeader {
    pub(crate) user_name: Zeroizing<String>,
    pub(crate) authentication: Zeroizing<String>,
    /// Missing in requests of old senders.
    pub(crate) action: Option<String>,
    /// The requested constants and their values.
    pub(crate) constants: Vec<(&'static str, Option<String>)>,
}

/// The header fields of a response.
#[derive(Debug)]
pub(crate) struct ResponseHeader {
    pub(crate) time: Option<DateTime>,
    pub(crate) code: Option<String>,
    pub(crate) description: Option<Sensitive>,
}

/// The names of all fields that [`read_request`] reads: those of the header,
/// followed by `constants`.
pub(crate) fn request_fields(
    names: &HeaderFields,
    constants: impl IntoIterator<Item = &'static str>,
) -> Vec<&'static str> {
    let header = [names.user_name, names.authentication, names.action];
    header.into_iter().chain(constants).collect()
}

/// Reads the header of a request and its constants.
pub(crate) fn read_request(
    fields: &[&'static str],
    plaintext: &[u8],
) -> Result<RequestHeader, WireError> {
    let mut found = pick(plaintext, fields)
        .ok_or(WireError::HEADER)?
        .into_iter();
    let mut next = || {
        found
            .next()
            .unwrap_or(Ok(None))
            .map_err(|_| WireError::HEADER)
    };
    Ok(RequestHeader {
        user_name: next()?.ok_or(WireError::HEADER)?.into(),
        authentication: next()?.ok_or(WireError::HEADER)?.into(),
        action: next()?,
        constants: fields
            .iter()
            .skip(3)
            .map(|name| Ok((*name, next()?)))
            .collect::<Result<_, _>>()?,
    })
}

/// Reads the header of a response. A missing or empty field is `None`, and so is an
/// invalid time or description.
pub(crate) fn read_response(
    names: &HeaderFields,
    plaintext: &[u8],
) -> Result<ResponseHeader, WireError> {
    let wanted = [Some(names.code), names.time, names.description];
    let wanted: Vec<_> = wanted.into_iter().flatten().collect();
    let mut found = pick(plaintext, &wanted)
        .ok_or(WireError::HEADER)?
        .into_iter();
    let code = found
        .next()
        .unwrap_or(Ok(None))
        .map_err(|_| WireError::HEADER)?;
    let code = code.map(|text| number::plain(text.trim()).into_owned());
    let mut next = |name: Option<_>| name.and_then(|_| found.next()?.ok()?);
    let (time, description) = (next(names.time), next(names.description));
    Ok(ResponseHeader {
        time: time.and_then(|text| DateTime::try_from(text.trim()).ok()),
        code: code.filter(|text| !text.is_empty()),
        description: description.map(Sensitive::from),
    })
}

/// Serializes a request in two parts: the header, and the rest of `body`, which is
/// the JSON object of the request alone.
///
/// The header comes first because with this cipher, text that a payee controls must
/// not precede a secret. `None` if `body` is not an object.
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

/// Serializes a response that consists of the header alone.
pub(crate) fn write_response(names: &HeaderFields, values: &HeaderValues<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::new(&mut text);
    let written = serializer.serialize_map(None).and_then(|mut fields| {
        if let Some(name) = names.time {
            fields.serialize_entry(name, &format!("{:.4}", values.time))?;
        }
        fields.serialize_entry(names.code, values.code)?;
        if let Some(name) = names.description {
            fields.serialize_entry(name, values.description)?;
        }
        fields.end()
    });
    debug_assert!(
        written.is_ok(),
        "two texts and a time can always be written"
    );
    text
}
