//! Small plots as SVG. A table or list beside each has the same facts in words.

use maud::{Markup, html};
use skypay_types::{Amount, SignType, StatementType};

use super::format::{self, BadgeKind, code, counted};
use crate::engine::{
    Account, AttemptResult, Callback, Row, Selection, State, StoreStatus, Timestamp,
};

/// The size of a plot.
const WIDTH: usize = 320;
const HEIGHT: usize = 72;

/// The most callbacks that are drawn, and the most payouts, cash pickups and movements,
/// each the newest.
const CALLBACKS: usize = 64;
const ROWS: usize = 200;

/// The number of bars of payouts and balances.
const BARS: usize = 32;

/// A rectangle: its corner, its size and its colour.
struct Bar {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    tone: BadgeKind,
    about: String,
}

/// Returns one of `count` bars, which stands on another of a height.
fn bar(
    index: usize,
    count: usize,
    below: usize,
    height: usize,
    tone: BadgeKind,
    about: String,
) -> Bar {
    let step = WIDTH / count;
    Bar {
        x: index * step,
        y: HEIGHT.saturating_sub(below + height),
        width: step - 1,
        height,
        tone,
        about,
    }
}

/// Renders a plot with its caption and the meaning of its colours.
fn plot(caption: &str, colours: &[(BadgeKind, &str)], bars: &[Bar]) -> Markup {
    html! {
        figure.plot {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(caption) {
                @for bar in bars {
                    rect class=(bar.tone.class()) x=(bar.x) y=(bar.y) width=(bar.width) height=(bar.height) {
                        title { (bar.about) }
                    }
                }
            }
            figcaption {
                (caption)
                @for (tone, meaning) in colours { " " (format::badge(meaning, *tone)) }
            }
        }
    }
}

/// Renders all plots, of what there is.
pub(crate) fn plots(state: &State, now: Timestamp) -> Markup {
    let newest =
        |wanted: &str, most| state.list(&Selection::newest(most), |kind, _, _| kind == wanted);
    let callbacks = newest("callback", CALLBACKS);
    let known = ["payout", "cash-pickup", "movement"].map(|kind| newest(kind, ROWS));
    let [payouts, _, _] = &known;
    html! {
        div.plots {
            (of_callbacks(&callbacks))
            (of_payouts(payouts))
            @for (prefix, account) in &state.ledger().accounts { (of_balance(prefix, account, now, &known)) }
        }
    }
}

/// Renders the latency of callbacks, oldest first; each is coloured by its result.
fn of_callbacks(newest: &[Row]) -> Markup {
    let timed = newest.iter().rev().filter_map(|row| {
        let Row::Callback(callback) = row else {
            return None;
        };
        let result = callback.last_result()?;
        Some((callback, result, result.milliseconds().unwrap_or(0)))
    });
    let timed: Vec<(&Callback, &AttemptResult, u64)> = timed.collect();
    let Some(longest) = timed.iter().map(|(_, _, ms)| *ms).max() else {
        return html! {};
    };
    let bars = timed
        .iter()
        .enumerate()
        .map(|(index, (callback, result, ms))| {
            let (outcome, tone) = format::outcome(callback, Some(result));
            let (name, id) = (&callback.operation, callback.id);
            let about = format!("{name} #{id}: {outcome}, {ms} ms");
            let height = scaled(*ms, longest.max(1));
            bar(index, CALLBACKS, 0, height, tone, about)
        });
    let colours = [
        (BadgeKind::Good, "accepted"),
        (BadgeKind::Warn, "unknown"),
        (BadgeKind::Bad, "refused, not sent"),
    ];
    let caption = format!(
        "The last {}, at most {longest} ms",
        counted(timed.len() as u64, "callback")
    );
    plot(&caption, &colours, &bars.collect::<Vec<_>>())
}

/// Renders the newest payouts by the time at which they were ordered and their state.
fn of_payouts(newest: &[Row]) -> Markup {
    let ordered = newest.iter().rev().filter_map(|row| match row {
        Row::Payout(payout) => Some((payout.created, code(&payout.status))),
        _ => None,
    });
    let ordered: Vec<(Timestamp, String)> = ordered.collect();
    let (Some((first, _)), Some((last, _))) = (ordered.first(), ordered.last()) else {
        return html! {};
    };
    let span = first.until(*last).as_milliseconds().max(1);
    let tones = [BadgeKind::Good, BadgeKind::Plain, BadgeKind::Bad];
    let mut counts = [[0_u64; 3]; BARS];
    for (created, status) in &ordered {
        let bar = first.until(*created).as_milliseconds() * (BARS as u64 - 1) / span;
        let tone = format::payout_tone(status);
        let tone = tones.iter().position(|known| *known == tone).unwrap_or(1);
        let bar = usize::try_from(bar).unwrap_or(0);
        if let Some(count) = counts.get_mut(bar).and_then(|counts| counts.get_mut(tone)) {
            *count += 1;
        }
    }
    let most = counts.iter().map(|counts| counts.iter().sum::<u64>()).max();
    let most = most.unwrap_or(0).max(1);
    let mut bars = Vec::new();
    for (index, counts) in counts.iter().enumerate() {
        let mut below = 0;
        for (tone, count) in tones.iter().zip(counts).filter(|(_, count)| **count > 0) {
            let height = scaled(*count, most);
            bars.push(bar(
                index,
                BARS,
                below,
                height,
                *tone,
                counted(*count, "payout"),
            ));
            below += height;
        }
    }
    let colours = [
        (BadgeKind::Good, "completed"),
        (BadgeKind::Plain, "open"),
        (BadgeKind::Bad, "failed, cancelled"),
    ];
    let caption = format!(
        "The last {}, since {}",
        counted(ordered.len() as u64, "payout"),
        first.date_time()
    );
    plot(&caption, &colours, &bars)
}

