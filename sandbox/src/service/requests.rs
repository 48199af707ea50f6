//! Records every request to the partner interface: a layer around the routes, which
//! sees the bodies, and what the [interface](super::api) has found out about each.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::admin_types::{Problem, RequestRecord, RequestResult};
use super::api::Api;
use super::faults::Faults;
use super::origin_check::refused;
use crate::engine::{Rejected, Timestamp};
use crate::http::Peer;
use crate::limits;
use crate::operations;
use crate::ordered_json::OrderedJson;

/// What was found out about a request, as an extension of its response.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) operation: Option<&'static str>,
    pub(crate) numbers: Vec<String>,
    pub(crate) result: RequestResult,
    pub(crate) code: Option<String>,
    pub(crate) why: Option<String>,
    /// The message, if it is known in plaintext.
    pub(crate) plaintext: Option<String>,
    /// Whether the body was not in plaintext.
    pub(crate) is_sealed: bool,
    pub(crate) answer: String,
    /// Whether the body of the response is not in plaintext.
    pub(crate) is_answer_sealed: bool,
}

/// Records a request and its response. It is inside the layer that injects faults: it
/// sees the response as it was meant. The router has removed `prefix` from the path.
pub(crate) async fn record(
    State((api, prefix)): State<(Api, &'static str)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (started, time) = (Instant::now(), Timestamp::from(api.simulator.now()));
    let (parts, body) = request.into_parts();
    let method = parts.method.to_string();
    let path = format!("{prefix}{}", parts.uri.path());
    let content_type = content_type(&parts);
    let (received, mut response) = match whole(body).await {
        Ok(body) => {
            let request = Request::from_parts(parts, Body::from(body.clone()));
            (body, next.run(request).await)
        }
        Err(refusal) => (Bytes::new(), refusal),
    };
    let problem = response.extensions_mut().remove::<Problem>();
    let observed = response.extensions_mut().remove::<Observed>();
    let faults = response.extensions().get::<Faults>();
    let faults = faults.map_or_else(Vec::new, |Faults(faults)| faults.clone());
    let (parts, body) = response.into_parts();
    // Reading an in-memory body cannot fail.
    let sent = body.collect().await;
    let sent = sent
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let observed = observed.unwrap_or_else(|| Observed {
        operation: None,
        numbers: Vec::new(),
        result: RequestResult::Rejected,
        code: None,
        why: problem.map(|problem| problem.problem),
        plaintext: (!received.is_empty()).then(|| text(&received)),
        is_sealed: false,
        answer: text(&sent),
        is_answer_sealed: false,
    });
    api.simulator.record(RequestRecord {
        id: 0,
        time,
        peer: peer.address.ip(),
        method,
        path,
        content_type,
        operation: observed.operation.map(str::to_owned),
        numbers: observed.numbers,
        result: observed.result,
        status: parts.status.as_u16(),
        code: observed.code,
        why: observed.why,
        faults,
        microseconds: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        plaintext: observed.plaintext,
        sealed: observed.is_sealed.then(|| text(&received)),
        answer: observed.answer,
        sealed_answer: observed.is_answer_sealed.then(|| text(&sent)),
    });
    Response::from_parts(parts, Body::from(sent))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn content_type(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(CONTENT_TYPE)?;
    Some(text(value.as_bytes()))
}

/// Reads a body, or returns the response if that is not possible.
async fn whole(body: Body) -> Result<Bytes, Response<Body>> {
    let limit = limits::REQUEST;
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body has more than {limit} bytes"),
        )),
        Err(_) => Err(refused(
            StatusCode::BAD_REQUEST,
            "the body did not arrive completely",
        )),
    }
}

impl RequestRecord {
    /// Returns the entry for the log, if no operation was executed.
    pub(crate) fn rejected(&self) -> Option<Rejected> {
        (self.result == RequestResult::Rejected).then(|| Rejected {
            operation: self.operation.clone(),
            number: self.numbers.first().cloned(),
            status: self.status,
            why: self.why.clone().unwrap_or_default(),
            plaintext: self.plaintext.clone(),
        })
    }

    /// Masks personal data and credentials in both messages unless `personal` is set; the
    /// document names the fields. What is no JSON object is masked as a whole.
    #[must_use]
    pub(crate) fn shown(mut self, personal: bool) -> Self {
        if personal {
            return self;
        }
        let mut hidden = operations::personal_data();
        hidden.extend(
            skypay_types::OPERATIONS
                .first()
                .map(|info| info.header.authentication),
        );
        let mask = |text: String| OrderedJson::masked_text(&text, &hidden);
        self.plaintext = self.plaintext.map(mask);
        if self.operation.is_some() {
            self.answer = mask(self.answer);
        }
        self
    }
}
