use skypay_journal::Timestamp;
use skypay_journal::database::DatabaseError;
use sqlx::PgConnection;

/// A connection to PostgreSQL with an open transaction: `Postgres(&mut tx)`.
#[derive(Debug)]
pub struct Postgres<'c>(pub &'c mut PgConnection);

crate::database!(Postgres, sqlx::Postgres, "INT8");

impl Postgres<'_> {
    /// The server's time, which all processes share, and never one before the newest
    /// evidence.
    async fn time(&mut self) -> Result<Timestamp, DatabaseError> {
        let clock = "SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT, max(at)) \
                     FROM skypay_evidence";
        let time = sqlx::query_scalar(clock).fetch_one(&mut *self.0).await;
        time.map(Timestamp).map_err(failed)
    }
}

fn failed(error: sqlx::Error) -> DatabaseError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // Serialization failure and deadlock.
    let conflict = matches!(code.as_deref(), Some("40001" | "40P01"));
    DatabaseError::new(error, conflict)
}
