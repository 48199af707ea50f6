//! Counters and gauges, through the facade `metrics`: a program without a recorder
//! pays a comparison for each.

use std::time::Duration;

use metrics::{counter, gauge};

use crate::{CallOutcome, Change, Overview};

const CALLS: &str = "skypay_journal_calls_total";
const QUESTIONS: &str = "skypay_journal_questions_total";
const ROUND: &str = "skypay_journal_last_round_timestamp_seconds";
const UNKNOWN: &str = "skypay_journal_unknown_payouts";
const OLDEST_UNKNOWN: &str = "skypay_journal_oldest_unknown_seconds";
const LAG: &str = "skypay_journal_sweep_lag_seconds";
const CONTRADICTIONS: &str = "skypay_journal_contradictions";
const CHANGES: &str = "skypay_journal_open_changes";
const OLDEST_CHANGE: &str = "skypay_journal_oldest_change_seconds";
const CONFLICTS: &str = "skypay_journal_conflicting_callbacks";
const HELD: &str = "skypay_journal_held";

/// Describes the journal's metrics to the recorder. Call it once, after the
/// recorder is installed.
pub fn describe_metrics() {
    use metrics::Unit::{Count, Seconds};
    use metrics::{describe_counter, describe_gauge};
    describe_counter!(CALLS, Count, "Payouts sent, by operation and outcome");
    describe_counter!(QUESTIONS, Count, "Status queries of the sweeper, by result");
    describe_gauge!(ROUND, Seconds, "When the sweeper finished its last round");
    describe_gauge!(UNKNOWN, Count, "Payouts whose outcome is unknown");
    describe_gauge!(
        OLDEST_UNKNOWN,
        Seconds,
        "Age of the oldest payout whose outcome is unknown"
    );
    describe_gauge!(LAG, Seconds, "How late the question is that is due first");
    describe_gauge!(CONTRADICTIONS, Count, "Contradictions that are not done");
    describe_gauge!(CHANGES, Count, "Changes that are not done");
    describe_gauge!(
        OLDEST_CHANGE,
        Seconds,
        "Age of the oldest change that is not done"
    );
    describe_gauge!(
        CONFLICTS,
        Count,
        "Callbacks received again with other content"
    );
    describe_gauge!(
        HELD,
        "1 while sending is on hold until the journal is recovered"
    );
}

/// Counts a payout that was sent.
pub(crate) fn call(operation: &'static str, outcome: CallOutcome) {
    counter!(CALLS, "operation" => operation, "outcome" => outcome.as_str()).increment(1);
}

/// Counts a question about payouts.
pub(crate) fn question(answered: bool) {
    let result = if answered { "answered" } else { "failed" };
    counter!(QUESTIONS, "result" => result).increment(1);
}

/// Sets the gauges, at the end of a round.
pub(crate) fn round(overview: &Overview) {
    let now = overview.now;
    let age = |since: Option<_>| {
        since
            .map_or(Duration::ZERO, |since| now - since)
            .as_secs_f64()
    };
    gauge!(ROUND).set((now - crate::Timestamp(0)).as_secs_f64());
    gauge!(UNKNOWN).set(float(overview.unknowns()));
    gauge!(OLDEST_UNKNOWN).set(age(overview.oldest_unknown));
    gauge!(LAG).set(age(overview.due_since));
    gauge!(CONTRADICTIONS).set(float(overview.open(Change::Contradiction)));
    gauge!(CHANGES).set(float(overview.open_changes.values().sum()));
    gauge!(OLDEST_CHANGE).set(age(overview.oldest_change));
    gauge!(CONFLICTS).set(float(overview.conflicts));
    gauge!(HELD).set(if overview.held_since.is_some() {
        1.0
    } else {
        0.0
    });
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; counts stay below 2^53"
)]
fn float(count: u64) -> f64 {
    count as f64
}
