//! Logging and the observer of calls; neither gets a body.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::{Empty, display};

use crate::clock::milliseconds;
use crate::operation::OperationInfo;
use crate::outcome::CallOutcome;

/// A summary of a finished call, without any content of its messages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallReport {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// The outcome. A call whose future was dropped is unknown.
    pub outcome: CallOutcome,
    /// The return code, if a response had one that looks like a code.
    pub code: Option<String>,
    /// The time from the start of the call to its end, all attempts included.
    pub duration: Duration,
    /// The number of attempts to send the request.
    pub attempts: u32,
    /// The size of the encrypted request in bytes; 0 if none was encrypted.
    pub request_bytes: usize,
    /// The size of the response body of the last attempt in bytes; 0 if it did not
    /// arrive completely or was that of a redirect, which is not read.
    pub response_bytes: usize,
}

impl CallReport {
    /// The report of a call that has just started.
    pub(super) fn new(operation: &'static OperationInfo) -> Self {
        Self {
            operation,
            outcome: CallOutcome::Unknown,
            code: None,
            duration: Duration::ZERO,
            attempts: 0,
            request_bytes: 0,
            response_bytes: 0,
        }
    }
}

/// A function that is called for every finished call.
pub(super) type Observer = Arc<dyn Fn(&CallReport) + Send + Sync>;

/// The span and the report of one call; both are completed when it is dropped, which
/// may be before the call has ended.
pub(super) struct CallSpan {
    pub(super) span: Span,
    /// The report as far as it is known.
    pub(super) report: CallReport,
    observer: Option<Observer>,
    started: Instant,
}

impl CallSpan {
    pub(super) fn start(operation: &'static OperationInfo, observer: Option<Observer>) -> Self {
        Self {
            span: tracing::info_span!(
                "skypay.call",
                operation = operation.name,
                action = operation.action,
                outcome = Empty,
                code = Empty,
                duration_ms = Empty,
            ),
            report: CallReport::new(operation),
            observer,
            started: Instant::now(),
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        let Self { span, report, .. } = self;
        report.duration = self.started.elapsed();
        span.record("outcome", display(report.outcome));
        span.record("code", report.code.as_deref());
        span.record("duration_ms", milliseconds(report.duration));
        if report.outcome == CallOutcome::Unknown {
            span.in_scope(|| tracing::warn!("the outcome of a call is unknown"));
        }
        if let Some(observe) = &self.observer
            && catch_unwind(AssertUnwindSafe(|| observe(report))).is_err()
        {
            tracing::error!("the observer of calls panicked");
        }
    }
}
