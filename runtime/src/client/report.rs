//! What the log and the observer get of a call: never a body.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::{Empty, display};

use crate::clock::milliseconds;
use crate::operation::OperationInfo;
use crate::outcome::{CallOutcome, printable_code};

/// What may be known of a finished call without knowing what it was about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallReport<'a> {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// How the call ended. A call whose future was dropped ends as unknown.
    pub outcome: CallOutcome,
    /// The return code, where a response had one that looks like one.
    pub code: Option<&'a str>,
    /// From the start of the call to its end, all attempts included.
    pub duration: Duration,
    /// How often the request was sent, or tried to be sent.
    pub attempts: u32,
    /// Bytes of the encrypted request; 0 where none was encrypted.
    pub request_bytes: usize,
    /// Bytes of the body of the response to the last attempt; 0 where none
    /// arrived whole, and for a redirect, whose body is not read.
    pub response_bytes: usize,
}

impl CallReport<'static> {
    /// Of a call that begins: nothing is known.
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
    /// An observer that calls `observe`. Its panic does not cost the caller the outcome.
    pub fn new(observe: impl Fn(&CallReport<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// The span of one call, and its report: also where the call's future is
/// dropped.
pub(super) struct CallSpan {
    pub(super) span: Span,
    /// What is known of the call so far.
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
