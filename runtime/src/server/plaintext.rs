//! Decrypted requests, between envelope and dispatcher.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use displaydoc::Display;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Span;
use tracing::field::{Empty, display};

use super::reply::ReplyOutcome;
use crate::clock::milliseconds;
use crate::envelope::Decrypted;
use crate::keys::Credentials;
use crate::operation::OperationInfo;
use crate::value::Sensitive;

/// A decrypted request, the input of a [`Dispatcher`](super::Dispatcher).
///
/// [`Envelope`](super::Envelope) creates it from an HTTP request; [`new`](Self::new)
/// is for a simulator or a test in the same process, and authenticated like any
/// other. The plaintext is zeroized when it is dropped.
#[derive(Debug)]
#[non_exhaustive]
pub struct PlaintextRequest {
    /// The address of the origin, if known.
    pub peer: Option<IpAddr>,
    /// The caller named in the path.
    pub caller: Option<String>,
    /// The default operation, if the request does not name one. An operation
    /// without a handler has no effect.
    pub operation: Option<&'static OperationInfo>,
    /// The default action, if the request does not name one.
    pub action: Option<String>,
    pub(super) content: Sensitive<Content>,
    pub(super) arrival: Arrival,
}

/// The body under each set of keys that can decrypt it, or as it was received, without
/// a set; an error if the envelope rejected the request.
pub(super) type Content = Result<Vec<(Option<Arc<Credentials>>, Decrypted)>, RejectReason>;

impl PlaintextRequest {
    /// Creates a request from plaintext.
    #[must_use]
    pub fn new(plaintext: impl Into<Vec<u8>>) -> Self {
        let content = vec![(None, Decrypted::plain(plaintext.into()))];
        Self::arrived(Ok(content), Arrival::now(None))
    }

    pub(super) fn arrived(content: Content, arrival: Arrival) -> Self {
        Self {
            peer: None,
            caller: None,
            operation: None,
            action: None,
            content: content.into(),
            arrival,
        }
    }
}

/// The state of a request until its handler completes: its span, its start time,
/// and the token that marks it as not yet answered.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) span: Span,
    started: Instant,
    _unanswered: Option<TaskTrackerToken>,
}

impl Arrival {
    pub(super) fn now(unanswered: Option<TaskTrackerToken>) -> Self {
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

    /// Records the outcome and the duration in the span.
    pub(super) fn record(&self, outcome: ReplyOutcome) {
        self.span.record("outcome", display(outcome));
        let duration = milliseconds(self.started.elapsed());
        self.span.record("duration_ms", duration);
    }
}

/// Why a request was rejected before its handler, in the order of the checks. For
/// the log and for simulators: the reply is the same for all.
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
