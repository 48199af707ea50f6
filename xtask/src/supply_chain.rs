//! `supply-chain`: checks licences, versions and sources of all dependencies, by
//! cargo-deny and the rules in `deny.toml`.

use std::path::Path;

use crate::{Outcome, cargo};

/// The version of cargo-deny; `deny.toml` is written for it.
const VERSION: &str = "0.20.2";

/// Installs and runs cargo-deny.
pub fn run(root: &Path) -> Outcome {
    // The default features serve advisories only, whose check requires the network.
    let program = cargo::install(root, "cargo-deny", VERSION, "--no-default-features")?;
    // Includes crates for other platforms.
    cargo::cargo(root, "fetch --quiet --locked")?;
    let mut deny = cargo::program(program, root);
    cargo::run(deny.args(["--offline", "check", "licenses", "bans", "sources"]))
}
