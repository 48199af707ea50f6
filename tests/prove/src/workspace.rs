//! The workspaces below `target/` in which versions of the generated crates are
//! compiled, and cargo's messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use codegen::Generated;
use serde_json::Value;
use xtask::cargo;

use crate::consumer::{CALLEE, CALLER, MESSAGES};

/// The peer's program, without version-specific parts.
const PEER: &str = include_str!("../peer.rs");

/// A workspace with one version of the generated crates, and with programs that
/// use them.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// The folder of the workspace's manifest.
    workspace: PathBuf,
    /// The folder of its members. Cargo distinguishes packages by their path
    /// below the workspace, so that this path repeats the name.
    folder: PathBuf,
}

/// The result of a compilation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled {
    /// The crates that compile.
    pub(crate) crates: BTreeSet<String>,
    /// The first error in each file, by path below the workspace.
    pub(crate) errors: BTreeMap<String, String>,
}

impl Workspace {
    /// Creates a workspace with this name; output of an earlier run is reused.
    pub(crate) fn new(root: &Path, name: &str) -> Result<Self, String> {
        let workspace = root.join("target").join("prove").join(name);
        let workspace = Self {
            root: root.to_owned(),
            folder: workspace.join(name),
            workspace,
        };
        let manifest = read(&root.join("Cargo.toml"))?;
        workspace.write("../Cargo.toml", &workspace_manifest(&manifest, name))?;
        for (name, dependencies) in PACKAGES {
            let path = format!("{name}/Cargo.toml");
            workspace.write(&path, &package_manifest(name, dependencies))?;
        }
        workspace.write("peer/src/main.rs", PEER)?;
        // The peer is built before a consumer is written, and cargo accepts no
        // package without code.
        for name in [MESSAGES, CALLER, CALLEE] {
            let library = format!("{name}/src/lib.rs");
            if !workspace.folder.join(&library).exists() {
                workspace.write(&library, "")?;
            }
        }
        // The same versions as in the main workspace, so that nothing is fetched.
        workspace.write("../Cargo.lock", &read(&root.join("Cargo.lock"))?)?;
        Ok(workspace)
    }

    /// Writes a version of the generated crates into the workspace.
    pub(crate) fn generated(&self, generated: &Generated) -> Result<(), String> {
        let files = generated.files.iter();
        let files = files.map(|file| (&*file.path, &*file.text));
        self.replace(&["types", "client", "server"], files)
    }

    /// Compiles as much as possible of a consumer.
    pub(crate) fn check(&self, consumer: &BTreeMap<String, String>) -> Result<Compiled, String> {
        let files = consumer.iter().map(|(path, text)| (&**path, &**text));
        self.replace(&["messages/src", "caller/src", "callee/src"], files)?;
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
        let kept = self.folder.join("peer/program");
        fs::copy(&built, &kept)
            .map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
        Ok(kept)
    }

    /// Writes a file unless it is up to date, so that only changed code is
    /// compiled again.
    pub(crate) fn write(&self, path: &str, text: &str) -> Result<PathBuf, String> {
        let target = self.folder.join(path);
        if fs::read_to_string(&target).is_ok_and(|current| current == text) {
            return Ok(target);
        }
        let folder = target.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&target, text))
            .map_err(|error| format!("cannot write {}: {error}", target.display()))?;
        Ok(target)
    }

    /// Writes files, and deletes all others in their folders.
    fn replace<'t>(
        &self,
        folders: &[&str],
        files: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<(), String> {
        let mut kept = BTreeSet::new();
        for (path, text) in files {
            kept.insert(self.write(path, text)?);
        }
        for folder in folders {
            for path in files_below(&self.folder.join(folder)) {
                if !kept.contains(&path) {
                    fs::remove_file(&path)
                        .map_err(|error| format!("cannot delete {}: {error}", path.display()))?;
                }
            }
        }
        Ok(())
    }

    fn cargo(&self, arguments: &str) -> Result<String, String> {
        let mut command: Command = cargo::command(&self.workspace, arguments);
        command
            .args(["--quiet", "--offline", "--message-format=json"])
            .env("CARGO_TARGET_DIR", self.root.join("target"));
        let output = command
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

/// The packages of the consumer and the peer, with their dependencies.
const PACKAGES: [(&str, &str); 4] = [
    (MESSAGES, "skypay-types.workspace = true\n"),
    (
        CALLER,
        "skypay-client.workspace = true\nskypay-runtime = { workspace = true, features = [\"envelope\"] }\n",
    ),
    (CALLEE, "skypay-server.workspace = true\n"),
    (
        "peer",
        "axum.workspace = true\n\
         http-body-util.workspace = true\n\
         jsonschema.workspace = true\n\
         serde.workspace = true\n\
         serde_json.workspace = true\n\
         skypay-client.workspace = true\n\
         skypay-runtime = { workspace = true, features = [\"envelope\"] }\n\
         skypay-server.workspace = true\n\
         tokio = { workspace = true, features = [\"net\", \"rt-multi-thread\"] }\n",
    ),
];

fn package_manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\n{dependencies}"
    )
}

/// Returns the workspace's manifest with other members, so that the generated
/// crates inherit the same settings.
fn workspace_manifest(manifest: &str, name: &str) -> String {
    let mut text = String::new();
    let mut in_members = false;
    let generated = format!("path = \"{name}/");
    for line in manifest.lines() {
        if line.starts_with("members") {
            in_members = true;
            text.push_str(&format!("members = [\"{name}/*\"]\n"));
        }
        if !in_members && !line.starts_with("codegen ") {
            let line = line
                .replace("path = \"generated/", &generated)
                .replace("path = \"runtime\"", "path = \"../../../runtime\"");
            text.push_str(&line);
            text.push('\n');
        }
        in_members &= line != "]";
    }
    text
}

/// Parses cargo's messages.
fn compiled(messages: &str) -> Result<Compiled, String> {
    let mut compiled = Compiled::default();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value =
            serde_json::from_str(line).map_err(|error| format!("cargo says {line}: {error}"))?;
        let krate = message["target"]["name"].as_str().unwrap_or_default();
        match message["reason"].as_str() {
            Some("compiler-artifact") => {
                compiled.crates.insert(krate.to_owned());
            }
            Some("compiler-message") if message["message"]["level"] == "error" => {
                let spans = message["message"]["spans"].as_array();
                let spans = spans.map(Vec::as_slice).unwrap_or_default();
                let primary = spans.iter().find(|span| span["is_primary"] == true);
                let Some(file) = primary.and_then(|span| span["file_name"].as_str()) else {
                    continue;
                };
                let said = message["message"]["message"].as_str().unwrap_or_default();
                let errors = compiled.errors.entry(file.to_owned());
                errors.or_insert_with(|| said.to_owned());
            }
            _ => {}
        }
    }
    Ok(compiled)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
