//! A process that runs one version.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Peer {
    /// Starts a peer.
    pub(crate) fn start(program: &Path, schemas: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        let mut process = Command::new(program)
            .arg(schemas)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{} has no pipes", program.display()));
        };
        let mut peer = Self {
            process,
            orders,
            answers: BufReader::new(answers),
            url: String::new(),
        };
        let port = peer.answer()?["port"].as_u64().unwrap_or_default();
        peer.url = format!("http://127.0.0.1:{port}");
        Ok(peer)
    }

    /// Returns the URL at which it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends an order and returns the result.
    pub(crate) fn order(&mut self, order: &Value) -> Result<Value, String> {
        // Written at once: the pipe has no buffer.
        let line = format!("{order}\n");
        let written = self.orders.write_all(line.as_bytes());
        written.map_err(|error| format!("a peer has ended: {error}"))?;
        let answer = self.answer()?;
        match answer.get("error") {
            Some(error) => Err(format!("a peer says {error} to {order}")),
            None => Ok(answer),
        }
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
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
