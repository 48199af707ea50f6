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
use std::panic::resume_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use clap::Parser;
use codegen::Location;
use edits::{Case, cases};
use xtask::generate::DOCUMENT;
use xtask::report::{Finding, Level, Report};
use xtask::{Ending, Failure, read};

use groups::{Edition, Group, Prepared, packed};
use judge::{Proof, judge};
use wire::Version;
use workspace::{Compiled, compile};

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
    let base = Edition::new(read(root, DOCUMENT)?)
        .map_err(|message| format!("{DOCUMENT} is refused: {message}"))?;
    let rows = chosen(rows(root)?, arguments)?;
    let (old, all) = thread::scope(|scope| {
        let old = scope.spawn(|| compile(root, "old", 0, &base, &base.consumer));
        let all = prepared(&rows, &base);
        (old.join().unwrap_or_else(|cause| resume_unwind(cause)), all)
    });
    let (old, all) = (old?, all?);
    let groups = packed(&all, &base);
    let proofs = proved(root, &base, &old, &groups)?;
    let report = summed_up(&proofs, groups.len(), arguments.evidence);
    Ok((report.text(), report.ending()))
}

/// Returns the edits to verify.
fn rows(root: &Path) -> Result<Vec<Case>, String> {
    cases(&read(root, CASES)?).map_err(|error| format!("{CASES}: {error}"))
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

fn chosen(mut rows: Vec<Case>, arguments: &Arguments) -> Result<Vec<Case>, String> {
    // Renamed crates are different packages: a consumer of the old ones is never
    // compiled against them.
    rows.retain(|row| rules(row).all(|rule| rule != "provider-renamed"));
    if arguments.all {
        return Ok(rows);
    }
    if arguments.only.is_empty() {
        return Ok(sample(&rows));
    }
    for name in &arguments.only {
        if rows.iter().all(|row| row.name() != name) {
            return Err(format!("{CASES} has no row `{name}`"));
        }
    }
    rows.retain(|row| arguments.only.iter().any(|name| row.name() == name));
    Ok(rows)
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

/// Compiles the new versions in turn, each beside the messages of the one before.
fn proved(
    root: &Path,
    base: &Edition,
    old: &Compiled,
    groups: &[Group],
) -> Result<Vec<Proof>, Failure> {
    let before = Version::start(base, &old.peer)?;
    if let Some((file, error)) = old.errors.first_key_value() {
        let message = format!("the consumer does not fit its own version: {file}: {error}");
        return Err(Failure::from(message));
    }
    let (sender, compiled) = mpsc::sync_channel(0);
    let new = |number, group: &Group| -> Result<(Edition, Compiled), Failure> {
        let edition = Edition::new(group.text.clone())?;
        let compiled = compile(root, "new", number, &edition, &base.consumer)?;
        Ok((edition, compiled))
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            for (number, group) in groups.iter().enumerate() {
                if sender.send(new(number, group)).is_err() {
                    // The other thread has failed.
                    return;
                }
            }
        });
        let mut proofs = Vec::new();
        for (group, new) in groups.iter().zip(compiled) {
            let (edition, compiled) = new?;
            let after = Version::start(&edition, &compiled.peer)?;
            proofs.extend(judge(group, base, &compiled, &before, &after)?);
        }
        Ok(proofs)
    })
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
