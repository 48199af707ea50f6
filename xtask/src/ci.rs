//! `ci`, `test` and `demo`: sequences of other tasks.

use std::path::Path;

use clap::Args;

use crate::cargo::{cargo, command, run};
use crate::generate::DOCUMENT;
use crate::{
    Ending, browser, docs, examples, generate, git, lint, packages, prove, schemathesis, semver,
    supply_chain, validate,
};

/// The features of the runtime.
pub const RUNTIME_FEATURES: [&str; 4] = ["envelope", "client", "server", "schemars"];

/// The manifest of the service that uses the crates as another team would; it is
/// no member of the workspace.
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
#[must_use]
pub fn demo(root: &Path) -> Ending {
    match generate::write(root) {
        Ending::Clean => demo_program(root),
        ending => ending,
    }
}

fn demo_program(root: &Path) -> Ending {
    cargo(root, "run --quiet --package tests --bin demo")
}

/// `test`: everything that CI checks, except formatting and lints: the
/// document, the freshness of what is generated, all tests, the examples of the
/// documentation, and the demo.
#[must_use]
pub fn test(root: &Path, arguments: &Arguments) -> Ending {
    sequence(&[
        ("document", &|| document(root, arguments)),
        ("generated output is fresh", &|| generate::check(root)),
        ("tests", &|| cargo(root, "test --workspace --all-features")),
        ("demo", &|| demo_program(root)),
    ])
}

/// `ci`: everything that a commit has to pass.
#[must_use]
pub fn ci(root: &Path, arguments: &Arguments) -> Ending {
    sequence(&[
        ("formatting", &|| formatting(root)),
        // Before anything that brings crates along which the tests may lack.
        ("test", &|| test(root, arguments)),
        ("lints", &|| lints(root)),
        ("documentation", &|| documentation(root)),
        ("page in a browser", &|| browser::run(root)),
        ("packages", &|| packages::run(root)),
        ("supply chain", &|| supply_chain::run(root)),
        ("external validators", &|| validate::run(root)),
        ("sandbox fuzzed with Schemathesis", &|| {
            let arguments = schemathesis::Arguments {
                seed: 1,
                requests: 40,
            };
            schemathesis::run(root, &arguments)
        }),
        ("verdicts proven, a sample", &|| prove::run(root, &[])),
    ])
}

/// The rules of the document, its examples, its reference page, and the versions
/// that an edit of it needs.
fn document(root: &Path, arguments: &Arguments) -> Ending {
    let against = match against(root, arguments) {
        Ok(against) => against,
        Err(message) => {
            eprintln!("the versions cannot be compared: {message}");
            return Ending::Unusable;
        }
    };
    let tasks: [&dyn Fn() -> Ending; 4] = [
        &|| lint::run(root, &lint::Arguments::default()),
        &|| examples::run(root),
        &|| {
            let against = Some(against.clone());
            semver::run(
                root,
                &semver::Arguments {
                    against,
                    check: true,
                },
            )
        },
        &|| {
            let check = docs::Arguments {
                check: true,
                ..docs::Arguments::default()
            };
            docs::run(root, &check)
        },
    ];
    each(tasks, |task| task())
}

/// What the versions are compared with. A checkout without an earlier document
/// has nothing to judge; that document and crates agree is checked all the same.
fn against(root: &Path, arguments: &Arguments) -> Result<String, String> {
    if let Some(against) = &arguments.against {
        return Ok(against.clone());
    }
    match git::baseline(root)? {
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

fn formatting(root: &Path) -> Ending {
    let all = "fmt --check --all".to_owned();
    let others = ["fuzz/Cargo.toml", "benches/Cargo.toml", CONSUMER]
        .map(|manifest| format!("fmt --check --manifest-path {manifest}"));
    each([all].into_iter().chain(others), |arguments| {
        cargo(root, &arguments)
    })
}

/// Lints everything with all features, then the runtime with each alone: what
/// one feature lacks, another brings along.
fn lints(root: &Path) -> Ending {
    let all = "--workspace --all-targets --all-features --locked".to_owned();
    let alone = RUNTIME_FEATURES
        .map(|feature| format!("--package skypay-runtime --all-targets --features={feature}"));
    let none = "--package skypay-runtime --all-targets".to_owned();
    each([all, none].into_iter().chain(alone), |targets| {
        cargo(
            root,
            &format!("clippy --quiet {targets} -- --deny warnings"),
        )
    })
}

fn documentation(root: &Path) -> Ending {
    let mut rustdoc = command(root, "doc --quiet --workspace --all-features --no-deps");
    run(rustdoc.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Runs steps in order up to the first that is not clean.
fn sequence(steps: &[(&str, &dyn Fn() -> Ending)]) -> Ending {
    for (name, step) in steps {
        println!("== {name}");
        let ending = step();
        if ending != Ending::Clean {
            eprintln!("== {name}: failed");
            return ending;
        }
    }
    Ending::Clean
}

/// Does the same for one thing after the other, up to the first that is not
/// clean.
fn each<T>(things: impl IntoIterator<Item = T>, step: impl FnMut(T) -> Ending) -> Ending {
    let mut endings = things.into_iter().map(step);
    endings
        .find(|ending| *ending != Ending::Clean)
        .unwrap_or(Ending::Clean)
}
