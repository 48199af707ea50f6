//! `browser`: the sandbox's page in headless Chromium, as a person uses it. The
//! tests are in `sandbox/tests/browser/`, what they need from npm is pinned there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Outcome, cargo, exports, validate};

/// The tests, and what they need from npm.
const FOLDER: &str = "sandbox/tests/browser";

/// Where Debian puts Chromium; `CHROMIUM` names another place.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Builds the program, installs what the tests need, and runs them.
///
/// # Errors
///
/// A test that fails, or something that they need and that is not there.
pub fn run(root: &Path) -> Outcome {
    let browser = std::env::var_os("CHROMIUM").map_or_else(|| CHROMIUM.into(), PathBuf::from);
    if !browser.exists() {
        return Err(Failure::Unusable(format!(
            "{} is not there: install Debian's package chromium, or name another one with CHROMIUM",
            browser.display()
        )));
    }
    let program = cargo::built(root, "skypay-cli", "--bin skypay")?;
    validate::install_from_npm(&root.join(FOLDER))?;
    // The tests take the document's examples from there.
    exports::write(root)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .arg("page.test.mjs")
        .current_dir(root.join(FOLDER))
        .env("SKYPAY", program)
        .env("CHROMIUM", browser);
    cargo::run(&mut node)?;
    println!("The pictures are in target/browser.");
    Ok(())
}
