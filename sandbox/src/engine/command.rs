//! The commands of the engine. They are the entries of the journal.

use std::net::IpAddr;

use clap::Subcommand;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use skypay_types::{Amount, CollectionChannel, DateTime, Operation, PayoutChannel};

use super::amount;
use super::delivery::AttemptResult;
use super::fault::FaultRule;
use super::keys::Validity;
use super::rule::Rule;
use super::settings::{LimitsChange, TimingChange, parse_allowed};
use crate::arguments;

/// A command to the sandbox. As JSON it is an object with the field `command`, such as
/// `{"command": "tick"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    /// A partner's call of one of SkyPay's operations.
    #[command(skip)]
    Request(Request),
    /// A request that was rejected before its operation was executed, for the log.
    #[command(skip)]
    Rejected(Rejected),
    /// Executes due events. Every other command also does so first.
    #[command(skip)]
    #[serde(deserialize_with = "no_fields")]
    Tick,
    /// The result of a delivery attempt.
    #[command(skip)]
    Delivered(Delivered),
    /// A store's cashier acts: payouts and collections.
    #[command(subcommand)]
    Cashier(CashierCommand),
    /// Moves money on a partner's account, other than by a payout.
    #[command(subcommand)]
    Finance(FinanceCommand),
    /// The store chain, bank or wallet behind a payout acts.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Changes the rules that script the outcomes of requests.
    #[command(subcommand)]
    Script(ScriptCommand),
    /// Changes the faults that are injected into connections.
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Manages keys, as in the back office.
    #[command(subcommand)]
    Keys(KeyCommand),
    /// Sets the callback URLs.
    #[command(skip)]
    Callbacks(CallbackUrls),
    /// Sets a configurable vendor behavior; see
    /// [`BEHAVIORS`](super::behaviors::BEHAVIORS).
    Behavior {
        /// The name of the behavior.
        name: String,
        /// One of its values.
        value: String,
    },
    /// Changes the durations of the steps of a payout; those that are not given stay.
    #[command(skip)]
    Timing(TimingChange),
    /// Changes limits; those that are not given stay.
    #[command(skip)]
    Limits(LimitsChange),
    /// Sets the allowed client addresses. An empty list allows all.
    AllowList {
        /// The addresses, or networks such as `10.0.0.0/8`.
        #[arg(value_parser = parse_allowed)]
        addresses: Vec<String>,
    },
    /// Replays a callback unchanged.
    Replay {
        /// The delivery id.
        delivery: u64,
        /// The number of copies, sent at once.
        #[arg(default_value_t = once())]
        #[serde(default = "once")]
        copies: u32,
    },
    /// Sends a callback with arbitrary content.
    #[command(skip)]
    Trigger {
        /// The operation name of the callback.
        operation: String,
        /// The plaintext without credentials.
        plaintext: Value,
        /// The URL, if not the partner's.
        url: Option<String>,
    },
    /// Deletes everything except the initial settings.
    #[command(skip)]
    #[serde(deserialize_with = "no_fields")]
    Reset,
}

/// Deserializes a variant without fields: for one, serde ignores `deny_unknown_fields`.
pub(super) fn no_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoFields {}

    NoFields::deserialize(deserializer).map(|NoFields {}| ())
}

fn once() -> u32 {
    1
}

/// A call of one of SkyPay's operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The operation name, as in `OperationInfo::name`.
    pub operation: String,
    /// The plaintext as received, without credentials.
    pub plaintext: Value,
    /// The address of the client.
    pub peer: Option<IpAddr>,
    /// Whether its credentials are valid. The encrypted interface rejects any other
    /// request; the plaintext interface checks them with
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
    /// Creates an authenticated call of an operation.
    #[must_use]
    pub fn new(operation: &str, plaintext: Value) -> Self {
        Self {
            operation: operation.to_owned(),
            plaintext,
            peer: None,
            authenticated: true,
        }
    }

    /// Creates an authenticated call from a typed message.
    #[must_use]
    pub fn of<O: Operation>(request: &O) -> Self {
        let plaintext = serde_json::to_value(request).unwrap_or_default();
        Self::new(O::INFO.name, plaintext)
    }

    /// Sets the address of the client.
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

