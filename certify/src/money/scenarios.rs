//! What goes wrong between a partner's program and SkyPay, and what has to be true of
//! every order afterwards.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use skypay_runtime::MoneyState;
use skypay_sandbox::engine::{
    self, Command, Fault, FaultRule, KeyCommand, Rule, Side, Then, Validity, When, WireFault,
};
use skypay_types::{PayType, ResponseCode};

use super::session::{Order, Session};
use crate::check::Verdict;
use crate::effects::Recorded;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// SkyPay pays a number again whenever it is sent again: nothing but the program
/// prevents it.
const PAYS_AGAIN: (&str, &str) = ("duplicates", "never");

/// A rule for the requests about an order.
pub(super) fn rule(order: &Order, then: Then) -> Rule {
    Rule {
        when: about(order),
        then,
        times: None,
    }
}

fn about(order: &Order) -> When {
    When {
        account: Some(order.account.clone()),
        ..When::default()
    }
}

/// The fault of one order, once.
fn on(order: &Order, fault: Fault) -> FaultRule {
    FaultRule {
        on: Side::Requests,
        when: about(order),
        fault,
        percent: 100,
        times: Some(1),
    }
}

fn all(on: Side, fault: Fault, percent: u8) -> FaultRule {
    FaultRule {
        on,
        when: When::default(),
        fault,
        percent,
        times: None,
    }
}

pub(super) fn wire(fault: WireFault) -> Fault {
    Fault::Wire(fault)
}

fn answer(code: ResponseCode) -> Fault {
    Fault::Answer { code }
}

fn late(minutes: u64) -> Fault {
    Fault::Late {
        by: engine::Duration::seconds(60 * minutes),
    }
}

fn stale(minutes: u64) -> Fault {
    Fault::Stale {
        by: engine::Duration::seconds(60 * minutes),
    }
}

/// Gives orders, each with its fault. What the program says of them does not matter.
pub(super) async fn placed(session: &Session, faults: Vec<Fault>) -> Result<Vec<Order>, String> {
    let pairs: Vec<_> = faults
        .into_iter()
        .map(|fault| (session.order(), fault))
        .collect();
    let faults = pairs.iter().map(|(order, fault)| on(order, fault.clone()));
    session.set_faults(faults.collect()).await?;
    let orders: Vec<_> = pairs.into_iter().map(|(order, _)| order).collect();
    for order in &orders {
        let _ = session.place(order).await;
    }
    Ok(orders)
}

/// An order without a fault. It is younger than the others, so that a query that does
/// not show it is known to be old.
pub(super) async fn witness(session: &Session) -> Result<Order, String> {
    if session.has_clock() {
        session.advance(10 * MINUTE).await?;
    }
    let order = session.order();
    let _ = session.place(&order).await;
    Ok(Order {
        is_ordinary: true,
        ..order
    })
}

/// Lets the orders end, and compares the program's record with what was paid.
pub(super) async fn verdict(session: &Session, orders: &[Order]) -> Verdict {
    let ended = session.settle(orders).await?;
    let payouts = session.payouts().await?;
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (order, recorded) in ended {
        let own = payouts.get(&order.account).map_or(&[][..], Vec::as_slice);
        let paid = own.iter().filter(|it| it.pay_time.is_some()).count();
        let is_open = |it: &engine::Payout| it.status.money_state() == Some(MoneyState::Open);
        let word = recorded.word();
        let mut problem = |text: String| found.push(format!("order {}: {text}", order.id));
        if paid > 1 {
            problem(format!("paid {paid} times"));
        }
        if own.iter().any(|it| it.amount != order.amount) {
            problem("paid with another amount".to_owned());
        }
        match recorded {
            Recorded::Released if order.is_ordinary => {
                problem("released, although nothing went wrong with it".to_owned());
            }
            Recorded::Released if paid > 0 => problem("released, and paid".to_owned()),
            Recorded::Released if own.iter().any(is_open) => {
                problem("released, and may still be paid".to_owned());
            }
            Recorded::Paid if paid == 0 => problem("paid in the record only".to_owned()),
            Recorded::Open if session.has_clock() => {
                problem("neither final nor listed for a person after 48 hours".to_owned());
            }
            Recorded::Unknown if order.is_ordinary && session.has_clock() => {
                problem("unknown after 48 hours, although nothing went wrong with it".to_owned());
            }
            Recorded::Open | Recorded::Unknown if !session.has_clock() => {
                open.push(format!("order {} is still {word}", order.id));
            }
            _ => {}
        }
    }
    if found.is_empty() && !open.is_empty() {
        open.push("set `money.clock`, or a longer `limits.patience`".to_owned());
        return Err(open.join("; ").into());
    }
    Ok(found)
}

