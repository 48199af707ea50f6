//! What a sandbox remembers: SQLite, in a file or in memory.
//!
//! The journal holds every command with its time, and now and then the whole
//! state is written beside it. Opening takes the last state and carries out
//! the commands after it again, which leads where it led before.

mod error;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::admin_client::{LogQuery, WireRecord};
use crate::engine::{Command, Event, Settings, State, Timestamp};
use crate::{limits, private_file};
pub(crate) use error::StoreError;

/// Says that a database is ours.
const APPLICATION: i32 = 0x5359_5342;

/// Changes when the tables do, or what is in them.
const SHAPE: i32 = 2;

const TABLES: &str = "
    CREATE TABLE journal (sequence INTEGER PRIMARY KEY, time TEXT NOT NULL, command TEXT NOT NULL);
    CREATE TABLE snapshot (sequence INTEGER PRIMARY KEY, state TEXT NOT NULL);
    CREATE TABLE log (sequence INTEGER PRIMARY KEY, line TEXT NOT NULL, personal TEXT NOT NULL);
    CREATE TABLE wire (id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, record TEXT NOT NULL);
    CREATE INDEX wire_of_delivery ON wire (delivery);
";

/// An open database, with exclusive use of it.
pub(crate) struct Store {
    connection: Connection,
    file: Option<PathBuf>,
    /// The number of the last command in the journal.
    last: u64,
    since_snapshot: u64,
    snapshot_every: u64,
}

impl Store {
    /// Opens a database, or makes one that begins with `settings` at `now`.
    pub(crate) fn open(
        file: Option<PathBuf>,
        snapshot_every: u64,
        settings: Settings,
        now: Timestamp,
    ) -> Result<(Self, State), StoreError> {
        let mut store = match file {
            None => Self::of(Connection::open_in_memory(), None, snapshot_every)?,
            Some(file) => {
                private_file::create(&file).map_err(|error| StoreError::io(&file, &error))?;
                Self::of(connect(&file), Some(file), snapshot_every)?
            }
        };
        if store.is_new()? {
            store.set_up().map_err(|error| store.failed(&error))?;
            let state = State::new(settings, now.date_time());
            store.found(&state)?;
            return Ok((store, state));
        }
        // Nothing is written to a file that belongs to somebody else.
        store.recognise()?;
        store.set_up().map_err(|error| store.failed(&error))?;
        store.tighten();
        let state = store.load()?;
        Ok((store, state))
    }

    /// Locks a database, which keeps every other process out.
    fn of(
        connection: rusqlite::Result<Connection>,
        file: Option<PathBuf>,
        snapshot_every: u64,
    ) -> Result<Self, StoreError> {
        let locked = connection.and_then(|connection| {
            connection.busy_timeout(Duration::ZERO)?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            // What a file says of its tables may come from anybody.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            Ok(connection)
        });
        Ok(Self {
            connection: locked.map_err(|error| StoreError::at(file.as_deref(), &error))?,
            file,
            last: 0,
            since_snapshot: 0,
            snapshot_every,
        })
    }

    /// An answer is given after a commit, and a commit outlives the machine.
    fn set_up(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS, what is flushed otherwise may stay in the drive's cache.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
    }

    /// A database that was made by an earlier version, or by hand, may be
    /// readable by everybody.
    fn tighten(&self) {
        let Some(file) = &self.file else { return };
        for end in ["", "-wal"] {
            if let Err(error) = private_file::tighten(&beside(file, end)) {
                tracing::warn!(%error, "the database may be readable by others on this machine");
            }
        }
    }

    /// Whether nothing was ever written.
    fn is_new(&self) -> Result<bool, StoreError> {
        let schema = schema_of(&self.connection).map_err(|error| self.failed(&error))?;
        let untouched = self.pragma("application_id")? == 0 && self.pragma("user_version")? == 0;
        Ok(schema.is_empty() && untouched)
    }

    fn pragma(&self, name: &str) -> Result<i32, StoreError> {
        let number = self
            .connection
            .pragma_query_value(None, name, |row| row.get(0));
        number.map_err(|error| self.failed(&error))
    }

