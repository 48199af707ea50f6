//! `ci`, `test` and `demo`: sequences of other tasks.

use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use clap::Args;

use crate::cargo::{self, cargo, command, run};
use crate::generate::DOCUMENT;
use crate::{
    Outcome, browser, docs, examples, generate, git, lint, packages, postgres, prove, samples,
    schemathesis, semver, shown, supply_chain, validate,
};

/// The features of the runtime.
pub const RUNTIME_FEATURES: [&str; 7] = [
    "envelope",
    "client",
    "server",
    "chrono",
    "rust_decimal",
    "time",
    "schemars",
];

/// The manifest of the consumer service, which uses the crates as another team
/// would and is not a member of the workspace.
pub const CONSUMER: &str = "tests/consumer/Cargo.toml";

/// What edits of the document are judged against.
#[derive(Args, Clone, Debug, Default)]
pub struct Arguments {
    /// A revision or a file that the versions are compared with [default: the
    /// merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
}

/// `demo`: regenerates, then sends a payout through client and server.
pub fn demo(root: &Path) -> Outcome {
    generate::write(root)?;
    cargo(root, "run --quiet --package tests --bin demo")
}

/// `test`: everything that CI checks except formatting and lints: the document,
/// whether the generated files are up to date, all tests, doc examples, and the
/// demo. Without PostgreSQL, the tests on it are left out.
pub fn test(root: &Path, arguments: &Arguments) -> Outcome {
    let against = against(root, arguments)?;
    let server = postgres::Server::start(root);
    if let Err(reason) = &server {
        eprintln!("WARNING: the tests on PostgreSQL are left out: {reason}");
    }
    step("programs", || cargo::build_all(root))?;
    all_tests(root, &against, server.ok().as_ref())
}

fn all_tests(root: &Path, against: &str, postgres: Option<&postgres::Server>) -> Outcome {
    step("document", || document(root, against))?;
    step("generated output is fresh", || generate::check(root))?;
    step("tests", || tests(root, "", postgres))?;
    step("demo", || {
        run(&mut cargo::program(cargo::built(root, "--bin demo")?, root))
    })
}

/// Runs the tests that cargo's options select.
fn tests(root: &Path, options: &str, postgres: Option<&postgres::Server>) -> Outcome {
    let mut tests = command(root, &format!("test --workspace --all-features {options}"));
    if let Some(server) = postgres {
        server.known_to(&mut tests);
    }
    run(&mut tests)
}

/// `ci`: everything that a commit has to pass.
pub fn ci(root: &Path, arguments: &Arguments) -> Outcome {
    let against = against(root, arguments)?;
    step("formatting", || formatting(root))?;
    step("lock files", || lock_files(root))?;
    // With a server, no test of the journal is left out.
    let postgres = postgres::Server::start(root)?;
    step("programs", || cargo::build_all(root))?;
    let tested = || {
        // Before any step that fetches crates, which could hide that the tests lack them.
        all_tests(root, &against, Some(&postgres))?;
        let proven = || step("verdicts proven, a sample", || prove::run(root, &[]));
        at_once(proven, || after_tests(root, &postgres))
    };
    at_once(|| beside_tests(root, &postgres), tested)
}

/// Runs two sequences of steps at once: each waits for one program at the end of many
/// steps, and the steps for browsers and registries.
fn at_once(one: impl FnOnce() -> Outcome + Send, other: impl FnOnce() -> Outcome) -> Outcome {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or_else(|cause| resume_unwind(cause));
        other.and(one)
    })
}

fn after_tests(root: &Path, postgres: &postgres::Server) -> Outcome {
    step("journal beside sqlx", || beside_sqlx(root, postgres))?;
    step("packages", || packages::run(root))?;
    step("supply chain", || supply_chain::run(root))
}

/// The steps beside the tests: first those that need only programs, while the compiler
/// works on the tests.
fn beside_tests(root: &Path, postgres: &postgres::Server) -> Outcome {
    step("page in a browser", || browser::run(root))?;
    step("external validators", || validate::run(root))?;
    step("samples in other languages", || samples::run(root))?;
    step("sandbox fuzzed with Schemathesis", || {
        let arguments = schemathesis::Arguments {
            seed: 1,
            requests: 40,
        };
        schemathesis::run(root, &arguments)
    })?;
    step("journal killed", || {
        tests(root, "--test processes -- 100", Some(postgres))
    })?;
    step("lints", || lints(root))?;
    step("documentation", || {
        let mut rustdoc = command(root, "doc --quiet --workspace --all-features --no-deps");
        run(rustdoc.env("RUSTDOCFLAGS", "--deny warnings"))
    })?;
    step("callbacks on actix-web", || {
        run(&mut outside(root, "test", OTHERS[4]))
    })
}

