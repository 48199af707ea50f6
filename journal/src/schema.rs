//! The journal's tables: `TEXT` and `BIGINT` only, times in microseconds UTC, no
//! personal data.

use crate::database::{Database, DatabaseError, Value};

/// The statements that make the tables of each version from those of the one before.
const MIGRATIONS: &[&[&str]] = &[&[
    "CREATE TABLE skypay_payout (
        number TEXT PRIMARY KEY,
        order_id TEXT NOT NULL UNIQUE,
        operation TEXT NOT NULL,
        channel TEXT NOT NULL,
        centavos BIGINT NOT NULL,
        digest TEXT NOT NULL,
        version BIGINT NOT NULL,
        state TEXT NOT NULL,
        asked_at BIGINT,
        ask_at BIGINT,
        send_at BIGINT,
        paid_at BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX skypay_payout_ask_at ON skypay_payout (ask_at)",
    "CREATE INDEX skypay_payout_send_at ON skypay_payout (send_at)",
    "CREATE INDEX skypay_payout_paid_at ON skypay_payout (paid_at)",
    "CREATE INDEX skypay_payout_state ON skypay_payout (state, created_at)",
    "CREATE TABLE skypay_evidence (
        number TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        at BIGINT NOT NULL,
        fact TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (number, sequence)
    )",
    "CREATE INDEX skypay_evidence_at ON skypay_evidence (at)",
    "CREATE TABLE skypay_change (
        number TEXT NOT NULL,
        sequence BIGINT NOT NULL,
        what TEXT NOT NULL,
        at BIGINT NOT NULL,
        done_at BIGINT,
        PRIMARY KEY (number, sequence)
    )",
    "CREATE INDEX skypay_change_open ON skypay_change (done_at, at)",
    "CREATE TABLE skypay_inbox (
        operation TEXT NOT NULL,
        delivery_key TEXT NOT NULL,
        digest TEXT NOT NULL,
        reply TEXT,
        received_at BIGINT NOT NULL,
        times BIGINT NOT NULL,
        conflicts BIGINT NOT NULL,
        PRIMARY KEY (operation, delivery_key)
    )",
    "CREATE INDEX skypay_inbox_conflicts ON skypay_inbox (conflicts) WHERE conflicts > 0",
]];

/// Makes or upgrades the journal's tables in the transaction of `db`. [`Sqlite`] and
/// [`Postgres`] do it when they are opened.
///
/// On PostgreSQL, two processes that do this at once need a lock.
///
/// [`Sqlite`]: crate::Sqlite
/// [`Postgres`]: crate::Postgres
///
/// # Errors
///
/// The tables were written by a later version of the journal, or the database fails.
pub async fn migrate<D: Database>(db: &mut D) -> Result<(), DatabaseError> {
    db.run(
        "CREATE TABLE IF NOT EXISTS skypay_journal (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        &[],
    )
    .await?;
    let find = "SELECT coalesce(max(value), 0) FROM skypay_journal WHERE name = 'version'";
    let found = match db.run(find, &[]).await?.first() {
        Some(row) => row.integer(0)?,
        None => 0,
    };
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| MIGRATIONS.get(found..));
    let Some(missing) = missing else {
        return Err(DatabaseError::because(format!(
            "the journal's tables have version {found}, and this program reads version {}: \
             use the program that wrote them, or a later one",
            MIGRATIONS.len()
        )));
    };
    let missing: Vec<&'static str> = missing.concat();
    for statement in missing {
        db.run(statement, &[]).await?;
    }
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let write = "INSERT INTO skypay_journal (name, value) VALUES ('version', $1) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.run(write, &[Value::Integer(version)]).await?;
    Ok(())
}
