//! A partner's program that orders payouts, without the journal, and its mutants: the
//! mutant of a check does wrong what the check demands. What it has to remember is in
//! memory, which stays when the program "ends".

mod orders;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use orders::Entry;
use skypay_certify::Configuration;
use skypay_client::types::PayoutQueuePayoutRequest;
use skypay_client::{Client, Credentials, Environment, KeyRing};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};
use tokio::sync::watch;

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
}

type Shared = State<Arc<Program>>;

/// The sandbox's URL and keys, or a new pair, as variables.
type Variables = Json<BTreeMap<String, String>>;

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
    let text = format!(
        "url = '{base}/callbacks'\n[limits]\nsettle = 0\n[money]\nstart = '{base}/start'\n\
         order = '{base}/order/{{order}}/{{amount}}/{{account}}'\n\
         state = '{base}/state/{{order}}'\nkill = '{base}/kill'\n\
         clock = '{base}/clock/{{seconds}}'\nbackup = '{base}/backup'\n\
         restore = '{base}/restore'\nkeys = '{base}/keys'\n"
    );
    Configuration::from_toml(&text).unwrap()
}

fn credentials(variables: &BTreeMap<String, String>, user_name: &str) -> Credentials {
    let text = |name: &str| variables[name].clone();
    let (authentication, key) = (text("SKYPAY_AUTHENTICATION"), text("SKYPAY_ENCRYPT_KEY"));
    Credentials::new(user_name, authentication, key).unwrap()
}

async fn connect(State(program): Shared, Json(variables): Variables) {
    let keys = KeyRing::new(credentials(&variables, &variables["SKYPAY_USER_NAME"]));
    let environment = Environment::Custom(variables["SKYPAY_SANDBOX"].clone());
    let caller = &variables["SKYPAY_CALLER_NAME"];
    let client = Client::new(&environment, caller, keys.clone()).unwrap();
    *program.connection.lock().unwrap() = Some(Connection { client, keys });
}

async fn new_keys(State(program): Shared, Json(variables): Variables) {
    let connection = program.connection();
    if !["M12", "M17"].contains(&program.broken) {
        let user_name = connection.keys.current().user_name().to_owned();
        connection
            .keys
            .announce(credentials(&variables, &user_name));
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

/// The keys may be new ones by now.
async fn callback(
    State(program): Shared,
    request: axum::extract::Request,
) -> axum::response::Response {
    use tower::ServiceExt;
    let keys = program.connection().keys;
    let router = callbacks::router(Callbacks(program), Config::new(keys));
    let (mut parts, body) = request.into_parts();
    parts.uri = axum::http::Uri::from_static("/");
    let request = axum::extract::Request::from_parts(parts, body);
    router.oneshot(request).await.unwrap()
}
