//! How a call ends when it was not accepted.
//!
//! A failed call ends in one of three ways, not two: it was never sent, it was
//! rejected, or its outcome is unknown. Money is lost when the third is taken for
//! one of the others, so it is a separate type: it states which status query to
//! send, for which control numbers, and not before when.

use std::error::Error as StdError;
use std::fmt;

use displaydoc::Display;

use crate::codes::RetryAfter;
use crate::operation::{OperationInfo, Retry};
use crate::validate::Invalid;
use crate::value::{DateTime, Sensitive};

/// The underlying error; never holds a body.
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// Why a call gave no accepted response.
///
/// The enum is exhaustive, so a `match` needs no catch-all arm, which could hide an
/// unknown outcome. `C` is the type of return codes. `Display` and `Debug` show no
/// field of a message but control numbers and return codes.
#[derive(Debug, Display)]
#[must_use = "an unknown outcome has to be followed up, or the same thing may be done twice"]
pub enum Error<C: AsRef<str> = String> {
    /// Nothing was sent. The same request may be sent again.
    #[displaydoc("{0}")]
    NotSent(NotSent),
    /// A readable response refused the call with a return code that means a
    /// refusal.
    #[displaydoc("{0}")]
    Rejected(Rejected<C>),
    /// All other failures: the call may have been executed.
    #[displaydoc("{0}")]
    Unknown(Unknown<C>),
}

impl<C: AsRef<str>> Error<C> {
    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        match self {
            Self::NotSent(error) => error.operation,
            Self::Rejected(error) => error.operation,
            Self::Unknown(error) => error.operation,
        }
    }

    /// The return code as on the wire, if the response had one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.return_code().map(AsRef::as_ref)
    }

    /// The typed return code, if the response had one.
    #[must_use]
    pub fn return_code(&self) -> Option<&C> {
        match self {
            Self::NotSent(_) => None,
            Self::Rejected(error) => Some(&error.return_code),
            Self::Unknown(error) => error.return_code.as_ref(),
        }
    }

    /// The outcome of this error.
    #[must_use]
    pub fn outcome(&self) -> CallOutcome {
        match self {
            Self::NotSent(_) => CallOutcome::NotSent,
            Self::Rejected(_) => CallOutcome::Rejected,
            Self::Unknown(_) => CallOutcome::Unknown,
        }
    }
}

impl<C: AsRef<str> + fmt::Debug> StdError for Error<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotSent(error) => error.source(),
            Self::Rejected(_) => None,
            Self::Unknown(error) => error.source(),
        }
    }
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// The call was accepted (asynchronous) or executed (synchronous).
    #[displaydoc("accepted")]
    Accepted,
    /// Nothing was sent.
    #[displaydoc("not sent")]
    NotSent,
    /// The call was refused and not executed.
    #[displaydoc("rejected")]
    Rejected,
    /// The call may have been executed.
    #[displaydoc("unknown")]
    Unknown,
}

/// The request was not sent.
#[derive(Debug)]
#[must_use = "nothing was sent"]
#[non_exhaustive]
pub struct NotSent {
    /// The operation of the request.
    pub operation: &'static OperationInfo,
    /// Why nothing was sent.
    pub reason: NotSentReason,
    pub(crate) source: Option<Source>,
}

/// Why nothing was sent.
#[derive(Debug, Display)]
#[non_exhaustive]
pub enum NotSentReason {
    /// The request violates constraints of the document.
    #[displaydoc("{0}")]
    Invalid(Invalid),
    /// No connection could be established: name resolution failed, the connection
    /// was refused, connecting timed out, or the TLS handshake failed.
    #[displaydoc("no connection to the server")]
    Connect,
    /// The HTTP request could not be built.
    #[displaydoc("the HTTP request could not be put together")]
    Request,
    /// A layer of the transport returned an error without sending the request.
    #[displaydoc("a layer of the transport did not send it")]
    Layer,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.to_string().replace('\n', "; ");
        write!(f, "{}: not sent: {reason}", self.operation.name)
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A readable response refused the call with a return code that means a refusal.
#[derive(Debug)]
#[must_use = "the call was refused"]
#[non_exhaustive]
pub struct Rejected<C = String> {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// The typed return code.
    pub return_code: C,
    /// The time of the response, if it has one.
    pub time: Option<DateTime>,
    pub(crate) description: Option<Sensitive>,
}

impl<C: AsRef<str>> Rejected<C> {
    /// The return code as on the wire.
    #[must_use]
    pub fn code(&self) -> &str {
        self.return_code.as_ref()
    }

    /// What to do next, as the document declares it for the return code. Whether the
    /// same request may then be sent again is [`OperationInfo::retry`].
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        let listed = self.operation.return_code(self.code());
        match listed.map(|listed| (listed.refuses_keys, listed.retry_after)) {
            Some((true, _)) => NextStep::CorrectKeys,
            Some((_, Some(event))) => NextStep::Wait(event),
            _ => NextStep::Correct,
        }
    }

    /// The description that came with the return code.
    ///
    /// It is free text from the other side and may hold personal data, so it is not
    /// logged and not part of an error message. Never compare it: the same code
    /// comes with several texts.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        let text = self.description.as_ref()?;
        Some(text.expose())
    }
}

