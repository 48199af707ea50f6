//! `schemathesis`: requests that a program which we did not write makes up from
//! the document, put to a sandbox of the moment. Whatever comes back has to be
//! in the document.

mod answers;
mod up;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use codegen::model::Api;

use crate::generate::DOCUMENT;
use crate::validate::{self, FOLDER};
use crate::{Ending, files, program, report};
use answers::Tally;
use up::{Info, Up};

/// Where the run keeps what it hands over and what it gets back.
const WORK: &str = "target/schemathesis";

/// The view that has a path for each operation.
const VIEW: &str = "logical.json";

/// The Python module beside the pins that knows the document's extensions.
const HOOKS: &str = "schemathesis_hooks";

/// How much is asked.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Decides which requests are made up; the same seed makes the same ones
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
    /// How many are made up for each operation, besides those that follow from
    /// its examples and limits
    #[arg(long, default_value_t = 40, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub requests: u32,
}

/// `schemathesis`: asks, and says for each operation what came back.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    report::print(asked(root, arguments))
}

/// Installs, starts the sandbox, asks, and counts.
fn asked(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let text = fs::read_to_string(root.join(DOCUMENT))
        .map_err(|error| format!("cannot read {DOCUMENT}: {error}"))?;
    let api =
        codegen::api(&text).map_err(|diagnostics| diagnostics.report(DOCUMENT).to_string())?;
    if !validate::install_from_pypi(&root.join(FOLDER)) {
        return Err(format!(
            "Schemathesis is not installed: install Python 3.11 or newer with venv, and look \
             whether pip can install {FOLDER}/requirements.txt"
        ));
    }
    let work = root.join(WORK);
    files::replace(&work.join(VIEW), &view(&text)?)
        .map_err(|error| format!("cannot write {WORK}/{VIEW}: {error}"))?;
    let up = Up::start(&program::build(root)?)?;
    let output = command(root, &up.info, arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run Schemathesis: {error}; remove {FOLDER}/.venv"))?;
    let answers = fs::read_to_string(answers_of(root)).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    judged(&api, &answers, output.status.success(), &said)
}

/// The view as the document gives it now, whether it is committed or not.
fn view(text: &str) -> Result<String, String> {
    let views = spec_tools::exports::exports(text)
        .map_err(|diagnostics| diagnostics.report(DOCUMENT).to_string())?;
    let view = views.into_iter().find(|file| file.path == VIEW);
    Ok(view.map(|file| file.text).unwrap_or_default())
}

fn answers_of(root: &Path) -> PathBuf {
    root.join(WORK).join("answers.ndjson")
}

/// The call of Schemathesis.
fn command(root: &Path, info: &Info, arguments: &Arguments) -> Command {
    let folder = root.join(FOLDER);
    let mut command = Command::new(folder.join(".venv/bin/schemathesis"));
    command
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", VIEW, "--no-color", "--url", &info.url])
        .args(["--seed", &arguments.seed.to_string()])
        .args(["--max-examples", &arguments.requests.to_string()])
        // It leaves folders where it runs.
        .current_dir(root.join(WORK))
        .env("SCHEMATHESIS_HOOKS", HOOKS)
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // Nothing leaves this machine, whatever proxy it has.
        .env("NO_PROXY", "127.0.0.1")
        .env("SKYPAY_SANDBOX_INFO", &info.line)
        .env("SKYPAY_ANSWERS", answers_of(root));
    command
}

/// What came back, and whether it is all right; what Schemathesis said is
/// shown only where it found something.
fn judged(api: &Api, answers: &str, passed: bool, said: &str) -> Result<(String, Ending), String> {
    if !passed && answers.is_empty() {
        return Err(format!("{said}\nSchemathesis has asked nothing"));
    }
    let tally = Tally::read(api, answers)?;
    let findings = tally.findings();
    let mut text = tally.to_string();
    if !passed {
        text.push_str(said);
    }
    for finding in &findings {
        text.push_str(finding);
        text.push('\n');
    }
    let clean = passed && findings.is_empty();
    Ok((
        text,
        if clean {
            Ending::Clean
        } else {
            Ending::Findings
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::up::Info;
    use super::{Arguments, command, judged, view};
    use crate::Ending;

    const DOCUMENT: &str = include_str!("../../spec/skypay.yaml");

    #[test]
    fn it_is_called_with_the_url_and_the_credentials_of_the_sandbox() {
        let line = r#"{"url":"http://127.0.0.1:7","caller_name":"acme"}"#;
        let info = Info::read(line).expect("it is up");
        let arguments = Arguments {
            seed: 7,
            requests: 3,
        };
        let command = command(Path::new("/r"), &info, &arguments);
        let words: Vec<_> = command.get_args().filter_map(OsStr::to_str).collect();
        assert_eq!(
            words[2..].join(" "),
            "run logical.json --no-color --url http://127.0.0.1:7 --seed 7 --max-examples 3"
        );
        let told = |name: &str| {
            let mut variables = command.get_envs();
            let found = variables.find(|(known, _)| *known == name);
            found.and_then(|(_, value)| value?.to_str())
        };
        assert_eq!(told("SKYPAY_SANDBOX_INFO"), Some(line));
        for (name, path) in [
            ("PYTHONPATH", "spec/validators"),
            ("SKYPAY_ANSWERS", "target/schemathesis/answers.ndjson"),
        ] {
            assert_eq!(
                told(name).map(Path::new),
                Some(&*Path::new("/r").join(path))
            );
        }
    }

    #[test]
    fn the_view_has_a_path_for_each_operation() {
        let api = codegen::api(DOCUMENT).expect("it is a document");
        let view = view(DOCUMENT).expect("it has views");
        for operation in &api.operations {
            let path = format!("\"{}/{}\":", operation.wire_path, operation.path_fragment);
            assert!(view.contains(&path), "{path}");
        }
    }

    #[test]
    fn what_it_says_is_shown_where_it_found_something() {
        let api = codegen::api(DOCUMENT).expect("it is a document");
        let line = r#"{"operation":"balanceQuery","status":500,"code":null}"#;
        let (text, ending) = judged(&api, line, false, "a server error\n").expect("it asked");
        assert_eq!(ending, Ending::Findings);
        assert!(text.contains("a server error\n"), "{text}");
        let (text, ending) = judged(&api, line, true, "all passed\n").expect("it asked");
        // The other operations were not asked at all.
        assert_eq!(ending, Ending::Findings);
        assert!(!text.contains("all passed"), "{text}");
        let error = judged(&api, "", false, "no such module").unwrap_err();
        assert!(error.contains("no such module"), "{error}");
    }
}
