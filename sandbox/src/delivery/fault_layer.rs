//! The transport layer of the callback sender: it sends each callback over separate
//! connections, injects faults, and records the exchange.
//!
//! It replaces the HTTP client of the transport, which cannot inject faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method};
use http_body_util::Full;
use skypay_runtime::client::{EncryptedRequest, EncryptedResponse, HttpService};
use tokio::task::JoinSet;
use tower::{BoxError, Layer};

use crate::admin_client::WireRecord;
use crate::engine::{Attempt, WireFault};
use crate::http::{Target, WireError, corrupted, exchange, truncated, whole};
use crate::limits;

/// The fault layer of one sender. Clones share the plan and the records.
#[derive(Clone, Default)]
pub(crate) struct FaultLayer(Arc<Mutex<Exchange>>);

#[derive(Default)]
struct Exchange {
    plan: Option<Plan>,
    seen: Seen,
}

/// The destination of the next callback, and the faults to inject.
pub(crate) struct Plan {
    target: Target,
    url: String,
    attempt: u32,
    faults: Vec<WireFault>,
    /// The timeout for the partner's response, in real time.
    timeout: Duration,
    /// A body to send instead of the callback's own.
    pub(crate) body: Option<String>,
}

/// The records of a callback.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The encrypted body as the sender wrote it.
    pub(crate) sealed: Option<String>,
    /// The record of each copy, in order of completion.
    pub(crate) records: Vec<WireRecord>,
    /// The reason why nothing reached the partner.
    pub(crate) not_sent: Option<String>,
    /// The reason why there is no response to the first copy.
    pub(crate) failure: Option<String>,
}

impl Plan {
    pub(crate) fn new(attempt: &Attempt, timeout: Duration) -> Result<Self, String> {
        let url = attempt.url.as_deref().ok_or("no URL is set for it")?;
        Ok(Self {
            target: Target::parse(url).map_err(|error| error.to_string())?,
            url: url.to_owned(),
            attempt: attempt.number,
            faults: attempt.faults.clone(),
            timeout,
            body: None,
        })
    }

    fn copies(&self) -> u32 {
        let copies = self.faults.iter().filter_map(|fault| match fault {
            WireFault::Duplicate { copies } => Some(*copies),
            _ => None,
        });
        copies.max().unwrap_or(1).clamp(1, 1000)
    }
}

impl Layer<HttpService> for FaultLayer {
    type Service = HttpService;

    fn layer(&self, _: HttpService) -> HttpService {
        let layer = self.clone();
        HttpService::new(tower::service_fn(move |request| {
            let layer = layer.clone();
            async move { layer.send(request).await }
        }))
    }
}

impl FaultLayer {
    /// Sets the plan for the next callback. Without a plan, it is recorded but not
    /// sent.
    pub(crate) fn prepare(&self, plan: Option<Plan>) {
        *self.exchange() = Exchange {
            plan,
            seen: Seen::default(),
        };
    }

    /// Takes the records since the last [`Self::prepare`].
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut self.exchange().seen)
    }

    fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends all copies concurrently and returns the response to the first one.
    async fn send(&self, request: EncryptedRequest) -> Result<EncryptedResponse, BoxError> {
        let sealed = request.into_body()?;
        let plan = {
            let mut exchange = self.exchange();
            exchange.seen.sealed = Some(sealed.clone());
            exchange.plan.take()
        };
        let Some(plan) = plan.map(Arc::new) else {
            return Err(WireError::Broken("it goes nowhere".to_owned()).into());
        };
        let body = Bytes::from(plan.body.clone().unwrap_or(sealed));
        let mut copies = JoinSet::new();
        for copy in 1..=plan.copies() {
            let (plan, body) = (Arc::clone(&plan), body.clone());
            copies.spawn(async move { send_copy(&plan, &body, copy).await });
        }
        let mut first = Err(WireError::Broken("it was not sent".to_owned()));
        let mut ends = Vec::new();
        while let Some(copy) = copies.join_next().await {
            let Ok((record, result)) = copy else {
                continue;
            };
            ends.push(result.as_ref().map(drop).map_err(Clone::clone));
            if record.copy == 1 {
                first = result;
            }
            self.exchange().seen.records.push(record);
        }
        let mut exchange = self.exchange();
        exchange.seen.not_sent = not_sent(&ends);
        exchange.seen.failure = first.as_ref().err().map(ToString::to_string);
        Ok(first?)
    }
}

