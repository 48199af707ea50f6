//! Instructions and allocations, counted by valgrind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};

use crate::{Case, cases};

/// Prints a row for each case.
pub fn table() -> ExitCode {
    // The server runs in a separate process, so that it is not counted.
    let server = match Server::start() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("cannot start a server: {error}");
            return ExitCode::FAILURE;
        }
    };
    for counter in [
        Counter::Instructions,
        Counter::WithoutHttp,
        Counter::Allocations,
    ] {
        println!(
            "{:44} {:>12} {:>12} {:>7}",
            counter.title(),
            "ours",
            "other",
            "ratio"
        );
        for case in cases().iter().filter(|case| counter.concerns(case)) {
            let counted = counter
                .count(case, "ours", &server.url)
                .and_then(|ours| Ok((ours, counter.count(case, "other", &server.url)?)));
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
        println!();
    }
    ExitCode::SUCCESS
}

/// What valgrind counts.
#[derive(Clone, Copy)]
enum Counter {
    /// Instructions of the program and its libraries, without the kernel.
    Instructions,
    /// Like `Instructions`, without the connection and the HTTP client from the
    /// finished request to the response header.
    WithoutHttp,
    /// The number of allocations.
    Allocations,
}

impl Counter {
    fn title(self) -> &'static str {
        match self {
            Self::Instructions => "instructions of one",
            Self::WithoutHttp => "instructions without the HTTP client",
            Self::Allocations => "allocations of one",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Instructions => &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
            Self::WithoutHttp => &[
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--toggle-collect=reqwest::async_impl::client::Client::execute_request",
                "--toggle-collect=<reqwest::async_impl::client::Pending \
                 as core::future::future::Future>::poll",
                "--toggle-collect=tokio::runtime::scheduler::current_thread::Context::run_task",
                "--collect-atstart=yes",
            ],
            Self::Allocations => &["--tool=memcheck", "--undef-value-errors=no"],
        }
    }

    /// Whether the metric applies to the case.
    fn concerns(self, case: &Case) -> bool {
        match self {
            Self::Instructions | Self::Allocations => true,
            Self::WithoutHttp => case.name.starts_with("call "),
        }
    }

    /// Finds the figure in valgrind's output.
    fn find(self, said: &str) -> Option<f64> {
        let (before, after) = match self {
            Self::Instructions | Self::WithoutHttp => ("Collected :", None),
            Self::Allocations => ("total heap usage:", Some("allocs")),
        };
        let line = said.lines().find_map(|line| line.split(before).nth(1))?;
        let figure = after.map_or(Some(line), |word| line.split(word).next())?;
        figure.trim().replace(',', "").parse().ok()
    }

    /// Returns the cost of one repetition: the difference of two runs, which
    /// excludes starting the program and preparing the input.
    fn count(self, case: &Case, side: &str, url: &str) -> Result<f64, String> {
        let few = self.total(case.name, side, case.times, url)?;
        let many = self.total(case.name, side, case.times * 3, url)?;
        Ok((many - few) / f64::from(case.times * 2))
    }

    fn total(self, name: &str, side: &str, times: u32, url: &str) -> Result<f64, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new("valgrind")
            .args(self.options())
            .arg(program)
            .args(["run", name, side, &times.to_string()])
            .env("SERVER", url)
            .output()
            .map_err(|error| format!("cannot run valgrind: {error}; install Debian's valgrind"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("it failed:\n{said}"));
        }
        self.find(&said)
            .ok_or_else(|| format!("valgrind says no number:\n{said}"))
    }
}

/// This program as a server, in a separate process.
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
