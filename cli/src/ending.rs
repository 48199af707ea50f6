//! How the program ends: its exit codes, and what it says when it fails.

use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

/// What the exit code says. Other programs rely on these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done; a call was accepted.
    Done,
    /// Refused: by a return code, by the sandbox, or by a key that does not fit.
    Refused,
    /// The command line or what it names makes no sense; nothing was done.
    Usage,
    /// A call may have been executed: ask, do not send again.
    Unknown,
    /// Nothing left this machine.
    NotSent,
}

/// Shown at the end of the help and in the README.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done; a call was accepted
  1  refused: by a return code, by the sandbox, or the key does not fit
  2  the command line or a file makes no sense; nothing was done
  3  unknown: the call may have been executed; ask, do not send again
  5  not sent: nothing left this machine";

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::Refused => 1,
            Ending::Usage => 2,
            Ending::Unknown => 3,
            Ending::NotSent => 5,
        })
    }
}

/// Why something was not done: what, and what to do about it. Never holds a
/// secret or a value that somebody gave.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) ending: Ending,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    /// The command line or a file makes no sense.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Ending::Usage, what)
    }

    /// Somebody said no.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(Ending::Refused, what)
    }

    /// Nobody was reached.
    pub(crate) fn not_sent(what: impl Into<String>) -> Self {
        Self::new(Ending::NotSent, what)
    }

    fn new(ending: Ending, what: impl Into<String>) -> Self {
        Self {
            ending,
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
