//! What a sandbox remembers: SQLite, in a file or in memory.
//!
//! The journal holds every command with its time, and now and then the whole
//! state is written beside it. Opening takes the last state and carries out
//! the commands after it again, which leads where it led before.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension, params};

use crate::admin::{LogQuery, WireRecord};
use crate::engine::{Command, Event, Moment, Settings, State};

/// Says that a database is ours.
const APPLICATION: i32 = 0x5359_5342;

/// Changes when the tables do, or what is in them.
const SHAPE: i32 = 1;

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
        now: Moment,
    ) -> Result<(Self, State), StoreError> {
        let connection = match &file {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        };
        let mut store = Self {
            connection: connection.map_err(|error| StoreError::at(file.as_deref(), &error))?,
            file,
            last: 0,
            since_snapshot: 0,
            snapshot_every,
        };
        store.set_up().map_err(|error| store.failed(&error))?;
        if store.is_empty()? {
            let state = State::new(settings, now.date_time());
            store.found(&state)?;
            return Ok((store, state));
        }
        store.recognise()?;
        let state = store.load()?;
        Ok((store, state))
    }

    /// An answer is given after a commit, and a commit outlives the machine.
    /// The lock keeps a second process out.
    fn set_up(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let count = "SELECT count(*) FROM sqlite_schema";
        let count: i64 = self.ask(count)?;
        Ok(count == 0)
    }

    /// Whether a database is ours and of this shape.
    fn recognise(&self) -> Result<(), StoreError> {
        let number = |name: &str| {
            let number = self
                .connection
                .pragma_query_value(None, name, |row| row.get(0));
            number.map_err(|error| self.failed(&error))
        };
        let application: i32 = number("application_id")?;
        let shape: i32 = number("user_version")?;
        let file = self.file.as_deref();
        match (application, shape) {
            (APPLICATION, SHAPE) => Ok(()),
            (APPLICATION, shape) => Err(StoreError::new(
                file,
                &format!(
                    "it was written by another version of the sandbox (shape {shape}, this one reads {SHAPE}); \
                     use that version, or name another file"
                ),
            )),
            _ => Err(StoreError::new(
                file,
                "it is a database, but not a sandbox's; name another file",
            )),
        }
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
        make().map_err(|error| self.failed(&error))
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

    fn commands_after(&self, sequence: u64) -> Result<Vec<(Moment, Command)>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut rows = self.connection.prepare(
                "SELECT time, command FROM journal WHERE sequence > ? ORDER BY sequence",
            )?;
            rows.query_map([sequence], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        let rows = rows().map_err(|error| self.failed(&error))?;
        let read = |(time, command): (String, String)| {
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
    pub(crate) fn note(
        &mut self,
        time: Moment,
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

    /// Writes the whole state, so that nothing before it has to be carried
    /// out again.
    pub(crate) fn snapshot(&mut self, state: &State) -> Result<(), StoreError> {
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

    /// Copies everything to a file, which is there as a whole or not at all.
    pub(crate) fn save(&mut self, state: &State, file: &Path) -> Result<u64, StoreError> {
        self.snapshot(state)?;
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed =
            |why: &dyn fmt::Display| StoreError::new(Some(file), &format!("cannot save: {why}"));
        if part.exists() {
            std::fs::remove_file(&part).map_err(|error| failed(&error))?;
        }
        self.connection
            .execute("VACUUM INTO ?", [part.to_string_lossy()])
            .map_err(|error| failed(&error))?;
        std::fs::rename(&part, file).map_err(|error| failed(&error))?;
        std::fs::metadata(file)
            .map(|metadata| metadata.len())
            .map_err(|error| failed(&error))
    }

    /// Takes over everything from a file that [`Self::save`] has written.
    pub(crate) fn restore(&mut self, file: &Path) -> Result<State, StoreError> {
        if !file.is_file() {
            return Err(StoreError::new(Some(file), "there is no such file"));
        }
        let failed = |error| StoreError::at(Some(file), &error);
        // Read as a whole before anything is overwritten.
        let mut source = Self {
            connection: Connection::open(file).map_err(failed)?,
            file: Some(file.to_owned()),
            last: 0,
            since_snapshot: 0,
            snapshot_every: self.snapshot_every,
        };
        source.recognise()?;
        source.load()?;
        let backup = Backup::new(&source.connection, &mut self.connection).map_err(failed)?;
        backup
            .run_to_completion(i32::MAX, Duration::ZERO, None)
            .map_err(failed)?;
        drop(backup);
        self.set_up().map_err(|error| self.failed(&error))?;
        self.connection.flush_prepared_statement_cache();
        self.load()
    }

    fn ask(&self, sql: &str) -> Result<i64, StoreError> {
        let answer = self.connection.query_row(sql, [], |row| row.get(0));
        answer.map_err(|error| self.failed(&error))
    }

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::at(self.file.as_deref(), error)
    }

    fn unreadable(&self, error: &serde_json::Error) -> StoreError {
        let why = format!(
            "what is in it cannot be read ({error}): it was written by another version of the sandbox; use \
             that version, or name another file"
        );
        StoreError::new(self.file.as_deref(), &why)
    }
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

/// The database cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreError(String);

impl StoreError {
    fn new(file: Option<&Path>, why: &str) -> Self {
        let place = file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
        Self(format!("{place}: {why}"))
    }

    fn at(file: Option<&Path>, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let why = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => "it is not a database; name another file".to_owned(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another sandbox is using it; stop that one, or name another file".to_owned()
            }
            Some(ErrorCode::CannotOpen) => {
                "it cannot be opened; look whether its directory exists and may be written to"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        Self::new(file, &why)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoreError {}
