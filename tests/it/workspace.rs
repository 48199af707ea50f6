//! Crates generated from another document, in a workspace of their own below
//! `target/tmp` with the settings and the locked versions of this one.

use std::fs;
use std::path::{Path, PathBuf};

use codegen::Generated;
use xtask::{cargo, generate};

/// A workspace of generated crates.
pub(crate) struct Workspace {
    root: PathBuf,
    /// The folder of its members.
    members: PathBuf,
}

impl Workspace {
    /// Writes the crates, and removes those of an earlier run.
    pub(crate) fn new(name: &str, generated: &Generated) -> Self {
        let checkout = xtask::root().unwrap();
        let root = checkout.join("target/tmp").join(name);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        let members = root.join(name);
        let workspace = Self { root, members };
        for (path, text) in generate::workspace(&checkout, name, generated).unwrap() {
            workspace.write(&format!("../{path}"), &text);
        }
        workspace
    }

    /// Writes a file, by its path below the members.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.members.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs cargo in it, without a warning; returns what is printed.
    pub(crate) fn cargo(&self, arguments: &str) -> String {
        run(&self.root, arguments)
    }
}

/// Runs cargo in a workspace inside this one, without a warning; returns what is
/// printed.
pub(crate) fn run(folder: &Path, arguments: &str) -> String {
    let profile = xtask::built_into().unwrap();
    let output = cargo::command(folder, &format!("{arguments} --quiet --offline"))
        .env("CARGO_TARGET_DIR", profile.parent().unwrap())
        .env("RUSTDOCFLAGS", "--deny warnings")
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{arguments}: {complaints}{printed}"
    );
    printed.into_owned()
}
