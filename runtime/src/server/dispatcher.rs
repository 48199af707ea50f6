//! Dispatching: from a plaintext request to its handler and the reply.

use std::convert::Infallible;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tower::Service;
use tracing::{Instrument, Span};

use super::Handler;
use super::config::Config;
use super::envelope::Envelope;
use super::plaintext::{Arrival, Content, PlaintextRequest, RejectReason};
use super::reply::{Context, Encryption, Reply, ReplyOutcome};
use crate::envelope::{Decrypted, Plaintext};
use crate::header::{self, RequestHeader};
use crate::keys::Credentials;
use crate::operation::OperationInfo;

/// A `tower` service of [`PlaintextRequest`]s: authenticates a request, determines
/// its operation, and runs the handler.
///
/// It requires tokio. A handler always runs to completion: if the caller
/// disconnects or [`Config::handler_time`] elapses, it continues in a spawned task.
/// [`serve`](super::serve) waits for such handlers when it shuts down; with another
/// server, keep the runtime alive until they have completed.
pub struct Dispatcher<H> {
    shared: Arc<Shared<H>>,
    discloses: bool,
}

struct Shared<H> {
    handler: H,
    config: Config,
    /// The fields that are read before the message: the header, and the constants
    /// of all operations.
    fields: Vec<&'static str>,
}

impl<H: Handler> Dispatcher<H> {
    /// Creates a service that dispatches to `handler`. Of `config`, it uses the
    /// keys, the clock, the handler timeout, and the size limit for plaintext.
    pub fn new(handler: H, config: Config) -> Self {
        let all = H::OPERATIONS.iter().flat_map(|info| info.constants);
        let mut constants: Vec<_> = all.map(|(name, _)| *name).collect();
        constants.sort_unstable();
        constants.dedup();
        let shared = Shared {
            handler,
            config,
            fields: header::request_fields(H::PROTOCOL.header, constants),
        };
        Self {
            shared: Arc::new(shared),
            discloses: false,
        }
    }

    /// Wraps the dispatcher in an envelope with the networks and limits of its
    /// configuration, as a service of encrypted bodies.
    #[must_use]
    pub fn in_envelope(self) -> Envelope<Self> {
        let config = self.shared.config.clone();
        let mut envelope = Envelope::new(self, config);
        envelope.caller_parameter = Some(H::PROTOCOL.caller_parameter);
        envelope
    }

    /// Discloses to callers how far a request was processed, for a simulator: a
    /// request with wrong credentials reaches the handler, which detects it by
    /// [`Context::credentials`], and a rejection after decryption is encrypted with
    /// the keys that decrypted the request. On a production server, such replies are
    /// an oracle for keys and ciphertexts.
    #[must_use]
    pub fn disclosing(mut self) -> Self {
        self.discloses = true;
        self
    }

    async fn respond(self, request: PlaintextRequest) -> Reply {
        let arrival = request.arrival;
        let span = arrival.span.clone();
        let hint = (request.operation, request.action);
        let (mut context, plaintext) =
            match span.in_scope(|| self.authenticate(request.content.into_inner(), &hint)) {
                Ok(opened) => opened,
                Err(rejection) => {
                    let (_entered, reason, peer) = (span.enter(), rejection.0, request.peer);
                    tracing::warn!(%reason, ?peer, "a request was rejected");
                    let reply = self.reject(rejection);
                    arrival.record(reply.outcome());
                    return reply;
                }
            };
        context.peer = request.peer;
        context.caller = request.caller;
        let operation = context.operation;
        span.record("operation", operation.name);
        span.record("action", operation.action);
        let encryption = context.encryption.clone();
        let handling = RunToEnd {
            rest: Some(Box::pin(self.clone().handle(context, plaintext, arrival))),
            runtime: Handle::current(),
            span: span.clone(),
        };
        let waiting = async {
            let Some(time) = self.shared.config.handler_time else {
                return handling.await;
            };
            let reply = tokio::time::timeout(time, handling).await;
            reply.unwrap_or_else(|_| {
                tracing::error!("a handler takes longer than it may; it is not waited for");
                let clock = self.shared.config.clock.clone();
                let context = Context::new(operation, H::PROTOCOL, clock);
                self.finish(encryption, context.failure())
            })
        };
        waiting.instrument(span).await
    }

