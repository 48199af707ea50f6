//! The workspaces below `target/` in which versions of the generated crates are
//! compiled, and cargo's messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use codegen::Generated;
use serde_json::Value;
use xtask::sync_dir::{Difference, differences};
use xtask::{Failure, cargo};

use crate::consumer::{CALLEE, CALLER, MESSAGES};

/// The peer's program, without version-specific parts.
const PEER: [(&str, &str); 4] = [
    ("main", include_str!("../peer.rs")),
    ("handlers", include_str!("../../support/src/handlers.rs")),
    ("loopback", include_str!("../../support/src/loopback.rs")),
    (
        "operations",
        include_str!("../../support/src/operations.rs"),
    ),
];

/// The manifest of the consumer's packages and of the peer, after their names.
const MANIFEST: &str = r#"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
axum.workspace = true
http-body-util.workspace = true
schemars.workspace = true
serde.workspace = true
serde_json.workspace = true
skypay-client.workspace = true
skypay-runtime = { workspace = true, features = ["envelope"] }
skypay-server.workspace = true
skypay-types = { workspace = true, features = ["schemars"] }
tokio = { workspace = true, features = ["io-util", "net", "rt-multi-thread"] }
"#;

/// A workspace with one version of the generated crates, and with programs that
/// use them.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    name: &'static str,
}

/// The result of a compilation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled {
    /// The crates that compile.
    crates: BTreeSet<String>,
    /// The first error in each file, by path below the workspace.
    pub(crate) errors: BTreeMap<String, String>,
}

impl Workspace {
    /// Returns the workspace with this name; output of an earlier run is reused.
    pub(crate) fn new(root: &Path, name: &'static str) -> Self {
        let root = root.to_owned();
        Self { root, name }
    }

    /// Writes a version of the generated crates and a consumer, as far as they
    /// changed, so that only that is compiled again.
    pub(crate) fn write(
        &self,
        generated: &Generated,
        consumer: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let name = self.name;
        let read = |path: &str| {
            let text = fs::read_to_string(self.root.join(path));
            text.map_err(|error| format!("cannot read {path}: {error}"))
        };
        // The same versions as in the main workspace, so that nothing is fetched.
        let mut files = BTreeMap::from([
            ("Cargo.lock".to_owned(), read("Cargo.lock")?),
            (
                "Cargo.toml".to_owned(),
                manifest(&read("Cargo.toml")?, name),
            ),
        ]);
        // Cargo distinguishes packages by their path below the workspace, so that
        // this path repeats the name.
        let mut add = |path: &str, text: &str| {
            files.insert(format!("{name}/{path}"), text.to_owned());
        };
        for package in [MESSAGES, CALLER, CALLEE, "peer"] {
            let text = format!("[package]\nname = {package:?}{MANIFEST}");
            add(&format!("{package}/Cargo.toml"), &text);
        }
        for (module, text) in PEER {
            add(&format!("peer/src/{module}.rs"), text);
        }
        for file in &generated.files {
            add(&file.path, &file.text);
        }
        for (path, text) in consumer {
            add(path, text);
        }
        let folder = self.folder();
        for difference in differences(&folder, "", &files)? {
            let path = folder.join(difference.path());
            let written = match &difference {
                Difference::Leftover(_) => fs::remove_file(&path),
                Difference::New(file) | Difference::Changed(file) => path
                    .parent()
                    .map_or(Ok(()), fs::create_dir_all)
                    .and_then(|()| fs::write(&path, &files[file])),
            };
            written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// Compiles as much as possible of the consumer.
    pub(crate) fn check(&self) -> Result<Compiled, String> {
        let packages = [MESSAGES, CALLER, CALLEE].map(|name| format!(" --package {name}"));
        let arguments = format!("check --keep-going{}", packages.concat());
        compiled(&self.cargo(&arguments)?)
    }

    /// Builds the peer, and copies the program to a separate name.
    pub(crate) fn peer(&self) -> Result<PathBuf, String> {
        let output = self.cargo("build --package peer")?;
        let compiled = compiled(&output)?;
        if !compiled.crates.contains("peer") {
            let errors: Vec<_> = compiled.errors.iter().collect();
            return Err(format!("the peer does not compile: {errors:#?}"));
        }
        let built =
            cargo::executable(&output, "peer").ok_or("cargo does not say where the peer is")?;
        let kept = self.folder().with_extension("peer");
        fs::copy(&built, &kept)
            .map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
        Ok(kept)
    }

    fn folder(&self) -> PathBuf {
        self.root.join("target/prove").join(self.name)
    }

    fn cargo(&self, arguments: &str) -> Result<String, String> {
        let output = cargo::command(&self.folder(), arguments)
            .args(["--quiet", "--offline", "--message-format=json"])
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .output()
            .map_err(|error| format!("cannot run cargo: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.is_empty() && !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("cargo {arguments}: {complaint}"));
        }
        Ok(text)
    }
}

/// Returns the workspace's manifest with other members, so that the generated
/// crates inherit the same settings.
fn manifest(manifest: &str, name: &str) -> String {
    let (before, rest) = manifest.split_once("members = [").unwrap_or_default();
    let (_, after) = rest.split_once(']').unwrap_or_default();
    let after = after
        .replace("path = \"generated/", &format!("path = \"{name}/"))
        .replace("path = \"runtime\"", "path = \"../../../runtime\"");
    format!("{before}members = [\"{name}/*\"]{after}")
}

/// Parses cargo's messages.
fn compiled(messages: &str) -> Result<Compiled, String> {
    let mut compiled = Compiled::default();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value =
            serde_json::from_str(line).map_err(|error| format!("cargo says {line}: {error}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match message["reason"].as_str() {
            Some("compiler-artifact") => {
                compiled.crates.insert(text(&message["target"]["name"]));
            }
            Some("compiler-message") if message["message"]["level"] == "error" => {
                let spans = message["message"]["spans"].as_array();
                let mut spans = spans.into_iter().flatten();
                if let Some(primary) = spans.find(|span| span["is_primary"] == true) {
                    let errors = compiled.errors.entry(text(&primary["file_name"]));
                    errors.or_insert_with(|| text(&message["message"]["message"]));
                }
            }
            _ => {}
        }
    }
    Ok(compiled)
}
