//! `supply-chain`: licences, versions and sources of everything that the crates
//! stand on, by cargo-deny and the rules in `deny.toml`.

use std::path::Path;

use crate::{Outcome, cargo};

/// The version of cargo-deny; `deny.toml` is written for it.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny and looks.
///
/// # Errors
///
/// What breaks a rule.
pub fn run(root: &Path) -> Outcome {
    // What only advisories need is left out: they need the network, too.
    let program = cargo::install(root, "cargo-deny", VERSION, "--no-default-features")?;
    // Of crates for other platforms, too.
    cargo::cargo(root, "fetch --quiet --locked")?;
    let mut deny = cargo::program(program, root);
    cargo::run(deny.args(["--offline", "check", "licenses", "bans", "sources"]))
}
