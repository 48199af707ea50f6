//! The report as text: for a terminal and for a pull request.

use spec_tools::diff::{Change, Impact, Part, Role, Severity, Side, User, Wire};

use crate::approvals::Entry;
use crate::approve;
use crate::generate::DOCUMENT;
use crate::report::{WIDTH, counted, paragraph, wrapped};

use super::View;

/// The indentation of continuation lines.
const INDENT: &str = "  ";

/// The maximum number of characters shown of a value.
const SHOWN: usize = 60;

/// The number of equal characters shown before a difference.
const CONTEXT: usize = 15;

/// The maximum number of users named per change.
const NAMED: usize = 4;

/// For a terminal: the severity, then a paragraph per change.
pub(super) fn text(view: &View<'_>) -> String {
    let mut out = paragraph(&summary(view));
    out.push_str(&paragraphs(view));
    for finding in &view.comparison.stale {
        out.push_str(&format!(
            "\n{}",
            paragraph(&format!("error: {}", finding.message))
        ));
        out.push_str(&format!("  {}\n", finding.location()));
    }
    if !view.report().changes.is_empty() {
        out.push_str(&format!("\n{}", paragraph(&bumps(view))));
    }
    out
}

/// Returns a paragraph per change, each preceded by an empty line.
pub(crate) fn paragraphs(view: &View<'_>) -> String {
    let changes = view.report().changes.iter();
    changes
        .map(|change| format!("\n{}", one(change, view)))
        .collect()
}

fn one(change: &Change, view: &View<'_>) -> String {
    let approval = view.approval(change);
    let approved = approval.map_or("", |_| "approved ");
    let severity = view.severity_of(change);
    let mut out = paragraph(&format!("{approved}{severity}: {}", sentence(change)));
    out.push_str(&format!("  {}{}\n", location(change, view), name(change)));
    for text in [consequence(change), users(change), decision(approval)] {
        let lines = wrapped(&text, WIDTH - INDENT.len());
        out.extend(lines.iter().map(|line| format!("{INDENT}{line}\n")));
    }
    out
}

/// Returns the fingerprint of a change, if it may need approval.
pub(super) fn name(change: &Change) -> String {
    if approve::worst(change) < Severity::Risky || change.lint.is_some() {
        return String::new();
    }
    format!(" ({})", change.fingerprint())
}

/// Returns the reason for which a change is approved, if it is.
pub(super) fn decision(approval: Option<&Entry>) -> String {
    approval.map_or_else(String::new, |entry| {
        format!("approved until {}: {}", entry.expires, entry.reason)
    })
}

/// Returns a one-line summary of the report.
pub(super) fn summary(view: &View<'_>) -> String {
    let whom = whom(view);
    let severity = view.severity();
    let what = match severity {
        Severity::LintError => "REFUSED: the edit must not pass the lint".to_owned(),
        Severity::Breaking => format!("BREAKING for {whom}"),
        Severity::SourceBreaking => format!("source-breaking for {whom}"),
        Severity::Risky => format!("risky for {whom}"),
        Severity::Compatible => format!("compatible for {whom}"),
        Severity::Patch if view.report().changes.is_empty() => "order only".to_owned(),
        Severity::Patch => format!("no consequence for {whom}"),
        Severity::None => return format!("no change against {}", view.origin()),
    };
    let approved = if view.is_decided() { ", approved" } else { "" };
    let changes = counted(view.report().changes.len(), "change");
    format!("{what}{approved}; {changes} against {}", view.origin())
}

pub(super) fn whom(view: &View<'_>) -> &'static str {
    match view.role.into() {
        Role::Partner => "partners",
        Role::Client => "callers",
        Role::Server => "callees",
    }
}

pub(super) fn bumps(view: &View<'_>) -> String {
    let Impact { client, server, .. } = view.report().impact;
    format!(
        "versions: types {}, client {}, server {} (see `cargo xtask spec semver`)",
        view.report().types().word(),
        client.word(),
        server.word(),
    )
}

/// Describes a change on one line.
pub(super) fn sentence(change: &Change) -> String {
    let values = match values(change) {
        (Some(old), Some(new)) => format!(": {old} -> {new}"),
        (Some(only), None) | (None, Some(only)) => format!(": {only}"),
        (None, None) => String::new(),
    };
    format!("{} {}{values}", change.subject, change.rule)
}

/// Returns the old and the new value, shortened to fit on a line: for two long
/// texts, the part in which they differ.
pub(super) fn values(change: &Change) -> (Option<String>, Option<String>) {
    let on_a_line = |text: &Option<String>| text.as_deref().map(on_a_line);
    let (old, new) = (on_a_line(&change.old), on_a_line(&change.new));
    let from = match (&old, &new) {
        (Some(old), Some(new)) => start_of_difference(old, new),
        _ => 0,
    };
    (
        old.map(|text| cut(&text, from)),
        new.map(|text| cut(&text, from)),
    )
}

/// Returns the index from which two texts are shown: shortly before the first
/// difference, if that is too far from the start.
fn start_of_difference(old: &str, new: &str) -> usize {
    let same = old.chars().zip(new.chars());
    let same = same.take_while(|(old, new)| old == new).count();
    let longest = old.chars().count().max(new.chars().count());
    if longest <= SHOWN || same < SHOWN / 2 {
        return 0;
    }
    same - CONTEXT
}

fn on_a_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

/// Returns a text from a character index on, truncated if it is long.
fn cut(text: &str, from: usize) -> String {
    let rest: String = text.chars().skip(from).collect();
    let start = if from == 0 { "" } else { "…" };
    if rest.chars().count() <= SHOWN {
        return format!("{start}{rest}");
    }
    let shown: String = rest.chars().take(SHOWN - 1).collect();
    format!("{start}{shown}…")
}

/// Describes a change and its consequences on one line.
pub(super) fn message(change: &Change, view: &View<'_>) -> String {
    let parts = [
        sentence(change),
        consequence(change),
        users(change),
        decision(view.approval(change)),
        format!("at {}", location(change, view)),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// `file:line:column`, preceded by the revision for removed parts.
pub(super) fn location(change: &Change, view: &View<'_>) -> String {
    let file = match change.side {
        Side::Old => view.against(),
        Side::New => DOCUMENT,
    };
    format!("{file}:{}:{}", change.location.line, change.location.column)
}

/// Describes the consequences for both sides and both halves.
pub(super) fn consequence(change: &Change) -> String {
    let Impact {
        caller,
        callee,
        client,
        server,
    } = change.impact;
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

/// Returns the affected users.
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

/// Returns the display name of a user.
pub(super) fn user(user: &User) -> String {
    let kind = if user.callback { "callback " } else { "" };
    let part = match user.part {
        Some(Part::Request) => " request",
        Some(Part::Response) => " response",
        None => "",
    };
    format!("{kind}{}{part}", user.operation)
}

#[cfg(test)]
mod tests {
    use super::{cut, start_of_difference};

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let check = |old: &str, new: &str, expected: [&str; 2]| {
            let from = start_of_difference(old, new);
            assert_eq!([cut(old, from), cut(new, from)], expected);
        };
        check("a", "b", ["a", "b"]);
        let long = "word ".repeat(20);
        let (old, new) = (format!("{long}old end"), format!("{long}new end"));
        check(
            &old,
            &new,
            ["…word word word old end", "…word word word new end"],
        );
        let (old, new) = (format!("old {long}"), format!("new {long}"));
        let shown = "word ".repeat(11);
        let ends = [format!("old {shown}…"), format!("new {shown}…")];
        check(&old, &new, [&ends[0], &ends[1]]);
    }
}
