//! `bump` on a copy of the checkout: it makes all changes that an edit needs, and
//! the new version is then complete.

use std::fs;
use std::path::Path;

use spec_tools::diff::Version;
use tempfile::TempDir;
use xtask::bump::{self, Arguments};
use xtask::generate::DOCUMENT;
use xtask::{Ending, cargo, generate, git, semver};

/// Copies a folder recursively, without build output.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let made = ["target", ".git", "node_modules", ".venv"];
        if made.iter().any(|made| name == *made) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// A copy of the checkout, committed on `main`; removed on drop.
struct Checkout(TempDir);

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("xtask bump ")
            .tempdir()
            .unwrap();
        let checkout = Self(folder);
        copy(&xtask::root().unwrap(), checkout.0.path());
        checkout.git("init --quiet --initial-branch=main");
        checkout.git("add --all");
        checkout.git("commit --quiet --message=base");
        checkout
    }

    fn git(&self, arguments: &str) {
        let mut git = git::isolated(self.0.path());
        let output = git.args(arguments.split(' ')).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments}: {errors}");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.path().join(file)).unwrap()
    }

    fn version(&self) -> Version {
        let api = codegen::api(&self.read(DOCUMENT)).unwrap();
        Version::parse(&api.version).unwrap()
    }

    fn is_high_enough(&self) -> bool {
        let arguments = semver::Arguments {
            against: None,
            check: true,
        };
        semver::report(self.0.path(), &arguments).unwrap().1 == Ending::Clean
    }

    /// Makes an edit that needs more than a patch version.
    fn edit(&self) {
        let text = self.read(DOCUMENT);
        let edited = text.replace("https://api.skypay.ph", "https://api2.skypay.ph");
        assert_ne!(edited, text);
        fs::write(self.0.path().join(DOCUMENT), edited).unwrap();
    }
}

#[test]
fn after_it_every_version_is_high_enough_and_everything_still_works() {
    let checkout = Checkout::new();
    let before = checkout.version();
    checkout.edit();
    assert!(!checkout.is_high_enough());
    bump::run(checkout.0.path(), &Arguments::default()).unwrap();
    let after = checkout.version();
    assert!((after.major, after.minor) > (before.major, before.minor));
    assert!(checkout.is_high_enough());

    // Cargo finds every crate in its new version, and changes no lock file.
    for folder in [".", "fuzz", "benches"] {
        let task = "metadata --format-version=1 --offline --locked --no-deps";
        let mut cargo = cargo::command(&checkout.0.path().join(folder), task);
        let output = cargo.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{folder}: {errors}");
    }
    let task = "tree --offline --locked --workspace --depth=1";
    let output = cargo::command(checkout.0.path(), task).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let crates = String::from_utf8(output.stdout).unwrap();
    assert!(crates.contains(&format!("skypay-client v{after}")));
    for file in ["benches/Cargo.lock", "fuzz/Cargo.lock"] {
        let entry = format!("name = \"skypay-types\"\nversion = \"{after}\"\n");
        assert!(checkout.read(file).contains(&entry), "{file}");
    }

    // Files generated from the document do, and contain its version.
    generate::check(checkout.0.path()).unwrap();
    for (file, text) in [
        ("sandbox/src/page/reference.html", format!("API {after}<")),
        ("CHANGELOG.md", format!("\n## {after}, unreleased\n")),
    ] {
        assert!(checkout.read(file).contains(&text), "{file}: {text}");
    }

    // A second run changes nothing.
    bump::run(checkout.0.path(), &Arguments::default()).unwrap();
    assert_eq!(checkout.version(), after);
}

#[test]
fn versions_that_are_too_low_or_do_not_agree_are_refused() {
    let checkout = Checkout::new();
    let files = [DOCUMENT, "Cargo.toml", "Cargo.lock", "CHANGELOG.md"];
    checkout.edit();
    let before = files.map(|file| checkout.read(file));
    for (document, crates) in [
        (Some("0.0.1"), None),
        (None, Some("one")),
        (Some("7.1.0"), Some("7.2.0")),
    ] {
        let arguments = Arguments {
            document: document.map(str::to_owned),
            crates: crates.map(str::to_owned),
            against: None,
        };
        let ending = Ending::of(&bump::run(checkout.0.path(), &arguments));
        assert_eq!(ending, Ending::Unusable, "{document:?} {crates:?}");
        assert_eq!(files.map(|file| checkout.read(file)), before);
    }
    // Raising one of the two raises the other.
    let arguments = Arguments {
        crates: Some("7.2.3".to_owned()),
        ..Arguments::default()
    };
    bump::run(checkout.0.path(), &arguments).unwrap();
    assert_eq!(checkout.version().to_string(), "7.2.0");
    let manifest = checkout.read("Cargo.toml");
    assert_eq!(manifest.matches("version = \"7.2.3\"").count(), 8);
}
