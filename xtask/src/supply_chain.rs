//! `supply-chain`: licences, versions and sources of everything that the crates
//! stand on, by cargo-deny and the rules in `deny.toml`.

use std::path::Path;

use crate::{Ending, cargo};

/// The version of cargo-deny; `deny.toml` is written for it.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny and looks.
#[must_use]
pub fn run(root: &Path) -> Ending {
    // What only advisories need is left out: they need the network, too.
    match cargo::install(root, "cargo-deny", VERSION, "--no-default-features") {
        Ok(program) => {
            // Of crates for other platforms, too.
            match cargo::cargo(root, "fetch --quiet --locked") {
                Ending::Clean => {}
                other => return other,
            }
            let mut deny = cargo::program(&program, root);
            deny.args(["--offline", "check", "licenses", "bans", "sources"]);
            cargo::run(&mut deny)
        }
        Err(ending) => ending,
    }
}
