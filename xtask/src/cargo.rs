//! Running cargo, the programs it builds, and other programs.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::{Ending, Failure, Outcome};

/// Installs a tool with cargo below `target/tools`, unless that version is
/// installed. It is built without optimizations and debug information, which is
/// quick: it mostly waits for other programs.
pub(crate) fn install(
    root: &Path,
    name: &str,
    version: &str,
    options: &str,
) -> Result<PathBuf, Failure> {
    let program = root
        .join("target/tools/bin")
        .join(format!("{name}{EXE_SUFFIX}"));
    let installed = Command::new(&program).arg("--version").output();
    if !installed.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(version)) {
        println!("installing {name} {version}");
        let install = "install --quiet --locked --debug --root target/tools";
        let arguments = format!("{install} --version {version} {options} {name}");
        run(command(root, &arguments).env("CARGO_PROFILE_DEV_DEBUG", "false"))?;
    }
    Ok(program)
}

/// Cargo's messages about all programs of the workspace, once they are built.
static ALL: OnceLock<String> = OnceLock::new();

/// Builds all programs of the workspace.
pub(crate) fn build_all(root: &Path) -> Outcome {
    let messages = build(root, "--bins --examples")?;
    ALL.get_or_init(|| messages);
    Ok(())
}

/// Returns the path of a program of the workspace, such as `--bin skypay`, and
/// builds it unless all are built.
pub(crate) fn built(root: &Path, program: &str) -> Result<PathBuf, String> {
    let messages = match ALL.get() {
        Some(messages) => messages.clone(),
        None => build(root, program)?,
    };
    let name = program.rsplit(' ').next().unwrap_or_default();
    executable(&messages, name).ok_or_else(|| format!("cargo does not say where `{name}` is"))
}

/// Builds programs and returns cargo's messages.
///
/// The dependencies have the features with which the tests of the whole workspace
/// are built, so that none is compiled twice: those of all members, and, since an
/// example is among the programs, those of dev dependencies.
fn build(root: &Path, programs: &str) -> Result<String, String> {
    let selected = format!("--workspace --all-features {programs} --example {SEAL}");
    let arguments = format!("build --quiet {selected} --message-format json-render-diagnostics");
    let output = command(root, &arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`{programs}` cannot be built; cargo has written why"
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The example that encrypts messages.
pub(crate) const SEAL: &str = "seal";

/// Returns the executable of a target, from cargo's JSON messages.
#[must_use]
pub fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let path = message["executable"].as_str()?;
        (message["target"]["name"] == name).then(|| path.into())
    })
}

/// Runs cargo in the workspace root.
pub(crate) fn cargo(root: &Path, arguments: &str) -> Outcome {
    run(&mut command(root, arguments))
}

/// Returns a cargo command for a folder; the arguments are separated by spaces.
#[must_use]
pub fn command(folder: &Path, arguments: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(&cargo, folder);
    command.args(arguments.split_whitespace());
    command
}

/// Returns a command for a program in a folder.
///
/// The variables that cargo sets for this program's own package are removed:
/// build scripts depend on them, and would rerun whenever the same crate is built
/// both with and without a task.
pub(crate) fn program(path: impl AsRef<OsStr>, folder: &Path) -> Command {
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

/// Runs a program to completion; its output is shown.
pub(crate) fn run(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::Reported(Ending::Findings)),
        Err(error) => {
            let program = command.get_program().display();
            Err(Failure::Unusable(format!("cannot run {program}: {error}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::executable;

    #[test]
    fn a_program_is_found_by_its_name() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                    {\"target\":{\"name\":\"skypay\"},\"executable\":\"/t/debug/skypay\"}\n\
                    {\"target\":{\"name\":\"demo\"},\"executable\":\"/t/debug/demo\"}\n\
                    {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(
            executable(messages, "skypay"),
            Some(PathBuf::from("/t/debug/skypay"))
        );
        assert_eq!(executable(messages, "xtask"), None);
    }
}
