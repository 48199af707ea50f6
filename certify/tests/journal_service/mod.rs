//! The journal's example service, `journal/examples/service.rs`, on SQLite and with a
//! clock that can be set.

mod clock;

use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use clock::{Ahead, LaterStore};
use rusqlite::{Connection, OptionalExtension, params};
use skypay_certify::Configuration;
use skypay_client::types::{
    Amount, FinanceNotificationRequest, PayoutQueuePayoutRequest, PayoutQueueRequest,
};
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_journal::{
    AnyPayout, Change, Delivery, Inbox, Journal, Numbers, Orders, Payout, Policy, Resend, Secret,
    Sqlite, State as Standing, Sweeper,
};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored};
use tokio::sync::watch;

use crate::program::{self, Variables, request};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS withdrawal (
        id INTEGER PRIMARY KEY,
        wallet TEXT NOT NULL,
        amount TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'open'
    );
    CREATE TABLE IF NOT EXISTS effect (operation TEXT NOT NULL, key TEXT NOT NULL);";

pub(crate) struct Service {
    folder: tempfile::TempDir,
    ahead: Ahead,
    app: Mutex<App>,
    is_database_down: AtomicBool,
    is_restored: AtomicBool,
    made: AtomicU64,
    killed: watch::Sender<u64>,
}

#[derive(Clone)]
struct App {
    file: PathBuf,
    ahead: Ahead,
    journal: Journal<LaterStore>,
    inbox: Inbox,
    client: Client,
    keys: KeyRing,
}

type Shared = State<Arc<Service>>;

/// Starts the service, and returns the configuration that certifies it.
pub(crate) async fn start(keys: Credentials) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let ahead = Ahead::default();
    let keys = KeyRing::new(keys);
    let nowhere = Environment::Custom("http://127.0.0.1:1".to_owned());
    let client = Client::new(&nowhere, "app", keys.clone()).unwrap();
    let app = App::open(folder.path(), &ahead, client, keys).await;
    let service = Arc::new(Service {
        app: Mutex::new(app),
        folder,
        ahead,
        is_database_down: AtomicBool::new(false),
        is_restored: AtomicBool::new(false),
        made: AtomicU64::new(1),
        killed: watch::Sender::default(),
    });
    let routes = Router::new()
        .route("/fixture", post(fixture))
        .route("/reference", post(reference))
        .route("/effects/{operation}/{key}", post(effects))
        .route("/recorded/{number}", post(recorded_of_number))
        .route("/restart", post(reopen))
        .route("/database/{state}", post(database))
        .route("/start", post(connect))
        .route("/order/{id}/{amount}/{wallet}", post(withdraw))
        .route("/state/{id}", post(recorded))
        .route("/kill", post(kill))
        .route("/clock/{seconds}", post(clock))
        .route("/backup", post(backup))
        .route("/restore", post(restore))
        .route("/keys", post(new_keys))
        .route("/skypay", post(callback))
        .with_state(service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { skypay_server::serve(listener, routes).await });
    let money = program::money(&base);
    let text = format!(
        "url = '{base}/skypay'\neffects = '{base}/effects/{{operation}}/{{key}}'\n\
         state = '{base}/recorded/{{controlNumber}}'\nrestart = '{base}/restart'\n\
         kill = '{base}/restart'\nbreak-database = '{base}/database/down'\n\
         restore-database = '{base}/database/up'\n\
         [fixtures]\npayoutQueuePayout = '{base}/fixture'\n\
         financeNotification = '{base}/reference'\n\
         [limits]\nanswer = 60\nburst = 60\nlarge = 60\nsettle = 0\nslow = 5\npause = 0.05\n{money}"
    );
    Configuration::from_toml(&text).unwrap()
}

impl App {
    async fn open(folder: &FilePath, ahead: &Ahead, client: Client, keys: KeyRing) -> Self {
        let file = folder.join("app.db");
        let store = LaterStore {
            store: Sqlite::open(&file).unwrap(),
            ahead: ahead.clone(),
        };
        let secret = Secret::new(*b"not a secret: it is in a repository").unwrap();
        Connection::open(&file)
            .unwrap()
            .execute_batch(TABLES)
            .unwrap();
        let numbers = Numbers::numeric("SKY98").unwrap();
        Self {
            journal: Journal::open(store, Policy::default(), numbers, secret.clone())
                .await
                .unwrap(),
            inbox: Inbox::new(secret),
            ahead: ahead.clone(),
            file,
            client,
            keys,
        }
    }

    /// A connection with a transaction, which ends with it unless it is committed.
    fn begin(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open(&self.file)?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.execute_batch("BEGIN IMMEDIATE")?;
        Ok(db)
    }

