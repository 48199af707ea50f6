//! How a call ends when it was not accepted.
//!
//! A call that moves money ends in one of three ways, not two: it was never
//! sent, it was refused, or its outcome is unknown. The third is the one that costs
//! money when it is taken for one of the others, so it is a type of its own:
//! it says what to ask, about which control numbers, and not before when.

use std::error::Error as StdError;
use std::fmt;

use crate::operation::{OperationInfo, Retry};
use crate::validate::Invalid;
use crate::value::DateTime;

/// What went wrong underneath; never holds a body.
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

/// Why a call gave no accepted answer.
///
/// Neither `Display` nor `Debug` of this type or of anything inside it shows a
/// field of the request or of the answer, except control numbers and return
/// codes.
///
/// There is no fourth way, so a `match` needs no catch-all arm, which could
/// swallow an unknown outcome. `C` is the table of return codes.
#[must_use = "an unknown outcome has to be followed up, or the same thing may be done twice"]
pub enum Error<C = String> {
    /// Nothing left this machine. The same request may be sent again.
    NotSent(NotSent),
    /// A readable answer refused the call with a listed return code.
    Rejected(Rejected<C>),
    /// Everything else: the call may have been executed.
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

    /// The value of `action` that was called.
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.operation().action
    }

    /// The return code as on the wire, where the answer had one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::NotSent(_) => None,
            Self::Rejected(error) => Some(error.code()),
            Self::Unknown(error) => error.code(),
        }
    }

    /// The return code as its table knows it, where the answer had one.
    #[must_use]
    pub fn return_code(&self) -> Option<&C> {
        match self {
            Self::NotSent(_) => None,
            Self::Rejected(error) => Some(error.return_code()),
            Self::Unknown(error) => error.return_code(),
        }
    }

    /// Which of the three it is.
    #[must_use]
    pub fn outcome(&self) -> CallOutcome {
        match self {
            Self::NotSent(_) => CallOutcome::NotSent,
            Self::Rejected(_) => CallOutcome::Rejected,
            Self::Unknown(_) => CallOutcome::Unknown,
        }
    }

    /// Whether the call may have been executed in spite of this error.
    #[must_use]
    pub fn may_have_been_executed(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

impl<C: AsRef<str>> fmt::Debug for Error<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => fmt::Debug::fmt(error, f),
            Self::Rejected(error) => fmt::Debug::fmt(error, f),
            Self::Unknown(error) => fmt::Debug::fmt(error, f),
        }
    }
}

impl<C: AsRef<str>> fmt::Display for Error<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(error) => fmt::Display::fmt(error, f),
            Self::Rejected(error) => fmt::Display::fmt(error, f),
            Self::Unknown(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl<C: AsRef<str>> StdError for Error<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotSent(error) => error.source(),
            Self::Rejected(error) => error.source(),
            Self::Unknown(error) => error.source(),
        }
    }
}

/// How a call ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// It was accepted (asynchronous) or done (synchronous).
    Accepted,
    /// Nothing left this machine.
    NotSent,
    /// It was refused and not executed.
    Rejected,
    /// It may have been executed.
    Unknown,
}

impl CallOutcome {
    /// The word that metrics and spans use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotSent => "not sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Nothing of the request left this machine.
#[must_use = "nothing was sent"]
pub struct NotSent {
    pub(crate) operation: &'static OperationInfo,
    pub(crate) reason: NotSentReason,
    pub(crate) source: Option<Source>,
}

/// Why nothing was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotSentReason {
    /// The request breaks rules of the document.
    Invalid(Invalid),
    /// No connection came about: the name did not resolve, nothing listened,
    /// time ran out while connecting, or TLS could not be agreed.
    Connect,
    /// The HTTP request could not be put together.
    Request,
    /// A layer of the transport returned an error without sending the request.
    Layer,
}

impl NotSent {
    /// The operation that was to be called.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// Why nothing was sent.
    #[must_use]
    pub fn reason(&self) -> &NotSentReason {
        &self.reason
    }

    /// The broken rules, where that is the reason.
    #[must_use]
    pub fn invalid(&self) -> Option<&Invalid> {
        match &self.reason {
            NotSentReason::Invalid(invalid) => Some(invalid),
            NotSentReason::Connect | NotSentReason::Request | NotSentReason::Layer => None,
        }
    }
}

impl fmt::Debug for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotSent")
            .field("operation", &self.operation.name)
            .field("reason", &self.reason)
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not sent: ", self.operation.name)?;
        match &self.reason {
            NotSentReason::Invalid(invalid) => {
                for (index, violation) in invalid.violations().iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{violation}")?;
                }
                Ok(())
            }
            NotSentReason::Connect => f.write_str("no connection to the server"),
            NotSentReason::Request => f.write_str("the HTTP request could not be put together"),
            NotSentReason::Layer => f.write_str("a layer of the transport did not send it"),
        }
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A readable answer refused the call with a return code that says so.
#[must_use = "the call was refused"]
pub struct Rejected<C = String> {
    pub(crate) operation: &'static OperationInfo,
    pub(crate) code: C,
    pub(crate) description: Option<String>,
    pub(crate) time: Option<DateTime>,
}

impl<C: AsRef<str>> Rejected<C> {
    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// The return code as on the wire.
    #[must_use]
    pub fn code(&self) -> &str {
        self.code.as_ref()
    }

