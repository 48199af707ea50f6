//! The report for programs.

use serde_json::{Value, json};
use spec_tools::diff::{Change, Part, Side};

use crate::generate::DOCUMENT;
use crate::report::{self, pretty};

use super::Told;
use super::text::location;

/// JSON, with every part of the report.
pub(super) fn json(told: &Told<'_>) -> String {
    pretty(&value(told))
}

/// The report as JSON.
pub(crate) fn value(told: &Told<'_>) -> Value {
    let report = told.report();
    let verdict = report.verdict;
    let changes: Vec<_> = report
        .changes
        .iter()
        .map(|change| one(change, told))
        .collect();
    let stale = told.comparison.stale.iter().map(report::one);
    let stale: Vec<_> = stale.collect();
    json!({
        "against": told.against(),
        "role": told.role.word(),
        "headline": told.headline().word(),
        "wire": {"caller": verdict.caller.word(), "callee": verdict.callee.word()},
        "bump": {
            "types": report.types().word(),
            "client": verdict.client.word(),
            "server": verdict.server.word(),
        },
        "changes": changes,
        "staleApprovals": stale,
    })
}

fn one(change: &Change, told: &Told<'_>) -> Value {
    let verdict = change.verdict;
    let users: Vec<_> = change
        .users
        .iter()
        .map(|user| {
            let part = user.part.map(|part| match part {
                Part::Request => "request",
                Part::Response => "response",
            });
            json!({"operation": user.operation, "part": part, "callback": user.callback})
        })
        .collect();
    let approval = told
        .approval(change)
        .map(|entry| json!({"reason": entry.reason, "expires": entry.expires.to_string()}));
    json!({
        "rule": change.rule,
        "fingerprint": change.fingerprint(),
        "headline": told.headline_of(change).word(),
        "subject": change.subject,
        "location": location(change, told),
        "file": DOCUMENT,
        "document": match change.side { Side::Old => "old", Side::New => "new" },
        "line": change.place.line,
        "column": change.place.column,
        "pointer": change.place.pointer,
        "old": change.old,
        "new": change.new,
        "wire": {"caller": verdict.caller.word(), "callee": verdict.callee.word()},
        "bump": {
            "types": verdict.types().word(),
            "client": verdict.client.word(),
            "server": verdict.server.word(),
        },
        "lint": change.lint,
        "approval": approval,
        "users": users,
    })
}
