//! `gen`: the document to `generated/`, and whether the two are in step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codegen::{Generated, Problems};

use crate::Ending;

/// The document, from the root of the workspace.
pub const DOCUMENT: &str = "spec/skypay.yaml";

/// The folder in which everything is written by this task.
pub const OUTPUT: &str = "generated";

/// Why nothing could be generated.
#[derive(Debug)]
pub enum Failure {
    /// The document breaks rules; the report says which and where.
    Refused(String),
    /// A file or a program could not be used.
    Unusable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(report) => write!(f, "{}", report.trim_end()),
            Self::Unusable(message) => write!(f, "{message}"),
        }
    }
}

impl Failure {
    /// A text that is no document cannot be used; a document can be refused.
    fn of(problems: &Problems) -> Self {
        let report = problems.report(DOCUMENT).to_string();
        if problems
            .as_slice()
            .iter()
            .any(|problem| problem.rule == "yaml")
        {
            Self::Unusable(report.trim_end().to_owned())
        } else {
            Self::Refused(report)
        }
    }

    /// How a task ends that fails by this.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Refused(_) => Ending::Findings,
            Self::Unusable(_) => Ending::Unusable,
        }
    }
}

/// A file of `generated/` that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It should be there.
    New(String),
    /// It should read differently.
    Changed(String),
    /// The document gives no such file.
    Leftover(String),
}

impl Difference {
    /// The file, below `generated/`.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::New(path) | Self::Changed(path) | Self::Leftover(path) => path,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(path) => write!(f, "missing   {OUTPUT}/{path}"),
            Self::Changed(path) => write!(f, "stale     {OUTPUT}/{path}"),
            Self::Leftover(path) => write!(f, "leftover  {OUTPUT}/{path}"),
        }
    }
}

/// What the document gives, and how `generated/` differs from it.
#[derive(Debug)]
pub struct Comparison {
    /// The model of the document.
    pub generated: Generated,
    /// The formatted files, by path below `generated/`.
    pub files: BTreeMap<String, String>,
    /// How the folder differs; empty if it does not.
    pub differences: Vec<Difference>,
}

/// Generates in memory and compares with the folder. Writes nothing there.
///
/// # Errors
///
/// A refused document, or a file or program that cannot be used.
pub fn compare(root: &Path) -> Result<Comparison, Failure> {
    let path = root.join(DOCUMENT);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::Unusable(format!("cannot read {DOCUMENT}: {error}")))?;
    let generated = codegen::generate(&text).map_err(|problems| Failure::of(&problems))?;
    let files = formatted(root, &generated)?;
    let differences = differences(&root.join(OUTPUT), &files)?;
    Ok(Comparison {
        generated,
        files,
        differences,
    })
}

/// `gen`: brings `generated/` in step with the document.
#[must_use]
pub fn write(root: &Path) -> Ending {
    let comparison = match compare(root) {
        Ok(comparison) => comparison,
        Err(failure) => return refuse(&failure),
    };
    println!("{}", read_line(&comparison.generated));
    if let Err(failure) = apply(root, &comparison) {
        return refuse(&failure);
    }
    println!("{}", written_line(&comparison));
    Ending::Clean
}

/// `gen --check`: says how `generated/` differs; writes nothing.
#[must_use]
pub fn check(root: &Path) -> Ending {
    let comparison = match compare(root) {
        Ok(comparison) => comparison,
        Err(failure) => return refuse(&failure),
    };
    println!("{}", read_line(&comparison.generated));
    if comparison.differences.is_empty() {
        println!("fresh: {} files in {OUTPUT}/", comparison.files.len());
        return Ending::Clean;
    }
    for difference in &comparison.differences {
        eprintln!("{difference}");
    }
    eprintln!(
        "{OUTPUT}/ is not what {DOCUMENT} gives: run `cargo xtask gen` and commit the result"
    );
    Ending::Stale
}

fn refuse(failure: &Failure) -> Ending {
    eprintln!("{failure}");
    if let Failure::Refused(report) = failure {
        let count = report.lines().filter(|line| line.contains(": [")).count();
        eprintln!("{DOCUMENT} was refused: {count} problem(s), nothing was written");
    }
    failure.ending()
}

