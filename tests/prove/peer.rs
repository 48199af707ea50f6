//! One version of the generated crates as a process: it builds and sends
//! messages, serves both sides on the loopback interface and says what came
//! through. Commands and answers are lines of JSON.
//!
//! `cargo xtask verify prove` compiles it once for each version of the document;
//! `operations.rs` beside it is written for that version.

mod operations;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http_body_util::BodyExt;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use skypay_client::{CallbackSender, Client, Credentials, Transport};
use skypay_runtime::envelope;
use skypay_server::{Config, NotStored, Refusal, Stored, callbacks, skypay};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let schemas = std::env::args()
        .nth(1)
        .ok_or("name the file with the schemas")?;
    let schemas = std::fs::read_to_string(schemas)?;
    let mut peer = Peer {
        validators: validators(&serde_json::from_str(&schemas)?)?,
        clients: HashMap::new(),
        stage: Stage::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let address = runtime.block_on(serve(peer.stage.clone()))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({ "port": address.port() }))?;
    for line in std::io::stdin().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let answer = runtime.block_on(peer.follow(&order));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

struct Peer {
    validators: HashMap<String, Validator>,
    clients: HashMap<String, Clients>,
    stage: Stage,
}

impl Peer {
    async fn follow(&mut self, order: &Value) -> Value {
        let text = |key: &str| order[key].as_str().unwrap_or_default();
        match text("do") {
            "build" => match operations::build(text("message"), &order["value"]) {
                Ok(value) => json!({ "built": value }),
                Err(refused) => json!({ "refused": refused }),
            },
            "plan" => {
                let mut scene = self.stage.lock();
                *scene = Scene {
                    plan: order["plan"].clone(),
                    ..Scene::default()
                };
                json!({})
            }
            "call" => match self.clients(text("to")) {
                Ok(clients) => operations::call(clients, text("operation"), &order["value"]).await,
                Err(error) => json!({ "error": error.to_string() }),
            },
            "seen" => {
                let scene = self.stage.lock();
                json!({
                    "reached": scene.reached,
                    "refused": scene.refused,
                    "request": scene.request,
                    "answer": scene.answer,
                })
            }
            "check" => self.check(text("schema"), &order["value"]),
            other => json!({ "error": format!("unknown order {other}") }),
        }
    }

    /// The clients for an address, set up once.
    fn clients(&mut self, url: &str) -> Result<&Clients, Failure> {
        Ok(match self.clients.entry(url.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(clients(url)?),
        })
    }

    /// What the document of this version says against a message.
    fn check(&self, schema: &str, value: &Value) -> Value {
        let Some(validator) = self.validators.get(schema) else {
            return json!({ "error": format!("there is no schema {schema}") });
        };
        let complaints: Vec<_> = validator
            .iter_errors(value)
            .map(|error| {
                json!({
                    "at": error.instance_path().to_string(),
                    "rule": error.schema_path().to_string(),
                })
            })
            .collect();
        json!({ "complaints": complaints })
    }
}

fn validators(schemas: &Value) -> Result<HashMap<String, Validator>, Failure> {
    let mut validators = HashMap::new();
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let options = jsonschema::options().with_draft(Draft::Draft7);
        let validator = options.build(schema).map_err(|error| error.to_string())?;
        validators.insert(name.clone(), validator);
    }
    Ok(validators)
}

/// Both ways to call somebody.
pub(crate) struct Clients {
    pub(crate) skypay: Client,
    pub(crate) callbacks: CallbackSender,
}

fn clients(url: &str) -> Result<Clients, Failure> {
    let skypay = Transport::builder(url, keys().into())
        .read_retries(0)
        .build()?;
    let callbacks = format!("{url}/callbacks");
    let callbacks = Transport::builder(&callbacks, keys().into())
        .read_retries(0)
        .build()?;
    Ok(Clients {
        skypay: Client::with_transport(skypay, "acme")?,
        callbacks: CallbackSender::with_transport(callbacks),
    })
}

