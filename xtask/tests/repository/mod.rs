//! A temporary repository with a document, for tests of edits.

#![allow(dead_code, reason = "each file of tests uses its part")]

#[path = "../../../spec-tools/tests/cases/mod.rs"]
mod cases;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use xtask::git;

/// A temporary repository, removed on drop.
pub(crate) struct Repository(pub(crate) PathBuf);

impl Repository {
    /// Creates a repository with the base document committed on `main`, and a branch.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xtask-diff-{}-{number}", std::process::id());
        let repository = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(repository.0.join("spec")).unwrap();
        repository.write("Cargo.toml", &manifest("1.4.0"));
        // The root of a checkout is identified by this file.
        fs::create_dir(repository.0.join("xtask")).unwrap();
        repository.write("xtask/Cargo.toml", "");
        repository.write("spec/skypay.yaml", &case("base"));
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("base");
        repository.git(&["switch", "--quiet", "--create", "edit"]);
        repository
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }

    pub(crate) fn edit(&self, name: &str) {
        self.write("spec/skypay.yaml", &case(name));
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Runs git in the repository, and returns its output.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = git::isolated(&self.0).args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn manifest(version: &str) -> String {
    format!("[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"{version}\"\n")
}

pub(crate) fn case(name: &str) -> String {
    match name {
        "base" => cases::read("base.yaml"),
        name => cases::case(name),
    }
}