/// Renders the balance of an account over time, calculated back from what it is now.
/// `known` has the newest rows of each kind that changes it.
fn of_balance(prefix: &str, account: &Account, now: Timestamp, known: &[Vec<Row>]) -> Markup {
    // What is older than the oldest row of a kind with more rows is incomplete.
    let full = known.iter().filter(|rows| rows.len() == ROWS);
    let since = full.filter_map(|rows| rows.last()).map(Row::created).max();
    let changes = known.iter().flatten().flat_map(|row| changes(row, prefix));
    let changes = changes.filter(|(time, _)| since.is_none_or(|since| *time >= since));
    let changes: Vec<(Timestamp, i64)> = changes.collect();
    let Some(first) = changes.iter().map(|(time, _)| *time).min() else {
        return html! {};
    };
    // The first bar is the balance before the first change.
    let span = first.until(now).as_milliseconds().max(1);
    let mut balances = [account.balance.centavos(); BARS];
    for (time, change) in changes {
        let bar = first.until(time).as_milliseconds().min(span) * (BARS as u64 - 2) / span;
        let bar = usize::try_from(bar).unwrap_or(0) + 1;
        for balance in balances.iter_mut().take(bar) {
            *balance -= change;
        }
    }
    let [most, least] = [balances.iter().max(), balances.iter().min()].map(|balance| {
        let balance = balance.copied().unwrap_or_default();
        Amount::from_centavos(balance)
    });
    let above = |balance: i64| u64::try_from(balance - least.centavos()).unwrap_or(0);
    let most_above = above(most.centavos()).max(1);
    let bars = balances.iter().enumerate().map(|(index, balance)| {
        let height = scaled(above(*balance), most_above);
        let about = Amount::from_centavos(*balance).to_string();
        bar(index, BARS, 0, height, BadgeKind::Good, about)
    });
    let caption = format!(
        "The balance of {prefix} since {}: from {least} to {most}, now {}",
        first.date_time(),
        account.balance
    );
    plot(&caption, &[], &bars.collect::<Vec<_>>())
}

/// Returns when a row changed the balance of an account, and by how many centavos.
fn changes(row: &Row, prefix: &str) -> Vec<(Timestamp, i64)> {
    match row {
        Row::Payout(payout) if payout.prefix == prefix => {
            let amount = payout.amount.centavos();
            // Money comes back from what fails, is cancelled or reversed.
            let bad = |what: &str| format::step_tone(what) == BadgeKind::Bad;
            let back = payout.history.iter().filter(|step| bad(&step.what));
            let back = back.map(|step| (step.time, amount));
            std::iter::once((payout.created, -amount))
                .chain(back)
                .collect()
        }
        Row::CashPickup(payout) if payout.prefix == prefix => {
            let amount = payout.amount.unwrap_or_default().centavos();
            let is_held = matches!(
                payout.status,
                StoreStatus::Confirming | StoreStatus::Completed
            );
            let held = payout.pay_time.filter(|_| is_held);
            held.map(|time| (time, -amount)).into_iter().collect()
        }
        Row::Movement(movement) if movement.prefix == prefix => {
            let amount = movement.amount.centavos();
            let change = match (&movement.statement_type, &movement.sign_type) {
                (
                    StatementType::PayoutRecharge
                    | StatementType::SettlementRecharge
                    | StatementType::PayoutWithdrawal
                    | StatementType::BalanceTransfer,
                    sign,
                ) => {
                    if *sign == SignType::Increase {
                        amount
                    } else {
                        -amount
                    }
                }
                _ => return Vec::new(),
            };
            vec![(movement.time, change)]
        }
        _ => Vec::new(),
    }
}

/// Returns the height of a bar; none is invisible.
fn scaled(value: u64, most: u64) -> usize {
    let height = value.saturating_mul(HEIGHT as u64 - 2) / most;
    usize::try_from(height).unwrap_or(0) + 2
}
