//! `packages`: whether each published crate builds from its package alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, cargo};

/// The published crates, in dependency order. The other members of the workspace
/// are internal.
pub const PUBLISHED: [&str; 8] = [
    "skypay-runtime",
    "skypay-types",
    "skypay-client",
    "skypay-server",
    "skypay-sandbox",
    "skypay-journal",
    "skypay-certify",
    "skypay-cli",
];

/// Builds each published crate from its package alone, with the workspace's debug
/// information, so that existing build artifacts are reused.
pub fn run(root: &Path) -> Outcome {
    forget_packages()?;
    let selected = PUBLISHED.map(|name| format!(" --package {name}")).concat();
    let mut package = cargo::command(root, &format!("package --quiet --allow-dirty{selected}"));
    cargo::run(package.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))
}

/// Removes the unpacked packages of this workspace from an earlier run.
///
/// When cargo verifies packages of one workspace that depend on each other, it
/// unpacks them into an unnamed registry, and assumes afterwards that a package
/// with an already unpacked version has not changed.
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

/// Returns the entries of a folder; empty if the folder does not exist.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}
