//! Scripted outcomes of requests, by rule or by magic amount.

use std::fmt;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use skypay_types::{Amount, Direction, Effect, PayoutChannel, ResponseCode};

use super::amount;
use super::fault::Side;
use super::timestamp::Duration;
use crate::arguments;
use crate::fields::capitalised;
use crate::operations;

/// When … then ….
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests.
    #[command(flatten)]
    #[serde(default)]
    pub when: When,
    /// What becomes of them.
    #[command(flatten)]
    pub then: Then,
    /// The maximum number of times
    #[arg(long, value_name = "N", help_heading = "How often")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// Which messages are meant; what is not given does not matter.
///
/// Its arguments are accepted after the kind of a fault, too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Args)]
#[command(next_help_heading = "Which messages")]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// An operation or callback, by its name
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        value_parser = arguments::operation(),
        hide_possible_values = true
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// A control or contract number; * matches anything
    #[arg(long, global = true, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A payout channel, by its code or name
    #[arg(
        long,
        global = true,
        value_parser = arguments::payout_channel(),
        ignore_case = true
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<PayoutChannel>,
    /// An account number; * matches anything
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The minimum amount
    #[arg(long, global = true, value_name = "AMOUNT")]
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "amount::deserialize"
    )]
    pub at_least: Option<Amount>,
    /// The maximum amount
    #[arg(long, global = true, value_name = "AMOUNT")]
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "amount::deserialize"
    )]
    pub at_most: Option<Amount>,
}

/// What becomes of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Args)]
#[command(next_help_heading = "What becomes of them")]
#[serde(default, deny_unknown_fields)]
pub struct Then {
    /// Refuse with this return code
    #[arg(
            long,
            value_name = "CODE",
            value_parser = arguments::ReturnCode,
            ignore_case = true,
            hide_possible_values = true,
            allow_hyphen_values = true
        )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuse: Option<ResponseCode>,
    /// The description of the refusal
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The outcome of the payout
    #[arg(long, value_parser = arguments::choice::<ScriptedOutcome>())]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ScriptedOutcome>,
    /// The duration of each step, such as 30s or 2d
    #[arg(long, value_name = "SPAN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
}

/// The scripted outcome of an accepted payout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptedOutcome {
    /// Uploaded, then paid; at a store, it waits for the payee.
    #[default]
    Usual,
    /// Uploaded, then failed.
    Fail,
    /// Failed before the upload.
    FailAtOnce,
    /// Pending forever.
    HangPending,
    /// Uploaded forever: at a store, the payee does not come.
    HangUploaded,
    /// Uploaded, and paid a day later.
    PayLate,
    /// Uploaded and paid, without a callback.
    PaySilently,
    /// Uploaded, paid, then failed.
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

/// In words, as `Outcome fail: every request payoutQueue once`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Then {
            refuse,
            description,
            outcome,
            after,
        } = &self.then;
        let outcome = outcome.as_ref().map(|outcome| {
            let name = serde_json::to_value(outcome).unwrap_or_default();
            name.as_str().unwrap_or_default().replace('-', " ")
        });
        let parts = [
            refuse
                .as_ref()
                .map(|refuse| format!("refuse with {}", code(refuse))),
            description.as_ref().map(|text| format!("“{text}”")),
            outcome.map(|name| format!("outcome {name}")),
            after.map(|after| format!("each step takes {after}")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let then = capitalised(&parts.join(", "));
        write!(f, "{then}: every request{}", self.when.which(self.times))
    }
}

impl When {
    /// Checks that messages of a side can match, at least once.
    pub(crate) fn check(&self, side: Side, times: Option<u32>) -> Result<(), String> {
        if times == Some(0) {
            return Err(
                "with 0 times it never applies: give 1 or more, or leave the number out".to_owned(),
            );
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most)
            && least > most
        {
            return Err(format!("no amount is at least {least} and at most {most}"));
        }
        let Some(name) = &self.operation else {
            return Ok(());
        };
        let Some(info) = operations::find(name) else {
            return Err(format!("there is no operation {name:?}"));
        };
        let (fits, what) = match side {
            Side::Requests => (info.direction == Direction::ToProvider, "request to SkyPay"),
            Side::Queries => (
                info.direction == Direction::ToProvider && info.effect == Effect::Reads,
                "query, which only reads",
            ),
            Side::Callbacks => (info.direction == Direction::ToPartner, "callback"),
        };
        if fits {
            return Ok(());
        }
        Err(format!("{name} is no {what}"))
    }

    /// Says which messages are meant, and how often.
    pub(crate) fn which(&self, times: Option<u32>) -> String {
        let parts = [
            self.operation.clone(),
            self.subject
                .as_ref()
                .map(|subject| format!("about {subject}")),
            self.channel
                .as_ref()
                .map(|channel| format!("by {}", code(channel))),
            self.account
                .as_ref()
                .map(|account| format!("to the account {account}")),
            self.at_least.map(|amount| format!("of at least {amount}")),
            self.at_most.map(|amount| format!("of at most {amount}")),
            times.map(|times| match times {
                1 => "once".to_owned(),
                times => format!("at most {times} times"),
            }),
        ];
        let parts = parts.into_iter().flatten();
        parts.map(|part| format!(" {part}")).collect()
    }
}

/// Formats a code by its name and number, as `Bank (5)`.
pub(crate) fn code(code: &impl fmt::Debug) -> String {
    format!("{code:?}").replacen('(', " (", 1)
}

/// A rule with its id: for an outcome or a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numbered<R> {
    /// Its id.
    pub id: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: R,
    /// The number of times that it was applied.
    pub applied: u32,
    /// Whether it is turned off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_off: bool,
}

impl<R> Numbered<R> {
    /// Numbers a new rule.
    pub(crate) fn new(id: u64, rule: R) -> Self {
        Self {
            id,
            rule,
            applied: 0,
            is_off: false,
        }
    }

    /// Whether it is in force, if it applies at most `times` times.
    pub(crate) fn is_in_force(&self, times: Option<u32>) -> bool {
        !self.is_off && times.is_none_or(|times| self.applied < times)
    }
}
