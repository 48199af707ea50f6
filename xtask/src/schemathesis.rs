//! `schemathesis`: requests that Schemathesis makes up from an exported form of the document, sent
//! to a sandbox in memory. `spec/validators/schemathesis_hooks.py` judges each response.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::validate::{self, FOLDER};
use crate::{Ending, atomic_write, cargo, generate, report};

/// The exported form that has a path for each operation.
const FORM: &str = "logical.json";

/// Which requests are made up.
#[derive(clap::Args, Clone, Debug)]
pub struct Arguments {
    /// The same seed makes the same requests
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// For each operation, besides those that follow from examples and limits
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests: u32,
}

/// `schemathesis`: fails if a response is not as documented, or an operation never succeeded.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    report::print(fuzz(root, arguments))
}

fn fuzz(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let (folder, work) = (root.join(FOLDER), root.join("target/schemathesis"));
    let document = generate::document(root).map_err(|failure| failure.to_string())?;
    let forms = spec_tools::exports::exports(&document);
    let forms = forms.map_err(|diagnostics| diagnostics.report(generate::DOCUMENT))?;
    for form in forms.iter().filter(|form| form.path == FORM) {
        atomic_write::write(&work.join(FORM), &form.text)
            .map_err(|error| format!("cannot write {FORM}: {error}"))?;
    }
    if !validate::install_from_pypi(&folder) {
        return Err(format!("cannot install {FOLDER}/requirements.txt"));
    }
    let mut sandbox = Command::new(cargo::build_skypay(root)?)
        .args(["sandbox", "up", "--memory", "--json"])
        .args(["--clock", "virtual", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the sandbox: {error}"))?;
    let stdout = sandbox.stdout.take().map(BufReader::new);
    let info = stdout.and_then(|stdout| stdout.lines().next()?.ok());
    let info = info.unwrap_or_default();
    let url = serde_json::from_str::<Value>(&info).unwrap_or_default();
    let status = Command::new(folder.join(".venv/bin/schemathesis"))
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", FORM, "--no-color", "--url"])
        .arg(url["url"].as_str().unwrap_or_default())
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--max-examples", &arguments.requests.to_string()])
        .current_dir(&work)
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("PYTHONPATH", &folder)
        .env("NO_PROXY", "127.0.0.1")
        .env("SANDBOX_INFO", info)
        .status();
    // It may have ended by itself.
    let _ = sandbox.kill().and_then(|()| sandbox.wait());
    let status = status.map_err(|error| format!("cannot run Schemathesis: {error}"))?;
    match (status.success(), fs::read_to_string(work.join("never"))) {
        (true, Ok(never)) if never.is_empty() => Ok((never, Ending::Clean)),
        (_, never) => Ok((format!("never accepted: {never:?}\n"), Ending::Findings)),
    }
}
