//! `browser`: the sandbox's page in headless Chromium, as a person uses it. The
//! tests are in `sandbox/tests/browser/`, what they need from npm is pinned there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Ending, cargo, exports, generate, validate};

/// The tests, and what they need from npm.
const FOLDER: &str = "sandbox/tests/browser";

/// Where Debian puts Chromium; `CHROMIUM` names another place.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Builds the program, installs what the tests need, and runs them.
#[must_use]
pub fn run(root: &Path) -> Ending {
    let browser = std::env::var_os("CHROMIUM").map_or_else(|| CHROMIUM.into(), PathBuf::from);
    if !browser.exists() {
        eprintln!(
            "{} is not there: install Debian's package chromium, or name another one with CHROMIUM",
            browser.display()
        );
        return Ending::Unusable;
    }
    let program = match cargo::build_skypay(root) {
        Ok(program) => program,
        Err(error) => {
            eprintln!("{error}");
            return Ending::Unusable;
        }
    };
    if !validate::install_from_npm(&root.join(FOLDER)) {
        return Ending::Unusable;
    }
    // The tests take the document's examples from there.
    if let Err(failure) = exports::write(root) {
        return generate::refuse(&failure);
    }
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .arg("page.test.mjs")
        .current_dir(root.join(FOLDER))
        .env("SKYPAY", program)
        .env("CHROMIUM", browser);
    match node.status() {
        Ok(status) if status.success() => {
            println!("The pictures are in target/browser.");
            Ending::Clean
        }
        Ok(_) => Ending::Findings,
        Err(error) => {
            eprintln!("cannot run node: {error}. Install Node.js 20.19 or newer.");
            Ending::Unusable
        }
    }
}
