//! What the receiver books, and what its mutants book wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};
use skypay_runtime::MoneyState;
use skypay_runtime::value::DateTime;
use skypay_types::{Effect, Mode, OperationInfo, PayType, ResponseCode};

use super::{Incoming, Receiver};

/// What was received, with its reply, and how often it had an effect.
#[derive(Default)]
pub(super) struct Books {
    pub(super) seen: HashMap<String, Value>,
    pub(super) effects: HashMap<String, u64>,
    /// What the receiver says of a payout, if it is not open.
    states: HashMap<String, &'static str>,
    /// The payouts and contracts that were confirmed.
    confirmed: HashMap<String, u64>,
}

/// The field that holds the number of a payout or contract.
pub(super) fn number_field(info: &OperationInfo) -> Option<&'static str> {
    let example: Map<String, Value> = serde_json::from_str(info.request_example).unwrap();
    let names = ["controlNumber", "contractNumber"];
    names.into_iter().find(|name| example.contains_key(*name))
}

/// The operation and the values of the effect key; of an inquiry, only the operation.
fn key(incoming: &Incoming) -> String {
    let names = incoming.info.effect_key.iter();
    let values: Vec<_> = names.map(|name| incoming.text(name)).collect();
    format!("{} {}", incoming.info.name, values.join(":"))
}

impl Incoming {
    fn text(&self, name: &str) -> String {
        match self.fields.get(&name.to_lowercase()) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }

    fn number(&self) -> String {
        number_field(self.info).map_or_else(String::new, |name| self.text(name))
    }

    /// The latest of its times.
    fn time(&self) -> Option<SystemTime> {
        let texts = self.fields.values().filter_map(Value::as_str);
        let times = texts.filter_map(|text| DateTime::try_from(text).ok());
        times.map(DateTime::to_system_time).max()
    }
}

impl Receiver {
    /// Does what the callback says, once, and gives the reply.
    pub(super) fn book(&self, incoming: &Incoming, busy: usize) -> Option<Value> {
        let info = incoming.info;
        let reply = self.reply(info);
        let mut books = self.books.lock().unwrap();
        if info.effect == Effect::Reads {
            self.forget_by_inquiry(incoming, &mut books);
        }
        if let Some(refusal) = self.refused(incoming, &books) {
            return Some(refusal);
        }
        if info.effect == Effect::Reads && !self.is_broken("B12") {
            return Some(reply);
        }
        if !*self.database.lock().unwrap() {
            return self.is_broken("B22").then_some(reply);
        }
        let now = SystemTime::now();
        let ahead = incoming
            .time()
            .and_then(|time| time.duration_since(now).ok());
        if self.is_broken("B29") && ahead > Some(Duration::from_secs(3600)) {
            return None;
        }
        let key = key(incoming);
        let seen_as = self.seen_as(incoming, &key);
        let is_known = books.seen.contains_key(&seen_as) && !self.is_forgotten(incoming);
        let forgets = self.is_broken("B01")
            || self.is_broken("B02") && busy > 0
            || info.effect == Effect::Reads;
        let loses = self.is_broken("B28") && books.seen.len() % 2 == 1
            || self.is_broken("B18") && books.confirmed.contains_key(&incoming.number());
        if (!is_known && !loses) || (is_known && forgets) {
            *books.effects.entry(key).or_default() += 1;
            self.move_money(incoming, &mut books);
        }
        if info.effect == Effect::MovesMoney {
            *books.confirmed.entry(incoming.number()).or_default() += 1;
        }
        let refuses = is_known && self.is_broken("B20") || !is_known && self.is_broken("B15");
        if refuses && info.mode != Mode::Notification || is_known && self.is_broken("B20") {
            return Some(json!({ info.header.code: ResponseCode::AlreadyPaid.as_str() }));
        }
        Some(books.seen.entry(seen_as).or_insert(reply).clone())
    }

