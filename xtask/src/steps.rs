//! The tasks that are a sequence of commands.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cargo::{cargo, command, run};
use crate::generate::DOCUMENT;
use crate::{Ending, browser, generate, revision, supply_chain, task, validate};

/// The crates that others depend on, in the order in which they depend on each
/// other. The rest of the workspace stays here.
pub const PUBLISHED: [&str; 6] = [
    "skypay-runtime",
    "skypay-types",
    "skypay-client",
    "skypay-server",
    "skypay-sandbox",
    "skypay-cli",
];

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

/// `demo`: regenerates, then starts the program that tells the story.
#[must_use]
pub fn demo(root: &Path) -> Ending {
    match generate::write(root) {
        Ending::Clean => story(root),
        ending => ending,
    }
}

fn story(root: &Path) -> Ending {
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
        ("demo", &|| story(root)),
    ])
}

/// `ci`: formatting, tests, lints, documentation, the page in a browser,
/// packages, the supply chain, the external validators, requests of another's
/// making, and whether verdicts on edits are true.
#[must_use]
pub fn ci(root: &Path, arguments: &Arguments) -> Ending {
    sequence(&[
        ("formatting", &|| formatting(root)),
        // Before anything that brings crates along which the tests may lack.
        ("test", &|| test(root, arguments)),
        ("lints", &|| lints(root)),
        ("documentation", &|| documentation(root)),
        ("page in a browser", &|| browser::run(root)),
        ("packages", &|| packages(root)),
        ("supply chain", &|| supply_chain::run(root)),
        ("external validators", &|| validate::run(root)),
        ("sandbox beside the document", &|| {
            task::run(root, &["schemathesis"])
        }),
        ("verdicts proven, a sample", &|| task::run(root, &["prove"])),
    ])
}

/// The form of the document, its rules, its examples, and the versions
/// that an edit of it needs.
fn document(root: &Path, arguments: &Arguments) -> Ending {
    let against = match against(root, arguments) {
        Ok(against) => against,
        Err(message) => {
            eprintln!("the versions cannot be compared: {message}");
            return Ending::Unusable;
        }
    };
    let tasks: [&[&str]; 5] = [
        &["lint"],
        &["examples"],
        &["semver", "--check", "--against", &against],
        &["public-api", "--check"],
        &["docs", "--check"],
    ];
    each(tasks, |words| task::run(root, words))
}

/// What the versions are compared with. A checkout without an earlier document
/// has nothing to judge; that document and crates agree is checked all the same.
fn against(root: &Path, arguments: &Arguments) -> Result<String, String> {
    if let Some(against) = &arguments.against {
        return Ok(against.clone());
    }
    match revision::baseline(root)? {
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

/// Builds each published crate from its package alone, with the workspace's
/// debug information, so that what is built already serves here too.
fn packages(root: &Path) -> Ending {
    if let Err(reason) = forget_packages() {
        eprintln!("{reason}");
        return Ending::Unusable;
    }
    let selected = PUBLISHED.map(|name| format!(" --package {name}")).concat();
    let mut package = command(root, &format!("package --quiet --allow-dirty{selected}"));
    run(package.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))
}

/// Removes what an earlier run unpacked of our own packages.
///
/// While cargo verifies packages of one workspace that depend on each other, it
/// keeps them in a registry that has no name, and believes afterwards that a
/// package whose version it has unpacked once has not changed since.
fn forget_packages() -> Result<(), String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else {
        return Ok(());
    };
    let kept = ["src", "cache"].map(|part| home.join("registry").join(part));
    for registry in kept.iter().flat_map(|folder| entries(folder)) {
        if !file_name(&registry).starts_with('-') {
            continue;
        }
        for package in entries(&registry) {
            if !PUBLISHED
                .iter()
                .any(|name| file_name(&package).starts_with(name))
            {
                continue;
            }
            let removed = if package.is_dir() {
                fs::remove_dir_all(&package)
            } else {
                fs::remove_file(&package)
            };
            removed.map_err(|error| {
                format!(
                    "cannot remove {}: {error}. Remove it by hand.",
                    package.display()
                )
            })?;
        }
    }
    Ok(())
}

/// What is in a folder; nothing, where there is no folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
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
