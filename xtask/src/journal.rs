//! `journal`: the simulation of the journal, which is a test of that crate.

use std::path::Path;

use clap::Args;

use crate::{Outcome, cargo};

/// Which runs.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The number of runs of each scenario, and of each behavior of SkyPay
    #[arg(long, default_value_t = 1000, value_name = "NUMBER")]
    pub seeds: u64,
    /// One scenario, such as `S4` [default: all]
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// One seed, with all that happens in its runs
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["seeds", "mutants"])]
    pub seed: Option<u64>,
    /// Leave out each rule in turn: some run has to violate an invariant then
    #[arg(long)]
    pub mutants: bool,
}

/// `journal`: builds the simulation with optimizations and runs it; it prints a table.
///
/// # Errors
///
/// A run violates an invariant, or none does without a rule.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let test = "test --quiet --release --package skypay-journal --all-features --test simulation";
    let mut cargo = cargo::command(root, test);
    // SQLite takes and frees memory all the time; the C library is to keep it.
    cargo.env("MALLOC_TRIM_THRESHOLD_", "1000000000");
    cargo.env("MALLOC_TOP_PAD_", "67108864");
    // No thread waits for another in SQLite: each has its own connection.
    let flags = "-DSQLITE_DEFAULT_MEMSTATUS=0 -USQLITE_THREADSAFE -DSQLITE_THREADSAFE=2";
    cargo.env("LIBSQLITE3_FLAGS", flags);
    cargo.arg("--");
    if let Some(scenario) = &arguments.scenario {
        cargo.args(["--scenario", scenario]);
    }
    match arguments.seed {
        Some(seed) => cargo.args(["--seed", &seed.to_string()]),
        None => cargo.args(["--seeds", &arguments.seeds.to_string()]),
    };
    if arguments.mutants {
        cargo.arg("--mutants");
    }
    cargo::run(&mut cargo)
}
