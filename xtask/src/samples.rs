//! `samples`: runs the calls in other languages as the reference page shows them,
//! against a sandbox. In every language all operations must give the same return
//! codes, each documented for its operation.

use std::fs;
use std::path::Path;
use std::process::Command;

use codegen::model::Api;
use serde_json::Value;

use crate::docs::PAGE;
use crate::generate::DOCUMENT;
use crate::sandbox::Sandbox;
use crate::validate::{self, FOLDER};
use crate::{Ending, Failure, Outcome, cargo, read, sync_dir};

/// A language of the page, by its attribute `data-language`, and how its calls
/// become a program.
struct Language {
    id: &'static str,
    /// The program and its arguments, and the Debian package that has it.
    command: &'static [&'static str],
    package: &'static str,
    /// Each file with its text, from the common code and the calls.
    files: fn(common: &str, calls: &str) -> Vec<(&'static str, String)>,
    /// What stands before and after each call, and prints its response.
    around: (&'static str, &'static str),
}

const LANGUAGES: [Language; 6] = [
    Language {
        id: "sh",
        command: &["bash", "-euo", "pipefail", "calls.sh"],
        package: "bash",
        files: |common, calls| vec![("calls.sh", format!("{common}\n{calls}"))],
        around: ("", "\necho \"$response\"\n"),
    },
    Language {
        id: "php",
        command: &["php", "calls.php"],
        package: "php-cli",
        files: |common, calls| vec![("calls.php", format!("{common}\n{calls}"))],
        around: ("", "\necho json_encode($response), \"\\n\";\n"),
    },
    Language {
        id: "java",
        command: &["java", "Main.java"],
        package: "default-jdk-headless",
        // `java` runs the first class of the file.
        files: |common, calls| {
            let main = format!(
                "class Main {{\npublic static void main(String[] none) throws Exception \
                 {{\n{calls}}}\n}}\n\nfinal class Api"
            );
            vec![("Main.java", common.replacen("final class Api", &main, 1))]
        },
        around: ("{\n", "\nSystem.out.println(response);\n}\n"),
    },
    Language {
        id: "mjs",
        command: &["node", "calls.mjs"],
        package: "nodejs",
        files: |common, calls| vec![("calls.mjs", format!("{common}\n{calls}"))],
        around: ("{\n", "\nconsole.log(JSON.stringify(response));\n}\n"),
    },
    Language {
        id: "py",
        command: &["python", "calls.py"],
        package: "python3",
        files: |common, calls| vec![("calls.py", format!("{common}\n\n{calls}"))],
        around: ("", "\nprint(json.dumps(response))\n"),
    },
    Language {
        id: "go",
        command: &["go", "run", "call.go", "main.go"],
        package: "golang-go",
        files: |common, calls| {
            let imports = "\"encoding/json\"; \"fmt\"; \"log\"";
            let main = format!("package main\n\nimport ({imports})\n\nfunc main() {{\n{calls}}}\n");
            vec![("call.go", common.to_owned()), ("main.go", main)]
        },
        around: (
            "{\n",
            "\nif err != nil {\nlog.Fatal(err)\n}\ntext, _ := \
             json.Marshal(response)\nfmt.Println(string(text))\n}\n",
        ),
    },
];

/// Runs the samples of all languages, and compares what they print.
///
/// # Errors
///
/// A program is not installed or fails, or a return code differs.
pub fn run(root: &Path) -> Outcome {
    let api = codegen::api(&read(root, DOCUMENT)?)
        .map_err(|diagnostics| Failure::of(&diagnostics, DOCUMENT))?;
    let page = read(root, PAGE)?;
    let python = root.join(FOLDER);
    validate::install_from_pypi(&python)?;
    let skypay = cargo::built(root, "--bin skypay")?;
    let mut first: Option<Vec<String>> = None;
    for language in &LANGUAGES {
        let shown = shown(&page, language.id);
        let sandbox = Sandbox::start(&skypay)?;
        let printed = printed(root, &sandbox, language, &shown)?;
        let codes = codes(&api, &shown, &printed).map_err(|why| {
            eprintln!("{}: {why}\n{printed}", language.id);
            Failure::Reported(Ending::Findings)
        })?;
        let accepted = codes
            .iter()
            .filter(|code| **code == api.protocol.accepted.code);
        let (calls, accepted) = (codes.len(), accepted.count());
        println!("{:<5} {calls} calls, {accepted} accepted", language.id);
        if *first.get_or_insert_with(|| codes.clone()) != codes {
            eprintln!("{}: {codes:?}, others {first:?}", language.id);
            return Err(Failure::Reported(Ending::Findings));
        }
    }
    Ok(())
}

