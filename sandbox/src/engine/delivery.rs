//! Callbacks, delivery attempts and their results.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skypay_types::ResponseCode;

use super::callback::Purpose;
use super::fault::WireFault;
use super::rows::{Columns, Entity};
use super::timestamp::Timestamp;

/// The result of a delivery attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum AttemptResult {
    /// The partner's response was read.
    Answered {
        /// Its return code.
        code: String,
        /// The response description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// The whole response in plaintext, with the document's field names. The amount
        /// and phone number of an inquiry are taken from it.
        #[serde(default)]
        plaintext: Value,
        /// The elapsed time, for information only.
        #[serde(default)]
        milliseconds: u64,
    },
    /// Nothing reached the partner.
    NotSent {
        /// The reason.
        reason: String,
    },
    /// It may have reached the partner, but there is no readable response.
    Lost {
        /// The reason.
        reason: String,
        /// The HTTP status, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The elapsed time, for information only.
        #[serde(default)]
        milliseconds: u64,
    },
}

/// A callback and its delivery attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// The delivery id.
    pub id: u64,
    /// The operation name of the callback.
    pub operation: String,
    /// The control number or other id that it concerns.
    pub subject: String,
    /// The URL, if not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The plaintext without credentials.
    pub plaintext: Value,
    /// When it was created.
    pub created: Timestamp,
    /// The delivery status.
    pub status: DeliveryStatus,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
    /// The delivery that it replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u64>,
    /// Its purpose.
    pub purpose: Purpose,
    /// Whether a fault has already delayed it.
    #[serde(default)]
    pub held_back: bool,
}

/// The reference of the callbacks that repeat one.
pub(crate) fn reference_to(callback: u64) -> String {
    format!("#{callback}")
}

impl AttemptResult {
    /// Returns the return code by its name and number, or what happened instead of a
    /// response.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Answered { code, .. } => match ResponseCode::from(code.as_str()) {
                listed if listed.is_listed() => format!("{listed:?}"),
                _ => "Other code".to_owned(),
            },
            Self::NotSent { .. } => "Not sent".to_owned(),
            Self::Lost { status, .. } => status.map_or_else(
                || "No response".to_owned(),
                |status| format!("HTTP status {status}"),
            ),
        }
    }

    /// Returns how long the partner took to answer; `None` if nothing was sent.
    #[must_use]
    pub fn milliseconds(&self) -> Option<u64> {
        match self {
            Self::Answered { milliseconds, .. } | Self::Lost { milliseconds, .. } => {
                Some(*milliseconds)
            }
            Self::NotSent { .. } => None,
        }
    }

    /// Whether the partner's server answered, readably or not.
    #[must_use]
    pub fn reached(&self) -> bool {
        match self {
            Self::Answered { .. } => true,
            Self::NotSent { .. } => false,
            Self::Lost { status, .. } => status.is_some(),
        }
    }
}

impl Entity for Callback {
    const KIND: &'static str = "callback";

    fn columns(&self) -> Columns<'_> {
        let sending = match self.status {
            DeliveryStatus::Sending { event, .. } => Some(event),
            _ => None,
        };
        // A cashier can retry a confirmation that was given up.
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
            id: self.id,
            status: format!("{} {}", self.operation, self.status.as_str()),
            number: &self.subject,
            report: None,
            created: self.created,
            done: None,
            sending,
            finished: over.then(|| ended.unwrap_or(self.created)),
            facet: self
                .last_result()
                .map_or_else(String::new, AttemptResult::in_words),
            amount: None,
            reference: self.repeats.map(reference_to),
        }
    }
}

impl DeliveryStatus {
    /// Returns the status in a word or two.
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
    /// Returns the result of the last attempt, if it has ended.
    #[must_use]
    pub fn last_result(&self) -> Option<&AttemptResult> {
        self.attempts.last()?.result.as_ref()
    }

    /// Returns the attempt in progress, if there is one, and the sequence number of the
    /// event that started it.
    #[must_use]
    pub fn in_progress(&self) -> Option<(&Attempt, u64)> {
        match self.status {
            DeliveryStatus::Sending { event, .. } => Some((self.attempts.last()?, event)),
            _ => None,
        }
    }
}

/// The delivery status of a callback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum DeliveryStatus {
    /// Scheduled for a later time.
    Scheduled {
        /// When it is due.
        due: Timestamp,
    },
    /// An attempt is in progress.
    Sending {
        /// When the attempt started.
        since: Timestamp,
        /// The sequence number of the event that started it.
        event: u64,
        /// The faults to inject.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<WireFault>,
    },
    /// Acknowledged by the partner; final.
    Acknowledged,
    /// Not retried any more; final.
    GivenUp,
}

/// A delivery attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The number, from 1.
    pub number: u32,
    /// When it became due.
    pub started: Timestamp,
    /// The URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The injected faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<WireFault>,
    /// When its result was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<AttemptResult>,
}
