//! The messages of the admin interface under `/_sandbox/`, which controls and
//! inspects a running sandbox.
//!
//! | method and path | request | response |
//! |---|---|---|
//! | `GET info` | – | [`Info`] |
//! | `GET state?personal=` | – | the [`State`](crate::engine::State) as JSON, without its rows |
//! | `GET rows?…` | [`ListQuery`] | transactions, movements and callbacks, at most 1000 |
//! | `GET rows/{id}?personal=` | – | [`RowDetails`] |
//! | `GET payments?at_least=&skipped=&limit=` | [`PaymentsQuery`] | the executed payments by control number, at most 1000 numbers |
//! | `POST commands` | a [`Command`](crate::engine::Command) | [`CommandResult`] |
//! | `GET log?…` | [`ListQuery`] | lines of the log, one JSON object per line |
//! | `GET log/stream?…` | [`ListQuery`] | the same as server-sent events, followed by new lines |
//! | `GET callbacks/{id}?personal=` | – | [`CallbackDetails`] |
//! | `GET requests?after=&newest_first=&operation=&number=&state=&code=&text=&…` | [`ListQuery`] | a list of [`RequestRecord`], at most 1000 |
//! | `GET requests/stream?…` | [`ListQuery`] | the same as server-sent events, followed by new requests |
//! | `GET requests/{id}?personal=` | – | a [`RequestRecord`] |
//! | `GET clock` | – | [`ClockStatus`] |
//! | `POST clock/advance` | [`Advance`] | [`Advanced`] |
//! | `POST save` | [`File`] | [`Saved`] |
//! | `POST restore` | [`File`] | [`ClockStatus`] |
//! | `POST reset` | – | [`ClockStatus`] |
//! | `POST mailbox`, `POST mailbox/to/{name}` | an encrypted callback | the encrypted response, once there is one |
//! | `GET mailbox/next?after=&wait=` | [`Next`] | an encrypted callback; 204 if none arrived |
//! | `POST mailbox/{id}` | the encrypted response to it | 204; 410 if the sandbox no longer waits for it |
//!
//! The mailbox is a callback URL for partners without a server: a callback sent
//! there is queued until a client fetches it. Its body is `text/plain`, exactly
//! as it was delivered; the header `Callback-Id` contains its number in the
//! mailbox, and `Callback-Path` the path that it was sent to, which identifies
//! callbacks with a separate URL (`mailbox/to/inquiries`). A callback can be
//! fetched again until it is answered, so a failed fetch loses nothing; with
//! `after`, several clients can work in parallel.
//!
//! The delivery worker treats the mailbox like any partner's server. If there
//! is no response in time, the callback is removed from the mailbox, its
//! attempt ends as unknown, and a later response gets 410. A response that
//! cannot be decrypted, such as an empty one, ends the attempt as unknown
//! immediately. The mailbox queues at most 256 callbacks of at most 64 KiB
//! each; further ones get 503.
//!
//! Errors have an HTTP status of 4xx and a [`Problem`] as body.
//!
//! `GET /health`, outside this path, says whether the sandbox is ready: 200 if it takes
//! requests and reads its database, 503 otherwise. It needs no token, also from other
//! machines.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skypay_types::{Amount, Date};

use super::api::is_sealed;
use crate::engine::{Callback, Duration, Row, Timestamp, WireFault};
use crate::operations;
use crate::ordered_json::OrderedJson;

/// What a partner needs to call the sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The base URL of the sandbox, without a path.
    pub url: String,
    /// The URL for requests.
    pub service_url: String,
    /// The last path segment of that URL.
    pub caller_name: String,
    /// The `userName` of both sides.
    pub user_name: String,
    /// The secret that every message contains.
    pub authentication: String,
    /// The key that encrypts bodies.
    pub encrypt_key: String,
    /// When the authentication and the key expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_expire: Option<Timestamp>,
    /// Whether they have expired. Every request is then refused until a new pair is
    /// generated, enabled and effective.
    #[serde(default)]
    pub keys_have_expired: bool,
    /// The opening balances by prefix.
    pub entities: BTreeMap<String, Amount>,
    /// The seed of the random number generator.
    pub seed: u64,
    /// The clock.
    pub clock: ClockStatus,
    /// The database file; `None` if all data is kept in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<PathBuf>,
    /// Whether plaintext is accepted in addition to encrypted bodies.
    pub plaintext: bool,
    /// The address of the client that asked, as the sandbox sees it. If it is not
    /// loopback, the client may be on another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
}

/// The state of the clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockStatus {
    /// Whether the clock only moves when it is advanced.
    pub is_virtual: bool,
    /// How many times as fast as the machine's clock it runs.
    pub speed: u32,
    /// The current time in GMT+8.
    pub now: Timestamp,
    /// The time of the next scheduled event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Timestamp>,
}

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandResult {
    /// The engine's result; its field `answer` identifies the variant.
    pub answer: Value,
    /// The events, as in the log.
    pub events: Vec<Value>,
    /// The callbacks of the command after their first attempt; those scheduled for
    /// later have no attempt yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Callback>,
}

impl CommandResult {
    /// Returns why the command was declined, if it is not valid in the current
    /// state.
    #[must_use]
    pub fn invalid_command(&self) -> Option<&str> {
        let invalid_command = self.answer["answer"] == "invalid-command";
        self.answer["why"].as_str().filter(|_| invalid_command)
    }

