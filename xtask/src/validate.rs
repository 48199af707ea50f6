//! `validate`: runs third-party validators on the document, its exports, the
//! workflows and the container files, and the scripts of the Postman collection
//! under Node. The versions are pinned in `spec/validators/`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::generate::DOCUMENT;
use crate::{Failure, Outcome, atomic_write, cargo, exports};

/// The folder in which the validators are pinned and installed.
pub(crate) const FOLDER: &str = "spec/validators";

/// The document and the exports that are OpenAPI documents as well.
const DOCUMENTS: [&str; 4] = [
    DOCUMENT,
    "target/exports/callbacks.json",
    "target/exports/logical.json",
    "target/exports/webhooks.json",
];

/// Writes the exports, installs the validators and runs all of them.
///
/// # Errors
///
/// The findings of the validators, once all have run.
pub fn run(root: &Path) -> Outcome {
    let folder = root.join(FOLDER);
    exports::write(root)?;
    install_from_npm(&folder)?;
    install_from_pypi(&folder)?;
    let mut outcome = Ok(());
    for (program, arguments, documents) in VALIDATORS {
        println!("{program}");
        let mut validator = installed(&folder, program);
        validator
            .args(arguments.split_whitespace())
            .args(*documents)
            .current_dir(root)
            // Disable telemetry and update checks of Redocly.
            .env("REDOCLY_TELEMETRY", "off")
            .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        match cargo::run(&mut validator) {
            Err(failure @ Failure::Unusable(_)) => return Err(unavailable(&failure)),
            other => outcome = outcome.and(other),
        }
    }
    outcome
}

/// What GitHub runs.
const WORKFLOWS: [&str; 3] = [
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
    ".github/workflows/spec-review.yml",
];

/// Each validator with its arguments and the files that it checks.
const VALIDATORS: &[(&str, &str, &[&str])] = &[
    (
        "node_modules/.bin/prettier",
        "--check --config spec/validators/prettier.yaml",
        &[DOCUMENT],
    ),
    (".venv/bin/openapi-spec-validator", "", &DOCUMENTS),
    (
        "node_modules/.bin/redocly",
        "lint --config spec/validators/redocly.yaml",
        &DOCUMENTS,
    ),
    (
        "node_modules/.bin/spectral",
        "lint --ruleset spec/validators/spectral.yaml --fail-severity=warn",
        &DOCUMENTS,
    ),
    (
        "node",
        "spec/validators/postman.mjs target/exports/postman.json \
         runtime/testdata/envelope-vectors.json",
        &[],
    ),
    (
        ".venv/bin/check-jsonschema",
        "--builtin-schema vendor.github-workflows",
        &WORKFLOWS,
    ),
    (".venv/bin/zizmor", "--offline --quiet", &WORKFLOWS),
    (
        ".venv/bin/check-jsonschema",
        "--builtin-schema vendor.compose-spec",
        &["compose.yaml"],
    ),
    (".venv/bin/hadolint", "", &["Dockerfile"]),
];

/// Installs the packages that `package-lock.json` pins, unless already installed.
pub(crate) fn install_from_npm(folder: &Path) -> Outcome {
    let installed = folder.join("node_modules/.installed-lock.json");
    let pinned = fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    if fs::read_to_string(&installed).is_ok_and(|lock| lock == pinned) {
        return Ok(());
    }
    let npm = "npm ci --no-audit --no-fund --loglevel=error";
    install(folder, npm)?;
    // If this fails, the next run installs again.
    let _ = atomic_write::write(&installed, &pinned);
    Ok(())
}

/// Installs the packages that `requirements.txt` pins.
pub(crate) fn install_from_pypi(folder: &Path) -> Outcome {
    if !folder.join(".venv/bin/python").exists() {
        install(folder, "python3 -m venv .venv")?;
    }
    let pip = "-m pip install --quiet --disable-pip-version-check --requirement requirements.txt";
    install(folder, &format!(".venv/bin/python {pip}"))
}

/// Runs an installer in a folder.
fn install(folder: &Path, line: &str) -> Outcome {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    let mut installer = installed(folder, program);
    installer
        .args(words)
        .current_dir(folder)
        .stdout(Stdio::null());
    cargo::run(&mut installer).map_err(|failure| unavailable(&failure))
}

/// Returns a command for a program that is installed in a folder, or else on the
/// system.
fn installed(folder: &Path, program: &str) -> Command {
    let path = folder.join(program);
    Command::new(if path.exists() {
        path.as_os_str()
    } else {
        OsStr::new(program)
    })
}

fn unavailable(failure: &Failure) -> Failure {
    Failure::Unusable(format!(
        "{failure}\nNode.js 20.19 or newer with npm and Python 3 with venv are needed"
    ))
}