impl<C: AsRef<str>> fmt::Display for Rejected<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, code) = (self.operation.name, self.code());
        let next = self.next_step();
        write!(f, "{name}: rejected with return code {code}; {next}")?;
        match (self.operation.retry, self.operation.status_query) {
            (Retry::Safe, _) => Ok(()),
            (Retry::AfterStatusQuery, Some(query)) => {
                write!(f, "; ask {query} before it is sent again")
            }
            _ => f.write_str("; do not send the same request again"),
        }
    }
}

impl<C: AsRef<str> + fmt::Debug> StdError for Rejected<C> {}

/// What to do after a refusal.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash)]
pub enum NextStep {
    /// Correct the keys or the credentials, which were refused.
    #[displaydoc("correct the keys or the credentials")]
    CorrectKeys,
    /// Wait for the event: the request may then succeed unchanged.
    #[displaydoc("it may succeed unchanged {0}")]
    Wait(RetryAfter),
    /// Correct what the return code names. As far as is known, time does not change
    /// the refusal.
    #[displaydoc("correct what the return code names")]
    Correct,
}

/// The call may have been executed, or not: its outcome is unknown.
///
/// It does not give the request back: an unknown outcome requires a status query,
/// not a retry.
#[must_use = "the call may have been executed: ask before doing anything else"]
#[non_exhaustive]
pub struct Unknown<C = String> {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// The control numbers of the request, in its order.
    pub transaction_ids: Vec<String>,
    /// Why the outcome is unknown.
    pub cause: UnknownCause,
    /// The typed return code, if the response had one.
    pub return_code: Option<C>,
    /// The earliest time, in GMT+8, for a useful status query: a whole second, with
    /// a margin of one minute beyond the document's delay, since clocks differ.
    /// Even then, one response that does not find the transaction does not prove
    /// that the call was not executed.
    pub ask_not_before: Option<DateTime>,
    pub(crate) source: Option<Source>,
}

/// Why the outcome is unknown.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownCause {
    /// No complete response arrived in time.
    #[displaydoc("the answer did not arrive in time")]
    Timeout,
    /// The connection failed after it was established and before the response was
    /// complete.
    #[displaydoc("the connection broke before the answer was complete")]
    Connection,
    /// The response had this HTTP status instead of 200.
    #[displaydoc("the answer was HTTP {0}")]
    HttpStatus(u16),
    /// The response was a redirect with this HTTP status; it was not followed.
    #[displaydoc("the answer was a redirect, HTTP {0}, and not followed")]
    Redirect(u16),
    /// The response was not encrypted with a known key, or does not match the
    /// document.
    #[displaydoc("the answer could not be read")]
    Unreadable,
    /// The response exceeded the size limit.
    #[displaydoc("the answer was longer than allowed")]
    TooLarge,
    /// The response was readable, but its return code is missing, not listed, or
    /// one that leaves the outcome unknown.
    #[displaydoc("the answer does not tell the outcome")]
    Code,
    /// A layer of the transport returned an error after the request was sent.
    #[displaydoc("a layer of the transport failed after sending")]
    Layer,
}

impl<C: AsRef<str>> Unknown<C> {
    /// The return code as on the wire, if the response had one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.return_code.as_ref().map(AsRef::as_ref)
    }

    /// The `operationId` of the operation that queries the status of the call.
    #[must_use]
    pub fn status_query(&self) -> Option<&'static str> {
        self.operation.status_query
    }
}

impl<C: AsRef<str>> fmt::Debug for Unknown<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unknown")
            .field("operation", &self.operation)
            .field("transaction_ids", &self.transaction_ids)
            .field("cause", &self.cause)
            .field("return_code", &self.code().map(printable_code))
            .field("ask_not_before", &self.ask_not_before)
            .field("source", &self.source)
            .finish()
    }
}

impl<C: AsRef<str>> fmt::Display for Unknown<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, cause) = (self.operation.name, self.cause);
        write!(f, "{name}: outcome unknown ({cause}")?;
        if let Some(code) = self.code() {
            write!(f, ", return code {}", printable_code(code))?;
        }
        f.write_str(")")?;
        if self.operation.retry == Retry::Safe {
            return f.write_str("; it may be sent again");
        }
        f.write_str("; it may have been executed: ")?;
        let Some(status_query) = self.operation.status_query else {
            return f.write_str("do not send it again");
        };
        write!(f, "ask {status_query}")?;
        if !self.transaction_ids.is_empty() {
            write!(f, " about {}", self.transaction_ids.join(", "))?;
        }
        if let Some(time) = &self.ask_not_before {
            write!(f, " not before {time} GMT+8")?;
        }
        f.write_str(", and do not send it again")?;
        if self.operation.retry == Retry::AfterStatusQuery {
            f.write_str(" before that")?;
        }
        if self.ask_not_before.is_some() {
            f.write_str("; that it is not found once proves nothing")?;
        }
        Ok(())
    }
}

impl<C: AsRef<str>> StdError for Unknown<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Returns the code if it looks like one, else a placeholder: a code that the
/// document does not list is text from the other side.
pub(crate) fn printable_code(code: &str) -> &str {
    let like_a_code = |byte: u8| byte.is_ascii_digit() || byte == b'-';
    if code.len() <= 8 && code.bytes().all(like_a_code) {
        code
    } else {
        "(not a number)"
    }
}
