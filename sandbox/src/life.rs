//! The life of a transaction: what happened to it, in the order of time.

use skypay_types::Effect;

use crate::admin_client::RequestRecord;
use crate::engine::{Attempt, Callback, Row, Timestamp};
use crate::operations;

/// What happened to a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Happened<'a> {
    /// A request about it arrived.
    Request(&'a RequestRecord),
    /// It changed; the words of the engine, such as `payout-paid`.
    Step(&'a str),
    /// A callback about it was sent.
    Attempt(&'a Callback, &'a Attempt),
}

/// Returns what happened to transactions with one number, from the requests and
/// callbacks about it. At the same time, an order comes before its effects, and a query
/// after them.
#[must_use]
pub fn life<'a>(
    rows: impl IntoIterator<Item = &'a Row>,
    requests: &'a [RequestRecord],
    callbacks: &'a [Callback],
) -> Vec<(Timestamp, Happened<'a>)> {
    let reads = |record: &&RequestRecord| {
        let info = record.operation.as_deref().and_then(operations::find);
        info.is_some_and(|info| info.effect == Effect::Reads)
    };
    let (queries, orders): (Vec<_>, Vec<_>) = requests.iter().partition(reads);
    let request = |record: &'a RequestRecord| (record.time, Happened::Request(record));
    let mut life: Vec<_> = orders.into_iter().map(request).collect();
    for row in rows {
        let ended = match row {
            Row::Payout(payout) => {
                let steps = payout.history.iter();
                life.extend(steps.map(|step| (step.time, Happened::Step(&step.what))));
                continue;
            }
            Row::CashPickup(payout) => payout.pay_time.map(|time| (time, CASH_PAID)),
            Row::Collection(collection) => collection.collected.map(|time| (time, COLLECTED)),
            Row::Barcode(_) | Row::Movement(_) | Row::Callback(_) => None,
        };
        let began = std::iter::once((row.created(), "began"));
        let steps = began.chain(ended);
        life.extend(steps.map(|(time, what)| (time, Happened::Step(what))));
    }
    life.extend(queries.into_iter().map(request));
    for callback in callbacks {
        let attempts = callback.attempts.iter();
        life.extend(attempts.map(|made| (made.started, Happened::Attempt(callback, made))));
    }
    life.sort_by_key(|(time, _)| *time);
    life
}

/// A cash pickup was paid.
pub(crate) const CASH_PAID: &str = "the cashier handed out the money";

/// A collection was paid.
pub(crate) const COLLECTED: &str = "the cashier took the money";
