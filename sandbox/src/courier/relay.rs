//! The way between the sender and the partner: a server on the loopback
//! interface that takes a sealed callback from the one and carries it to the
//! other, as badly as it is told to.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use skypay_server::serve;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::admin::WireRecord;
use crate::engine::{Delivery, WireFault};
use crate::http::{Line, Peer, Target, WireError, broken_off, exchange, garbled, whole};
use crate::limits;
use crate::service::guard;

/// A relay with one slot for each messenger.
#[derive(Clone)]
pub(crate) struct Relay {
    base: String,
    slots: Arc<[Mutex<Slot>]>,
}

#[derive(Default)]
struct Slot {
    trip: Option<Arc<Trip>>,
    seen: Seen,
    /// Counts on when a trip is given up: what is left of it may still come
    /// when the next one has begun.
    turn: u64,
}

/// What is expected to come, and what shall become of it.
pub(crate) struct Trip {
    /// Nowhere: it is only looked at.
    target: Option<Target>,
    url: String,
    attempt: u32,
    faults: Vec<WireFault>,
    /// How long the partner may take, by the real clock.
    patience: Duration,
    /// What is sent instead of what comes.
    pub(crate) body: Option<String>,
}

/// What was seen on the way.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What the sender sent.
    pub(crate) sealed: Option<String>,
    /// Every copy, in the order in which they ended.
    pub(crate) records: Vec<WireRecord>,
    /// Why nothing has reached the partner.
    pub(crate) not_sent: Option<String>,
    /// Why the answer was not read to its end, though it could have been.
    pub(crate) not_read: Option<String>,
}

impl Trip {
    pub(crate) fn to(url: &str, delivery: &Delivery, patience: Duration) -> Result<Self, String> {
        Ok(Self {
            target: Some(Target::parse(url).map_err(|error| error.to_string())?),
            url: url.to_owned(),
            attempt: delivery.attempt,
            faults: delivery.faults.clone(),
            patience,
            body: None,
        })
    }

    pub(crate) fn nowhere() -> Self {
        Self {
            target: None,
            url: String::new(),
            attempt: 0,
            faults: Vec::new(),
            patience: Duration::ZERO,
            body: None,
        }
    }

    fn copies(&self) -> u32 {
        let copies = self.faults.iter().filter_map(|fault| match fault {
            WireFault::Duplicate { copies } => Some(*copies),
            _ => None,
        });
        copies.max().unwrap_or(1).clamp(1, 1000)
    }
}

impl Relay {
    pub(crate) async fn open(slots: usize) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let relay = Self {
            base: format!("http://{}", listener.local_addr()?),
            slots: (0..slots).map(|_| Mutex::default()).collect(),
        };
        let slots = Arc::downgrade(&relay.slots);
        let none: Arc<[String]> = Arc::new([]);
        let routes = Router::new()
            .route("/{slot}/{turn}", post(take))
            .with_state(slots)
            .layer(middleware::from_fn_with_state(none, guard::partner))
            .layer(DefaultBodyLimit::max(limits::CALLBACK_SENT));
        // Ends with the runtime; without a relay it turns everything away.
        let serving = serve(listener, routes).map_connections(Line::accepted);
        tokio::spawn(serving.into_future());
        Ok(relay)
    }

    /// Where the sender of a slot sends to.
    pub(crate) fn url(&self, (slot, turn): (usize, u64)) -> String {
        format!("{}/{slot}/{turn}", self.base)
    }

    /// Prepares for what comes next in a slot.
    pub(crate) fn expect(&self, (slot, turn): (usize, u64), trip: Trip) {
        if let Some(slot) = self.slots.get(slot) {
            *locked(slot) = Slot {
                trip: Some(Arc::new(trip)),
                seen: Seen::default(),
                turn,
            };
        }
    }

    /// What was seen in a slot since then.
    pub(crate) fn seen(&self, (slot, _): (usize, u64)) -> Seen {
        let slot = self.slots.get(slot);
        slot.map(|slot| std::mem::take(&mut locked(slot).seen))
            .unwrap_or_default()
    }
}

