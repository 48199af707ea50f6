//! `validate`: validators that we did not write, on the document. Their
//! versions are pinned in `spec/validators/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Ending;
use crate::generate::DOCUMENT;

/// Where the pins are and where the validators are installed.
const FOLDER: &str = "spec/validators";

/// Installs the validators and runs each on the document.
#[must_use]
pub fn run(root: &Path) -> Ending {
    let folder = root.join(FOLDER);
    for install in installs(&folder) {
        if run_one("install", install) != Some(true) {
            return Ending::Unusable;
        }
    }
    let mut ending = Ending::Clean;
    for (name, validator) in validators(root, &folder) {
        println!("{name}");
        match run_one(name, validator) {
            Some(true) => {}
            Some(false) => ending = Ending::Findings,
            None => return Ending::Unusable,
        }
    }
    ending
}

fn installs(folder: &Path) -> Vec<Command> {
    let mut installs = Vec::new();
    if !folder.join("node_modules/.package-lock.json").exists() {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder);
        installs.push(npm);
    }
    let python = folder.join(".venv/bin/python");
    if !python.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", ".venv"]).current_dir(folder);
        installs.push(venv);
    }
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--requirement", "requirements.txt"])
    .current_dir(folder);
    installs.push(pip);
    installs
}

fn validators(root: &Path, folder: &Path) -> Vec<(&'static str, Command)> {
    let node = folder.join("node_modules/.bin");
    let command = |program: PathBuf, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root);
        command
    };
    vec![
        (
            "openapi-spec-validator",
            command(folder.join(".venv/bin/openapi-spec-validator"), &[DOCUMENT]),
        ),
        (
            "redocly lint",
            command(
                node.join("redocly"),
                &["lint", "--config", "spec/validators/redocly.yaml", DOCUMENT],
            ),
        ),
        (
            "spectral lint",
            command(
                node.join("spectral"),
                &[
                    "lint",
                    "--ruleset",
                    "spec/validators/spectral.yaml",
                    "--fail-severity=warn",
                    DOCUMENT,
                ],
            ),
        ),
    ]
}

/// Whether the command succeeded; nothing if it could not be run.
fn run_one(what: &str, mut command: Command) -> Option<bool> {
    command
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    match command.status() {
        Ok(status) => Some(status.success()),
        Err(error) => {
            let program = command.get_program().to_string_lossy().into_owned();
            eprintln!(
                "cannot {what}: {program} does not run ({error}); Node.js with npm and Python 3 with venv are needed"
            );
            None
        }
    }
}
