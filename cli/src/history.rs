//! The history of callbacks that `skypay listen` has received, for `skypay
//! replay`. Bodies are stored encrypted, as received, so that the file contains
//! no personal data in plaintext.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use skypay_sandbox::{limits, private_file};

use crate::credentials::read_limited;
use crate::exit_status::Failure;
use crate::folder;

/// A received callback.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The number, from 1 in each file.
    pub(crate) id: u64,
    /// The time of arrival in GMT+8.
    pub(crate) time: String,
    /// The name of the callback; `None` if it could not be decrypted.
    pub(crate) operation: Option<String>,
    /// The transaction IDs in the callback.
    pub(crate) transaction_ids: Vec<String>,
    /// The encrypted body.
    pub(crate) sealed: String,
    /// The HTTP status of the response.
    pub(crate) status: u16,
}

/// The default file.
pub(crate) const FILE: &str = ".skypay/listen.jsonl";

/// A history file open for appending.
pub(crate) struct History {
    file: File,
    next: u64,
}

impl History {
    /// Opens the file and continues after its last entry.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let next = if path.exists() {
            read(path)?.last().map_or(1, |entry| entry.id + 1)
        } else {
            1
        };
        let unwritable = |error: std::io::Error| {
            Failure::unwritable(path, &error).help("Name another file with --history.")
        };
        folder::prepare(path).map_err(unwritable)?;
        private_file::tighten(path).map_err(unwritable)?;
        let file = private_file::options().create(true).append(true).open(path);
        Ok(Self {
            file: file.map_err(unwritable)?,
            next,
        })
    }

    /// Appends an entry and returns its number.
    pub(crate) fn add(&mut self, entry: Entry) -> std::io::Result<u64> {
        let id = self.next;
        let entry = Entry { id, ..entry };
        let line = serde_json::to_string(&entry)? + "\n";
        self.file.write_all(line.as_bytes())?;
        self.next += 1;
        Ok(id)
    }
}

/// Reads all entries of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let text = read_limited(path, limits::HISTORY).map_err(|failure| {
        failure.help("`skypay listen` writes it; name another one with --history.")
    })?;
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|_| {
                let what = format!("{}:{}: not a line of a history", path.display(), index + 1);
                Failure::usage(what).help("Remove the line, or name another file.")
            })
        })
        .collect()
}

/// Returns the entry with the given number.
pub(crate) fn find(path: Option<&Path>, id: u64) -> Result<Entry, Failure> {
    let path = path.unwrap_or(Path::new(FILE));
    let mut all = read(path)?.into_iter();
    all.find(|entry| entry.id == id).ok_or_else(|| {
        Failure::refused(format!("{} holds no callback {id}", path.display()))
            .help("`skypay listen` shows the number of each callback before its name.")
    })
}