    /// The refusal of a number that cannot be paid or collected.
    fn refused(&self, incoming: &Incoming, books: &Books) -> Option<Value> {
        let info = incoming.info;
        if info.mode == Mode::Notification {
            return None;
        }
        let lists = |code: &ResponseCode| info.return_code(code.as_str()).is_some();
        let number = incoming.number();
        let unknown = if lists(&ResponseCode::ControlNumberInvalid) {
            (!self.is_broken("B11")).then_some(ResponseCode::ControlNumberInvalid)?
        } else if self.is_broken("B25") {
            ResponseCode::AlreadyPaid
        } else {
            ResponseCode::ContractNumberInvalid
        };
        let reads = info.effect == Effect::Reads;
        let paid = reads && books.confirmed.contains_key(&number);
        let (code, text) = match () {
            () if number.ends_with("999999") => (unknown.as_str().to_owned(), "unknown"),
            () if number.starts_with("ZZZ") && lists(&ResponseCode::PrefixIncorrect) => {
                (ResponseCode::PrefixIncorrect.as_str().to_owned(), "foreign")
            }
            () if paid && lists(&ResponseCode::ControlNumberInvalid) => {
                (ResponseCode::AlreadyPaid.as_str().to_owned(), "paid")
            }
            () if number == "0" => ("2000".to_owned(), "no number"),
            () if reads && incoming.text("amount") == "0.01" => ("2001".to_owned(), "too little"),
            () => return None,
        };
        let text = if self.is_broken("B26") { "" } else { text };
        let mut refusal = json!({ info.header.code: code });
        refusal[info.header.description.unwrap()] = text.into();
        refusal[info.header.time.unwrap()] = DateTime::from(SystemTime::now()).to_string().into();
        Some(refusal)
    }

    /// What a callback is known by.
    fn seen_as(&self, incoming: &Incoming, key: &str) -> String {
        let info = incoming.info;
        let is_text = incoming.fields.get("amount").is_some_and(Value::is_string);
        match self.broken {
            "B07" => format!("{key} {}", incoming.text("amount")),
            "B14" => {
                let values = info.delivery_key.iter().map(|name| incoming.text(name));
                format!("{key} {}", values.collect::<Vec<_>>().join(":"))
            }
            "B23" if info.mode == Mode::Notification => {
                format!("{} {}", info.name, incoming.text(info.effect_key[0]))
            }
            "B24" => format!("{key} {is_text}"),
            _ => key.to_owned(),
        }
    }

    fn is_forgotten(&self, incoming: &Incoming) -> bool {
        let month = Duration::from_secs(30 * 24 * 3600);
        let is_old = incoming
            .time()
            .is_some_and(|it| it < SystemTime::now() - month);
        self.is_broken("B04") && is_old
    }

    fn forget_by_inquiry(&self, incoming: &Incoming, books: &mut Books) {
        let forgets = match number_field(incoming.info) {
            Some("controlNumber") => self.is_broken("B13"),
            _ => self.is_broken("B16"),
        };
        if forgets {
            let number = incoming.number();
            books.seen.retain(|key, _| !key.contains(&number));
        }
    }

    /// A notification alone moves no money, but for the mutants.
    fn move_money(&self, incoming: &Incoming, books: &mut Books) {
        let step = PayType::from(incoming.text("payType").as_str());
        let number = incoming.number();
        let was_paid = books.seen.keys().any(|key| {
            let paid = format!("{number}:{}", PayType::Paid.as_str());
            key.ends_with(&paid)
        });
        let state = match step.money_state() {
            Some(MoneyState::Open) if self.is_broken("B05") => "open",
            Some(MoneyState::Paid) if self.is_broken("B05") || self.is_broken("B09") => "paid",
            Some(MoneyState::Failed) if self.is_broken("B06") && was_paid => "released",
            Some(MoneyState::Failed) if self.is_broken("B08") => "released",
            Some(MoneyState::Amendment) if self.is_broken("B27") => "released",
            _ => return,
        };
        books.states.insert(number, state);
    }
}

pub(super) async fn state(
    State(receiver): State<Arc<Receiver>>,
    Path(number): Path<String>,
) -> String {
    let books = receiver.books.lock().unwrap();
    let state = books.states.get(&number).copied().unwrap_or("open");
    state.to_owned()
}
