//! What a state begins with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypay_runtime::client::check_path_parameter;
use skypay_runtime::keys::check_issued;
use skypay_types::Amount;

use super::account::MOST;
use super::amount;
use super::command::CallbackUrls;
use super::keys::Pair;
use super::timestamp::Duration;
use super::{behaviors, callback};

/// What a state begins with. Every field has a default that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The last part of the URL.
    pub caller_name: String,
    /// The `userName` of both sides.
    pub user_name: String,
    /// The partner's entities by prefix.
    pub entities: BTreeMap<String, Opening>,
    /// The first keys; drawn from the seed if not said.
    pub keys: Option<Pair>,
    /// Where callbacks go.
    pub callbacks: CallbackUrls,
    /// Who may call; everybody if empty.
    pub allow_list: Vec<String>,
    /// Answers to what the vendor leaves open, by the name of the behavior.
    pub behaviors: BTreeMap<String, String>,
    /// How long the steps of a payout take.
    pub timing: Timing,
    /// What is too much.
    pub limits: Limits,
}

/// An entity of the partner as it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The company's name.
    pub name: String,
    /// The balance of its payout account.
    #[serde(deserialize_with = "amount::deserialize")]
    pub balance: Amount,
}

/// How long things take, by the sandbox's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// From acceptance to Uploaded.
    pub upload: Duration,
    /// From Uploaded to the end of a payout to a bank or wallet, or at a store
    /// where somebody comes.
    pub pay: Duration,
    /// From the wish to cancel to the chain's answer.
    pub cancel: Duration,
    /// From the wish to amend to the chain's answer.
    pub amend: Duration,
    /// From a payment to its reversal.
    pub reverse: Duration,
}

/// What is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The largest payout: more is a balance limit exceeded.
    #[serde(deserialize_with = "amount::deserialize")]
    pub largest_payout: Amount,
    /// How many payouts a day the same account may receive; 0 is no limit.
    pub payouts_per_day: u32,
    /// How long what is over is kept: transactions, callbacks and the log. With
    /// no time, such as `0s`, everything is kept.
    pub retention: Duration,
}

impl Settings {
    /// Whether they make sense.
    ///
    /// # Errors
    ///
    /// Everything that does not, a line each.
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
