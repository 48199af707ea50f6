//! The behaviour of the sandbox, as a deterministic function.
//!
//! The input is state, command, time and seed, the output state, answer and
//! events, without network, clock or other randomness: the same seed and the same
//! commands at the same times give the same log, byte for byte. Transactions,
//! callbacks and the schedule are rows of SQLite, in memory unless a store keeps
//! them in a file.
//!
//! ```
//! use skypay_sandbox::engine::{Command, Request, Settings, State};
//! use skypay_types::{BalanceQueryRequest, DateTime};
//!
//! let now: DateTime = "2026-01-05 09:00:00".parse()?;
//! let mut state = State::new(Settings::default(), now);
//! let request = BalanceQueryRequest::builder().build()?;
//! let applied = state.apply(&Command::from(Request::of(&request)), now);
//! let response = applied.answer.typed::<BalanceQueryRequest>().unwrap();
//! assert_eq!(response.balance.to_string(), "1100000.00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod amount;
mod answer;
pub mod behaviors;
mod callback;
mod cash_pickup;
mod catalog;
mod collection;
mod command;
mod delivery;
mod example;
mod fault;
mod finance;
mod keys;
mod list;
mod magic;
mod payout;
mod random;
mod refused;
mod request;
mod row;
mod rows;
mod rule;
mod settings;
mod status;
mod timestamp;
mod transaction;

pub use account::{Account, Ledger, Totals};
use answer::Done;
pub(crate) use answer::with_personal_data;
pub use answer::{Applied, CommandOutcome, Event};
pub use callback::Purpose;
pub use cash_pickup::{CashPickup, StoreStatus};
pub use collection::{Barcode, Collection};
pub use command::{
    CallbackUrls, CashierCommand, Command, Delivered, FaultCommand, FinanceCommand, KeyCommand,
    Rejected, Request, ScriptCommand, StoreCommand,
};
pub use delivery::{Attempt, AttemptResult, Callback, DeliveryStatus};
pub use fault::{Fault, FaultRule, Side, WireFault};
pub use finance::Movement;
pub use keys::{Key, KeyStatus, KeysInUse, Pair, Validity};
pub use list::{MOST_LISTED, Order, Selection};
pub use magic::{MAGIC, Magic, Meaning};
pub use payout::{Amendment, Payout, PendingCancellation, Step};
pub use row::{Payments, Row};
pub use rule::{Numbered, Rule, ScriptedOutcome, Then, When};
pub use settings::{Limits, LimitsChange, Opening, Settings, Timing, TimingChange};
pub use timestamp::{Duration, ParseDurationError, Timestamp};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skypay_types::{DateTime, ResponseCode};

use random::Random;
pub(crate) use refused::lists;
use rows::Counts;
pub(crate) use rows::{Json, Rows, TABLES, sql_limit};
pub(crate) use rule::code;
use settings::parse_allowed;
use transaction::Transaction;

use crate::operations;

/// The state: accounts, payouts, collections, keys, rules, faults, behaviors and
/// callbacks. Transactions and callbacks are rows of a database, and are not part
/// of a state as JSON.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The settings that a reset restores.
    initial: Settings,
    settings: Settings,
    now: Timestamp,
    random: Random,
    last_event: u64,
    last_number: u64,
    last_movement: u64,
    ledger: Ledger,
    counts: Counts,
    rules: Vec<Numbered<Rule>>,
    faults: Vec<Numbered<FaultRule>>,
    keys: BTreeMap<u32, Key>,
    #[serde(skip)]
    rows: Rows,
}

impl State {
    /// An initial state at a time, with its rows in memory. [`Settings::check`]
    /// validates the settings.
    #[must_use]
    pub fn new(settings: Settings, now: DateTime) -> Self {
        Self::founded(settings, now, Rows::in_memory())
    }

    /// An initial state at a time, with empty rows.
    pub(crate) fn founded(settings: Settings, now: DateTime, rows: Rows) -> Self {
        let now = Timestamp::from(now);
        let mut random = Random::new(settings.seed);
        let drawn = Pair::drawn(&mut random);
        let pair = settings.keys.clone().unwrap_or(drawn);
        let mut state = Self {
            now,
            random,
            last_event: 0,
            last_number: 0,
            last_movement: 0,
            ledger: Ledger::new(&settings),
            counts: Counts::new(),
            rules: Vec::new(),
            faults: Vec::new(),
            keys: BTreeMap::from([(1, Key::first(pair, now))]),
            initial: settings.clone(),
            settings,
            rows,
        };
        Transaction::new(&mut state).watch_key(1);
        state
    }

