//! The initial settings of a state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypay_runtime::client::check_path_parameter;
use skypay_runtime::keys::check_issued;
use skypay_types::Amount;

use super::account::MOST;
use super::amount;
use super::command::CallbackUrls;
use super::keys::Pair;
use super::request::network;
use super::timestamp::Duration;
use super::{behaviors, callback};

/// The initial settings of a state. Every field has a usable default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The seed of all random values.
    pub seed: u64,
    /// The last path segment of the service URL.
    pub caller_name: String,
    /// The `userName` of both sides.
    pub user_name: String,
    /// The partner's entities by prefix.
    pub entities: BTreeMap<String, Opening>,
    /// The initial keys; generated from the seed if `None`.
    pub keys: Option<Pair>,
    /// The callback URLs.
    pub callbacks: CallbackUrls,
    /// The allowed client addresses; empty allows all.
    pub allow_list: Vec<String>,
    /// The values of vendor behaviors, by name.
    pub behaviors: BTreeMap<String, String>,
    /// The duration of the steps of a payout.
    pub timing: Timing,
    /// The limits.
    pub limits: Limits,
}

/// The initial state of a partner's entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The company's name.
    pub name: String,
    /// The initial balance of its payout account.
    #[serde(deserialize_with = "amount::deserialize")]
    pub balance: Amount,
}

/// The durations of payout steps, by the sandbox's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// From acceptance to Uploaded.
    pub upload: Duration,
    /// From Uploaded to the final status of a payout to a bank or wallet, or one at a
    /// store that the payee collects.
    pub pay: Duration,
    /// From the request to cancel to the chain's response.
    pub cancel: Duration,
    /// From the request to amend to the chain's response.
    pub amend: Duration,
    /// From a payment to its reversal.
    pub reverse: Duration,
}

/// The limits of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest payout; a larger one exceeds the balance limit.
    #[serde(deserialize_with = "amount::deserialize")]
    pub largest_payout: Amount,
    /// The number of payouts that an account may receive per day; 0 for unlimited.
    pub payouts_per_day: u32,
    /// The retention of finished transactions, callbacks and the log. With a zero
    /// duration, such as `0s`, everything is kept.
    pub retention: Duration,
}

/// A change of [`Timing`]: what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimingChange {
    /// From acceptance to Uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<Duration>,
    /// From Uploaded to the final status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay: Option<Duration>,
    /// From the request to cancel to the chain's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Duration>,
    /// From the request to amend to the chain's response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amend: Option<Duration>,
    /// From a payment to its reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse: Option<Duration>,
}

/// A change of [`Limits`]: what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsChange {
    /// The largest payout.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "amount::deserialize"
    )]
    pub largest_payout: Option<Amount>,
    /// The number of payouts that an account may receive per day; 0 for unlimited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payouts_per_day: Option<u32>,
    /// The retention of what is finished; with a zero duration, everything is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Duration>,
}

impl Timing {
    pub(crate) fn changed(self, change: TimingChange) -> Self {
        Self {
            upload: change.upload.unwrap_or(self.upload),
            pay: change.pay.unwrap_or(self.pay),
            cancel: change.cancel.unwrap_or(self.cancel),
            amend: change.amend.unwrap_or(self.amend),
            reverse: change.reverse.unwrap_or(self.reverse),
        }
    }
}

impl Limits {
    pub(crate) fn changed(self, change: LimitsChange) -> Self {
        Self {
            largest_payout: change.largest_payout.unwrap_or(self.largest_payout),
            payouts_per_day: change.payouts_per_day.unwrap_or(self.payouts_per_day),
            retention: change.retention.unwrap_or(self.retention),
        }
    }
}

/// A change of everything.
impl From<Timing> for TimingChange {
    fn from(timing: Timing) -> Self {
        Self {
            upload: Some(timing.upload),
            pay: Some(timing.pay),
            cancel: Some(timing.cancel),
            amend: Some(timing.amend),
            reverse: Some(timing.reverse),
        }
    }
}

