//! A journal on SQLite whose clock is ahead of the machine's.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use skypay_journal::database::{Database, DatabaseError, Row, Value};
use skypay_journal::{Sqlite, Store, Timestamp, Work};

/// How far the clock is ahead, in seconds.
#[derive(Clone, Default)]
pub(super) struct Ahead(Arc<AtomicU64>);

impl Ahead {
    pub(super) fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    pub(super) fn of<D>(&self, db: D) -> Virtual<D> {
        let ahead = Duration::from_secs(self.0.load(Ordering::SeqCst));
        Virtual { db, ahead }
    }
}

/// A transaction in which it is later.
pub(super) struct Virtual<D> {
    db: D,
    ahead: Duration,
}

impl<D: Database + Send> Database for Virtual<&mut D> {
    fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send {
        self.db.run(statement, values)
    }

    fn now(&mut self) -> impl Future<Output = Result<Timestamp, DatabaseError>> + Send {
        std::future::ready(Ok(Timestamp::from(SystemTime::now()) + self.ahead))
    }
}

#[derive(Clone)]
pub(super) struct LaterStore {
    pub(super) store: Sqlite,
    pub(super) ahead: Ahead,
}

impl Store for LaterStore {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        let ahead = self.ahead.clone();
        self.store.transact(Later { work, ahead }).await
    }
}

#[derive(Clone)]
struct Later<W> {
    work: W,
    ahead: Ahead,
}

impl<W: Work> Work for Later<W> {
    type Output = W::Output;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<W::Output, DatabaseError> {
        self.work.run(&mut self.ahead.of(db)).await
    }
}
