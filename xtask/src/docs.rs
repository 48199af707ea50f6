//! `docs`: the API reference as one self-contained HTML page.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use codegen::Diagnostics;
use codegen::model::Api;
use spec_tools::diff::compare;
use spec_tools::docs::{Compared, Sealed, clear_texts, page};

use crate::generate::DOCUMENT;
use crate::{Ending, atomic_write, cargo, comparison};

/// Path of the page, relative to the workspace root; the sandbox serves it.
pub const PAGE: &str = "sandbox/src/page/reference.html";

/// Path of a page with change badges.
const MARKED: &str = "target/docs/skypay.html";

/// The key that encrypts the page's examples. It is not secret: the page shows it.
const ENCRYPT_KEY: &str = "Encrypt Key of the examples";

/// What to mark, and where to write.
#[derive(Args, Clone, Debug, Default)]
pub struct Arguments {
    /// Mark what changed since a revision or a file [default: mark nothing]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// The file to write [default: the page that the sandbox serves; with
    /// --against, target/docs/skypay.html]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write nothing; exit with 4 if the page is out of date
    #[arg(long, conflicts_with_all = ["against", "out"])]
    pub check: bool,
}

/// `docs`: writes the page and returns its path and size; with `--check`, returns
/// whether the page is up to date.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let text = written(root, arguments.against.as_deref())?;
    if arguments.check {
        return Ok(compared(root, &text));
    }
    let path = match (&arguments.out, &arguments.against) {
        (Some(path), _) => path.clone(),
        (None, None) => root.join(PAGE),
        (None, Some(_)) => root.join(MARKED),
    };
    let shown = path.strip_prefix(root).unwrap_or(&path).display();
    if path.is_dir() {
        return Err(format!("{shown} is a folder: name a file by --out"));
    }
    atomic_write::write(&path, &text).map_err(|error| format!("cannot write {shown}: {error}"))?;
    let size = text.len().div_ceil(1000);
    Ok((format!("wrote {shown}, {size} kB\n"), Ending::Clean))
}

/// Compares the page with the one generated from the document.
fn compared(root: &Path, text: &str) -> (String, Ending) {
    if fs::read_to_string(root.join(PAGE)).is_ok_and(|page| page == text) {
        let size = text.len().div_ceil(1000);
        let message = format!("{PAGE} is what {DOCUMENT} gives, {size} kB\n");
        return (message, Ending::Clean);
    }
    let message = format!(
        "{PAGE} is not what {DOCUMENT} gives.\nRun `cargo xtask spec docs` and commit the result.\n"
    );
    (message, Ending::Stale)
}

/// Returns the text of the page.
fn written(root: &Path, against: Option<&str>) -> Result<String, String> {
    let report = |diagnostics: Diagnostics| diagnostics.report(DOCUMENT);
    let api = codegen::api(&crate::read(root, DOCUMENT)?).map_err(report)?;
    let Some(against) = against else {
        return page(&api, &sealed(&api)?, None).map_err(report);
    };
    let documents = comparison::documents(root, Some(against))?;
    let compared = Compared {
        report: &compare(&documents.old, &documents.new),
        against: &documents.against,
    };
    page(&api, &sealed(&api)?, Some(compared)).map_err(report)
}

/// Returns the examples as sent, encrypted by a program of the runtime, since
/// this crate does not link the cipher.
fn sealed(api: &Api) -> Result<Sealed, String> {
    let texts = clear_texts(api);
    let sealed =
        seal(&texts.join("\n")).map_err(|why| format!("the examples cannot be sealed: {why}"))?;
    let bodies: Vec<_> = sealed.lines().map(str::to_owned).collect();
    if bodies.len() != texts.len() {
        return Err("the examples cannot be sealed: some came back, some did not".to_owned());
    }
    Ok(Sealed {
        key: ENCRYPT_KEY.to_owned(),
        bodies: texts.into_iter().zip(bodies).collect(),
    })
}

/// Encrypts messages, one per line, with that program. It is built from this
/// workspace, wherever the document is located.
fn seal(messages: &str) -> Result<String, String> {
    let root = crate::root()?;
    let program = format!("--example {}", cargo::SEAL);
    let mut program = Command::new(cargo::built(&root, &program)?)
        .arg(ENCRYPT_KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    // Write from a second thread: otherwise both processes would block once the
    // output exceeds the pipe's buffer.
    let input = program.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.map(|mut input| input.write_all(messages.as_bytes())));
        program.wait_with_output()
    });
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
