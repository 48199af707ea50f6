//! Rules of SkyPay's that the program's requests have to follow.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use skypay_sandbox::engine::{self, Then, WireFault};
use skypay_sandbox::operations;
use skypay_types::{
    Operation, Outcome as CodeOutcome, PayoutQueryStatusRequest, PayoutQueueRequest, ResponseCode,
    Validate,
};

use super::scenarios::{placed, rule, verdict, wire, witness};
use super::session::{Order, Received, Session};
use crate::check::Verdict;

/// The orders of the check of queries: more than fit into one.
const MANY: usize = 60;

const MINUTE: Duration = Duration::from_secs(60);

/// From a payout to the first query about it, at least, in seconds.
fn query_delay() -> u64 {
    u64::from(PayoutQueueRequest::INFO.status_query_delay.unwrap_or(0))
}

pub(super) async fn queries(session: &Session) -> Verdict {
    if !session.has_clock() {
        return Err("`money.clock` is not set, and this takes hours".into());
    }
    session.begin(&[]).await?;
    let before = session.received().await?.len();
    let orders: Vec<_> = (0..MANY).map(|_| session.order()).collect();
    for order in &orders {
        let after = Some(engine::Duration::seconds(60 * 60));
        let then = Then {
            after,
            ..Then::default()
        };
        session.add_rule(rule(order, then)).await?;
    }
    for ten in orders.chunks(10) {
        join_all(ten.iter().map(|order| session.place(order))).await;
    }
    for _ in 0..45 {
        session.advance(MINUTE).await?;
    }
    let received = session.received().await?.split_off(before);
    let found = asked_too_much(&received);
    if !received.iter().any(Received::is_query) {
        return Err("the program asked nothing within 45 minutes".into());
    }
    Ok([found, verdict(session, &orders).await?].concat())
}

fn asked_too_much(received: &[Received]) -> Vec<String> {
    let mut found = Vec::new();
    // When a payout was sent last.
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for request in received {
        if !request.is_query() {
            let numbers = request.numbers.iter();
            sent.extend(numbers.map(|number| (number.as_str(), request.at)));
            continue;
        }
        let query: Result<PayoutQueryStatusRequest, _> =
            serde_json::from_value(request.request.clone());
        if let Some(invalid) = query.ok().and_then(|query| query.validate().err()) {
            let count = request.numbers.len();
            found.push(format!("a query about {count} payouts: {invalid}"));
        }
        let sent = request
            .numbers
            .iter()
            .filter_map(|it| sent.get(it.as_str()));
        let Some(last) = sent.max() else { continue };
        let apart = request.at.saturating_sub(*last);
        // Both times are whole seconds.
        if apart + 1 < query_delay() {
            found.push(format!("a query {apart} seconds after a payout was sent"));
        }
    }
    found.sort();
    found.dedup();
    found.truncate(10);
    found
}

/// Gives orders whose requests or answers are lost, and returns what was received.
async fn lost(session: &Session) -> Result<(Vec<Order>, Vec<Received>), String> {
    session.begin(&[]).await?;
    let faults = [
        WireFault::CutBefore,
        WireFault::CutAfter,
        WireFault::CutBefore,
    ];
    let faults = faults.map(wire).into();
    let mut orders = placed(session, faults).await?;
    orders.push(witness(session).await?);
    session.settle(&orders).await?;
    Ok((orders, session.received().await?))
}

/// The requests that ordered the payout of an order.
fn attempts<'a>(received: &'a [Received], order: &'a Order) -> Vec<(usize, &'a Received)> {
    let all = received.iter().enumerate();
    all.filter(|(_, it)| it.is_about(order)).collect()
}

pub(super) async fn question_first(session: &Session) -> Verdict {
    let (orders, received) = lost(session).await?;
    let mut found = Vec::new();
    for order in &orders {
        let attempts = attempts(&received, order);
        for pair in attempts.windows(2) {
            let [(first_at, first), (again_at, again)] = pair else {
                continue;
            };
            let between = &received[*first_at..*again_at];
            let asked = between.iter().any(|it| {
                let same = it
                    .numbers
                    .iter()
                    .any(|number| first.numbers.contains(number));
                it.is_query() && same && it.at + 1 >= first.at + query_delay()
            });
            if may_be_executed(first) && !asked {
                let apart = again.at - first.at;
                found.push(format!(
                    "order {}: sent again after {apart} seconds without a query",
                    order.id
                ));
            }
        }
    }
    Ok(found)
}

fn may_be_executed(request: &Received) -> bool {
    let info = operations::find(&request.operation);
    let outcome = info.map(|info| info.outcome_of(&request.code));
    request.is_hidden || outcome != Some(CodeOutcome::Rejected)
}

pub(super) async fn same_request(session: &Session) -> Verdict {
    let (orders, received) = lost(session).await?;
    let (mut found, mut repeated) = (Vec::new(), 0);
    for order in &orders {
        let attempts = attempts(&received, order);
        for pair in attempts.windows(2) {
            let [(_, first), (_, again)] = pair else {
                continue;
            };
            repeated += 1;
            if first.numbers != again.numbers {
                found.push(format!("order {}: under another number", order.id));
            } else if (&first.operation, &first.request) != (&again.operation, &again.request) {
                found.push(format!("order {}: with another content", order.id));
            }
        }
    }
    match repeated {
        0 => Err("the program sent no payout again".into()),
        _ => Ok(found),
    }
}

pub(super) async fn no_loop(session: &Session) -> Verdict {
    if !session.has_clock() {
        return Err("`money.clock` is not set, and this takes an hour".into());
    }
    session.begin(&[]).await?;
    let orders = [session.order(), session.order()];
    let refusals = [
        ResponseCode::InsufficientBalance,
        ResponseCode::DailyLimitExceeded,
    ];
    for (order, code) in orders.iter().zip(&refusals) {
        let then = Then {
            refuse: Some(code.clone()),
            ..Then::default()
        };
        session.add_rule(rule(order, then)).await?;
        let _ = session.place(order).await;
    }
    for _ in 0..55 {
        session.advance(MINUTE).await?;
    }
    let received = session.received().await?;
    let mut found = Vec::new();
    for (order, code) in orders.iter().zip(&refusals) {
        let code = code.as_str();
        match attempts(&received, order).len() {
            0 => return Err("the program did not order the payout".into()),
            1 | 2 => {}
            tries => found.push(format!("{tries} tries within an hour after {code}")),
        }
    }
    session.begin(&[]).await?;
    found.extend(verdict(session, &orders).await?);
    Ok(found)
}

pub(super) async fn reconciled(session: &Session) -> Verdict {
    session.begin(&[]).await?;
    for _ in 0..3 {
        session.place(&session.order()).await?;
    }
    let orders = session.orders();
    verdict(session, &orders).await
}
