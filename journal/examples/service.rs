//! A service that pays withdrawals out, on PostgreSQL. It takes orders over HTTP, receives
//! SkyPay's callbacks, sweeps, books what has changed, shows its metrics, and finishes
//! what it has begun when it is stopped. Several copies of it may run at once.
//!
//! `compose.yaml` starts it with a sandbox. By hand, with the variables that `skypay
//! sandbox up` prints, `DATABASE_URL=postgres://…` and `JOURNAL_SECRET=…`:
//!
//! ```console
//! cargo run -p skypay-journal --features postgres --example service
//! skypay callbacks set http://127.0.0.1:8080/skypay
//! curl -H 'content-type: application/json' localhost:8080/withdrawals \
//!   -d '{"id": 1, "wallet": "09123456789", "name": "Dela Cruz,Juan", "amount": "3900.00"}'
//! curl localhost:8080/withdrawals/1
//! curl localhost:8080/metrics
//! ```

use std::env::var;
use std::error::Error as StdError;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use deadpool_postgres::{Client as Connection, Manager, Pool, PoolError};
use serde::Deserialize;
use skypay_client::types::{
    FinanceNotificationRequest, Invalid, PayoutChannel, PayoutQueuePayoutRequest,
    PayoutQueueRequest,
};
use skypay_client::{Client, Credentials, Environment};
use skypay_journal::{
    AnyPayout, Change, Error, Inbox, Journal, Numbers, Orders, Payout, Policy, Postgres, Secret,
    Sweeper, Timestamp,
};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks, serve};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_postgres::NoTls;

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// The service's own table. The names and wallets are here, not in the journal.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS withdrawal (
    id BIGINT PRIMARY KEY,
    wallet TEXT NOT NULL,
    name TEXT NOT NULL,
    amount TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open'
)";

#[tokio::main]
async fn main() -> Outcome<()> {
    let keys = Credentials::new(
        setting("SKYPAY_USER_NAME")?,
        setting("SKYPAY_AUTHENTICATION")?,
        setting("SKYPAY_ENCRYPT_KEY")?,
    )?;
    let environment = match (var("SKYPAY_SANDBOX"), var("SKYPAY_ENVIRONMENT").as_deref()) {
        (Ok(url), _) => Environment::Custom(url),
        (_, Ok("production")) => Environment::Production,
        _ => Environment::Test,
    };
    let client = Client::new(&environment, &setting("SKYPAY_CALLER_NAME")?, keys)?;
    let pool = Pool::builder(Manager::new(setting("DATABASE_URL")?.parse()?, NoTls)).build()?;
    let secret = Secret::new(setting("JOURNAL_SECRET")?)?;
    let service = Service::open(pool, client, secret, Policy::default()).await?;
    let address = var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        terminated().await;
        stop.send_replace(true);
    });
    service.run(listener, stopping).await
}

/// Waits for Ctrl-C, or for the signal by which containers and systemd end a program.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

#[derive(Clone)]
pub(crate) struct Service {
    pool: Pool,
    journal: Journal<Postgres>,
    inbox: Inbox,
    client: Client,
}

impl Service {
    pub(crate) async fn open(
        pool: Pool,
        client: Client,
        secret: Secret,
        policy: Policy,
    ) -> Outcome<Self> {
        pool.get().await?.batch_execute(TABLE).await?;
        let store = Postgres::open(pool.clone()).await?;
        let numbers = Numbers::numeric("SKY98")?; // the prefix that SkyPay gave you
        Ok(Self {
            pool,
            journal: Journal::open(store, policy, numbers, secret.clone()).await?,
            inbox: Inbox::new(secret),
            client,
        })
    }

