//! What becomes of orders: sent, asked about, and sent again only when SkyPay has said
//! twice that it does not know them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use skypay_client::Error;
use skypay_client::types::{
    ControlNumberEntry, Operation, PayType, PayoutQueryStatusRequest, PayoutQueryStatusResponse,
    PayoutQueuePayoutRequest, PayoutQueueRequest, PayoutStatusEntry, ResponseCode,
};
use skypay_runtime::{MoneyState, envelope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Connection, Program};
use crate::program::request;

/// From a payout to a query, and from one to the next.
const DELAY: u64 = 301;

/// Between queries about a payout that SkyPay has.
const CADENCE: u64 = 30 * 60;

/// What the mutants of M11 draw numbers from; the backup does not have it.
static DRAWN: AtomicU64 = AtomicU64::new(1);

/// The mutant that asks about more payouts in one query than are allowed.
pub(crate) const TOO_MANY: &str = "M13: too many";

/// The mutant that takes every outcome but the first for unknown, and leaves it to a
/// person.
pub(crate) const ALL_UNKNOWN: &str = "M01: all unknown";

#[derive(Clone)]
pub(super) struct Entry {
    request: PayoutQueueRequest,
    number: String,
    state: &'static str,
    /// How often it was sent, and when last.
    attempts: u32,
    sent: u64,
    /// When SkyPay took it.
    accepted: Option<u64>,
    /// When it is sent, if it was refused for now.
    send_at: Option<u64>,
    /// When it is asked about; not at all without.
    ask_at: Option<u64>,
    absences: u32,
}

fn row(number: &str) -> ControlNumberEntry {
    let row = ControlNumberEntry::builder().control_number(number);
    row.build().unwrap()
}