    fn order(&self, id: u64, amount: &str, wallet: &str) -> Outcome<Payout<PayoutQueueRequest>> {
        let mut db = self.begin()?;
        let insert = "INSERT INTO withdrawal (id, wallet, amount) VALUES (?1, ?2, ?3)
                      ON CONFLICT DO NOTHING";
        db.execute(insert, params![id, wallet, amount])?;
        let request = |number: &str| request(number, wallet, amount);
        let mut virtual_db = self.ahead.of(&mut db);
        let id = id.to_string();
        let payout = Sqlite::complete(self.journal.order(&mut virtual_db, &id, request))?;
        db.execute_batch("COMMIT")?;
        Ok(payout)
    }

    /// Does rounds of the sweeper and the changes that follow.
    async fn work(&self) -> Outcome<()> {
        let up_to = Amount::from_centavos(100_000_000);
        let sweeper = Sweeper::new(self.journal.clone(), self.client.clone(), self.clone())
            .resend(Resend::Automatic { up_to });
        sweeper.round().await?;
        while self.next_change()? {}
        Ok(())
    }

    fn next_change(&self) -> Outcome<bool> {
        let mut db = self.begin()?;
        let mut virtual_db = self.ahead.of(&mut db);
        let Some(change) = Sqlite::complete(self.journal.next_change(&mut virtual_db))? else {
            return Ok(false);
        };
        let state = match change.what {
            Change::Paid => "paid",
            Change::Released => "released",
            Change::Contradiction => "conflict",
        };
        let update = "UPDATE withdrawal SET state = ?1 WHERE id = ?2";
        let id = change.order_id.clone();
        db.execute(update, params![state, id])?;
        let mut virtual_db = self.ahead.of(&mut db);
        Sqlite::complete(self.journal.done(&mut virtual_db, change))?;
        db.execute_batch("COMMIT")?;
        Ok(true)
    }

    fn withdrawal(&self, id: u64) -> Outcome<Option<String>> {
        let db = Connection::open(&self.file)?;
        let select = "SELECT state FROM withdrawal WHERE id = ?1";
        Ok(db.query_row(select, [id], |row| row.get(0)).optional()?)
    }

    /// What its record says, in the words of the configuration.
    async fn recorded(&self, id: u64) -> Outcome<String> {
        let Some(state) = self.withdrawal(id)? else {
            return Ok("unknown".to_owned());
        };
        if state != "open" {
            return Ok(state);
        }
        let standing = self.journal.standing(&number(id)).await?;
        let listed = [
            Standing::Unknown,
            Standing::Permitted,
            Standing::Doubt,
            Standing::Sending,
        ];
        let word = if listed.contains(&standing.state) {
            "unknown"
        } else {
            "open"
        };
        Ok(word.to_owned())
    }

    /// Counts the first delivery of each effect.
    fn effect(db: &Connection, operation: &str, key: &str) -> rusqlite::Result<()> {
        let insert = "INSERT INTO effect (operation, key) SELECT ?1, ?2 WHERE NOT EXISTS
                      (SELECT 1 FROM effect WHERE operation = ?1 AND key = ?2)";
        db.execute(insert, [operation, key])?;
        Ok(())
    }
}

fn number(id: u64) -> String {
    format!("SKY98{id:0>8}")
}

impl Orders for App {
    async fn request(&self, order_id: &str, number: &str) -> Outcome<AnyPayout> {
        let db = Connection::open(&self.file)?;
        let select = "SELECT wallet, amount FROM withdrawal WHERE id = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (wallet, amount): (String, String) = db.query_row(select, [order_id], row)?;
        Ok(request(number, &wallet, &amount)?.into())
    }
}

struct Callbacks(Arc<Service>);

impl Callbacks {
    fn open(&self) -> Result<(App, Connection), NotStored> {
        if self.0.is_database_down.load(Ordering::SeqCst) {
            return Err(NotStored::new("the database is away"));
        }
        let app = self.0.app();
        let db = app.begin()?;
        Ok((app, db))
    }
}

impl PartnerCallbacks for Callbacks {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notification: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let (app, mut db) = self.open()?;
        let mut virtual_db = app.ahead.of(&mut db);
        let delivery = Sqlite::complete(async {
            let delivery = app.inbox.take(&mut virtual_db, &notification).await?;
            app.journal.notified(&mut virtual_db, &notification).await?;
            Ok::<_, skypay_journal::Error>(delivery)
        })?;
        if delivery == Delivery::First {
            let number = notification.control_number.as_str();
            let key = format!("{number}:{}", notification.pay_type.as_str());
            App::effect(&db, "payoutQueuePayout", &key)?;
        }
        db.execute_batch("COMMIT")?;
        Ok(Stored)
    }

    async fn finance_notification(
        &self,
        _: &Context,
        notification: FinanceNotificationRequest,
    ) -> Result<Stored, NotStored> {
        let (app, mut db) = self.open()?;
        let mut virtual_db = app.ahead.of(&mut db);
        let delivery = Sqlite::complete(async {
            let delivery = app.inbox.take(&mut virtual_db, &notification).await?;
            app.journal.recharged(&mut virtual_db).await?;
            Ok::<_, skypay_journal::Error>(delivery)
        })?;
        if delivery == Delivery::First {
            let reference = notification.reference_number.as_str();
            let key = format!("{reference}:{}", notification.account_no.expose());
            App::effect(&db, "financeNotification", &key)?;
        }
        db.execute_batch("COMMIT")?;
        Ok(Stored)
    }
}

