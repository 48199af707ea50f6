//! A service that pays withdrawals out, on PostgreSQL: it takes them over HTTP,
//! receives SkyPay's callbacks, and sweeps. Several copies of it may run at once.
//!
//! `DATABASE_URL=postgres://… cargo run -p skypay-journal --features postgres --example service`
//!
//! with the URL and credentials that `skypay sandbox up` prints. Then:
//!
//! `curl -d '{"id": 1, "wallet": "09123456789", "name": "Dela Cruz,Juan", "amount": "3900.00"}'
//! -H 'content-type: application/json' localhost:8080/withdrawals`

use std::env::var;
use std::error::Error as StdError;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use deadpool_postgres::{Client as Connection, Manager, Pool, PoolError, Transaction};
use serde::Deserialize;
use skypay_client::types::{
    FinanceNotificationRequest, Invalid, PayoutChannel, PayoutQueuePayoutRequest,
    PayoutQueueRequest,
};
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_journal::{
    AnyPayout, Change, Inbox, Journal, Numbers, Orders, Policy, Postgres, Secret, Sweeper,
};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks, serve};
use tokio::net::TcpListener;
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

#[derive(Clone)]
struct Service {
    pool: Pool,
    journal: Journal<Postgres>,
    inbox: Inbox,
    client: Client,
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

#[tokio::main]
async fn main() -> Outcome<()> {
    let manager = Manager::new(var("DATABASE_URL")?.parse()?, NoTls);
    let pool = Pool::builder(manager).build()?;
    pool.get().await?.batch_execute(TABLE).await?;
    let keys = KeyRing::new(Credentials::new(
        var("SKYPAY_USER_NAME")?,
        var("SKYPAY_AUTHENTICATION")?,
        var("SKYPAY_ENCRYPT_KEY")?,
    )?);
    let environment = Environment::Custom(var("SKYPAY_SANDBOX")?);
    // In production it comes from where your other secrets are.
    let secret = Secret::new(*b"not a secret: it is in a repository")?;
    let service = Service {
        journal: Journal::open(
            Postgres::open(pool.clone()).await?,
            Policy::default(),
            Numbers::numeric("SKY98")?,
            secret.clone(),
        )
        .await?,
        pool,
        inbox: Inbox::new(secret),
        client: Client::new(&environment, &var("SKYPAY_CALLER_NAME")?, keys.clone())?,
    };
    let sweeper = Sweeper::new(
        service.journal.clone(),
        service.client.clone(),
        service.clone(),
    );
    tokio::spawn(sweeper.run(std::future::pending()));
    tokio::spawn(do_changes(service.clone()));
    let routes = Router::new()
        .route("/withdrawals", post(withdraw))
        .route("/withdrawals/{id}", get(state))
        .with_state(service.clone())
        // A proxy lets only SkyPay reach this path.
        .nest("/skypay", callbacks::router(service, Config::new(keys)));
    let address = var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    serve(listener, routes).await?;
    Ok(())
}

/// Stores the withdrawal and its payout in one transaction, then sends it. If this
/// process ends in between, the sweeper sends it.
async fn withdraw(
    State(service): State<Service>,
    Json(withdrawal): Json<Withdrawal>,
) -> Result<StatusCode, (StatusCode, String)> {
    let payout = service.order(&withdrawal).await.map_err(failed)?;
    let sent = service.journal.send(&service.client, &payout).await;
    println!("{}: {:?}", payout.number(), sent.map_err(failed)?);
    // The changes say how it ends.
    Ok(StatusCode::ACCEPTED)
}

fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> (StatusCode, String) {
    eprintln!("{}", error.into());
    (StatusCode::INTERNAL_SERVER_ERROR, "try again".to_owned())
}

async fn state(
    State(service): State<Service>,
    Path(id): Path<i64>,
) -> Result<String, (StatusCode, String)> {
    let connection = service.connection().await.map_err(failed)?;
    let select = "SELECT state FROM withdrawal WHERE id = $1";
    let row = connection.query_opt(select, &[&id]).await.map_err(failed)?;
    let unknown = || {
        (
            StatusCode::NOT_FOUND,
            "there is no such withdrawal".to_owned(),
        )
    };
    row.map(|row| row.get(0)).ok_or_else(unknown)
}

impl Service {
    async fn connection(&self) -> Result<Connection, PoolError> {
        self.pool.get().await
    }

    async fn order(
        &self,
        withdrawal: &Withdrawal,
    ) -> Outcome<skypay_journal::Payout<PayoutQueueRequest>> {
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
        let payout = self
            .journal
            .order(&mut transaction, &order_id, request)
            .await?;
        transaction.commit().await?;
        Ok(payout)
    }
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
async fn do_changes(service: Service) {
    loop {
        match next_change(&service).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => eprintln!("{error}"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Does the oldest change, if there is one.
async fn next_change(service: &Service) -> Outcome<bool> {
    let mut connection = service.connection().await?;
    let mut transaction = connection.transaction().await?;
    let Some(change) = service.journal.next_change(&mut transaction).await? else {
        return Ok(false);
    };
    let state = match change.what {
        Change::Paid => "paid",
        Change::Released => "given back",
        Change::Contradiction => "a person decides",
    };
    set_state(&transaction, &change.order_id, state).await?;
    service.journal.done(&mut transaction, change).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn set_state(transaction: &Transaction<'_>, order_id: &str, state: &str) -> Outcome<()> {
    let id: i64 = order_id.parse()?;
    let update = "UPDATE withdrawal SET state = $1 WHERE id = $2";
    transaction.execute(update, &[&state, &id]).await?;
    Ok(())
}
