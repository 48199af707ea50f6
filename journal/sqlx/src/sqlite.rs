use std::time::SystemTime;

use skypay_journal::Timestamp;
use skypay_journal::database::DatabaseError;
use sqlx::SqliteConnection;

/// A connection to SQLite with an open transaction: `Sqlite(&mut tx)`.
///
/// Begin it by `begin_with("BEGIN IMMEDIATE")`: a transaction that reads first
/// and writes later fails when another one wrote in between.
#[derive(Debug)]
pub struct Sqlite<'c>(pub &'c mut SqliteConnection);

crate::database!(Sqlite, sqlx::Sqlite, "INTEGER");

impl Sqlite<'_> {
    /// The time of this machine, since a file is used by one machine, and never one
    /// before the newest evidence.
    async fn time(&mut self) -> Result<Timestamp, DatabaseError> {
        let newest = sqlx::query_scalar("SELECT max(at) FROM skypay_evidence");
        let newest: Option<i64> = newest.fetch_one(&mut *self.0).await.map_err(failed)?;
        let now = Timestamp::from(SystemTime::now());
        Ok(newest.map_or(now, |newest| now.max(Timestamp(newest))))
    }
}

fn failed(error: sqlx::Error) -> DatabaseError {
    // SQLITE_BUSY and SQLITE_LOCKED, and their extended codes, which keep the
    // kind in the lowest byte.
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let code = code
        .and_then(|code| code.parse::<u32>().ok())
        .map(|code| code & 0xff);
    DatabaseError::new(error, matches!(code, Some(5 | 6)))
}
