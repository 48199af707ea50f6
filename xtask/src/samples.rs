//! `samples`: runs the calls and callbacks in other languages as the reference page
//! shows them, against a sandbox. In every language all operations must give the same
//! return codes, each documented for its operation, and all callbacks the response of
//! their example.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use codegen::model::{Api, Direction};
use serde_json::Value;
use tempfile::TempDir;

use crate::docs::PAGE;
use crate::generate::DOCUMENT;
use crate::sandbox::Sandbox;
use crate::validate::{self, FOLDER};
use crate::{Ending, Failure, Outcome, cargo, read, sync_dir};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// A language of the page, by its attribute `data-language`, and how its samples
/// become programs.
struct Language {
    id: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    /// The command that compiles the files that follow it, of which the common code is
    /// one or two; empty if the program is one file, which is not compiled.
    compile: &'static [&'static str],
    calls: Program,
    /// The server for callbacks, which listens at `PORT`.
    server: Option<Program>,
}

/// A program, and what its text has besides the samples.
struct Program {
    file: &'static str,
    /// What runs it, and its arguments, of which `PORT` is a port.
    run: &'static [&'static str],
    before: &'static str,
    /// What is before and after each sample.
    around: (&'static str, &'static str),
    after: &'static str,
}

const LANGUAGES: [Language; 6] = [
    Language {
        id: "sh",
        package: "bash",
        compile: &[],
        calls: Program {
            file: "calls.sh",
            run: &["bash", "-euo", "pipefail", "calls.sh"],
            before: "",
            around: ("", "\necho \"$response\"\n"),
            after: "",
        },
        server: None,
    },
    Language {
        id: "php",
        package: "php-cli",
        compile: &[],
        calls: Program {
            file: "calls.php",
            run: &["php", "calls.php"],
            before: "",
            around: ("", "\necho json_encode($response), \"\\n\";\n"),
            after: "",
        },
        server: Some(Program {
            file: "callbacks.php",
            run: &["php", "-S", "127.0.0.1:PORT", "callbacks.php"],
            before: "",
            around: ("", "\n"),
            after: "serve($callbacks);\n",
        }),
    },
    Language {
        id: "java",
        package: "default-jdk-headless",
        compile: &["javac"],
        calls: Program {
            file: "Calls.java",
            run: &["java", "Calls"],
            before: "class Calls {\npublic static void main(String[] none) throws Exception {\n",
            around: ("{\n", "\nSystem.out.println(response);\n}\n"),
            after: "}\n}\n",
        },
        server: Some(Program {
            file: "Server.java",
            run: &["java", "Server", "PORT"],
            before: "class Server {\npublic static void main(String[] port) throws Exception {\n",
            around: ("", "\n"),
            after: "Callbacks.serve(Integer.parseInt(port[0]));\n}\n}\n",
        }),
    },
    Language {
        id: "mjs",
        package: "nodejs",
        compile: &[],
        calls: Program {
            file: "calls.mjs",
            run: &["node", "calls.mjs"],
            before: "",
            around: ("{\n", "\nconsole.log(JSON.stringify(response));\n}\n"),
            after: "",
        },
        server: Some(Program {
            file: "callbacks.mjs",
            run: &["node", "callbacks.mjs", "PORT"],
            before: "",
            around: ("", "\n"),
            after: "serve(Number(process.argv[2]));\n",
        }),
    },
    Language {
        id: "py",
        package: "python3",
        compile: &[],
        calls: Program {
            file: "calls.py",
            run: &["python", "calls.py"],
            before: "\n",
            around: ("", "\nprint(json.dumps(response))\n"),
            after: "",
        },
        server: Some(Program {
            file: "callbacks.py",
            run: &["python", "callbacks.py", "PORT"],
            before: "\nimport sys\n",
            around: ("", "\n"),
            after: "serve(int(sys.argv[1]))\n",
        }),
    },
    Language {
        id: "go",
        package: "golang-go",
        compile: &["go", "build", "-o", "program"],
        calls: Program {
            file: "main.go",
            run: &["./program"],
            before: "package main\n\nimport (\"encoding/json\"; \"fmt\"; \"log\")\n\nfunc main() {\n",
            around: (
                "{\n",
                "\nif err != nil {\nlog.Fatal(err)\n}\ntext, _ := \
                 json.Marshal(response)\nfmt.Println(string(text))\n}\n",
            ),
            after: "}\n",
        },
        server: Some(Program {
            file: "main.go",
            run: &["./program", "127.0.0.1:PORT"],
            before: "package main\n\nimport (\"log\"; \"os\")\n\nfunc main() {\n",
            around: ("", "\n"),
            after: "log.Fatal(serve(os.Args[1]))\n}\n",
        }),
    },
];

