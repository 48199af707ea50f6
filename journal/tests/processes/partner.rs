//! The partner's process: it orders and sends, answers callbacks, asks what is due,
//! and does what follows.

use std::error::Error as StdError;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;

use deadpool_postgres::{Manager, Pool};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use skypay_client::types::{Invalid, Operation, PayoutQueueRequest, read};
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_journal::database::{Database, DatabaseError, Value};
use skypay_journal::{
    AnyPayout, Change, Delivery, Error, Inbox, Journal, Once, Orders, Payout, Policy, Postgres,
    Resend, Sent, Sqlite, Store, Sweeper, Timestamp, Work,
};
use skypay_sandbox::admin_client::Admin;
use skypay_sandbox::engine::Duration;
use tokio::sync::Barrier;
use tokio_postgres::NoTls;

use crate::network::{self, Loss};
use crate::steps::{Stepped, Steps, say};
use crate::support::{journal, payout, secret};

/// The environment variable with the [`Job`] of a process.
pub(crate) const JOB: &str = "SKYPAY_JOURNAL_PROCESS";

/// How many deliveries of a callback arrive at once.
pub(crate) const COPIES: usize = 50;

/// How many rounds decide everything.
const ROUNDS: usize = 40;

/// What a process does, and with what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) database: Location,
    /// The URL of the sandbox.
    pub(crate) sandbox: String,
    pub(crate) loss: Loss,
    pub(crate) task: Task,
}

/// Where the database is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Location {
    Sqlite(PathBuf),
    /// A configuration of `tokio-postgres`, and the schema.
    Postgres(String, String),
}

/// A callback.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Callback {
    /// What is booked when it is received.
    pub(crate) name: String,
    pub(crate) operation: String,
    pub(crate) request: Json,
}

impl Callback {
    fn read<O: Operation>(&self) -> O {
        read::from_slice(self.request.to_string().as_bytes()).unwrap()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Answers callbacks, orders and sends a payout, and decides everything that is
    /// open. After a restart, it sends what was ordered.
    Partner {
        order: String,
        is_restart: bool,
        callbacks: Vec<Callback>,
        /// The first of the orders that are witnesses.
        witness: u64,
        stop_at: Option<usize>,
    },
    /// Orders and sends all payouts, then does a round for each line that it reads.
    Worker { orders: Vec<String>, witness: u64 },
    /// Receives a callback many times at once.
    Duplicates { callback: Callback },
}

/// Does the job of this process.
pub(crate) async fn run(job: Job) {
    match job.database.clone() {
        Location::Sqlite(file) => on(job, async || Sqlite::open(&file).unwrap()).await,
        Location::Postgres(config, schema) => {
            on(job, async || {
                Postgres::open(pool(&config, &schema)).await.unwrap()
            })
            .await;
        }
    }
}

fn pool(config: &str, schema: &str) -> Pool {
    let mut config: tokio_postgres::Config = config.parse().unwrap();
    config.options(format!("-c search_path={schema}"));
    Pool::builder(Manager::new(config, NoTls))
        .max_size(4)
        .build()
        .unwrap()
}

async fn on<S: Store>(job: Job, open: impl AsyncFn() -> S) {
    match job.task {
        Task::Partner {
            order,
            is_restart,
            callbacks,
            witness,
            stop_at,
        } => {
            let steps = Steps::new(stop_at);
            let process = Process::new(open().await, &job.sandbox, steps, job.loss).await;
            process.live(&order, is_restart, callbacks, witness).await;
            say(&format!("ended {}", process.steps.reached()));
        }
        Task::Worker { orders, witness } => {
            let process =
                Process::new(open().await, &job.sandbox, Steps::new(None), job.loss).await;
            process.work(&orders, witness).await;
        }
        Task::Duplicates { callback } => {
            let mut stores = Vec::new();
            for _ in 0..COPIES {
                stores.push(open().await);
            }
            receive_at_once(stores, callback).await;
        }
    }
}

/// Receives a callback on all connections at once, and says all replies.
async fn receive_at_once<S: Store>(stores: Vec<S>, callback: Callback) {
    let barrier = Arc::new(Barrier::new(stores.len()));
    let receiving: Vec<_> = stores
        .into_iter()
        .map(|store| {
            let (barrier, callback) = (Arc::clone(&barrier), callback.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                store.transact(Receive(callback)).await.unwrap()
            })
        })
        .collect();
    for reply in receiving {
        say(&format!("replied {}", reply.await.unwrap()));
    }
}

