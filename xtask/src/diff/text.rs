//! The report for people: on a terminal, and in a pull request.

use codegen::diff::{Change, Headline, Part, Role, Side, User, Verdict, Wire};

use crate::approvals::Entry;
use crate::approve;
use crate::generate::DOCUMENT;
use crate::report::{WIDTH, counted, escaped, paragraph, wrapped};

use super::Told;

/// What stands before lines that belong to the one above.
const INDENT: &str = "  ";

/// How much of a value is shown.
const SHOWN: usize = 60;

/// How many users of a change are named.
const NAMED: usize = 4;

/// For a terminal: the headline, then a paragraph per change.
pub(super) fn text(told: &Told<'_>) -> String {
    let mut out = paragraph(&summary(told));
    for change in &told.report().changes {
        out.push('\n');
        out.push_str(&one(change, told));
    }
    for finding in &told.comparison.stale {
        out.push_str(&format!(
            "\n{}",
            paragraph(&format!("error: {}", finding.message))
        ));
        out.push_str(&format!("  {}\n", finding.location()));
    }
    if !told.report().changes.is_empty() {
        out.push_str(&format!("\n{}\n", bumps(told)));
    }
    out
}

fn one(change: &Change, told: &Told<'_>) -> String {
    let approval = told.approval(change);
    let approved = approval.map_or("", |_| "approved ");
    let headline = told.headline_of(change);
    let mut out = paragraph(&format!("{approved}{headline}: {}", sentence(change)));
    out.push_str(&format!("  {}{}\n", location(change, told), name(change)));
    for text in [consequence(change), users(change), decision(approval)] {
        let lines = wrapped(&text, WIDTH - INDENT.len());
        out.extend(lines.iter().map(|line| format!("{INDENT}{line}\n")));
    }
    out
}

/// The name by which a change is approved, where it may need that.
fn name(change: &Change) -> String {
    if approve::worst(change) < Headline::Risky || change.lint.is_some() {
        return String::new();
    }
    format!(" ({})", change.fingerprint())
}

/// Why a change was decided on, if it was.
fn decision(approval: Option<&Entry>) -> String {
    approval.map_or_else(String::new, |entry| {
        format!("approved until {}: {}", entry.expires, entry.reason)
    })
}

/// For a pull request: the headline, a row per change, the words folded away.
pub(super) fn markdown(told: &Told<'_>) -> String {
    format!("### {}\n{}", escaped(&summary(told)), rows(told))
}

/// The table of a pull request: what has a consequence, then the rest, folded.
pub(crate) fn rows(told: &Told<'_>) -> String {
    let mut out = String::new();
    let (loud, quiet): (Vec<_>, Vec<_>) = told
        .report()
        .changes
        .iter()
        .partition(|change| told.headline_of(change) > Headline::Patch);
    if !loud.is_empty() {
        out.push_str(&format!("\n{}\n\n", escaped(&bumps(told))));
        out.push_str(&table(&loud, told));
    }
    if !quiet.is_empty() {
        let title = format!(
            "{} without consequence for {}",
            counted(quiet.len(), "change"),
            whom(told)
        );
        out.push_str(&format!("\n<details><summary>{title}</summary>\n\n"));
        out.push_str(&table(&quiet, told));
        out.push_str("\n</details>\n");
    }
    for finding in &told.comparison.stale {
        let line = format!("{} ({})", finding.message, finding.location());
        out.push_str(&format!("\n**error** {}\n", escaped(&line)));
    }
    out
}

fn table(changes: &[&Change], told: &Told<'_>) -> String {
    let mut out =
        "| | change | who | wire | code | where |\n|---|---|---|---|---|---|\n".to_owned();
    for change in changes {
        out.push_str(&row(change, told));
    }
    out
}

/// A change in a table; struck through, if somebody has decided on it.
fn row(change: &Change, told: &Told<'_>) -> String {
    let verdict = change.verdict;
    let cells = [
        told.headline_of(change).word().to_owned(),
        sentence(change),
        users(change),
        format!(
            "caller {}, callee {}",
            verdict.caller.word(),
            verdict.callee.word()
        ),
        format!(
            "client {}, server {}",
            verdict.client.word(),
            verdict.server.word()
        ),
        format!("{}{}", location(change, told), name(change)),
    ];
    let mut cells = cells.map(|cell| escaped(&cell));
    if let Some(entry) = told.approval(change) {
        for cell in cells.iter_mut().filter(|cell| !cell.is_empty()) {
            *cell = format!("~~{cell}~~");
        }
        let decision = escaped(&decision(Some(entry)));
        cells[1].push_str(&format!("<br>{decision}"));
    }
    format!("| {} |\n", cells.join(" | "))
}

