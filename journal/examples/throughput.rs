//! How much the journal does in a second, beside what the database does without it.
//!
//! `cargo xtask postgres cargo run --release -p skypay-journal --all-features --example throughput`

#![expect(
    clippy::cast_precision_loss,
    reason = "rates are shown in whole numbers"
)]

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool};
use rusqlite::{Connection, TransactionBehavior};
use skypay_client::types::{
    Invalid, PayoutChannel, PayoutQueuePayoutRequest, PayoutQueueRequest, read,
};
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{
    Inbox, Journal, Numbers, Payout, Policy, Postgres, Secret, Sent, Sqlite, Store, Work,
};
use skypay_sandbox::Sandbox;
use skypay_sandbox::engine::{Limits, Opening, Settings};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Callbacks of each measurement.
const CALLBACKS: u64 = 10_000;

/// How many callbacks one side takes before it is the other's turn.
const TURN: u64 = 500;

const PAYOUTS: u64 = 5_000;
const SENDERS: usize = 16;

/// Orders of the measurement of memory, and how many are in a transaction.
const STORED: u64 = 1_000_000;
const AT_ONCE: u64 = 10_000;

/// What the probe writes instead of a row of the inbox.
const PROBE: &str = "CREATE TABLE probe (operation TEXT NOT NULL, delivery_key TEXT NOT NULL, \
    digest TEXT NOT NULL, received_at BIGINT NOT NULL, PRIMARY KEY (operation, delivery_key))";
const INSERT: &str = "INSERT INTO probe (operation, delivery_key, digest, received_at) \
    VALUES ('payoutQueuePayout', $1, $2, $3)";

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let server = env::var("SKYPAY_TEST_POSTGRES").ok();
    inbox_on_sqlite(&folder.path().join("inbox.db"))?;
    if let Some(server) = &server {
        inbox_on_postgres(server).await?;
    }
    payouts("SQLite", Sqlite::open(&folder.path().join("payouts.db"))?).await?;
    if let Some(server) = &server {
        payouts("PostgreSQL", Postgres::open(pool(server)?).await?).await?;
    }
    memory(&folder.path().join("memory.db")).await
}

async fn journal<S: Store>(store: S) -> Outcome<Journal<S>> {
    let numbers = Numbers::numeric("SKY98")?;
    Ok(Journal::open(store, Policy::default(), numbers, secret()?).await?)
}

fn secret() -> Outcome<Secret> {
    Ok(Secret::new(*b"a secret of 16 by")?)
}

fn notification(number: u64) -> Outcome<PayoutQueuePayoutRequest> {
    let json = format!(
        r#"{{"controlNumber":"SKY98{number:08}","payType":"2","dealTime":"2024-02-05 10:00:00"}}"#
    );
    Ok(read::from_slice(json.as_bytes())?)
}

fn report(database: &str, probe: Duration, inbox: Duration) {
    let rate = |time: Duration| CALLBACKS as f64 / time.as_secs_f64();
    println!(
        "{database}: {:.0} inserts a second, {:.0} callbacks a second through the inbox: {:.0} %",
        rate(probe),
        rate(inbox),
        100.0 * probe.as_secs_f64() / inbox.as_secs_f64(),
    );
}

/// A transaction for each, by turns on one connection.
fn inbox_on_sqlite(file: &Path) -> Outcome<()> {
    drop(Sqlite::open(file)?);
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(PROBE)?;
    let inbox = Inbox::new(secret()?);
    let (mut probed, mut took) = (Duration::ZERO, Duration::ZERO);
    for first in (0..CALLBACKS).step_by(TURN.try_into()?) {
        let begun = Instant::now();
        for number in first..first + TURN {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let key = format!("{number:064}");
            transaction
                .prepare_cached(INSERT)?
                .execute((&key, &key, number.cast_signed()))?;
            transaction.commit()?;
        }
        probed += begun.elapsed();
        let notifications: Vec<_> = (first..first + TURN).map(notification).collect();
        let begun = Instant::now();
        for notification in notifications {
            let mut transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            Sqlite::complete(inbox.take(&mut transaction, &notification?))?;
            transaction.commit()?;
        }
        took += begun.elapsed();
    }
    report("SQLite", probed, took);
    Ok(())
}

fn pool(server: &str) -> Outcome<Pool> {
    let manager = Manager::new(server.parse()?, NoTls);
    Ok(Pool::builder(manager).max_size(SENDERS).build()?)
}

