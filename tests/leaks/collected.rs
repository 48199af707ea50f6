//! Collects all output of this process: events and spans of `tracing`, records of
//! `log`, panics with their backtraces, and values that tests show on purpose.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fmt::{Debug, Write};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The position from which a test reads the collected lines.
pub(crate) struct Collected {
    start: usize,
}

#[derive(Default)]
struct Store {
    lines: Vec<Arc<str>>,
    /// Distinct lines: dependencies log mostly the same lines for every call.
    known: HashSet<Arc<str>>,
    targets: BTreeMap<String, usize>,
}

static STORE: Mutex<Option<Store>> = Mutex::new(None);

fn store() -> MutexGuard<'static, Option<Store>> {
    STORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a line.
fn add(target: &str, text: &str) {
    let line: Arc<str> = format!("{target}: {text}").into();
    let mut store = store();
    let store = store.get_or_insert_default();
    *store.targets.entry(target.to_owned()).or_default() += 1;
    let known = store.known.get(&line).cloned();
    let line = known.unwrap_or_else(|| {
        store.known.insert(Arc::clone(&line));
        line
    });
    store.lines.push(line);
}

/// Collects a text that a test shows.
pub(crate) fn show(text: &str) {
    add(SHOWN, text);
}

/// Collects a value in its `Debug` forms.
pub(crate) fn show_debug(value: &(impl Debug + ?Sized)) {
    show(&format!("{value:?}\n{value:#?}"));
}

/// Collects an error and all its sources, in every form in which an error can be shown.
pub(crate) fn show_error(error: &(dyn Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        show(&format!("{error}\n{error:#}\n{error:?}\n{error:#?}"));
        next = error.source();
    }
}

/// The target of values that tests show.
pub(crate) const SHOWN: &str = "shown";

/// The target of panics.
pub(crate) const PANIC: &str = "panic";

impl Collected {
    /// Collects from now on. Concurrent tests share the collected lines.
    pub(crate) fn from_here() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing::subscriber::set_global_default(Spans::default())
                .expect("this process has one collector");
            log::set_logger(&Records).expect("this process has one collector");
            log::set_max_level(log::LevelFilter::Trace);
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if FAILING.get() {
                    return usual(info);
                }
                let payload = info.payload();
                let text = payload.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
                let trace = Backtrace::force_capture();
                add(PANIC, &format!("{} {info}\n{trace}", text.unwrap_or("?")));
                usual(info);
            }));
        });
        let start = store().get_or_insert_default().lines.len();
        Self { start }
    }

    /// Returns all lines since the start.
    pub(crate) fn lines(&self) -> Vec<Arc<str>> {
        let mut store = store();
        store.get_or_insert_default().lines[self.start..].to_vec()
    }
}

thread_local! {
    static FAILING: Cell<bool> = const { Cell::new(false) };
}

/// Fails a test without collecting the panic: its message quotes the leak, which
/// would make all other tests fail too.
pub(crate) fn fail(why: &str) -> ! {
    FAILING.set(true);
    panic!("{why}");
}

/// Returns the number of lines per target, including duplicates.
pub(crate) fn targets() -> BTreeMap<String, usize> {
    store().get_or_insert_default().targets.clone()
}

/// Collects the output of crates through `tracing`.
#[derive(Default)]
struct Spans(AtomicU64);

fn note(metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(metadata.name().to_owned());
    record(&mut fields);
    add(metadata.target(), &fields.0);
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?} {value:#?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut next = Some(value);
        while let Some(error) = next {
            let _ = write!(self.0, " {field}={error} {error:?} {error:#?}");
            next = error.source();
        }
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        note(span.metadata(), |fields| span.record(fields));
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        add("record", &fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        note(event.metadata(), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Collects the output of crates through `log`.
struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        add(record.target(), &record.args().to_string());
    }

    fn flush(&self) {}
}
