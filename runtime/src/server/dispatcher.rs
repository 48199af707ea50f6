//! From plaintext and a context to a handler, and to the reply.

use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll};

use tokio::sync::oneshot;
use tower::{Layer, Service};
use tracing::Instrument;

use super::Handler;
use super::config::Config;
use super::envelope::{Envelope, EnvelopeLayer};
use super::plaintext::{Arrival, Content, PlaintextRequest, RejectReason};
use super::reply::{Context, Encryption, Reply, ReplyOutcome};
use crate::envelope::{Decrypted, Plaintext};
use crate::header::{self, RequestHeader};
use crate::keys::{Credentials, KeyRing};
use crate::operation::{HeaderFields, OperationInfo};

/// A `tower` service of [`PlaintextRequest`]s: it authenticates a request,
/// finds its operation, and runs the handler.
///
/// It runs on tokio, and each handler in a task of its own: one that has begun
/// runs to its end, also if the caller hangs up or
/// [`Config::handler_time`] is over. [`serve`](super::serve) waits for it when
/// it shuts down; with another server, keep the runtime alive until handlers
/// have ended.
pub struct Dispatcher<H> {
    shared: Arc<Shared<H>>,
    discloses: bool,
}

struct Shared<H> {
    handler: H,
    config: Config,
    /// The names of all constants of all operations.
    constants: Vec<&'static str>,
}

impl<H: Handler> Dispatcher<H> {
    /// A service that dispatches to `handler`. Of `config`, it uses the keys,
    /// the clock, the time of handlers, and the size that plaintext may have.
    pub fn new(handler: H, config: Config) -> Self {
        let all = H::OPERATIONS.iter().flat_map(|info| info.constants);
        let mut constants: Vec<_> = all.map(|(name, _)| *name).collect();
        constants.sort_unstable();
        constants.dedup();
        let shared = Shared {
            handler,
            config,
            constants,
        };
        Self {
            shared: Arc::new(shared),
            discloses: false,
        }
    }

    /// The same in an envelope, with the networks and limits of its
    /// configuration: what a server of encrypted bodies mounts.
    #[must_use]
    pub fn in_envelope(self) -> Envelope<Self> {
        EnvelopeLayer::new(self.shared.config.clone())
            .caller_parameter(H::PROTOCOL.caller_parameter)
            .layer(self)
    }

    /// Discloses to a caller how far a request came, as the simulator of a
    /// service does that tells its callers what is wrong. A request with wrong
    /// credentials reaches the handler, which sees it by
    /// [`Context::credentials`], and what is rejected after it was decrypted is
    /// answered under the keys that decrypted it.
    ///
    /// Not for a server that receives anything real: such replies are an oracle
    /// for trying keys and ciphertexts.
    #[must_use]
    pub fn disclosing(mut self) -> Self {
        self.discloses = true;
        self
    }

    async fn respond(self, request: PlaintextRequest) -> Reply {
        let PlaintextRequest {
            content,
            peer,
            caller,
            operation,
            action,
            arrival,
        } = request;
        let span = arrival.span.clone();
        let hint = (operation, action);
        match span.in_scope(|| self.authenticate(content, &hint)) {
            Ok(mut call) => {
                call.context.peer = peer;
                call.context.caller = caller;
                let operation = call.context.operation();
                span.record("operation", operation.name);
                span.record("action", operation.action);
                let call = Arc::new(call);
                let (sender, reply) = oneshot::channel();
                let handling = self.clone().handle(Arc::clone(&call), arrival, sender);
                tokio::spawn(handling.instrument(span.clone()));
                self.wait(&call, reply).instrument(span).await
            }
            Err(rejection) => span.in_scope(|| {
                let reason = rejection.reason.as_str();
                tracing::warn!(reason, ?peer, "a request was rejected");
                let reply = self.reject(rejection);
                arrival.record(reply.outcome().as_str());
                reply
            }),
        }
    }

    /// Runs the handler to its end, whether somebody waits for it or not.
    async fn handle(self, call: Arc<Call>, arrival: Arrival, sender: oneshot::Sender<Reply>) {
        let handling = self
            .shared
            .handler
            .handle(&call.context, call.plaintext.as_bytes());
        let reply = catch_panic(handling).await.unwrap_or_else(|| {
            // The text of the panic may hold anything; it stays where the
            // process's panic hook has put it.
            tracing::error!("the handler panicked");
            call.context.failure()
        });
        let reply = self.finish(&call, reply);
        let outcome = reply.outcome().as_str();
        arrival.record(outcome);
        if sender.send(reply).is_err() {
            tracing::warn!(outcome, "a handler ended when its caller no longer waited");
        }
    }

    /// Waits for the handler's reply, but not longer than a caller should.
    async fn wait(&self, call: &Call, reply: oneshot::Receiver<Reply>) -> Reply {
        let reply = match self.shared.config.handler_time {
            None => reply.await.ok(),
            Some(time) => {
                let reply = tokio::time::timeout(time, reply).await;
                if reply.is_err() {
                    tracing::error!("a handler takes longer than it may; it is not waited for");
                }
                reply.ok().and_then(Result::ok)
            }
        };
        reply.unwrap_or_else(|| self.finish(call, call.context.failure()))
    }

    /// The reply to an authenticated request, under its keys.
    fn finish(&self, call: &Call, reply: Reply) -> Reply {
        let encryption = call.encryption.clone();
        match reply.outcome() {
            ReplyOutcome::Rejected(reason) => self.reject(Rejection { reason, encryption }),
            _ => reply.encrypted(encryption),
        }
    }