    /// The state with these rows, from its JSON.
    pub(crate) fn read(json: &str, rows: Rows) -> serde_json::Result<Self> {
        serde_json::from_str::<Self>(json).map(|state| state.with_rows(rows))
    }

    /// The same state with other rows.
    pub(crate) fn with_rows(self, rows: Rows) -> Self {
        Self { rows, ..self }
    }

    /// The state as after opening it again: written and read.
    ///
    /// # Errors
    ///
    /// If it cannot be read, which would be a bug in this crate.
    pub fn reopened(self) -> serde_json::Result<Self> {
        Self::read(&serde_json::to_string(&self)?, self.rows)
    }

    /// Executes a command. Time never goes back: an earlier `now` counts as the
    /// last one.
    ///
    /// Due events are executed before and after it, a limited number, so that
    /// the answer does not wait for a backlog: the next command executes the
    /// rest.
    ///
    /// To reproduce a state, execute the same commands at the same times,
    /// including rejected ones and every [`Command::Tick`].
    pub fn apply(&mut self, command: &Command, now: DateTime) -> Applied {
        let mut transaction = Transaction::new(self);
        transaction.state.now = transaction.at.max(now.into());
        transaction.run_due_events();
        // The result has the callbacks that the command caused, not those that
        // were due anyway.
        transaction.deliveries.clear();
        transaction.at = transaction.state.now;
        let (answer, faults) = transaction.dispatch(command);
        transaction.run_due_events();
        let retention = transaction.state.settings.limits.retention;
        if retention > Duration::NONE {
            let before = transaction.state.now.minus(retention);
            transaction.state.forget(before);
        }
        Applied {
            answer,
            events: transaction.events,
            faults,
        }
    }

    /// When the next event is due; [`Command::Tick`] then executes it. Events that
    /// wait for the end of an attempt are not due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime> {
        self.rows.first_due().map(|entry| entry.due.date_time())
    }

    /// Whether an event is scheduled that does more than expire keys.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.rows.is_pending()
    }

    /// The keys in use at a time.
    #[must_use]
    pub fn keys_in_use(&self, now: DateTime) -> KeysInUse {
        self.keys_at(now.into())
    }

    /// Whether these credentials are valid, for requests in plaintext.
    #[must_use]
    pub fn knows(&self, user_name: &str, authentication: &str, now: DateTime) -> bool {
        let keys = self.keys_at(now.into());
        let mut pairs = keys.accepted.iter();
        keys.user_name == user_name && pairs.any(|pair| pair.authentication == authentication)
    }

    /// The value of a behavior: the one that was set, or its default.
    #[must_use]
    pub fn behavior(&self, name: &str) -> &str {
        let default = || behaviors::find(name).map_or("", behaviors::Behavior::default_value);
        let set = &self.settings.behaviors;
        set.get(name).map_or_else(default, String::as_str)
    }

    /// The settings that it was started with.
    #[must_use]
    pub fn initial(&self) -> &Settings {
        &self.initial
    }

    /// The current settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time of the last command.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.now.date_time()
    }

    /// The number of the last event.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.last_event
    }

    /// All accounts.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The last payout that was ordered with a control number.
    #[must_use]
    pub fn payout(&self, control_number: &str) -> Option<Payout> {
        self.payouts(control_number).pop()
    }

    /// The payouts that were ordered with a control number, oldest first.
    #[must_use]
    pub fn payouts(&self, control_number: &str) -> Vec<Payout> {
        self.of_number(control_number)
    }

    /// The payout with this number about which stores asked the partner.
    #[must_use]
    pub fn cash_pickup(&self, control_number: &str) -> Option<CashPickup> {
        self.of_number(control_number).pop()
    }

    /// The barcode with a reference.
    #[must_use]
    pub fn barcode(&self, reference: &str) -> Option<Barcode> {
        self.of_number(reference).pop()
    }

    /// A callback by its number, with every attempt.
    #[must_use]
    pub fn callback(&self, id: u64) -> Option<Callback> {
        self.get(id)
    }

    /// The rules for requests, in order of precedence.
    #[must_use]
    pub fn rules(&self) -> &[Numbered<Rule>] {
        &self.rules
    }

    /// The faults.
    #[must_use]
    pub fn faults(&self) -> &[Numbered<FaultRule>] {
        &self.faults
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.values()
    }

    /// The partner's prefix with which a number starts.
    pub(crate) fn prefix_of(&self, number: &str) -> Option<String> {
        let mut prefixes = self.ledger.accounts.keys();
        prefixes
            .find(|prefix| number.starts_with(prefix.as_str()))
            .cloned()
    }

    /// The URL of a callback.
    pub(crate) fn url_of(&self, callback: &Callback) -> Option<String> {
        let own = callback.url.as_deref();
        let url = own.or_else(|| self.settings.callbacks.of(&callback.operation));
        url.map(str::to_owned)
    }
}

