//! The workspaces below `target/` in which versions of the generated crates are
//! compiled, and cargo's messages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::{Failure, cargo, generate, sync_dir};

use crate::consumer::{CALLEE, CALLER, MESSAGES};
use crate::groups::Edition;

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

/// A version of the generated crates, compiled with programs that use them.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The peer's program.
    pub(crate) peer: PathBuf,
    /// The first error in each file of the consumer, by path below the workspace.
    pub(crate) errors: BTreeMap<String, String>,
}

/// Compiles a version in a workspace, of which only what differs from the version
/// before is compiled again: the peer, and as much as possible of the consumer of
/// another version. The program of the version before is kept while it runs.
pub(crate) fn compile(
    root: &Path,
    workspace: &str,
    number: usize,
    edition: &Edition,
    consumer: &BTreeMap<String, String>,
) -> Result<Compiled, Failure> {
    let mut files = generate::workspace(root, workspace, &edition.generated)?;
    let mut add = |path: &str, text: String| files.insert(format!("{workspace}/{path}"), text);
    for package in [MESSAGES, CALLER, CALLEE, "peer"] {
        let text = format!("[package]\nname = {package:?}{MANIFEST}");
        add(&format!("{package}/Cargo.toml"), text);
    }
    for (module, text) in PEER {
        add(&format!("peer/src/{module}.rs"), text.to_owned());
    }
    for (path, text) in consumer {
        add(path, text.clone());
    }
    let folder = root.join("target/prove").join(workspace);
    let differences = sync_dir::differences(&folder, "", &files)?;
    sync_dir::apply(&folder, "", &files, &differences)?;
    let build = "build --workspace --keep-going --quiet --offline --message-format=json";
    let output = cargo::command(&folder, build)
        .env("CARGO_TARGET_DIR", root.join("target"))
        // The next version differs in a few places.
        .env("CARGO_INCREMENTAL", "1")
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let errors = errors(&messages)?;
    let program = cargo::executable(&messages, "peer").ok_or_else(|| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        format!("the peer does not compile: {errors:#?}\n{complaint}")
    })?;
    let peer = folder.with_extension(number.to_string());
    fs::copy(&program, &peer)
        .map_err(|error| format!("cannot copy {}: {error}", program.display()))?;
    Ok(Compiled { peer, errors })
}

/// Returns the first error in each file, of cargo's messages.
fn errors(messages: &str) -> Result<BTreeMap<String, String>, String> {
    let mut errors = BTreeMap::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value =
            serde_json::from_str(line).map_err(|error| format!("cargo says {line}: {error}"))?;
        let message = &message["message"];
        if message["level"] != "error" {
            continue;
        }
        let mut spans = message["spans"].as_array().into_iter().flatten();
        if let Some(primary) = spans.find(|span| span["is_primary"] == true) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            errors
                .entry(text(&primary["file_name"]))
                .or_insert_with(|| text(&message["message"]));
        }
    }
    Ok(errors)
}