/// A request that was rejected before its operation was executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The operation, if it could be determined.
    pub operation: Option<String>,
    /// The control number or contract number in it.
    pub number: Option<String>,
    /// The HTTP status of the response.
    pub status: u16,
    /// The reason. It holds no personal data.
    pub why: String,
    /// The message in plaintext.
    pub plaintext: Option<String>,
}

/// The result of a delivery attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivered {
    /// The delivery id.
    pub delivery: u64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The result.
    pub result: AttemptResult,
}

/// Act as a store's cashier: payouts and collections
///
/// They are the two test forms of the vendor. The exit code says how the partner answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CashierCommand {
    /// Ask the partner for the data of a payout (payoutInquiry)
    Inquire {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = arguments::payout_channel(), ignore_case = true)]
        channel: PayoutChannel,
    },
    /// Pay it out (payoutPayout); only after a successful inquiry
    Pay {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = arguments::payout_channel(), ignore_case = true)]
        channel: PayoutChannel,
        /// The cashier's time [default: now], as 'yyyy-MM-dd HH:mm:ss'
        #[arg(long, value_name = "TIME")]
        pay_time: Option<DateTime>,
    },
    /// Ask the partner whether it accepts a repayment (collectionInquiry)
    AskCollection {
        /// The contract, or the reference of a 7-Eleven barcode
        #[arg(value_name = "CONTRACT")]
        contract_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = arguments::collection_channel(), ignore_case = true)]
        channel: CollectionChannel,
        /// The amount, if the contract has none
        #[arg(long)]
        #[serde(default, deserialize_with = "amount::deserialize")]
        amount: Option<Amount>,
        /// The customer's phone, if the contract has none
        #[arg(long)]
        phone: Option<String>,
    },
    /// Collect it (collectionCollect); only after a successful inquiry
    Collect {
        /// The contract, or the reference of a 7-Eleven barcode
        #[arg(value_name = "CONTRACT")]
        contract_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = arguments::collection_channel(), ignore_case = true)]
        channel: CollectionChannel,
        /// The amount paid [default: the amount of the inquiry]
        #[arg(long)]
        #[serde(default, deserialize_with = "amount::deserialize")]
        amount: Option<Amount>,
        /// The customer's phone [default: that of the inquiry]
        #[arg(long)]
        phone: Option<String>,
        /// The store's receipt number [default: a new one]
        #[arg(long, value_name = "NUMBER")]
        receipt_number: Option<String>,
        /// The cashier's time [default: now], as 'yyyy-MM-dd HH:mm:ss'
        #[arg(long, value_name = "TIME")]
        collected_time: Option<DateTime>,
    },
}

/// Move money on a partner's account, with a notification for each
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FinanceCommand {
    /// Recharge the payout account (statement type 1)
    Recharge {
        /// The prefix of the account
        prefix: String,
        /// The amount
        #[serde(deserialize_with = "amount::deserialize")]
        amount: Amount,
        /// The bank account that receives the money
        #[arg(long, value_name = "ACCOUNT")]
        beneficiary_account: Option<String>,
    },
    /// Turn settled collections into payout balance (statement type 2)
    SettlementRecharge {
        /// The prefix of the account
        prefix: String,
        /// The amount
        #[serde(deserialize_with = "amount::deserialize")]
        amount: Amount,
    },
    /// Move balance between two entities (statement type 3)
    Transfer {
        /// The prefix that pays
        from: String,
        /// The prefix that receives
        to: String,
        /// The amount
        #[serde(deserialize_with = "amount::deserialize")]
        amount: Amount,
    },
    /// Settle what was collected (statement type 4)
    Settlement {
        /// The prefix of the collections
        prefix: String,
        /// The amount [default: all]
        #[serde(default, deserialize_with = "amount::deserialize")]
        amount: Option<Amount>,
    },
    /// Withdraw settled collections (statement type 5)
    CollectionWithdrawal {
        /// The prefix of the account
        prefix: String,
        /// The amount
        #[serde(deserialize_with = "amount::deserialize")]
        amount: Amount,
        /// The bank account that receives the money
        #[arg(long, value_name = "ACCOUNT")]
        beneficiary_account: Option<String>,
    },
    /// Withdraw payout balance (statement type 6)
    PayoutWithdrawal {
        /// The prefix of the account
        prefix: String,
        /// The amount
        #[serde(deserialize_with = "amount::deserialize")]
        amount: Amount,
        /// The bank account that receives the money
        #[arg(long, value_name = "ACCOUNT")]
        beneficiary_account: Option<String>,
    },
}

