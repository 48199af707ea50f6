//! Running the program and reading its output.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A temporary folder, deleted on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("skypay-command-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the path of the program, which cargo has built next to the test folder.
pub(crate) fn skypay() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    folder.join(format!("skypay{}", std::env::consts::EXE_SUFFIX))
}

/// The result of a finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Returns the JSON output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// The program with a working folder and environment variables.
pub(crate) struct Program {
    pub(crate) folder: Folder,
    variables: Vec<(&'static str, OsString)>,
}

impl Program {
    /// Creates a program without credentials.
    pub(crate) fn bare() -> Self {
        Self {
            folder: Folder::new(),
            variables: Vec::new(),
        }
    }

    /// Creates a program with credentials in its environment.
    pub(crate) fn new() -> Self {
        Self::bare()
            .with("SKYPAY_CALLER_NAME", "demo")
            .with("SKYPAY_USER_NAME", "App@skypay")
            .with("SKYPAY_AUTHENTICATION", "canary-authentication")
            .with("SKYPAY_ENCRYPT_KEY", "canary-key")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Returns the value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found.unwrap().1.to_str().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(skypay());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            // A sandbox that runs on this machine is not touched.
            .env("SKYPAY_SANDBOX", "http://127.0.0.1:1")
            // Required by Windows to open sockets.
            .envs(std::env::var_os("SYSTEMROOT").map(|folder| ("SYSTEMROOT", folder)))
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program until it exits.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Like `run`, with the arguments separated by spaces.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Like `run`, with standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        self.run_to(Stdio::piped(), arguments, input)
    }

    /// Like `run_with`, with another standard output, which is not read.
    pub(crate) fn run_to(&self, stdout: Stdio, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdout(stdout).spawn().unwrap();
        // The program may have exited without reading standard input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts the program in the background.
    pub(crate) fn start(&self, arguments: &[&str]) -> Started {
        self.started(&mut self.command(arguments))
    }

    /// Starts another program in the background, with the same credentials.
    pub(crate) fn started(&self, command: &mut Command) -> Started {
        let variables = self.variables.iter().map(|(name, value)| (*name, value));
        let command = command.envs(variables).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Started {
            child,
            lines: Some(lines),
        }
    }
}

/// A run in progress, killed on drop.
pub(crate) struct Started {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Started {
    /// Returns the next line of output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Ignores the output from now on, which would block the program otherwise.
    pub(crate) fn ignore_output(&mut self) {
        let lines = self.lines.take().unwrap().lines();
        std::thread::spawn(|| lines.for_each(drop));
    }

    /// Returns the output up to and including the line that contains `last`.
    pub(crate) fn until(&mut self, last: &str) -> String {
        let mut said = String::new();
        while !said.contains(last) {
            said.push_str(&self.line());
        }
        said
    }

    /// Returns the next line as JSON.
    pub(crate) fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
    }

    /// Interrupts the program as Ctrl-C does.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Kills the program, and returns what it wrote to standard error.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut err).unwrap();
        err
    }

    /// Waits until the program exits by itself.
    pub(crate) fn end(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
