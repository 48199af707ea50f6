//! Running cargo, what it builds, and other programs.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Ending;

/// Installs a tool with cargo below `target/tools`, unless that version is there.
pub(crate) fn install(
    root: &Path,
    name: &str,
    version: &str,
    options: &str,
) -> Result<PathBuf, Ending> {
    let program = root
        .join("target/tools/bin")
        .join(format!("{name}{EXE_SUFFIX}"));
    let installed = Command::new(&program).arg("--version").output();
    if installed.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(version)) {
        return Ok(program);
    }
    println!("installing {name} {version}");
    let arguments = format!("install --quiet --locked --root target/tools --version {version}");
    match cargo(root, &format!("{arguments} {options} {name}")) {
        Ending::Clean => Ok(program),
        ending => Err(ending),
    }
}

/// Builds the program `skypay` and gives its path.
pub(crate) fn build_skypay(root: &Path) -> Result<PathBuf, String> {
    let build = "build --quiet --package skypay-cli --bin skypay \
                 --message-format json-render-diagnostics";
    let output = command(root, build)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("the program `skypay` cannot be built; cargo has written why".to_owned());
    }
    executable(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| "cargo does not say where the program `skypay` is".to_owned())
}

/// The executable that was built last, by cargo's messages in JSON.
#[must_use]
pub fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    })
}

/// Runs cargo at the root of the workspace.
pub(crate) fn cargo(root: &Path, arguments: &str) -> Ending {
    run(&mut command(root, arguments))
}

/// Cargo in a folder; the arguments are separated by spaces.
///
/// The variables that cargo sets for this program's own package are not passed
/// on: build scripts look at them, and would run again whenever the same crate is
/// built with and without a task.
#[must_use]
pub fn command(folder: &Path, arguments: &str) -> Command {
    let cargo = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
    let mut command = program(&cargo, folder);
    command.args(arguments.split_whitespace());
    command
}

/// A program in a folder, without cargo's variables for this program's package.
pub(crate) fn program(path: &Path, folder: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program to its end; its output is shown.
pub(crate) fn run(command: &mut Command) -> Ending {
    match command.status() {
        Ok(status) if status.success() => Ending::Clean,
        Ok(_) => Ending::Findings,
        Err(error) => {
            let program = command.get_program().display();
            eprintln!("cannot run {program}: {error}");
            Ending::Unusable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::executable;

    #[test]
    fn the_program_is_the_last_that_was_built() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                    {\"reason\":\"compiler-artifact\",\"executable\":\"/t/debug/skypay\"}\n\
                    {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/skypay")));
        assert_eq!(executable(""), None);
    }
}