/// A change of everything.
impl From<Limits> for LimitsChange {
    fn from(limits: Limits) -> Self {
        Self {
            largest_payout: Some(limits.largest_payout),
            payouts_per_day: Some(limits.payouts_per_day),
            retention: Some(limits.retention),
        }
    }
}

/// Returns an entry of the allow list, if it is an address or a network.
pub(crate) fn parse_allowed(entry: &str) -> Result<String, String> {
    match network(entry) {
        Some(_) => Ok(entry.to_owned()),
        None => Err(format!(
            "{entry:?} is neither an IP address nor a network such as 10.0.0.0/8"
        )),
    }
}

impl Settings {
    /// Validates the settings.
    ///
    /// # Errors
    ///
    /// Returns all violations, one per line.
    pub fn check(&self) -> Result<(), String> {
        let mut wrong = Vec::new();
        if self.entities.is_empty() {
            wrong.push("there is no entity that could pay".to_owned());
        }
        for (prefix, opening) in &self.entities {
            let plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if prefix.len() != 5 || !plain {
                wrong.push(format!("prefix {prefix:?} is not five letters or digits"));
            }
            if !(Amount::ZERO..=MOST).contains(&opening.balance) {
                wrong.push(format!("{prefix} cannot open with {}", opening.balance));
            }
        }
        let mut all = self.entities.values();
        let sum = all.try_fold(Amount::ZERO, |sum, opening| {
            sum.checked_add(opening.balance)
        });
        if sum.is_none_or(|sum| sum > MOST) {
            wrong.push(format!(
                "all entities together cannot open with more than {MOST}"
            ));
        }
        for (name, value) in &self.behaviors {
            match behaviors::find(name) {
                None => wrong.push(format!("there is no behavior {name:?}")),
                Some(behavior) if !behavior.has(value) => {
                    wrong.push(format!("behavior {name} cannot be {value:?}"));
                }
                Some(_) => {}
            }
        }
        if check_path_parameter(&self.caller_name).is_err() {
            wrong.push("the caller name is not one segment of a path".to_owned());
        }
        if let Err(problem) = check_issued(&self.user_name) {
            wrong.push(format!("the user name {problem}"));
        }
        if let Some(Pair {
            authentication,
            encrypt_key,
        }) = &self.keys
        {
            for (name, secret) in [
                ("authentication", authentication),
                ("encrypt key", encrypt_key),
            ] {
                if let Err(problem) = check_issued(secret) {
                    wrong.push(format!("the {name} {problem}"));
                }
            }
        }
        let allowed = self.allow_list.iter().map(|entry| parse_allowed(entry));
        wrong.extend(allowed.filter_map(Result::err));
        if let Err(why) = self.callbacks.check() {
            wrong.push(why);
        }
        for name in self.callbacks.own.keys() {
            if callback::find(name).is_none() {
                wrong.push(format!("there is no callback {name:?}"));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let opening = |name: &str, pesos: i64| Opening {
            name: name.to_owned(),
            balance: Amount::from_centavos(pesos * 100),
        };
        Self {
            seed: 1,
            caller_name: "sandbox".to_owned(),
            user_name: "Sandbox@skypay".to_owned(),
            entities: BTreeMap::from([
                (
                    "SKY98".to_owned(),
                    opening("Sandbox Lending Inc.", 1_000_000),
                ),
                ("SKY99".to_owned(), opening("Sandbox Finance Inc.", 100_000)),
            ]),
            keys: None,
            callbacks: CallbackUrls::default(),
            allow_list: Vec::new(),
            behaviors: BTreeMap::new(),
            timing: Timing::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            upload: Duration::seconds(1),
            pay: Duration::seconds(2),
            cancel: Duration::seconds(30),
            amend: Duration::seconds(2),
            reverse: Duration::days(2),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            largest_payout: Amount::from_centavos(50_000_000),
            payouts_per_day: 5,
            retention: Duration::NONE,
        }
    }
}
