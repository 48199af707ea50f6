//! The interface that partners call, with encrypted bodies as SkyPay accepts
//! them, or with plaintext.
//!
//! Plaintext is passed to the generated dispatcher directly, encrypted bodies
//! through the envelope. The dispatcher reports wrong credentials to the
//! engine, because SkyPay refuses them by return code. The response to
//! plaintext always has HTTP status 200, the only status in the document.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use skypay_runtime::clock::Clock;
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_runtime::server::{
    Config, Context, Envelope, PeerAddr, PlaintextRequest, Refusal, RejectReason, Reply,
    ReplyOutcome,
};
use skypay_server::{SkypayApi, skypay};
use skypay_types::{OPERATIONS, Operation, OperationInfo, Outcome, ResponseCode};
use tower::{Service, ServiceExt};

use super::admin_types::RequestResult;
use super::explain::{self, Explained};
use super::faults::Faults;
use super::requests::{Observed, text};
use crate::delivery::ring_of;
use crate::engine::{self, Command, CommandOutcome, Pair, WireFault, behaviors};
use crate::http::Peer;
use crate::limits;
use crate::operations;
use crate::simulator::Simulator;

/// The byte order mark that some editors write; not part of the message.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// The header that marks the response of an operation that is not implemented.
const ANSWERED_WITH: HeaderName = HeaderName::from_static("sandbox-answered-with");

/// Handles the requests to the sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) simulator: Simulator,
    /// Whether plaintext is accepted.
    pub(crate) plaintext: bool,
}

