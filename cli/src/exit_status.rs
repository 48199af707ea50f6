//! Exit codes, and errors.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

/// The exit status. Other programs rely on its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Done; a call was accepted.
    Done,
    /// Refused: by a return code, by the sandbox, or because of the key.
    Refused,
    /// Wrong usage or a wrong file; nothing was done.
    Usage,
    /// A call may have been executed: query before sending again.
    Unknown,
    /// Nothing left this machine.
    NotSent,
}

/// Shown at the end of the help and in the README.
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

/// An error: what happened, and what to do about it. Never contains a secret or a
/// value from input.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit_status: ExitStatus,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    /// Wrong usage or a wrong file.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::Usage, what)
    }

    /// A refusal.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::Refused, what)
    }

    /// No server was reached.
    pub(crate) fn not_sent(what: impl Into<String>) -> Self {
        Self::new(ExitStatus::NotSent, what)
    }

    fn new(exit_status: ExitStatus, what: impl Into<String>) -> Self {
        Self {
            exit_status,
            what: what.into(),
            help: None,
        }
    }

    /// The same, with what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The failure for other programs.
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