async fn inbox_on_postgres(server: &str) -> Outcome<()> {
    let pool = pool(server)?;
    Postgres::open(pool.clone()).await?;
    let mut client = pool.get().await?;
    client.batch_execute(PROBE).await?;
    let inbox = Inbox::new(secret()?);
    let (mut probed, mut took) = (Duration::ZERO, Duration::ZERO);
    for first in (0..CALLBACKS).step_by(TURN.try_into()?) {
        let begun = Instant::now();
        for number in first..first + TURN {
            let transaction = client.transaction().await?;
            let insert = transaction.prepare_cached(INSERT).await?;
            let key = format!("{number:064}");
            transaction
                .execute(&insert, &[&key, &key, &number.cast_signed()])
                .await?;
            transaction.commit().await?;
        }
        probed += begun.elapsed();
        let notifications: Vec<_> = (first..first + TURN).map(notification).collect();
        let begun = Instant::now();
        for notification in notifications {
            let mut transaction = client.transaction().await?;
            inbox.take(&mut transaction, &notification?).await?;
            transaction.commit().await?;
        }
        took += begun.elapsed();
    }
    report("PostgreSQL", probed, took);
    Ok(())
}

fn request(number: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount("1.00")
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

/// Orders payouts.
#[derive(Clone)]
struct Order<S> {
    journal: Journal<S>,
    first: u64,
    count: u64,
}

impl<S: Store> Work for Order<S> {
    type Output = Option<Payout<PayoutQueueRequest>>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        let mut last = None;
        for order in self.first..self.first + self.count {
            let ordered = self.journal.order(db, &order.to_string(), request).await;
            last = Some(ordered.map_err(|error| DatabaseError::new(error, false))?);
        }
        Ok(last)
    }
}

/// Payouts that are ordered and sent, each in the transactions of its own, through
/// client and sandbox over loopback.
async fn payouts<S: Store>(database: &str, store: S) -> Outcome<()> {
    let mut settings = Settings {
        limits: Limits {
            payouts_per_day: 0,
            ..Limits::default()
        },
        ..Settings::default()
    };
    let opening = Opening {
        name: "Example Lending Inc.".to_owned(),
        balance: "1000000.00".parse()?,
    };
    settings.entities.insert("SKY98".to_owned(), opening);
    let sandbox = Sandbox::builder().settings(settings).start().await?;
    let client = sandbox.client();
    let journal = journal(store.clone()).await?;
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut senders: JoinSet<Outcome<()>> = JoinSet::new();
    for _ in 0..SENDERS {
        let (store, journal, client) = (store.clone(), journal.clone(), client.clone());
        let next = Arc::clone(&next);
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= PAYOUTS {
                    return Ok(());
                }
                let order = Order {
                    journal: journal.clone(),
                    first: 10_000_000 + number,
                    count: 1,
                };
                let payout = store.transact(order).await?.ok_or("nothing was ordered")?;
                let sent = journal.send(&client, &payout).await?;
                if sent != Sent::Accepted {
                    return Err(format!("not accepted: {sent:?}").into());
                }
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    let rate = PAYOUTS as f64 / begun.elapsed().as_secs_f64();
    println!("{database}: {rate:.0} payouts a second through journal, client and sandbox");
    sandbox.stop().await;
    Ok(())
}

/// The memory of this process with many payouts in its journal.
async fn memory(file: &Path) -> Outcome<()> {
    let store = Sqlite::open(file)?;
    let journal = journal(store.clone()).await?;
    let before = resident()?;
    let begun = Instant::now();
    for first in (0..STORED).step_by(AT_ONCE.try_into()?) {
        let order = Order {
            journal: journal.clone(),
            first: 10_000_000 + first,
            count: AT_ONCE,
        };
        store.transact(order).await?;
    }
    let filled = begun.elapsed();
    let begun = Instant::now();
    journal.standing("SKY9810500000").await?;
    println!(
        "{STORED} payouts ordered in {:.0} s, {AT_ONCE} in each transaction; a file of {} MiB; \
         {} MiB of memory before, {} MiB then; one is found in {:.1} ms",
        filled.as_secs_f64(),
        fs::metadata(file)?.len() >> 20,
        before >> 10,
        resident()? >> 10,
        begun.elapsed().as_secs_f64() * 1000.0,
    );
    Ok(())
}

/// The memory of this process, in KiB, as the system counts it.
fn resident() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("the system does not say how much memory is used")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
