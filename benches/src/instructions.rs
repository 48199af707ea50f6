//! Instructions, counted by callgrind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use crate::{Case, cases};

/// Prints a row for each case.
pub fn table() -> ExitCode {
    // What the clients call runs on its own, so that it is not counted.
    let server = match Server::start() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("cannot start a server: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:44} {:>12} {:>12} {:>7}",
        "instructions of one", "ours", "other", "ratio"
    );
    for case in cases() {
        let counted = count(&case, "ours", &server.url)
            .and_then(|ours| Ok((ours, count(&case, "other", &server.url)?)));
        match counted {
            Ok((ours, other)) => {
                let ratio = ours / other;
                println!("{:44} {ours:12.0} {other:12.0} {ratio:7.3}", case.name);
            }
            Err(error) => {
                eprintln!("{}: {error}", case.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// What one more costs: the difference of two runs, so that starting the
/// program and making the input count for nothing.
fn count(case: &Case, side: &str, url: &str) -> Result<f64, String> {
    let few = total(case.name, side, case.times, url)?;
    let many = total(case.name, side, case.times * 3, url)?;
    Ok((many - few) / f64::from(case.times * 2))
}

fn total(name: &str, side: &str, times: u32, url: &str) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", name, side, &times.to_string()])
        .env("SERVER", url)
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}; install Debian's valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("it failed:\n{said}"));
    }
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|count| count.trim().parse().ok());
    collected.ok_or_else(|| format!("valgrind says no number:\n{said}"))
}

/// This program as a server, in a process of its own.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> std::io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        if let Some(said) = process.stdout.take() {
            BufReader::new(said).read_line(&mut url)?;
        }
        Ok(Self {
            process,
            url: url.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