    /// The return code as its table knows it.
    #[must_use]
    pub fn return_code(&self) -> &C {
        &self.code
    }

    /// The text that came with the code.
    ///
    /// It is the other side's free text and may hold personal data, therefore
    /// it stands in no log and in no error message. Never compare it: the same
    /// code comes with several texts.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// When the answer was written, where it says so.
    #[must_use]
    pub fn time(&self) -> Option<DateTime> {
        self.time
    }
}

impl<C: AsRef<str>> fmt::Debug for Rejected<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("operation", &self.operation.name)
            .field("code", &self.code.as_ref())
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl<C: AsRef<str>> fmt::Display for Rejected<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: rejected with return code {}",
            self.operation.name,
            self.code.as_ref()
        )
    }
}

impl<C: AsRef<str>> StdError for Rejected<C> {}

/// The call may have been executed, and nothing that is known says whether.
///
/// There is no `Clone` and no way back to the request: what follows an unknown
/// outcome is a question, not a repetition.
#[must_use = "the call may have been executed: ask before doing anything else"]
pub struct Unknown<C = String> {
    pub(crate) operation: &'static OperationInfo,
    pub(crate) transaction_ids: Vec<String>,
    pub(crate) cause: UnknownCause,
    pub(crate) code: Option<C>,
    pub(crate) ask_not_before: Option<DateTime>,
    pub(crate) source: Option<Source>,
}

/// Why the outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownCause {
    /// No complete answer arrived in time.
    Timeout,
    /// The connection broke after it had been made, before the answer was complete.
    Connection,
    /// The answer had this HTTP status instead of 200.
    HttpStatus(u16),
    /// The answer was a redirect with this HTTP status; it was not followed.
    Redirect(u16),
    /// The answer was not encrypted with a known key, or not what the document describes.
    Unreadable,
    /// The answer was longer than allowed.
    TooLarge,
    /// The answer was readable, and its return code is missing, not listed, or
    /// one that leaves the outcome open.
    Code,
    /// A layer of the transport returned an error after the request was sent.
    Layer,
}

impl<C: AsRef<str>> Unknown<C> {
    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// The control numbers at stake, in the order of the request.
    #[must_use]
    pub fn transaction_ids(&self) -> &[String] {
        &self.transaction_ids
    }

    /// Why the outcome is unknown.
    #[must_use]
    pub fn cause(&self) -> UnknownCause {
        self.cause
    }

    /// The return code as on the wire, where the answer had one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_ref().map(AsRef::as_ref)
    }

    /// The return code as its table knows it, where the answer had one.
    #[must_use]
    pub fn return_code(&self) -> Option<&C> {
        self.code.as_ref()
    }

    /// The `operationId` of the operation that tells what became of the call.
    #[must_use]
    pub fn status_query(&self) -> Option<&'static str> {
        self.operation.status_query
    }

    /// The earliest moment, in GMT+8, at which asking is of use: a whole second,
    /// a minute later than the document says, since clocks differ. Even then one
    /// answer that something is not there proves nothing.
    #[must_use]
    pub fn ask_not_before(&self) -> Option<DateTime> {
        self.ask_not_before
    }

    fn write_advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operation.retry == Retry::Safe {
            return f.write_str("; it may be sent again");
        }
        f.write_str("; it may have been executed: ")?;
        let Some(status_query) = self.operation.status_query else {
            return f.write_str("do not send it again");
        };
        write!(f, "ask {status_query}")?;
        if let Some((last, others)) = self.transaction_ids.split_last() {
            f.write_str(" about ")?;
            for subject in others {
                write!(f, "{subject}, ")?;
            }
            f.write_str(last)?;
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

impl<C: AsRef<str>> fmt::Debug for Unknown<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unknown")
            .field("operation", &self.operation.name)
            .field("transaction_ids", &self.transaction_ids)
            .field("cause", &self.cause)
            .field("code", &self.code().map(printable_code))
            .field("ask_not_before", &self.ask_not_before)
            .field("source", &self.source)
            .finish()
    }
}

impl<C: AsRef<str>> fmt::Display for Unknown<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: outcome unknown ({}",
            self.operation.name, self.cause
        )?;
        if let Some(code) = self.code() {
            write!(f, ", return code {}", printable_code(code))?;
        }
        f.write_str(")")?;
        self.write_advice(f)
    }
}

impl<C: AsRef<str>> StdError for Unknown<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for UnknownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the answer did not arrive in time"),
            Self::Connection => f.write_str("the connection broke before the answer was complete"),
            Self::HttpStatus(status) => write!(f, "the answer was HTTP {status}"),
            Self::Redirect(status) => {
                write!(
                    f,
                    "the answer was a redirect, HTTP {status}, and not followed"
                )
            }
            Self::Unreadable => f.write_str("the answer could not be read"),
            Self::TooLarge => f.write_str("the answer was longer than allowed"),
            Self::Code => f.write_str("the answer does not tell the outcome"),
            Self::Layer => f.write_str("a layer of the transport failed after sending"),
        }
    }
}

/// A code that no document lists is text from outside: it is shown only where
/// it looks like a code.
pub(crate) fn printable_code(code: &str) -> &str {
    let like_a_code = code.len() <= 8
        && code
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    if like_a_code { code } else { "(not a number)" }
}
