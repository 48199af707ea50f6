//! Small plots as SVG. A table or list beside each has the same facts in words.

use maud::{Markup, html};
use skypay_types::Amount;

use super::format::{self, BadgeKind, code};
use crate::engine::{Account, AttemptResult, Callback, Row, Selection, State, Timestamp};

/// The size of a plot.
const WIDTH: usize = 320;
const HEIGHT: usize = 72;

/// The most callbacks and payouts that are drawn, each the newest.
const CALLBACKS: usize = 64;
const PAYOUTS: usize = 200;

/// The number of bars of payouts.
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
pub(crate) fn plots(state: &State) -> Markup {
    let callbacks = state.list(&Selection::newest(CALLBACKS), |kind, _, _| {
        kind == "callback"
    });
    let payouts = state.list(&Selection::newest(PAYOUTS), |kind, _, _| kind == "payout");
    html! {
        div.plots {
            (of_callbacks(&callbacks))
            (of_payouts(&payouts))
            @for (prefix, account) in &state.ledger().accounts { (of_account(prefix, account)) }
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
    let step = WIDTH / CALLBACKS;
    let bars = timed
        .iter()
        .enumerate()
        .map(|(index, (callback, result, ms))| {
            let (outcome, tone) = format::outcome(callback, Some(result));
            let height = scaled(*ms, longest.max(1));
            Bar {
                x: index * step,
                y: HEIGHT - height,
                width: step - 1,
                height,
                tone,
                about: format!(
                    "{} #{}: {outcome}, {ms} ms",
                    callback.operation, callback.id
                ),
            }
        });
    let colours = [
        (BadgeKind::Good, "accepted"),
        (BadgeKind::Warn, "unknown"),
        (BadgeKind::Bad, "refused, not sent"),
    ];
    let caption = format!("The last {} callbacks, at most {longest} ms", timed.len());
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
    let step = WIDTH / BARS;
    let mut bars = Vec::new();
    for (index, counts) in counts.iter().enumerate() {
        let mut y = HEIGHT;
        for (tone, count) in tones.iter().zip(counts).filter(|(_, count)| **count > 0) {
            let height = scaled(*count, most);
            y = y.saturating_sub(height);
            bars.push(Bar {
                x: index * step,
                y,
                width: step - 1,
                height,
                tone: *tone,
                about: format!("{count} payouts"),
            });
        }
    }
    let colours = [
        (BadgeKind::Good, "completed"),
        (BadgeKind::Plain, "open"),
        (BadgeKind::Bad, "failed, cancelled"),
    ];
    let caption = format!(
        "The last {} payouts, since {}",
        ordered.len(),
        first.date_time()
    );
    plot(&caption, &colours, &bars)
}

/// Renders where the money of an account is.
fn of_account(prefix: &str, account: &Account) -> Markup {
    let parts = [
        ("balance", account.balance, BadgeKind::Good),
        ("held", account.held, BadgeKind::Warn),
        ("paid", account.paid, BadgeKind::Plain),
    ];
    let centavos = |amount: Amount| u64::try_from(amount.centavos()).unwrap_or(0);
    let all: u64 = parts.iter().map(|(_, amount, _)| centavos(*amount)).sum();
    let mut x = 0;
    let bars = parts.map(|(name, amount, tone)| {
        let share = u128::from(centavos(amount)) * WIDTH as u128 / u128::from(all.max(1));
        let width = usize::try_from(share).unwrap_or(0);
        let bar = Bar {
            x,
            y: HEIGHT / 3,
            width,
            height: HEIGHT / 3,
            tone,
            about: format!("{name}: {amount}"),
        };
        x += width;
        bar
    });
    let colours = parts.map(|(name, _, tone)| (tone, name));
    plot(&format!("The money of {prefix}"), &colours, &bars)
}

/// Returns the height of a bar; none is invisible.
fn scaled(value: u64, most: u64) -> usize {
    let height = value.saturating_mul(HEIGHT as u64 - 2) / most;
    usize::try_from(height).unwrap_or(0) + 2
}
