//! Callbacks: what is to be sent, what was tried, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skypay_types::DateTime;

use super::callback::Purpose;
use super::fault::WireFault;
use super::rows::{Columns, Entity};
use super::timestamp::Timestamp;

/// A callback that is due now, for the sender. What becomes of it goes
/// back as [`Command::Delivered`](super::Command::Delivered).
///
/// It is listed until that has happened, so that none is lost when the sandbox
/// falls: the sender remembers only which attempts are on their way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delivery {
    /// The delivery.
    pub id: u64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The callback, by the name of its operation.
    pub operation: String,
    /// The control number or other id of what it is about.
    pub subject: String,
    /// Where to. With none, the attempt ends as not sent.
    pub url: Option<String>,
    /// The plaintext of the typed request, without credentials.
    pub plaintext: Value,
    /// Since when it is due.
    pub due: DateTime,
    /// The number of the event with which it became due.
    pub event: u64,
    /// What shall happen to it on the wire.
    pub faults: Vec<WireFault>,
}

/// How an attempt at a callback ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum AttemptResult {
    /// The partner's answer was read.
    Answered {
        /// Its return code.
        code: String,
        /// The text that goes with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// The whole answer in plaintext, under the names of the document: an
        /// inquiry's amount and phone are taken from it.
        #[serde(default)]
        plaintext: Value,
        /// How long it took, for people.
        #[serde(default)]
        milliseconds: u64,
    },
    /// Nothing has reached the partner.
    NotSent {
        /// Why.
        reason: String,
    },
    /// It may have reached the partner; there is no answer that can be read.
    Lost {
        /// Why.
        reason: String,
        /// The HTTP status, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// How long it took, for people.
        #[serde(default)]
        milliseconds: u64,
    },
}

/// A callback, with everything that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Its number.
    pub id: u64,
    /// The callback, by the name of its operation.
    pub operation: String,
    /// The control number or other id of what it is about.
    pub subject: String,
    /// A URL of its own, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The plaintext without credentials.
    pub plaintext: Value,
    /// When it was written.
    pub created: Timestamp,
    /// What it is waiting for.
    pub status: DeliveryStatus,
    /// What was tried.
    pub attempts: Vec<Attempt>,
    /// The delivery that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether a fault has held it back once.
    #[serde(default)]
    pub held_back: bool,
}

impl Entity for Callback {
    const KIND: &'static str = "callback";

    fn id(&self) -> u64 {
        self.id
    }

    fn columns(&self) -> Columns<'_> {
        let sending = match self.status {
            DeliveryStatus::Sending { event, .. } => Some(event),
            _ => None,
        };
        // A confirmation that was given up can be sent again by the cashier.
        let waits = matches!(
            self.purpose,
            Purpose::PayoutConfirmation | Purpose::CollectionConfirmation
        );
        let over = match self.status {
            DeliveryStatus::Acknowledged => true,
            DeliveryStatus::GivenUp => !waits,
            _ => false,
        };
        let ended = self.attempts.last().and_then(|attempt| attempt.ended);
        Columns {
            status: format!("{} {}", self.operation, self.status.as_str()),
            number: &self.subject,
            report: None,
            created: self.created,
            done: None,
            sending,
            finished: over.then(|| ended.unwrap_or(self.created)),
        }
    }
}

impl DeliveryStatus {
    /// The same in a word or two.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "Scheduled",
            Self::Sending { .. } => "Being sent",
            Self::Acknowledged => "Acknowledged",
            Self::GivenUp => "Given up",
        }
    }
}

impl Callback {
    /// The attempt that has not ended.
    pub(crate) fn delivery(&self) -> Option<Delivery> {
        let DeliveryStatus::Sending { event, .. } = self.status else {
            return None;
        };
        let attempt = self.attempts.last()?;
        Some(Delivery {
            id: self.id,
            attempt: attempt.number,
            operation: self.operation.clone(),
            subject: self.subject.clone(),
            url: attempt.url.clone(),
            plaintext: self.plaintext.clone(),
            due: attempt.started.date_time(),
            event,
            faults: attempt.faults.clone(),
        })
    }
}

/// What a callback is waiting for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum DeliveryStatus {
    /// Its time.
    Scheduled {
        /// When that is.
        due: Timestamp,
    },
    /// The end of an attempt.
    Sending {
        /// Since when.
        since: Timestamp,
        /// The number of the event with which it began.
        event: u64,
        /// What shall happen on the wire.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<WireFault>,
    },
    /// Nothing any more: it was acknowledged.
    Acknowledged,
    /// Nothing any more: it is not tried again.
    GivenUp,
}

/// An attempt at a callback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it became due.
    pub started: Timestamp,
    /// Where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What was done to it on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<WireFault>,
    /// When its end was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<AttemptResult>,
}
