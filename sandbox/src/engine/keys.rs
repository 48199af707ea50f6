//! Keys, as the back office issues them.

use serde::{Deserialize, Serialize};

use super::moment::{Moment, Pause};

/// An encrypt key and the authentication that goes with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Sent in every message.
    pub authentication: String,
    /// Never sent; bodies are sealed with it.
    pub encrypt_key: String,
}

/// Shows nothing.
impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair")
    }
}

/// How long keys are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validity {
    /// 30 days.
    #[serde(rename = "30d")]
    Days30,
    /// 60 days.
    #[serde(rename = "60d")]
    Days60,
    /// 90 days.
    #[serde(rename = "90d")]
    Days90,
    /// 180 days.
    #[serde(rename = "180d")]
    Days180,
}

impl Validity {
    /// The span.
    #[must_use]
    pub fn pause(self) -> Pause {
        Pause::days(match self {
            Self::Days30 => 30,
            Self::Days60 => 60,
            Self::Days90 => 90,
            Self::Days180 => 180,
        })
    }
}

/// A pair in the history of the back office.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Its number.
    pub id: u32,
    /// The secrets.
    pub pair: Pair,
    /// How long it is valid once enabled.
    pub validity: Validity,
    /// When it was made.
    pub generated: Moment,
    /// When it was shown; that happens once.
    #[serde(default)]
    pub revealed: Option<Moment>,
    /// When it was enabled.
    #[serde(default)]
    pub enabled: Option<Moment>,
    /// From when on it is used.
    #[serde(default)]
    pub effective: Option<Moment>,
    /// Until when it is accepted.
    #[serde(default)]
    pub expires: Option<Moment>,
}

/// The keys in use at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysInUse {
    /// The `userName` of both sides.
    pub user_name: String,
    /// The pair that callbacks are sealed with. It may have expired: nothing
    /// says that SkyPay then stops.
    pub sealing: Pair,
    /// The pairs that requests may come with; none if all have expired.
    pub accepted: Vec<Pair>,
}
