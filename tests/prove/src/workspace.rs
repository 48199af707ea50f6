//! The workspaces below `target/` in which versions of the generated crates
//! are compiled, and what cargo says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use codegen::Generated;
use serde_json::Value;
use xtask::cargo;

use crate::consumer::{CALLEE, CALLER, MESSAGES};

/// The peer's program, without what depends on the version.
const PEER: &str = include_str!("../peer.rs");

/// A workspace with one version of the generated crates, and with programs
/// that use them.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// Where the workspace's manifest stands.
    workspace: PathBuf,
    /// Where its members stand. Cargo tells packages apart by their place
    /// below the workspace, so that this needs the name again.
    folder: PathBuf,
}

/// What the compiler said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled {
    /// The crates that compile.
    pub(crate) crates: BTreeSet<String>,
    /// The first error in each file, by path below the workspace.
    pub(crate) errors: BTreeMap<String, String>,
}

impl Workspace {
    /// A workspace of this name; what a former run left there serves again.
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
        // The same versions as in the workspace, so that nothing is fetched.
        workspace.write("../Cargo.lock", &read(&root.join("Cargo.lock"))?)?;
        Ok(workspace)
    }

    /// Puts a version of the generated crates into the workspace.
    pub(crate) fn generated(&self, generated: &Generated) -> Result<(), String> {
        let files = generated.files.iter();
        let files = files.map(|file| (&*file.path, &*file.text));
        self.replace(&["types", "client", "server"], files)
    }

    /// Compiles a consumer as far as it compiles.
    pub(crate) fn check(&self, consumer: &BTreeMap<String, String>) -> Result<Compiled, String> {
        let files = consumer.iter().map(|(path, text)| (&**path, &**text));
        self.replace(&["messages/src", "caller/src", "callee/src"], files)?;
        let packages = [MESSAGES, CALLER, CALLEE].map(|name| format!(" --package {name}"));
        let arguments = format!("check --keep-going{}", packages.concat());
        compiled(&self.cargo(&arguments)?)
    }

    /// Builds the peer, and keeps the program under a name of its own.
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

    /// Writes a file if it is not there as it should be, so that only what
    /// changed is compiled again.
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

    /// Writes files, and deletes what else is in their folders.
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

/// The packages that are ours, and what they depend on.
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

/// The manifest of the workspace with other members, so that the generated
/// crates inherit what they inherit there.
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

/// What cargo's messages say.
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