    /// Does everything until `stopping` is true; what has begun is then finished.
    pub(crate) async fn run(
        self,
        listener: TcpListener,
        stopping: watch::Receiver<bool>,
    ) -> Outcome<()> {
        let sweeping = tokio::spawn(self.sweeper().run(stopped(stopping.clone())));
        let changing = tokio::spawn(do_changes(self.clone(), stopping.clone()));
        let config = Config::new(self.client.keys().clone());
        let routes = Router::new()
            .route("/withdrawals", post(withdraw))
            .route("/withdrawals/{id}", get(state))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
            // A proxy lets only SkyPay reach this path, and it no other.
            .nest("/skypay", callbacks::router(self, config));
        serve(listener, routes)
            .with_graceful_shutdown(stopped(stopping))
            .await?;
        sweeping.await?;
        changing.await?;
        Ok(())
    }

    pub(crate) fn sweeper(&self) -> Sweeper<Postgres, Client, Self> {
        Sweeper::new(self.journal.clone(), self.client.clone(), self.clone())
    }

    async fn connection(&self) -> Result<Connection, PoolError> {
        self.pool.get().await
    }

    /// Stores the withdrawal and its payout in one transaction. The same withdrawal again
    /// is the same payout; another one with its id is an error.
    async fn order(&self, withdrawal: &Withdrawal) -> Outcome<Payout<PayoutQueueRequest>> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.transaction().await?;
        let Withdrawal {
            id,
            wallet,
            name,
            amount,
        } = withdrawal;
        let insert = "INSERT INTO withdrawal (id, wallet, name, amount)
                      VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        transaction
            .execute(insert, &[id, wallet, name, amount])
            .await?;
        let order_id = id.to_string();
        let request = |number: &str| withdrawal.request(number);
        let order = self.journal.order(&mut transaction, &order_id, request);
        let payout = order.await?;
        transaction.commit().await?;
        Ok(payout)
    }
}

#[derive(Clone, Deserialize)]
struct Withdrawal {
    id: i64,
    wallet: String,
    name: String,
    amount: String,
}

impl Withdrawal {
    /// Builds the same request each time: the journal compares.
    fn request(&self, number: &str) -> Result<PayoutQueueRequest, Invalid> {
        PayoutQueueRequest::builder()
            .sender("Example App")
            .control_number(number)
            .name(self.name.as_str())
            .phone(self.wallet.as_str())
            .account_no(self.wallet.as_str())
            .amount(self.amount.as_str())
            .withdraw_channel(PayoutChannel::GCash)
            .build()
    }
}

/// Stores the withdrawal, then sends it. If this process ends in between, the sweeper
/// sends it. The changes say how it ends.
async fn withdraw(
    State(service): State<Service>,
    Json(withdrawal): Json<Withdrawal>,
) -> Result<StatusCode, (StatusCode, String)> {
    let payout = service.order(&withdrawal).await.map_err(failed)?;
    // In a task of its own: a caller that hangs up must not break off the call.
    let sending = tokio::spawn(async move {
        let sent = service.journal.send(&service.client, &payout).await?;
        println!("{}: {sent:?}", payout.number());
        Ok::<_, Error>(())
    });
    sending.await.map_err(failed)?.map_err(failed)?;
    Ok(StatusCode::ACCEPTED)
}

/// Says how a withdrawal ended, or that it is not known yet, in the words of `skypay
/// certify`.
async fn state(
    State(service): State<Service>,
    Path(id): Path<i64>,
) -> Result<String, (StatusCode, String)> {
    let connection = service.connection().await.map_err(failed)?;
    let select = "SELECT CASE WHEN p.state IN ('unknown', 'doubt') THEN 'unknown' ELSE w.state END
                  FROM withdrawal w LEFT JOIN skypay_payout p ON p.order_id = w.id::text
                  WHERE w.id = $1";
    let row = connection.query_opt(select, &[&id]).await.map_err(failed)?;
    let missing = (
        StatusCode::NOT_FOUND,
        "there is no such withdrawal".to_owned(),
    );
    row.map(|row| row.get(0)).ok_or(missing)
}

