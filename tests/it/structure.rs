//! The shape of the workspace: who may depend on whom, and whether what is
//! committed is what the document gives.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate may use of this workspace, and what it must not link.
pub(crate) const RULES: [(&str, &[&str], &[&str]); 8] = [
    ("codegen", &[], &["tokio", "reqwest", "axum", "aes"]),
    ("xtask", &["codegen"], &["reqwest", "axum", "aes"]),
    ("skypay-runtime", &[], &[]),
    (
        "skypay-types",
        &["skypay-runtime"],
        &["reqwest", "axum", "aes", "tokio", "progenitor-client"],
    ),
    (
        "skypay-client",
        &["skypay-runtime", "skypay-types"],
        &["axum"],
    ),
    (
        "skypay-server",
        &["skypay-runtime", "skypay-types"],
        &["reqwest", "rustls", "progenitor-client"],
    ),
    (
        "skypay-sandbox",
        &[
            "skypay-client",
            "skypay-runtime",
            "skypay-server",
            "skypay-types",
        ],
        &[],
    ),
    (
        "tests",
        &[
            "codegen",
            "skypay-client",
            "skypay-runtime",
            "skypay-server",
            "skypay-types",
            "xtask",
        ],
        &[],
    ),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(xtask::root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Value {
    let text = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    serde_json::from_str(&text).unwrap()
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
    let names: BTreeSet<_> = actual.keys().map(String::as_str).collect();
    let ruled: BTreeSet<_> = RULES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        names, ruled,
        "every crate has a rule, and every rule a crate"
    );
    for (name, may_use, _) in RULES {
        let used: Vec<_> = actual[name].iter().map(String::as_str).collect();
        assert!(
            used.iter().all(|used| may_use.contains(used)),
            "{name} uses {used:?}, but may only use {may_use:?}"
        );
    }
}

#[test]
fn no_crate_links_what_it_must_not_know() {
    for (name, _, must_not_link) in RULES {
        let tree = cargo(&[
            "tree",
            "--offline",
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
        for forbidden in must_not_link {
            assert!(!linked.contains(forbidden), "{name} links {forbidden}");
        }
    }
}

/// Crates that a service would not want beside rustls, reqwest and base64.
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

/// What cargo would build for a crate that others depend on: name and version.
fn built(package: &str, features: &[&str]) -> BTreeSet<(String, String)> {
    let edges = ["--edges", "normal,build", "--target", "all"];
    let form = ["--prefix", "none", "--format", "{p}"];
    let tree = ["tree", "--offline", "--package", package];
    let tree = cargo(&[&tree[..], &edges, &form, features].concat());
    let words = tree.lines().map(str::split_whitespace);
    words
        .filter_map(|mut words| {
            let (name, version) = (words.next()?, words.next()?);
            Some((name.to_owned(), version.trim_start_matches('v').to_owned()))
        })
        .collect()
}

#[test]
fn nobody_gets_a_second_tls_library_http_client_or_base64() {
    for package in xtask::steps::PUBLISHED {
        for features in [&[][..], &["--all-features"]] {
            for (name, _) in built(package, features) {
                assert!(!SECOND.contains(&name.as_str()), "{package} builds {name}");
            }
        }
    }
}

/// Clippy looks at what our own code uses of the standard library.
#[test]
fn every_dependency_builds_with_the_rust_version_that_is_stated() {
    let all = cargo(&["metadata", "--format-version=1", "--offline"]);
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
    for package in xtask::steps::PUBLISHED {
        let own = built(package, &["--all-features"]);
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

#[test]
fn what_is_committed_is_what_the_document_gives() {
    let comparison = xtask::generate::compare(&xtask::root()).unwrap();
    let differences: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| difference.line(xtask::generate::OUTPUT))
        .collect();
    assert!(
        differences.is_empty(),
        "run `cargo xtask gen` and commit the result:\n{}",
        differences.join("\n")
    );
}

#[test]
fn the_committed_views_are_what_the_document_gives() {
    let comparison = xtask::views::compare(&xtask::root()).unwrap();
    let differences: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| difference.line(xtask::views::OUTPUT))
        .collect();
    assert!(
        differences.is_empty(),
        "run `cargo xtask views` and commit the result:\n{}",
        differences.join("\n")
    );
}