/// Gives orders, each with its fault, and one without, and judges how they ended.
async fn faulty(
    session: &Session,
    behaviors: &[(&'static str, &'static str)],
    faults: Vec<Fault>,
) -> Verdict {
    session.begin(behaviors).await?;
    let mut orders = placed(session, faults).await?;
    orders.push(witness(session).await?);
    verdict(session, &orders).await
}

pub(super) async fn lost_answers(session: &Session) -> Verdict {
    let faults = vec![
        wire(WireFault::CutAfter),
        wire(WireFault::BadGateway),
        answer(ResponseCode::UnexpectedError),
        answer(ResponseCode::ServiceNotAvailable),
    ];
    faulty(session, &[PAYS_AGAIN], faults).await
}

pub(super) async fn late_requests(session: &Session) -> Verdict {
    let lost = wire(WireFault::CutBefore);
    let faults = vec![lost.clone(), late(10), late(25), lost];
    faulty(session, &[], faults).await
}

pub(super) async fn no_connection(session: &Session) -> Verdict {
    session.begin(&[PAYS_AGAIN]).await?;
    session.disconnect().await;
    let mut orders = vec![session.order(), session.order()];
    for order in &orders {
        let _ = session.place(order).await;
    }
    session.connect().await?;
    orders.push(witness(session).await?);
    // A program that could not take an order is given it again.
    for order in &orders[..2] {
        let _ = session.place(order).await;
    }
    verdict(session, &orders).await
}

pub(super) async fn replayed_requests(session: &Session) -> Verdict {
    let twice = |copies| wire(WireFault::Duplicate { copies });
    faulty(session, &[], vec![twice(2), twice(3)]).await
}

pub(super) async fn killed(session: &Session) -> Verdict {
    if !session.can_be_killed() {
        return Err("`money.kill` is not set".into());
    }
    session.begin(&[PAYS_AGAIN]).await?;
    let order = session.order();
    let held = wire(WireFault::Delay {
        by: engine::Duration::seconds(60),
    });
    session.set_faults(vec![on(&order, held)]).await?;
    let kill = async {
        for _ in 0..100 {
            if session.payouts().await?.contains_key(&order.account) {
                return session.kill().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the order was not sent within ten seconds".to_owned())
    };
    let (_, killed) = futures_util::join!(session.place(&order), kill);
    killed?;
    session.start_program().await?;
    // The customer, who saw an error, tries again.
    let _ = session.place(&order).await;
    let orders = [order, witness(session).await?];
    verdict(session, &orders).await
}

pub(super) async fn at_once(session: &Session) -> Verdict {
    session.begin(&[PAYS_AGAIN]).await?;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = session.order();
        join_all((0..5).map(|_| session.place(&order))).await;
        orders.push(order);
    }
    verdict(session, &orders).await
}

pub(super) async fn repeated_notifications(session: &Session) -> Verdict {
    session.begin(&[PAYS_AGAIN]).await?;
    let copies = wire(WireFault::Duplicate { copies: 5 });
    let mut faults = vec![all(Side::Callbacks, copies, 100)];
    if session.has_clock() {
        faults.push(all(Side::Callbacks, late(60), 50));
    }
    session.set_faults(faults).await?;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = session.order();
        let _ = session.place(&order).await;
        orders.push(order);
    }
    let ended = verdict(session, &orders).await?;
    if session.has_clock() {
        // What was late comes after the end.
        session.advance(2 * HOUR).await?;
    }
    let later = verdict(session, &orders).await?;
    session.acknowledged(&orders).await?;
    Ok([ended, later].concat())
}

pub(super) async fn no_news(session: &Session) -> Verdict {
    session.begin(&[PAYS_AGAIN]).await?;
    let faults = vec![
        wire(WireFault::CutAfter),
        answer(ResponseCode::UnexpectedError),
    ];
    let mut orders = placed(session, faults).await?;
    let dropped = all(Side::Callbacks, Fault::Drop, 100);
    session
        .set_faults(vec![dropped.clone(), all(Side::Queries, stale(120), 100)])
        .await?;
    orders.push(witness(session).await?);
    for _ in 0..8 {
        session.advance(15 * MINUTE).await?;
    }
    let outage = all(Side::Queries, wire(WireFault::CutBefore), 100);
    session.set_faults(vec![dropped, outage]).await?;
    for _ in 0..38 {
        session.advance(HOUR).await?;
    }
    session.set_faults(Vec::new()).await?;
    verdict(session, &orders).await
}

/// The numbers under which the program ordered the payout of an order.
async fn numbers_of(session: &Session, order: &Order) -> Result<Vec<String>, String> {
    let received = session.received().await?;
    let own = received.into_iter().filter(|it| it.is_about(order));
    Ok(own.flat_map(|it| it.numbers).collect())
}

