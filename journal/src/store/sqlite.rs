//! SQLite. Nothing in it waits for anything but the disk, so the futures of a
//! connection are ready when they are made.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction};

use crate::Timestamp;
use crate::database::{Column, Database, DatabaseError, Row, Value};
use crate::schema::migrate;
use crate::store::{Store, TRIES, Work};

/// How long a transaction waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many prepared statements a connection keeps: more than the journal has.
const STATEMENTS: usize = 100;

/// A journal in a SQLite file.
#[derive(Clone)]
pub struct Sqlite(Arc<Mutex<Connection>>);

impl Sqlite {
    /// Opens a file, or makes it, with the journal's tables.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or was written by a later version.
    pub fn open(file: &Path) -> Result<Self, DatabaseError> {
        Self::of(Connection::open(file).map_err(failed)?)
    }

    /// A journal that exists as long as this process, for tests.
    ///
    /// # Errors
    ///
    /// If SQLite refuses.
    pub fn in_memory() -> Result<Self, DatabaseError> {
        Self::of(Connection::open_in_memory().map_err(failed)?)
    }

    /// Runs work of the journal in a transaction of `rusqlite`, and returns its output:
    /// it waits for nothing but the database.
    ///
    /// # Panics
    ///
    /// If the work waits for something else, such as an effect that sleeps.
    pub fn complete<T>(work: impl Future<Output = T>) -> T {
        match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("work in a transaction of rusqlite must not wait"),
        }
    }

    fn of(mut connection: Connection) -> Result<Self, DatabaseError> {
        prepare(&connection)?;
        Self::migrate(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Makes or upgrades the journal's tables in the partner's database.
    ///
    /// # Errors
    ///
    /// If they were written by a later version.
    pub fn migrate(connection: &mut Connection) -> Result<(), DatabaseError> {
        in_transaction(connection, Migrate)
    }
}

#[derive(Clone)]
struct Migrate;

impl Work for Migrate {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        migrate(db).await
    }
}

/// What is committed survives a failure of the machine, and writers wait for each other.
fn prepare(connection: &Connection) -> Result<(), DatabaseError> {
    let set = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS, what is flushed otherwise may stay in the drive's cache.
        connection.pragma_update(None, "fullfsync", true)
    };
    set().map_err(failed)
}

impl Store for Sqlite {
    async fn transact<W: Work>(&self, work: W) -> Result<W::Output, DatabaseError> {
        let connection = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let started = Instant::now();
            for _ in 1..TRIES {
                match in_transaction(&mut connection, work.clone()) {
                    Err(error) if error.is_conflict() && started.elapsed() < BUSY_TIMEOUT => {}
                    done => return done,
                }
            }
            in_transaction(&mut connection, work)
        });
        done.await.unwrap_or_else(|_| {
            Err(DatabaseError::because(
                "the journal's work ended without a result",
            ))
        })
    }
}

fn in_transaction<W: Work>(
    connection: &mut Connection,
    work: W,
) -> Result<W::Output, DatabaseError> {
    if !connection.is_autocommit() {
        // Work that panicked has left its transaction open.
        connection.execute_batch("ROLLBACK").map_err(failed)?;
    }
    // A transaction that reads first and writes later would not wait for another.
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(failed)?;
    let done = Sqlite::complete(work.run(&mut *connection));
    let end = match &done {
        Ok(_) => connection.execute_batch("COMMIT"),
        Err(_) => connection.execute_batch("ROLLBACK"),
    };
    if let (Ok(_), Err(error)) = (&done, end) {
        let _ = connection.execute_batch("ROLLBACK");
        return Err(failed(error));
    }
    done
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Integer(integer) => ValueRef::Integer(integer),
            Self::OptionalText(value) => {
                value.map_or(ValueRef::Null, |value| ValueRef::Text(value.as_bytes()))
            }
            Self::OptionalInteger(integer) => integer.map_or(ValueRef::Null, ValueRef::Integer),
        }))
    }
}

fn run(
    connection: &Connection,
    statement: &'static str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, DatabaseError> {
    if connection.is_autocommit() {
        return Err(DatabaseError::because(
            "the connection has no open transaction: begin one",
        ));
    }
    let rows = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = connection.prepare_cached(statement)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let column = |index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Null => Column::Null,
                    ValueRef::Integer(integer) => Column::Integer(integer),
                    other => Column::Text(other.as_str()?.to_owned()),
                })
            };
            all.push(Row::of(
                (0..columns).map(column).collect::<rusqlite::Result<_>>()?,
            ));
        }
        Ok(all)
    };
    rows().map_err(failed)
}

/// The time of this machine, since a file is used by one machine. It never is earlier
/// than the newest evidence, even if the clock was set back.
fn now(connection: &Connection) -> Result<Timestamp, DatabaseError> {
    let newest = "SELECT max(at) FROM skypay_evidence";
    let newest: Option<i64> = connection
        .prepare_cached(newest)
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    let now = Timestamp::from(SystemTime::now());
    Ok(newest.map_or(now, |newest| now.max(Timestamp(newest))))
}

macro_rules! database {
    ($type:ty) => {
        impl Database for $type {
            fn run(
                &mut self,
                statement: &'static str,
                values: &[Value<'_>],
            ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send {
                std::future::ready(run(self, statement, values))
            }

            fn now(&mut self) -> impl Future<Output = Result<Timestamp, DatabaseError>> + Send {
                std::future::ready(now(self))
            }
        }
    };
}

database!(Connection);
database!(Transaction<'_>);

fn failed(error: rusqlite::Error) -> DatabaseError {
    let conflict = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    );
    DatabaseError::new(error, conflict)
}
