//! `mutants`: applies one mutation at a time, which a test has to detect. Mutants
//! without effect are excluded in `.cargo/mutants.toml`, with the reason.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::{Outcome, cargo};

/// The version of cargo-mutants.
const VERSION: &str = "27.1.0";

/// The folder of the reports, with a subfolder for each part.
const WORK: &str = "target/mutants";

/// Dependencies are built once and optimized; mutated crates are built quickly.
const FAST: [&str; 2] = [
    "--config=profile.dev.debug=\"none\"",
    "--config=profile.dev.package.\"*\".opt-level=1",
];

/// What to break, and how much of it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The part [default: all]
    #[arg(value_enum)]
    pub part: Option<Part>,
    /// One share of the mutants, such as `0/8` [default: all]
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,
}

/// What decides something that can cost money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The runtime: envelope, reading, keys, outcomes, both halves
    Runtime,
    /// What the generator refuses, and what it makes of the rest
    Check,
    /// The verdicts on edits of the document
    Diff,
}

/// What is mutated, and the tests that have to detect it; no others are built.
struct Mutation {
    name: &'static str,
    /// The mutated packages and files.
    mutated: &'static str,
    /// The packages of the tests.
    packages: &'static str,
    /// A selection of their tests.
    tests: &'static [&'static str],
    /// The test timeout in seconds, after which a mutant counts as an endless loop.
    timeout: &'static str,
}

impl Part {
    fn mutation(self) -> Mutation {
        match self {
            Self::Runtime => Mutation {
                name: "runtime",
                mutated: "--package skypay-runtime --all-features",
                packages: "--package skypay-runtime --all-features",
                tests: &["--lib", "--tests"],
                timeout: "60",
            },
            Self::Check => Mutation {
                name: "check",
                mutated: "--package codegen --file codegen/src/check.rs \
                          --file codegen/src/check/** --file codegen/src/lower.rs \
                          --test-package codegen --test-package tests",
                packages: "--package codegen --package tests",
                tests: &["--lib", "--test=generation"],
                timeout: "60",
            },
            // Its tests take a minute on a busy machine.
            Self::Diff => Mutation {
                name: "diff",
                mutated: "--package spec-tools --file spec-tools/src/diff.rs \
                          --file spec-tools/src/diff/**",
                packages: "--package spec-tools",
                tests: &["--lib", "--test=it"],
                timeout: "300",
            },
        }
    }
}

/// `mutants`: lists the mutants that no test detects.
///
/// # Errors
///
/// Mutants that no test detects, or a test that fails without a mutant.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let program = cargo::install(root, "cargo-mutants", VERSION, "")?;
    let chosen = arguments.part.as_ref().map(std::slice::from_ref);
    let mut outcome = Ok(());
    for part in chosen.unwrap_or(Part::value_variants()) {
        let part = part.mutation();
        println!("== {}", part.name);
        let arguments_of_cargo = || FAST.iter().chain(part.tests);
        // A test that fails without a mutant detects none.
        let mut unbroken = cargo::command(root, &format!("test {}", part.packages));
        cargo::run(unbroken.args(arguments_of_cargo()))?;
        let mut mutants = cargo::program(&program, root);
        mutants
            .args(["mutants", "--no-shuffle", "--baseline", "skip"])
            .args(["--timeout", part.timeout])
            .arg("--output")
            .arg(root.join(WORK).join(part.name))
            .args(part.mutated.split_whitespace())
            .args(arguments_of_cargo().map(|argument| format!("--cargo-arg={argument}")));
        if let Some(shard) = &arguments.shard {
            mutants.args(["--shard", shard]);
        }
        // This test compiles packages, which takes longer than a mutant may.
        mutants.args(["--", "--", "--skip", "a_mistake_in_a_row"]);
        outcome = outcome.and(cargo::run(&mut mutants));
    }
    outcome
}
