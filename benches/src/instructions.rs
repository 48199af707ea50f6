//! Instructions, counted by callgrind.

use std::process::{Command, ExitCode};

use crate::{Case, cases};

/// Prints a row for each case.
pub fn table() -> ExitCode {
    println!("{:44} {:>12} {:>12} {:>7}", "instructions of one", "ours", "other", "ratio");
    for case in cases() {
        let counted = count(&case, "ours").and_then(|ours| Ok((ours, count(&case, "other")?)));
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
fn count(case: &Case, side: &str) -> Result<f64, String> {
    let few = total(case.name, side, case.times)?;
    let many = total(case.name, side, case.times * 3)?;
    Ok((many - few) / f64::from(case.times * 2))
}

fn total(name: &str, side: &str, times: u32) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", name, side, &times.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}; install Debian's valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|count| count.trim().parse().ok());
    collected.ok_or_else(|| format!("valgrind says no number:\n{said}"))
}
