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
use crate::engine::{AttemptResult, Delivered, Delivery, KeysInUse, Pair, WireFault};
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
                delivery,
                generation,
            }) = next
            else {
                return;
            };
            let simulator = self.simulator.clone();
            let attempt = tokio::select! {
                attempt = self.attempt(&delivery) => attempt,
                // The delivery no longer exists; proceed with the next one.
                () = simulator.another_generation(generation) => continue,
            };
            let (result, wire) = match attempt {
                Ok(ending) => ending,
                Err(reason) => (AttemptResult::NotSent { reason }, Vec::new()),
            };
            let delivered = Delivered {
                delivery: delivery.id,
                attempt: delivery.attempt,
                result,
            };
            self.simulator.ended(generation, delivered, wire);
        }
    }

    /// Makes one attempt, from the plaintext to the partner's response. Returns its
    /// result and the records of all copies.
    async fn attempt(
        &mut self,
        delivery: &Delivery,
    ) -> Result<(AttemptResult, Vec<WireRecord>), String> {
        let url = delivery.url.as_deref().ok_or("no URL is set for it")?;
        let mut plan = Plan::new(url, delivery, self.timeout)?;
        for fault in &delivery.faults {
            if let WireFault::Splice { head, tail } = fault {
                plan.body = self.spliced(*head, *tail).await;
            }
        }
        let started = Instant::now();
        let wrong = delivery.faults.contains(&WireFault::WrongKey);
        let (ring, sender) = self.sender(wrong)?;
        self.layer.prepare(Some(plan));
        let called = call(&sender, &delivery.operation, &delivery.plaintext).await;
        let seen = self.layer.seen();
        let result = judged(called, &seen, &ring, started);
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

/// The result of a call by the sender.
enum Called {
    Answered {
        code: String,
        description: Option<String>,
        /// The response, if it could be parsed.
        plaintext: Option<Value>,
    },
    NotSent(String),
    Unknown(String),
}

/// Dispatches a callback to the sender's method of its name.
macro_rules! call_any {
    (
        skypay { $($ours:tt)* }
        $($group:ident { $($method:ident($request:ident) -> $response:ident;)* })*
    ) => {
        async fn call(sender: &CallbackSender, operation: &str, plaintext: &Value) -> Called {
            $($(if operation == <skypay_types::$request as Operation>::INFO.name {
                let text = serde_json::to_vec(plaintext).unwrap_or_default();
                return match read::from_slice::<skypay_types::$request>(&text) {
                    Ok(request) => called::<skypay_types::$request>(sender.$method(&request).await),
                    Err(error) => Called::NotSent(error.to_string()),
                };
            })*)*
            Called::NotSent(format!("there is no callback {operation}"))
        }
    };
}

skypay_types::with_operations!(call_any);

fn called<O: Operation>(
    result: Result<O::Response, Error<<O::Response as Response>::Code>>,
) -> Called {
    match result {
        Ok(response) => Called::Answered {
            code: response
                .response_code()
                .unwrap_or(O::INFO.accepted_code())
                .to_owned(),
            description: response.response_description().map(str::to_owned),
            plaintext: serde_json::to_value(&response).ok(),
        },
        Err(Error::Rejected(rejected)) => Called::Answered {
            code: rejected.code().to_owned(),
            description: rejected.description().map(str::to_owned),
            plaintext: None,
        },
        Err(Error::NotSent(error)) => Called::NotSent(error.to_string()),
        Err(Error::Unknown(unknown)) => match (unknown.cause, unknown.code()) {
            // With another HTTP status it is not a response, regardless of its body.
            (cause @ UnknownCause::HttpStatus(_), _) | (cause, None) => {
                Called::Unknown(cause.to_string())
            }
            (_, Some(code)) => Called::Answered {
                code: code.to_owned(),
                description: None,
                plaintext: None,
            },
        },
    }
}

/// Determines the result of an attempt from the call and the records of the layer.
fn judged(called: Called, seen: &Seen, ring: &KeyRing, started: Instant) -> AttemptResult {
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let first = seen.records.iter().find(|record| record.copy == 1);
    match called {
        Called::Answered {
            code,
            description,
            plaintext,
        } => AttemptResult::Answered {
            code,
            description,
            plaintext: plaintext
                .or_else(|| opened(ring, first?.answer.as_deref()?))
                .unwrap_or_default(),
            milliseconds,
        },
        Called::NotSent(reason) => AttemptResult::NotSent { reason },
        Called::Unknown(reason) => match &seen.not_sent {
            Some(reason) => AttemptResult::NotSent {
                reason: reason.clone(),
            },
            None => AttemptResult::Lost {
                reason: seen.failure.clone().unwrap_or(reason),
                status: first.and_then(|record| record.status),
                milliseconds,
            },
        },
    }
}

fn opened(ring: &KeyRing, answer: &str) -> Option<Value> {
    let sets = ring.all();
    let mut plaintext = sets
        .iter()
        .filter_map(|set| envelope::open(set.key(), answer.as_bytes()).ok());
    plaintext.find_map(|plaintext| serde_json::from_str(&plaintext).ok())
}