/// A received request.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) caller_name: String,
    /// The part of the path that identifies the operation.
    pub(crate) action: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Api {
    /// Handles a request. The response has an extension with the faults to inject.
    pub(crate) async fn handle(&self, mut call: Call, peer: &Peer) -> Response<Body> {
        if call.body.starts_with(BOM) {
            call.body = call.body.slice(BOM.len()..);
        }
        let now = self.simulator.now();
        let (keys, caller_name) = {
            let state = self.simulator.state();
            (state.keys_in_use(now), state.settings().caller_name.clone())
        };
        let Ok(ring) = ring_of(&keys) else {
            // Settings with such keys are rejected, so the database was edited.
            let text = "the keys of this sandbox cannot be used; `skypay sandbox reset`";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return response(status, "text/plain", text.into()).map(Body::from);
        };
        let state = CallState::default();
        let backend = EngineBackend {
            simulator: self.simulator.clone(),
            accepted: if call.caller_name == caller_name {
                keys.accepted
            } else {
                Vec::new()
            },
            state: state.clone(),
        };
        let simulator = self.simulator.clone();
        let config = Config::new(ring)
            .body_limit(limits::MESSAGE)
            .clock(Clock::new(move || simulator.now().to_system_time()));
        let replied = state.clone();
        let dispatcher = skypay::service(backend, config.clone())
            .into_inner()
            .disclosing()
            .map_response(move |reply: Reply| {
                replied.with(|seen| {
                    seen.outcome = Some(reply.outcome());
                    seen.answer = text(reply.plaintext());
                });
                reply
            });
        let is_plaintext = self.plaintext && is_plaintext(&call);
        let mut answer = if is_plaintext {
            plaintext(dispatcher, call.clone(), peer).await
        } else {
            let call = call.clone();
            self.encrypted(dispatcher, config, call, peer).await
        };
        let seen = state.with(std::mem::take);
        if seen.is_example {
            let example = HeaderValue::from_static("document-example");
            answer.headers_mut().insert(ANSWERED_WITH, example);
        }
        answer.extensions_mut().insert(Faults(seen.faults.clone()));
        let is_answer_sealed = answer
            .headers()
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes)
            == Some(envelope::CONTENT_TYPE.as_bytes());
        let observed = self.observed(&call, is_plaintext, seen, is_answer_sealed);
        answer.extensions_mut().insert(observed);
        answer.map(Body::from)
    }

    /// Puts together what was found out about a request.
    fn observed(
        &self,
        call: &Call,
        is_plaintext: bool,
        seen: Seen,
        is_answer_sealed: bool,
    ) -> Observed {
        let now = self.simulator.now().into();
        let state = self.simulator.state();
        let plaintext = if is_plaintext || !is_sealed(&call.body) {
            (!call.body.is_empty()).then(|| text(&call.body))
        } else {
            let mut opened = state.keys().filter_map(|key| {
                let key = EncryptKey::derive(&key.pair.encrypt_key);
                envelope::open(&key, &call.body).ok()
            });
            opened.next().map(|plaintext| plaintext.to_string())
        };
        let explained = Explained {
            call,
            plaintext: plaintext.as_deref(),
            state: &state,
            now,
        };
        let operation = seen.operation.or_else(|| explained.operation());
        let code = operation.map_or(OPERATIONS[0].header.code, |info| info.header.code);
        let answer: Value = serde_json::from_str(&seen.answer).unwrap_or_default();
        let code = answer[code].as_str();
        let outcome = operation
            .zip(code)
            .map(|(info, code)| info.outcome_of(code));
        let (result, why) = match (seen.outcome, outcome) {
            (Some(ReplyOutcome::Accepted), _) => (RequestResult::Accepted, None),
            (Some(ReplyOutcome::Rejected(reason)), _) => {
                (RequestResult::Rejected, Some(explained.rejection(reason)))
            }
            (Some(ReplyOutcome::Refused), Some(Outcome::Rejected)) if !seen.is_authenticated => {
                (RequestResult::Refused, Some(explained.credentials()))
            }
            (Some(ReplyOutcome::Refused), Some(Outcome::Rejected)) => {
                (RequestResult::Refused, seen.why)
            }
            _ => (RequestResult::Unknown, seen.why),
        };
        let numbers = match (seen.numbers, &plaintext) {
            (numbers, Some(plaintext)) if numbers.is_empty() => explain::numbers_in(plaintext),
            (numbers, _) => numbers,
        };
        let code = code.map(str::to_owned);
        Observed {
            operation: operation.map(|info| info.name),
            numbers,
            result,
            code,
            why,
            plaintext,
            is_sealed: !is_plaintext && is_sealed(&call.body),
            answer: seen.answer,
            is_answer_sealed,
        }
    }

    async fn encrypted<S>(
        &self,
        dispatcher: S,
        config: Config,
        call: Call,
        peer: &Peer,
    ) -> Response<Bytes>
    where
        S: Service<PlaintextRequest, Response = Reply, Error = Infallible, Future: Send>,
        S: Clone + Send + 'static,
    {
        let (api, has_action) = (self.clone(), call.action.is_some());
        let replies = dispatcher.map_response(move |reply| api.formed(reply, has_action));
        let mut envelope = Envelope::new(replies, config);
        if let Some(operation) = call.action.as_deref().and_then(operation_of) {
            envelope = envelope.for_operation(operation);
        }
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = Method::POST;
        request.extensions_mut().insert(PeerAddr(peer.address.ip()));
        let Ok(answer) = envelope.oneshot(request).await;
        let (parts, body) = answer.into_parts();
        let Ok(body) = body.collect().await;
        Response::from_parts(parts, body.to_bytes())
    }

    /// Applies the configured form of refusals. Plaintext requests do not pass
    /// here, because the document specifies their responses.
    fn formed(&self, reply: Reply, has_action: bool) -> Reply {
        let decrypted = match reply.outcome() {
            ReplyOutcome::Accepted => return reply,
            ReplyOutcome::Rejected(reason) => reason > RejectReason::Envelope,
            _ => true,
        };
        if !decrypted && has_action && self.plaintext {
            // The path of an operation only receives plaintext, so the response is
            // plaintext even if the request body is empty.
            return reply.with_status(StatusCode::OK).unencrypted();
        }
        let state = self.simulator.state();
        let status = if decrypted && state.behavior(behaviors::REFUSAL_STATUS) != "400" {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        let reply = reply.with_status(status);
        match state.behavior(behaviors::REFUSAL_BODY) {
            "plaintext" => reply.unencrypted(),
            _ => reply,
        }
    }
}

async fn plaintext<S>(dispatcher: S, call: Call, peer: &Peer) -> Response<Bytes>
where
    S: Service<PlaintextRequest, Response = Reply, Error = Infallible>,
{
    let mut request = PlaintextRequest::new(call.body);
    request.peer = Some(peer.address.ip());
    request.operation = call.action.as_deref().and_then(operation_of);
    if request.operation.is_none() {
        request.action = call.action;
    }
    let Ok(reply) = dispatcher.oneshot(request).await;
    let body = Bytes::copy_from_slice(reply.plaintext());
    response(StatusCode::OK, "application/json", body)
}

