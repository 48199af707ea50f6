//! The packages as published to a registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use xtask::cargo;
use xtask::ci::RUNTIME_FEATURES;
use xtask::packages::PUBLISHED;

fn cargo(arguments: &str) -> String {
    said(&mut cargo::command(&xtask::root().unwrap(), arguments))
}

/// Returns the output of a command that must succeed.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the publishable crates, according to cargo.
fn published() -> Vec<Value> {
    let metadata = cargo("metadata --format-version=1 --no-deps --offline");
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let publishable = |package: &&Value| package["publish"].is_null();
    packages.iter().filter(publishable).cloned().collect()
}

fn folder(package: &Value) -> &Path {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap()
}

#[test]
fn what_is_published_is_what_tasks_take_for_it() {
    let packages = published();
    let names: BTreeSet<_> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(PUBLISHED));

    let runtime = packages.iter().find(|p| p["name"] == "skypay-runtime");
    let features = runtime.unwrap()["features"].as_object().unwrap();
    let features: BTreeSet<_> = features.keys().map(String::as_str).collect();
    let expected = RUNTIME_FEATURES.into_iter().chain(["default"]);
    assert_eq!(features, expected.collect());
}

/// A crate cannot be published before those that it depends on.
#[test]
fn each_crate_comes_after_those_that_it_depends_on() {
    for package in published() {
        let place = |name: &Value| PUBLISHED.iter().position(|published| name == published);
        let own = place(&package["name"]);
        for dependency in package["dependencies"].as_array().unwrap() {
            let of_tests = dependency["kind"] == "dev";
            assert!(
                of_tests || place(&dependency["name"]) < own,
                "{} before {}",
                package["name"],
                dependency["name"]
            );
        }
    }
}

#[test]
fn manifests_say_what_readers_of_a_registry_look_for() {
    for package in published() {
        let name = package["name"].as_str().unwrap();
        assert!(!package["description"].as_str().unwrap().is_empty());
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert_eq!(package["readme"], "README.md", "{name}");
        let documentation = format!("https://docs.rs/{name}");
        assert_eq!(package["documentation"], documentation.as_str());
        assert!(package["rust_version"].is_string(), "{name}");
        assert!(!package["keywords"].as_array().unwrap().is_empty());
        assert!(!package["categories"].as_array().unwrap().is_empty());
        let docs_rs = &package["metadata"]["docs"]["rs"];
        assert_eq!(docs_rs["all-features"], true, "{name}");

        let manifest = fs::read_to_string(folder(&package).join("Cargo.toml")).unwrap();
        let readme = fs::read_to_string(folder(&package).join("README.md")).unwrap();
        let features = package["features"].as_object().unwrap().keys();
        for feature in features.filter(|feature| *feature != "default") {
            let declared = manifest.find(&format!("\n{feature} = [")).unwrap();
            let comment = manifest[..declared].lines().next_back().unwrap();
            assert!(comment.starts_with("## "), "{name}: {feature} is explained");
            let quoted = format!("`{feature}`");
            assert!(
                readme.contains(&quoted),
                "{name}: {feature} is in README.md"
            );
        }
    }
}

#[test]
fn packages_hold_sources_readme_and_licences_and_no_more() {
    let root = xtask::root().unwrap();
    for package in published() {
        let name = package["name"].as_str().unwrap();
        let list = cargo(&format!(
            "package --list --allow-dirty --offline --package {name}"
        ));
        let list = list.replace('\\', "/");
        let mut files: BTreeSet<_> = list.lines().collect();
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert!(files.remove(licence), "{name} carries {licence}");
            let carried = fs::read(folder(&package).join(licence)).unwrap();
            assert_eq!(carried, fs::read(root.join(licence)).unwrap(), "{name}");
        }
        for file in ["README.md", "Cargo.toml"] {
            assert!(files.contains(file), "{name} carries {file}");
        }
        let root = ["src/lib.rs", "src/main.rs"];
        assert!(root.iter().any(|file| files.contains(file)), "{name}");
        let known = |file: &&&str| {
            let folder = file.split_once('/').map(|(folder, _)| folder);
            match folder {
                Some(folder) => ["src", "examples", "tests", "testdata"].contains(&folder),
                None => {
                    file.starts_with("Cargo.")
                        || [
                            "README.md",
                            "public-api.txt",
                            "report.schema.json",
                            ".cargo_vcs_info.json",
                        ]
                        .contains(file)
                }
            }
        };
        let others: Vec<_> = files.iter().filter(|file| !known(file)).collect();
        assert!(others.is_empty(), "{name} carries {others:?}");
    }
}

/// Crates that depend on each other can be packaged before the first is
/// published. `cargo xtask ci` also builds the packages.
#[test]
fn packages_are_made_as_a_set() {
    let root = xtask::root().unwrap();
    let target = root.join("target/tmp/packages");
    let selected = PUBLISHED.map(|name| format!(" --package {name}")).concat();
    let arguments = format!("package --no-verify --allow-dirty --offline{selected}");
    let mut package = cargo::command(&root, &arguments);
    said(package.arg("--target-dir").arg(&target));
    for package in published() {
        let name = package["name"].as_str().unwrap();
        let version = package["version"].as_str().unwrap();
        let file = target.join(format!("package/{name}-{version}.crate"));
        assert!(file.exists(), "{}", file.display());
    }
}

#[test]
fn crates_and_document_share_major_and_minor() {
    let document = codegen::generate(include_str!("../../spec/skypay.yaml"));
    let document = document.unwrap().api.version;
    let shared = |version: &str| version.rsplit_once('.').unwrap().0.to_owned();
    for package in published() {
        let version = package["version"].as_str().unwrap();
        assert_eq!(shared(version), shared(&document), "{}", package["name"]);
        let changes = include_str!("../../CHANGELOG.md");
        assert!(changes.contains(&format!("\n## {version}")), "{version}");
    }
}
