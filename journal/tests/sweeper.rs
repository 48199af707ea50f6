//! Which payouts a round of the sweeper sends.

use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use skypay_client::types::Date;
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{
    Answer, AnyPayout, CallOutcome, Journal, Orders, PayoutRequest, Policy, Provider, ReportRow,
    Sqlite, State, Statuses, Store, Sweeper, Work,
};

use crate::support::{journal, payout};

const SILENT: i64 = -1;
const WRONG_KEYS: i64 = -2;

/// A SkyPay that pays what its balance covers, or answers nothing, and shows no payout.
#[derive(Clone, Default)]
struct SkyPay {
    /// In centavos; if no response arrives, or the keys are refused, one of these.
    balance: Arc<AtomicI64>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Provider for SkyPay {
    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        self.sent.lock().unwrap().push(request.number().to_owned());
        let outcome = match self.balance.load(Ordering::Relaxed) {
            SILENT => CallOutcome::Unknown,
            WRONG_KEYS => CallOutcome::RejectedForKeys,
            balance if balance < request.amount().centavos() => CallOutcome::RejectedUntilRecharge,
            _ => CallOutcome::Accepted,
        };
        Answer {
            outcome,
            code: None,
        }
    }

    async fn statuses(&self, _: &[String]) -> Result<Statuses, String> {
        Ok(Statuses {
            time: None,
            found: [].into(),
            unreadable: None,
        })
    }

    async fn report(&self, _: Date) -> Result<Vec<ReportRow>, String> {
        Ok(Vec::new())
    }
}

/// Orders of an amount each.
#[derive(Clone)]
struct Amounts(&'static [(&'static str, &'static str)]);

impl Orders for Amounts {
    async fn request(
        &self,
        order_id: &str,
        number: &str,
    ) -> Result<AnyPayout, Box<dyn Error + Send + Sync>> {
        let (_, amount) = self.0.iter().find(|(id, _)| *id == order_id).unwrap();
        Ok(payout(number, amount)?.into())
    }
}

/// Makes the orders, or changes the time of what has happened.
#[derive(Clone)]
enum Job {
    Order(Box<Journal<Sqlite>>, Amounts),
    /// Everything was an hour ago, and is due.
    Later,
}

impl Work for Job {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        match self {
            Self::Order(journal, orders) => {
                for (id, amount) in orders.0 {
                    let request = |number: &str| payout(number, amount);
                    journal.order(db, id, request).await.unwrap();
                }
            }
            Self::Later => {
                for statement in [
                    "UPDATE skypay_evidence SET at = at - 3600000000",
                    "UPDATE skypay_evidence SET fact = 'claimed 1 0' WHERE fact LIKE 'claimed 1 %'",
                    "UPDATE skypay_payout SET created_at = created_at - 3600000000, ask_at = 0",
                    "UPDATE skypay_payout SET send_at = 0 WHERE state IN ('reserved', 'awaiting-recharge')",
                ] {
                    db.run(statement, &[]).await?;
                }
            }
        }
        Ok(())
    }
}

struct Partner {
    store: Sqlite,
    journal: Journal<Sqlite>,
    skypay: SkyPay,
    sweeper: Sweeper<Sqlite, SkyPay, Amounts>,
}

impl Partner {
    async fn of(orders: &'static [(&'static str, &'static str)]) -> Self {
        let store = Sqlite::in_memory().unwrap();
        let journal = journal(store.clone(), Policy::default()).await;
        let skypay = SkyPay::default();
        let orders = Amounts(orders);
        let order = Job::Order(Box::new(journal.clone()), orders.clone());
        store.transact(order).await.unwrap();
        Self {
            sweeper: Sweeper::new(journal.clone(), skypay.clone(), orders),
            store,
            journal,
            skypay,
        }
    }

    /// An hour later SkyPay has this balance, and the sweeper does a round. Returns what
    /// it sent.
    async fn round(&self, balance: i64) -> Vec<String> {
        self.store.transact(Job::Later).await.unwrap();
        self.skypay.balance.store(balance, Ordering::Relaxed);
        self.sweeper.round().await.unwrap();
        std::mem::take(&mut *self.skypay.sent.lock().unwrap())
    }
}

#[tokio::test]
async fn a_small_payout_does_not_wait_for_a_large_one() {
    let partner = Partner::of(&[
        ("10000001", "5000.00"),
        ("10000002", "5000.00"),
        ("10000003", "100.00"),
    ])
    .await;
    let all = ["SKY9810000001", "SKY9810000002", "SKY9810000003"];
    assert_eq!(partner.round(0).await, all);
    // The round asks about them, and they are not shown.
    assert_eq!(partner.round(0).await, [""; 0]);
    // What needs as much as the first is not tried.
    assert_eq!(partner.round(20_000).await, [all[0], all[2]]);
    let states = all.map(|number| partner.journal.standing(number));
    let mut accepted = 0;
    for standing in states {
        accepted += usize::from(standing.await.unwrap().state == State::Accepted);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn where_all_would_end_alike_a_round_sends_nothing_more() {
    for answer in [SILENT, WRONG_KEYS] {
        let partner = Partner::of(&[("10000001", "100.00"), ("10000002", "100.00")]).await;
        assert_eq!(partner.round(answer).await, ["SKY9810000001"]);
        assert_eq!(partner.round(answer).await, ["SKY9810000002"]);
    }
}
