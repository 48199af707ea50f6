//! The SkyPay of the simulation is a model of the sandbox's engine, which is too slow
//! for it: the engine keeps payouts in a database and messages as JSON, so that a message
//! takes a fifth of a millisecond, and a run with a hundred of them, which should take
//! five, twenty more. Here both get the same payouts and queries at the same times, chosen
//! by a seed, and have to give the same answers.

use skypay_client::types::{
    ControlNumberEntry, DateTime, MoneyState, PayoutChannel, PayoutQueryStatusRequest,
    PayoutQueueRequest, ResponseCode,
};
use skypay_journal::Found;
use skypay_sandbox::engine::{
    Command, CommandOutcome, Duration, Fault, FaultCommand, FaultRule, Limits, Request, Rule,
    ScriptCommand, ScriptedOutcome, Settings, Side, State, Then, Timing, When,
};

use crate::random::Random;
use crate::vendor::{Drawn, Duplicates, Seconds, Vendor};

const BEGIN: i64 = 1_700_000_000;
/// From a payment to its reversal, in seconds.
const REVERSED_AFTER: u32 = 900;
/// The payouts and queries of a sequence.
const STEPS: u32 = 40;
const NUMBERS: [&str; 3] = ["SKY9800000001", "SKY9800000002", "SKY9800000003"];

/// Compares them in as many sequences for each treatment of a number that is used.
pub(crate) fn check(sequences: u64) {
    for duplicates in Duplicates::ALL {
        for seed in 0..sequences {
            Both::new(duplicates, seed).run();
        }
    }
}

struct Both {
    model: Vendor,
    engine: State,
    random: Random,
    seconds: u32,
    others: u32,
    seed: u64,
}

impl Both {
    fn new(duplicates: Duplicates, seed: u64) -> Self {
        let random = Random::new(seed);
        let balance_first = random.chance(0.5);
        let query_delay = random.pick(&[0.0, 300.0]);
        let behaviors = [
            (
                "duplicates",
                match duplicates {
                    // A number is always sent again on the same channel.
                    Duplicates::AfterFailure => random.pick(&["after-failure", "same-channel"]),
                    other => other.name(),
                },
            ),
            (
                "refusal-order",
                if balance_first {
                    "balance-first"
                } else {
                    "number-first"
                },
            ),
            (
                "query-delay",
                if query_delay > 0.0 { "300s" } else { "none" },
            ),
            (
                "unknown-number",
                random.pick(&["inquiry-failed", "missing", "refused"]),
            ),
            ("reversals", "possible"),
        ];
        let behaviors = behaviors.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings {
            behaviors: behaviors.into(),
            timing: Timing {
                reverse: Duration::seconds(REVERSED_AFTER.into()),
                ..Timing::default()
            },
            limits: limits(0),
            ..Settings::default()
        };
        Self {
            model: Vendor {
                duplicates,
                balance_first,
                query_delay,
                refuses_content: random.chance(0.2),
                ..Vendor::default()
            },
            engine: State::new(settings, DateTime::from_unix_seconds(BEGIN)),
            random,
            seconds: 0,
            others: 0,
            seed,
        }
    }

    fn run(&mut self) {
        for _ in 0..STEPS {
            self.seconds += self.random.pick(&[1, 60, 299, 300, 301, 900, 4000]);
            if self.random.chance(0.5) {
                self.payout();
            } else {
                self.query();
            }
        }
    }

    fn now(&self) -> Seconds {
        self.seconds.into()
    }

    /// What distinguishes this comparison from others.
    fn place(&self) -> String {
        let name = self.model.duplicates.name();
        format!("{name}, seed {}, second {}", self.seed, self.seconds)
    }

    fn apply(&mut self, command: impl Into<Command>) -> CommandOutcome {
        let now = DateTime::from_unix_seconds(BEGIN + i64::from(self.seconds));
        self.engine.apply(&command.into(), now).answer
    }

    fn payout(&mut self) {
        let random = &self.random;
        let number = random.pick(&NUMBERS);
        let pace = random.pick(&[1, 30, 150, 900, 3000]);
        let fate = random.pick(&[Found::Paid, Found::Paid, Found::Failed, Found::Cancelled]);
        let is_reversed = fate == Found::Paid && random.chance(0.3);
        let drawn = Drawn {
            refusal: random.pick(&[None, None, None, Some("-1016"), Some("-1028")]),
            error: random.pick(&[None, None, None, Some("-1009"), Some("-9999")]),
            executes_with_error: random.chance(0.5),
            fate,
            ends_after: f64::from(2 * pace),
            reversed_after: is_reversed.then(|| REVERSED_AFTER.into()),
        };
        let expected = self.model.arrive(number, self.now(), drawn);
        self.prepare(pace, drawn);
        // An identity document that there is not, if the content is to be refused.
        let identification = if self.model.refuses_content { 999 } else { 1 };
        let amount = match drawn.refusal {
            Some("-1016") => "2000000.00",
            _ => "100.00",
        };
        let code = self.order(number, identification, amount);
        assert_eq!(code, expected, "{}: {drawn:?}", self.place());
        self.apply(Command::Limits(limits(0).into()));
    }

