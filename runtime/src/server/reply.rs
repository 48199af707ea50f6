//! Handler results and replies.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;

use displaydoc::Display;
use http::StatusCode;

use super::Protocol;
use super::plaintext::RejectReason;
use crate::clock::Clock;
use crate::header;
use crate::keys::Credentials;
use crate::operation::{HeaderValues, Mode, Operation, OperationInfo, Outcome, Response};
use crate::read;
use crate::validate::{Invalid, Violations};
use crate::value::{DateTime, Sensitive};

/// The context of a request: all but its content.
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// The operation of the request.
    pub operation: &'static OperationInfo,
    /// The time of arrival, in GMT+8.
    pub received_at: DateTime,
    /// The address of the origin, if known.
    pub peer: Option<IpAddr>,
    /// The caller named in the path, if any. It is not authenticated: any sender
    /// can use any name.
    pub caller: Option<String>,
    /// The credentials of the request. `None` in a context that a test created, and
    /// for wrong credentials, which only reach the handler of a
    /// [disclosing](super::Dispatcher::disclosing) dispatcher.
    pub credentials: Option<Arc<Credentials>>,
    /// Whether the request used the credentials that were added to the ring last.
    /// During a key rotation, this shows when the old ones are no longer used.
    pub came_with_newest_keys: bool,
    pub(super) protocol: &'static Protocol,
    pub(super) clock: Clock,
    /// How the reply is encrypted.
    pub(super) encryption: Encryption,
}

impl Context {
    /// Creates the context of a request that arrives now, of unknown origin. Used
    /// by [`Dispatcher`](super::Dispatcher), and by tests of handlers.
    #[must_use]
    pub fn new(
        operation: &'static OperationInfo,
        protocol: &'static Protocol,
        clock: Clock,
    ) -> Self {
        Self {
            operation,
            received_at: clock.date_time(),
            peer: None,
            caller: None,
            credentials: None,
            came_with_newest_keys: true,
            protocol,
            clock,
            encryption: Encryption::Current,
        }
    }

    /// The code and description of an accepted request.
    fn accepting(&self) -> (&'static str, &'static str) {
        (self.operation.accepted_code(), self.protocol.accepted)
    }

    fn accepted(&self, mut response: impl Response) -> Reply {
        let (code, description) = self.accepting();
        response.fill_header(&HeaderValues {
            time: self.clock.date_time(),
            code,
            description,
        });
        if let Err(invalid) = response.validate() {
            tracing::error!(%invalid, "the handler's response breaks the document's rules");
            return self.failure();
        }
        let Ok(plaintext) = serde_json::to_vec(&response) else {
            tracing::error!("the handler's response cannot be written as JSON");
            return self.failure();
        };
        Reply::new(ReplyOutcome::Accepted, plaintext)
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        let code = match &refusal.0 {
            RefusalKind::Code(code, _) => code,
            RefusalKind::NotImplemented => return self.not_implemented(),
            RefusalKind::Failed(reason) => {
                let reason = reason.expose().as_str();
                tracing::error!(reason, "the handler failed");
                return self.failure();
            }
        };
        let listed = self.operation.return_code(code);
        let listed = listed.is_some_and(|listed| listed.outcome != Outcome::Accepted);
        if !listed && self.operation.outcome_of(code) != Outcome::Rejected {
            tracing::error!("the handler refuses with a code that the operation does not have");
            return self.failure();
        }
        let limit = self.protocol.description_limit;
        let description: String = refusal.description().chars().take(limit).collect();
        self.reply(ReplyOutcome::Refused, (code, &description))
    }

    /// The reply for an operation without a handler method: a refusal if the
    /// operation has a code for it, else a failure.
    pub fn not_implemented(&self) -> Reply {
        let not_offered = self.protocol.not_offered;
        match self.operation.outcome_of(not_offered.0) {
            Outcome::Rejected => self.reply(ReplyOutcome::Refused, not_offered),
            _ => self.failure(),
        }
    }

    /// The reply if responding failed on this side: the outcome is unknown, or a
    /// notification was not stored.
    pub(super) fn failure(&self) -> Reply {
        match self.operation.mode {
            Mode::Notification => self.reply(ReplyOutcome::NotStored, self.protocol.not_stored),
            _ => self.reply(ReplyOutcome::Failed, self.protocol.failed),
        }
    }

    fn reply(&self, outcome: ReplyOutcome, text: (&str, &str)) -> Reply {
        Reply::of_header(self.protocol, outcome, self.clock.date_time(), text)
    }
}

/// The reply to a request: its plaintext, and how it is sent.
#[derive(Debug)]
#[must_use]
pub struct Reply {
    outcome: ReplyOutcome,
    pub(super) status: StatusCode,
    pub(super) plaintext: Sensitive<Vec<u8>>,
    pub(super) encryption: Encryption,
}

/// The keys that encrypt a reply.
#[derive(Clone, Debug)]
pub(super) enum Encryption {
    /// The set that decrypted the request.
    Under(Arc<Credentials>),
    /// The current set of the ring.
    Current,
    /// None: the request was not encrypted, either.
    Off,
}

/// The outcome of a request, by its reply.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyOutcome {
    /// The request was accepted.
    #[displaydoc("accepted")]
    Accepted,
    /// The handler refused the request.
    #[displaydoc("refused")]
    Refused,
    /// Responding failed, so that the outcome is unknown.
    #[displaydoc("failed")]
    Failed,
    /// The notification was not stored and must be sent again.
    #[displaydoc("not stored")]
    NotStored,
    /// The request was rejected before its handler.
    #[displaydoc("rejected")]
    Rejected(RejectReason),
}

