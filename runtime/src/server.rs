//! The receiving half: from an HTTP request to a handler, and back.
//!
//! A [`Dispatch`] is a `tower` service. It takes a request through one
//! pipeline: network, size, envelope, credentials, operation, handler. Whoever
//! fails before the handler gets one and the same refusal, so that nobody
//! learns how far a forged message came.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequestParts, RawPathParams};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Buf;
use tokio::sync::oneshot;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::envelope::{self, Clear};
use crate::head::{self, RequestHead};
use crate::keys::Credentials;
use crate::operation::{OperationInfo, Stamp};

mod answer;
mod config;
mod serve;

pub use answer::{
    Context, NotPartnerDefined, NotStored, Refusal, Reply, Stored, inquiry, not_stored, notice,
    refuse,
};
pub use config::{Config, PeerAddr};
pub use serve::{Serve, serve};

use answer::ReplyKind;
use serve::Unanswered;

/// What the document says of answers in general; generated code supplies it.
#[derive(Debug)]
pub struct Protocol {
    /// The text that goes with the code of an accepted request.
    pub accepted_description: &'static str,
    /// The code of the uniform refusal.
    pub invalid_context_code: &'static str,
    /// The text of the uniform refusal.
    pub invalid_context_description: &'static str,
    /// The code that says that answering failed on this side, so that the
    /// outcome is unknown.
    pub failure_code: &'static str,
    /// The text that goes with it.
    pub failure_description: &'static str,
    /// The code that says that a notification was not stored.
    pub not_stored_code: &'static str,
    /// The text that goes with it.
    pub not_stored_description: &'static str,
    /// The code that says that an operation is not offered; sent where the
    /// operation has it or leaves it to partners.
    pub not_offered_code: &'static str,
    /// The text that goes with it.
    pub not_offered_description: &'static str,
    /// How many characters the text of a refusal may have.
    pub description_limit: usize,
    /// The name of the path parameter that says who calls.
    pub caller_parameter: &'static str,
}

/// What stands behind a [`Dispatch`]: generated code that turns a set of
/// operations into the methods of a trait.
pub trait Handler: Send + Sync + 'static {
    /// The operations that are served.
    const OPERATIONS: &'static [&'static OperationInfo];

    /// What the document says of answers in general.
    const PROTOCOL: &'static Protocol;

    /// Answers an authenticated request to [`Context::operation`], which is
    /// one of [`Self::OPERATIONS`], through [`inquiry`] or [`notice`].
    fn handle(&self, context: &Context, clear: &[u8]) -> impl Future<Output = Reply> + Send;
}

/// A `tower` service that opens, authenticates, dispatches and answers.
///
/// It is framework-neutral; with `axum` it goes into `Router::route_service`.
/// It runs on tokio, and each handler in a task of its own: one that has begun
/// runs to its end, also if the caller hangs up or
/// [`Config::handler_time`] is over. [`serve`] waits for it when it shuts down;
/// with another server, keep the runtime alive until handlers have ended.
pub struct Dispatch<H> {
    shared: Arc<Shared<H>>,
    /// The operation of requests that do not name one.
    operation: Option<&'static OperationInfo>,
}

struct Shared<H> {
    handler: H,
    config: Config,
    /// The names of all constants of all operations.
    constants: Vec<&'static str>,
}

impl<H: Handler> Dispatch<H> {
    /// A service that dispatches to `handler`.
    pub fn new(handler: H, config: Config) -> Self {
        let all = H::OPERATIONS.iter().flat_map(|info| info.constants);
        let mut constants: Vec<_> = all.map(|(name, _)| *name).collect();
        constants.sort_unstable();
        constants.dedup();
        Self {
            shared: Arc::new(Shared {
                handler,
                config,
                constants,
            }),
            operation: None,
        }
    }

    /// The same service for a URL of its own: a request that does not name its
    /// operation is taken for one to `operation`. A request that names another
    /// one is still dispatched by what it says.
    ///
    /// An operation that the handler does not have changes nothing.
    #[must_use]
    pub fn for_operation(&self, operation: &'static OperationInfo) -> Self {
        let mut served = H::OPERATIONS.iter().copied();
        Self {
            shared: Arc::clone(&self.shared),
            operation: served.find(|info| info.name == operation.name),
        }
    }

