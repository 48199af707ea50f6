//! A process that runs one version.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    host: String,
}

impl Peer {
    /// Starts a peer.
    pub(crate) fn start(program: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{} has no pipes", program.display()));
        };
        let mut peer = Self {
            process,
            pipes: RefCell::new((orders, BufReader::new(answers))),
            host: String::new(),
        };
        let host = peer.order(&json!({ "do": "listen" }))?;
        peer.host = host.as_str().unwrap_or_default().into();
        Ok(peer)
    }

    /// Whether it builds a message of an operation.
    pub(crate) fn builds(&self, name: &str, part: &str, value: &Value) -> Result<bool, String> {
        let order = json!({ "do": "build", "operation": name, "part": part, "value": value });
        Ok(self.order(&order)? == true)
    }

    /// Calls a peer, which answers as planned: returns the outcome, and what the
    /// callee recorded; `None` if the request cannot be built.
    pub(crate) fn call(
        &self,
        callee: &Self,
        name: &str,
        request: &Value,
        plan: &Value,
    ) -> Result<Option<[Value; 2]>, String> {
        callee.order(&json!({ "do": "plan", "plan": plan }))?;
        let to = &callee.host;
        let order = json!({ "do": "call", "operation": name, "to": to, "value": request });
        let outcome = self.order(&order)?;
        if outcome.is_null() {
            return Ok(None);
        }
        let seen = callee.order(&json!({ "do": "plan" }))?;
        Ok(Some([outcome, seen]))
    }

    /// Sends an order and returns the result.
    fn order(&self, order: &Value) -> Result<Value, String> {
        let (orders, answers) = &mut *self.pipes.borrow_mut();
        // Written at once: the pipe has no buffer.
        let written = orders.write_all(format!("{order}\n").as_bytes());
        written.map_err(|error| format!("a peer has ended: {error}"))?;
        let mut line = String::new();
        let read = answers.read_line(&mut line);
        read.map_err(|error| format!("cannot read from a peer: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("a peer says {line:?}: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The process may already have exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
