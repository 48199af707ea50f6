//! `schemathesis`: sends requests that Schemathesis generates from an export of
//! the document to an in-memory sandbox. `spec/validators/schemathesis_hooks.py`
//! checks each response.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::sandbox::Sandbox;
use crate::validate::{self, FOLDER};
use crate::{Ending, Failure, Outcome, cargo, exports, sync_dir};

/// The export that has a path for each operation.
const FORM: &str = "logical.json";

/// Which requests are made up.
#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// The seed of the requests
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Requests for each operation, besides those from examples and limits
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests: u32,
}

/// `schemathesis`: fails if a response violates the document, or an operation
/// never succeeds.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let (folder, work) = (root.join(FOLDER), root.join("target/schemathesis"));
    fs::create_dir_all(&work).map_err(|error| sync_dir::unusable("create", &work, &error))?;
    exports::write(root)?;
    validate::install_from_pypi(&folder)?;
    let sandbox = Sandbox::start(&cargo::built(root, "--bin skypay")?)?;
    let mut schemathesis = Command::new(folder.join(".venv/bin/schemathesis"));
    schemathesis
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .arg("run")
        .arg(root.join(exports::OUTPUT).join(FORM))
        .args(["--no-color", "--url"])
        .arg(sandbox.text("url"))
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--max-examples", &arguments.requests.to_string()])
        .current_dir(&work)
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", &folder)
        // The checkout is copied by tests that may run at the same time.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1")
        .env("SANDBOX_INFO", &sandbox.info);
    let outcome = cargo::run(&mut schemathesis);
    match fs::read_to_string(work.join("never")) {
        Ok(never) if never.is_empty() => outcome,
        never => {
            eprintln!("never accepted: {never:?}");
            outcome.and(Err(Failure::Reported(Ending::Findings)))
        }
    }
}