    async fn respond<B>(self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: HttpBody<Error: Into<axum::BoxError>>,
    {
        let span = tracing::info_span!(
            "skypay.serve",
            operation = Empty,
            action = Empty,
            outcome = Empty,
            duration_ms = Empty,
        );
        let started = Instant::now();
        let (mut parts, body) = request.into_parts();
        let unanswered = parts.extensions.remove::<Unanswered>();
        let peer = self.shared.config.peer(&parts);
        let admitted = self.admit(parts, body, peer).instrument(span.clone());
        match admitted.await {
            Ok(admitted) => {
                let operation = admitted.context.operation();
                span.record("operation", operation.name);
                span.record("action", operation.action);
                let admitted = Arc::new(admitted);
                let (answer, answered) = oneshot::channel();
                let dispatch = self.clone();
                let (handled, measured) = (Arc::clone(&admitted), span.clone());
                let handling = async move {
                    let (outcome, response) = dispatch.handle(&handled).await;
                    record(&measured, outcome, started);
                    if answer.send(response).is_err() {
                        tracing::warn!(outcome, "a handler ended when its caller no longer waited");
                    }
                    drop(unanswered);
                };
                tokio::spawn(handling.instrument(span.clone()));
                self.answer(&admitted, answered).instrument(span).await
            }
            Err(why) => span.in_scope(|| {
                tracing::warn!(why = why.as_str(), ?peer, "a request was turned away");
                let (outcome, response) = self.turn_away();
                record(&span, outcome, started);
                response
            }),
        }
    }

    async fn handle(&self, admitted: &Admitted) -> Answered {
        let handling = self
            .shared
            .handler
            .handle(&admitted.context, admitted.clear.as_bytes());
        let reply = unless_it_panics(handling).await.unwrap_or_else(|| {
            // The text of the panic may hold anything; it stays where the
            // process's panic hook has put it.
            tracing::error!("the handler panicked");
            admitted.context.failure()
        });
        self.written(admitted, reply)
    }

    /// Waits for the handler's answer, but not longer than a caller should.
    async fn answer(
        &self,
        admitted: &Admitted,
        answered: oneshot::Receiver<Response<Full<Bytes>>>,
    ) -> Response<Full<Bytes>> {
        let answered = match self.shared.config.handler_time {
            None => answered.await.ok(),
            Some(time) => {
                let answered = tokio::time::timeout(time, answered).await;
                if answered.is_err() {
                    tracing::error!("a handler takes longer than it may; it is not waited for");
                }
                answered.ok().and_then(Result::ok)
            }
        };
        answered.unwrap_or_else(|| self.written(admitted, admitted.context.failure()).1)
    }

    /// Everything before the handler.
    async fn admit<B>(
        &self,
        mut parts: Parts,
        body: B,
        peer: Option<IpAddr>,
    ) -> Result<Admitted, Why>
    where
        B: HttpBody<Error: Into<axum::BoxError>>,
    {
        let Shared {
            config, constants, ..
        } = &*self.shared;
        if !config.allows(peer) {
            return Err(Why::Network);
        }
        if parts.method != Method::POST {
            return Err(Why::Method);
        }
        let body = collect(&parts.headers, body, config).await?;
        let (credentials, clear, head) = authenticate(config, constants, &body)?;
        let operation = self.find(&head).ok_or(Why::Operation)?;
        let context = Context {
            peer,
            caller: caller(&mut parts, H::PROTOCOL.caller_parameter).await,
            newest_keys: config.keys.is_newest(&credentials),
            ..Context::new(operation, H::PROTOCOL, config.clock.clone())
        };
        Ok(Admitted {
            credentials,
            clear,
            context,
        })
    }

    /// The operation that a request names. Where several share an action, the
    /// constants in which they differ decide.
    fn find(&self, head: &RequestHead) -> Option<&'static OperationInfo> {
        let Some(action) = &head.action else {
            return self.operation;
        };
        let named = || {
            let all = H::OPERATIONS.iter().copied();
            all.filter(|info| info.action == action)
        };
        let constant = |info: &OperationInfo, name: &str| {
            let mut all = info.constants.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, value)| *value)
        };
        let sent = |name: &str| {
            let index = self
                .shared
                .constants
                .iter()
                .position(|known| *known == name)?;
            head.constants.get(index)?.as_deref()
        };
        let mut fitting = named().filter(|info| {
            info.constants.iter().all(|(name, value)| {
                let differs = named().any(|other| constant(other, name) != Some(*value));
                !differs || sent(name) == Some(*value)
            })
        });
        let found = fitting.next()?;
        fitting.next().is_none().then_some(found)
    }

    fn written(&self, admitted: &Admitted, reply: Reply) -> Answered {
        let (outcome, status, clear) = match reply.0 {
            ReplyKind::Undecodable => return self.turn_away(),
            ReplyKind::Accepted(clear) => ("accepted", StatusCode::OK, clear),
            ReplyKind::Refused(clear) => ("refused", StatusCode::OK, clear),
            ReplyKind::Failed(clear) => ("failed", StatusCode::OK, clear),
            ReplyKind::NotStored(clear) => ("not stored", StatusCode::SERVICE_UNAVAILABLE, clear),
        };
        (outcome, sealed(status, &admitted.credentials, &clear))
    }

    /// The one answer to everything that fails before the handler.
    fn turn_away(&self) -> Answered {
        let config = &self.shared.config;
        let clear = head::write_answer(&Stamp {
            time: config.clock.date_time(),
            code: H::PROTOCOL.invalid_context_code,
            description: H::PROTOCOL.invalid_context_description,
        });
        let response = sealed(StatusCode::BAD_REQUEST, &config.keys.current(), &clear);
        ("turned away", response)
    }
}