impl Transaction<'_> {
    fn dispatch(&mut self, command: &Command) -> (CommandOutcome, Vec<WireFault>) {
        let done = match command {
            Command::Request(request) => return self.request(request),
            Command::Tick => Ok(Value::Null),
            Command::Delivered(delivered) => self.delivered(delivered),
            Command::Cashier(command) => self.cashier(command),
            Command::Finance(command) => self.finance(command),
            Command::Store(command) => self.store(command),
            Command::Script(command) => self.script(command),
            Command::Fault(command) => self.fault(command),
            Command::Keys(command) => self.key(command),
            Command::Callbacks(urls) => self.set_callbacks(urls),
            Command::Behavior { name, value } => self.set_behavior(name, value),
            Command::Timing(change) => {
                let timing = self.state.settings.timing.changed(*change);
                self.state.settings.timing = timing;
                Ok(self.changed("timing", json!(timing)))
            }
            Command::Limits(change) => {
                let limits = self.state.settings.limits.changed(*change);
                self.state.settings.limits = limits;
                Ok(self.changed("limits", json!(limits)))
            }
            Command::AllowList { addresses } => self.set_allow_list(addresses),
            Command::Replay { delivery, copies } => self.replay(*delivery, *copies),
            Command::Trigger {
                operation,
                plaintext,
                url,
            } => self.trigger(operation, plaintext, url.as_deref()),
            Command::Rejected(rejected) => {
                self.rejected(rejected);
                Ok(Value::Null)
            }
            Command::Reset => Ok(self.reset()),
        };
        let answer = match done {
            Ok(details) => CommandOutcome::Done {
                deliveries: self.deliveries.clone(),
                details,
            },
            Err(why) => CommandOutcome::InvalidCommand { why },
        };
        (answer, Vec::new())
    }

    fn changed(&mut self, what: &str, to: Value) -> Value {
        self.record_event("settings-changed", what, to);
        Value::Null
    }

    fn set_callbacks(&mut self, urls: &CallbackUrls) -> Done {
        let unknown = urls.own.keys().find(|name| callback::find(name).is_none());
        if let Some(unknown) = unknown {
            return Err(format!("there is no callback {unknown:?}"));
        }
        urls.check()?;
        self.state.settings.callbacks = urls.clone();
        Ok(self.changed("callbacks", json!(urls)))
    }

    fn set_allow_list(&mut self, addresses: &[String]) -> Done {
        addresses
            .iter()
            .try_for_each(|entry| parse_allowed(entry).map(drop))?;
        addresses.clone_into(&mut self.state.settings.allow_list);
        Ok(self.changed("allow-list", json!(addresses)))
    }

    fn set_behavior(&mut self, name: &str, value: &str) -> Done {
        let Some(behavior) = behaviors::find(name) else {
            let names: Vec<_> = behaviors::BEHAVIORS
                .iter()
                .map(|behavior| behavior.name)
                .collect();
            return Err(format!(
                "there is no behavior {name:?}; there are {}",
                names.join(", ")
            ));
        };
        if !behavior.has(value) {
            let values: Vec<_> = behavior.values.iter().map(|(value, _)| *value).collect();
            return Err(format!(
                "{name} cannot be {value:?}; it can be {}",
                values.join(", ")
            ));
        }
        self.state
            .settings
            .behaviors
            .insert(name.to_owned(), value.to_owned());
        Ok(self.changed(name, json!(value)))
    }

    fn script(&mut self, command: &ScriptCommand) -> Done {
        let change = match command {
            ScriptCommand::Add { rule } => {
                if rule.then == Then::default() {
                    let why = "the rule says nothing about what becomes of requests; it needs refuse, \
                               outcome or after";
                    return Err(why.to_owned());
                }
                rule.when.check(Side::Requests, rule.times)?;
                refusable(rule)?;
                let id = self.number();
                self.record_event("rule-added", "", json!({ "rule": id, "then": rule.then }));
                let numbered = Numbered::new(id, rule.clone());
                self.state.rules.insert(0, numbered);
                return Ok(json!({ "rule": id }));
            }
            ScriptCommand::TurnOff { id } => Change::Turn(*id, "rule-turned-off"),
            ScriptCommand::TurnOn { id } => Change::Turn(*id, "rule-turned-on"),
            ScriptCommand::Remove { id } => Change::Remove(*id, "rule-removed"),
            ScriptCommand::Clear => Change::Clear("rules-cleared"),
        };
        let changed = change.of(&mut self.state.rules);
        self.note_change(change, changed, "rule")
    }

    fn fault(&mut self, command: &FaultCommand) -> Done {
        let change = match command {
            FaultCommand::Add { fault } => {
                fault.check()?;
                let id = self.number();
                let details = json!({ "rule": id, "fault": fault.fault });
                self.record_event("fault-added", "", details);
                let numbered = Numbered::new(id, fault.clone());
                self.state.faults.push(numbered);
                return Ok(json!({ "rule": id }));
            }
            FaultCommand::TurnOff { id } => Change::Turn(*id, "fault-turned-off"),
            FaultCommand::TurnOn { id } => Change::Turn(*id, "fault-turned-on"),
            FaultCommand::Remove { id } => Change::Remove(*id, "fault-removed"),
            FaultCommand::Clear => Change::Clear("faults-cleared"),
        };
        let changed = change.of(&mut self.state.faults);
        self.note_change(change, changed, "fault")
    }

    fn note_change(&mut self, change: Change, changed: bool, what: &str) -> Done {
        let (kind, details) = match change {
            Change::Turn(id, _) | Change::Remove(id, _) if !changed => {
                return Err(format!("there is no {what} {id}"));
            }
            Change::Turn(id, kind) | Change::Remove(id, kind) => (kind, json!({ "rule": id })),
            Change::Clear(kind) => (kind, Value::Null),
        };
        self.record_event(kind, "", details);
        Ok(Value::Null)
    }

    /// Resets everything, with the same seed and therefore the same keys; only the
    /// log continues.
    fn reset(&mut self) -> Value {
        let settings = self.state.initial.clone();
        let last_event = self.state.last_event;
        let rows = self.state.rows.clone();
        rows.clear();
        *self.state = State::founded(settings, self.at.date_time(), rows);
        self.state.last_event = last_event;
        self.record_event("reset", "", Value::Null);
        Value::Null
    }
}

