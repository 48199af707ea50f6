//! The structure of the workspace: allowed dependencies, and what the sources do
//! in one place only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use xtask::{cargo, packages};

/// A row of the table of crates in ARCHITECTURE.md.
struct Layer {
    name: String,
    may_use: BTreeSet<String>,
    must_not_link: BTreeSet<String>,
}

fn layers() -> Vec<Layer> {
    let architecture = fs::read_to_string(xtask::root().unwrap().join("ARCHITECTURE.md")).unwrap();
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let layers: Vec<_> = architecture
        .lines()
        .skip_while(|line| !line.starts_with("| crate | may use |"))
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| {
            let cells: Vec<_> = row.split(" | ").collect();
            Layer {
                name: names(cells[0]).pop_first().unwrap(),
                may_use: names(cells[1]),
                must_not_link: names(cells[2]),
            }
        })
        .collect();
    assert!(layers.len() > 10, "{}", layers.len());
    layers
}

fn cargo(arguments: &[&str]) -> String {
    let mut cargo = cargo::command(&xtask::root().unwrap(), "");
    let output = cargo.args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Value {
    let text = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    serde_json::from_str(&text).unwrap()
}

/// A file in a folder of tests that no program names would never be compiled.
#[test]
fn every_file_of_tests_belongs_to_a_program() {
    let metadata = metadata();
    let mut files = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let Ok(folder) = fs::read_dir(manifest.with_file_name("tests")) else {
            continue;
        };
        let targets = package["targets"].as_array().unwrap();
        let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|kind| kind == "rs"));
        let sources: String = paths
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        for path in paths {
            let is_target = targets.iter().any(|target| {
                let source = target["src_path"].as_str().unwrap();
                Path::new(source) == path
            });
            let module = format!("mod {};", path.file_stem().unwrap().display());
            let is_module = sources.lines().any(|line| line == module);
            assert!(
                is_target || is_module,
                "{} is in no program",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files > 20, "{files}");
}

fn workspace_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |package: &Value| package["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<_> = packages.iter().map(name).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let used = dependencies
                .iter()
                .map(name)
                .filter(|used| ours.contains(used));
            (name(package), used.collect())
        })
        .collect()
}

#[test]
fn each_crate_uses_only_what_it_may() {
    let actual = workspace_dependencies();
    let layers = layers();
    assert!(
        actual.keys().eq(layers
            .iter()
            .map(|layer| &layer.name)
            .collect::<BTreeSet<_>>()),
        "every crate has a row in ARCHITECTURE.md, and every row a crate"
    );
    for Layer { name, may_use, .. } in layers {
        let used = &actual[&name];
        assert!(
            used.is_subset(&may_use),
            "{name} uses {used:?}, but may only use {may_use:?}"
        );
    }
}

#[test]
fn no_crate_links_what_it_must_not_know() {
    for layer in layers() {
        let name = &*layer.name;
        let tree = cargo(&[
            "tree",
            "--locked",
            "--package",
            name,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--all-features",
        ]);
        let linked: BTreeSet<_> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        for forbidden in &layer.must_not_link {
            assert!(!linked.contains(&**forbidden), "{name} links {forbidden}");
        }
    }
}

/// Alternatives to rustls, reqwest and base64 that a service should not have to build.
const SECOND: [&str; 9] = [
    "aws-lc-rs",
    "base64-simd",
    "boring",
    "curl",
    "isahc",
    "native-tls",
    "openssl",
    "ureq",
    "attohttpc",
];

/// On any platform and with any feature, including dev dependencies: the lock
/// file lists them all.
#[test]
fn there_is_no_second_tls_library_http_client_or_base64() {
    let lock = fs::read_to_string(xtask::root().unwrap().join("Cargo.lock")).unwrap();
    assert!(lock.contains("\nname = \"rustls\"\n"));
    for name in SECOND {
        let package = format!("\nname = \"{name}\"\n");
        assert!(!lock.contains(&package), "Cargo.lock has {name}");
    }
}

/// Returns the packages that cargo builds on this platform for a published crate:
/// name and version.
fn built(package: &str) -> BTreeSet<(String, String)> {
    let edges = ["--edges", "normal,build", "--all-features"];
    let form = ["--prefix", "none", "--format", "{p}"];
    let tree = ["tree", "--locked", "--package", package];
    let tree = cargo(&[&tree[..], &edges, &form].concat());
    let words = tree.lines().map(str::split_whitespace);
    words
        .filter_map(|mut words| {
            let (name, version) = (words.next()?, words.next()?);
            Some((name.to_owned(), version.trim_start_matches('v').to_owned()))
        })
        .collect()
}

/// Returns the host platform. Crates for other platforms may not be downloaded
/// here; they are checked there.
fn platform() -> String {
    let said = cargo(&["--version", "--verbose"]);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap().to_owned()
}

/// Clippy checks our own use of the standard library.
#[test]
fn every_dependency_builds_with_the_rust_version_that_is_stated() {
    let what = ["metadata", "--format-version=1", "--locked"];
    let which = ["--all-features", "--filter-platform", &platform()];
    let all = cargo(&[&what[..], &which].concat());
    let all: Value = serde_json::from_str(&all).unwrap();
    let parts = |version: &str| -> Vec<u32> {
        let given = version.split('.').map(|part| part.parse().unwrap());
        given.chain(std::iter::repeat(0)).take(3).collect()
    };
    let mut needed = BTreeMap::new();
    for package in all["packages"].as_array().unwrap() {
        let text = |name: &str| package[name].as_str().map(str::to_owned);
        if let Some(rust) = text("rust_version") {
            needed.insert((text("name").unwrap(), text("version").unwrap()), rust);
        }
    }
    for package in packages::PUBLISHED {
        let own = built(package);
        let stated = own.iter().find(|(name, _)| name == package).unwrap();
        let stated = &needed[stated];
        for dependency in &own {
            let Some(rust) = needed.get(dependency) else {
                continue;
            };
            assert!(
                parts(rust) <= parts(stated),
                "{package} states Rust {stated}, but {dependency:?} needs {rust}"
            );
        }
    }
}

/// Returns all source files with this suffix, by path relative to the root.
fn sources(ending: &str) -> BTreeMap<String, String> {
    let root = xtask::root().unwrap();
    let mut found = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !["target", ".git", "node_modules", ".venv"].contains(&name) {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                let below = path.strip_prefix(&root).unwrap();
                let below = below.to_str().unwrap().replace('\\', "/");
                found.insert(below, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// Returns the Rust files that contain a text.
fn files_with(text: &str) -> Vec<String> {
    let sources = sources(".rs").into_iter();
    let found = sources.filter(|(_, source)| source.contains(text));
    found.map(|(path, _)| path).collect()
}

/// Another `Command` could pass on git variables of a hook for another repository.
#[test]
fn git_is_started_in_one_place() {
    let text = ["Command::new(\"g", "it\")"].concat();
    assert_eq!(files_with(&text), ["xtask/src/git.rs"]);
}

/// A path embedded at build time belongs to another checkout if both share a
/// target folder, or if one is a copy of the other.
#[test]
fn nothing_remembers_where_it_was_built() {
    for variable in ["MANIFEST_DIR", "TARGET_TMPDIR", "BIN_EXE"] {
        let text = format!("env!(\"CARGO_{variable}");
        assert_eq!(files_with(&text), [""; 0], "{text}");
    }
}