impl Program {
    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() + *self.ahead.lock().unwrap()
    }

    fn is_broken(&self, check: &str) -> bool {
        self.broken == check
    }

    pub(super) fn word(&self, order: u64) -> &'static str {
        let data = self.data.lock().unwrap();
        let known = data
            .get(&order)
            .filter(|_| !self.is_broken(ALL_UNKNOWN) || data.len() == 1);
        known.map_or("unknown", |entry| entry.state)
    }

    /// Stores an order, unless it is known, and sends it.
    pub(super) async fn order(&self, order: u64, amount: String, account: String) {
        let mut number = format!("SKY98{order:010}");
        if self.is_broken("M11") {
            let drawn = DRAWN.fetch_add(1, Ordering::SeqCst);
            number = format!("SKY98{:010}", drawn + 9_000_000_000);
        }
        let entry = Entry {
            request: request(&number, &account, &amount).unwrap(),
            number,
            state: "unknown",
            attempts: 0,
            sent: 0,
            accepted: None,
            send_at: None,
            ask_at: None,
            absences: 0,
        };
        if self.is_broken("M05") || self.is_broken("M06") {
            if self.data.lock().unwrap().contains_key(&order) {
                return;
            }
            tokio::task::yield_now().await;
            let sent = self.connection().client.payout_queue(&entry.request).await;
            self.data.lock().unwrap().insert(order, entry);
            self.outcome(order, sent.map(drop));
            return;
        }
        {
            let mut data = self.data.lock().unwrap();
            if data.contains_key(&order) {
                return;
            }
            data.insert(order, entry);
        }
        self.send(order).await;
    }

    async fn send(&self, order: u64) {
        let request = {
            let now = self.now();
            let mut data = self.data.lock().unwrap();
            let entry = data.get_mut(&order).unwrap();
            if self.is_broken("M15") && entry.attempts > 0 {
                entry.number =
                    format!("SKY98{:010}", order + u64::from(entry.attempts) * 1_000_000);
                entry.request.control_number = entry.number.as_str().into();
            }
            // Committed before the first byte: without an answer it is unknown.
            entry.attempts += 1;
            entry.sent = now;
            entry.state = "unknown";
            entry.send_at = None;
            entry.ask_at = Some(now + DELAY);
            entry.absences = 0;
            entry.request.clone()
        };
        let sent = self.connection().client.payout_queue(&request).await;
        self.outcome(order, sent.map(drop));
    }

    fn outcome(&self, order: u64, sent: Result<(), Error>) {
        let now = self.now();
        let mut data = self.data.lock().unwrap();
        let entry = data.get_mut(&order).unwrap();
        match sent {
            Ok(()) => {
                entry.state = "open";
                entry.accepted = Some(now);
                entry.ask_at = Some(now + DELAY);
            }
            Err(Error::NotSent(_)) => {
                entry.state = "open";
                entry.attempts -= 1;
                entry.ask_at = None;
                entry.send_at = (!self.is_broken("M03")).then_some(now + 60);
            }
            Err(Error::Rejected(rejected)) => match rejected.return_code {
                ResponseCode::InsufficientBalance | ResponseCode::DailyLimitExceeded => {
                    let pause = if self.is_broken("M16") { 0 } else { CADENCE };
                    entry.state = "open";
                    entry.attempts -= 1;
                    entry.ask_at = None;
                    entry.send_at = Some(now + pause);
                }
                // The copy that was sent before may still arrive.
                _ if entry.attempts > 1 => entry.state = "unknown",
                _ => self.end(entry, "released"),
            },
            Err(Error::Unknown(unknown)) => {
                let code = unknown.return_code;
                let fails = match self.broken {
                    "M01" => true,
                    "M04" | "M10" => code == Some(ResponseCode::DuplicateControlNumber),
                    _ => false,
                };
                if fails {
                    self.end(entry, "released");
                }
                if self.is_broken("M14") {
                    entry.send_at = (entry.attempts < 3).then_some(now);
                }
            }
        }
    }

    #[expect(clippy::unused_self, reason = "beside the methods that change entries")]
    fn end(&self, entry: &mut Entry, state: &'static str) {
        entry.state = state;
        entry.ask_at = None;
        entry.send_at = None;
    }

    /// A notification is a reason to ask, and no more.
    pub(super) fn notified(&self, notification: &PayoutQueuePayoutRequest) {
        let now = self.now();
        let mut data = self.data.lock().unwrap();
        let number = notification.control_number.as_str();
        let Some(entry) = data.values_mut().find(|entry| entry.number == number) else {
            return;
        };
        let step: &PayType = &notification.pay_type;
        match step.money_state() {
            Some(MoneyState::Failed) if self.is_broken("M09") => {
                return self.end(entry, "released");
            }
            _ if self.is_broken("M07") && entry.state == "paid" => entry.state = "open",
            _ => {}
        }
        if let Some(ask_at) = entry.ask_at {
            entry.ask_at = Some(ask_at.min(now.max(entry.sent + DELAY)));
        }
    }

    /// Does what is due.
    pub(super) async fn work(&self) {
        let now = self.now();
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        let orders = || -> Vec<_> {
            let data = self.data.lock().unwrap();
            data.iter()
                .map(|(order, entry)| (*order, entry.clone()))
                .collect()
        };
        for (order, entry) in orders() {
            if due(entry.send_at) {
                self.send(order).await;
            }
        }
        let all = orders();
        let asked: Vec<_> = all
            .iter()
            .filter(|(_, entry)| due(entry.ask_at) || self.asks_early(entry))
            .collect();
        if self.is_broken(TOO_MANY) && !asked.is_empty() {
            self.ask_about_all(&all).await;
        }
        // The payout that SkyPay took last has to be shown, or the answer is old.
        let taken = all.iter().filter(|(_, entry)| entry.accepted.is_some());
        let witness = taken.max_by_key(|(_, entry)| entry.accepted);
        for some in asked.chunks(49) {
            let mut numbers: Vec<_> = some.iter().map(|(_, entry)| entry.number.clone()).collect();
            if let Some((_, entry)) = witness
                && !numbers.contains(&entry.number)
                && entry.sent + DELAY <= now
            {
                numbers.push(entry.number.clone());
            }
            let question = PayoutQueryStatusRequest::builder()
                .control_numbers(numbers.iter().map(|number| row(number)))
                .build()
                .unwrap();
            let answer = self
                .connection()
                .client
                .payout_query_status(&question)
                .await;
            for (order, entry) in some {
                self.answered(*order, entry, answer.as_ref().ok(), &all);
            }
        }
        for (order, entry) in orders() {
            if entry.absences > 1 {
                self.send(order).await;
            }
        }
    }

    /// Asks in one query, which the client would not send, and ignores the answer.
    async fn ask_about_all(&self, asked: &[(u64, Entry)]) {
        let mut numbers = asked.iter().map(|(_, entry)| row(&entry.number));
        let question = PayoutQueryStatusRequest::builder()
            .control_numbers(numbers.next())
            .build();
        let mut question = question.unwrap();
        question.control_numbers.extend(numbers);
        let mut plaintext = serde_json::to_value(&question).unwrap();
        let Connection { keys, url, .. } = self.connection();
        let (pair, header) = (keys.current(), PayoutQueryStatusRequest::INFO.header);
        plaintext[header.user_name] = pair.user_name().into();
        plaintext[header.authentication] = pair.authentication().into();
        plaintext[header.action] = PayoutQueryStatusRequest::INFO.action.into();
        let body = envelope::seal(pair.key(), &[plaintext.to_string().as_bytes()]);
        let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
        let length = body.len();
        let request = format!(
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
    }

    fn asks_early(&self, entry: &Entry) -> bool {
        self.is_broken("M13") && entry.ask_at.is_some()
    }

    fn answered(
        &self,
        order: u64,
        asked: &Entry,
        answer: Option<&PayoutQueryStatusResponse>,
        all: &[(u64, Entry)],
    ) {
        let now = self.now();
        let shown = |number: &str| {
            let rows = answer?.control_numbers.iter().flatten();
            let mut rows = rows.filter(|row| row.control_number.as_str() == number);
            rows.find_map(PayoutStatusEntry::money_state)
        };
        let is_new = all.iter().any(|(_, entry)| {
            let later = entry.accepted.is_some_and(|at| at > asked.sent);
            later && shown(&entry.number).is_some_and(|it| it != MoneyState::Absent)
        });
        let mut data = self.data.lock().unwrap();
        let entry = data.get_mut(&order).unwrap();
        entry.ask_at = Some(now + CADENCE);
        match shown(&entry.number) {
            Some(MoneyState::Paid) if self.is_broken("M18") && order % 1000 > 1 => {
                self.end(entry, "released");
            }
            Some(MoneyState::Paid) => self.end(entry, "paid"),
            Some(MoneyState::Failed | MoneyState::Cancelled) => self.end(entry, "released"),
            Some(MoneyState::Open) => {
                entry.state = "open";
                entry.accepted = entry.accepted.or(Some(entry.sent));
            }
            Some(MoneyState::Absent) if self.is_broken("M02") => self.end(entry, "released"),
            Some(MoneyState::Absent) if entry.accepted.is_none() && is_new => {
                entry.absences += 1;
                entry.ask_at = Some(now + DELAY);
            }
            _ if self.is_broken("M08") && now > entry.sent + 6 * 3600 => {
                self.end(entry, "released");
            }
            _ => entry.ask_at = Some(now + DELAY),
        }
    }
}
