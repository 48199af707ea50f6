//! The journal's answers as text and as JSON.

use serde_json::{Value, json};
use skypay_client::types::{Amount, DateTime};
use skypay_journal::{
    Difference, Entry, Fact, History, Listed, Overview, Reconciled, Recovery, Round, Standing,
    State, Timestamp,
};

use crate::exit_status::{ExitStatus, Failure};
use crate::output::{Output, columns, table, visible_line, wrapped};

/// Returns a time as SkyPay writes it, in GMT+8.
pub(super) fn time(time: Timestamp) -> String {
    DateTime::from(time).to_string()
}

fn optional(time: Option<Timestamp>) -> Option<String> {
    time.map(self::time)
}

fn amount(centavos: i64) -> String {
    Amount::from_centavos(centavos).to_string()
}

pub(super) fn overview(overview: &Overview) -> Output {
    let mut rows: Vec<(&str, String)> = overview
        .states
        .iter()
        .map(|(state, count)| (state.as_str(), count.to_string()))
        .collect();
    if let Some(oldest) = overview.oldest_unknown {
        rows.push(("oldest unknown", format!("ordered {}", time(oldest))));
    }
    if let Some(due) = overview.due_since {
        rows.push(("questions", format!("due since {}", time(due))));
    }
    for (change, count) in &overview.open_changes {
        rows.push(("not done", format!("{count} {}", change.as_str())));
    }
    if overview.conflicts > 0 {
        let conflicts = format!("{} received again with other content", overview.conflicts);
        rows.push(("callbacks", conflicts));
    }
    if let Some(since) = overview.held_since {
        let held = format!(
            "on hold since {}: run `skypay journal recover`",
            time(since)
        );
        rows.push(("sending", held));
    }
    let text = format!("Journal at {}\n\n{}", time(overview.now), columns(&rows, 2));
    let states = overview.states.iter();
    let states = states.map(|(state, count)| (state.as_str().to_owned(), json!(count)));
    let changes = overview.open_changes.iter();
    let changes = changes.map(|(change, count)| (change.as_str().to_owned(), json!(count)));
    Output::new(
        text,
        &json!({
            "now": time(overview.now),
            "states": states.collect::<serde_json::Map<_, _>>(),
            "unknowns": overview.unknowns(),
            "oldestUnknown": optional(overview.oldest_unknown),
            "dueSince": optional(overview.due_since),
            "openChanges": changes.collect::<serde_json::Map<_, _>>(),
            "oldestChange": optional(overview.oldest_change),
            "conflicts": overview.conflicts,
            "heldSince": optional(overview.held_since),
        }),
    )
}

pub(super) fn listed(listed: &[Listed]) -> Output {
    let json: Vec<_> = listed
        .iter()
        .map(|Listed { record, standing }| {
            json!({
                "number": record.number,
                "orderId": record.order_id,
                "amount": amount(record.centavos),
                "orderedAt": time(record.created_at),
                "state": standing.state.as_str(),
                "permissible": standing.permissible,
                "askAt": optional(standing.ask_at),
            })
        })
        .collect();
    if listed.is_empty() {
        return Output::new("No outcome is unknown.", &json);
    }
    let rows: Vec<_> = listed
        .iter()
        .map(|Listed { record, standing }| {
            vec![
                record.number.clone(),
                amount(record.centavos),
                time(record.created_at),
                next_step(standing),
            ]
        })
        .collect();
    let head = ["number", "amount", "ordered", "state"];
    Output::new(table(&head, &rows), &json)
}

/// Returns the state of a payout and what comes next, in few words.
fn next_step(standing: &Standing) -> String {
    let state = standing.state.as_str();
    match standing.ask_at {
        _ if standing.permissible => format!("{state}, may be permitted"),
        Some(at) => format!("{state}, ask at {}", time(at)),
        None => state.to_owned(),
    }
}

/// Returns the result of a question about a payout.
pub(super) fn standing(number: &str, standing: &Standing) -> Output {
    let (exit_status, advice) = match standing.state {
        _ if standing.permissible => (
            ExitStatus::Unknown,
            "SkyPay did not show it twice. To send it once more: `skypay journal permit`.",
        ),
        State::Unknown | State::Sending | State::Permitted | State::Doubt => (
            ExitStatus::Unknown,
            "Nothing is certain yet. Do not pay it in another way; ask again later.",
        ),
        State::Contradiction => (ExitStatus::Refused, "Two facts exclude each other: decide."),
        _ => (ExitStatus::Done, ""),
    };
    let mut text = format!("{number}: {}", next_step(standing));
    if !advice.is_empty() {
        text.push_str(&format!("\n{}", wrapped(advice, 2)));
    }
    Output::new(text, &standing_json(number, standing)).exit_status(exit_status)
}