fn keys() -> Credentials {
    Credentials::new("App@skypay", "authentication", "encrypt key").unwrap()
}

/// How a call ended.
pub(crate) fn outcome<T>(result: &Result<T, skypay_client::Error>) -> Value {
    match result {
        Ok(_) => json!({ "outcome": "accepted" }),
        Err(error) => json!({
            "outcome": error.outcome().as_str(),
            "code": error.code(),
            "said": error.to_string(),
        }),
    }
}

/// What is to be answered, and what was seen.
#[derive(Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<Scene>>);

#[derive(Default)]
struct Scene {
    plan: Value,
    reached: bool,
    refused: Option<String>,
    request: Value,
    answer: Value,
}

impl Stage {
    fn lock(&self) -> std::sync::MutexGuard<'_, Scene> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer of a handler: what the plan says, built as this version
    /// builds it.
    pub(crate) fn answer<T>(
        &self,
        build: impl Fn(&Value) -> Result<T, String>,
        partner: impl Fn(u16) -> Result<Refusal, String>,
    ) -> Result<T, Refusal> {
        let mut scene = self.lock();
        scene.reached = true;
        if let Some(code) = scene.plan["refuse"].as_str() {
            return Err(Refusal::new(code.to_owned(), "as planned"));
        }
        let number = scene.plan["partner"].as_u64();
        let failed = match number.and_then(|number| u16::try_from(number).ok()) {
            Some(number) => match partner(number) {
                Ok(refusal) => return Err(refusal),
                Err(refused) => refused,
            },
            None => match build(&scene.plan["value"]) {
                Ok(answer) => return Ok(answer),
                Err(refused) => refused,
            },
        };
        scene.refused = Some(failed);
        Err(Refusal::new("-9999", "not built"))
    }

    /// The same for a notice.
    pub(crate) fn acknowledge(&self) -> Result<Stored, NotStored> {
        self.lock().reached = true;
        Ok(Stored)
    }
}

/// A value for a setter that takes a text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value for a setter that takes a number.
pub(crate) fn number(value: &Value) -> i128 {
    text(value).parse().unwrap_or(i128::MAX)
}

/// A value for a setter that takes several.
pub(crate) fn list<T>(
    value: &Value,
    item: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    value.as_array().into_iter().flatten().map(item).collect()
}

/// A built message as it would be sent.
pub(crate) fn built<T: serde::Serialize>(message: Result<T, String>) -> Result<Value, String> {
    serde_json::to_value(message?).map_err(|error| error.to_string())
}

async fn serve(stage: Stage) -> Result<SocketAddr, Failure> {
    let config = Config::new(keys());
    let callbacks = callbacks::router(stage.clone(), config.clone());
    let routes: Router = skypay::router(stage.clone(), config)
        .nest("/callbacks", callbacks)
        .layer(middleware::from_fn(move |request, next| {
            let stage = stage.clone();
            async move { watched(stage, request, next).await }
        }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}

/// Notes the plaintext of both directions.
async fn watched(stage: Stage, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let sealed = bytes(body).await;
    stage.lock().request = opened(&sealed);
    let request = Request::from_parts(parts, Body::from(sealed));
    let (parts, body) = next.run(request).await.into_parts();
    let sealed = bytes(body).await;
    stage.lock().answer = opened(&sealed);
    Response::from_parts(parts, Body::from(sealed))
}

async fn bytes(body: Body) -> Bytes {
    body.collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default()
}

fn opened(sealed: &[u8]) -> Value {
    let keys = keys();
    let plaintext = envelope::open(keys.key(), sealed);
    let plaintext = plaintext.ok().map(|plaintext| plaintext.to_string());
    plaintext
        .and_then(|plaintext| serde_json::from_str(&plaintext).ok())
        .unwrap_or_default()
}
