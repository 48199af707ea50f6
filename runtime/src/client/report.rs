//! Logging and the observer of calls; neither gets a body.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::{Empty, display};

use crate::clock::milliseconds;
use crate::operation::OperationInfo;
use crate::outcome::{CallOutcome, printable_code};

/// A summary of a finished call, without any content of its messages.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallReport<'a> {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// The outcome. A call whose future was dropped is unknown.
    pub outcome: CallOutcome,
    /// The return code, if a response had one that looks like a code.
    pub code: Option<&'a str>,
    /// The time from the start of the call to its end, all attempts included.
    pub duration: Duration,
    /// The number of attempts to send the request.
    pub attempts: u32,
    /// The size of the encrypted request in bytes; 0 if none was encrypted.
    pub request_bytes: usize,
    /// The size of the response body of the last attempt in bytes; 0 if it did not
    /// arrive completely, or if the response was a redirect, whose body is not
    /// read.
    pub response_bytes: usize,
}

impl CallReport<'static> {
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

/// A function that is called for every finished call, for metrics.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&CallReport<'_>) + Send + Sync>);

impl Observer {
    /// Creates an observer that calls `observe`. A panic in it is caught and does
    /// not affect the call.
    pub fn new(observe: impl Fn(&CallReport<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The span and the report of one call; both are also completed when the call's
/// future is dropped.
pub(super) struct CallSpan {
    pub(super) span: Span,
    /// The report as far as it is known.
    pub(super) report: CallReport<'static>,
    observer: Option<Observer>,
    started: Instant,
    finished: bool,
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
            finished: false,
        }
    }

    pub(super) fn finish(mut self, outcome: CallOutcome, code: Option<&str>) {
        self.finished = true;
        self.send(CallReport {
            outcome,
            code: code.map(printable_code),
            ..self.report
        });
    }

    fn send(&self, mut report: CallReport<'_>) {
        report.duration = self.started.elapsed();
        self.span.record("outcome", display(report.outcome));
        self.span.record("code", report.code);
        self.span
            .record("duration_ms", milliseconds(report.duration));
        if report.outcome == CallOutcome::Unknown {
            self.span
                .in_scope(|| tracing::warn!("the outcome of a call is unknown"));
        }
        if let Some(Observer(observe)) = &self.observer
            && catch_unwind(AssertUnwindSafe(|| observe(&report))).is_err()
        {
            tracing::error!("the observer of calls panicked");
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.finished {
            self.send(self.report);
        }
    }
}
