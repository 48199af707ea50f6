//! A state with a clock, and helpers to act on it.

use serde_json::{Value, json};
use skypay_runtime::DateTime;
use skypay_sandbox::engine::{
    Applied, Attempt, AttemptResult, Callback, CallbackUrls, CashPickup, CashierCommand,
    Collection, Command, CommandOutcome, Delivered, Duration, Event, Fault, FaultCommand,
    FaultRule, Payout, Request, Row, Settings, Side, State, StoreCommand, When,
};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::{PayoutChannel, PayoutStatus, ResponseCode};

pub(crate) const URL: &str = "http://partner.example.com/callbacks";

pub(crate) struct Setup {
    pub(crate) state: State,
    pub(crate) now: DateTime,
    pub(crate) events: Vec<Event>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let now = "2024-02-05 09:00:00".parse().unwrap();
        let mut setup = Self {
            state: State::new(settings, now),
            now,
            events: Vec::new(),
        };
        setup.done(&Command::Callbacks(CallbackUrls::shared(URL)));
        setup.events.clear();
        setup
    }

    pub(crate) fn apply(&mut self, command: &Command) -> Applied {
        let applied = self.state.apply(command, self.now);
        self.events.extend(applied.events.iter().cloned());
        applied
    }

    /// Executes a command and returns its details; panics if it is invalid.
    pub(crate) fn done(&mut self, command: &Command) -> Value {
        match self.apply(command).answer {
            CommandOutcome::Done { details, .. } => details,
            other => panic!("{command:?}: {other:?}"),
        }
    }

    /// Executes an invalid command and returns the reason.
    pub(crate) fn invalid_command(&mut self, command: &Command) -> String {
        match self.apply(command).answer {
            CommandOutcome::InvalidCommand { why } => why,
            other => panic!("{command:?}: {other:?}"),
        }
    }

    /// Advances the clock and runs all events that are due, one by one.
    pub(crate) fn advance(&mut self, seconds: i64) {
        let end = self.now.plus_seconds(seconds);
        while let Some(due) = self.state.next_due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.apply(&Command::Tick);
        }
        self.now = end;
        self.apply(&Command::Tick);
    }

    pub(crate) fn behavior(&mut self, name: &str, value: &str) {
        self.done(&Command::Behavior {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Sends a request to one of SkyPay's operations.
    pub(crate) fn ask(&mut self, operation: &str, plaintext: Value) -> Result<Value, ResponseCode> {
        let command = Command::Request(Request::new(operation, plaintext));
        match self.apply(&command).answer {
            CommandOutcome::Accepted { plaintext, .. } => Ok(plaintext),
            CommandOutcome::Refused { code, .. } => Err(code),
            other => panic!("{operation}: {other:?}"),
        }
    }

    /// Submits a payout to a bank.
    pub(crate) fn bank(&mut self, number: &str, amount: &str) -> Result<Value, ResponseCode> {
        self.ask("payoutQueue", changed("payoutQueue", number, amount))
    }

    /// Submits a payout to a store, up to the upload.
    pub(crate) fn store(&mut self, number: &str, amount: &str) {
        let plaintext = changed("payoutQueueV2", number, amount);
        self.ask("payoutQueueV2", plaintext).unwrap();
        self.advance(1);
        assert_eq!(self.status(number), PayoutStatus::Uploaded);
    }

    pub(crate) fn status(&self, number: &str) -> PayoutStatus {
        self.state.payout(number).unwrap().status
    }

    /// Returns all rows that `take` accepts, oldest first.
    pub(crate) fn rows<T>(&self, take: fn(Row) -> Option<T>) -> Vec<T> {
        let all = self.state.rows_after(0, usize::MAX).into_iter();
        all.filter_map(take).collect()
    }

    pub(crate) fn payouts(&self) -> Vec<Payout> {
        self.rows(|row| match row {
            Row::Payout(payout) => Some(payout),
            _ => None,
        })
    }

    pub(crate) fn cash_pickups(&self) -> Vec<CashPickup> {
        self.rows(|row| match row {
            Row::CashPickup(payout) => Some(payout),
            _ => None,
        })
    }

    pub(crate) fn collections(&self) -> Vec<Collection> {
        self.rows(|row| match row {
            Row::Collection(collection) => Some(collection),
            _ => None,
        })
    }

    pub(crate) fn first_callback(&self) -> Callback {
        let callbacks = self.rows(|row| match row {
            Row::Callback(callback) => Some(callback),
            _ => None,
        });
        callbacks.into_iter().next().unwrap()
    }

    pub(crate) fn balance(&self, prefix: &str) -> i64 {
        self.state.ledger().accounts[prefix].balance.centavos()
    }

    /// Returns the callbacks being delivered, by operation.
    pub(crate) fn outgoing(&self) -> Vec<(String, Value)> {
        let all = self.state.outgoing(0, usize::MAX).into_iter();
        all.map(|delivery| (delivery.operation, delivery.plaintext))
            .collect()
    }

    /// Answers the only callback being delivered.
    pub(crate) fn answer(&mut self, code: &str, plaintext: Value) {
        let delivery = self.only();
        self.end(&delivery, answered(code, plaintext));
    }

    pub(crate) fn only(&self) -> Callback {
        let mut all = self.state.outgoing(0, usize::MAX);
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    pub(crate) fn end(&mut self, callback: &Callback, result: AttemptResult) {
        self.done(&Command::Delivered(Delivered {
            delivery: callback.id,
            attempt: attempt(callback).number,
            result,
        }));
    }

    /// Acknowledges every notification being delivered and returns their types.
    pub(crate) fn acknowledge(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for delivery in self.state.outgoing(0, usize::MAX) {
            let kind = ["payType", "statementType"];
            let kind = kind
                .iter()
                .find_map(|field| delivery.plaintext[field].as_str());
            told.push(kind.unwrap_or("").to_owned());
            self.end(&delivery, answered("1000", Value::Null));
        }
        told
    }

    pub(crate) fn do_at_store(&mut self, command: StoreCommand) {
        self.done(&Command::Store(command));
    }

    pub(crate) fn fault(&mut self, on: Side, fault: Fault, times: Option<u32>) {
        self.done(&Command::Fault(FaultCommand::Add {
            fault: FaultRule {
                on,
                when: When::default(),
                fault,
                percent: 100,
                times,
            },
        }));
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.kind).collect()
    }

    /// Returns the log, one event per line.
    pub(crate) fn log(&self) -> String {
        self.events
            .iter()
            .map(|event| event.line() + "\n")
            .collect()
    }
}

/// Returns the attempt in progress.
pub(crate) fn attempt(callback: &Callback) -> &Attempt {
    callback.in_progress().unwrap().0
}

pub(crate) fn changed(operation: &str, number: &str, amount: &str) -> Value {
    let mut plaintext = sample(operation).unwrap();
    plaintext["controlNumber"] = json!(number);
    plaintext["amount"] = json!(amount);
    // A separate account for each payout, so that no limit is reached.
    let digits = &number[5..];
    if operation == "payoutQueue" {
        plaintext["accountNo"] = json!(digits);
    } else {
        plaintext["phone"] = json!(format!("09{:0>9}", digits.get(..8).unwrap_or("0")));
    }
    plaintext
}

pub(crate) fn answered(code: &str, plaintext: Value) -> AttemptResult {
    AttemptResult::Answered {
        code: code.to_owned(),
        description: None,
        plaintext,
        milliseconds: 0,
    }
}

pub(crate) fn lost() -> AttemptResult {
    AttemptResult::Lost {
        reason: "no answer".to_owned(),
        status: None,
        milliseconds: 0,
    }
}

pub(crate) fn numbers(number: &str) -> Value {
    json!({ "controlNumbers": [{ "controlNumber": number }] })
}

pub(crate) fn inquire(number: &str) -> Command {
    Command::Cashier(CashierCommand::Inquire {
        control_number: number.to_owned(),
        channel: PayoutChannel::RdPawnshop,
    })
}

pub(crate) fn pay(number: &str) -> Command {
    Command::Cashier(CashierCommand::Pay {
        control_number: number.to_owned(),
        channel: PayoutChannel::RdPawnshop,
        pay_time: None,
    })
}

pub(crate) const DAY: i64 = 86_400;

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::seconds(count)
}
