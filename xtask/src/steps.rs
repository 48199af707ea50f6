//! The tasks that are a sequence of commands.

use std::path::Path;
use std::process::Command;

use crate::{Ending, generate, validate};

/// `demo`: regenerates, then starts the program that tells the story.
#[must_use]
pub fn demo(root: &Path) -> Ending {
    match generate::write(root) {
        Ending::Clean => cargo(
            root,
            &["run", "--quiet", "--package", "tests", "--bin", "demo"],
        ),
        ending => ending,
    }
}

/// `test`: everything that CI checks, except formatting and lints.
#[must_use]
pub fn test(root: &Path) -> Ending {
    sequence(&[
        ("generated output is fresh", &|| generate::check(root)),
        ("tests", &|| {
            cargo(root, &["test", "--workspace", "--all-features"])
        }),
        ("demo", &|| {
            cargo(
                root,
                &["run", "--quiet", "--package", "tests", "--bin", "demo"],
            )
        }),
    ])
}

/// `ci`: formatting, lints, tests and the external validators.
#[must_use]
pub fn ci(root: &Path) -> Ending {
    sequence(&[
        ("formatting", &|| cargo(root, &["fmt", "--all", "--check"])),
        ("lints", &|| {
            cargo(
                root,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--all-features",
                    "--",
                    "--deny",
                    "warnings",
                ],
            )
        }),
        ("test", &|| test(root)),
        ("external validators", &|| validate::run(root)),
    ])
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

/// Runs cargo at the root of the workspace.
fn cargo(root: &Path, arguments: &[&str]) -> Ending {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        .status()
    {
        Ok(status) if status.success() => Ending::Clean,
        Ok(_) => Ending::Findings,
        Err(error) => {
            eprintln!("cannot run cargo: {error}");
            Ending::Unusable
        }
    }
}
