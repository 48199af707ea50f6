//! The report as Markdown for a pull request.

use spec_tools::diff::{Change, Part, Severity, Side, User};

use crate::generate::DOCUMENT;
use crate::report::{code, counted, escaped};

use super::View;
use super::text::{decision, location, name, values, whom};

/// The maximum number of users named per change.
const NAMED: usize = 4;

/// Returns the table: changes with an impact, then the rest in a collapsed
/// section. Locations link to the files below `links`, if given.
pub(crate) fn rows(view: &View<'_>, links: Option<&str>) -> String {
    let mut out = String::new();
    let (loud, quiet): (Vec<_>, Vec<_>) = view
        .report()
        .changes
        .iter()
        .partition(|change| view.severity_of(change) > Severity::Patch);
    if !loud.is_empty() {
        out.push_str(&format!("\n{}", table(&loud, view, links)));
    }
    if !quiet.is_empty() {
        let title = format!(
            "{} without consequence for {}",
            counted(quiet.len(), "change"),
            whom(view)
        );
        out.push_str(&format!(
            "\n<details><summary>{title}</summary>\n\n{}\n</details>\n",
            table(&quiet, view, links)
        ));
    }
    out
}

fn table(changes: &[&Change], view: &View<'_>, links: Option<&str>) -> String {
    let mut out =
        "| | change | in | wire: deployed caller, callee | code: client, server | where |\n\
                   |---|---|---|---|---|---|\n"
            .to_owned();
    for change in changes {
        out.push_str(&row(change, view, links));
    }
    out
}

/// Returns a table row for a change, struck through if it is approved.
fn row(change: &Change, view: &View<'_>, links: Option<&str>) -> String {
    let impact = change.impact;
    let mut cells = [
        view.severity_of(change).word().to_owned(),
        sentence(change),
        users(change),
        format!("{}, {}", impact.caller.word(), impact.callee.word()),
        format!("{}, {}", impact.client.word(), impact.server.word()),
        format!("{}{}", linked_location(change, view, links), name(change)),
    ];
    if let Some(entry) = view.approval(change) {
        for cell in cells.iter_mut().filter(|cell| !cell.is_empty()) {
            *cell = format!("~~{cell}~~");
        }
        let decision = escaped(&decision(Some(entry)));
        cells[1].push_str(&format!("<br>{decision}"));
    }
    format!("| {} |\n", cells.join(" | "))
}

/// Describes a change: the subject, the rule, both values.
fn sentence(change: &Change) -> String {
    let values = match values(change) {
        (Some(old), Some(new)) => format!(": {} → {}", code(&old), code(&new)),
        (Some(only), None) | (None, Some(only)) => format!(": {}", code(&only)),
        (None, None) => String::new(),
    };
    let rule = change.rule.replace('-', " ");
    format!("{} {rule}{values}", code(&change.subject))
}

/// Returns the affected users, by message.
fn users(change: &Change) -> String {
    let names = change.users.iter().take(NAMED).map(user);
    let mut names: Vec<_> = names.collect();
    let more = change.users.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join("<br>")
}

fn user(user: &User) -> String {
    let kind = if user.callback { "callback" } else { "call" };
    let part = match user.part {
        Some(Part::Request) => ", request",
        Some(Part::Response) => ", answer",
        None => "",
    };
    format!("{kind} {}{part}", code(&user.operation))
}

/// Returns the location, as a link if it exists in the new document.
fn linked_location(change: &Change, view: &View<'_>, links: Option<&str>) -> String {
    let shown = escaped(&location(change, view));
    match (links, change.side) {
        (Some(base), Side::New) => format!(
            "[{shown}]({}/{DOCUMENT}#L{})",
            base.trim_end_matches('/'),
            change.location.line
        ),
        _ => shown,
    }
}
