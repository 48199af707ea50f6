//! From an authenticated request to the clear text of its answer.

use std::borrow::Cow;
use std::fmt;
use std::future::ready;
use std::net::IpAddr;

use super::Protocol;
use crate::clock::Clock;
use crate::head;
use crate::operation::{Answer, Mode, Operation, OperationInfo, Outcome, Stamp};
use crate::read;
use crate::value::DateTime;

/// What is known of a request besides its content.
#[derive(Debug)]
pub struct Context {
    pub(super) operation: &'static OperationInfo,
    pub(super) protocol: &'static Protocol,
    pub(super) received_at: DateTime,
    pub(super) clock: Clock,
    pub(super) peer: Option<IpAddr>,
    pub(super) caller: Option<String>,
    pub(super) newest_keys: bool,
}

impl Context {
    /// The context of a request that arrives now, from nobody knows where.
    /// [`Dispatch`](super::Dispatch) makes it; a test of a handler may, too.
    #[must_use]
    pub fn new(
        operation: &'static OperationInfo,
        protocol: &'static Protocol,
        clock: Clock,
    ) -> Self {
        Self {
            operation,
            protocol,
            received_at: clock.date_time(),
            clock,
            peer: None,
            caller: None,
            newest_keys: true,
        }
    }

    /// The operation that is called.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// When the request had arrived, in GMT+8.
    #[must_use]
    pub fn received_at(&self) -> DateTime {
        self.received_at
    }

    /// The address the request came from, where the server knows it.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Who calls according to the path, where the path says so. It is not
    /// authenticated: anybody can write it.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }

    /// Whether the request came with the credentials that the ring was given
    /// last. While keys change, this says when the old ones are no longer used.
    #[must_use]
    pub fn came_with_newest_keys(&self) -> bool {
        self.newest_keys
    }

    fn accepted_stamp(&self) -> Stamp<'static> {
        Stamp {
            time: self.clock.date_time(),
            code: self.operation.accepted_code(),
            description: self.protocol.accepted_description,
        }
    }

    fn accepted(&self, mut response: impl Answer) -> Reply {
        response.stamp(&self.accepted_stamp());
        if let Err(invalid) = response.validate() {
            tracing::error!(%invalid, "the handler's answer breaks the document's rules");
            return self.failure();
        }
        let Ok(clear) = serde_json::to_vec(&response) else {
            tracing::error!("the handler's answer cannot be written as JSON");
            return self.failure();
        };
        Reply(ReplyKind::Accepted(clear))
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        let Some(code) = refusal.code.as_deref() else {
            return self.not_served();
        };
        let listed = self
            .operation
            .codes
            .iter()
            .any(|(listed, outcome)| *listed == code && *outcome != Outcome::Accepted);
        if !listed && self.operation.outcome_of(code) != Outcome::Rejected {
            tracing::error!("the handler refuses with a code that the operation does not have");
            return self.failure();
        }
        let limit = self.protocol.description_limit;
        let description: String = refusal.description.chars().take(limit).collect();
        Reply(ReplyKind::Refused(head::write_answer(&Stamp {
            time: self.clock.date_time(),
            code,
            description: &description,
        })))
    }

    fn stored(&self) -> Reply {
        Reply(ReplyKind::Accepted(head::write_answer(
            &self.accepted_stamp(),
        )))
    }

    /// The answer where nobody has written a method for the operation: a
    /// polite refusal where the operation has a code for one, else that
    /// answering failed.
    pub fn not_served(&self) -> Reply {
        let code = self.protocol.not_offered_code;
        if self.operation.outcome_of(code) != Outcome::Rejected {
            return self.failure();
        }
        Reply(ReplyKind::Refused(head::write_answer(&Stamp {
            time: self.clock.date_time(),
            code,
            description: self.protocol.not_offered_description,
        })))
    }

    /// Answering failed on this side: nobody knows, or it was not stored.
    pub(super) fn failure(&self) -> Reply {
        if self.operation.mode == Mode::Notification {
            return self.not_stored();
        }
        Reply(ReplyKind::Failed(head::write_answer(&Stamp {
            time: self.clock.date_time(),
            code: self.protocol.failure_code,
            description: self.protocol.failure_description,
        })))
    }

    fn not_stored(&self) -> Reply {
        Reply(ReplyKind::NotStored(head::write_answer(&Stamp {
            time: self.clock.date_time(),
            code: self.protocol.not_stored_code,
            description: self.protocol.not_stored_description,
        })))
    }
}

/// The answer to a request, still in clear text.
#[must_use]
pub struct Reply(pub(super) ReplyKind);

