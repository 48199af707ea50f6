//! `postgres`: a PostgreSQL server for as long as a command runs.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Args;

use crate::{Failure, Outcome, cargo};

/// The folder in which Debian installs a folder of programs for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The environment variable that names the server to the tests.
const SERVER: &str = "SKYPAY_TEST_POSTGRES";

/// Starts the server in a new folder, prints the folder, and stops the server
/// when the standard input ends, which it does however the task ends. `$1` is
/// the folder of the programs. PostgreSQL refuses to run as root.
const SUPERVISOR: &str = r#"
if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid postgres --regid postgres --init-groups --reset-env sh -c "$0" "$0" "$1"
fi
PATH="$1:$PATH" LC_ALL=C
folder=$(mktemp -d "${TMPDIR:-/tmp}/skypay-postgres.XXXXXX") && cd "$folder" || exit
trap 'cd / && rm -rf "$folder"' EXIT
if ! {
    initdb --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --no-sync &&
    pg_ctl --pgdata=data --log=log --wait start \
        --options="-k '$folder' -c listen_addresses='' -c max_connections=400"
} </dev/null >start 2>&1; then
    cat start log >&2
    exit 1
fi
echo "$folder"
read -r end
pg_ctl --pgdata=data --mode=immediate --wait stop >/dev/null 2>&1
"#;

/// What to run.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The command; it finds the server's URL in SKYPAY_TEST_POSTGRES
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}

/// `postgres`: runs a command beside a server.
///
/// # Errors
///
/// The command fails, or there is no server.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let server = Server::start(root)?;
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| "no command is given".to_owned())?;
    cargo::run(server.known_to(cargo::program(program, Path::new(".")).args(rest)))
}

/// A PostgreSQL server with an empty database, which ends with this value or with
/// the process. Only its user and root can connect, by a socket in its folder.
#[derive(Debug)]
pub struct Server {
    supervisor: Child,
    programs: PathBuf,
    folder: String,
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// PostgreSQL is not installed, or does not start.
    pub fn start(root: &Path) -> Result<Self, Failure> {
        let programs = programs().ok_or_else(|| {
            format!(
                "PostgreSQL is neither in {DEBIAN} nor in PATH: install it (Debian: apt install postgresql)"
            )
        })?;
        let mut supervisor = Command::new("sh");
        supervisor
            .args(["-c", SUPERVISOR, SUPERVISOR])
            .arg(&programs)
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // An interrupt from the keyboard ends the task, and thereby the server.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut supervisor, 0);
        let mut supervisor = supervisor
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let mut folder = String::new();
        if let Some(stdout) = supervisor.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut folder);
            read.map_err(|error| format!("cannot read what PostgreSQL says: {error}"))?;
        }
        if folder.is_empty() {
            let message = "PostgreSQL does not start; it has written why";
            return Err(Failure::Unusable(message.to_owned()));
        }
        Ok(Self {
            supervisor,
            programs,
            folder: folder.trim_end().to_owned(),
        })
    }

    /// Tells a command where the server and its programs are.
    pub fn known_to<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = [self.programs.clone()];
        let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path)));
        let host = self.folder.replace('/', "%2F");
        command
            .env("PATH", path.unwrap_or_default())
            .env(SERVER, format!("postgres://postgres@{host}/postgres"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Returns the folder of the programs of the newest installed version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = versions.into_iter().rev().map(|(_, folder)| folder);
    let mut folders = installed.chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}
