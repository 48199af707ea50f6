//! Scripted outcomes: what shall become of a request, by rule or by magic value.

use serde::{Deserialize, Serialize};
use skypay_types::{Amount, PayoutChannel, ResponseCode};

use super::moment::Pause;

/// When … then ….
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Which requests.
    #[serde(default)]
    pub when: When,
    /// What shall become of them.
    pub then: Then,
    /// How often at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// Which messages are meant. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// The operation or callback, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The control or contract number; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The payout channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<PayoutChannel>,
    /// The account number; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The least amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// The largest amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
}

/// What shall become of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Then {
    /// It is refused with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse: Option<ResponseCode>,
    /// The text that goes with the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What becomes of the payout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// The institution takes its time over each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Pause>,
}

/// What becomes of a payout after it was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// Uploaded, then paid; at a store, uploaded and waiting.
    #[default]
    Usual,
    /// Uploaded, then failed.
    Fail,
    /// Failed before it was uploaded.
    FailAtOnce,
    /// Pending for ever.
    HangPending,
    /// Uploaded for ever: at a store, nobody comes.
    HangUploaded,
    /// Uploaded, and paid a day later.
    PayLate,
    /// Uploaded and paid, and nobody is told.
    PaySilently,
    /// Uploaded, paid, and failed after all.
    Reverse,
    /// Uploaded, then cancelled by the institution.
    Cancel,
    /// Uploaded; a cancellation is refused.
    RefuseCancellation,
    /// Uploaded; a cancellation is never confirmed.
    HangCancellation,
    /// Uploaded; an amendment is refused.
    RefuseAmendment,
    /// Uploaded and collected at the store.
    Collect,
}

/// A rule in the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberedRule {
    /// Its number.
    pub id: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How often it has applied.
    pub applied: u32,
}
