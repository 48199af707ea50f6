//! Faults: when something shall go wrong on the wire, and what.
//!
//! The engine decides, by rule and seed; whoever holds the connection carries
//! it out.

use serde::{Deserialize, Serialize};

use super::moment::Pause;
use super::rule::When;

/// When a fault shall happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Which way the messages go.
    pub on: Side,
    /// Which messages; all of that side if nothing is said.
    #[serde(default)]
    pub when: When,
    /// What shall happen.
    pub fault: Fault,
    /// To how many of a hundred, chosen by the seed.
    #[serde(default = "always")]
    pub percent: u8,
    /// How often at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

fn always() -> u8 {
    100
}

/// Which way the messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What partners ask, and its answers.
    Requests,
    /// What partners are told or asked, and their answers.
    Callbacks,
}

/// What shall go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// On the wire of this one message.
    Wire(WireFault),
    /// A callback is not sent at all; nobody tries again. Callbacks only.
    Drop,
    /// A callback is sent only then: months late, or after others. Callbacks
    /// only.
    Late {
        /// How late.
        by: Pause,
    },
    /// A request is answered with this code: a storm of `-1009` or `-9999`.
    /// Whether it is executed is for the switch `failures` to say. Requests
    /// only.
    Answer {
        /// The return code.
        code: skypay_types::ResponseCode,
    },
}

/// What happens to a message on the wire.
///
/// For a request, the message that suffers is its answer, except where it says
/// otherwise; for a callback, it is the callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wire", rename_all = "kebab-case")]
pub enum WireFault {
    /// It is held back.
    Delay {
        /// For how long, by the sandbox's clock.
        by: Pause,
    },
    /// The connection closes before the request is executed: it was not.
    /// For a callback: before it is written.
    CutBefore,
    /// The connection closes after the request was executed, instead of an
    /// answer. For a callback: before its answer is read.
    CutAfter,
    /// The connection is reset in the middle.
    Reset,
    /// Only its first bytes arrive.
    Truncate {
        /// How many.
        keep: u32,
    },
    /// Some of its bytes are wrong.
    Garble {
        /// Chooses which; drawn by the engine.
        #[serde(default)]
        seed: u64,
    },
    /// Instead of it comes an HTML page with HTTP status 502. Requests only.
    BadGateway,
    /// Instead of it comes a redirection with HTTP status 307. Requests only.
    Redirect {
        /// Where to.
        to: String,
    },
    /// It is sent that many times at once. Callbacks only.
    Duplicate {
        /// How many times in all.
        copies: u32,
    },
    /// It is sealed with a key that nobody has. Callbacks only.
    WrongKey,
    /// Its blocks are put together from two other callbacks: what it says was
    /// never said. Callbacks only; done by whoever seals, from the deliveries
    /// named here.
    Splice {
        /// The delivery of the first blocks; drawn by the engine.
        #[serde(default)]
        head: u64,
        /// The delivery of the last blocks; drawn by the engine.
        #[serde(default)]
        tail: u64,
    },
}

impl FaultRule {
    /// Whether the fault can happen to what it is meant for.
    pub(crate) fn check(&self) -> Result<(), String> {
        let only = match &self.fault {
            Fault::Drop | Fault::Late { .. } => Some(Side::Callbacks),
            Fault::Answer { .. } => Some(Side::Requests),
            Fault::Wire(wire) => wire.only(),
        };
        if only.is_some_and(|only| only != self.on) {
            return Err(match self.on {
                Side::Requests => "that can only happen to callbacks".to_owned(),
                Side::Callbacks => "that can only happen to requests".to_owned(),
            });
        }
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

impl WireFault {
    /// The side that it can happen on, if not on both.
    fn only(&self) -> Option<Side> {
        match self {
            Self::BadGateway | Self::Redirect { .. } => Some(Side::Requests),
            Self::Duplicate { .. } | Self::WrongKey | Self::Splice { .. } => Some(Side::Callbacks),
            _ => None,
        }
    }
}

/// A fault rule in the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberedFault {
    /// Its number.
    pub id: u64,
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How often it has happened.
    pub happened: u32,
}
