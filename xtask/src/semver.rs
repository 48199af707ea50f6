//! `semver`: which versions come next, and whether the manifests say so.

use std::fs;
use std::path::Path;

use clap::Args;
use codegen::diff::{Bump, Report, Version, compare};

use crate::Ending;
use crate::generate::DOCUMENT;
use crate::revision::{self, Documents, Source};

/// The manifest that holds the version of the crates.
const MANIFEST: &str = "Cargo.toml";

/// What to compare with, and whether to insist.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// Fail if a version is lower than it has to be
    #[arg(long)]
    pub check: bool,
}

/// A thing with a version: where it was, where it must be, where it is.
#[derive(Debug)]
struct Line {
    what: &'static str,
    bump: Bump,
    old: Version,
    least: Version,
    now: Version,
}

/// `semver`: says the next versions; with `--check`, fails if they are not
/// reached.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    match report(root, arguments) {
        Ok((text, ending)) => {
            crate::report::show(&text);
            ending
        }
        Err(message) => {
            eprintln!("{message}");
            Ending::Unusable
        }
    }
}

/// A line per thing with a version, and whether all are high enough.
///
/// # Errors
///
/// One message, if a document or a manifest cannot be read.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let lines = lines(root, arguments)?;
    let mut text: String = lines.iter().map(Line::text).collect();
    if !arguments.check || lines.iter().all(Line::is_reached) {
        return Ok((text, Ending::Clean));
    }
    text.push_str(&format!(
        "raise `info.version` in {DOCUMENT} and `[workspace.package] version` in {MANIFEST}\n"
    ));
    Ok((text, Ending::Findings))
}

impl Line {
    fn is_reached(&self) -> bool {
        self.now >= self.least
    }

    fn text(&self) -> String {
        let Self {
            what,
            bump,
            old,
            least,
            now,
        } = self;
        let is = if self.is_reached() { "is" } else { "is still" };
        let bump = bump.word();
        format!("{what:<14}  {bump:<5}  {old} -> {least}  {is} {now}\n")
    }
}

fn lines(root: &Path, arguments: &Arguments) -> Result<Vec<Line>, String> {
    let documents = revision::documents(root, arguments.against.as_deref())?;
    let report = compare(&documents.old, &documents.new);
    let old = version(&report.old_version, &documents.against)?;
    let now = version(&report.new_version, DOCUMENT)?;
    let manifest = fs::read_to_string(root.join(MANIFEST));
    let manifest = manifest.map_err(|error| format!("cannot read {MANIFEST}: {error}"))?;
    let crates = manifest_version(&manifest, MANIFEST)?;
    let crates_old = old_crates(root, &documents)?.unwrap_or(old);
    let whole = report.types();
    let mut lines = vec![Line {
        what: "document",
        bump: whole,
        old,
        least: old.next(whole),
        now,
    }];
    for (what, bump) in crate_bumps(&report) {
        lines.push(Line {
            what,
            bump,
            old: crates_old,
            least: crates_old.next(bump),
            now: crates,
        });
    }
    Ok(lines)
}

fn crate_bumps(report: &Report) -> [(&'static str, Bump); 3] {
    [
        ("skypay-types", report.types()),
        ("skypay-client", report.verdict.client),
        ("skypay-server", report.verdict.server),
    ]
}

/// The version of the crates before; nothing where only a document is known.
fn old_crates(root: &Path, documents: &Documents) -> Result<Option<Version>, String> {
    match &documents.source {
        Source::File(_) => Ok(None),
        Source::Revision(revision) => {
            let text = revision::file_at(root, revision, MANIFEST)?;
            manifest_version(&text, &documents.against).map(Some)
        }
    }
}

fn version(text: &str, file: &str) -> Result<Version, String> {
    Version::parse(text)
        .ok_or_else(|| format!("{file}: `info.version` is `{text}`, not three numbers"))
}

/// The version in `[workspace.package]`.
fn manifest_version(manifest: &str, file: &str) -> Result<Version, String> {
    let section = manifest
        .lines()
        .skip_while(|line| line.trim() != "[workspace.package]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let value = section
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "version")
        .map(|(_, value)| value.trim().trim_matches('"'));
    value
        .and_then(Version::parse)
        .ok_or_else(|| format!("{file}: [workspace.package] has no version of three numbers"))
}
