//! `fuzz`: bytes for which something does not hold that has to hold for any.
//! What has to hold is in `fuzz/src/lib.rs`; the tests look at what is kept in
//! `fuzz/corpus/`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use clap::Args;

use crate::{Ending, cargo};

/// The version of cargo-fuzz.
const VERSION: &str = "0.13.2";

/// Where a run keeps its corpus.
const WORK: &str = "target/fuzz/corpus";

/// Where the targets are.
const TARGETS: &str = "fuzz/fuzz_targets";

/// What to look at, and how long.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The target; all of them, if not said
    pub target: Option<String>,
    /// For how long each
    #[arg(long, default_value_t = 60, value_name = "NUMBER")]
    pub seconds: u32,
}

/// `fuzz`: runs each target and says how much it has tried.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    let all = match targets(root) {
        Ok(all) => all,
        Err(error) => {
            eprintln!("cannot read {TARGETS}: {error}");
            return Ending::Unusable;
        }
    };
    let chosen: Vec<_> = match &arguments.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => {
            eprintln!("there is no target {target}; there are {}", all.join(", "));
            return Ending::Unusable;
        }
    };
    let program = match cargo::install(root, "cargo-fuzz", VERSION, "") {
        Ok(program) => program,
        Err(ending) => return ending,
    };
    for target in chosen {
        match one(root, &program, &target, arguments.seconds) {
            Ok(row) => println!("{row}"),
            Err(error) => {
                eprintln!("{target}: {error}");
                return Ending::Findings;
            }
        }
    }
    Ending::Clean
}

/// The names of the targets, sorted.
fn targets(root: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(TARGETS))? {
        let path = entry?.path();
        names.extend(
            path.file_stem()
                .and_then(|name| name.to_str())
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// Runs a target; what it has tried, or what it has found.
fn one(root: &Path, program: &Path, target: &str, seconds: u32) -> Result<String, String> {
    let work = root.join(WORK).join(target);
    fs::create_dir_all(&work).map_err(|error| format!("cannot make {WORK}/{target}: {error}"))?;
    let mut fuzz = cargo::program(program, root);
    // Sanitizers look for misuse of memory, which safe code cannot do, and need
    // a toolchain that is not stable.
    fuzz.args(["run", "--sanitizer", "none", "--fuzz-dir", "fuzz"])
        .args(["--target-dir", "target/fuzz", target])
        .arg(&work)
        .arg(root.join("fuzz/corpus").join(target))
        .args([
            "--",
            "-print_final_stats=1",
            "-timeout=20",
            "-rss_limit_mb=4096",
        ])
        .arg(format!("-max_total_time={seconds}"))
        .stdin(Stdio::null());
    let output = fuzz
        .output()
        .map_err(|error| format!("cannot run cargo-fuzz: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{said}\nmake a test of what was found, then fix it"
        ));
    }
    row(target, &said).ok_or_else(|| format!("{said}\nlibFuzzer says no figures"))
}

/// The figures that libFuzzer prints at the end.
fn row(target: &str, said: &str) -> Option<String> {
    let figure = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line?.trim_start_matches(':').trim().parse::<u64>().ok()
    };
    let tried = figure("stat::number_of_executed_units")?;
    let rate = figure("stat::average_exec_per_sec")?;
    let memory = figure("stat::peak_rss_mb")?;
    Some(format!(
        "{target}: {tried} inputs, {rate} a second, {memory} MiB at most, nothing found"
    ))
}

#[cfg(test)]
mod tests {
    use super::{row, targets};

    #[test]
    fn the_figures_are_those_of_the_end() {
        let said = "#4 NEW\nstat::number_of_executed_units: 1305282\n\
                    stat::average_exec_per_sec:     40790\nstat::peak_rss_mb: 33\n";
        assert_eq!(
            row("reading", said).as_deref(),
            Some("reading: 1305282 inputs, 40790 a second, 33 MiB at most, nothing found")
        );
        assert_eq!(row("reading", "Killed"), None);
    }

    #[test]
    fn every_target_has_a_corpus() {
        let root = crate::root().expect("this is a checkout");
        for target in targets(&root).expect("they are there") {
            assert!(root.join("fuzz/corpus").join(&target).is_dir(), "{target}");
        }
    }
}
