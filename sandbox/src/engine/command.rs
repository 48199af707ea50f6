//! What can be asked of the engine. Commands are what the journal keeps.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skypay_types::{Amount, CollectionChannel, DateTime, Operation, PayoutChannel};

use super::delivery::AttemptResult;
use super::fault::FaultRule;
use super::keys::Validity;
use super::rule::Rule;
use super::settings::{Limits, Timing};

/// Something that happens to the house. As JSON it is an object with the field
/// `command`, such as `{"command": "tick"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Command {
    /// A partner calls one of SkyPay's operations.
    Request(Request),
    /// Time has passed: do what is due. Every other command does so too,
    /// before anything else.
    Tick,
    /// What became of an attempt at a callback.
    Delivered(Delivered),
    /// Somebody stands at the counter of a store.
    Cashier(CashierCommand),
    /// Money moves on a partner's account otherwise than by a payout.
    Finance(FinanceCommand),
    /// The store chain, bank or wallet behind a payout does something.
    Store(StoreCommand),
    /// When … then …: what shall become of requests.
    Script(ScriptCommand),
    /// What shall happen on the wire.
    Fault(FaultCommand),
    /// Keys, as in the back office.
    Keys(KeyCommand),
    /// Where callbacks go.
    Callbacks(CallbackUrls),
    /// Answers a question that the vendor leaves open; see
    /// [`SWITCHES`](super::switches::SWITCHES).
    Switch {
        /// The switch.
        name: String,
        /// One of its values.
        value: String,
    },
    /// How long the steps of a payout take: all of them, and what is not said
    /// takes its usual time again.
    Timing(Timing),
    /// What is too much: all limits, and what is not said is as usual again.
    Limits(Limits),
    /// Who may call. An empty list lets everybody call.
    AllowList {
        /// The addresses, or networks such as `10.0.0.0/8`.
        addresses: Vec<String>,
    },
    /// Sends a callback again, as it was.
    Replay {
        /// The delivery.
        delivery: u64,
        /// How often, all at once.
        #[serde(default = "once")]
        copies: u32,
    },
    /// Sends a callback with any content.
    Trigger {
        /// The callback, by the name of its operation.
        operation: String,
        /// The plaintext without credentials.
        clear: Value,
        /// Where to, if not to the partner's URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// Forgets everything but the settings that the state began with.
    Reset,
}

fn once() -> u32 {
    1
}

/// A call of one of SkyPay's operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The operation's name, as `OperationInfo::name` says it.
    pub operation: String,
    /// The plaintext as it was received, without the credentials.
    pub clear: Value,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Whether the credentials in it are right. The sealed door lets nobody
    /// else in; the clear-text door asks
    /// [`State::knows`](super::State::knows).
    #[serde(default = "yes", skip_serializing_if = "is_usual")]
    pub authenticated: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_usual(authenticated: &bool) -> bool {
    *authenticated
}

impl Request {
    /// An authenticated call with a typed message.
    #[must_use]
    pub fn of<O: Operation>(request: &O) -> Self {
        Self {
            operation: O::INFO.name.to_owned(),
            clear: serde_json::to_value(request).unwrap_or_default(),
            peer: None,
            authenticated: true,
        }
    }

    /// The same, from that address.
    #[must_use]
    pub fn from(mut self, peer: Option<IpAddr>) -> Self {
        self.peer = peer;
        self
    }
}

impl From<Request> for Command {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

/// What became of an attempt at a callback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The delivery.
    pub delivery: u64,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Its end.
    pub result: AttemptResult,
}

/// The vendor's two test forms: a payout and a collection at a counter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum CashierCommand {
    /// Sends `payoutInquiry`.
    Inquire {
        /// The payout.
        control_number: String,
        /// The store.
        channel: PayoutChannel,
    },
    /// Sends `payoutPayout`; only after an inquiry that succeeded.
    Pay {
        /// The payout.
        control_number: String,
        /// The store.
        channel: PayoutChannel,
        /// The cashier's time, if not now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pay_time: Option<DateTime>,
    },
    /// Sends `collectionInquiry`.
    AskCollection {
        /// The contract, or the reference of a 7-Eleven barcode.
        contract_number: String,
        /// The store.
        channel: CollectionChannel,
        /// What the customer wants to pay, if not what the barcode says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
        /// The customer's phone, if not what the barcode says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    },
    /// Sends `collectionCollect`; only after an inquiry that succeeded.
    Collect {
        /// The contract, or the reference of a 7-Eleven barcode.
        contract_number: String,
        /// The store.
        channel: CollectionChannel,
        /// What the customer paid, if not what the inquiry's answer said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
        /// The customer's phone, if not that of the inquiry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
        /// The store's receipt, if not one of our own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt_number: Option<String>,
        /// The cashier's time, if not now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        collected_time: Option<DateTime>,
    },
}