fn standing_json(number: &str, standing: &Standing) -> Value {
    json!({
        "number": number,
        "state": standing.state.as_str(),
        "attempt": standing.attempt,
        "released": standing.released,
        "permissible": standing.permissible,
        "askAt": optional(standing.ask_at),
    })
}

pub(super) fn history(history: &History) -> Output {
    let History {
        record,
        standing,
        entries,
        changes,
    } = history;
    let facts = [
        ("order", visible_line(&record.order_id).into_owned()),
        ("operation", record.operation.clone()),
        ("amount", amount(record.centavos)),
        ("ordered", time(record.created_at)),
        ("state", next_step(standing)),
        ("attempts", standing.attempt.to_string()),
    ];
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| (time(entry.at), fact(entry)))
        .collect();
    let mut text = format!(
        "{}\n{}\n\n{}",
        record.number,
        columns(&facts, 2),
        columns(&rows, 2)
    );
    for (change, at, done_at) in changes {
        let done = done_at.map_or("not done".to_owned(), |at| format!("done {}", time(at)));
        let change = format!("{}: {}, {done}", time(*at), change.as_str());
        text.push_str(&format!("\n  change {change}"));
    }
    let mut json = standing_json(&record.number, standing);
    json["orderId"] = record.order_id.clone().into();
    json["operation"] = record.operation.clone().into();
    json["amount"] = amount(record.centavos).into();
    json["orderedAt"] = time(record.created_at).into();
    json["evidence"] = entries.iter().map(entry_json).collect();
    json["changes"] = changes
        .iter()
        .map(|(change, at, done_at)| {
            json!({ "change": change.as_str(), "at": time(*at), "doneAt": optional(*done_at) })
        })
        .collect();
    Output::new(text, &json)
}

/// Describes the fact of an entry in words.
fn fact(entry: &Entry) -> String {
    let fact = match entry.fact {
        Fact::Ordered => "ordered".to_owned(),
        Fact::Claimed { attempt, .. } => format!("attempt {attempt} is being sent"),
        Fact::Answered { attempt, outcome } => format!("attempt {attempt}: {}", outcome.as_str()),
        Fact::Found(found) => format!("SkyPay shows it: {}", found.as_str()),
        Fact::Absent { conclusive: true } => "SkyPay does not show it".to_owned(),
        Fact::Absent { conclusive: false } => {
            "SkyPay does not show it, which proves nothing".to_owned()
        }
        Fact::Notified(found) => format!("a callback reports it: {}", found.as_str()),
        Fact::Permitted { attempt, until } => {
            format!("attempt {attempt} is permitted until {}", time(until))
        }
        Fact::Released => "its money may be given back".to_owned(),
        Fact::Withdrawn => "withdrawn".to_owned(),
    };
    let detail = visible_line(&entry.detail);
    if detail.is_empty() {
        fact
    } else {
        format!("{fact} ({detail})")
    }
}

/// Returns a line of a history or an export.
pub(super) fn entry_json(entry: &Entry) -> Value {
    let mut json = json!({
        "number": entry.number,
        "orderId": entry.order_id,
        "sequence": entry.sequence,
        "at": time(entry.at),
    });
    let (name, attempt) = match entry.fact {
        Fact::Ordered => ("ordered", None),
        Fact::Claimed {
            attempt,
            send_before,
        } => {
            json["sendBefore"] = time(send_before).into();
            ("claimed", Some(attempt))
        }
        Fact::Answered { attempt, outcome } => {
            json["outcome"] = outcome.as_str().into();
            ("answered", Some(attempt))
        }
        Fact::Found(found) => {
            json["found"] = found.as_str().into();
            ("found", None)
        }
        Fact::Absent { conclusive } => {
            json["conclusive"] = conclusive.into();
            ("absent", None)
        }
        Fact::Notified(found) => {
            json["found"] = found.as_str().into();
            ("notified", None)
        }
        Fact::Permitted { attempt, until } => {
            json["until"] = time(until).into();
            ("permitted", Some(attempt))
        }
        Fact::Released => ("released", None),
        Fact::Withdrawn => ("withdrawn", None),
    };
    json["fact"] = name.into();
    if let Some(attempt) = attempt {
        json["attempt"] = attempt.into();
    }
    if !entry.detail.is_empty() {
        json["detail"] = entry.detail.clone().into();
    }
    json
}

pub(super) fn not_permitted(number: &str, standing: &Standing) -> Failure {
    let what = format!(
        "{number} is not permitted to be sent again: it is {}",
        standing.state.as_str()
    );
    let help = match (standing.state, standing.ask_at) {
        (State::Unknown, Some(at)) => format!(
            "Two conclusive answers, at least five minutes apart, must not show it. Ask not before \
             {}: `skypay journal resolve {number}`.",
            time(at)
        ),
        _ => format!("`skypay journal show {number}` shows what is known."),
    };
    Failure::refused(what).help(help)
}

