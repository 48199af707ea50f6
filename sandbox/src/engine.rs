//! The sandbox's behaviour, as a function.
//!
//! State, command, time and seed go in; state, answer and events come out.
//! There is no network, no file, no clock and no chance but the seed's: the
//! same seed and the same commands at the same times give the same log, byte
//! for byte.
//!
//! ```
//! use skypay_sandbox::engine::{Answer, Command, Request, Settings, State};
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

mod answer;
mod command;
mod delivery;
mod fault;
mod keys;
mod moment;
mod rule;
mod settings;
pub mod switches;

pub use answer::{Answer, Applied, Event};
pub use command::{
    CallbackUrls, CashierCommand, Command, Delivered, FaultCommand, FinanceCommand, KeyCommand,
    Request, ScriptCommand, StoreCommand,
};
pub use delivery::{Attempt, AttemptResult, Callback, Delivery, Standing};
pub use fault::{Fault, FaultRule, NumberedFault, Side, WireFault};
pub use keys::{Key, KeysInUse, Pair, Validity};
pub use moment::{Moment, NoPause, Pause};
pub use rule::{Course, NumberedRule, Rule, Then, When};
pub use settings::{Limits, Opening, Settings, Timing};

use serde::{Deserialize, Serialize};
use skypay_types::DateTime;

/// Everything there is: accounts, payouts, collections, keys, rules, faults,
/// switches and callbacks. It can be saved and read again at any time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    settings: Settings,
    now: Moment,
}

impl State {
    /// A state that begins at that moment.
    #[must_use]
    pub fn new(settings: Settings, now: DateTime) -> Self {
        Self {
            settings,
            now: now.into(),
        }
    }

    /// Carries out a command. Time never goes back: an earlier `now` counts
    /// as the last one.
    pub fn apply(&mut self, command: &Command, now: DateTime) -> Applied {
        let _ = command;
        self.now = self.now.max(now.into());
        Applied {
            answer: Answer::Silence,
            events: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// When something is due next; [`Command::Tick`] then does it. What waits
    /// for the end of an attempt is not due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime> {
        None
    }

    /// The callbacks that are to be sent now, in order. One is listed until
    /// [`Command::Delivered`] says what became of the attempt.
    #[must_use]
    pub fn outgoing(&self) -> Vec<Delivery> {
        Vec::new()
    }

    /// The keys in use at that moment.
    #[must_use]
    pub fn keys_in_use(&self, now: DateTime) -> KeysInUse {
        let _ = now;
        KeysInUse {
            user_name: self.settings.user_name.clone(),
            sealing: Pair {
                authentication: String::new(),
                encrypt_key: String::new(),
            },
            accepted: Vec::new(),
        }
    }

    /// Whether a request may come with these credentials, for the clear-text
    /// door.
    #[must_use]
    pub fn knows(&self, user_name: &str, authentication: &str, now: DateTime) -> bool {
        let keys = self.keys_in_use(now);
        keys.user_name == user_name
            && keys
                .accepted
                .iter()
                .any(|pair| pair.authentication == authentication)
    }

    /// What the state began with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A callback by its number, with every attempt.
    #[must_use]
    pub fn callback(&self, id: u64) -> Option<&Callback> {
        let _ = id;
        None
    }

    /// The answer of a switch: the one that was set, or its default.
    #[must_use]
    pub fn switch(&self, name: &str) -> &str {
        self.settings.switches.get(name).map_or("", String::as_str)
    }
}
