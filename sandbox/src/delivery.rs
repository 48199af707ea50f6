//! Delivers callbacks to the partner.
//!
//! The generated sender writes and encrypts each of them and classifies the
//! response; the [`fault_layer`] below it sends, injects the faults, and keeps
//! what it saw.

mod fault_layer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use skypay_client::{CallbackSender, Credentials, KeyRing, Transport, UnknownCause};
use skypay_runtime::outcome::Error;
use skypay_runtime::{envelope, read};
use skypay_types::{Operation, Response};
use tokio::sync::{Mutex, mpsc};

use crate::admin_client::WireRecord;
use crate::engine::{Attempt, AttemptResult, Callback, Delivered, KeysInUse, Pair, WireFault};
use crate::service::unreadable_answer;
use crate::simulator::{DeliveryJob, Simulator};
use fault_layer::{FaultLayer, Plan, Seen};

/// The number of concurrent deliveries by the real clock. By a virtual clock it is one,
/// so that the same commands produce the same log.
const WORKERS: usize = 32;

/// Spawns the workers, which deliver until the sandbox closes. The timeout for a
/// partner's response is in real time, even if the sandbox's clock is virtual.
pub(crate) fn run(
    simulator: &Simulator,
    jobs: mpsc::UnboundedReceiver<DeliveryJob>,
    timeout: Duration,
) {
    let workers = if simulator.is_virtual() { 1 } else { WORKERS };
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..workers {
        let worker = DeliveryWorker {
            simulator: simulator.clone(),
            layer: FaultLayer::default(),
            timeout,
            sender: None,
        };
        tokio::spawn(worker.work(Arc::clone(&jobs)));
    }
}

/// A worker that makes one delivery attempt after the other.
struct DeliveryWorker {
    simulator: Simulator,
    layer: FaultLayer,
    timeout: Duration,
    /// The sender, cached with the keys that it was created from.
    sender: Option<(KeysInUse, KeyRing, CallbackSender)>,
}

impl DeliveryWorker {
    async fn work(mut self, jobs: Arc<Mutex<mpsc::UnboundedReceiver<DeliveryJob>>>) {
        loop {
            let next = jobs.lock().await.recv().await;
            let Some(DeliveryJob {
                callback,
                generation,
            }) = next
            else {
                return;
            };
            let Some((attempt, _)) = callback.in_progress() else {
                continue;
            };
            let simulator = self.simulator.clone();
            let ended = tokio::select! {
                ended = self.attempt(&callback, attempt) => ended,
                // The delivery no longer exists; proceed with the next one.
                () = simulator.another_generation(generation) => continue,
            };
            let (result, wire) =
                ended.unwrap_or_else(|reason| (AttemptResult::NotSent { reason }, Vec::new()));
            let delivered = Delivered {
                delivery: callback.id,
                attempt: attempt.number,
                result,
            };
            self.simulator.ended(generation, delivered, wire);
        }
    }

    /// Makes one attempt, from the plaintext to the partner's response. Returns its
    /// result and the records of all copies.
    async fn attempt(
        &mut self,
        callback: &Callback,
        attempt: &Attempt,
    ) -> Result<(AttemptResult, Vec<WireRecord>), String> {
        let mut plan = Plan::new(attempt, self.timeout)?;
        for fault in &attempt.faults {
            if let WireFault::Splice { head, tail } = fault {
                plan.body = self.spliced(*head, *tail).await;
            }
        }
        let started = Instant::now();
        let wrong = attempt.faults.contains(&WireFault::WrongKey);
        let (ring, sender) = self.sender(wrong)?;
        self.layer.prepare(Some(plan));
        let called = call(&sender, &callback.operation, &callback.plaintext).await;
        let seen = self.layer.seen();
        let result = completed(called, &callback.operation, &seen, &ring, started);
        Ok((result, seen.records))
    }

    /// Joins the first blocks of one encrypted callback and the last of another. Three
    /// blocks are 64 base64 characters, so nothing needs to be decrypted.
    async fn spliced(&mut self, head: u64, tail: u64) -> Option<String> {
        let head = self.sealed(head).await?;
        let tail = self.sealed(tail).await?;
        let cut = (head.len().min(tail.len()) / 2 / 64).max(1) * 64;
        Some(format!("{}{}", head.get(..cut)?, tail.get(cut..)?))
    }

    /// Returns the encrypted body of a callback, whether it was ever sent or not.
    async fn sealed(&mut self, id: u64) -> Option<String> {
        let callback = self.simulator.state().callback(id)?;
        let (_, sender) = self.sender(false).ok()?;
        self.layer.prepare(None);
        // Nothing is sent, so the outcome has no meaning.
        let _ = call(&sender, &callback.operation, &callback.plaintext).await;
        self.layer.seen().sealed
    }

    /// Returns a sender with the current keys.
    fn sender(&mut self, wrong_key: bool) -> Result<(KeyRing, CallbackSender), String> {
        let now = self.simulator.now();
        let keys = self.simulator.state().keys_in_use(now);
        if wrong_key {
            let unknown = Pair {
                encrypt_key: "no partner has this key".to_owned(),
                ..keys.sealing
            };
            let ring = KeyRing::new(credentials(&keys.user_name, &unknown)?);
            return Ok((ring.clone(), self.sender_with(ring)?));
        }
        if let Some((known, ring, sender)) = &self.sender
            && *known == keys
        {
            return Ok((ring.clone(), sender.clone()));
        }
        let ring = ring_of(&keys)?;
        let sender = self.sender_with(ring.clone())?;
        self.sender = Some((keys, ring.clone(), sender.clone()));
        Ok((ring, sender))
    }