/// Returns the reason why nothing reached the partner; `None` if any copy may have.
fn not_sent(ends: &[Result<(), WireError>]) -> Option<String> {
    let mut reasons = ends.iter().map(|end| match end {
        Err(WireError::Connect(why) | WireError::Tls(why)) => Some(why.clone()),
        _ => None,
    });
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

/// Sends one copy.
async fn send_copy(
    plan: &Plan,
    body: &Bytes,
    copy: u32,
) -> (WireRecord, Result<EncryptedResponse, WireError>) {
    let started = Instant::now();
    let mut record = WireRecord {
        attempt: plan.attempt,
        copy,
        url: plan.url.clone(),
        sealed: String::from_utf8_lossy(body).into_owned(),
        ..WireRecord::default()
    };
    let sent = tokio::time::timeout(plan.timeout, exchanged(plan, body, &mut record)).await;
    let sent = sent.unwrap_or_else(|_| Err(WireError::Broken("no answer in time".to_owned())));
    record.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    (record, sent)
}

async fn exchanged(
    plan: &Plan,
    body: &Bytes,
    record: &mut WireRecord,
) -> Result<EncryptedResponse, WireError> {
    let (connection, control) = plan.target.connect().await?;
    let mut body = body.clone();
    let mut keep = None;
    let mut unread = false;
    for fault in &plan.faults {
        match fault {
            WireFault::CutBefore => {
                record.sealed.clear();
                return Err(WireError::Broken("closed before the request".to_owned()));
            }
            WireFault::CutAfter => unread = true,
            WireFault::Reset => {
                control.reset();
                keep = Some(body.len() / 2);
            }
            WireFault::Truncate { keep: bytes } => keep = usize::try_from(*bytes).ok(),
            WireFault::Garble { seed } => body = corrupted(&body, *seed).into(),
            _ => {}
        }
    }
    let length = HeaderValue::from(body.len());
    let sent = match keep {
        None => Body::new(Full::new(body.clone())),
        Some(keep) => Body::new(truncated(&body, keep)),
    };
    let sealed = body.slice(..keep.unwrap_or(body.len()).min(body.len()));
    record.sealed = String::from_utf8_lossy(&sealed).into_owned();
    let media_type = skypay_runtime::envelope::CONTENT_TYPE;
    let mut request = plan
        .target
        .request(Method::POST, plan.target.path(), media_type, sent)?;
    request.headers_mut().insert(CONTENT_LENGTH, length);
    let response = exchange(connection, request).await?;
    record.status = Some(response.status().as_u16());
    if unread {
        return Err(WireError::Broken("closed before the response".to_owned()));
    }
    let (parts, response) = response.into_parts();
    let response = whole(response, limits::CALLBACK_ANSWER).await?;
    record.answer = Some(String::from_utf8_lossy(&response).into_owned());
    let mut received = EncryptedResponse::new(response.into());
    *received.status_mut() = parts.status;
    Ok(received)
}

/// Returns the TLS configuration of the transport. It is created once, because loading
/// the platform's certificates takes time.
#[cfg(test)]
mod tests {
    use super::not_sent;
    use crate::http::WireError;

    #[test]
    fn a_callback_was_not_sent_only_if_no_copy_of_it_was() {
        let refused = || Err(WireError::Connect("nothing listens there".to_owned()));
        let broken = || Err(WireError::Broken("half of it".to_owned()));
        assert!(not_sent(&[refused(), refused()]).is_some());
        for ends in [
            vec![],
            vec![Ok(())],
            vec![refused(), Ok(())],
            vec![broken(), refused()],
        ] {
            assert_eq!(not_sent(&ends), None, "{ends:?}");
        }
    }
}
