//! One version of the generated crates as a process: it builds and sends
//! messages, serves both sides on loopback and reports what was received. Orders
//! and their results are lines of JSON.
//!
//! `cargo xtask verify prove` compiles it once for each version of the document.

#![allow(deprecated, unused)]

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use skypay_server::types::{self, Operation, Validate, read};
use skypay_server::{Config, Context, NotStored, Refusal, Stored, callbacks, skypay};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1);
    let schemas = std::fs::read_to_string(path.ok_or("name the file with the schemas")?)?;
    let schemas: HashMap<String, Value> = serde_json::from_str(&schemas)?;
    let mut validators = HashMap::new();
    for (name, schema) in schemas {
        let options = jsonschema::options().with_draft(Draft::Draft7);
        validators.insert(name, options.build(&schema).map_err(|error| error.to_string())?);
    }
    let stage = Stage::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let address = runtime.block_on(serve(stage.clone()))?;
    let mut peer = Peer {
        validators,
        clients: HashMap::new(),
        stage,
    };
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

/// The senders of both directions.
struct Clients {
    skypay: Client,
    callbacks: CallbackSender,
}

impl Peer {
    async fn follow(&mut self, order: &Value) -> Value {
        let text = |key: &str| order[key].as_str().unwrap_or_default();
        match text("do") {
            "build" => match build(text("operation"), text("part"), &order["value"]) {
                Ok(value) => json!({ "built": value }),
                Err(refused) => json!({ "refused": refused }),
            },
            "plan" => {
                *self.stage.lock() = Scene {
                    plan: order["plan"].clone(),
                    ..Scene::default()
                };
                json!({})
            }
            "call" => {
                let url = text("to");
                if !self.clients.contains_key(url) {
                    match clients(url) {
                        Ok(clients) => drop(self.clients.insert(url.to_owned(), clients)),
                        Err(error) => return json!({ "error": error.to_string() }),
                    }
                }
                call(&self.clients[url], text("operation"), &order["value"]).await
            }
            "seen" => {
                let scene = self.stage.lock();
                json!({
                    "reached": scene.reached,
                    "refused": scene.refused,
                    "request": scene.request,
                    "answer": scene.answer,
                })
            }
            "check" => match self.validators.get(text("schema")) {
                Some(validator) => json!({ "complaints": complaints(validator, &order["value"]) }),
                None => json!({ "error": "there is no such schema" }),
            },
            other => json!({ "error": format!("unknown order {other}") }),
        }
    }
}

/// Returns the violations of this version's document in a message.
fn complaints(validator: &Validator, value: &Value) -> Vec<Value> {
    let errors = validator.iter_errors(value).map(|error| {
        json!({
            "at": error.instance_path().to_string(),
            "rule": error.schema_path().to_string(),
        })
    });
    errors.collect()
}

fn clients(url: &str) -> Result<Clients, Failure> {
    let transport = |url: &str| Transport::builder(url, keys().into()).read_retries(0).build();
    Ok(Clients {
        skypay: Client::with_transport(transport(url)?, "acme")?,
        callbacks: CallbackSender::with_transport(transport(&format!("{url}/callbacks"))?),
    })
}

fn keys() -> Credentials {
    Credentials::new("App@skypay", "authentication", "encrypt key").unwrap()
}

/// Builds a valid message. Messages with unreadable values are refused.
fn built<T: serde::de::DeserializeOwned + Validate + std::fmt::Debug>(
    value: &Value,
) -> Result<T, String> {
    let message: T = read::from_slice(value.to_string().as_bytes()).map_err(|error| error.to_string())?;
    message.validate().map_err(|error| error.to_string())?;
    match format!("{message:?}").contains("Unreadable") {
        true => Err("something in it is unreadable".to_owned()),
        false => Ok(message),
    }
}

fn written<T: serde::de::DeserializeOwned + serde::Serialize + Validate + std::fmt::Debug>(
    value: &Value,
) -> Result<Value, String> {
    serde_json::to_value(built::<T>(value)?).map_err(|error| error.to_string())
}

/// Describes the outcome of a call.
fn outcome<T>(result: &Result<T, skypay_client::Error>) -> Value {
    match result {
        Ok(_) => json!({ "outcome": "accepted" }),
        Err(error) => json!({ "outcome": error.outcome().to_string(), "said": error.to_string() }),
    }
}

