//! Measures the cost of our code compared with alternatives.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml` counts the
//! instructions and allocations of each case under valgrind and prints them
//! side by side.

mod client;
mod instructions;
mod load;
mod programs;
mod reading;
mod server;

use std::process::ExitCode;

/// Two implementations of the same task.
pub struct Case {
    /// The name of the task.
    pub name: &'static str,
    /// The number of repetitions for counting.
    pub times: u32,
    /// Our implementation.
    pub ours: fn(u32),
    /// The alternative.
    pub other: fn(u32),
}

fn cases() -> Vec<Case> {
    let mut cases = reading::cases();
    cases.extend(client::cases());
    cases.extend(server::cases());
    cases
}

fn main() -> ExitCode {
    if let Some(log) = std::env::var_os(programs::COMPILATIONS) {
        return programs::compile(&log);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match &words[..] {
        [] => instructions::table(),
        ["load"] => load::measure(),
        ["programs", names @ ..] => programs::measure(names),
        ["serve-callbacks"] => load::serve(),
        ["serve"] => client::serve(),
        ["run", name, side, times] => run(name, side, times),
        _ => {
            eprintln!("usage: benches [load | programs [NAME]... | run CASE ours|other TIMES]");
            ExitCode::from(2)
        }
    }
}

/// Runs one side of a case this many times, for callgrind.
fn run(name: &str, side: &str, times: &str) -> ExitCode {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == name);
    let (Some(case), Ok(times)) = (case, times.parse()) else {
        eprintln!("there is no case {name}, or {times} is no number");
        return ExitCode::from(2);
    };
    match side {
        "ours" => (case.ours)(times),
        _ => (case.other)(times),
    }
    ExitCode::SUCCESS
}
