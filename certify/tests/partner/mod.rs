//! A partner's program that orders payouts, without the journal, and its mutants: the
//! mutant of a check does wrong what the check demands. What it has to remember is in
//! memory, which stays when the program "ends".

mod orders;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use orders::Entry;
pub(crate) use orders::{ALL_UNKNOWN, TOO_MANY};
use skypay_certify::Configuration;
use skypay_client::types::PayoutQueuePayoutRequest;
use skypay_client::{Client, KeyRing};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored};
use tokio::sync::watch;

use crate::program::{self, Variables};

pub(crate) struct Program {
    /// The check whose demand is not met.
    broken: &'static str,
    /// What survives the end of the program.
    data: Mutex<BTreeMap<u64, Entry>>,
    backup: Mutex<BTreeMap<u64, Entry>>,
    /// How far its clock is ahead, in seconds.
    ahead: Mutex<u64>,
    connection: Mutex<Option<Connection>>,
    /// The number of times that it was killed.
    killed: watch::Sender<u64>,
}

#[derive(Clone)]
struct Connection {
    client: Client,
    keys: KeyRing,
    /// Of all requests.
    url: String,
}

type Shared = State<Arc<Program>>;

/// Starts a program and returns the configuration that checks it.
pub(crate) async fn start(broken: &'static str) -> Configuration {
    let program = Arc::new(Program {
        broken,
        data: Mutex::default(),
        backup: Mutex::default(),
        ahead: Mutex::default(),
        connection: Mutex::default(),
        killed: watch::Sender::default(),
    });
    let routes = Router::new()
        .route("/start", post(connect))
        .route("/order/{order}/{amount}/{account}", post(order))
        .route("/state/{order}", post(state))
        .route("/kill", post(kill))
        .route("/clock/{seconds}", post(clock))
        .route("/backup", post(backup))
        .route("/restore", post(restore))
        .route("/keys", post(new_keys))
        .route("/callbacks", post(callback))
        .with_state(program);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let money = program::money(&base);
    let text = format!("url = '{base}/callbacks'\n[limits]\nsettle = 0\n{money}");
    Configuration::from_toml(&text).unwrap()
}

async fn connect(State(program): Shared, Json(variables): Variables) {
    let (client, keys) = program::connection(&variables);
    let url = format!(
        "{}/services/{}",
        variables["SKYPAY_SANDBOX"], variables["SKYPAY_CALLER_NAME"]
    );
    *program.connection.lock().unwrap() = Some(Connection { client, keys, url });
}

async fn new_keys(State(program): Shared, Json(variables): Variables) {
    if !["M12", "M17"].contains(&program.broken) {
        program::announce(&program.connection().keys, &variables);
    }
}

async fn order(
    State(program): Shared,
    Path((order, amount, account)): Path<(u64, String, String)>,
) -> StatusCode {
    let mut killed = program.killed.subscribe();
    tokio::select! {
        () = program.order(order, amount, account) => StatusCode::OK,
        _ = killed.changed() => StatusCode::BAD_GATEWAY,
    }
}

async fn state(State(program): Shared, Path(order): Path<u64>) -> &'static str {
    program.word(order)
}

async fn kill(State(program): Shared) {
    program.killed.send_modify(|killed| *killed += 1);
}

async fn clock(State(program): Shared, Path(seconds): Path<u64>) {
    *program.ahead.lock().unwrap() = seconds;
    program.work().await;
}

async fn backup(State(program): Shared) {
    *program.backup.lock().unwrap() = program.data.lock().unwrap().clone();
}

async fn restore(State(program): Shared) {
    *program.data.lock().unwrap() = program.backup.lock().unwrap().clone();
}

impl Program {
    fn connection(&self) -> Connection {
        self.connection.lock().unwrap().clone().unwrap()
    }
}

struct Callbacks(Arc<Program>);

impl PartnerCallbacks for Callbacks {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notification: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        self.0.notified(&notification);
        Ok(Stored)
    }
}

async fn callback(State(program): Shared, request: Request) -> Response {
    let config = Config::new(program.connection().keys);
    program::received(Callbacks(program), config, request).await
}
