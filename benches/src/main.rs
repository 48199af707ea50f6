//! How much our code costs beside what would do without it.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml` counts the
//! instructions and allocations of each case under valgrind and prints them
//! beside each other.

mod client;
mod instructions;
mod load;
mod programs;
mod reading;
mod server;

use std::process::ExitCode;

/// Two ways to the same thing.
pub struct Case {
    /// What is done.
    pub name: &'static str,
    /// How often the two are done where something is counted.
    pub times: u32,
    /// Ours.
    pub ours: fn(u32),
    /// What would do without ours.
    pub other: fn(u32),
}

fn cases() -> Vec<Case> {
    let mut cases = reading::cases();
    cases.extend(client::cases());
    cases.extend(server::cases());
    cases
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => instructions::table(),
        ["load"] => load::measure(),
        ["programs"] => programs::measure(),
        ["serve-callbacks"] => load::serve(),
        ["serve"] => client::serve(),
        ["run", name, side, times] => run(name, side, times),
        _ => {
            eprintln!("usage: benches [load | programs | run CASE ours|other TIMES]");
            ExitCode::from(2)
        }
    }
}

/// One side of a case, so often: what callgrind looks at.
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