    /// Creates a sender without retries, because the engine schedules them. The layer
    /// has the URL and applies the timeout.
    fn sender_with(&self, ring: KeyRing) -> Result<CallbackSender, String> {
        let transport = Transport::builder("http://127.0.0.1/", ring)
            .read_retries(0)
            .layer(self.layer.clone())
            .build();
        let transport = transport.map_err(|error| error.to_string())?;
        Ok(CallbackSender::with_transport(transport))
    }
}

/// Creates a key ring that encrypts with one pair and decrypts with any.
pub(crate) fn ring_of(keys: &KeysInUse) -> Result<KeyRing, String> {
    let others = keys.accepted.iter().filter(|pair| **pair != keys.sealing);
    let mut ring = KeyRing::new(credentials(&keys.user_name, &keys.sealing)?);
    for pair in others {
        ring = ring.with_previous(credentials(&keys.user_name, pair)?);
    }
    Ok(ring)
}

fn credentials(user_name: &str, pair: &Pair) -> Result<Credentials, String> {
    Credentials::new(user_name, &pair.authentication, &pair.encrypt_key)
        .map_err(|error| error.to_string())
}

/// Dispatches a callback to the sender's method of its name.
macro_rules! call_any {
    (
        skypay { $($ours:tt)* }
        $($group:ident { $($method:ident($request:ident) -> $response:ident;)* })*
    ) => {
        async fn call(sender: &CallbackSender, operation: &str, plaintext: &Value) -> AttemptResult {
            $($(if operation == <skypay_types::$request as Operation>::INFO.name {
                let text = serde_json::to_vec(plaintext).unwrap_or_default();
                return match read::from_slice::<skypay_types::$request>(&text) {
                    Ok(request) => called::<skypay_types::$request>(sender.$method(&request).await),
                    Err(error) => AttemptResult::NotSent { reason: error.to_string() },
                };
            })*)*
            AttemptResult::NotSent { reason: format!("there is no callback {operation}") }
        }
    };
}

skypay_types::with_operations!(call_any);

/// Returns the result of a call by the sender, without what only the layer has seen.
fn called<O: Operation>(
    result: Result<O::Response, Error<<O::Response as Response>::Code>>,
) -> AttemptResult {
    let answered = |code: &str, description: Option<&str>| AttemptResult::Answered {
        code: code.to_owned(),
        description: description.map(str::to_owned),
        plaintext: Value::Null,
        milliseconds: 0,
    };
    match result {
        Ok(response) => AttemptResult::Answered {
            code: response
                .response_code()
                .unwrap_or(O::INFO.accepted_code())
                .to_owned(),
            description: response.response_description().map(str::to_owned),
            plaintext: serde_json::to_value(&response).unwrap_or_default(),
            milliseconds: 0,
        },
        Err(Error::Rejected(rejected)) => answered(rejected.code(), rejected.description()),
        Err(Error::NotSent(error)) => AttemptResult::NotSent {
            reason: error.to_string(),
        },
        Err(Error::Unknown(unknown)) => match (unknown.cause, unknown.code()) {
            // With another HTTP status it is not a response, regardless of its body.
            (cause @ UnknownCause::HttpStatus(_), _) | (cause, None) => AttemptResult::Lost {
                reason: cause.to_string(),
                status: None,
                milliseconds: 0,
            },
            (_, Some(code)) => answered(code, None),
        },
    }
}

/// Completes the result of an attempt with the records of the layer.
fn completed(
    mut result: AttemptResult,
    operation: &str,
    seen: &Seen,
    ring: &KeyRing,
    started: Instant,
) -> AttemptResult {
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let first = seen.records.iter().find(|record| record.copy == 1);
    match &mut result {
        AttemptResult::Answered {
            plaintext,
            milliseconds,
            ..
        } => {
            *milliseconds = elapsed;
            let answer = first.and_then(|record| record.answer.as_deref());
            if let (Value::Null, Some(answer)) = (&plaintext, answer) {
                *plaintext = opened(ring, answer).unwrap_or_default();
            }
        }
        AttemptResult::Lost {
            reason,
            status,
            milliseconds,
        } => {
            if let Some(reason) = seen.not_sent.clone() {
                return AttemptResult::NotSent { reason };
            }
            *reason = seen.failure.clone().unwrap_or(std::mem::take(reason));
            let answer = first.and_then(|record| record.answer.as_deref());
            if let (Some(answer), true) = (answer, *reason == UnknownCause::Unreadable.to_string())
            {
                let why = unreadable_answer(answer, ring, operation);
                *reason = format!("{reason}: {why}");
            }
            *status = first.and_then(|record| record.status);
            *milliseconds = elapsed;
        }
        AttemptResult::NotSent { .. } => {}
    }
    result
}

fn opened(ring: &KeyRing, answer: &str) -> Option<Value> {
    let sets = ring.all();
    let mut plaintext = sets
        .iter()
        .filter_map(|set| envelope::open(set.key(), answer.as_bytes()).ok());
    plaintext.find_map(|plaintext| serde_json::from_str(&plaintext).ok())
}
