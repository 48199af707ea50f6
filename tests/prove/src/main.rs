//! Verifies the results of `cargo xtask spec diff`. The generated code of both
//! versions is compiled with code written for the old one, and programs of both
//! versions communicate with each other.

mod consumer;
mod exceptions;
mod groups;
mod judge;
mod peer;
mod samples;
mod schemas;
#[cfg(test)]
mod tests;
mod wire;
mod workspace;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use codegen::Location;
use edits::{Case, cases};
use xtask::generate::DOCUMENT;
use xtask::report::{Finding, Level, Report};
use xtask::{Ending, Failure};

use groups::{Edition, Group, Prepared, packed};
use judge::{Proof, judge};
use wire::Version;
use workspace::Workspace;

/// Path of the file with the edits, relative to the workspace root.
const CASES: &str = "tests/breaking/ours.csv";

/// Compiles and runs both versions of edits: fails if the compiler or a peer
/// disagrees with what is said of them
#[derive(Parser)]
#[command(bin_name = "cargo xtask verify prove")]
struct Arguments {
    /// Prove every row of tests/breaking/ours.csv [default: a sample with every kind of change]
    #[arg(long)]
    all: bool,
    /// Prove this row; may be given more than once
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Show of every edit by what it was proved
    #[arg(long)]
    evidence: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = xtask::root().map_err(Failure::from);
    let result = root.and_then(|root| prove(&root, &arguments));
    xtask::exit_code(&result.and_then(xtask::shown))
}

/// Returns the report, and whether every result was confirmed.
fn prove(root: &Path, arguments: &Arguments) -> Result<(String, Ending), Failure> {
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let base = Edition::new(read(DOCUMENT)?)
        .map_err(|message| format!("{DOCUMENT} is refused: {message}"))?;
    let rows = chosen(rows(root)?, &arguments.only)?;
    let whole = arguments.all || !arguments.only.is_empty();
    let rows = if whole { rows } else { sample(&rows) };
    let all = prepared(&rows, &base)?;
    let groups = packed(&all, &base);
    let proofs = proved(root, &base, &groups)?;
    let report = summed_up(&proofs, groups.len(), arguments.evidence);
    Ok((report.text(), report.ending()))
}

/// Returns the edits to verify.
fn rows(root: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(root.join(CASES)).map_err(|error| error.to_string());
    text.and_then(|text| cases(&text))
        .map_err(|error| format!("{CASES}: {error}"))
}

/// Returns the kinds of change that an edit shows.
fn rules(case: &Case) -> impl Iterator<Item = &str> {
    case.get("rules").split_whitespace()
}

/// Whether the generator refuses the edited document, which is then not verified.
fn refused(case: &Case) -> bool {
    !case.get("refused").is_empty()
}

/// Returns the first accepted row of every kind of change, unless an earlier
/// selected row covers it.
fn sample(rows: &[Case]) -> Vec<Case> {
    let mut shown = BTreeSet::new();
    let mut rows = rows.to_owned();
    rows.retain(|row| {
        let before = shown.len();
        shown.extend(rules(row).map(str::to_owned).filter(|_| !refused(row)));
        shown.len() > before
    });
    rows
}

fn chosen(rows: Vec<Case>, only: &[String]) -> Result<Vec<Case>, String> {
    if let Some(unknown) = only
        .iter()
        .find(|name| rows.iter().all(|row| row.name() != **name))
    {
        return Err(format!(
            "{CASES} has no row `{unknown}`: look at its first column"
        ));
    }
    // Renamed crates are different packages: a consumer of the old ones is never
    // compiled against them.
    let compiled = |row: &Case| rules(row).all(|rule| rule != "provider-renamed");
    let wanted = |row: &Case| {
        compiled(row) && (only.is_empty() || only.iter().any(|name| row.name() == name))
    };
    Ok(rows.into_iter().filter(wanted).collect())
}

/// Returns the edits that the generator accepts. Refused ones, which their rows
/// mark, produce no code to verify.
fn prepared(rows: &[Case], base: &Edition) -> Result<Vec<Prepared>, String> {
    let mut taken = Vec::new();
    let mut wrong = String::new();
    for case in rows {
        let (name, line) = (case.name(), case.line);
        match Prepared::new(case, base) {
            Ok(prepared) if !refused(case) => taken.push(prepared),
            Err(_) if refused(case) => {}
            Ok(_) => wrong.push_str(&format!(
                "{CASES}:{line}: {name}: the generator takes it: empty its column `refused`\n"
            )),
            Err(message) => wrong.push_str(&format!("{CASES}:{line}: {name}: {message}\n")),
        }
    }
    if wrong.is_empty() {
        Ok(taken)
    } else {
        Err(wrong)
    }
}

/// Uses two workspaces: one for the old version, and one for the new versions in turn.
fn proved(root: &Path, base: &Edition, groups: &[Group]) -> Result<Vec<Proof>, Failure> {
    let old = Workspace::new(root, "old");
    old.write(&base.generated, &base.consumer)?;
    let before = Version::start(base, &old.peer()?)?;
    if let Some((file, error)) = old.check()?.errors.first_key_value() {
        let message = format!("the consumer does not fit its own version: {file}: {error}");
        return Err(Failure::from(message));
    }
    let new = Workspace::new(root, "new");
    let mut proofs = Vec::new();
    for group in groups {
        let edition = Edition::new(group.text.clone())?;
        new.write(&edition.generated, &base.consumer)?;
        let after = Version::start(&edition, &new.peer()?)?;
        proofs.extend(judge(group, base, &new.check()?, &before, &after)?);
    }
    Ok(proofs)
}

fn summed_up(proofs: &[Proof], groups: usize, evidence: bool) -> Report {
    let mut findings = Vec::new();
    for proof in proofs {
        let location = Location::new(proof.line, 1, "");
        let doubts = proof
            .doubts
            .iter()
            .map(|doubt| (Level::Error, "disproved", doubt));
        let shown = proof.evidence.iter().filter(|_| evidence);
        for (level, rule, text) in doubts.chain(shown.map(|shown| (Level::Note, "proved", shown))) {
            let message = format!("{}: {text}", proof.name);
            findings.push(Finding::new(level, rule, CASES, &location, message));
        }
    }
    let wrong = proofs.iter().filter(|proof| !proof.doubts.is_empty());
    let ran = proofs.iter().filter(|proof| proof.messages > 0);
    Report {
        summary: format!(
            "{} edits in {groups} versions compiled, {} of them run with {} messages: {} disproved",
            proofs.len(),
            ran.clone().count(),
            ran.map(|proof| proof.messages).sum::<usize>(),
            wrong.count(),
        ),
        findings,
    }
}