    /// Returns the result of an executed command, such as the number of a rule.
    #[must_use]
    pub fn details(&self) -> &Value {
        &self.answer["details"]
    }
}

/// Selects lines of the log, requests or rows: transactions, movements and callbacks.
/// What is not given does not matter, and what a list does not have matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// Only those after this number.
    pub after: u64,
    /// Without the first so many.
    pub skipped: usize,
    /// The maximum number, at most 1000; in the log, which is read from the oldest on,
    /// any number, and by default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Whether the newest is the first.
    pub newest_first: bool,
    /// The kinds of row or of event, separated by commas.
    pub kind: String,
    /// The name of the operation or callback.
    pub operation: String,
    /// A part of a control number, contract number or other public number.
    pub number: String,
    /// The code of a channel.
    pub channel: String,
    /// A part of how it ended or where it stands, in any case: of the word of a
    /// [`RequestResult`], of a row's status, or of the result of an attempt in the log.
    pub state: String,
    /// The return code: of a response, or of the last response to a callback.
    pub code: String,
    /// A text anywhere in it, in any case; of those of which the newest is the first, in
    /// the newest 100,000 only.
    pub text: String,
    /// The first day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// The smallest amount; requests have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// The largest amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
    /// Whether to include personal data.
    pub personal: bool,
}

/// Selects control numbers by their executed payments, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PaymentsQuery {
    /// Only numbers that were paid at least so many times.
    pub at_least: u32,
    /// Without the first so many numbers.
    pub skipped: usize,
    /// The maximum number of control numbers, at most 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Whether to include personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Personal {
    /// Whether to include personal data.
    pub personal: bool,
}

/// Selects a callback of the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Next {
    /// The oldest callback after this number is returned.
    pub after: u64,
    /// The time to wait for a callback, in seconds of the real clock; 30 by
    /// default, which is also the maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
}

/// Advances a virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// The duration, such as `300s` or `90d`.
    pub by: Duration,
}

/// The result of advancing a virtual clock, after all events due until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advanced {
    /// The clock after the move.
    pub clock: ClockStatus,
    /// The number of callback attempts that ended.
    pub attempts: u64,
}

/// A file on the machine of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The path.
    pub file: PathBuf,
}

/// The file to which the sandbox was saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The path.
    pub file: PathBuf,
    /// The size in bytes.
    pub bytes: u64,
}

/// A row, and what is scheduled for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowDetails {
    /// The row.
    pub row: Row,
    /// What is scheduled for it and its callbacks, in the order of time.
    pub expected: Vec<Expected>,
}

/// Something that is scheduled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// When it is due.
    pub due: Timestamp,
    /// What it is, in words.
    pub what: String,
}

/// A callback and its records on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackDetails {
    /// The callback; its plaintext is masked unless personal data are requested.
    pub callback: Callback,
    /// The copies that were sent, in the order in which they ended.
    pub wire: Vec<WireRecord>,
}

/// A copy of a callback as sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WireRecord {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The number among the copies sent at once, from 1.
    pub copy: u32,
    /// The URL that it was sent to.
    pub url: String,
    /// The encrypted body as sent, possibly truncated.
    pub sealed: String,
    /// The HTTP status of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The body of the response as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The duration in milliseconds of the real clock.
    pub milliseconds: u64,
}

impl WireRecord {
    /// Masks the personal data in a response that was not encrypted, unless `personal` is
    /// set: the fields that the document names, or all of it if it is no JSON object.
    pub(crate) fn shown(self, personal: bool) -> Self {
        let is_shown = |text: &str| personal || text.is_empty() || is_sealed(text.as_bytes());
        let mask = |text: String| {
            if is_shown(&text) {
                text
            } else {
                OrderedJson::masked_text(&text, &operations::personal_data())
            }
        };
        Self {
            answer: self.answer.map(mask),
            ..self
        }
    }
}

/// A request that arrived at the partner interface, and its response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Its number, from 1; the database assigns it.
    pub id: u64,
    /// When it arrived, by the sandbox's clock.
    pub time: Timestamp,
    /// The address of the client.
    pub peer: IpAddr,
    /// The HTTP method.
    pub method: String,
    /// The path that it was sent to.
    pub path: String,
    /// Its content type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The operation, if it could be determined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The control numbers and contract numbers in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// How it ended.
    pub result: RequestResult,
    /// The HTTP status of the response.
    pub status: u16,
    /// The return code of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The faults that were injected into its response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<WireFault>,
    /// The duration in microseconds of the real clock, without injected delays.
    pub microseconds: u64,
    /// The message in plaintext: as received, or decrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plaintext: Option<String>,
    /// The encrypted body as received; `None` if it was received in plaintext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// The response in plaintext.
    pub answer: String,
    /// The encrypted response; `None` if it is in plaintext. A fault may have changed
    /// what the client received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_answer: Option<String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RequestResult {
    /// With the return code for success.
    Accepted,
    /// With a return code that refuses it.
    Refused,
    /// Before its operation was executed: its sender or its meaning is not known.
    Rejected,
    /// With a return code, or without a response, so that its outcome is unknown.
    Unknown,
}

impl RequestResult {
    /// All results.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Refused, Self::Rejected, Self::Unknown];

    /// Returns the result as a word, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for RequestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The error, and how to fix it.
    pub problem: String,
}
