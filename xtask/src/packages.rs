//! `packages`: whether each published crate builds from its package alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, cargo};

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

/// Builds each published crate from its package alone, with the workspace's
/// debug information, so that what is built already serves here too.
///
/// # Errors
///
/// A package that does not build.
pub fn run(root: &Path) -> Outcome {
    forget_packages()?;
    let selected = PUBLISHED.map(|name| format!(" --package {name}")).concat();
    let mut package = cargo::command(root, &format!("package --quiet --allow-dirty{selected}"));
    cargo::run(package.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))
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
