//! What can be asked of a running sandbox besides what a partner can: the
//! messages of its own interface under `/_sandbox/`.
//!
//! | method and path | takes | answers |
//! |---|---|---|
//! | `GET info` | – | [`Info`] |
//! | `GET state?personal=` | – | the [`State`](crate::engine::State) as JSON: everything but its rows |
//! | `GET rows?after=&limit=&personal=` | [`RowsQuery`] | transactions, movements and callbacks, a thousand at most |
//! | `POST commands` | a [`Command`](crate::engine::Command) | [`CommandResult`] |
//! | `GET log?after=&limit=&personal=` | [`LogQuery`] | lines of the log, one JSON object a line |
//! | `GET log/stream?after=&personal=` | [`LogQuery`] | the same as server-sent events, and then what comes |
//! | `GET callbacks/{id}?personal=` | – | [`CallbackDetails`] |
//! | `GET clock` | – | [`ClockStatus`] |
//! | `POST clock/advance` | [`Advance`] | [`Advanced`] |
//! | `POST save` | [`File`] | [`Saved`] |
//! | `POST restore` | [`File`] | [`ClockStatus`] |
//! | `POST reset` | – | [`ClockStatus`] |
//! | `POST mailbox`, `POST mailbox/to/{name}` | a sealed callback | the sealed answer, when there is one |
//! | `GET mailbox/next?after=&wait=` | [`Next`] | a sealed callback; 204 if none has come |
//! | `POST mailbox/{id}` | the sealed answer to it | 204; 410 if the sandbox no longer waits for it |
//!
//! The mailbox is a partner's server for partners that have none: a callback
//! whose URL leads there waits until it is fetched. It comes as `text/plain`
//! exactly as it was delivered; the header `Callback-Id` has its number in the
//! mailbox, `Callback-Path` the path that it was sent to, which tells apart
//! callbacks with a URL of their own (`mailbox/to/inquiries`). It can be fetched
//! again until it is answered, so nothing is lost with a fetch that fails; with
//! `after`, somebody else can work on the next one.
//!
//! To the delivery worker the mailbox is like any partner. Who does not answer in time
//! has not answered: the callback is gone from the mailbox, its attempt ends as
//! unknown, and an answer to it gets 410. An answer that cannot be opened, such
//! as an empty one, ends it as unknown at once. At most 256 callbacks wait, of
//! at most 64 KiB each; another one gets 503.
//!
//! What is refused comes with an HTTP status of 4xx and a [`Problem`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skypay_types::Amount;

use crate::engine::{Callback, Duration, Timestamp};

/// What a partner has to know to call the sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// Where the sandbox listens, without a path.
    pub url: String,
    /// Where requests go.
    pub service_url: String,
    /// The last part of that URL.
    pub caller_name: String,
    /// The `userName` of both sides.
    pub user_name: String,
    /// The secret that is sent in every message.
    pub authentication: String,
    /// The key that bodies are sealed with.
    pub encrypt_key: String,
    /// Until when the authentication and the key are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_expire: Option<Timestamp>,
    /// Whether that time has come: then every request is refused until others
    /// are made, enabled and effective.
    #[serde(default)]
    pub keys_have_expired: bool,
    /// Opening balances by prefix.
    pub entities: BTreeMap<String, Amount>,
    /// What decides everything that is left to chance.
    pub seed: u64,
    /// The clock.
    pub clock: ClockStatus,
    /// The database, unless everything is kept in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<PathBuf>,
    /// Whether plaintext is taken as well as sealed bodies.
    pub plaintext: bool,
}

/// What the clock shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockStatus {
    /// Whether it moves only when told to.
    pub is_virtual: bool,
    /// The time in GMT+8.
    pub now: Timestamp,
    /// When something is due next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Timestamp>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommandResult {
    /// The engine's answer, with the field `answer` that says which one.
    pub answer: Value,
    /// What happened, as in the log.
    pub events: Vec<Value>,
    /// The callbacks that the command is about, after their first attempt. Of
    /// those that are due later, what is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Callback>,
}

impl CommandResult {
    /// Why the command makes no sense now, if it was declined.
    #[must_use]
    pub fn invalid_command(&self) -> Option<&str> {
        let invalid_command = self.answer["answer"] == "invalid-command";
        self.answer["why"].as_str().filter(|_| invalid_command)
    }

    /// What a command that was carried out says, such as the number of a rule.
    #[must_use]
    pub fn details(&self) -> &Value {
        &self.answer["details"]
    }
}

/// Which lines of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Those after this sequence number.
    pub after: u64,
    /// At most so many; all if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// With personal data.
    pub personal: bool,
}

/// Which transactions, movements and callbacks, in the order in which they
/// were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowsQuery {
    /// Those after this number.
    pub after: u64,
    /// At most so many, and never more than a thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// With personal data.
    pub personal: bool,
}

/// Whether personal data are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Personal {
    /// They are.
    pub personal: bool,
}

/// Which callback of the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Next {
    /// The oldest after this number.
    pub after: u64,
    /// How long one is waited for if there is none, in seconds of the real
    /// clock: 30 if not said, and never more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
}

/// Moves a virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// By how much, such as `300s` or `90d`.
    pub by: Duration,
}

/// A virtual clock has moved, and everything due on the way has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advanced {
    /// What it shows now.
    pub clock: ClockStatus,
    /// How many attempts at callbacks ended on the way.
    pub attempts: u64,
}

/// A file on the machine that the sandbox runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path.
    pub file: PathBuf,
}

/// Everything is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its path.
    pub file: PathBuf,
    /// How large it is.
    pub bytes: u64,
}

/// A callback and what was seen of it on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackDetails {
    /// The callback; without its plaintext unless that was asked for.
    pub callback: Callback,
    /// Every copy that was sent, in the order in which they ended.
    pub wire: Vec<WireRecord>,
}

/// A copy of a callback on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WireRecord {
    /// The attempt, from 1.
    pub attempt: u32,
    /// Which of several that were sent at once, from 1.
    pub copy: u32,
    /// Where to.
    pub url: String,
    /// The body as it was sent; a part of it if it was cut off.
    pub sealed: String,
    /// The HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The body of the answer as it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// How long it took on the real clock.
    pub milliseconds: u64,
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, and what to do about it.
    pub problem: String,
}