pub(super) async fn forged(session: &Session) -> Verdict {
    session.begin(&[]).await?;
    // It is paid, but only after the forged notifications.
    let slow = session.order();
    let then = Then {
        after: Some(engine::Duration::seconds(15)),
        ..Then::default()
    };
    session.add_rule(rule(&slow, then)).await?;
    let _ = session.place(&slow).await;
    // It never arrives.
    let lost = placed(session, vec![wire(WireFault::CutBefore)]).await?;
    let mut seen = Vec::new();
    for (order, states) in [
        (&slow, &[MoneyState::Failed, MoneyState::Cancelled][..]),
        (&lost[0], &[MoneyState::Paid]),
    ] {
        let numbers = numbers_of(session, order).await?;
        if numbers.is_empty() {
            return Err("the program did not order the payout".into());
        }
        let steps = PayType::ALL.iter();
        let steps = steps.filter(|step| step.money_state().is_some_and(|it| states.contains(&it)));
        for step in steps {
            session.forge(&numbers[0], step.clone()).await?;
        }
        seen.push(session.recorded(order).await?);
    }
    let mut found = Vec::new();
    if seen[0] == Recorded::Released {
        found.push(format!(
            "order {}: released by a forged notification",
            slow.id
        ));
    }
    if seen[1] == Recorded::Paid {
        found.push(format!(
            "order {}: paid by a forged notification",
            lost[0].id
        ));
    }
    let orders = [slow, lost[0].clone(), witness(session).await?];
    session.acknowledged(&orders[..2]).await?;
    found.extend(verdict(session, &orders).await?);
    Ok(found)
}

pub(super) async fn everything(session: &Session) -> Verdict {
    session.begin(&[]).await?;
    let faults = vec![
        wire(WireFault::CutAfter),
        wire(WireFault::CutBefore),
        late(10),
        answer(ResponseCode::UnexpectedError),
        wire(WireFault::Duplicate { copies: 2 }),
    ];
    let mut orders = placed(session, faults).await?;
    session
        .set_faults(vec![
            all(Side::Callbacks, Fault::Drop, 30),
            all(
                Side::Callbacks,
                wire(WireFault::Duplicate { copies: 3 }),
                50,
            ),
            all(Side::Queries, stale(10), 50),
            all(Side::Queries, wire(WireFault::CutAfter), 30),
        ])
        .await?;
    if session.can_be_killed() {
        session.kill().await?;
        session.start_program().await?;
    }
    for order in &orders {
        let _ = session.place(order).await;
    }
    if session.has_clock() {
        for _ in 0..8 {
            session.advance(15 * MINUTE).await?;
        }
    }
    session.set_faults(Vec::new()).await?;
    orders.push(witness(session).await?);
    verdict(session, &orders).await
}

pub(super) async fn restored(session: &Session) -> Verdict {
    session.begin(&[]).await?;
    session.backup().await?;
    let orders = [session.order(), session.order()];
    for order in &orders {
        let _ = session.place(order).await;
    }
    if session.has_clock() {
        session.advance(MINUTE).await?;
    }
    session.restore().await?;
    for order in &orders {
        let _ = session.place(order).await;
    }
    let [first, second] = orders;
    let orders = [first, second, witness(session).await?];
    verdict(session, &orders).await
}

pub(super) async fn new_keys(session: &Session) -> Verdict {
    change(session, ("old-key", "until-effective"), 2).await
}

pub(super) async fn new_keys_under_load(session: &Session) -> Verdict {
    change(session, ("old-key", "stops-at-once"), 20).await
}

/// Changes the keys, with orders at once before, meanwhile and after it.
async fn change(session: &Session, old_key: (&'static str, &'static str), count: usize) -> Verdict {
    if !session.takes_keys() {
        return Err("`money.keys` is not set".into());
    }
    if !session.has_clock() {
        return Err("`money.clock` is not set, and new keys work after minutes".into());
    }
    session.begin(&[old_key]).await?;
    let mut orders: Vec<Order> = Vec::new();
    for phase in 0..3 {
        let some: Vec<_> = (0..count).map(|_| session.order()).collect();
        join_all(some.iter().map(|order| session.place(order))).await;
        orders.extend(some);
        match phase {
            0 => enable_keys(session).await?,
            1 => session.advance(6 * MINUTE).await?,
            _ => {}
        }
    }
    orders.push(witness(session).await?);
    verdict(session, &orders).await
}

async fn enable_keys(session: &Session) -> Result<(), String> {
    let validity = Validity::Days90;
    let made = session.command(Command::Keys(KeyCommand::Generate { validity }));
    let id = made.await?["key"]
        .as_u64()
        .and_then(|id| u32::try_from(id).ok());
    let id = id.ok_or("the sandbox made no keys")?;
    let pair: Value = session
        .command(Command::Keys(KeyCommand::Reveal { id }))
        .await?;
    session.announce(&pair).await?;
    let enabled = session.command(Command::Keys(KeyCommand::Enable { id }));
    enabled.await.map(drop)
}