    async fn handle(self, context: Context, plaintext: Plaintext, arrival: Arrival) -> Reply {
        let handler = &self.shared.handler;
        let handling = handler.handle(&context, plaintext.as_bytes());
        let handling = AssertUnwindSafe(handling).catch_unwind();
        let reply = handling.await.unwrap_or_else(|_| {
            // The panic message may hold personal data; it goes to the process's
            // panic hook only.
            tracing::error!("the handler panicked");
            context.failure()
        });
        let reply = self.finish(context.encryption, reply);
        arrival.record(reply.outcome());
        reply
    }

    /// Finishes the reply to an authenticated request, to be encrypted with its
    /// keys.
    fn finish(&self, encryption: Encryption, reply: Reply) -> Reply {
        match reply.outcome() {
            ReplyOutcome::Rejected(reason) => self.reject((reason, encryption)),
            _ => reply.encrypted(encryption),
        }
    }

    /// The uniform reply to all failures before the handler. It does not reveal
    /// which keys have decrypted the request, unless the dispatcher discloses that.
    fn reject(&self, (reason, encryption): Rejection) -> Reply {
        let encryption = match encryption {
            Encryption::Under(_) if !self.discloses => Encryption::Current,
            encryption => encryption,
        };
        let outcome = ReplyOutcome::Rejected(reason);
        let time = self.shared.config.clock.date_time();
        Reply::of_header(H::PROTOCOL, outcome, time, H::PROTOCOL.unreadable).encrypted(encryption)
    }

    /// Determines the sender and the operation of a request.
    fn authenticate(
        &self,
        content: Content,
        hint: &Hint,
    ) -> Result<(Context, Plaintext), Rejection> {
        let Shared { config, fields, .. } = &*self.shared;
        let texts = content.map_err(|reason| (reason, Encryption::Current))?;
        let opened = best(fields, texts, config)?;
        let encryption = opened.encryption;
        let reason = match Self::find(&opened.header, hint) {
            _ if opened.credentials.is_none() && !self.discloses => RejectReason::Credentials,
            None => RejectReason::Operation,
            Some(operation) => {
                let newest = |set| config.keys.is_newest(set);
                let authenticated = Context {
                    came_with_newest_keys: opened.credentials.as_ref().is_some_and(newest),
                    credentials: opened.credentials,
                    encryption,
                    ..Context::new(operation, H::PROTOCOL, config.clock.clone())
                };
                return Ok((authenticated, opened.plaintext));
            }
        };
        Err((reason, encryption))
    }

    /// The operation that a request names. If several share an action, the
    /// constants in which they differ decide. A request that names none is for the
    /// operation of its URL.
    fn find(header: &RequestHeader, (operation, action): &Hint) -> Option<&'static OperationInfo> {
        let all = || H::OPERATIONS.iter().copied();
        let Some(action) = header.action.as_deref().or(action.as_deref()) else {
            let operation = (*operation)?;
            return all().find(|info| info.name == operation.name);
        };
        let named = || all().filter(|info| info.action == action);
        let sent = |(name, value): (&str, &str)| {
            let mut constants = header.constants.iter();
            constants.any(|(sent, text)| *sent == name && text.as_deref() == Some(value))
        };
        let mut fitting = named().filter(|info| {
            let mut constants = info.constants.iter();
            constants.all(|constant| {
                sent(*constant) || named().all(|other| other.constants.contains(constant))
            })
        });
        let found = fitting.next()?;
        fitting.next().is_none().then_some(found)
    }
}

impl<H> Clone for Dispatcher<H> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            discloses: self.discloses,
        }
    }
}

impl<H> fmt::Debug for Dispatcher<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("config", &self.shared.config)
            .field("discloses", &self.discloses)
            .finish_non_exhaustive()
    }
}

