//! `validate`: validators that we did not write, on the document and its
//! exports, and the scripts of the Postman collection under Node. Their versions
//! are pinned in `spec/validators/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::generate::DOCUMENT;
use crate::{Ending, atomic_write, exports, generate};

/// Where the pins are and where the validators are installed.
pub(crate) const FOLDER: &str = "spec/validators";

/// The document and the exports that are OpenAPI documents too.
const DOCUMENTS: [&str; 4] = [
    DOCUMENT,
    "target/exports/callbacks.json",
    "target/exports/logical.json",
    "target/exports/webhooks.json",
];

/// Writes the exports, installs the validators and runs each.
#[must_use]
pub fn run(root: &Path) -> Ending {
    let folder = root.join(FOLDER);
    if let Err(failure) = exports::write(root) {
        return generate::refuse(&failure);
    }
    if !install_from_npm(&folder) || !install_from_pypi(&folder) {
        return Ending::Unusable;
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

/// Installs what `package-lock.json` pins, unless it is there already.
pub(crate) fn install_from_npm(folder: &Path) -> bool {
    let installed = folder.join("node_modules/.installed-lock.json");
    let pinned = fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    if fs::read_to_string(&installed).is_ok_and(|lock| lock == pinned) {
        return true;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder)
        .stdout(Stdio::null());
    let done = run_one("install", npm) == Some(true);
    if done {
        // If it cannot be remembered, it is installed again, and that is all.
        let _ = atomic_write::write(&installed, &pinned);
    }
    done
}

/// Installs what `requirements.txt` pins.
pub(crate) fn install_from_pypi(folder: &Path) -> bool {
    let python = folder.join(".venv/bin/python");
    if !python.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", ".venv"]).current_dir(folder);
        if run_one("install", venv) != Some(true) {
            return false;
        }
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
    run_one("install", pip) == Some(true)
}

fn validators(root: &Path, folder: &Path) -> Vec<(&'static str, Command)> {
    let node = folder.join("node_modules/.bin");
    let command = |program: PathBuf, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root);
        command
    };
    let on_documents = |program: PathBuf, arguments: &[&str]| {
        let mut command = command(program, arguments);
        command.args(DOCUMENTS);
        command
    };
    vec![
        (
            "prettier",
            command(
                node.join("prettier"),
                &[
                    "--check",
                    "--config",
                    "spec/validators/prettier.yaml",
                    DOCUMENT,
                ],
            ),
        ),
        (
            "openapi-spec-validator",
            on_documents(folder.join(".venv/bin/openapi-spec-validator"), &[]),
        ),
        (
            "redocly lint",
            on_documents(
                node.join("redocly"),
                &["lint", "--config", "spec/validators/redocly.yaml"],
            ),
        ),
        (
            "spectral lint",
            on_documents(
                node.join("spectral"),
                &[
                    "lint",
                    "--ruleset",
                    "spec/validators/spectral.yaml",
                    "--fail-severity=warn",
                ],
            ),
        ),
        (
            "scripts of the Postman collection",
            command(
                PathBuf::from("node"),
                &[
                    "spec/validators/postman.mjs",
                    "target/exports/postman.json",
                    "runtime/testdata/envelope-vectors.json",
                ],
            ),
        ),
    ]
}

/// Redocly sends nothing and looks for no update.
const QUIET: [(&str, &str); 2] = [
    ("REDOCLY_TELEMETRY", "off"),
    ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"),
];

/// Whether the command succeeded; nothing if it could not be run.
fn run_one(what: &str, mut command: Command) -> Option<bool> {
    match command.envs(QUIET).status() {
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