/// The report in one line.
pub(crate) fn summary(told: &Told<'_>) -> String {
    let whom = whom(told);
    let headline = told.headline();
    let what = match headline {
        Headline::LintError => "REFUSED: the edit must not pass the lint".to_owned(),
        Headline::Breaking => format!("BREAKING for {whom}"),
        Headline::SourceBreaking => format!("source-breaking for {whom}"),
        Headline::Risky => format!("risky for {whom}"),
        Headline::Compatible => format!("compatible for {whom}"),
        Headline::Patch if told.report().changes.is_empty() => "order only".to_owned(),
        Headline::Patch => format!("no consequence for {whom}"),
        Headline::None => return format!("no change against {}", told.against()),
    };
    let approved = if told.is_decided() { ", approved" } else { "" };
    let changes = counted(told.report().changes.len(), "change");
    format!("{what}{approved}; {changes} against {}", told.against())
}

fn whom(told: &Told<'_>) -> &'static str {
    match told.role.into() {
        Role::Partner => "partners",
        Role::Client => "callers",
        Role::Server => "callees",
    }
}

fn bumps(told: &Told<'_>) -> String {
    let Verdict { client, server, .. } = told.report().verdict;
    format!(
        "versions: types {}, client {}, server {} (see `cargo xtask semver`)",
        told.report().types().word(),
        client.word(),
        server.word(),
    )
}

/// What changed, in one line.
pub(super) fn sentence(change: &Change) -> String {
    let values = match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!(": {} -> {}", short(old), short(new)),
        (Some(old), None) => format!(": {}", short(old)),
        (None, Some(new)) => format!(": {}", short(new)),
        (None, None) => String::new(),
    };
    format!("{} {}{values}", change.subject, change.rule)
}

/// What happened and what follows, on one line.
pub(super) fn message(change: &Change, told: &Told<'_>) -> String {
    let parts = [
        sentence(change),
        consequence(change),
        users(change),
        decision(told.approval(change)),
        format!("at {}", location(change, told)),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// `file:line:column`, with the revision in front of what is gone.
pub(super) fn location(change: &Change, told: &Told<'_>) -> String {
    let file = match change.side {
        Side::Old => told.against(),
        Side::New => DOCUMENT,
    };
    format!("{file}:{}:{}", change.place.line, change.place.column)
}

/// What follows for both sides and both halves.
pub(super) fn consequence(change: &Change) -> String {
    let Verdict {
        caller,
        callee,
        client,
        server,
    } = change.verdict;
    let wire = match (caller, callee) {
        (Wire::Ok, Wire::Ok) => "nothing moves on the wire".to_owned(),
        _ => format!(
            "deployed caller: {}, deployed callee: {}",
            fares(caller),
            fares(callee)
        ),
    };
    let lint = change
        .lint
        .map(|lint| format!("; the lint refuses it ({lint})"));
    format!(
        "{wire}; code: client {}, server {}{}",
        client.word(),
        server.word(),
        lint.unwrap_or_default(),
    )
}

fn fares(wire: Wire) -> &'static str {
    match wire {
        Wire::Ok => "works",
        Wire::Risk => "at risk",
        Wire::Break => "breaks",
    }
}

/// Who is touched.
pub(super) fn users(change: &Change) -> String {
    if change.users.is_empty() {
        return String::new();
    }
    let names = change.users.iter().take(NAMED).map(user);
    let names: Vec<_> = names.collect();
    let more = change.users.len().saturating_sub(NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("in {}{more}", names.join(", "))
}

/// A user as people call it.
pub(super) fn user(user: &User) -> String {
    let kind = if user.callback { "callback " } else { "" };
    let part = match user.part {
        Some(Part::Request) => " request",
        Some(Part::Response) => " response",
        None => "",
    };
    format!("{kind}{}{part}", user.operation)
}

/// A value on one line, cut where it is long.
fn short(text: &str) -> String {
    let line: Vec<_> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let cut: String = line.chars().take(SHOWN - 1).collect();
    format!("{cut}…")
}
