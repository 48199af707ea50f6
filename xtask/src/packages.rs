//! `packages`: whether each published crate compiles from its package alone.

use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use crate::sync_dir::unusable;
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

/// The workspace of the packages, in which they replace those of the registry. Its
/// profile is that of the checkout, so that it shares what is compiled.
const WORKSPACE: &str = "\
[workspace]
resolver = \"3\"
members = [\"unpacked/*\"]

[profile.dev]
debug = \"line-tables-only\"

[profile.dev.package.\"*\"]
debug = false

[patch.crates-io]
";

/// Makes the packages, and checks each with only the features that it asks for.
pub fn run(root: &Path) -> Outcome {
    let target = root.join("target/package");
    if target.exists() {
        fs::remove_dir_all(&target).map_err(|error| unusable("remove", &target, &error))?;
    }
    let selected = PUBLISHED.map(|name| format!(" --package {name}")).concat();
    let package = format!("package --quiet --no-verify --allow-dirty{selected}");
    cargo::cargo(root, &package)?;
    unpack(&target).map_err(|error| unusable("unpack the packages in", &target, &error))?;
    // The versions of the checkout.
    let lock = target.join("Cargo.lock");
    fs::copy(root.join("Cargo.lock"), &lock).map_err(|error| unusable("write", &lock, &error))?;
    PUBLISHED.iter().try_for_each(|name| {
        let check = format!("check --quiet --package {name} --target-dir ..");
        cargo::cargo(&target, &check)
    })
}

/// Unpacks the packages of a folder, and writes their workspace.
fn unpack(target: &Path) -> io::Result<()> {
    let mut manifest = WORKSPACE.to_owned();
    let files = fs::read_dir(target)?.collect::<Result<Vec<_>, _>>()?;
    for name in PUBLISHED {
        let folder = target.join("unpacked").join(name);
        fs::create_dir_all(&folder)?;
        let is_package = |file: &&DirEntry| {
            let file = file.file_name();
            file.to_string_lossy().starts_with(&format!("{name}-"))
        };
        let package = files.iter().find(is_package).ok_or(ErrorKind::NotFound)?;
        // Files get the current time: cargo compares times to find what has changed.
        let mut tar = Command::new("tar");
        tar.args(["--strip-components=1", "-x", "-z", "-m", "-f"])
            .arg(package.path())
            .current_dir(&folder);
        if !tar.status()?.success() {
            return Err(io::Error::other("tar fails"));
        }
        manifest.push_str(&format!("{name} = {{ path = \"unpacked/{name}\" }}\n"));
    }
    fs::write(target.join("Cargo.toml"), manifest)
}
