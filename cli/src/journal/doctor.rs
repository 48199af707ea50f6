//! The checks of `skypay journal doctor`.

use std::time::Duration;

use skypay_journal::{Change, Overview, State, Timestamp};

use super::render::time;

/// From this age on an unknown outcome, a question that is due, or a change that
/// is not done is a problem.
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns what is checked, and what is wrong with it.
pub(super) fn check(
    overview: &Overview,
    incomplete: &[String],
    skypay: Result<Option<Timestamp>, String>,
    tolerance: Duration,
) -> Vec<(&'static str, Option<String>)> {
    let now = overview.now;
    let older = |since: Option<Timestamp>, age| since.filter(|since| now - *since > age);
    let count = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    vec![
        ("clock", clock(now, skypay, tolerance)),
        (
            "evidence",
            count(
                incomplete.len() as u64,
                "payouts lack evidence that was written: restore a backup",
            )
            .map(|problem| format!("{problem}; the first is {}", incomplete[0])),
        ),
        (
            "hold",
            overview.held_since.map(|since| {
                format!(
                    "sending is on hold since {}: run `skypay journal recover`",
                    time(since)
                )
            }),
        ),
        (
            "questions",
            older(overview.due_since, HOUR)
                .map(|since| format!("due since {}: the sweeper does not run", time(since))),
        ),
        (
            "unknowns",
            older(overview.oldest_unknown, DAY).map(|since| {
                format!(
                    "the oldest was ordered {}: `skypay journal unknowns`",
                    time(since)
                )
            }),
        ),
        (
            "contradictions",
            count(
                overview.open(Change::Contradiction),
                "are not done: a person has to decide (`skypay journal unknowns`)",
            ),
        ),
        (
            "changes",
            older(overview.oldest_change, HOUR).map(|since| {
                format!(
                    "not done since {}: the partner does not take them",
                    time(since)
                )
            }),
        ),
        (
            "callbacks",
            count(overview.conflicts, "were received again with other content"),
        ),
        (
            "recharge",
            count(
                overview.count(State::AwaitingRecharge),
                "payouts wait until the account is recharged",
            ),
        ),
    ]
}

/// SkyPay's clock decides whether an absence is conclusive.
fn clock(
    now: Timestamp,
    skypay: Result<Option<Timestamp>, String>,
    tolerance: Duration,
) -> Option<String> {
    match skypay {
        Err(error) => Some(format!("not compared with SkyPay's: {error}")),
        Ok(None) => Some("not compared with SkyPay's: its response has no time".to_owned()),
        Ok(Some(theirs)) => {
            let apart = (now - theirs).max(theirs - now);
            (apart > tolerance).then(|| {
                let seconds = apart.as_secs();
                format!("{seconds} s apart from SkyPay's: no absence is conclusive")
            })
        }
    }
}
