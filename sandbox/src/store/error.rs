//! Why the database cannot be used, in words for people.

use std::path::Path;

use displaydoc::Display;

pub(super) const UNREADABLE: &str = "what is in it cannot be read: it was written by another version of the \
                                     sandbox; use that version, or name another file";

/// The database cannot be used.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[displaydoc("{0}")]
pub(crate) struct StoreError(pub(super) String);

impl StoreError {
    pub(super) fn new(file: Option<&Path>, why: &str) -> Self {
        let place = file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string());
        Self(format!("{place}: {why}"))
    }

    pub(super) fn io(file: &Path, error: &std::io::Error) -> Self {
        Self::new(
            Some(file),
            &format!(
                "it cannot be opened ({error}); look whether its directory exists and may be written to"
            ),
        )
    }

    pub(super) fn at(file: Option<&Path>, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let why = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => "it is not a database; name another file".to_owned(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another sandbox is using it; stop that one, or name another file".to_owned()
            }
            Some(ErrorCode::DiskFull) => {
                "the disk is full, and nothing was changed; make room and try again".to_owned()
            }
            Some(ErrorCode::CannotOpen) => {
                "it cannot be opened; look whether its directory exists and may be written to"
                    .to_owned()
            }
            // What cannot be read is not shown.
            _ => match error {
                rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::QueryReturnedNoRows => {
                    UNREADABLE.to_owned()
                }
                error => error.to_string(),
            },
        };
        Self::new(file, &why)
    }
}

impl std::error::Error for StoreError {}
