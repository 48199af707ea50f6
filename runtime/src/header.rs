//! The header fields, which the protocol adds to the fields of the operation in
//! every message. The document names them.

#![cfg_attr(
    not(all(feature = "client", feature = "server")),
    expect(dead_code, reason = "each half reads what the other one writes")
)]

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::keys::Credentials;
use crate::operation::{HeaderFields, HeaderValues, OperationInfo};
use crate::read::pick;
use crate::secret;
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
    let found: Result<Vec<_>, _> = pick(plaintext, fields)?.into_iter().collect();
    let mut found = found.map_err(|_| WireError::HEADER)?.into_iter();
    let mut required = || found.next().flatten().ok_or(WireError::HEADER);
    Ok(RequestHeader {
        user_name: required()?.into(),
        authentication: required()?.into(),
        action: found.next().flatten(),
        constants: fields.iter().skip(3).copied().zip(found).collect(),
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
    let mut found = pick(plaintext, &wanted)?.into_iter();
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
) -> Option<(Zeroizing<Vec<u8>>, &'a [u8])> {
    let rest = body.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    let header = [
        (operation.header.user_name, credentials.user_name()),
        (operation.header.action, operation.action),
        (
            operation.header.authentication,
            credentials.authentication(),
        ),
    ];
    let fields = header.iter().chain(operation.constants).copied();
    let mut header = secret::to_json(&Fields(fields)).ok()?;
    // The object continues with the rest.
    header.pop();
    if rest != b"}" {
        header.push(b',');
    }
    Some((header, rest))
}

struct Fields<I>(I);

impl<'a, I: Iterator<Item = (&'a str, &'a str)> + Clone> Serialize for Fields<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

/// Serializes a response that consists of the header alone.
pub(crate) fn write_response(names: &HeaderFields, values: &HeaderValues<'_>) -> Vec<u8> {
    let time = format!("{:.4}", values.time);
    let fields = [
        (names.time, &*time),
        (Some(names.code), values.code),
        (names.description, values.description),
    ];
    let fields = fields
        .iter()
        .filter_map(|(name, value)| Some(((*name)?, *value)));
    let written = serde_json::to_vec(&Fields(fields));
    debug_assert!(written.is_ok(), "texts can always be written");
    written.unwrap_or_default()
}
