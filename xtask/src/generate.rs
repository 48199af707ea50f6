//! `gen`: generates `generated/` from the document, or checks that it is up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codegen::Generated;
use spec_tools::public_api;

use crate::sync_dir::{self, unusable};
use crate::{Ending, Failure, Outcome};

pub use crate::sync_dir::Difference;

/// Path of the document, relative to the workspace root.
pub const DOCUMENT: &str = "spec/skypay.yaml";

/// The output folder; this task writes all of its files.
pub const OUTPUT: &str = "generated";

/// The output for the document, and how `generated/` differs from it.
#[derive(Debug)]
pub struct Comparison {
    /// The model of the document.
    pub generated: Generated,
    /// The formatted files, by path relative to `generated/`.
    pub files: BTreeMap<String, String>,
    /// The differences; empty if the folder is up to date.
    pub differences: Vec<Difference>,
}

/// Generates in memory and compares with the folder, without writing to it.
pub fn compare(root: &Path) -> Result<Comparison, Failure> {
    let text = crate::read(root, DOCUMENT)?;
    let generated =
        codegen::generate(&text).map_err(|diagnostics| Failure::of(&diagnostics, DOCUMENT))?;
    let files = formatted(root, &generated)?;
    let differences = sync_dir::differences(root, OUTPUT, &files)?;
    Ok(Comparison {
        generated,
        files,
        differences,
    })
}

/// `gen`: brings the generated files up to date.
pub fn write(root: &Path) -> Outcome {
    let comparison = compare(root)?;
    println!("{}", read_line(&comparison.generated));
    let Comparison {
        files, differences, ..
    } = &comparison;
    println!("{}", sync_dir::apply(root, OUTPUT, files, differences)?);
    Ok(())
}

/// `gen --check`: prints how the generated files differ; writes nothing.
pub fn check(root: &Path) -> Outcome {
    let comparison = compare(root)?;
    println!("{}", read_line(&comparison.generated));
    if comparison.differences.is_empty() {
        println!("fresh: {} files in {OUTPUT}/", comparison.files.len());
        return Ok(());
    }
    for difference in &comparison.differences {
        eprintln!("{}", difference.line(OUTPUT));
    }
    eprintln!(
        "{OUTPUT}/ is not what {DOCUMENT} gives: run `cargo xtask gen` and commit the result"
    );
    Err(Failure::Reported(Ending::Stale))
}

fn read_line(generated: &Generated) -> String {
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
        "read {DOCUMENT} {}: {} operations, {} messages, {fields} fields, {} code tables with {values} values",
        api.version,
        api.operations.len(),
        api.operations.len() * 2 + api.objects.len(),
        api.code_tables.len(),
    )
}

/// Returns the files of a workspace `target/…/<name>` whose members in its folder
/// `<name>` are generated crates: with the settings of this workspace, and with its
/// locked versions, so that nothing has to be fetched. Cargo distinguishes packages
/// by their path below the workspace, so that this path repeats the name.
pub fn workspace(
    root: &Path,
    name: &str,
    generated: &Generated,
) -> Result<BTreeMap<String, String>, Failure> {
    let manifest = crate::read(root, "Cargo.toml")?;
    let (before, rest) = manifest.split_once("members = [").unwrap_or_default();
    let (_, after) = rest.split_once(']').unwrap_or_default();
    let mut after = after.replace("path = \"runtime\"", "path = \"../../../runtime\"");
    let package = &generated.api.provider.package;
    for part in ["types", "client", "server"] {
        let path = format!(" = {{ path = \"{OUTPUT}/{part}\"");
        let other = format!("\n{package}-{part} = {{ path = \"{name}/{part}\"");
        after = after.replace(&format!("\nskypay-{part}{path}"), &other);
    }
    let mut files = BTreeMap::from([
        ("Cargo.lock".to_owned(), crate::read(root, "Cargo.lock")?),
        (
            "Cargo.toml".to_owned(),
            format!("{before}members = [\"{name}/*\"]{after}"),
        ),
    ]);
    let generated = generated.files.iter();
    files.extend(generated.map(|file| (format!("{name}/{}", file.path), file.text.clone())));
    Ok(files)
}

/// The rustfmt configuration, independent of the user's.
const STYLE: &str = include_str!("../../rustfmt.toml");

/// Returns the files formatted as by `cargo fmt`.
fn formatted(root: &Path, generated: &Generated) -> Result<BTreeMap<String, String>, Failure> {
    let scratch = sync_dir::scratch(root)?;
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

/// Formats crate roots and the modules that they declare.
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