/// Runs the samples of all languages, and compares what they print and answer.
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
        let work = Work {
            root,
            api: &api,
            language,
            shown: &shown,
            sandbox: &sandbox,
            skypay: &skypay,
        };
        let printed = work.printed()?;
        let codes = work.codes(&printed).map_err(|why| {
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
        if let Some(server) = &language.server {
            println!("{:<5} {} callbacks", "", work.callbacks(server)?);
        }
    }
    Ok(())
}

/// A block of code on the page.
struct Shown {
    /// The file of code that all samples use; empty for a sample.
    file: String,
    /// The operation of a sample; empty for other code.
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
        let value = |name: &str| {
            let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let shown = Shown {
            file: value("data-file").unwrap_or_default(),
            operation: value("data-operation").unwrap_or_default(),
            code: code.replace("&quot;", "\"").replace("&amp;", "&"),
        };
        (of == language).then_some(shown)
    });
    blocks.collect()
}

/// The samples of a language, and what they run against.
struct Work<'a> {
    root: &'a Path,
    api: &'a Api,
    language: &'a Language,
    shown: &'a [Shown],
    sandbox: &'a Sandbox,
    skypay: &'a Path,
}

impl Work<'_> {
    /// Returns the samples of the operations of a direction, in the order of the page.
    fn samples(&self, direction: Direction) -> impl Iterator<Item = &Shown> {
        let is_of = move |shown: &&Shown| {
            let mut operations = self.api.operations.iter();
            operations.any(|it| it.name == shown.operation && it.direction == direction)
        };
        self.shown.iter().filter(is_of)
    }

    /// Writes the files of a program, and compiles them.
    fn build(&self, program: &Program, direction: Direction) -> Result<TempDir, Failure> {
        let folder = sync_dir::scratch(self.root)?;
        // The second file has the server.
        let files = match direction {
            Direction::ToProvider => 1,
            Direction::ToPartner => 2,
        };
        let common = self.shown.iter().filter(|it| !it.file.is_empty());
        let mut main = String::new();
        let mut compile = self.language.compile.to_vec();
        for it in common.take(files) {
            if self.language.compile.is_empty() {
                main.push_str(&format!("{}\n", it.code));
            } else {
                write(&folder, &it.file, &it.code)?;
                compile.push(&it.file);
            }
        }
        main.push_str(program.before);
        let (before, after) = program.around;
        for it in self.samples(direction) {
            main.push_str(&format!("{before}{}{after}", it.code));
        }
        main.push_str(program.after);
        write(&folder, program.file, &main)?;
        if !self.language.compile.is_empty() {
            compile.push(program.file);
            cargo::run(&mut self.command(&folder, &compile))?;
        }
        Ok(folder)
    }

    fn command(&self, folder: &TempDir, arguments: &[&str]) -> Command {
        let (program, arguments) = arguments.split_first().unwrap_or((&"", &[]));
        let mut command = match *program {
            "python" => Command::new(self.root.join(FOLDER).join(".venv/bin/python")),
            "./program" => Command::new(folder.path().join("program")),
            program => Command::new(program),
        };
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("SKYPAY_URL", self.sandbox.text("service_url"))
            .env("SKYPAY_USER_NAME", self.sandbox.text("user_name"))
            .env("SKYPAY_AUTHENTICATION", self.sandbox.text("authentication"))
            .env("SKYPAY_ENCRYPT_KEY", self.sandbox.text("encrypt_key"))
            .envs(["NO_PROXY", "no_proxy"].map(|name| (name, "127.0.0.1")));
        command
    }

    fn cannot_run(&self, error: &std::io::Error) -> Failure {
        let (id, package) = (self.language.id, self.language.package);
        format!("cannot run {id}: {error}; Debian's package {package} has it").into()
    }

    /// Runs the calls and returns what they print.
    fn printed(&self) -> Result<String, Failure> {
        let program = &self.language.calls;
        let folder = self.build(program, Direction::ToProvider)?;
        let output = self.command(&folder, program.run).output();
        let output = output.map_err(|error| self.cannot_run(&error))?;
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(Failure::Reported(Ending::Findings));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the return code of each response, a line each; empty where a successful
    /// response has none.
    fn codes(&self, printed: &str) -> Result<Vec<String>, String> {
        let mut lines = printed.lines();
        let mut codes = Vec::new();
        for name in self.samples(Direction::ToProvider).map(|it| &it.operation) {
            let line = lines.next().unwrap_or_default();
            let response: Value =
                serde_json::from_str(line).map_err(|error| format!("{name}: {error}: {line}"))?;
            let operation = self.api.operations.iter().find(|it| it.name == *name);
            let operation = operation.ok_or_else(|| format!("{name} is no operation"))?;
            let code = response[&self.api.header.code].as_str().unwrap_or_default();
            let listed = operation.codes.iter().any(|it| it.code == code);
            let absent = code.is_empty() && !operation.code_required;
            if !listed && !absent || code == self.api.protocol.unreadable.code {
                return Err(format!("{name}: the return code is {code:?}"));
            }
            codes.push(code.to_owned());
        }
        if codes.is_empty() || lines.next().is_some() {
            return Err("there are not as many responses as calls".to_owned());
        }
        Ok(codes)
    }

    /// Sends each callback to the server in this language and returns their number.
    fn callbacks(&self, program: &Program) -> Result<usize, Failure> {
        let server = self.start(program)?;
        let mut answered = 0;
        for sample in self.samples(Direction::ToPartner) {
            let name = &sample.operation;
            let mut ended = self.trigger(&server, name, &[])?;
            let operation = self.api.operations.iter().find(|it| it.name == *name);
            let example = operation.and_then(|it| it.response_examples.first());
            let mut expected = example.map_or(Value::Null, |example| example.value.clone());
            for response in [&mut expected, &mut ended["response"]] {
                if let Some(fields) = response.as_object_mut() {
                    fields.remove(&self.api.header.time);
                }
            }
            if ended["outcome"] != "accepted" || ended["response"] != expected {
                return Err(server.failed(&format!("{ended:#}\nexpected {expected:#}")));
            }
            let forged = self.trigger(&server, name, &[("SKYPAY_AUTHENTICATION", "forged")])?;
            if forged["outcome"] == "accepted" {
                return Err(server.failed(&format!("with forged credentials: {forged:#}")));
            }
            answered += 1;
        }
        if answered < self.api.of_direction(Direction::ToPartner).len() {
            return Err(server.failed("a callback has no sample"));
        }
        Ok(answered)
    }

    /// Starts the server and waits until it accepts connections.
    fn start(&self, program: &Program) -> Result<Server, Failure> {
        let folder = self.build(program, Direction::ToPartner)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
        let port = free
            .map_err(|error| format!("no port is free: {error}"))?
            .port();
        let port = port.to_string();
        let run: Vec<_> = program
            .run
            .iter()
            .map(|it| it.replace("PORT", &port))
            .collect();
        let run: Vec<_> = run.iter().map(String::as_str).collect();
        let log = folder.path().join(LOG);
        let log = File::create(&log).map_err(|error| sync_dir::unusable("write", &log, &error))?;
        let mut command = self.command(&folder, &run);
        let process = command.stdout(Stdio::null()).stderr(log).spawn();
        let process = process.map_err(|error| self.cannot_run(&error))?;
        let mut server = Server {
            process,
            url: format!("http://127.0.0.1:{port}/"),
            folder,
        };
        let started = Instant::now();
        while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            let ended = server
                .process
                .try_wait()
                .is_ok_and(|status| status.is_some());
            if ended || started.elapsed() > START {
                return Err(server.failed("the server does not start"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Sends a callback to the server and returns how that ended.
    fn trigger(
        &self,
        server: &Server,
        operation: &str,
        credentials: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let output = Command::new(self.skypay)
            .args([
                "trigger",
                "--to",
                &server.url,
                "--json",
                "--show-personal-data",
            ])
            .arg(operation)
            .current_dir(server.folder.path())
            .env("SKYPAY_SANDBOX", self.sandbox.text("url"))
            .envs(credentials.iter().copied())
            .output()
            .map_err(|error| format!("cannot run skypay: {error}"))?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let why = String::from_utf8_lossy(&output.stderr);
            server.failed(&format!("{operation}: {error}: {why}"))
        })
    }
}

/// The file with what a server writes to standard error.
const LOG: &str = "log";

/// A running server, killed on drop.
struct Server {
    process: Child,
    url: String,
    folder: TempDir,
}

impl Server {
    /// Prints why something failed, and what the server wrote.
    fn failed(&self, why: &str) -> Failure {
        let log = fs::read_to_string(self.folder.path().join(LOG));
        eprintln!("{why}\n{}", log.unwrap_or_default());
        Failure::Reported(Ending::Findings)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may already have exited.
        let _ = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn write(folder: &TempDir, name: &str, text: &str) -> Outcome {
    let path = folder.path().join(name);
    fs::write(&path, text).map_err(|error| sync_dir::unusable("write", &path, &error))
}
