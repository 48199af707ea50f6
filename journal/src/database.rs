//! The few things that the journal wants of a database.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;

use crate::Timestamp;
use crate::error::with_sources;

/// A connection with an open transaction. Implemented for those of `rusqlite`,
/// `tokio-postgres` and `deadpool-postgres`.
///
/// Statements are in the SQL that SQLite and PostgreSQL share, with `$1`, `$2`
/// in the order of their first use.
pub trait Database {
    /// Runs a statement, and gives the rows that it returns.
    fn run(
        &mut self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, DatabaseError>> + Send;

    /// The time, by the clock that all users of the database share. It never is before
    /// the newest `at` in `skypay_evidence`, even if the clock was set back: what is
    /// decided now is based on that evidence.
    fn now(&mut self) -> impl Future<Output = Result<Timestamp, DatabaseError>> + Send;
}

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A `TEXT`.
    Text(&'a str),
    /// A `BIGINT`.
    Integer(i64),
    /// A `TEXT` that may be null.
    OptionalText(Option<&'a str>),
    /// A `BIGINT` that may be null.
    OptionalInteger(Option<i64>),
}

/// A column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A `TEXT`.
    Text(String),
    /// A `BIGINT`.
    Integer(i64),
    /// Nothing.
    Null,
}

/// A row that a statement returned.
#[derive(Clone, Debug)]
pub struct Row(Vec<Column>);

impl Row {
    /// A row of these columns.
    #[must_use]
    pub fn of(columns: Vec<Column>) -> Self {
        Self(columns)
    }

    /// The texts in the first column of rows.
    pub(crate) fn first_texts(rows: &[Self]) -> Result<Vec<String>, DatabaseError> {
        let texts = rows.iter().map(|row| row.text(0).map(str::to_owned));
        texts.collect()
    }

    pub(crate) fn text(&self, index: usize) -> Result<&str, DatabaseError> {
        match self.0.get(index) {
            Some(Column::Text(text)) => Ok(text),
            _ => Err(DatabaseError::form(index)),
        }
    }

    pub(crate) fn integer(&self, index: usize) -> Result<i64, DatabaseError> {
        match self.0.get(index) {
            Some(Column::Integer(integer)) => Ok(*integer),
            _ => Err(DatabaseError::form(index)),
        }
    }

    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<&str>, DatabaseError> {
        match self.0.get(index) {
            Some(Column::Null) => Ok(None),
            _ => self.text(index).map(Some),
        }
    }

    pub(crate) fn optional_integer(&self, index: usize) -> Result<Option<i64>, DatabaseError> {
        match self.0.get(index) {
            Some(Column::Null) => Ok(None),
            _ => self.integer(index).map(Some),
        }
    }
}

/// Why the database did not do what it was asked to. It shows no value of a
/// statement.
pub struct DatabaseError {
    what: String,
    is_conflict: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl DatabaseError {
    /// An error of a driver. `is_conflict` if the transaction lost against
    /// another one and may be tried again.
    pub fn new(source: impl StdError + Send + Sync + 'static, is_conflict: bool) -> Self {
        Self {
            what: "the database refused a statement".to_owned(),
            is_conflict,
            source: Some(Box::new(source)),
        }
    }

    pub(crate) fn because(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            is_conflict: false,
            source: None,
        }
    }

    /// The error of a value that this version does not know.
    pub(crate) fn later_version(what: &str) -> Self {
        Self::because(format!(
            "{what} was written by a later version of the journal: use that version"
        ))
    }

    fn form(index: usize) -> Self {
        Self::because(format!(
            "column {index} of a journal table has another type than this version writes"
        ))
    }

    /// Whether the transaction lost against another one and may be tried again.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.is_conflict
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Shows the texts of the driver's errors, too: a program whose `main` returns this error
/// prints nothing else.
impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_sources(self))
    }
}

impl StdError for DatabaseError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