/// Act as the bank, wallet or store chain behind a payout
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCommand {
    /// Accept it: Pending becomes Uploaded
    Upload {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Pay it, in cash or to the account
    Pay {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Fail it
    Fail {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// The description in the notification
        #[arg(long)]
        reason: Option<String>,
    },
    /// Confirm a cancellation that was requested, or cancel
    ConfirmCancellation {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Refuse a cancellation: back to Uploaded, without a notification
    RefuseCancellation {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Accept the amended data
    ConfirmAmendment {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Refuse the amended data
    RefuseAmendment {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
    /// Reverse a payment: a completed payout fails
    Reverse {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
    },
}

/// Script the outcomes of requests: when … then …
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScriptCommand {
    /// Add a rule, before all others
    Add {
        /// The rule. The outcome names its number.
        #[command(flatten)]
        rule: Rule,
    },
    /// Turn a rule off, and keep it
    TurnOff {
        /// The number
        id: u64,
    },
    /// Turn a rule on again
    TurnOn {
        /// The number
        id: u64,
    },
    /// Remove a rule
    Remove {
        /// The number
        id: u64,
    },
    /// Remove all rules
    #[serde(deserialize_with = "no_fields")]
    Clear,
}

/// Inject faults into connections
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FaultCommand {
    /// Add a fault
    Add {
        /// The fault. The outcome names its number.
        #[command(flatten)]
        fault: FaultRule,
    },
    /// Turn a fault off, and keep it
    TurnOff {
        /// The number
        id: u64,
    },
    /// Turn a fault on again
    TurnOn {
        /// The number
        id: u64,
    },
    /// Remove a fault
    Remove {
        /// The number
        id: u64,
    },
    /// Remove all faults
    #[serde(deserialize_with = "no_fields")]
    Clear,
}

/// Create, show and enable keys, as in the back office
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Subcommand)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyCommand {
    /// Create a pair of encrypt key and authentication
    Generate {
        /// Its validity, from when it is enabled
        #[arg(long, default_value = "90d", value_parser = arguments::choice::<Validity>())]
        validity: Validity,
    },
    /// Show a pair that is not enabled yet; that is possible once
    Reveal {
        /// The number
        id: u32,
    },
    /// Enable a pair; it takes effect after five minutes
    Enable {
        /// The number
        id: u32,
    },
    /// Extend the validity of the pair in use
    Extend {
        /// The extension
        #[arg(value_parser = arguments::choice::<Validity>())]
        validity: Validity,
    },
}

/// The callback URLs: a shared one, and separate ones for individual callbacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackUrls {
    /// The URL for every callback without a separate one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// The separate URLs by operation name of the callback.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub own: std::collections::BTreeMap<String, String>,
}

impl CallbackUrls {
    /// Sets one URL for every callback.
    #[must_use]
    pub fn shared(url: impl Into<String>) -> Self {
        Self {
            shared: Some(url.into()),
            ..Self::default()
        }
    }

    /// Returns the URL for a callback; `None` if it has no URL.
    #[must_use]
    pub fn of(&self, operation: &str) -> Option<&str> {
        let own = self.own.get(operation).filter(|url| !url.is_empty());
        let url = own.or(self.shared.as_ref());
        url.filter(|url| !url.is_empty()).map(String::as_str)
    }

    /// Validates the URLs. An empty one counts as unset.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut all = self.shared.iter().chain(self.own.values());
        all.try_for_each(|url| match url.as_str() {
            "" => Ok(()),
            url => Self::parse_url(url).map(drop),
        })
    }

    /// Returns a callback URL, if it is valid.
    pub(crate) fn parse_url(text: &str) -> Result<String, String> {
        let checked = Self::check_url(text).map(|()| text.to_owned());
        checked.map_err(|problem| {
            format!("the callback URL {problem}; write one such as http://127.0.0.1:8080/")
        })
    }

    /// Validates a callback URL. The error, the end of a sentence, omits the URL,
    /// because it may contain a password.
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
