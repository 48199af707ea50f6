//! What a call tells the log and the observer: never a body.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::Span;
use tracing::field::Empty;

use crate::envelope::Clear;
use crate::keys::Credentials;
use crate::operation::OperationInfo;
use crate::outcome::{CallOutcome, printable_code};

/// What may be known of a finished call without knowing what it was about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The operation that was called.
    pub operation: &'static OperationInfo,
    /// How the call ended. A call whose future was dropped ends as unknown.
    pub outcome: CallOutcome,
    /// The return code, where an answer had one that looks like one.
    pub code: Option<&'a str>,
    /// From the start of the call to its end, all tries included.
    pub duration: Duration,
    /// How often the request was tried.
    pub tries: u32,
    /// Bytes of the sealed request; 0 where none was sealed.
    pub request_bytes: usize,
    /// Bytes of the sealed answer of the last try; 0 where none arrived whole.
    pub response_bytes: usize,
}

/// A function that is told of every finished call, for metrics.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(&Exchange<'_>) + Send + Sync>);

impl Observer {
    /// An observer that calls `observe`.
    pub fn new(observe: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observe))
    }

    /// A panic of the observer must not cost the caller the outcome.
    fn tell(&self, exchange: &Exchange<'_>) {
        if catch_unwind(AssertUnwindSafe(|| (self.0)(exchange))).is_err() {
            tracing::error!("the observer of calls panicked");
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

tokio::task_local! {
    /// What belongs to the call that the present task makes. Between
    /// `Transport::call` and `Transport::exchange` stands generated code
    /// through which nothing else can be handed.
    static CARGO: Arc<Cargo>;
}

/// What `Transport::exchange` hands over beside generated code: how much was
/// sent and received, the opened answer, and with which keys it came; and what
/// it is handed: the keys to seal with, where they are not those of the ring.
#[derive(Default)]
pub(super) struct Cargo {
    request: AtomicUsize,
    response: AtomicUsize,
    opened: Mutex<Option<Clear>>,
    key_change: Mutex<Option<KeyChange>>,
    chosen: Mutex<Option<Arc<Credentials>>>,
}

/// An answer was sealed with another set of keys than its request.
pub(super) struct KeyChange {
    /// The set of the request.
    pub(super) from: Arc<Credentials>,
    /// The set of the answer.
    pub(super) to: Arc<Credentials>,
}

impl Cargo {
    pub(super) fn note_request(bytes: usize) {
        // Outside a call nobody asks for sizes.
        let _ = CARGO.try_with(|cargo| cargo.request.store(bytes, Ordering::Relaxed));
    }

    pub(super) fn note_response(bytes: usize) {
        let _ = CARGO.try_with(|cargo| cargo.response.store(bytes, Ordering::Relaxed));
    }

    /// Hands an opened answer over; gives it back where there is no call that
    /// could take it.
    pub(super) fn hand_over(clear: Clear) -> Result<(), Clear> {
        let mut clear = Some(clear);
        let _ = CARGO.try_with(|cargo| *cargo.opened() = clear.take());
        clear.map_or(Ok(()), Err)
    }

    pub(super) fn note_key_change(change: KeyChange) {
        let _ = CARGO.try_with(|cargo| *locked(&cargo.key_change) = Some(change));
    }

    /// The set of keys that this call has been told to seal with.
    pub(super) fn chosen() -> Option<Arc<Credentials>> {
        CARGO
            .try_with(|cargo| locked(&cargo.chosen).clone())
            .unwrap_or_default()
    }

    fn opened(&self) -> MutexGuard<'_, Option<Clear>> {
        locked(&self.opened)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches one call from its start to its end, even if it is given up.
pub(super) struct Watch {
    operation: &'static OperationInfo,
    observer: Option<Observer>,
    span: Span,
    started: Instant,
    tries: AtomicU32,
    cargo: Arc<Cargo>,
    finished: bool,
}

impl Watch {
    pub(super) fn start(operation: &'static OperationInfo, observer: Option<Observer>) -> Self {
        Self {
            operation,
            observer,
            span: tracing::info_span!(
                "skypay.call",
                operation = operation.name,
                action = operation.action,
                outcome = Empty,
                code = Empty,
                duration_ms = Empty,
            ),
            started: Instant::now(),
            tries: AtomicU32::new(0),
            cargo: Arc::default(),
            finished: false,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Runs one try.
    pub(super) async fn measure<F: Future>(&self, sending: F) -> F::Output {
        self.tries.fetch_add(1, Ordering::Relaxed);
        self.cargo.response.store(0, Ordering::Relaxed);
        *locked(&self.cargo.key_change) = None;
        CARGO.scope(Arc::clone(&self.cargo), sending).await
    }

    /// The answer of the last try, if it could be opened.
    pub(super) fn opened(&self) -> Option<Clear> {
        self.cargo.opened().take()
    }

    /// With which other set of keys the last try was answered, if with one.
    pub(super) fn key_change(&self) -> Option<KeyChange> {
        locked(&self.cargo.key_change).take()
    }

    /// From here on this call is sealed with that set, whatever the ring says.
    pub(super) fn seal_with(&self, credentials: Arc<Credentials>) {
        *locked(&self.cargo.chosen) = Some(credentials);
    }

    pub(super) fn finish(mut self, outcome: CallOutcome, code: Option<&str>) {
        self.finished = true;
        self.report(outcome, code);
    }

    fn report(&self, outcome: CallOutcome, code: Option<&str>) {
        let code = code.map(printable_code);
        let duration = self.started.elapsed();
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.span.record("outcome", outcome.as_str());
        self.span.record("duration_ms", milliseconds);
        if let Some(code) = code {
            self.span.record("code", code);
        }
        if outcome == CallOutcome::Unknown {
            self.span
                .in_scope(|| tracing::warn!("the outcome of a call is unknown"));
        }
        if let Some(observer) = &self.observer {
            observer.tell(&Exchange {
                operation: self.operation,
                outcome,
                code,
                duration,
                tries: self.tries.load(Ordering::Relaxed),
                request_bytes: self.cargo.request.load(Ordering::Relaxed),
                response_bytes: self.cargo.response.load(Ordering::Relaxed),
            });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.finished {
            self.report(CallOutcome::Unknown, None);
        }
    }
}
