//! The program `skypay`, built for tasks that use it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use crate::steps;

/// What cargo says of something that it has built.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Builds the program and says where it is.
pub(crate) fn build(root: &Path) -> Result<PathBuf, String> {
    let build = "build --quiet --package skypay-cli --bin skypay \
                 --message-format json-render-diagnostics";
    let output = steps::command(root, build)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("the sandbox cannot be built: mend what cargo says above".to_owned());
    }
    built(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| "cargo does not say where the sandbox is".to_owned())
}

/// The program among all that cargo says it has built.
pub(crate) fn built(said: &str) -> Option<PathBuf> {
    let artifacts = said.lines().rev().filter_map(|line| {
        let artifact: Artifact = serde_json::from_str(line).ok()?;
        artifact.executable
    });
    artifacts.into_iter().next()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::built;

    #[test]
    fn the_program_is_the_last_that_was_built() {
        let said = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                    {\"reason\":\"compiler-artifact\",\"executable\":\"/t/debug/skypay\"}\n\
                    {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(built(said), Some(PathBuf::from("/t/debug/skypay")));
        assert_eq!(built(""), None);
    }
}