fn locked(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a callback from the sender and gives it the partner's answer; where
/// there is none, the connection breaks.
async fn take(
    State(slots): State<std::sync::Weak<[Mutex<Slot>]>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((slot, turn)): Path<(usize, u64)>,
    sealed: String,
) -> Response {
    let Some(slots) = slots.upgrade() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(slot) = slots.get(slot) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Nobody but the messenger is expected, and it sends once.
    let trip = {
        let mut slot = locked(slot);
        let expected = slot.turn == turn;
        let Some(trip) = slot.trip.take_if(|_| expected) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        slot.seen.sealed = Some(sealed.clone());
        trip
    };
    let answer = carry(&trip, turn, sealed, slot).await;
    answer.unwrap_or_else(|| {
        peer.fate.cut();
        StatusCode::BAD_GATEWAY.into_response()
    })
}

/// Sends all copies at once; the answer to the first one counts.
async fn carry(
    trip: &Arc<Trip>,
    turn: u64,
    sealed: String,
    slot: &Mutex<Slot>,
) -> Option<Response> {
    trip.target.as_ref()?;
    let body = Bytes::from(trip.body.clone().unwrap_or(sealed));
    let mut copies = JoinSet::new();
    for copy in 1..=trip.copies() {
        let (trip, body) = (Arc::clone(trip), body.clone());
        copies.spawn(async move { send(&trip, &body, copy).await });
    }
    let mut answer = None;
    let mut ends = Vec::new();
    while let Some(copy) = copies.join_next().await {
        let Ok((record, result)) = copy else {
            continue;
        };
        let first = record.copy == 1;
        {
            let mut slot = locked(slot);
            if slot.turn != turn {
                return None;
            }
            slot.seen.records.push(record);
            if let (true, Err(error @ WireError::TooLarge(_))) = (first, &result) {
                slot.seen.not_read = Some(error.to_string());
            }
        }
        ends.push(result.map(|response| {
            if first {
                answer = response;
            }
        }));
    }
    let mut slot = locked(slot);
    if slot.turn != turn {
        return None;
    }
    slot.seen.not_sent = not_sent(&ends);
    drop(slot);
    answer
}

/// Why nothing has reached the partner; nothing, as soon as one of the copies
/// may have.
fn not_sent(ends: &[Result<(), WireError>]) -> Option<String> {
    let mut reasons = ends.iter().map(|end| match end {
        Err(WireError::Connect(why)) => Some(why.clone()),
        _ => None,
    });
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

/// Sends one copy. `None`: the answer is not waited for.
async fn send(
    trip: &Trip,
    body: &Bytes,
    copy: u32,
) -> (WireRecord, Result<Option<Response>, WireError>) {
    let started = Instant::now();
    let mut record = WireRecord {
        attempt: trip.attempt,
        copy,
        url: trip.url.clone(),
        sealed: String::from_utf8_lossy(body).into_owned(),
        ..WireRecord::default()
    };
    let sent = tokio::time::timeout(trip.patience, exchanged(trip, body, &mut record)).await;
    let sent = sent.unwrap_or_else(|_| Err(WireError::Broken("no answer in time".to_owned())));
    record.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    (record, sent)
}

async fn exchanged(
    trip: &Trip,
    body: &Bytes,
    record: &mut WireRecord,
) -> Result<Option<Response>, WireError> {
    let Some(target) = &trip.target else {
        return Ok(None);
    };
    let line = target.connect().await?;
    let mut body = body.clone();
    let mut keep = None;
    let mut deaf = false;
    for fault in &trip.faults {
        match fault {
            WireFault::CutBefore => {
                record.sealed.clear();
                return Ok(None);
            }
            WireFault::CutAfter => deaf = true,
            WireFault::Reset => {
                line.fate().reset();
                keep = Some(body.len() / 2);
            }
            WireFault::Truncate { keep: bytes } => keep = usize::try_from(*bytes).ok(),
            WireFault::Garble { seed } => body = garbled(&body, *seed).into(),
            _ => {}
        }
    }
    let length = HeaderValue::from(body.len());
    let sent = match keep {
        None => Body::new(Full::new(body.clone())),
        Some(keep) => Body::new(broken_off(&body, keep)),
    };
    let sealed = body.slice(..keep.unwrap_or(body.len()).min(body.len()));
    record.sealed = String::from_utf8_lossy(&sealed).into_owned();
    let media_type = skypay_runtime::envelope::CONTENT_TYPE;
    let mut request = target.request(Method::POST, target.path(), media_type, sent)?;
    request.headers_mut().insert(CONTENT_LENGTH, length);
    let answer = exchange(line, request).await?;
    record.status = Some(answer.status().as_u16());
    if deaf {
        return Ok(None);
    }
    let (parts, answer) = answer.into_parts();
    let answer = whole(answer, limits::CALLBACK_ANSWER).await?;
    record.answer = Some(String::from_utf8_lossy(&answer).into_owned());
    Ok(Some((parts.status, answer).into_response()))
}

#[cfg(test)]
mod tests {
    use super::not_sent;
    use crate::http::WireError;

    #[test]
    fn a_callback_was_not_sent_only_if_no_copy_of_it_was() {
        let nobody = || Err(WireError::Connect("nobody is there".to_owned()));
        let broken = || Err(WireError::Broken("half of it".to_owned()));
        assert!(not_sent(&[nobody(), nobody()]).is_some());
        for ends in [
            vec![],
            vec![Ok(())],
            vec![nobody(), Ok(())],
            vec![broken(), nobody()],
        ] {
            assert_eq!(not_sent(&ends), None, "{ends:?}");
        }
    }
}