impl<H: Handler> Service<PlaintextRequest> for Dispatcher<H> {
    type Response = Reply;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: PlaintextRequest) -> Self::Future {
        let dispatcher = self.clone();
        Box::pin(async move { Ok(dispatcher.respond(request).await) })
    }
}

/// The operation of a request's URL, and the action of its URL.
type Hint = (Option<&'static OperationInfo>, Option<String>);

/// A decrypted request of which the header was read.
struct Opened {
    header: RequestHeader,
    plaintext: Plaintext,
    encryption: Encryption,
    /// The set whose credentials the request carries; `None` if they are wrong.
    credentials: Option<Arc<Credentials>>,
}

/// Why a request is rejected, and the keys of the reply.
type Rejection = (RejectReason, Encryption);

/// Of a body that no key decrypts.
const SEALED: Rejection = (RejectReason::Envelope, Encryption::Current);

/// Selects the text that carries the credentials of the set that decrypted it; if
/// none does, the one that passed the most checks. Every text is fully checked,
/// even if another one is authentic, so that timing reveals little.
fn best(
    fields: &[&'static str],
    texts: Vec<(Option<Arc<Credentials>>, Decrypted)>,
    config: &Config,
) -> Result<Opened, Rejection> {
    let texts = texts.into_iter().rev();
    let opened = texts.map(|(set, text)| open(fields, set, text, config));
    let best = opened.max_by_key(|opened| match opened {
        Err((reason, _)) => (0, Some(*reason)),
        Ok(Opened { credentials, .. }) => (1 + usize::from(credentials.is_some()), None),
    });
    best.unwrap_or(Err(SEALED))
}

/// Reads the header of a text and compares its credentials: with those of the set
/// that decrypted it, or with all sets if it was received unencrypted. A text with
/// wrong padding is processed in the same way.
fn open(
    fields: &[&'static str],
    set: Option<Arc<Credentials>>,
    text: Decrypted,
    config: &Config,
) -> Result<Opened, Rejection> {
    if text.as_ref().len() > config.body_limit {
        return Err((RejectReason::TooLarge, Encryption::Off));
    }
    let header = header::read_request(fields, text.as_ref());
    let (user_name, authentication) = match &header {
        Ok(header) => (header.user_name.as_str(), header.authentication.as_str()),
        Err(_) => ("", ""),
    };
    let genuine = |set: &Arc<Credentials>| set.matches(user_name, authentication);
    let (encryption, credentials) = match set {
        Some(set) => (
            Encryption::Under(Arc::clone(&set)),
            genuine(&set).then_some(set),
        ),
        None => (
            Encryption::Off,
            config.keys.all().iter().find(|set| genuine(set)).cloned(),
        ),
    };
    match (text.into_plaintext(), header) {
        (Ok(plaintext), Ok(header)) => Ok(Opened {
            header,
            plaintext,
            encryption,
            credentials,
        }),
        (Err(_), _) if matches!(encryption, Encryption::Under(_)) => Err(SEALED),
        _ => Err((RejectReason::Header, encryption)),
    }
}

/// A handler whose caller may stop waiting for it. It then continues in a spawned
/// task, since it may be half done.
struct RunToEnd {
    rest: Option<Pin<Box<dyn Future<Output = Reply> + Send>>>,
    runtime: Handle,
    span: Span,
}

impl Future for RunToEnd {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Reply> {
        let Some(rest) = &mut self.rest else {
            return Poll::Pending;
        };
        let reply = ready!(rest.as_mut().poll(context));
        self.rest = None;
        Poll::Ready(reply)
    }
}

impl Drop for RunToEnd {
    fn drop(&mut self) {
        let Some(rest) = self.rest.take() else {
            return;
        };
        let ending = async {
            let outcome = rest.await.outcome();
            tracing::warn!(%outcome, "a handler ended when its caller no longer waited");
        };
        self.runtime.spawn(ending.instrument(self.span.clone()));
    }
}
