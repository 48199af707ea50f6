//! `gen`: the document to `generated/`, and whether the two agree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codegen::Generated;
use spec_tools::public_api;

use crate::sync_dir::{self, Scratch, unusable};
use crate::{Ending, Failure, Outcome};

pub use crate::sync_dir::Difference;

/// The document, from the root of the workspace.
pub const DOCUMENT: &str = "spec/skypay.yaml";

/// The folder in which everything is written by this task.
pub const OUTPUT: &str = "generated";

/// Another API, by which the tests show that the generator is not tied to one:
/// its document, and what is generated from it.
const SECOND: (&str, &str) = ("tests/second-api/api.yaml", "tests/second-api/generated");

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
pub fn compare(root: &Path) -> Result<Comparison, Failure> {
    compare_with(root, DOCUMENT, OUTPUT)
}

fn compare_with(root: &Path, document: &str, output: &str) -> Result<Comparison, Failure> {
    let text = crate::read(root, document)?;
    let generated =
        codegen::generate(&text).map_err(|diagnostics| Failure::of(&diagnostics, document))?;
    let files = formatted(root, &generated)?;
    let differences = sync_dir::differences(root, output, &files)?;
    Ok(Comparison {
        generated,
        files,
        differences,
    })
}

/// The documents of this checkout, and the folders of what is generated from
/// them.
fn all(root: &Path) -> Vec<(&'static str, &'static str)> {
    let mut all = vec![(DOCUMENT, OUTPUT)];
    if root.join(SECOND.0).exists() {
        all.push(SECOND);
    }
    all
}

/// `gen`: brings what is generated up to date.
///
/// # Errors
///
/// Why it cannot be generated, or not be written.
pub fn write(root: &Path) -> Outcome {
    for (document, output) in all(root) {
        let comparison = compare_with(root, document, output)?;
        println!("{}", read_line(document, &comparison.generated));
        let Comparison {
            files, differences, ..
        } = &comparison;
        println!("{}", sync_dir::apply(root, output, files, differences)?);
    }
    Ok(())
}

/// `gen --check`: says how what is generated differs; writes nothing.
///
/// # Errors
///
/// Something that is not as it should be.
pub fn check(root: &Path) -> Outcome {
    for (document, output) in all(root) {
        let comparison = compare_with(root, document, output)?;
        println!("{}", read_line(document, &comparison.generated));
        if comparison.differences.is_empty() {
            println!("fresh: {} files in {output}/", comparison.files.len());
            continue;
        }
        for difference in &comparison.differences {
            eprintln!("{}", difference.line(output));
        }
        eprintln!(
            "{output}/ is not what {document} gives: run `cargo xtask gen` and commit the result"
        );
        return Err(Failure::Reported(Ending::Stale));
    }
    Ok(())
}

fn read_line(document: &str, generated: &Generated) -> String {
    let api = &generated.api;
    let fields: usize = api
        .operations
        .iter()
        .flat_map(|operation| [&operation.request, &operation.response])
        .chain(&api.objects)
        .map(|message| message.fields.len() + message.transport_fields.len())
        .sum();
    let values: usize = api.code_tables.iter().map(|table| table.codes.len()).sum();
    format!(
        "read {document} {}: {} operations, {} messages, {fields} fields, {} code tables with {values} values",
        api.version,
        api.operations.len(),
        api.operations.len() * 2 + api.objects.len(),
        api.code_tables.len(),
    )
}

/// How the code is formatted, independent of the user's configuration.
const STYLE: &str = include_str!("../../rustfmt.toml");

/// The files as `cargo fmt` wants them.
fn formatted(root: &Path, generated: &Generated) -> Result<BTreeMap<String, String>, Failure> {
    let scratch = Scratch::new(root)?;
    let mut sources = Vec::new();
    for file in &generated.files {
        let target = scratch.path().join(&file.path);
        let result = target
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&target, &file.text));
        result.map_err(|error| unusable("write", &target, &error))?;
        if file.path.ends_with("src/lib.rs") {
            sources.push(target);
        }
    }
    let style = scratch.path().join("rustfmt.toml");
    fs::write(&style, STYLE).map_err(|error| unusable("write", &style, &error))?;
    rustfmt(&style, &sources)?;
    let mut files = BTreeMap::new();
    for file in &generated.files {
        let target = scratch.path().join(&file.path);
        let text =
            fs::read_to_string(&target).map_err(|error| unusable("read", &target, &error))?;
        files.insert(file.path.clone(), text);
    }
    let apis = public_api::files(generated).into_iter();
    files.extend(apis.map(|file| (file.path, file.text)));
    Ok(files)
}

/// Formats crate roots and with them the modules that they declare.
fn rustfmt(style: &Path, roots: &[PathBuf]) -> Result<(), Failure> {
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(style)
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
