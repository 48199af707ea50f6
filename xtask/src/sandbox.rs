//! A sandbox for a task: in memory, with a virtual clock.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running sandbox, killed on drop.
pub(crate) struct Sandbox {
    process: Child,
    /// The line of JSON that it printed when it was ready.
    pub(crate) info: String,
}

impl Sandbox {
    /// Starts a sandbox and waits until it accepts requests.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        let mut process = Command::new(program)
            .args(["sandbox", "up", "--memory", "--json"])
            .args(["--clock", "virtual", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start the sandbox: {error}"))?;
        let stdout = process.stdout.take().map(BufReader::new);
        let info = stdout.and_then(|stdout| stdout.lines().next()?.ok());
        let info = info.unwrap_or_default();
        Ok(Self { process, info })
    }

    /// Returns a text that it printed, by name.
    pub(crate) fn text(&self, name: &str) -> String {
        let info: Value = serde_json::from_str(&self.info).unwrap_or_default();
        info[name].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The process may already have exited.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}
