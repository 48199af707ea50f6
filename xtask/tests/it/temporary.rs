//! Temporary folders with a document, and repositories with one, for tests of edits.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use edits::{edited_base, read};
use tempfile::TempDir;
use xtask::generate::DOCUMENT;
use xtask::git;

/// A document without mistakes.
pub(crate) const KEPT: &str = include_str!("../../../tests/documents/kept.yaml");

/// A document that the generator accepts.
pub(crate) const ACCEPTED: &str = include_str!("../../../tests/documents/accepted.yaml");

/// A temporary folder with a document, removed on drop.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(document: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::create_dir(folder.join("spec")).unwrap();
        fs::write(folder.join(DOCUMENT), document).unwrap();
        folder
    }

    /// Returns all files in it except the document.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.ends_with(DOCUMENT) {
                    found.push(path);
                }
            }
        }
        found
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

/// A temporary repository, removed on drop.
pub(crate) struct Repository(pub(crate) Folder);

impl Repository {
    /// Creates a repository with the base document committed on `main`, and a branch.
    pub(crate) fn new() -> Self {
        let repository = Self(Folder::new(&case("base")));
        repository.write("Cargo.toml", &manifest("1.4.0"));
        // The root of a checkout is identified by this file.
        fs::create_dir(repository.0.join("xtask")).unwrap();
        repository.write("xtask/Cargo.toml", "");
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

pub(crate) fn manifest(version: &str) -> String {
    format!("[workspace]\nmembers = []\n\n[workspace.package]\nversion = \"{version}\"\n")
}

pub(crate) fn case(name: &str) -> String {
    match name {
        "base" => read("base.yaml"),
        name => edited_base(name),
    }
}