    /// The one reply to everything that fails before the handler. It does not
    /// tell which keys have decrypted the request, unless the dispatcher
    /// discloses that.
    fn reject(&self, rejection: Rejection) -> Reply {
        let encryption = match rejection.encryption {
            Encryption::Under(_) if !self.discloses => Encryption::Current,
            encryption => encryption,
        };
        let time = self.shared.config.clock.date_time();
        Reply::rejection(H::PROTOCOL, rejection.reason, time).encrypted(encryption)
    }

    /// Who sent a request, and what it is about.
    fn authenticate(&self, content: Content, hint: &Hint) -> Result<Call, Rejection> {
        let Shared {
            config, constants, ..
        } = &*self.shared;
        let Opened {
            header,
            plaintext,
            encryption,
            credentials,
        } = match content {
            Content::Rejected(reason) => Err(Rejection::before_decryption(reason)),
            Content::Plain(text) if text.as_ref().len() > config.body_limit => Err(Rejection {
                reason: RejectReason::TooLarge,
                encryption: Encryption::Off,
            }),
            Content::Plain(text) => open(H::PROTOCOL.header, None, text, constants, &config.keys),
            Content::Decrypted(texts) => best(H::PROTOCOL.header, texts, constants, &config.keys),
        }?;
        let reason = match self.find(&header, hint) {
            _ if credentials.is_none() && !self.discloses => RejectReason::Credentials,
            None => RejectReason::Operation,
            Some(operation) => {
                return Ok(Call {
                    context: Context {
                        newest_keys: credentials
                            .as_ref()
                            .is_some_and(|set| config.keys.is_newest(set)),
                        credentials,
                        ..Context::new(operation, H::PROTOCOL, config.clock.clone())
                    },
                    encryption,
                    plaintext,
                });
            }
        };
        Err(Rejection { reason, encryption })
    }

    /// The operation that a request names. Where several share an action, the
    /// constants in which they differ decide. One that names none is for that
    /// of its URL.
    fn find(
        &self,
        header: &RequestHeader,
        (operation, action): &Hint,
    ) -> Option<&'static OperationInfo> {
        let all = || H::OPERATIONS.iter().copied();
        let Some(action) = header.action.as_deref().or(action.as_deref()) else {
            let operation = (*operation)?;
            return all().find(|info| info.name == operation.name);
        };
        let named = || all().filter(|info| info.action == action);
        let constant = |info: &OperationInfo, name: &str| {
            let mut all = info.constants.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, value)| *value)
        };
        let sent = |name: &str| {
            let mut all = self.shared.constants.iter();
            let index = all.position(|known| *known == name)?;
            header.constants.get(index)?.as_deref()
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

/// What the URL of a request says of its operation, or of its action.
type Hint = (Option<&'static OperationInfo>, Option<String>);

/// An authenticated request.
struct Call {
    context: Context,
    plaintext: Plaintext,
    /// How it came, and is replied to.
    encryption: Encryption,
}

/// A request that was read as far as its header.
struct Opened {
    header: RequestHeader,
    plaintext: Plaintext,
    encryption: Encryption,
    /// The set whose credentials it carries; `None` if they are wrong.
    credentials: Option<Arc<Credentials>>,
}

struct Rejection {
    reason: RejectReason,
    encryption: Encryption,
}

impl Rejection {
    fn before_decryption(reason: RejectReason) -> Self {
        Self {
            reason,
            encryption: Encryption::Current,
        }
    }
}

/// The text that carries the credentials of the set that decrypted it; if none
/// does, the one that came furthest. Every text is examined to the end, also
/// when another is genuine, so that the time taken tells little.
fn best(
    names: &HeaderFields,
    texts: Vec<(Arc<Credentials>, Decrypted)>,
    constants: &[&str],
    keys: &KeyRing,
) -> Result<Opened, Rejection> {
    let mut best: Result<Opened, _> = Err(Rejection::before_decryption(RejectReason::Envelope));
    for (set, text) in texts {
        let opened = open(names, Some(set), text, constants, keys);
        let further = match (&best, &opened) {
            (Err(before), Err(now)) => now.reason > before.reason,
            (Err(_), Ok(_)) => true,
            (Ok(_), Err(_)) => false,
            (Ok(before), Ok(now)) => before.credentials.is_none() && now.credentials.is_some(),
        };
        if further {
            best = opened;
        }
    }
    best
}

/// Reads the header of a text and compares its credentials: with those of the
/// set that decrypted it, or with all of them if it was never encrypted. What
/// is padded wrongly is read and compared like anything else.
fn open(
    names: &HeaderFields,
    set: Option<Arc<Credentials>>,
    text: Decrypted,
    constants: &[&str],
    keys: &KeyRing,
) -> Result<Opened, Rejection> {
    let encryption = match &set {
        Some(set) => Encryption::Under(Arc::clone(set)),
        None => Encryption::Off,
    };
    let header = header::read_request(names, text.as_ref(), constants);
    let (user_name, authentication) = match &header {
        Ok(header) => (header.user_name.as_str(), header.authentication.as_str()),
        Err(_) => ("", ""),
    };
    let genuine = |set: &Arc<Credentials>| set.matches(user_name, authentication);
    let credentials = match set {
        Some(set) => genuine(&set).then_some(set),
        None => keys.all().iter().find(|set| genuine(set)).cloned(),
    };
    match (text.into_plaintext(), header) {
        (Ok(plaintext), Ok(header)) => Ok(Opened {
            header,
            plaintext,
            encryption,
            credentials,
        }),
        (Err(_), _) if matches!(encryption, Encryption::Under(_)) => {
            Err(Rejection::before_decryption(RejectReason::Envelope))
        }
        _ => {
            let reason = RejectReason::Header;
            Err(Rejection { reason, encryption })
        }
    }
}

async fn catch_panic<F: Future>(future: F) -> Option<F::Output> {
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
