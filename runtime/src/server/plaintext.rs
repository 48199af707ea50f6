//! A request between its envelope and the dispatcher.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use displaydoc::Display;
use tracing::Span;
use tracing::field::{Empty, display};

use super::reply::ReplyOutcome;
use super::serve::Unanswered;
use crate::clock::milliseconds;
use crate::envelope::Decrypted;
use crate::keys::Credentials;
use crate::operation::OperationInfo;

/// A request without its envelope: what a [`Dispatcher`](super::Dispatcher)
/// takes.
///
/// [`Envelope`](super::Envelope) makes it of an HTTP request. One that is made
/// with [`new`](Self::new) was never encrypted: that is for a simulator or a
/// test in the same process, and is authenticated like any other. The plaintext
/// is wiped from memory when it is dropped.
#[non_exhaustive]
pub struct PlaintextRequest {
    /// The address from which it came.
    pub peer: Option<IpAddr>,
    /// Who calls according to the path.
    pub caller: Option<String>,
    /// The operation that it is taken for if it does not name one. One that the
    /// handler does not have changes nothing.
    pub operation: Option<&'static OperationInfo>,
    /// The action that it is taken for if it does not name one.
    pub action: Option<String>,
    pub(super) content: Content,
    pub(super) arrival: Arrival,
}

/// What came in a request.
pub(super) enum Content {
    /// The plaintext, which came as such.
    Plain(Decrypted),
    /// What the body decrypts to under each set of keys, where it does.
    Decrypted(Vec<(Arc<Credentials>, Decrypted)>),
    /// Nothing: the envelope rejects the request.
    Rejected(RejectReason),
}

impl PlaintextRequest {
    /// A request that came without an envelope.
    #[must_use]
    pub fn new(plaintext: impl Into<Vec<u8>>) -> Self {
        let content = Content::Plain(Decrypted::plain(plaintext.into()));
        Self::arrived(content, Arrival::now(None))
    }

    pub(super) fn arrived(content: Content, arrival: Arrival) -> Self {
        Self {
            peer: None,
            caller: None,
            operation: None,
            action: None,
            content,
            arrival,
        }
    }
}

/// Without the plaintext.
impl fmt::Debug for PlaintextRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaintextRequest")
            .field("peer", &self.peer)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// What goes with a request to the end of its handler: its span, when it
/// began, and the token by which a server knows that it is not yet answered.
pub(super) struct Arrival {
    pub(super) span: Span,
    started: Instant,
    _unanswered: Option<Unanswered>,
}

impl Arrival {
    pub(super) fn now(unanswered: Option<Unanswered>) -> Self {
        Self {
            span: tracing::info_span!(
                "skypay.serve",
                operation = Empty,
                action = Empty,
                outcome = Empty,
                duration_ms = Empty,
            ),
            started: Instant::now(),
            _unanswered: unanswered,
        }
    }

    /// Records in the span how the request ended.
    pub(super) fn record(&self, outcome: ReplyOutcome) {
        self.span.record("outcome", display(outcome));
        let duration = milliseconds(self.started.elapsed());
        self.span.record("duration_ms", duration);
    }
}

/// Why a request is rejected before its handler, in the order of the checks.
/// It is for the log and for simulators: the reply says the same for all.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RejectReason {
    /// the address is not allowed
    Network,
    /// the method is not POST
    Method,
    /// the body is too large
    TooLarge,
    /// the body did not arrive
    Interrupted,
    /// the body did not arrive in time
    TooSlow,
    /// no key decrypts the body
    Envelope,
    /// the plaintext is not a message with credentials
    Header,
    /// the body was decrypted, but its credentials are wrong
    Credentials,
    /// there is no such operation
    Operation,
    /// a field of the message is missing or cannot be read
    Message,
}
