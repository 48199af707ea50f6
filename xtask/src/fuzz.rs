//! `fuzz`: searches for input bytes that violate an invariant. The invariants are
//! in `fuzz/src/lib.rs`; the tests check the inputs in `fuzz/corpus/`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use clap::Args;

use crate::sync_dir::unusable;
use crate::{Failure, Outcome, cargo};

/// The version of cargo-fuzz.
const VERSION: &str = "0.13.2";

/// The working corpus of a run.
const WORK: &str = "target/fuzz/corpus";

/// The folder of the fuzz targets.
const TARGETS: &str = "fuzz/fuzz_targets";

/// What to look at, and how long.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The target [default: all]
    pub target: Option<String>,
    /// The duration for each target, in seconds
    #[arg(long, default_value_t = 60, value_name = "NUMBER")]
    pub seconds: u32,
}

/// `fuzz`: runs each target; libFuzzer prints its progress.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let all = targets(root).map_err(|error| format!("cannot read {TARGETS}: {error}"))?;
    let chosen: Vec<_> = match &arguments.target {
        None => all,
        Some(target) if all.contains(target) => vec![target.clone()],
        Some(target) => {
            let all = all.join(", ");
            let message = format!("there is no target {target}; there are {all}");
            return Err(Failure::Unusable(message));
        }
    };
    let program = cargo::install(root, "cargo-fuzz", VERSION, "")?;
    for target in chosen {
        println!("== {target}");
        one(root, &program, &target, arguments.seconds)?;
    }
    Ok(())
}

/// Returns the sorted names of the targets.
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

/// Runs a target.
fn one(root: &Path, program: &Path, target: &str, seconds: u32) -> Outcome {
    let work = root.join(WORK).join(target);
    fs::create_dir_all(&work).map_err(|error| unusable("create", &work, &error))?;
    let mut fuzz = cargo::program(program, root);
    // Sanitizers detect memory errors, which safe code cannot cause, and need a
    // nightly toolchain.
    fuzz.args(["run", "--sanitizer", "none", "--fuzz-dir", "fuzz"])
        .args(["--target-dir", "target/fuzz", target])
        .arg(&work)
        .arg(root.join("fuzz/corpus").join(target))
        .args(["--", "-print_final_stats=1", "-timeout=20"])
        .arg("-rss_limit_mb=4096")
        .arg(format!("-max_total_time={seconds}"))
        .stdin(Stdio::null());
    let outcome = cargo::run(&mut fuzz);
    if outcome.is_err() {
        eprintln!("{target}: make a test of what was found, then fix it");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::targets;

    #[test]
    fn every_target_has_a_corpus() {
        let root = crate::root().expect("this is a checkout");
        for target in targets(&root).expect("they are there") {
            assert!(root.join("fuzz/corpus").join(&target).is_dir(), "{target}");
        }
    }
}