/// The journal's state, for Prometheus, the same from each copy of the service. Counters
/// of one process need an exporter of the crate `metrics`.
async fn metrics(State(service): State<Service>) -> Result<String, (StatusCode, String)> {
    let overview = service.journal.overview().await.map_err(failed)?;
    let age = |since: Option<Timestamp>| since.map_or(0, |since| (overview.now - since).as_secs());
    let gauges = [
        ("unknown_payouts", overview.unknowns()),
        ("oldest_unknown_seconds", age(overview.oldest_unknown)),
        ("sweep_lag_seconds", age(overview.due_since)),
        ("open_changes", overview.open_changes.values().sum()),
        ("oldest_change_seconds", age(overview.oldest_change)),
        ("contradictions", overview.open(Change::Contradiction)),
        ("conflicting_callbacks", overview.conflicts),
        ("held", overview.held_since.is_some().into()),
    ];
    let lines = gauges.map(|(name, value)| format!("skypay_journal_{name} {value}\n"));
    Ok(lines.concat())
}

/// Tells a caller what is wrong with its withdrawal; anything else is for the log.
fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> (StatusCode, String) {
    let error = error.into();
    match error.downcast_ref() {
        Some(Error::Request(reason)) => (StatusCode::UNPROCESSABLE_ENTITY, reason.to_string()),
        Some(another @ Error::AnotherRequest { .. }) => (StatusCode::CONFLICT, another.to_string()),
        _ => {
            eprintln!("{error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "try again".to_owned())
        }
    }
}

/// Returns an environment variable that has to be set.
fn setting(name: &str) -> Outcome<String> {
    var(name).map_err(|error| format!("{name}: {error}").into())
}

/// The sweeper asks for requests, which only this service has.
impl Orders for Service {
    async fn request(&self, order_id: &str, number: &str) -> Outcome<AnyPayout> {
        let id: i64 = order_id.parse()?;
        let select = "SELECT wallet, name, amount FROM withdrawal WHERE id = $1";
        let row = self.connection().await?.query_one(select, &[&id]).await?;
        let withdrawal = Withdrawal {
            id,
            wallet: row.get(0),
            name: row.get(1),
            amount: row.get(2),
        };
        Ok(withdrawal.request(number)?.into())
    }
}

impl PartnerCallbacks for Service {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notification: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.transaction().await?;
        self.inbox.take(&mut transaction, &notification).await?;
        self.journal
            .notified(&mut transaction, &notification)
            .await?;
        transaction.commit().await?;
        Ok(Stored)
    }

    async fn finance_notification(
        &self,
        _: &Context,
        notification: FinanceNotificationRequest,
    ) -> Result<Stored, NotStored> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.transaction().await?;
        self.inbox.take(&mut transaction, &notification).await?;
        self.journal.recharged(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Stored)
    }
}

/// Does changes as they come, each in one transaction with its effect.
async fn do_changes(service: Service, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        match next_change(&service).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => eprintln!("{error}"),
        }
        // It ends with the program, too.
        let stopped = stopping.wait_for(|stop| *stop);
        let _ = tokio::time::timeout(Duration::from_secs(1), stopped).await;
    }
}

/// Does the oldest change, if there is one.
async fn next_change(service: &Service) -> Outcome<bool> {
    let mut connection = service.connection().await?;
    let mut transaction = connection.transaction().await?;
    let Some(change) = service.journal.next_change(&mut transaction).await? else {
        return Ok(false);
    };
    // In the words by which `skypay certify` reads a record.
    let state = match change.what {
        Change::Paid => "paid",
        Change::Released => "released",
        Change::Contradiction => "conflict",
    };
    let id: i64 = change.order_id.parse()?;
    let update = "UPDATE withdrawal SET state = $1 WHERE id = $2";
    transaction.execute(update, &[&state, &id]).await?;
    service.journal.done(&mut transaction, change).await?;
    transaction.commit().await?;
    Ok(true)
}