/// Whether the body is plaintext: it starts with a brace, or its content type is
/// JSON and it does not look encrypted. Encrypted bodies are recognised with any
/// content type, because HTTP clients label any text as JSON.
fn is_plaintext(call: &Call) -> bool {
    let media_type = call.headers.get(CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let says_so = media_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/json");
    call.body.trim_ascii_start().starts_with(b"{") || (says_so && !is_sealed(&call.body))
}

/// Whether a body looks encrypted: it is Base64 of at least one block, optionally
/// quoted as a JSON string.
pub(crate) fn is_sealed(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let quoted = body.strip_prefix(b"\"");
    let body = quoted
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(body);
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    body.len() >= 24 && body.iter().all(base64)
}

/// Returns the operation with this name or path fragment. An action may belong to
/// several operations.
fn operation_of(name: &str) -> Option<&'static OperationInfo> {
    operations::of_skypay().find(|info| info.name == name || info.path_fragment == name)
}

/// SkyPay's side of one request, executed by the engine.
struct EngineBackend {
    simulator: Simulator,
    /// The key pairs that the caller may use.
    accepted: Vec<Pair>,
    state: CallState,
}

/// What the engine and the dispatcher have found out about a request.
#[derive(Clone, Default)]
struct CallState(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    outcome: Option<ReplyOutcome>,
    answer: String,
    operation: Option<&'static OperationInfo>,
    numbers: Vec<String>,
    is_authenticated: bool,
    why: Option<String>,
    /// The faults to inject into the response.
    faults: Vec<WireFault>,
    is_example: bool,
}

impl CallState {
    fn with<T>(&self, work: impl FnOnce(&mut Seen) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EngineBackend {
    async fn execute<O: Operation>(
        &self,
        context: &Context,
        request: &O,
    ) -> Result<O::Response, Refusal> {
        let authenticated = context.credentials.as_deref().is_some_and(|set| {
            let mut accepted = self.accepted.iter();
            accepted.any(|pair| pair.authentication == set.authentication())
        });
        let numbers = request.transaction_ids();
        let numbers: Vec<_> = numbers.into_iter().map(str::to_owned).collect();
        let request = engine::Request {
            authenticated,
            ..engine::Request::of(request).from(context.peer)
        };
        let failed = || Refusal::new(ResponseCode::ServiceNotAvailable, "");
        let executed = self.simulator.execute(Command::Request(request)).await;
        let why = match &executed {
            Ok(executed) => {
                let mut events = executed.applied.events.iter().rev();
                let event = events.find(|event| event.kind == "request");
                event.and_then(|event| Some(event.details["why"].as_str()?.to_owned()))
            }
            Err(error) => Some(error.to_string()),
        };
        self.state.with(|seen| {
            seen.operation = Some(O::INFO);
            seen.numbers = numbers;
            seen.is_authenticated = authenticated;
            seen.why = why;
        });
        let Ok(executed) = executed else {
            return Err(failed());
        };
        let accepted = &executed.applied.answer;
        self.state.with(|seen| {
            seen.is_example = matches!(
                accepted,
                CommandOutcome::Accepted {
                    is_example: true,
                    ..
                }
            );
            seen.faults = executed.applied.faults;
        });
        match executed.applied.answer.typed::<O>() {
            Ok(response) => Ok(response),
            Err(Some((code, description))) => Err(Refusal::new(code, description)),
            Err(None) => {
                if executed.applied.answer != CommandOutcome::NoResponse {
                    tracing::error!(operation = O::INFO.name, "the engine has no answer");
                }
                Err(failed())
            }
        }
    }
}

/// Implements every operation of SkyPay with the engine.
macro_rules! serve_all {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        $($callbacks:ident { $($rest:tt)* })*
    ) => {
        impl SkypayApi for EngineBackend {
            $(async fn $method(
                &self,
                context: &Context,
                request: skypay_types::$request,
            ) -> Result<skypay_types::$response, Refusal> {
                self.execute(context, &request).await
            })*
        }
    };
}

skypay_types::with_operations!(serve_all);

pub(crate) fn response(
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