impl<H> Clone for Dispatch<H> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            operation: self.operation,
        }
    }
}

impl<H> fmt::Debug for Dispatch<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("config", &self.shared.config)
            .field("operation", &self.operation.map(|info| info.name))
            .finish_non_exhaustive()
    }
}

impl<H, B> tower::Service<Request<B>> for Dispatch<H>
where
    H: Handler,
    B: HttpBody<Data: Send, Error: Into<axum::BoxError>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let dispatch = self.clone();
        Box::pin(async move { Ok(dispatch.respond(request).await) })
    }
}

/// An authenticated request.
struct Admitted {
    /// The set with which the request came, and with which it is answered.
    credentials: Arc<Credentials>,
    clear: Clear,
    context: Context,
}

/// The word for the log, and the answer.
type Answered = (&'static str, Response<Full<Bytes>>);

/// Why a request was turned away; for the log only. In the order in which
/// requests are looked at.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Why {
    Network,
    Method,
    TooLarge,
    Interrupted,
    TooSlow,
    Envelope,
    Head,
    Credentials,
    Operation,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Network => "the address is not allowed",
            Self::Method => "the method is not POST",
            Self::TooLarge => "the body is too large",
            Self::Interrupted => "the body did not arrive",
            Self::TooSlow => "the body did not arrive in time",
            Self::Envelope => "no key opens the body",
            Self::Head => "the opened body is not a message",
            Self::Credentials => "the body was opened, but its credentials are wrong",
            Self::Operation => "there is no such operation",
        }
    }
}

async fn collect<B>(headers: &HeaderMap, body: B, config: &Config) -> Result<Vec<u8>, Why>
where
    B: HttpBody<Error: Into<axum::BoxError>>,
{
    let announced = headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > config.body_limit as u64) {
        return Err(Why::TooLarge);
    }
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
    let room = Vec::with_capacity(announced.unwrap_or(0));
    let body = Limited::new(body, config.body_limit);
    match tokio::time::timeout(config.body_time, read_to_end(body, room)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Why::TooLarge),
        Ok(Err(_)) => Err(Why::Interrupted),
        Err(_) => Err(Why::TooSlow),
    }
}

/// Reads a body into one piece: what is sent byte by byte would take many times
/// its size if each byte were kept as it came.
async fn read_to_end<B>(body: B, mut bytes: Vec<u8>) -> Result<Vec<u8>, B::Error>
where
    B: HttpBody,
{
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame?.into_data() else {
            continue;
        };
        while data.has_remaining() {
            bytes.extend_from_slice(data.chunk());
            data.advance(data.chunk().len());
        }
    }
    Ok(bytes)
}

/// Finds the set of keys with which the request was sealed and whose
/// credentials it carries. Every set is tried to the end, whatever becomes of
/// the others, and what is padded wrongly is read and compared like anything
/// else, so that the time taken says little.
fn authenticate(
    config: &Config,
    constants: &[&str],
    body: &[u8],
) -> Result<(Arc<Credentials>, Clear, RequestHead), Why> {
    let mut result = Err(Why::Envelope);
    for credentials in config.keys.all().iter() {
        let Ok(decrypted) = envelope::decrypt(credentials.key(), body) else {
            continue;
        };
        let head = head::read_request(decrypted.as_ref(), constants);
        let (user_name, authentication) = match &head {
            Ok(head) => (head.user_name.as_str(), head.authentication.as_str()),
            Err(_) => ("", ""),
        };
        let genuine = credentials.matches(user_name, authentication);
        let tried = match (decrypted.into_clear(), head) {
            (Err(_), _) => Err(Why::Envelope),
            (Ok(_), Err(_)) => Err(Why::Head),
            (Ok(clear), Ok(head)) if genuine => Ok((Arc::clone(credentials), clear, head)),
            (Ok(_), Ok(_)) => Err(Why::Credentials),
        };
        match (&result, &tried) {
            (Ok(_), Err(_)) => {}
            // The log is told how far the request came at best.
            (Err(before), Err(now)) if now <= before => {}
            _ => result = tried,
        }
    }
    result
}

/// The value of the path parameter that says who calls, where the route has one.
async fn caller(parts: &mut Parts, parameter: &str) -> Option<String> {
    let all = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let mut all = all.iter();
    all.find(|(name, _)| *name == parameter)
        .map(|(_, value)| value.to_owned())
}

fn sealed(status: StatusCode, credentials: &Credentials, clear: &[u8]) -> Response<Full<Bytes>> {
    let body = envelope::seal(credentials.key(), &[clear]);
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(envelope::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Tells the log how a request ended.
fn record(span: &Span, outcome: &str, started: Instant) {
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.record("outcome", outcome);
    span.record("duration_ms", milliseconds);
}

async fn unless_it_panics<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}
