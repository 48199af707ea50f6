use std::future::Future;

use crate::database::{Database, DatabaseError};

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

/// Where the journal is stored: it opens transactions.
pub trait Store: Clone + Send + Sync + 'static {
    /// Does the work in a transaction and commits it, or changes nothing. Work
    /// that lost against another transaction is done again.
    fn transact<W: Work>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<W::Output, DatabaseError>> + Send;
}

/// Something to do in a transaction. It may be done several times, of which one is
/// committed, so it has no effect outside the database.
pub trait Work: Clone + Send + 'static {
    /// Its result.
    type Output: Send + 'static;

    /// Does it.
    fn run<D: Database + Send>(
        self,
        db: &mut D,
    ) -> impl Future<Output = Result<Self::Output, DatabaseError>> + Send;
}

/// How often work is done again that lost against other transactions.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) const TRIES: usize = 20;