/// The six occasions on which money moves on an account; each of them sends
/// `financeNotification`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum FinanceCommand {
    /// Statement type 1: the payout account is recharged.
    Recharge {
        /// Whose account.
        prefix: String,
        /// How much.
        amount: Amount,
        /// The real bank account the money went to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beneficiary_account: Option<String>,
    },
    /// Statement type 2: settled collections become payout balance.
    SettlementRecharge {
        /// Whose account.
        prefix: String,
        /// How much.
        amount: Amount,
    },
    /// Statement type 3: balance moves between two entities. Both are told.
    Transfer {
        /// From whom.
        from: String,
        /// To whom.
        to: String,
        /// How much.
        amount: Amount,
    },
    /// Statement type 4: what was collected is settled.
    Settlement {
        /// Whose collections.
        prefix: String,
        /// How much; all of it if not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
    },
    /// Statement type 5: settled collections are withdrawn.
    CollectionWithdrawal {
        /// Whose.
        prefix: String,
        /// How much.
        amount: Amount,
        /// The real bank account the money went to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beneficiary_account: Option<String>,
    },
    /// Statement type 6: payout balance is withdrawn.
    PayoutWithdrawal {
        /// Whose.
        prefix: String,
        /// How much.
        amount: Amount,
        /// The real bank account the money went to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beneficiary_account: Option<String>,
    },
}

/// What the institution behind a payout does, without waiting for its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum StoreCommand {
    /// Takes the payout over: Pending becomes Uploaded.
    Upload {
        /// The payout.
        control_number: String,
    },
    /// Pays, at the counter or into the account.
    Pay {
        /// The payout.
        control_number: String,
    },
    /// Fails.
    Fail {
        /// The payout.
        control_number: String,
        /// What the notice says, if it says anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Confirms a cancellation that was asked for, or cancels by itself.
    ConfirmCancellation {
        /// The payout.
        control_number: String,
    },
    /// Refuses a cancellation: back to Uploaded, and nobody is told.
    RefuseCancellation {
        /// The payout.
        control_number: String,
    },
    /// Takes over the changed data.
    ConfirmAmendment {
        /// The payout.
        control_number: String,
    },
    /// Keeps the old data.
    RefuseAmendment {
        /// The payout.
        control_number: String,
    },
    /// Takes back a payment: a completed payout fails after all.
    Reverse {
        /// The payout.
        control_number: String,
    },
}

/// Rules for what shall become of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum ScriptCommand {
    /// Adds a rule, before all others. The answer names its number.
    Add {
        /// The rule.
        rule: Rule,
    },
    /// Takes a rule out.
    Remove {
        /// Its number.
        id: u64,
    },
    /// Takes all rules out.
    Clear,
}

/// Rules for what shall happen on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum FaultCommand {
    /// Adds a rule. The answer names its number.
    Add {
        /// The rule.
        fault: FaultRule,
    },
    /// Takes a rule out.
    Remove {
        /// Its number.
        id: u64,
    },
    /// Takes all rules out.
    Clear,
}

/// The key page of the back office.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum KeyCommand {
    /// Makes a pair of encrypt key and authentication.
    Generate {
        /// How long it will be valid once enabled.
        validity: Validity,
    },
    /// Shows a pair that is not enabled yet, once.
    Reveal {
        /// The pair.
        id: u32,
    },
    /// Enables a pair; it takes effect after five minutes.
    Enable {
        /// The pair.
        id: u32,
    },
    /// Makes the current pair valid for longer.
    Extend {
        /// By how much.
        validity: Validity,
    },
}

/// Where callbacks go: one URL for all, and one of its own for some.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallbackUrls {
    /// For every callback that has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// By the name of the callback's operation.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub own: std::collections::BTreeMap<String, String>,
}

impl CallbackUrls {
    /// Where a callback goes; nowhere if it has no URL.
    #[must_use]
    pub fn of(&self, operation: &str) -> Option<&str> {
        let own = self.own.get(operation).filter(|url| !url.is_empty());
        let url = own.or(self.shared.as_ref());
        url.filter(|url| !url.is_empty()).map(String::as_str)
    }

    /// Whether a callback can be sent to each of them as it stands. An empty
    /// one is none.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut all = self.shared.iter().chain(self.own.values());
        all.try_for_each(|url| match url.as_str() {
            "" => Ok(()),
            url => Self::check_url(url).map_err(|problem| {
                format!("the callback URL {problem}; write one such as http://127.0.0.1:8080/")
            }),
        })
    }

    /// Whether a callback can be sent to a URL as it stands. What is said, the
    /// end of a sentence, does not hold the URL, which may hold a password.
    pub(crate) fn check_url(text: &str) -> Result<(), &'static str> {
        let uri: Option<http::Uri> = text.parse().ok();
        let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let authority = uri.as_ref().and_then(http::Uri::authority);
        match authority {
            None => Err("is not an http or https URL"),
            Some(authority) if authority.as_str().contains('@') => {
                Err("has a user name or a password in it, where a callback has its own in its body")
            }
            Some(authority) if authority.host().is_empty() => Err("has no host"),
            Some(_) if text.contains('#') => Err("has a fragment, which is never sent"),
            Some(_) => Ok(()),
        }
    }
}