    /// Whether a database is ours, of this shape, and nothing else: a view or
    /// a trigger in it would be carried out when it is read or written.
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
        let failed = |error| self.failed(&error);
        let found = schema_of(&self.connection).map_err(failed)?;
        let ours = || {
            let empty = Connection::open_in_memory()?;
            empty.execute_batch(TABLES)?;
            schema_of(&empty)
        };
        let ours = ours().map_err(failed)?;
        let differs = |from: &[SchemaRow], other: &[SchemaRow]| {
            let row = from.iter().find(|row| !other.contains(row))?;
            Some(format!("{} {:?}", row.kind, row.name))
        };
        if let Some(what) = differs(&found, &ours).or_else(|| differs(&ours, &found)) {
            let why = format!("its {what} is not that of a sandbox; name another file");
            return Err(StoreError::new(file, &why));
        }
        Ok(())
    }

    /// Makes the tables.
    fn found(&mut self, state: &State) -> Result<(), StoreError> {
        let make = || -> rusqlite::Result<()> {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", SHAPE)?;
            write_snapshot(&transaction, 0, state)?;
            transaction.commit()
        };
        make().map_err(|error| self.failed(&error))?;
        match &self.file {
            // Or the machine may forget that there is such a file.
            Some(file) => {
                private_file::sync_folder_of(file).map_err(|error| StoreError::io(file, &error))
            }
            None => Ok(()),
        }
    }

    /// The last state that was written, and what came after it.
    pub(crate) fn load(&mut self) -> Result<State, StoreError> {
        let (from, state): (u64, String) = self
            .connection
            .query_row(
                "SELECT sequence, state FROM snapshot ORDER BY sequence DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(|error| self.failed(&error))?;
        let mut state: State =
            serde_json::from_str(&state).map_err(|error| self.unreadable(&error))?;
        let commands = self.commands_after(from)?;
        self.since_snapshot = commands.len() as u64;
        self.last = from + self.since_snapshot;
        for (time, command) in commands {
            for event in state.apply(&command, time.date_time()).events {
                self.compare(&event)?;
            }
        }
        Ok(state)
    }

    fn commands_after(&self, sequence: u64) -> Result<Vec<(Timestamp, Command)>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<(u64, String, String)>> {
            let mut rows = self.connection.prepare(
                "SELECT sequence, time, command FROM journal WHERE sequence > ? ORDER BY sequence",
            )?;
            rows.query_map([sequence], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect()
        };
        let rows = rows().map_err(|error| self.failed(&error))?;
        let mut next = sequence;
        for (found, ..) in &rows {
            next = next.saturating_add(1);
            if *found != next {
                let why = format!("command {next} of its journal is missing; name another file");
                return Err(StoreError::new(self.file.as_deref(), &why));
            }
        }
        let read = |(_, time, command): (u64, String, String)| {
            let time = serde_json::from_str(&time)?;
            Ok((time, serde_json::from_str(&command)?))
        };
        let read: Result<_, serde_json::Error> = rows.into_iter().map(read).collect();
        read.map_err(|error| self.unreadable(&error))
    }

    /// What was said once is said again, or the state is not what it was.
    fn compare(&self, event: &Event) -> Result<(), StoreError> {
        let logged: Option<String> = self
            .connection
            .query_row(
                "SELECT line FROM log WHERE sequence = ?",
                [event.sequence],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| self.failed(&error))?;
        if logged.as_deref() == Some(&event.line()) {
            return Ok(());
        }
        let why = format!(
            "its commands no longer lead to event {} of its log: it was written by another version of the \
             sandbox; use that version, or name another file",
            event.sequence
        );
        Err(StoreError::new(self.file.as_deref(), &why))
    }

    /// Begins to write what belongs together.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE")
    }

    /// Notes a command and what it has led to.
    pub(crate) fn record_event(
        &mut self,
        time: Timestamp,
        command: &Command,
        events: &[Event],
    ) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<()> {
            let mut journal = self
                .connection
                .prepare_cached("INSERT INTO journal (sequence, time, command) VALUES (?, ?, ?)")?;
            journal.execute(params![self.last + 1, json(&time)?, json(command)?])?;
            let mut log = self
                .connection
                .prepare_cached("INSERT INTO log (sequence, line, personal) VALUES (?, ?, ?)")?;
            for event in events {
                let personal = event.line_with_personal_data();
                log.execute(params![event.sequence, event.line(), personal])?;
            }
            if matches!(command, Command::Reset) {
                // The numbers of deliveries begin anew.
                self.connection.execute("DELETE FROM wire", [])?;
            }
            Ok(())
        };
        write().map_err(|error| self.failed(&error))?;
        self.last += 1;
        self.since_snapshot += 1;
        Ok(())
    }

    /// Notes what was seen of a callback on the wire.
    pub(crate) fn note_wire(
        &mut self,
        delivery: u64,
        record: &WireRecord,
    ) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<()> {
            self.connection
                .prepare_cached("INSERT INTO wire (delivery, record) VALUES (?, ?)")?
                .execute(params![delivery, json(record)?])?;
            Ok(())
        };
        write().map_err(|error| self.failed(&error))
    }

    /// Ends what was begun; from here on it is remembered.
    pub(crate) fn commit(&mut self, state: &State) -> Result<(), StoreError> {
        if self.since_snapshot >= self.snapshot_every {
            self.snapshot(state)?;
        }
        self.run("COMMIT")
    }

    /// Forgets what was begun.
    pub(crate) fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
    }

    /// Writes the whole state, so that nothing before it has to be executed
    /// again when the database is opened.
    pub(crate) fn close(&mut self, state: &State) -> Result<(), StoreError> {
        self.begin()?;
        let written = self.snapshot(state).and_then(|()| self.run("COMMIT"));
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    /// Puts the state in place of the last one that was written, as a part of
    /// what was begun.
    fn snapshot(&mut self, state: &State) -> Result<(), StoreError> {
        write_snapshot(&self.connection, self.last, state).map_err(|error| self.failed(&error))?;
        self.since_snapshot = 0;
        Ok(())
    }

    /// Lines of the log, in order.
    pub(crate) fn log(&self, query: LogQuery) -> Result<Vec<(u64, String)>, StoreError> {
        let column = if query.personal { "personal" } else { "line" };
        let limit = query
            .limit
            .and_then(|limit| i64::try_from(limit).ok())
            .unwrap_or(-1);
        let rows = || -> rusqlite::Result<Vec<(u64, String)>> {
            let sql = format!(
                "SELECT sequence, {column} FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?"
            );
            let mut rows = self.connection.prepare_cached(&sql)?;
            rows.query_map(params![query.after, limit], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect()
        };
        rows().map_err(|error| self.failed(&error))
    }

    /// What was seen of a callback on the wire.
    pub(crate) fn wire_of(&self, delivery: u64) -> Result<Vec<WireRecord>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<String>> {
            let mut rows = self
                .connection
                .prepare_cached("SELECT record FROM wire WHERE delivery = ? ORDER BY id")?;
            rows.query_map([delivery], |row| row.get(0))?.collect()
        };
        let rows = rows().map_err(|error| self.failed(&error))?;
        let read: Result<_, _> = rows.iter().map(|row| serde_json::from_str(row)).collect();
        read.map_err(|error| self.unreadable(&error))
    }

    /// Copies everything to a new file, which is there as a whole or not at
    /// all. Nothing is written to the database itself.
    pub(crate) fn save(&self, file: &Path) -> Result<u64, StoreError> {
        let failed = |why: &dyn std::fmt::Display| {
            StoreError::new(Some(file), &format!("cannot save: {why}"))
        };
        // Another name of the database itself is there already, too.
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
        copy_all(&self.connection, &mut copy)?;
        // It is read once as what it is, and then made one file that needs
        // none beside it.
        schema_of(&copy)?;
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        copy.close().map_err(|(_, error)| error)
    }

    /// Takes over everything from a file that [`Self::save`] has written. It
    /// is read and checked as a whole before anything is overwritten, and
    /// overwritten in one transaction.
    pub(crate) fn restore(&mut self, file: &Path) -> Result<State, StoreError> {
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
        let mut source = Self::of(connect(file), Some(file.to_owned()), self.snapshot_every)?;
        source.recognise()?;
        source.check()?;
        let state = source.load()?;
        copy_all(&source.connection, &mut self.connection).map_err(|error| self.failed(&error))?;
        // From here on it is remembered, and nothing may fail.
        self.last = source.last;
        self.since_snapshot = source.since_snapshot;
        self.connection.flush_prepared_statement_cache();
        Ok(state)
    }

    /// Whether the file holds together as a database.
    fn check(&self) -> Result<(), StoreError> {
        let found: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| self.failed(&error))?;
        if found == "ok" {
            return Ok(());
        }
        Err(StoreError::new(
            self.file.as_deref(),
            "it is damaged; name another file",
        ))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::at(self.file.as_deref(), error)
    }

    /// The error itself would show what is in the file.
    fn unreadable(&self, _: &serde_json::Error) -> StoreError {
        let why = "what is in it cannot be read: it was written by another version of the sandbox; use that \
                   version, or name another file";
        StoreError::new(self.file.as_deref(), why)
    }
}

/// Opens a file that is there.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    // A name that begins with `file:` would be taken for a URL.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
}

/// Puts everything from one database in place of everything in another, in
/// one transaction of the latter.
fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    let whole = Backup::new(from, to)?.step(-1)?;
    if whole == StepResult::Done {
        return Ok(());
    }
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(rusqlite::Error::SqliteFailure(busy, None))
}

/// A table, index, view or trigger.
#[derive(PartialEq, Eq)]
struct SchemaRow {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

fn schema_of(connection: &Connection) -> rusqlite::Result<Vec<SchemaRow>> {
    let mut rows = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let rows = rows.query_map([], |row| {
        Ok(SchemaRow {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// Whether two names are those of one file. It is not opened: on Unix, closing
/// it again would give up the lock that this process has on it.
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

fn write_snapshot(connection: &Connection, sequence: u64, state: &State) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM snapshot", [])?;
    connection.execute(
        "INSERT INTO snapshot (sequence, state) VALUES (?, ?)",
        params![sequence, json(state)?],
    )?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

#[cfg(test)]
mod tests;