/// A change of numbered rules, with the kind of its event.
#[derive(Clone, Copy)]
enum Change {
    Turn(u64, &'static str),
    Remove(u64, &'static str),
    Clear(&'static str),
}

impl Change {
    /// Changes the rules; returns `false` if there is no such rule.
    fn of<R>(self, rules: &mut Vec<Numbered<R>>) -> bool {
        match self {
            Self::Turn(id, kind) => {
                let mut rules = rules.iter_mut();
                let found = rules.find(|numbered| numbered.id == id);
                found.is_some_and(|numbered| {
                    numbered.is_off = kind.ends_with("-off");
                    true
                })
            }
            Self::Remove(id, _) => {
                let before = rules.len();
                rules.retain(|numbered| numbered.id != id);
                rules.len() < before
            }
            Self::Clear(_) => {
                rules.clear();
                true
            }
        }
    }
}

/// Whether a rule refuses with a code of its operation.
fn refusable(rule: &Rule) -> Result<(), String> {
    let Some(code) = &rule.then.refuse else {
        return Ok(());
    };
    if *code == ResponseCode::Success {
        return Err("1000 is no refusal".to_owned());
    }
    let Some(operation) = &rule.when.operation else {
        return Ok(());
    };
    let Some(info) = operations::find(operation) else {
        return Err(format!("there is no operation {operation:?}"));
    };
    if refused::lists(info, code) {
        return Ok(());
    }
    let codes: Vec<_> = info.codes.iter().map(|listed| listed.code).collect();
    Err(format!(
        "{operation} has no code {code}; it has {}",
        codes.join(", ")
    ))
}
