//! The report for people: on a terminal, and in a pull request.

use codegen::diff::{Change, Headline, Part, Role, Side, User, Verdict, Wire};

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
    for change in &told.report.changes {
        let headline = change.headline_for(told.role.into());
        out.push('\n');
        out.push_str(&paragraph(&format!("{headline}: {}", sentence(change))));
        out.push_str(&format!("  {}\n", location(change, told.against)));
        for text in [consequence(change), users(change)] {
            let lines = wrapped(&text, WIDTH - INDENT.len());
            out.extend(lines.iter().map(|line| format!("{INDENT}{line}\n")));
        }
    }
    if !told.report.changes.is_empty() {
        out.push_str(&format!("\n{}\n", bumps(told)));
    }
    out
}

/// For a pull request: the headline, a row per change, the words folded away.
pub(super) fn markdown(told: &Told<'_>) -> String {
    let mut out = format!("### {}\n", escaped(&summary(told)));
    let (loud, quiet): (Vec<_>, Vec<_>) = told
        .report
        .changes
        .iter()
        .partition(|change| change.headline_for(told.role.into()) > Headline::Patch);
    if !loud.is_empty() {
        out.push_str(&format!("\n{}\n\n", escaped(&bumps(told))));
        out.push_str(&table(&loud, told));
    }
    if !quiet.is_empty() {
        let title = format!(
            "{} without consequence for them",
            counted(quiet.len(), "change")
        );
        out.push_str(&format!("\n<details><summary>{title}</summary>\n\n"));
        out.push_str(&table(&quiet, told));
        out.push_str("\n</details>\n");
    }
    out
}

fn table(changes: &[&Change], told: &Told<'_>) -> String {
    let mut out =
        "| | change | who | wire | code | where |\n|---|---|---|---|---|---|\n".to_owned();
    for change in changes {
        let verdict = change.verdict;
        let cells = [
            change.headline_for(told.role.into()).word().to_owned(),
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
            format!(
                "{} ({})",
                location(change, told.against),
                change.fingerprint()
            ),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| escaped(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

/// The report in one line.
pub(super) fn summary(told: &Told<'_>) -> String {
    let whom = match told.role.into() {
        Role::Partner => "partners",
        Role::Client => "callers",
        Role::Server => "callees",
    };
    let headline = told.headline();
    let what = match headline {
        Headline::LintError => "REFUSED: the edit must not pass the lint".to_owned(),
        Headline::Breaking => format!("BREAKING for {whom}"),
        Headline::SourceBreaking => format!("source-breaking for {whom}"),
        Headline::Risky => format!("risky for {whom}"),
        Headline::Compatible => format!("compatible for {whom}"),
        Headline::Patch if told.report.changes.is_empty() => "order only".to_owned(),
        Headline::Patch => format!("no consequence for {whom}"),
        Headline::None => return format!("no change against {}", told.against),
    };
    let changes = counted(told.report.changes.len(), "change");
    format!("{what}; {changes} against {}", told.against)
}

fn bumps(told: &Told<'_>) -> String {
    let Verdict { client, server, .. } = told.report.verdict;
    format!(
        "versions: types {}, client {}, server {} (see `cargo xtask semver`)",
        told.report.types().word(),
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
        format!("at {}", location(change, told.against)),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// `file:line:column`, with the revision in front of what is gone.
pub(super) fn location(change: &Change, against: &str) -> String {
    let file = match change.side {
        Side::Old => against,
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
            told(caller),
            told(callee)
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

fn told(wire: Wire) -> &'static str {
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