pub(super) fn permitted(number: &str, standing: &Standing) -> Output {
    let text = format!(
        "{number}: attempt {} is permitted\n{}",
        standing.attempt + 1,
        wrapped(
            "The partner's sweeper sends it in its next round, with the same number.",
            2
        )
    );
    Output::new(text, &standing_json(number, standing))
}

pub(super) fn round(round: &Round) -> Output {
    let mut text = format!("asked about {} payouts", round.asked);
    for number in &round.permissible {
        text.push_str(&format!(
            "\n{number}: SkyPay does not have it, may be permitted"
        ));
    }
    let json = json!({ "asked": round.asked, "permissible": round.permissible });
    Output::new(text, &json)
}

pub(super) fn reconciled(day: &Reconciled) -> Output {
    Output::new(day_text(day), &day_json(day)).refused_if(!day.differences.is_empty())
}

fn day_text(day: &Reconciled) -> String {
    let mut lines = vec![match day.differences.len() {
        0 => format!("{}: {} payouts, no difference", day.day, day.rows),
        1 => format!("{}: {} payouts, 1 difference", day.day, day.rows),
        count => format!("{}: {} payouts, {count} differences", day.day, day.rows),
    }];
    lines.extend(
        day.differences
            .iter()
            .map(|difference| wrapped(&difference_text(difference), 2)),
    );
    lines.join("\n")
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Twice { number, times } => format!("{number} WAS PAID {times} TIMES"),
        Difference::TheirsNotOurs { row } => format!(
            "{} was paid, {}, and is not in the journal",
            visible_line(&row.number),
            amount(row.centavos)
        ),
        Difference::OursNotTheirs { number } => {
            format!("{number} is paid in the journal and not in the report")
        }
        Difference::AmountDiffers {
            number,
            ours,
            theirs,
        } => format!(
            "{number} was ordered with {} and paid with {}",
            amount(*ours),
            amount(*theirs)
        ),
        Difference::SettledOtherwise { number, state } => {
            format!(
                "{number} was paid, and is {} in the journal",
                state.as_str()
            )
        }
        other => format!("{other:?}"),
    }
}

fn day_json(day: &Reconciled) -> Value {
    let differences = day.differences.iter().map(|difference| match difference {
        Difference::Twice { number, times } => {
            json!({ "difference": "twice", "number": number, "times": times })
        }
        Difference::TheirsNotOurs { row } => json!({
            "difference": "theirs-not-ours", "number": row.number, "theirs": amount(row.centavos),
        }),
        Difference::OursNotTheirs { number } => {
            json!({ "difference": "ours-not-theirs", "number": number })
        }
        Difference::AmountDiffers {
            number,
            ours,
            theirs,
        } => json!({
            "difference": "amount-differs", "number": number,
            "ours": amount(*ours), "theirs": amount(*theirs),
        }),
        Difference::SettledOtherwise { number, state } => json!({
            "difference": "settled-otherwise", "number": number, "state": state.as_str(),
        }),
        other => json!({ "difference": format!("{other:?}") }),
    });
    json!({
        "day": day.day.to_string(),
        "rows": day.rows,
        "differences": differences.collect::<Vec<_>>(),
    })
}

pub(super) fn recovery(recovery: &Recovery) -> Output {
    let mut lines: Vec<_> = recovery.days.iter().map(day_text).collect();
    lines.push(format!(
        "asked about {} payouts that could be sent or withdrawn: SkyPay has {} of them",
        recovery.asked,
        recovery.sent.len()
    ));
    lines.extend(recovery.sent.iter().map(|number| format!("  {number}")));
    if let Some(until) = recovery.held_until {
        let held = format!(
            "Sending stays on hold. Run this again not before {}: what was sent just before the \
             restore is shown by then.",
            time(until)
        );
        lines.push(wrapped(&held, 0));
    } else {
        lines.push("Payouts are sent again.".to_owned());
    }
    let json = json!({
        "days": recovery.days.iter().map(day_json).collect::<Vec<_>>(),
        "asked": recovery.asked,
        "sent": recovery.sent,
        "heldUntil": optional(recovery.held_until),
    });
    let differs = recovery.days.iter().any(|day| !day.differences.is_empty());
    Output::new(lines.join("\n"), &json).refused_if(differs || recovery.held_until.is_some())
}

/// Returns the checks of `doctor`: what is checked, what is wrong with it if
/// anything is, and what to do.
pub(super) fn checks(checks: &[(&str, Option<String>)]) -> Output {
    let rows: Vec<_> = checks
        .iter()
        .map(|(name, problem)| (*name, problem.as_deref().unwrap_or("ok")))
        .collect();
    let json: Vec<_> = checks
        .iter()
        .map(
            |(name, problem)| json!({ "check": name, "ok": problem.is_none(), "problem": problem }),
        )
        .collect();
    let is_ill = checks.iter().any(|(_, problem)| problem.is_some());
    Output::new(columns(&rows, 0), &json).refused_if(is_ill)
}
