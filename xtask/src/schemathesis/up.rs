//! The sandbox that is asked: in memory, on a port of its own, with a clock
//! that its caller moves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

/// A running sandbox; it ends with this.
pub(super) struct Up {
    process: Child,
    /// What a caller of it has to know.
    pub(super) info: Info,
}

/// What the sandbox says when it is up.
pub(super) struct Info {
    /// The whole line, with the credentials.
    pub(super) line: String,
    /// Where it listens, without a path.
    pub(super) url: String,
}

/// What this task itself has to know of that line.
#[derive(Deserialize)]
struct Fields {
    url: String,
}

impl Up {
    /// Starts it, and waits until it listens.
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        let mut process = Command::new(program)
            .args(["sandbox", "up", "--memory", "--json"])
            .args(["--clock", "virtual", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let mut line = String::new();
        let stdout = process.stdout.take();
        let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let info = match read {
            Some(Ok(_)) => Info::read(line.trim_end()),
            _ => Err("the sandbox cannot be listened to".to_owned()),
        };
        match info {
            Ok(info) => Ok(Self { process, info }),
            Err(error) => {
                end(&mut process);
                Err(error)
            }
        }
    }
}

impl Info {
    /// What a sandbox has said.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let fields: Fields = serde_json::from_str(line)
            .map_err(|error| format!("the sandbox does not say where it listens: {error}"))?;
        Ok(Self {
            line: line.to_owned(),
            url: fields.url,
        })
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn end(process: &mut Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Info, Up};

    #[test]
    fn what_does_not_come_up_is_refused_with_one_message() {
        let missing = Path::new("/nowhere/skypay");
        let error = Up::start(missing).err().expect("it is not there");
        assert!(error.contains("cannot start /nowhere/skypay"), "{error}");
        let error = Info::read("Permission denied").err().expect("no JSON");
        assert!(error.contains("where it listens"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_ends_without_a_word_is_refused() {
        let error = Up::start(Path::new("true")).err();
        let error = error.expect("it says nothing");
        assert!(error.contains("where it listens"), "{error}");
    }
}
