//! The database of a sandbox: SQLite, in a file or in memory.
//!
//! [Rows](crate::engine) are written while a command is executed, the rest of the
//! state and the log with each commit. Opening reads only the rest of the state.

mod error;
mod list;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Params, params};

use crate::admin_client::{RequestRecord, WireRecord};
use crate::engine::{Event, Json, Rows, Settings, State, TABLES, Timestamp};
use crate::{limits, private_file};
pub(crate) use error::StoreError;

/// Identifies a database of the sandbox.
const APPLICATION: i32 = 0x5359_5342;

/// The version of the tables and of their content.
const SHAPE: i32 = 6;

/// The number of requests that are kept.
const REQUESTS: i64 = 10_000;

/// An open database, with exclusive use of it.
pub(crate) struct Store {
    rows: Rows,
    file: Option<PathBuf>,
}

impl Store {
    /// Opens a database, or creates one with `settings` at `now`.
    pub(crate) fn open(
        file: Option<PathBuf>,
        settings: Settings,
        now: Timestamp,
    ) -> Result<(Self, State), StoreError> {
        let store = match file {
            None => Self::of(Connection::open_in_memory(), None)?,
            Some(file) => {
                private_file::create(&file).map_err(|error| StoreError::io(&file, &error))?;
                Self::of(connect(&file), Some(file))?
            }
        };
        if store.is_new()? {
            store.set_up()?;
            let state = store.found(settings, now)?;
            return Ok((store, state));
        }
        // A database of another program is not written to.
        store.recognise()?;
        store.set_up()?;
        store.tighten();
        let state = store.load()?;
        Ok((store, state))
    }

    /// Locks a database against all other processes.
    fn of(
        connection: rusqlite::Result<Connection>,
        file: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let locked = connection.and_then(|connection| {
            connection.busy_timeout(Duration::ZERO)?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            // The schema of a file may be manipulated.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            Ok(connection)
        });
        let connection = locked.map_err(|error| StoreError::at(file.as_deref(), &error))?;
        let rows = Rows::of(connection);
        Ok(Self { rows, file })
    }