struct Process<S: Store> {
    journal: Journal<Stepped<S>>,
    store: Stepped<S>,
    client: Stepped<Client>,
    admin: Admin,
    steps: Steps,
}

impl<S: Store> Process<S> {
    async fn new(store: S, sandbox: &str, steps: Steps, loss: Loss) -> Self {
        let admin = Admin::new(sandbox).unwrap();
        let info = admin.info().await.unwrap();
        let to = sandbox.strip_prefix("http://").unwrap().to_owned();
        let network = network::start(to, steps.clone(), loss).await;
        let keys = Credentials::new(&info.user_name, &info.authentication, &info.encrypt_key);
        let client = Client::new(
            &Environment::Custom(network),
            &info.caller_name,
            KeyRing::new(keys.unwrap()),
        );
        let store = Stepped {
            inner: store,
            steps: steps.clone(),
        };
        let client = Stepped {
            inner: client.unwrap(),
            steps: steps.clone(),
        };
        let process = Self {
            journal: journal(store.clone(), Policy::default()).await,
            store,
            client,
            admin,
            steps,
        };
        process.read_clock().await;
        process
    }

    /// Lets an hour pass.
    async fn advance(&self) {
        self.admin.advance(Duration::seconds(3600)).await.unwrap();
        self.read_clock().await;
    }

    /// The process has the time of the sandbox.
    async fn read_clock(&self) {
        let clock = self.admin.clock().await.unwrap();
        let now = clock.now.date_time().to_system_time();
        self.steps.set_time(Timestamp::from(now));
    }

    async fn live(&self, order: &str, is_restart: bool, callbacks: Vec<Callback>, witness: u64) {
        for callback in callbacks {
            let reply = self.store.transact(Receive(callback)).await.unwrap();
            say(&format!("replied {reply}"));
        }
        if is_restart {
            self.advance().await;
            let payout = Payout::of(request(order, &format!("SKY98{order}")).unwrap());
            match self.journal.send(&self.client, &payout).await {
                // The process was killed before it had ordered.
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        } else {
            let payout = self.order(order, true).await;
            let _ = self.send(&payout).await;
        }
        for round in 0..ROUNDS {
            self.advance().await;
            self.round(witness + round as u64).await;
            if !self.store.transact(IsOpen(UNDECIDED)).await.unwrap() {
                return;
            }
        }
        panic!("{ROUNDS} rounds leave something open");
    }

    async fn work(&self, orders: &[String], witness: u64) {
        say("ready");
        let mut lines = std::io::stdin().lock().lines();
        lines.next();
        for order in orders {
            let payout = self.order(order, false).await;
            let _ = self.send(&payout).await;
        }
        say("sent");
        for (round, line) in lines.enumerate() {
            line.unwrap();
            self.round(witness + round as u64).await;
            let open = self.store.transact(IsOpen(UNDECIDED)).await.unwrap();
            say(if open { "open" } else { "decided" });
        }
    }

    async fn order(&self, order_id: &str, booked: bool) -> Payout<PayoutQueueRequest> {
        let order = Order {
            journal: self.journal.clone(),
            order_id: order_id.to_owned(),
            booked,
        };
        self.store.transact(order).await.unwrap()
    }

    async fn send(&self, payout: &Payout<PayoutQueueRequest>) -> Sent {
        self.journal.send(&self.client, payout).await.unwrap()
    }

    /// Asks, sends again what may be sent again, and does what follows. As long as it
    /// is not known where a payout is, another one is sent that can be its witness.
    async fn round(&self, witness: u64) {
        self.read_clock().await;
        let unknown =
            "SELECT number FROM skypay_payout WHERE state IN ('sending', 'unknown') LIMIT 1";
        if self.store.transact(IsOpen(unknown)).await.unwrap() {
            let payout = self.order(&witness.to_string(), true).await;
            let _ = self.send(&payout).await;
        }
        let up_to = "10000.00".parse().unwrap();
        Sweeper::new(self.journal.clone(), self.client.clone(), Requests)
            .resend(Resend::Automatic { up_to })
            .round()
            .await
            .unwrap();
        let next = DoNext(self.journal.clone());
        while self.store.transact(next.clone()).await.unwrap() {}
    }
}

/// The request of an order; one whose id begins with 2 fails at SkyPay.
fn request(order_id: &str, number: &str) -> Result<PayoutQueueRequest, Invalid> {
    let fails = order_id.starts_with('2');
    payout(number, if fails { "3900.01" } else { "3900.00" })
}

struct Requests;

impl Orders for Requests {
    async fn request(
        &self,
        order_id: &str,
        number: &str,
    ) -> Result<AnyPayout, Box<dyn StdError + Send + Sync>> {
        Ok(request(order_id, number)?.into())
    }
}

fn failed(error: Error) -> DatabaseError {
    match error {
        Error::Database(error) => error,
        // Another process did it: what was booked with it is rolled back, and the
        // next one is looked for.
        error @ Error::DoneElsewhere { .. } => DatabaseError::new(error, true),
        error => panic!("{error}"),
    }
}

/// Books something about an order or a callback.
async fn book<D: Database>(db: &mut D, about: &str, what: &str) -> Result<(), DatabaseError> {
    let values = [Value::Text(about), Value::Text(what)];
    db.run("INSERT INTO booking (about, what) VALUES ($1, $2)", &values)
        .await?;
    Ok(())
}

/// Orders a payout.
#[derive(Clone)]
struct Order<S> {
    journal: Journal<S>,
    order_id: String,
    booked: bool,
}

impl<S: Store> Work for Order<S> {
    type Output = Payout<PayoutQueueRequest>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        if self.booked {
            book(db, &self.order_id, "ordered").await?;
        }
        let request = |number: &str| request(&self.order_id, number);
        let ordered = self.journal.order(db, &self.order_id, request).await;
        ordered.map_err(failed)
    }
}

