//! Other processes, the sandbox and the databases, as the test sees them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use rusqlite::Connection;
use skypay_journal::{Postgres, Sqlite};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Duration, Limits, Opening, Settings};
use skypay_sandbox::{Running, Sandbox};

use crate::partner::{JOB, Job, Location};
use crate::support::databases::{Schema, SqliteFile, sqlite_file};

/// A process that does a job.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(job: &Job) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(JOB, serde_json::to_string(job).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next line that it says; `None` if it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// What it says until it stops at a step, with that.
    pub(crate) fn until_stopped(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        while said
            .last()
            .is_none_or(|line: &String| !line.starts_with("stopped "))
        {
            said.push(self.line().expect("it ended before the step"));
        }
        said
    }

    /// What it says until it ends.
    pub(crate) fn until_ended(mut self) -> Vec<String> {
        let said = std::iter::from_fn(|| self.line()).collect();
        assert!(self.child.wait().unwrap().success());
        said
    }

    /// Lets it go on that waits for a line.
    pub(crate) fn go_on(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sandbox: SkyPay and the banks behind it.
pub(crate) struct Bank(Running);

impl Bank {
    /// Opens one that never takes a number for a duplicate.
    pub(crate) async fn open() -> Self {
        let mut settings = Settings {
            limits: Limits {
                payouts_per_day: 0,
                ..Limits::default()
            },
            ..Settings::default()
        };
        let opening = Opening {
            name: "Example Lending Inc.".to_owned(),
            balance: "100000000.00".parse().unwrap(),
        };
        settings.entities.insert("SKY98".to_owned(), opening);
        let never = ("duplicates".to_owned(), "never".to_owned());
        settings.behaviors.extend([never]);
        let sandbox = Sandbox::builder().clock(Clock::frozen()).settings(settings);
        Self(sandbox.start().await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.url().to_owned()
    }

    /// Lets an hour pass.
    pub(crate) async fn advance(&self) {
        let hour = Duration::seconds(3600);
        self.0.clock().advance(hour).await.unwrap();
    }

    /// How often each number was paid.
    pub(crate) fn payments(&self) -> BTreeMap<String, u64> {
        self.0.payments()
    }
}

/// The partner's database, with the journal and a table of what it books.
pub(crate) enum Database {
    Sqlite(SqliteFile),
    Postgres(Box<Schema>),
}

const BOOKING: &str = "CREATE TABLE booking (about TEXT NOT NULL, what TEXT NOT NULL)";

impl Database {
    /// One of each kind; without a server, none on PostgreSQL, which is said.
    pub(crate) async fn all() -> Vec<Self> {
        let file = sqlite_file();
        Sqlite::open(file.path()).unwrap();
        let connection = Connection::open(file.path()).unwrap();
        connection.execute_batch(BOOKING).unwrap();
        let mut all = vec![Self::Sqlite(file)];
        if let Some(schema) = Schema::new().await {
            Postgres::open(schema.pool().await).await.unwrap();
            schema.client().await.batch_execute(BOOKING).await.unwrap();
            all.push(Self::Postgres(Box::new(schema)));
        }
        all
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite(file) => Location::Sqlite(file.path().to_owned()),
            Self::Postgres(schema) => {
                let config = std::env::var(crate::support::databases::SERVER).unwrap();
                Location::Postgres(config, schema.name().to_owned())
            }
        }
    }

    /// What was booked about something, sorted.
    pub(crate) async fn booked(&self, about: &str) -> Vec<String> {
        let query = "SELECT what FROM booking WHERE about = $1 ORDER BY what";
        match self {
            Self::Sqlite(file) => {
                let connection = Connection::open(file.path()).unwrap();
                let mut statement = connection.prepare(query).unwrap();
                let rows = statement.query_map([about], |row| row.get(0)).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            Self::Postgres(schema) => {
                let rows = schema.client().await.query(query, &[&about]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    pub(crate) async fn delete(self) {
        if let Self::Postgres(schema) = self {
            Schema::drop(*schema).await;
        }
    }
}
