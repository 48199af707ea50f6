//! Exit codes and errors.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

/// The exit status. Its numbers are a stable interface for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Success; a call was accepted.
    Done,
    /// Refused by a return code, by the sandbox, or because of the key.
    Refused,
    /// Invalid usage or an invalid file; nothing was executed.
    Usage,
    /// A call may have been executed: query before retrying.
    Unknown,
    /// No request was sent.
    NotSent,
}

/// The section at the end of the help and in the README.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  success; a call was accepted
  1  refused: by a return code, by the sandbox, or because of the key
  2  wrong usage or a wrong file; nothing was done
  3  unknown: the call may have been executed; query before you send again
  5  not sent: nothing left this machine";

impl From<ExitStatus> for ExitCode {
    fn from(exit_status: ExitStatus) -> Self {
        Self::from(match exit_status {
            ExitStatus::Done => 0,
            ExitStatus::Refused => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Unknown => 3,
            ExitStatus::NotSent => 5,
        })
    }
}

/// An error: what happened, and how to fix it. Never contains a secret or a value
/// from input.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit_status: ExitStatus,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    /// Creates an error for invalid usage or an invalid file.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, what)
    }

    /// Creates an error for a refusal.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::Refused, what)
    }

    /// Creates an error for a server that cannot be reached.
    pub(crate) fn not_sent(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::NotSent, what)
    }

    /// Creates an error for a file that cannot be written.
    pub(crate) fn unwritable(file: &Path, error: &io::Error) -> Self {
        let what = format!("{} cannot be written: {}", file.display(), error.kind());
        Self::usage(what)
    }

    /// Creates an error for output that is not complete.
    pub(crate) fn lost_output(kind: io::ErrorKind) -> Self {
        let what = format!("standard output cannot be written: {kind}");
        Self::new(ExitStatus::Unknown, what)
            .help("The command was executed, but its output is not complete.")
    }

    fn new(exit_status: ExitStatus, what: impl Into<String>) -> Self {
        Self {
            exit_status,
            what: what.into(),
            help: None,
        }
    }

    /// Adds a hint on how to fix it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the error as JSON.
    pub(crate) fn json(&self) -> Value {
        match &self.help {
            Some(help) => json!({ "error": self.what, "help": help }),
            None => json!({ "error": self.what }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