fn read_line(generated: &Generated) -> String {
    let api = &generated.api;
    let fields: usize = api
        .operations
        .iter()
        .flat_map(|operation| [&operation.request, &operation.response])
        .chain(&api.rows)
        .map(|message| message.fields.len() + message.transport_fields.len())
        .sum();
    let values: usize = api.code_tables.iter().map(|table| table.codes.len()).sum();
    format!(
        "read {DOCUMENT} {}: {} operations, {} messages, {fields} fields, {} code tables with {values} values",
        api.version,
        api.operations.len(),
        api.operations.len() * 2 + api.rows.len(),
        api.code_tables.len(),
    )
}

fn written_line(comparison: &Comparison) -> String {
    let count = |kind: fn(&Difference) -> bool| {
        comparison
            .differences
            .iter()
            .filter(|difference| kind(difference))
            .count()
    };
    let new = count(|difference| matches!(difference, Difference::New(_)));
    let changed = count(|difference| matches!(difference, Difference::Changed(_)));
    let deleted = count(|difference| matches!(difference, Difference::Leftover(_)));
    let untouched = comparison.files.len() - new - changed;
    format!(
        "{OUTPUT}/: {new} written, {changed} changed, {untouched} left alone, {deleted} deleted"
    )
}

/// Writes in place and deletes leftovers afterwards: a folder that is emptied
/// first leaves no manifest for cargo, and with it no way to run this task.
fn apply(root: &Path, comparison: &Comparison) -> Result<(), Failure> {
    let folder = root.join(OUTPUT);
    for difference in &comparison.differences {
        if let Difference::New(path) | Difference::Changed(path) = difference {
            let target = folder.join(path);
            let result = target
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&target, &comparison.files[path]));
            result.map_err(|error| unusable("write", &target, &error))?;
            println!("  wrote    {OUTPUT}/{path}");
        }
    }
    for difference in &comparison.differences {
        if let Difference::Leftover(path) = difference {
            let target = folder.join(path);
            fs::remove_file(&target).map_err(|error| unusable("delete", &target, &error))?;
            println!("  deleted  {OUTPUT}/{path}");
        }
    }
    Ok(())
}

fn differences(
    folder: &Path,
    files: &BTreeMap<String, String>,
) -> Result<Vec<Difference>, Failure> {
    let present = files_below(folder)?;
    let mut differences = Vec::new();
    for (path, text) in files {
        if !present.contains(path) {
            differences.push(Difference::New(path.clone()));
            continue;
        }
        let target = folder.join(path);
        let current = fs::read(&target).map_err(|error| unusable("read", &target, &error))?;
        if current != text.as_bytes() {
            differences.push(Difference::Changed(path.clone()));
        }
    }
    let leftovers = present.iter().filter(|path| !files.contains_key(*path));
    differences.extend(leftovers.cloned().map(Difference::Leftover));
    Ok(differences)
}

/// The paths of all files below a folder, with `/` between their parts.
fn files_below(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unusable("read", &path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unusable("read", &path, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{prefix}{name}");
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

/// The files as `cargo fmt` wants them.
fn formatted(root: &Path, generated: &Generated) -> Result<BTreeMap<String, String>, Failure> {
    let scratch = Scratch::new(root)?;
    let mut sources = Vec::new();
    for file in &generated.files {
        let target = scratch.0.join(&file.path);
        let result = target
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&target, &file.text));
        result.map_err(|error| unusable("write", &target, &error))?;
        if file.path.ends_with("src/lib.rs") {
            sources.push(target);
        }
    }
    rustfmt(&sources)?;
    let mut files = BTreeMap::new();
    for file in &generated.files {
        let target = scratch.0.join(&file.path);
        let text =
            fs::read_to_string(&target).map_err(|error| unusable("read", &target, &error))?;
        files.insert(file.path.clone(), text);
    }
    Ok(files)
}

/// Formats crate roots and with them the modules that they declare.
fn rustfmt(roots: &[PathBuf]) -> Result<(), Failure> {
    let output = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(roots)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Failure::Unusable(format!(
                "cannot run rustfmt ({error}): install it with `rustup component add rustfmt`"
            ))
        })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Failure::Unusable(format!(
        "rustfmt refuses the generated code, which is a mistake of the generator:\n{message}"
    )))
}

fn unusable(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Unusable(format!("cannot {verb} {}: {error}", path.display()))
}

/// A folder of this process below `target/`, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(root: &Path) -> Result<Self, Failure> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gen-{}-{number}", std::process::id());
        let path = root.join("target").join("xtask").join(name);
        fs::create_dir_all(&path).map_err(|error| unusable("create", &path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it: the next run uses another name.
        let _ = fs::remove_dir_all(&self.0);
    }
}
