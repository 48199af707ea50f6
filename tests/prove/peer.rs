//! One version of the generated crates as a process: it builds and sends
//! messages, serves both sides on loopback and reports what was received. Orders
//! and their results are lines of JSON.
//!
//! `cargo xtask verify prove` compiles it once for each version of the document,
//! with the modules of `tests/support`.

#![allow(deprecated, unused)]

mod handlers;
mod loopback;
mod operations;

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use skypay_runtime::envelope;
use skypay_types::Mode;

use handlers::{Asked, Deciding, Turn};
use loopback::{Wire, config, credentials, host, keys, routes};
use operations::{Caller, Message, named};

/// The planned response, and what was recorded.
#[derive(Default)]
struct Scene {
    plan: Value,
    /// Whether the request reached the handler.
    reached: bool,
    /// Whether the planned response was built.
    answered: bool,
}

fn lock(scene: &Mutex<Scene>) -> MutexGuard<'_, Scene> {
    scene.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> Result<(), Box<dyn Error>> {
    let scene = Arc::<Mutex<Scene>>::default();
    let deciding = scene.clone();
    let handler = Deciding::new(move |asked| decide(&mut lock(&deciding), asked));
    let wire = Wire::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let host = runtime.block_on(host(wire.recording(routes(&handler, &config()))));
    let mut out = stdout().lock();
    let mut callers = HashMap::new();
    for line in stdin().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| order[key].as_str().unwrap_or_default();
        let value = order["value"].to_string();
        let answer = match text("do") {
            "listen" => json!(host),
            "build" => {
                let operation = named(text("operation"));
                json!(match text("part") {
                    "Request" => builds(&operation.request, &value),
                    _ => builds(&operation.response, &value),
                })
            }
            "call" => {
                let operation = named(text("operation"));
                let to = text("to").to_owned();
                let caller = callers.entry(to.clone()).or_insert_with(|| {
                    Caller::with(&to, &keys(), |settings| settings.read_retries(0))
                });
                match builds(&operation.request, &value) {
                    false => Value::Null,
                    true => match runtime.block_on(operation.call(caller, &value)) {
                        Ok(_) => json!({ "outcome": "accepted" }),
                        Err(error) => json!({
                            "outcome": error.outcome().to_string(),
                            "said": error.to_string(),
                        }),
                    },
                }
            }
            _ => {
                let next = Scene {
                    plan: order["plan"].clone(),
                    ..Scene::default()
                };
                let last = std::mem::replace(&mut *lock(&scene), next);
                let exchange = wire.take().pop();
                let plaintexts = exchange.map(|it| [opened(&it.sealed_request), opened(&it.sealed_answer)]);
                json!({
                    "reached": last.reached,
                    "answered": last.answered,
                    "request": plaintexts.as_ref().map(|it| &it[0]),
                    "answer": plaintexts.as_ref().map(|it| &it[1]),
                })
            }
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// Whether a message is valid and readable as a whole.
fn builds(message: &Message, value: &str) -> bool {
    let read = (message.read)(value.as_bytes());
    read.is_ok_and(|shown| shown.broken.is_empty() && !shown.debug.contains("Unreadable"))
}

fn opened(sealed: &str) -> Value {
    let plaintext = envelope::open(credentials().key(), sealed.as_bytes()).ok();
    let value = plaintext.and_then(|text| serde_json::from_str(&text).ok());
    value.unwrap_or_default()
}

/// Returns the planned response of a handler, as built by this version.
fn decide(scene: &mut Scene, asked: &Asked) -> Turn {
    let operation = asked.operation;
    let as_planned = || "as planned".to_owned();
    scene.reached = true;
    scene.answered = true;
    if operation.mode == Mode::Notification {
        return Turn::Accept(String::new());
    }
    if let Some(code) = scene.plan["refuse"].as_str() {
        return Turn::Refuse(code.to_owned(), as_planned());
    }
    if let Some(number) = scene.plan["partner"].as_u64().and_then(|it| it.try_into().ok()) {
        let own = operation.partner_codes;
        if own.is_some_and(|(from, to)| (from..=to).contains(&number)) {
            return Turn::RefuseAsPartner(number);
        }
    } else {
        let value = scene.plan["value"].to_string();
        if builds(&named(operation.name).response, &value) {
            return Turn::Accept(value);
        }
    }
    scene.answered = false;
    Turn::Refuse("-9999".to_owned(), "not built".to_owned())
}
