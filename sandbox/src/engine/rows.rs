//! The rows of a sandbox: transactions, callbacks, schedule and log, in SQLite.
//!
//! A row is written when it changes and read on demand, so that finished
//! transactions take no memory, and the cost of a command does not depend on the
//! number of rows. The [store](crate::store) commits; a state without a store
//! keeps its rows in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use skypay_types::{Amount, Date, DateTime};

use super::timestamp::Timestamp;
use super::transaction::{ScheduleEntry, ScheduledEvent};

/// The tables of a sandbox's database.
pub(crate) const TABLES: &str = "
    CREATE TABLE head (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
    CREATE TABLE entity (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, number TEXT NOT NULL,
        report TEXT, created TEXT NOT NULL, done TEXT, sending INTEGER, finished TEXT,
        facet TEXT NOT NULL, amount INTEGER, reference TEXT, body TEXT NOT NULL
    );
    CREATE INDEX entity_by_status ON entity (kind, status, facet);
    CREATE INDEX entity_by_amount ON entity (kind, status, facet, amount) WHERE amount IS NOT NULL;
    CREATE INDEX entity_by_reference ON entity (reference) WHERE reference IS NOT NULL;
    CREATE INDEX entity_by_number ON entity (number, kind);
    CREATE INDEX entity_by_creation ON entity (report, created) WHERE report IS NOT NULL;
    CREATE INDEX entity_by_end ON entity (report, done) WHERE done IS NOT NULL;
    CREATE INDEX entity_sending ON entity (sending) WHERE sending IS NOT NULL;
    CREATE INDEX entity_finished ON entity (finished) WHERE finished IS NOT NULL;
    CREATE TABLE schedule (
        due TEXT NOT NULL, position INTEGER NOT NULL, what TEXT NOT NULL, PRIMARY KEY (due, position)
    ) WITHOUT ROWID;
    CREATE TABLE daily (
        day TEXT NOT NULL, who TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, who)
    ) WITHOUT ROWID;
    CREATE TABLE reported (
        report TEXT NOT NULL, time TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (report, time, day)
    ) WITHOUT ROWID;
    CREATE TABLE log (sequence INTEGER PRIMARY KEY, line TEXT NOT NULL, personal TEXT);
    CREATE TABLE wire (id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, record TEXT NOT NULL);
    CREATE INDEX wire_of_delivery ON wire (delivery);
    CREATE TABLE request (
        id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, operation TEXT NOT NULL, numbers TEXT NOT NULL,
        result TEXT NOT NULL, code TEXT NOT NULL, record TEXT NOT NULL
    );
";

/// Something with an id and a status that changes.
pub(crate) trait Entity: Clone + Serialize + DeserializeOwned {
    /// Its kind.
    const KIND: &'static str;

    fn columns(&self) -> Columns<'_>;
}

/// The indexed columns. Id, number and time of creation never change.
#[derive(PartialEq)]
pub(crate) struct Columns<'a> {
    pub(crate) id: u64,
    /// Its status.
    pub(crate) status: String,
    /// The control number, contract number or other public number.
    pub(crate) number: &'a str,
    /// The report that lists it.
    pub(crate) report: Option<&'static str>,
    pub(crate) created: Timestamp,
    /// When it was done, for reports by that time.
    pub(crate) done: Option<Timestamp>,
    /// The number of the event that began its delivery attempt.
    pub(crate) sending: Option<u64>,
    /// When it was finished: nothing is scheduled for it any more.
    pub(crate) finished: Option<Timestamp>,
    /// By what its kind is filtered beside its status: the channel of a transaction,
    /// the prefix of a movement, the last result of a callback.
    pub(crate) facet: String,
    pub(crate) amount: Option<Amount>,
    /// Another number by which it is found: of an institution, a receipt or a contract,
    /// or of the callback that it repeats.
    pub(crate) reference: Option<String>,
}

/// The number of rows by kind and status.
pub(crate) type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// A value as JSON text.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(ToSqlOutput::from)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

/// An error does not show the text, which may hold personal data.
impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = serde_json::from_str(value.as_str()?);
        read.map(Self).map_err(|_| FromSqlError::InvalidType)
    }
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = value.as_str()?.parse::<DateTime>();
        read.map(Self::from).map_err(|_| FromSqlError::InvalidType)
    }
}

/// A handle to the rows. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Rows(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    connection: Option<Connection>,
    failed: Option<rusqlite::Error>,
}

impl Rows {
    pub(crate) fn in_memory() -> Self {
        let opened = Connection::open_in_memory();
        match opened.and_then(|connection| connection.execute_batch(TABLES).map(|()| connection)) {
            Ok(connection) => Self::of(connection),
            Err(_) => Self::default(),
        }
    }