/// A block of code on the page.
struct Shown {
    /// The operation that it calls; empty for the code that all calls use.
    operation: String,
    code: String,
}

/// Returns the code of a language, in the order of the page.
fn shown(page: &str, language: &str) -> Vec<Shown> {
    let blocks = page.split("<pre data-language=\"").skip(1);
    let blocks = blocks.filter_map(|block| {
        let (of, rest) = block.split_once('"')?;
        let (attributes, rest) = rest.split_once('>')?;
        let (code, _) = rest.split_once("</pre>")?;
        let code = code.replace("&lt;", "<").replace("&gt;", ">");
        let shown = Shown {
            operation: attributes.split('"').nth(1).unwrap_or_default().to_owned(),
            code: code.replace("&quot;", "\"").replace("&amp;", "&"),
        };
        (of == language).then_some(shown)
    });
    blocks.collect()
}

/// Makes a program of the blocks, runs it and returns what it prints.
fn printed(
    root: &Path,
    sandbox: &Sandbox,
    language: &Language,
    shown: &[Shown],
) -> Result<String, Failure> {
    let folder = sync_dir::scratch(root)?;
    let (before, after) = language.around;
    let (common, calls): (Vec<_>, Vec<_>) = shown.iter().partition(|it| it.operation.is_empty());
    let common: String = common.iter().map(|it| it.code.as_str()).collect();
    let calls = calls.iter().map(|it| format!("{before}{}{after}", it.code));
    for (name, text) in (language.files)(&common, &calls.collect::<String>()) {
        let path = folder.path().join(name);
        fs::write(&path, text).map_err(|error| sync_dir::unusable("write", &path, &error))?;
    }
    let (program, arguments) = language.command.split_first().unwrap_or((&"", &[]));
    let mut command = match *program {
        "python" => Command::new(root.join(FOLDER).join(".venv/bin/python")),
        program => Command::new(program),
    };
    let output = command
        .args(arguments)
        .current_dir(folder.path())
        .env("SKYPAY_URL", sandbox.text("service_url"))
        .env("SKYPAY_USER_NAME", sandbox.text("user_name"))
        .env("SKYPAY_AUTHENTICATION", sandbox.text("authentication"))
        .env("SKYPAY_ENCRYPT_KEY", sandbox.text("encrypt_key"))
        .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")))
        .output()
        .map_err(|error| {
            let package = language.package;
            format!("cannot run {program}: {error}; Debian's package {package} has it")
        })?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Failure::Reported(Ending::Findings));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the return code of each response, a line each; empty where a successful
/// response has none.
fn codes(api: &Api, shown: &[Shown], printed: &str) -> Result<Vec<String>, String> {
    let mut lines = printed.lines();
    let mut codes = Vec::new();
    let names = shown.iter().map(|it| &it.operation);
    for name in names.filter(|name| !name.is_empty()) {
        let line = lines.next().unwrap_or_default();
        let response: Value =
            serde_json::from_str(line).map_err(|error| format!("{name}: {error}: {line}"))?;
        let operation = api.operations.iter().find(|it| it.name == *name);
        let operation = operation.ok_or_else(|| format!("{name} is no operation"))?;
        let code = response[&api.header.code].as_str().unwrap_or_default();
        let listed = operation.codes.iter().any(|it| it.code == code);
        let absent = code.is_empty() && !operation.code_required;
        if !listed && !absent || code == api.protocol.unreadable.code {
            return Err(format!("{name}: the return code is {code:?}"));
        }
        codes.push(code.to_owned());
    }
    if codes.is_empty() || lines.next().is_some() {
        return Err("there are not as many responses as calls".to_owned());
    }
    Ok(codes)
}
