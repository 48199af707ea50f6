//! Fault injection: rules for connection faults.
//!
//! The engine selects faults by rule and seed; the owner of the connection injects
//! them.

use std::fmt;

use clap::{Args, Subcommand, ValueEnum};
use displaydoc::Display;
use serde::{Deserialize, Serialize};

use super::command::no_fields;
use super::rule::When;
use super::timestamp::Duration;
use crate::arguments;
use crate::fields::capitalised;

/// When a fault happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Args)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The kind of messages
    #[arg(value_parser = arguments::choice::<Side>())]
    pub on: Side,
    /// Which messages; all of that side if nothing is given.
    #[command(flatten)]
    #[serde(default)]
    pub when: When,
    /// What happens.
    #[command(subcommand)]
    pub fault: Fault,
    /// The percentage of messages, chosen by the seed
    #[arg(
            long,
            global = true,
            default_value_t = always(),
            value_parser = clap::value_parser!(u8).range(0..=100),
            help_heading = "How often"
        )]
    #[serde(default = "always")]
    pub percent: u8,
    /// The maximum number of times
    #[arg(long, global = true, value_name = "N", help_heading = "How often")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// In words, as `Deliver 2 times: every callback payoutQueuePayout`.
impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.on {
            Side::Requests => "request",
            Side::Queries => "query",
            Side::Callbacks => "callback",
        };
        let every = match self.percent {
            100 => "every".to_owned(),
            percent => format!("{percent} % of the times, a"),
        };
        let fault = capitalised(&self.fault.to_string());
        write!(f, "{fault}: {every} {side}{}", self.when.which(self.times))
    }
}

fn always() -> u8 {
    100
}

/// The messages that a fault affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Requests of partners and their responses.
    Requests,
    /// Requests that only read, such as payoutQueryStatus, and their responses.
    Queries,
    /// Callbacks to partners and their responses.
    Callbacks,
}

/// What goes wrong.
#[derive(Clone, Debug, Display, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// On the connection of this one message.
    #[command(flatten)]
    #[displaydoc("{0}")]
    Wire(WireFault),
    /// Answer with a return code, executed or not; requests only
    ///
    /// The behavior `failures` sets whether the request is executed.
    #[displaydoc("answer with {code}")]
    Answer {
        /// The code, such as -1009
        #[arg(
            value_parser = arguments::ReturnCode,
            ignore_case = true,
            hide_possible_values = true,
            allow_hyphen_values = true
        )]
        code: skypay_types::ResponseCode,
    },
    /// Answer from a copy that is behind; queries only
    ///
    /// For payout statuses, reports and movements; a balance is always current.
    #[displaydoc("answer from data that are {by} old")]
    Stale {
        /// The age of the copy, such as 10m
        by: Duration,
    },
    /// Do not send it at all; callbacks only
    #[displaydoc("drop")]
    #[serde(deserialize_with = "no_fields")]
    Drop,
    /// Deliver it much later
    ///
    /// A callback is sent later. A request is executed later: its caller gets no
    /// response.
    #[displaydoc("deliver {by} late")]
    Late {
        /// The delay, such as 10m or 90d
        by: Duration,
    },
}

/// What happens to a message on its connection.
///
/// For a request, the fault affects its response, unless stated otherwise; for a
/// callback, it affects the callback.
#[derive(Clone, Debug, Display, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "wire", rename_all = "kebab-case", deny_unknown_fields)]
pub enum WireFault {
    /// Delay the message
    #[displaydoc("delay by {by}")]
    Delay {
        /// The delay, such as 2s
        by: Duration,
    },
    /// Close the connection before the request is executed
    #[displaydoc("close the connection before it is executed")]
    #[serde(deserialize_with = "no_fields")]
    CutBefore,
    /// Close the connection after the request was executed
    #[displaydoc("close the connection after it was executed")]
    #[serde(deserialize_with = "no_fields")]
    CutAfter,
    /// Reset the connection in the middle
    #[displaydoc("reset the connection")]
    #[serde(deserialize_with = "no_fields")]
    Reset,
    /// Deliver only the first bytes
    #[displaydoc("cut off after {keep} bytes")]
    Truncate {
        /// The number of bytes
        keep: u32,
    },
    /// Change some bytes
    #[displaydoc("change some bytes")]
    Garble {
        /// Chooses which; drawn by the engine.
        #[arg(skip)]
        #[serde(default)]
        seed: u64,
    },
    /// Answer with an HTML page and HTTP status 502; requests only
    #[displaydoc("answer with HTTP status 502")]
    #[serde(deserialize_with = "no_fields")]
    BadGateway,
    /// Answer with HTTP status 307; requests only
    #[displaydoc("redirect to {to}")]
    Redirect {
        /// The URL
        to: String,
    },
    /// Deliver it several times at once
    ///
    /// A request is executed as often, as if a proxy had sent it again: its caller
    /// gets the last response.
    #[displaydoc("deliver {copies} times")]
    Duplicate {
        /// The number of copies
        copies: u32,
    },
    /// Encrypt it with an unknown key; callbacks only
    #[displaydoc("encrypt with an unknown key")]
    #[serde(deserialize_with = "no_fields")]
    WrongKey,
    /// Combine it from the blocks of two others; callbacks only
    #[displaydoc("combine from the blocks of two others")]
    Splice {
        /// The delivery of the first blocks; drawn by the engine.
        #[arg(skip)]
        #[serde(default)]
        head: u64,
        /// The delivery of the last blocks; drawn by the engine.
        #[arg(skip)]
        #[serde(default)]
        tail: u64,
    },
}

impl FaultRule {
    /// Validates the rule: the side of its fault, its messages, its percentage and its
    /// return code.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (only, fits) = match &self.fault {
            Fault::Wire(WireFault::WrongKey | WireFault::Splice { .. }) | Fault::Drop => {
                ("callbacks", self.on == Side::Callbacks)
            }
            Fault::Wire(WireFault::BadGateway | WireFault::Redirect { .. })
            | Fault::Answer { .. } => ("requests", self.on != Side::Callbacks),
            Fault::Stale { .. } => ("queries", self.on == Side::Queries),
            Fault::Wire(_) | Fault::Late { .. } => ("", true),
        };
        if !fits {
            return Err(format!("that can only happen to {only}"));
        }
        self.when.check(self.on, self.times)?;
        if self.percent > 100 {
            return Err(format!("{} of a hundred are too many", self.percent));
        }
        match &self.fault {
            Fault::Answer { code } if *code == skypay_types::ResponseCode::Success => {
                Err("1000 is no fault".to_owned())
            }
            _ => Ok(()),
        }
    }
}