impl Service {
    fn app(&self) -> App {
        self.app.lock().unwrap().clone()
    }

    async fn reopen(&self, client: Client, keys: KeyRing) {
        let app = App::open(self.folder.path(), &self.ahead, client, keys).await;
        *self.app.lock().unwrap() = app;
    }
}

async fn callback(State(service): Shared, request: Request) -> Response {
    let config = Config::new(service.app().keys).body_time(Duration::from_millis(500));
    program::received(Callbacks(service), config, request).await
}

/// Makes a payout of which SkyPay has said nothing.
async fn fixture(State(service): Shared) -> String {
    let id = service.made.fetch_add(1, Ordering::SeqCst);
    let payout = service.app().order(id, "3900.00", "09123456789").unwrap();
    serde_json::json!({ "controlNumber": payout.number() }).to_string()
}

/// A movement on an account that was not reported yet.
async fn reference(State(service): Shared) -> String {
    let number = service.made.fetch_add(1, Ordering::SeqCst);
    serde_json::json!({ "referenceNumber": format!("D-20240205-{number}") }).to_string()
}

async fn effects(State(service): Shared, Path((operation, key)): Path<(String, String)>) -> String {
    let db = Connection::open(&service.app().file).unwrap();
    let select = "SELECT count(*) FROM effect WHERE operation = ?1 AND key = ?2";
    let count: u64 = db
        .query_row(select, [operation, key], |row| row.get(0))
        .unwrap();
    count.to_string()
}

async fn recorded_of_number(State(service): Shared, Path(number): Path<String>) -> String {
    let id = number.trim_start_matches("SKY98").parse().unwrap();
    service.app().recorded(id).await.unwrap()
}

async fn recorded(State(service): Shared, Path(id): Path<u64>) -> String {
    service.app().recorded(id).await.unwrap()
}

async fn reopen(State(service): Shared) {
    let App { client, keys, .. } = service.app();
    service.reopen(client, keys).await;
}

async fn database(State(service): Shared, Path(state): Path<String>) {
    service
        .is_database_down
        .store(state == "down", Ordering::SeqCst);
}

async fn connect(State(service): Shared, Json(variables): Variables) {
    let (client, keys) = program::connection(&variables);
    service.reopen(client, keys).await;
}

async fn new_keys(State(service): Shared, Json(variables): Variables) {
    program::announce(&service.app().keys, &variables);
}

/// Stores the withdrawal and its payout, then sends it. If the process ends in
/// between, the sweeper sends it.
async fn withdraw(
    State(service): Shared,
    Path((id, amount, wallet)): Path<(u64, String, String)>,
) -> StatusCode {
    let app = service.app();
    let Ok(payout) = app.order(id, &amount, &wallet) else {
        return StatusCode::INTERNAL_SERVER_ERROR;
    };
    let mut killed = service.killed.subscribe();
    tokio::select! {
        sent = app.journal.send(&app.client, &payout) => match sent {
            Ok(_) => StatusCode::ACCEPTED,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        },
        _ = killed.changed() => StatusCode::BAD_GATEWAY,
    }
}

async fn kill(State(service): Shared) {
    service.killed.send_modify(|killed| *killed += 1);
}

async fn clock(State(service): Shared, Path(seconds): Path<u64>) -> StatusCode {
    service.ahead.set(seconds);
    let app = service.app();
    if service.is_restored.load(Ordering::SeqCst) {
        let recovery = app.journal.recover(&app.client, None).await;
        let held = recovery.is_ok_and(|recovery| recovery.held_until.is_some());
        service.is_restored.store(held, Ordering::SeqCst);
    }
    match app.work().await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn backup(State(service): Shared) {
    let copy = service.folder.path().join("backup.db");
    let _ = std::fs::remove_file(&copy);
    let into = format!("VACUUM INTO '{}'", copy.display());
    let db = Connection::open(&service.app().file).unwrap();
    db.execute_batch(&into).unwrap();
}

async fn restore(State(service): Shared) {
    let copy = service.folder.path().join("backup.db");
    let mut db = Connection::open(&service.app().file).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    db.restore("main", copy, None::<fn(rusqlite::backup::Progress)>)
        .unwrap();
    service.is_restored.store(true, Ordering::SeqCst);
}
