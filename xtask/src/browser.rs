//! `browser`: tests the sandbox's page in headless Chromium. The tests are in
//! `sandbox/tests/browser/`, where their npm dependencies are pinned.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Outcome, cargo, exports, validate};

/// The folder of the tests and their npm dependencies.
const FOLDER: &str = "sandbox/tests/browser";

/// The path of Chromium on Debian; the variable `CHROMIUM` overrides it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Builds the program, installs the dependencies of the tests, and runs them.
pub fn run(root: &Path) -> Outcome {
    let browser = std::env::var_os("CHROMIUM").map_or_else(|| CHROMIUM.into(), PathBuf::from);
    if !browser.exists() {
        return Err(Failure::Unusable(format!(
            "{} is not there: install Debian's package chromium, or name another one with CHROMIUM",
            browser.display()
        )));
    }
    let program = cargo::built(root, "--bin skypay")?;
    validate::install_from_npm(&root.join(FOLDER))?;
    // The tests read the document's examples from the exports.
    exports::write(root)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .args(["page.test.mjs", "controls.test.mjs"])
        .current_dir(root.join(FOLDER))
        .env("SKYPAY", program)
        .env("CHROMIUM", browser);
    cargo::run(&mut node)?;
    println!("The pictures are in target/browser.");
    Ok(())
}