    /// Lets the engine do what is drawn.
    fn prepare(&mut self, pace: u32, drawn: Drawn) {
        let outcome = match drawn.fate {
            _ if drawn.reversed_after.is_some() => ScriptedOutcome::Reverse,
            Found::Failed => ScriptedOutcome::Fail,
            Found::Cancelled => ScriptedOutcome::Cancel,
            Found::Open | Found::Paid => ScriptedOutcome::Usual,
        };
        let then = Then {
            outcome: Some(outcome),
            after: Some(Duration::seconds(pace.into())),
            ..Then::default()
        };
        let rule = Rule {
            when: When::default(),
            then,
            times: None,
        };
        self.apply(Command::Script(ScriptCommand::Clear));
        self.apply(Command::Script(ScriptCommand::Add { rule }));
        if drawn.refusal == Some("-1028") {
            // One more than the account may receive on a day.
            self.others += 1;
            let other = format!("SKY98{:08}", 10_000_000 + self.others);
            assert_eq!(self.order(&other, 1, "100.00"), "1000");
            self.apply(Command::Limits(limits(1).into()));
        }
        let Some(error) = drawn.error else { return };
        let executes = if drawn.executes_with_error {
            "executed"
        } else {
            "not-executed"
        };
        self.apply(Command::Behavior {
            name: "failures".to_owned(),
            value: executes.to_owned(),
        });
        let code = ResponseCode::from(error);
        self.fault(Side::Requests, Fault::Answer { code });
    }

    /// Sets what goes wrong with the next message.
    fn fault(&mut self, on: Side, fault: Fault) {
        let fault = FaultRule {
            on,
            when: When::default(),
            fault,
            percent: 100,
            times: Some(1),
        };
        self.apply(Command::Fault(FaultCommand::Add { fault }));
    }

    /// Orders a payout of the engine. Returns the code of its answer.
    fn order(&mut self, number: &str, identification: u32, amount: &str) -> String {
        let request = PayoutQueueRequest::builder()
            .sender("Example App")
            .control_number(number)
            .name("Dela Cruz,Juan,Santos")
            .phone("09123456789")
            .amount(amount)
            .account_no("1234567890")
            .bank_no("BDO")
            .identification_type_id(identification)
            .withdraw_channel(PayoutChannel::Bank)
            .build()
            .unwrap();
        match self.apply(Request::of(&request)) {
            CommandOutcome::Accepted { .. } => "1000".to_owned(),
            CommandOutcome::Refused { code, .. } => code.as_str().to_owned(),
            other => panic!("{}: {other:?}", self.place()),
        }
    }

    fn query(&mut self) {
        let number = self.random.pick(&NUMBERS);
        let behind = self.random.pick(&[0, 0, 60, 300, 3600_u32]);
        let expected = self.model.shown_at(number, self.now() - f64::from(behind));
        if behind > 0 {
            let by = Duration::seconds(behind.into());
            self.fault(Side::Queries, Fault::Stale { by });
        }
        let entry = ControlNumberEntry::builder().control_number(number);
        let request = PayoutQueryStatusRequest::builder()
            .control_numbers([entry.build().unwrap()])
            .build()
            .unwrap();
        let answer = self.apply(Request::of(&request));
        let state = match answer.typed::<PayoutQueryStatusRequest>() {
            Ok(mut response) => response
                .control_numbers
                .pop()
                .and_then(|entry| entry.unwrap().money_state()),
            Err(Some((ResponseCode::ControlNumberInvalid, _))) => None,
            Err(other) => panic!("{}: {other:?}", self.place()),
        };
        let shown = state.and_then(|state| match state {
            MoneyState::Open => Some(Found::Open),
            MoneyState::Cancelled => Some(Found::Cancelled),
            MoneyState::Failed => Some(Found::Failed),
            MoneyState::Paid => Some(Found::Paid),
            MoneyState::Absent | MoneyState::Amendment => None,
        });
        let place = self.place();
        assert_eq!(shown, expected, "{place}: {number}, {behind} s behind");
    }
}

fn limits(payouts_per_day: u32) -> Limits {
    Limits {
        largest_payout: "5000000.00".parse().unwrap(),
        payouts_per_day,
        ..Limits::default()
    }
}