const UNDECIDED: &str = "SELECT number FROM skypay_payout WHERE state NOT IN \
    ('paid', 'failed', 'cancelled', 'rejected', 'withdrawn', 'contradiction') LIMIT 1";

/// Whether a query has rows.
#[derive(Clone)]
struct IsOpen(&'static str);

impl Work for IsOpen {
    type Output = bool;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<bool, DatabaseError> {
        Ok(!db.run(self.0, &[]).await?.is_empty())
    }
}

/// Does what follows from the next change; whether there was one.
#[derive(Clone)]
struct DoNext<S>(Journal<S>);

impl<S: Store> Work for DoNext<S> {
    type Output = bool;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<bool, DatabaseError> {
        let Some(change) = self.0.next_change(db).await.map_err(failed)? else {
            return Ok(false);
        };
        let what = match change.what {
            Change::Paid => "paid",
            Change::Released => "released",
            Change::Contradiction => "contradiction",
        };
        book(db, &change.order_id, what).await?;
        self.0.done(db, change).await.map_err(failed)?;
        Ok(true)
    }
}

/// Receives a callback; the output is the reply.
#[derive(Clone)]
struct Receive(Callback);

impl Work for Receive {
    type Output = String;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<String, DatabaseError> {
        use skypay_client::types as t;
        let callback = &self.0;
        match callback.operation.as_str() {
            "payoutQueuePayout" => take::<t::PayoutQueuePayoutRequest, _>(db, callback).await,
            "payoutInquiry" => take::<t::PayoutInquiryRequest, _>(db, callback).await,
            "payoutPayout" => once::<t::PayoutPayoutRequest, _>(db, callback).await,
            "collectionInquiry" => take::<t::CollectionInquiryRequest, _>(db, callback).await,
            "collectionCollect" => once::<t::CollectionCollectRequest, _>(db, callback).await,
            "financeNotification" => take::<t::FinanceNotificationRequest, _>(db, callback).await,
            other => panic!("{other}"),
        }
    }
}

async fn take<O: Operation, D: Database>(
    db: &mut D,
    callback: &Callback,
) -> Result<String, DatabaseError> {
    let request: O = callback.read();
    let delivery = Inbox::new(secret()).take(db, &request).await;
    match delivery.map_err(failed)? {
        Delivery::First => book(db, &callback.name, "received").await?,
        Delivery::Again => {}
        Delivery::Conflict => panic!("a conflict"),
    }
    Ok("1000".to_owned())
}

async fn once<O: Operation, D: Database>(
    db: &mut D,
    callback: &Callback,
) -> Result<String, DatabaseError> {
    let request: O = callback.read();
    let once = Inbox::new(secret()).once(db, &request).await;
    let reply = match once.map_err(failed)? {
        Once::Again(reply) => reply.unwrap(),
        Once::First(first) => {
            book(db, &callback.name, "received").await?;
            // Another process would make another reply.
            let process = format!("booked by process {}", std::process::id());
            let reply = json!({"responseCode": "1000", "responseDescription": process});
            let reply = read::from_slice(reply.to_string().as_bytes()).unwrap();
            first.reply(db, Ok(reply)).await.map_err(failed)?.unwrap()
        }
    };
    Ok(serde_json::to_string(&reply).unwrap())
}