impl Reply {
    fn new(outcome: ReplyOutcome, plaintext: Vec<u8>) -> Self {
        Self {
            outcome,
            status: match outcome {
                ReplyOutcome::NotStored => StatusCode::SERVICE_UNAVAILABLE,
                ReplyOutcome::Rejected(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::OK,
            },
            plaintext: plaintext.into(),
            encryption: Encryption::Current,
        }
    }

    /// A reply that consists of header fields, with this code and description.
    pub(super) fn of_header(
        protocol: &Protocol,
        outcome: ReplyOutcome,
        time: DateTime,
        (code, description): (&str, &str),
    ) -> Self {
        let values = HeaderValues {
            time,
            code,
            description,
        };
        Self::new(outcome, header::write_response(protocol.header, &values))
    }

    pub(super) fn encrypted(self, encryption: Encryption) -> Self {
        Self { encryption, ..self }
    }

    /// The outcome of the request.
    #[must_use]
    pub fn outcome(&self) -> ReplyOutcome {
        self.outcome
    }

    /// The plaintext, as JSON.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        self.plaintext.expose()
    }

    /// Sets the HTTP status, for a simulator.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Disables encryption even if the request was encrypted, for a simulator.
    pub fn unencrypted(self) -> Self {
        self.encrypted(Encryption::Off)
    }
}

/// The result of a method of a generated trait: a response or a refusal; for a
/// notification, that it was stored or not.
pub trait HandlerResult: Send {
    /// Converts the result into a reply.
    fn into_reply(self, context: &Context) -> Reply;
}

/// The time and the return code of an accepted request are filled in, and the
/// response is validated before it is sent.
impl<R: Response> HandlerResult for Result<R, Refusal> {
    fn into_reply(self, context: &Context) -> Reply {
        match self {
            Ok(response) => context.accepted(response),
            Err(refusal) => context.refused(&refusal),
        }
    }
}

impl HandlerResult for Result<Stored, NotStored> {
    fn into_reply(self, context: &Context) -> Reply {
        match self {
            Ok(Stored) => context.reply(ReplyOutcome::Accepted, context.accepting()),
            Err(NotStored { reason }) => {
                let reason = reason.expose().as_str();
                tracing::error!(reason, "a notification was not stored");
                context.reply(ReplyOutcome::NotStored, context.protocol.not_stored)
            }
        }
    }
}

/// Reads a request, passes it to `handle`, and converts the result into a reply.
pub async fn respond<O, F, Fut>(context: &Context, plaintext: &[u8], handle: F) -> Reply
where
    O: Operation,
    F: FnOnce(O) -> Fut,
    Fut: Future<Output: HandlerResult>,
{
    match read::from_slice(plaintext) {
        Ok(request) => handle(request).await.into_reply(context),
        Err(error) => {
            // The error names a field and a location, never a value.
            tracing::warn!(%error, "an authenticated request cannot be decoded");
            // The dispatcher replaces it by the uniform reply.
            Reply::new(ReplyOutcome::Rejected(RejectReason::Message), Vec::new())
        }
    }
}

/// A refusal of a request, with a return code of the operation.
///
/// Any error converts into it with `?`. The reply then says that responding failed,
/// which leaves the outcome unknown, and nothing of the error. Its text, with the
/// texts of its sources, is logged on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Refusal(RefusalKind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum RefusalKind {
    /// A return code and its description.
    Code(String, Sensitive),
    NotImplemented,
    /// The handler failed, for this reason.
    Failed(Sensitive),
}

impl Refusal {
    /// Creates a refusal with a return code that the document lists for the
    /// operation.
    ///
    /// The code is checked when the reply is written: one that the operation does
    /// not have becomes a failure and is logged. A description that exceeds the
    /// document's limit is truncated.
    pub fn new(code: impl AsRef<str>, description: impl Into<String>) -> Self {
        let description = description.into().into();
        Self(RefusalKind::Code(code.as_ref().to_owned(), description))
    }

    /// The refusal of a method that is not implemented. The reply has the code for
    /// that if the operation has it, and is a failure otherwise.
    pub fn not_implemented() -> Self {
        Self(RefusalKind::NotImplemented)
    }

    /// Creates a refusal of operation `O` with a code that the partner defines; an
    /// error if the document does not reserve `number` for partners.
    pub fn partner<O: Operation>(
        number: u16,
        description: impl Into<String>,
    ) -> Result<Self, Invalid> {
        let allowed = match O::INFO.partner_codes {
            Some((from, to)) if (from..=to).contains(&number) => {
                return Ok(Self::new(number.to_string(), description));
            }
            Some((from, to)) => format!("{number} is not between {from} and {to}"),
            None => format!("{number} is not allowed: partners define no codes"),
        };
        let mut at = Violations::default();
        at.report(O::INFO.header.code, "partner-codes", allowed);
        Err(at.into())
    }

    /// The return code; `None` if the method failed or is not implemented.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.0 {
            RefusalKind::Code(code, _) => Some(code),
            _ => None,
        }
    }

    /// The description of the return code.
    #[must_use]
    pub fn description(&self) -> &str {
        match &self.0 {
            RefusalKind::Code(_, description) => description.expose(),
            _ => "",
        }
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(RefusalKind::Failed(reason(error)))
    }
}

/// The text of an error and of its sources.
fn reason(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Sensitive {
    let error = error.into();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text.into()
}

/// The notification was stored durably and need not be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stored;

/// The notification was not stored and must be sent again.
///
/// Any error converts into it with `?`. Its text, with the texts of its sources, is
/// logged on this side, and never sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct NotStored {
    reason: Sensitive,
}

impl NotStored {
    /// Creates the result with a reason for the log: a text or an error.
    pub fn new(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        reason.into().into()
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for NotStored {
    fn from(error: E) -> Self {
        Self {
            reason: reason(error),
        }
    }
}