macro_rules! speak {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($notice_request:ident) -> $notice_response:ident;)* }
        inquiries { $($inquiry:ident($inquiry_request:ident) -> $inquiry_response:ident;)* }
    ) => {
        speak! { @call
            $((skypay $method $request $response))*
            $((callbacks $notice $notice_request $notice_response))*
            $((callbacks $inquiry $inquiry_request $inquiry_response))*
        }

        impl skypay_server::SkypayApi for Stage {
            $(async fn $method(&self, _: &Context, _: types::$request) -> Result<types::$response, Refusal> {
                self.answer::<types::$request>()
            })*
        }

        impl skypay_server::PartnerCallbacks for Stage {
            $(async fn $notice(&self, _: &Context, _: types::$notice_request) -> Result<Stored, NotStored> {
                self.lock().reached = true;
                Ok(Stored)
            })*

            $(async fn $inquiry(&self, _: &Context, _: types::$inquiry_request) -> Result<types::$inquiry_response, Refusal> {
                self.answer::<types::$inquiry_request>()
            })*
        }
    };
    (@call $(($client:ident $method:ident $request:ident $response:ident))*) => {
        fn build(operation: &str, part: &str, value: &Value) -> Result<Value, String> {
            $(if operation == types::$request::INFO.name {
                return match part {
                    "Request" => written::<types::$request>(value),
                    _ => written::<types::$response>(value),
                };
            })*
            Err("no such operation".to_owned())
        }

        async fn call(clients: &Clients, operation: &str, value: &Value) -> Value {
            $(if operation == types::$request::INFO.name {
                return match built::<types::$request>(value) {
                    Ok(request) => outcome(&clients.$client.$method(&request).await),
                    Err(refused) => json!({ "outcome": "not-built", "said": refused }),
                };
            })*
            json!({ "outcome": "not-built", "said": "no such operation" })
        }
    };
}

types::with_operations!(speak);

/// The planned response, and the recorded exchange.
#[derive(Clone, Default)]
struct Stage(Arc<Mutex<Scene>>);

#[derive(Default)]
struct Scene {
    plan: Value,
    reached: bool,
    refused: Option<String>,
    request: Value,
    answer: Value,
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, Scene> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the planned response of a handler, as built by this version.
    fn answer<O: Operation<Response: std::fmt::Debug>>(&self) -> Result<O::Response, Refusal> {
        let mut scene = self.lock();
        scene.reached = true;
        if let Some(code) = scene.plan["refuse"].as_str() {
            return Err(Refusal::new(code.to_owned(), "as planned"));
        }
        let number = scene.plan["partner"].as_u64();
        let failed = match number.and_then(|number| u16::try_from(number).ok()) {
            Some(number) => match Refusal::partner::<O>(number, "as planned") {
                Ok(refusal) => return Err(refusal),
                Err(refused) => refused.to_string(),
            },
            None => match built(&scene.plan["value"]) {
                Ok(answer) => return Ok(answer),
                Err(refused) => refused,
            },
        };
        scene.refused = Some(failed);
        Err(Refusal::new("-9999", "not built"))
    }
}

async fn serve(stage: Stage) -> Result<SocketAddr, Failure> {
    let config = Config::new(keys());
    let callbacks = callbacks::router(stage.clone(), config.clone());
    let routes: Router = skypay::router(stage.clone(), config)
        .nest("/callbacks", callbacks)
        .layer(middleware::from_fn(move |request, next| {
            watched(stage.clone(), request, next)
        }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}

/// Records the plaintext of both directions.
async fn watched(stage: Stage, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (encrypted, plaintext) = opened(body).await;
    stage.lock().request = plaintext;
    let request = Request::from_parts(parts, Body::from(encrypted));
    let (parts, body) = next.run(request).await.into_parts();
    let (encrypted, plaintext) = opened(body).await;
    stage.lock().answer = plaintext;
    Response::from_parts(parts, Body::from(encrypted))
}

async fn opened(body: Body) -> (Bytes, Value) {
    let encrypted = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let plaintext = envelope::open(keys().key(), &encrypted).ok();
    let plaintext = plaintext.and_then(|text| serde_json::from_str(&text).ok());
    (encrypted, plaintext.unwrap_or_default())
}