    pub(crate) fn of(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(64);
        Self(Arc::new(Mutex::new(Shared {
            connection: Some(connection),
            failed: None,
        })))
    }

    /// Closes the connection; later reads give no rows.
    pub(crate) fn close(&self) {
        self.lock().connection = None;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs work on the connection.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut shared = self.lock();
        let connection = shared.connection.as_mut();
        work(connection.ok_or(rusqlite::Error::InvalidQuery)?)
    }

    /// Keeps the first failure instead of returning it, so that the engine need
    /// not check every access. Nothing is committed after a failure.
    fn run<T: Default>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> T {
        self.with(work).unwrap_or_else(|error| {
            self.lock().failed.get_or_insert(error);
            T::default()
        })
    }

    /// The first failure since the last call.
    pub(crate) fn take_failure(&self) -> Option<rusqlite::Error> {
        self.lock().failed.take()
    }

    /// Writes, unless an earlier statement failed: SQLite may have ended the
    /// transaction then.
    pub(crate) fn execute(&self, sql: &str, values: impl Params) {
        if self.lock().failed.is_some() {
            return;
        }
        self.run(|connection| connection.prepare_cached(sql)?.execute(values).map(|_| ()));
    }

    pub(crate) fn select<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        self.run(|connection| {
            let mut rows = connection.prepare_cached(sql)?;
            rows.query_map(values, read)?.collect()
        })
    }

    /// Rows of one kind, by a query for kind and body.
    pub(crate) fn entities<E: Entity>(&self, sql: &str, values: impl Params) -> Vec<E> {
        self.select(sql, values, body)
    }

    pub(crate) fn get<E: Entity>(&self, id: u64) -> Option<E> {
        let sql = "SELECT kind, body FROM entity WHERE id = ? AND kind = ?";
        self.entities(sql, params![id, E::KIND]).pop()
    }

    pub(crate) fn insert<E: Entity>(&self, entity: &E) {
        let columns = entity.columns();
        self.execute(
            "INSERT INTO entity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                columns.id,
                E::KIND,
                columns.status,
                columns.number,
                columns.report,
                columns.created,
                columns.done,
                columns.sending,
                columns.finished,
                columns.facet,
                columns.amount.map(Amount::centavos),
                columns.reference,
                Json(entity),
            ],
        );
        self.count_reported(&columns, 1);
    }

    /// Writes the body, and the indexed columns if they have changed.
    pub(crate) fn update<E: Entity>(&self, entity: &E, before: &Columns<'_>) {
        let columns = entity.columns();
        if columns == *before {
            let sql = "UPDATE entity SET body = ? WHERE id = ?";
            return self.execute(sql, params![Json(entity), columns.id]);
        }
        self.execute(
            "UPDATE entity SET status = ?, report = ?, done = ?, sending = ?, finished = ?, facet = ?, \
             amount = ?, reference = ?, body = ? WHERE id = ?",
            params![
                columns.status,
                columns.report,
                columns.done,
                columns.sending,
                columns.finished,
                columns.facet,
                columns.amount.map(Amount::centavos),
                columns.reference,
                Json(entity),
                columns.id,
            ],
        );
        self.count_reported(before, -1);
        self.count_reported(&columns, 1);
    }

    pub(crate) fn remove(&self, columns: &Columns<'_>) {
        self.execute("DELETE FROM entity WHERE id = ?", [columns.id]);
        self.execute("DELETE FROM wire WHERE delivery = ?", [columns.id]);
        self.count_reported(columns, -1);
    }

    /// Counts the rows of a report by day.
    fn count_reported(&self, columns: &Columns<'_>, more: i32) {
        let times = [("created", Some(columns.created)), ("done", columns.done)];
        for (time, at) in times {
            if let (Some(report), Some(at)) = (columns.report, at) {
                let day = at.date_time().date().to_string();
                self.execute(
                    "INSERT INTO reported VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT DO UPDATE SET count = count + ?4",
                    params![report, time, day, more],
                );
            }
        }
    }

    /// Deletes everything except the log.
    pub(crate) fn clear(&self) {
        for table in ["entity", "schedule", "daily", "reported", "wire", "request"] {
            self.execute(&format!("DELETE FROM {table}"), []);
        }
    }

    pub(crate) fn schedule(&self, entry: &ScheduleEntry) {
        self.execute(
            "INSERT INTO schedule VALUES (?, ?, ?)",
            params![entry.due, entry.order, Json(&entry.what)],
        );
    }

    /// The next scheduled event.
    pub(crate) fn first_due(&self) -> Option<ScheduleEntry> {
        let sql = "SELECT due, position, what FROM schedule ORDER BY due, position LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(ScheduleEntry {
                due: row.get(0)?,
                order: row.get(1)?,
                what: row.get::<_, Json<ScheduledEvent>>(2)?.0,
            })
        };
        self.select(sql, [], read).pop()
    }

    /// Whether an event is scheduled other than `KeyEndsSoon` and `KeyEnds`.
    pub(crate) fn is_pending(&self) -> bool {
        let sql = r#"SELECT 1 FROM schedule WHERE what NOT LIKE '{"key-ends%' LIMIT 1"#;
        !self.select(sql, [], |_| Ok(())).is_empty()
    }

    /// When some events are due, of those that are scheduled.
    pub(crate) fn due_of(&self, events: &[ScheduledEvent]) -> Vec<(Timestamp, ScheduledEvent)> {
        let events = events.iter().map(serde_json::to_string);
        let events: Vec<_> = events.filter_map(Result::ok).collect();
        let sql = "SELECT due, what FROM schedule WHERE what IN (SELECT value FROM json_each(?)) \
                   ORDER BY due, position";
        self.select(sql, [Json(events)], |row| {
            Ok((row.get(0)?, row.get::<_, Json<ScheduledEvent>>(1)?.0))
        })
    }

    pub(crate) fn remove_due(&self, entry: &ScheduleEntry) {
        self.execute(
            "DELETE FROM schedule WHERE due = ? AND position = ?",
            params![entry.due, entry.order],
        );
    }

    /// The number of payouts to a payee on a day.
    pub(crate) fn counted(&self, day: Date, who: &str) -> u32 {
        let sql = "SELECT count FROM daily WHERE day = ? AND who = ?";
        let mut found = self.select(sql, params![day.to_string(), who], |row| row.get(0));
        found.pop().unwrap_or(0)
    }

    /// Counts one more, and deletes a few counts of earlier days.
    pub(crate) fn count(&self, day: Date, who: &str) {
        let day = day.to_string();
        self.execute(
            "INSERT INTO daily VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
            params![day, who],
        );
        self.execute(
            "DELETE FROM daily WHERE (day, who) IN (SELECT day, who FROM daily WHERE day < ? LIMIT 4)",
            [day],
        );
    }

    /// A page of a report of some days, and its total.
    pub(crate) fn report<T>(
        &self,
        wanted: &Report,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> (u64, Vec<T>) {
        let time = if wanted.by_creation {
            "created"
        } else {
            "done"
        };
        let order = if wanted.newest_first { "DESC" } else { "ASC" };
        let (first, last) = (wanted.first.to_string(), wanted.last.to_string());
        // Ordered payouts and movements are listed by creation, done or not.
        let listed = format!(
            "FROM entity WHERE report = ?1 AND {time} BETWEEN ?2 AND ?3 || ' ~' \
             AND (?4 IS NULL OR {time} <= ?4 AND (done <= ?4 OR '{time}' = 'created' AND kind IN ('payout', 'movement')))"
        );
        let total = match wanted.until {
            None => self.select(
                "SELECT ifnull(sum(count), 0) FROM reported \
                 WHERE report = ? AND time = ? AND day BETWEEN ? AND ?",
                params![wanted.report, time, first, last],
                |row| row.get(0),
            ),
            Some(until) => self.select(
                &format!("SELECT count(*) {listed}"),
                params![wanted.report, first, last, until],
                |row| row.get(0),
            ),
        };
        let rows = format!(
            "SELECT kind, body {listed} ORDER BY {time} {order}, id {order} LIMIT ?5 OFFSET ?6"
        );
        let (limit, skipped) = (sql_limit(wanted.limit), sql_limit(wanted.skipped));
        let values = params![wanted.report, first, last, wanted.until, limit, skipped];
        (
            total.first().copied().unwrap_or(0),
            self.select(&rows, values, read),
        )
    }
}

/// Without lines and rows, which hold personal data.
impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}

/// Compares all rows.
impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        let all = |rows: &Self| {
            let mut all: Vec<(String, String, String)> = Vec::new();
            for sql in [
                "SELECT id || kind, status, body FROM entity ORDER BY id",
                "SELECT due, position || '', what FROM schedule ORDER BY due, position",
                "SELECT day, who, count || '' FROM daily ORDER BY day, who",
            ] {
                all.extend(rows.select(sql, [], |row| row.try_into()));
            }
            all
        };
        all(self) == all(other)
    }
}

/// The entity in a row of kind and body.
pub(crate) fn body<E: Entity>(row: &rusqlite::Row<'_>) -> rusqlite::Result<E> {
    row.get(1).map(|Json(entity)| entity)
}

/// A page of a report.
pub(crate) struct Report {
    pub(crate) report: &'static str,
    pub(crate) by_creation: bool,
    pub(crate) first: Date,
    pub(crate) last: Date,
    /// Only what the report contained at that time.
    pub(crate) until: Option<Timestamp>,
    pub(crate) newest_first: bool,
    pub(crate) skipped: usize,
    pub(crate) limit: usize,
}

pub(crate) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