    /// Runs work on the connection.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.rows.with(work).map_err(|error| self.failed(&error))
    }

    /// A command is answered after its commit, which survives a power failure.
    fn set_up(&self) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            // On macOS, a plain fsync may leave data in the drive's cache.
            connection.pragma_update(None, "fullfsync", true)?;
            connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
        })
    }

    /// A database that was created by an earlier version, or by hand, may be
    /// readable by other users.
    fn tighten(&self) {
        let Some(file) = &self.file else { return };
        for end in ["", "-wal"] {
            if let Err(error) = private_file::tighten(&beside(file, end)) {
                tracing::warn!(%error, "the database may be readable by others on this machine");
            }
        }
    }

    /// Whether the database is empty.
    fn is_new(&self) -> Result<bool, StoreError> {
        let schema = self.with(|connection| schema_of(connection))?;
        let untouched = self.pragma("application_id")? == 0 && self.pragma("user_version")? == 0;
        Ok(schema.is_empty() && untouched)
    }

    fn pragma(&self, name: &str) -> Result<i32, StoreError> {
        self.with(|connection| connection.pragma_query_value(None, name, |row| row.get(0)))
    }

    /// Whether a database has exactly the sandbox's schema: a view or trigger in
    /// it would be executed when it is read or written.
    fn recognise(&self) -> Result<(), StoreError> {
        let file = self.file.as_deref();
        match (self.pragma("application_id")?, self.pragma("user_version")?) {
            (APPLICATION, SHAPE) => {}
            (APPLICATION, shape) => {
                return Err(StoreError::new(
                    file,
                    &format!(
                        "it was written by another version of the sandbox (shape {shape}, this one reads {SHAPE}); \
                         use that version, or name another file"
                    ),
                ));
            }
            _ => {
                return Err(StoreError::new(
                    file,
                    "it is a database, but not a sandbox's; name another file",
                ));
            }
        }
        let found = self.with(|connection| schema_of(connection))?;
        let ours = Rows::in_memory().with(|connection| schema_of(connection));
        let ours = ours.map_err(|error| self.failed(&error))?;
        let differs = |from: &[SchemaRow], other: &[SchemaRow]| {
            let (kind, name, ..) = from.iter().find(|row| !other.contains(row))?;
            Some(format!("{kind} {name:?}"))
        };
        if let Some(what) = differs(&found, &ours).or_else(|| differs(&ours, &found)) {
            let why = format!("its {what} is not that of a sandbox; name another file");
            return Err(StoreError::new(file, &why));
        }
        Ok(())
    }

    /// Creates the tables, and the initial state.
    fn found(&self, settings: Settings, now: Timestamp) -> Result<State, StoreError> {
        self.begin()?;
        self.with(|connection| {
            connection.execute_batch(TABLES)?;
            connection.pragma_update(None, "application_id", APPLICATION)?;
            connection.pragma_update(None, "user_version", SHAPE)
        })?;
        let state = State::founded(settings, now.date_time(), self.rows.clone());
        self.record_events(&[])?;
        self.commit(&state)?;
        match &self.file {
            // Makes the file's name durable as well.
            Some(file) => private_file::sync_folder_of(file)
                .map(|()| state)
                .map_err(|error| StoreError::io(file, &error)),
            None => Ok(state),
        }
    }

    /// The state that was committed last.
    pub(crate) fn load(&self) -> Result<State, StoreError> {
        let state: String = self.with(|connection| {
            connection.query_row("SELECT state FROM head", [], |row| row.get(0))
        })?;
        State::read(&state, self.rows.clone()).map_err(|_| self.unreadable())
    }

    /// Begins a transaction.
    pub(crate) fn begin(&self) -> Result<(), StoreError> {
        self.rows.take_failure();
        self.run("BEGIN IMMEDIATE")
    }

    /// Writes the result of a command, unless an access of its rows failed.
    pub(crate) fn record_events(&self, events: &[Event]) -> Result<(), StoreError> {
        if let Some(error) = self.rows.take_failure() {
            return Err(self.failed(&error));
        }
        self.with(|connection| {
            let mut log = connection.prepare_cached("INSERT INTO log VALUES (?, ?, ?)")?;
            for event in events {
                let personal = (!event.personal.is_null()).then_some(Json(&event.personal));
                log.execute(params![event.sequence, event.line(), personal])?;
            }
            Ok(())
        })
    }

    /// Writes an exchange of a callback on the wire.
    pub(crate) fn note_wire(&self, delivery: u64, record: &WireRecord) -> Result<(), StoreError> {
        let sql = "INSERT INTO wire (delivery, record) VALUES (?, ?)";
        self.with(|connection| {
            let mut insert = connection.prepare_cached(sql)?;
            insert.execute(params![delivery, Json(record)]).map(|_| ())
        })
    }

    /// Writes a request with the next number, and deletes the one that is too many.
    pub(crate) fn note_request(&self, record: &RequestRecord) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "INSERT INTO request (time, operation, numbers, result, code, record) \
                       VALUES (?, ?, ?, ?, ?, ?)";
            connection.prepare_cached(sql)?.execute(params![
                record.time,
                record.operation.as_deref().unwrap_or_default(),
                record.numbers.join(" "),
                record.result.as_str(),
                record.code.as_deref().unwrap_or_default(),
                Json(record),
            ])?;
            let sql = "DELETE FROM request WHERE id <= ?";
            let over = connection.last_insert_rowid() - REQUESTS;
            connection.prepare_cached(sql)?.execute([over])?;
            Ok(())
        })
    }

    /// Commits the transaction.
    pub(crate) fn commit(&self, state: &State) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO head VALUES (1, ?)";
        self.with(|connection| {
            connection.prepare_cached(sql)?.execute([Json(state)])?;
            connection.execute_batch("COMMIT")
        })
    }

    /// Closes the database, also for states that are still in use.
    pub(crate) fn close(&self) {
        self.rows.close();
    }

    /// Rolls the transaction back.
    pub(crate) fn roll_back(&self) {
        if self.with(|connection| Ok(!connection.is_autocommit())) == Ok(true) {
            let _ = self.run("ROLLBACK");
        }
    }

    fn select<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.with(|connection| {
            let mut rows = connection.prepare_cached(sql)?;
            rows.query_map(values, read)?.collect()
        })
    }

    /// The exchanges of a callback on the wire.
    pub(crate) fn wire_of(&self, delivery: u64) -> Result<Vec<WireRecord>, StoreError> {
        let sql = "SELECT record FROM wire WHERE delivery = ? ORDER BY id";
        self.select(sql, [delivery], |row| Ok(row.get::<_, Json<_>>(0)?.0))
    }

    /// Copies everything to a new file, completely or not at all. The database
    /// itself is not written to.
    pub(crate) fn save(&self, file: &Path) -> Result<u64, StoreError> {
        let failed = |why: &dyn std::fmt::Display| {
            StoreError::new(Some(file), &format!("cannot save: {why}"))
        };
        // This also refuses another name of the database itself.
        if file.symlink_metadata().is_ok() {
            return Err(failed(
                &"it is there already, and saving overwrites nothing; remove it, or name another file",
            ));
        }
        let part = private_file::part_of(file).map_err(|error| failed(&error))?;
        self.copy_to(part.path()).map_err(|error| failed(&error))?;
        let saved = part
            .as_file()
            .sync_all()
            .and_then(|()| Ok(part.persist_noclobber(file)?.metadata()?.len()))
            .map_err(|error| failed(&error))?;
        private_file::sync_folder_of(file).map_err(|error| failed(&error))?;
        Ok(saved)
    }

    fn copy_to(&self, file: &Path) -> rusqlite::Result<()> {
        let mut copy = connect(file)?;
        copy.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        self.rows
            .with(|connection| copy_all(connection, &mut copy))?;
        // It is checked, and then changed to a single file without a
        // write-ahead log.
        schema_of(&copy)?;
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        copy.close().map_err(|(_, error)| error)
    }

    /// Replaces everything by a file of [`Self::save`]. The file is checked as a
    /// whole before anything is overwritten, in one transaction.
    pub(crate) fn restore(&self, file: &Path) -> Result<State, StoreError> {
        let refused = |why: &str| StoreError::new(Some(file), why);
        let size = match fs::metadata(file) {
            Ok(found) if found.is_file() => found.len(),
            _ => return Err(refused("there is no such file")),
        };
        if self.file.as_deref().is_some_and(|own| is_same(own, file)) {
            return Err(refused(
                "it is the database of this sandbox, which has nothing to restore from it",
            ));
        }
        if size > limits::RESTORED {
            return Err(refused(&format!(
                "it has more than {} bytes; start a sandbox with it instead",
                limits::RESTORED
            )));
        }
        let source = Self::of(connect(file), Some(file.to_owned()))?;
        source.recognise()?;
        let state = source.check()?;
        let copied = source.rows.with(|from| {
            self.rows.with(|to| {
                copy_all(from, to)?;
                to.flush_prepared_statement_cache();
                Ok(())
            })
        });
        copied.map_err(|error| self.failed(&error))?;
        // It is committed: nothing may fail after this.
        Ok(state.with_rows(self.rows.clone()))
    }

    /// The state, if the file passes SQLite's integrity check and every row can
    /// be read.
    fn check(&self) -> Result<State, StoreError> {
        let found: String = self.with(|connection| {
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        })?;
        if found != "ok" {
            let why = "it is damaged; name another file";
            return Err(StoreError::new(self.file.as_deref(), why));
        }
        let state = self.load()?;
        let mut last = 0;
        while let Some(row) = state.rows_after(last, 1000).pop() {
            last = row.id();
        }
        match self.rows.take_failure() {
            Some(error) => Err(self.failed(&error)),
            None => Ok(state),
        }
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.with(|connection| connection.execute_batch(sql))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::at(self.file.as_deref(), error)
    }

    /// The error of SQLite would show content of the file.
    fn unreadable(&self) -> StoreError {
        StoreError::new(self.file.as_deref(), error::UNREADABLE)
    }
}

/// Opens an existing file.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    // A name that begins with `file:` would be taken for a URL.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
}

/// Replaces the content of a database by that of another, in one transaction.
fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let whole = Backup::new(from, to)?.step(-1)?;
    if whole == StepResult::Done {
        return Ok(());
    }
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(rusqlite::Error::SqliteFailure(busy, None))
}

/// A table, index, view or trigger: its type, name, table and SQL.
type SchemaRow = (String, String, String, Option<String>);

fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<SchemaRow>> {
    let mut rows = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    rows.query_map([], |row| row.try_into())?.collect()
}

/// Whether two names refer to one file. It is not opened: on Unix, closing it
/// would release the lock of this process.
fn is_same(left: &Path, right: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        if let (Ok(left), Ok(right)) = (fs::metadata(left), fs::metadata(right)) {
            return (left.dev(), left.ino()) == (right.dev(), right.ino());
        }
    }
    matches!((fs::canonicalize(left), fs::canonicalize(right)), (Ok(left), Ok(right)) if left == right)
}

/// The name of a file that SQLite keeps beside a database.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests;