pub(super) enum ReplyKind {
    Accepted(Vec<u8>),
    Refused(Vec<u8>),
    Failed(Vec<u8>),
    NotStored(Vec<u8>),
    Undecodable,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            ReplyKind::Accepted(_) => "Accepted",
            ReplyKind::Refused(_) => "Refused",
            ReplyKind::Failed(_) => "Failed",
            ReplyKind::NotStored(_) => "NotStored",
            ReplyKind::Undecodable => "Undecodable",
        })
    }
}

/// Answers a request whose answer is the handler's: data or a refusal.
///
/// The handler's answer gets the time and the code of an accepted request and
/// is checked against the document before it is sent.
pub async fn inquiry<O, F, Fut>(context: &Context, clear: &[u8], handle: F) -> Reply
where
    O: Operation,
    F: FnOnce(O) -> Fut,
    Fut: Future<Output = Result<O::Response, Refusal>>,
{
    let request = match decode(clear) {
        Ok(request) => request,
        Err(reply) => return reply,
    };
    match handle(request).await {
        Ok(response) => context.accepted(response),
        Err(refusal) => context.refused(&refusal),
    }
}

/// Answers a notification, which can only be acknowledged or not.
pub async fn notice<O, F, Fut>(context: &Context, clear: &[u8], handle: F) -> Reply
where
    O: Operation,
    F: FnOnce(O) -> Fut,
    Fut: Future<Output = Result<Stored, NotStored>>,
{
    let notice = match decode(clear) {
        Ok(notice) => notice,
        Err(reply) => return reply,
    };
    match handle(notice).await {
        Ok(Stored) => context.stored(),
        Err(NotStored { reason }) => {
            tracing::error!(reason, "a notification was not stored");
            context.not_stored()
        }
    }
}

fn decode<O: Operation>(clear: &[u8]) -> Result<O, Reply> {
    read::from_slice(clear).map_err(|error| {
        // The error names a field and a place, never a value.
        tracing::warn!(%error, "an authenticated request cannot be decoded");
        Reply(ReplyKind::Undecodable)
    })
}

/// What a trait method answers that nobody has written; see
/// [`Context::not_served`].
pub fn refuse<O: Operation>() -> impl Future<Output = Result<O::Response, Refusal>> + Send {
    ready(Err(Refusal {
        code: None,
        description: String::new(),
    }))
}

/// What a trait method for a notification answers that nobody has written:
/// that it was not stored.
pub fn not_stored() -> impl Future<Output = Result<Stored, NotStored>> + Send {
    ready(Err(NotStored::because("nobody handles it")))
}

/// A request is refused, with a return code of the operation.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Refusal {
    /// `None` where there is no handler.
    code: Option<Cow<'static, str>>,
    description: String,
}

impl Refusal {
    /// A refusal with a return code that the document lists for the operation.
    ///
    /// Whether it does is checked when the answer is written: a code that the
    /// operation does not have is answered as a failure and logged. A
    /// description longer than the document allows is cut off.
    pub fn new(code: impl Into<Cow<'static, str>>, description: impl Into<String>) -> Self {
        Self {
            code: Some(code.into()),
            description: description.into(),
        }
    }

    /// A refusal of operation `O` with a code that the partner defines.
    ///
    /// # Errors
    ///
    /// If `number` is outside the range that the document leaves to partners
    /// for this operation, or there is none.
    pub fn partner<O: Operation>(
        number: u16,
        description: impl Into<String>,
    ) -> Result<Self, NotPartnerDefined> {
        match O::INFO.partner_codes {
            Some((from, to)) if (from..=to).contains(&number) => {
                Ok(Self::new(number.to_string(), description))
            }
            _ => Err(NotPartnerDefined {
                operation: O::INFO,
                number,
            }),
        }
    }

    /// The return code, unless the refusal means that there is no handler.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The text that goes with it.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }
}

/// Without the description, which may hold personal data.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// The code is not one that a partner may define for the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPartnerDefined {
    operation: &'static OperationInfo,
    number: u16,
}

impl fmt::Display for NotPartnerDefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, number } = self;
        write!(f, "{}: {number} is not ", operation.name)?;
        match operation.partner_codes {
            Some((from, to)) => write!(f, "between {from} and {to}"),
            None => f.write_str("allowed: partners define no codes for it"),
        }
    }
}

impl std::error::Error for NotPartnerDefined {}

/// A notification is stored durably: it need not be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stored;

/// A notification is not stored: it has to be sent again.
///
/// Any error converts into it with `?`. Only the name of its type is kept, for
/// the log: its text may hold personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct NotStored {
    reason: &'static str,
}

impl NotStored {
    /// Not stored, for a reason that goes to the log.
    pub fn because(reason: &'static str) -> Self {
        Self { reason }
    }
}

impl<E: std::error::Error> From<E> for NotStored {
    fn from(_: E) -> Self {
        Self::because(std::any::type_name::<E>())
    }
}
