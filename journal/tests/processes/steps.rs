//! The steps of a process, at each of which it can be stopped, to be killed there.

use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use skypay_client::types::Date;
use skypay_journal::database::{Database, DatabaseError, Row, Value};
use skypay_journal::{
    Answer, PayoutRequest, Provider, ReportRow, Statuses, Store, Timestamp, Work,
};

/// Writes a line to the process that started this one.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Counts the steps of this process, and keeps its time.
#[derive(Clone)]
pub(crate) struct Steps(Arc<Inner>);

struct Inner {
    reached: AtomicUsize,
    stop_at: Option<usize>,
    now: AtomicI64,
}

impl Steps {
    pub(crate) fn new(stop_at: Option<usize>) -> Self {
        Self(Arc::new(Inner {
            reached: AtomicUsize::new(0),
            stop_at,
            now: AtomicI64::new(0),
        }))
    }

    /// The number of steps so far.
    pub(crate) fn reached(&self) -> usize {
        self.0.reached.load(Ordering::SeqCst)
    }

    /// A step. If it is the one at which to stop, nothing happens any more.
    pub(crate) fn reach(&self, step: &str) {
        let number = self.0.reached.fetch_add(1, Ordering::SeqCst);
        if self.0.stop_at == Some(number) {
            say(&format!("stopped {step}"));
            loop {
                std::thread::park();
            }
        }
    }

    pub(crate) fn set_time(&self, now: Timestamp) {
        self.0.now.store(now.0, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.0.now.load(Ordering::SeqCst))
    }
}

/// A store or provider with a step before and after each thing that it does.
#[derive(Clone)]
pub(crate) struct Stepped<T> {
    pub(crate) inner: T,
    pub(crate) steps: Steps,
}

impl<S: Store> Store for Stepped<S> {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        let name = std::any::type_name::<W>();
        let name = name.split('<').next().unwrap_or(name);
        let name = name.rsplit("::").next().unwrap_or(name);
        let steps = self.steps.clone();
        let done = self.inner.transact(Inside { work, name, steps }).await;
        self.steps.reach(&format!("{name} committed"));
        done
    }
}

/// Work whose last step is before the commit, in the time of the process.
#[derive(Clone)]
struct Inside<W> {
    work: W,
    name: &'static str,
    steps: Steps,
}

impl<W: Work> Work for Inside<W> {
    type Output = W::Output;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<W::Output, DatabaseError> {
        let now = self.steps.now();
        let done = self.work.run(&mut Timed { db, now }).await;
        self.steps.reach(&format!("{} written", self.name));
        done
    }
}

struct Timed<'d, D> {
    db: &'d mut D,
    now: Timestamp,
}

impl<D: Database + Send> Database for Timed<'_, D> {
    fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send {
        self.db.run(statement, values)
    }

    async fn now(&mut self) -> Result<Timestamp, DatabaseError> {
        Ok(self.now)
    }
}

impl<P: Provider> Provider for Stepped<P> {
    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        self.steps.reach("call begins");
        let answer = self.inner.send(request).await;
        self.steps.reach("call ended");
        answer
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        self.steps.reach("question begins");
        let statuses = self.inner.statuses(numbers).await;
        self.steps.reach("question ended");
        statuses
    }

    async fn report(&self, day: Date) -> Result<Vec<ReportRow>, String> {
        self.inner.report(day).await
    }
}