/// Checks the rules of the document, its examples, its reference page, and the
/// versions that an edit of it needs.
fn document(root: &Path, against: &str) -> Outcome {
    let versions = semver::Arguments {
        against: Some(against.to_owned()),
        check: true,
    };
    let page = docs::Arguments {
        check: true,
        ..docs::Arguments::default()
    };
    shown(lint::report(root, &lint::Arguments::default())?)?;
    shown(examples::report(root)?)?;
    shown(semver::report(root, &versions)?)?;
    shown(docs::report(root, &page)?)
}

/// Returns what the versions are compared with. A checkout without an earlier
/// document has no edit to compare; that document and crates agree is checked
/// anyway.
fn against(root: &Path, arguments: &Arguments) -> Result<String, String> {
    if let Some(against) = &arguments.against {
        return Ok(against.clone());
    }
    let baseline = git::baseline(root)
        .map_err(|message| format!("the versions cannot be compared: {message}"))?;
    match baseline {
        Ok(base) => {
            println!(
                "compared with {}, the merge base with {}",
                base.commit, base.branch
            );
            Ok(base.commit)
        }
        Err(reason) => {
            eprintln!(
                "WARNING: the versions are not compared with earlier ones, and a breaking edit \
                 would not be found: {reason}. Name what to compare with by --against."
            );
            Ok(root.join(DOCUMENT).display().to_string())
        }
    }
}

/// The manifests outside the workspace that have separate lock files.
const OTHERS: [&str; 5] = [
    "fuzz/Cargo.toml",
    "benches/Cargo.toml",
    "journal/sqlx/Cargo.toml",
    "journal/sqlx/beside-0.8/Cargo.toml",
    "tests/actix/Cargo.toml",
];

/// Checks the formatting of all packages, inside and outside the workspace.
fn formatting(root: &Path) -> Outcome {
    cargo(root, "fmt --check --all")?;
    let mut others = OTHERS.iter().chain([&CONSUMER]);
    others.try_for_each(|manifest| cargo(root, &format!("fmt --check --manifest-path {manifest}")))
}

/// Fails if a lock file is out of date.
fn lock_files(root: &Path) -> Outcome {
    let mut others = OTHERS.iter();
    others.try_for_each(|manifest| {
        cargo(
            root,
            &format!("fetch --quiet --locked --manifest-path {manifest}"),
        )
    })
}

/// Tests the journal in transactions of sqlx 0.9, and that a program may use it
/// beside sqlx 0.8: each links SQLite, which one program can do once.
fn beside_sqlx(root: &Path, postgres: &postgres::Server) -> Outcome {
    let mut tests = outside(root, "test --all-features", OTHERS[2]);
    postgres.known_to(&mut tests);
    run(&mut tests)?;
    run(&mut outside(root, "check", OTHERS[3]))
}

/// Returns a task of cargo for a package outside the workspace. What the tests of the
/// workspace have compiled is not compiled again.
fn outside(root: &Path, task: &str, manifest: &str) -> Command {
    let options = format!("--manifest-path {manifest} --target-dir target");
    command(root, &format!("{task} {options}"))
}

/// Lints everything with all features, then the runtime without any and with each
/// alone: with all enabled, one feature may hide a dependency that another one lacks.
/// Dependencies of its tests could hide it as well.
fn lints(root: &Path) -> Outcome {
    let clippy = |selected: &str| {
        let arguments = format!("clippy --quiet {selected} -- --deny warnings");
        cargo(root, &arguments)
    };
    clippy("--workspace --all-features --all-targets --locked")?;
    clippy("--package skypay-runtime --all-targets")?;
    RUNTIME_FEATURES.iter().try_for_each(|feature| {
        clippy(&format!(
            "--package skypay-runtime --lib --features={feature}"
        ))
    })
}

/// Runs a step of a sequence and prints its name, and how long it took.
fn step(name: &str, run: impl FnOnce() -> Outcome) -> Outcome {
    println!("== {name}");
    let start = Instant::now();
    let outcome = run();
    let seconds = start.elapsed().as_secs();
    match outcome {
        Ok(()) => println!("== {name}, {seconds} s"),
        Err(_) => eprintln!("== {name}: failed after {seconds} s"),
    }
    outcome
}
