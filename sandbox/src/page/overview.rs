//! The overview: how to connect a service, plots, balances and the latest events.

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use skypay_types::{PayoutChannel, ResponseCode};

use super::format::{self, badge, code, counted, pesos};
use super::layout::Page;
use super::table::{Column, number, table, text};
use super::{Shared, answer, connect, plot, search};
use crate::admin_client::{ListQuery, Personal};
use crate::engine::{self, DeliveryStatus, Fault, Row, Selection, WireFault};

/// The status of a callback that was never acknowledged.
const LOST: &str = DeliveryStatus::GivenUp.as_str();

/// The number of log lines shown.
const LATEST: u64 = 10;

pub(crate) async fn page(State(app): Shared, Query(asked): Query<Personal>) -> Response {
    let after = app.simulator.state().last_event().saturating_sub(LATEST);
    let query = ListQuery {
        after,
        ..ListQuery::default()
    };
    // The page is useful even without the log.
    let lines = app.simulator.log(query).await.unwrap_or_default();
    let now = app.simulator.now();
    let content = {
        let state = app.simulator.state();
        html! {
            (unknowns(&state))
            (connect::connect(&app, asked.personal))
            h2 { "At a glance" }
            (plot::plots(&state, now.into()))
            (balances(&state))
            (counts(&state))
            h2 { "Latest" }
            @if lines.is_empty() { p.soft { "Nothing has happened yet." } }
            @else { (table(&LATEST_COLUMNS, lines.iter().rev().map(|(_, line)| logged(line)))) }
        }
    };
    answer(Page::of("/", "Overview").around(&app, &content))
}

const LATEST_COLUMNS: [Column; 4] = [text("Time"), text("What"), text("About"), text("Details")];

/// Renders the callbacks that were never acknowledged, nor was a copy of them, whose
/// outcome is unknown.
fn unknowns(state: &engine::State) -> Markup {
    let is_lost = |kind: &str, status: &str| kind == "callback" && status.ends_with(LOST);
    let copies = state.copies();
    let acknowledged = copies
        .iter()
        .filter(|copy| copy.status == DeliveryStatus::Acknowledged);
    let acknowledged: BTreeSet<_> = acknowledged.filter_map(|copy| copy.repeats).collect();
    let replayed = acknowledged.iter().filter(|id| {
        let original = state.callback(**id);
        original.is_some_and(|original| original.status == DeliveryStatus::GivenUp)
    });
    let lost = state
        .counted_of(is_lost)
        .saturating_sub(replayed.count() as u64);
    let newest = state.list(&Selection::newest(5 + copies.len()), |kind, status, _| {
        is_lost(kind, status)
    });
    let newest = newest
        .iter()
        .filter(|row| !acknowledged.contains(&row.id()))
        .take(5);
    html! {
        @if lost > 0 {
            section.notice.warn aria-labelledby="unknowns" {
                h2 id="unknowns" { (counted(lost, "callback")) " that the partner did not acknowledge" }
                ul {
                    @for row in newest {
                        @if let Row::Callback(callback) = row {
                            li {
                                a href={ "/callbacks/" (callback.id) } {
                                    (callback.operation) " #" (callback.id) " about " (callback.subject)
                                }
                            }
                        }
                    }
                }
                p { a href="/callbacks?status=Given+up" { "All of them" } }
            }
        }
    }
}

fn balances(state: &engine::State) -> Markup {
    let columns = [
        text("Prefix"),
        text("Name"),
        number("Balance"),
        number("Held"),
        number("Paid"),
        number("Collected"),
    ];
    html! {
        (table(&columns, state.ledger().accounts.iter().map(|(prefix, account)| vec![
            html! { (prefix) },
            html! { (account.name) },
            pesos(account.balance),
            pesos(account.held),
            pesos(account.paid),
            pesos(account.collected),
        ])))
    }
}

fn counts(state: &engine::State) -> Markup {
    let payouts = state.counts().get("payout").into_iter().flatten();
    let payouts: Vec<_> = payouts.filter(|(_, count)| **count > 0).collect();
    let others = [
        ("Cash pickups", "cash-pickup"),
        ("Collections", "collection"),
        ("7-Eleven references", "barcode"),
        ("Callbacks", "callback"),
    ];
    html! {
        h2 { "Transactions" }
        @if payouts.is_empty() {
            p.soft {
                "No payout yet: " a href="/send?operation=payoutQueue" { "send" } " one."
            }
        }
        dl.counts {
            @for (status, count) in &payouts {
                @let status = format::shown(status);
                @let name = status.split(" (").next().unwrap_or_default();
                div { dt { (badge(name, format::payout_tone(&status))) } dd { (count) } }
            }
            @for (label, wanted) in others {
                div { dt { (label) } dd { (state.counted_of(|kind, _| kind == wanted)) } }
            }
        }
    }
}

/// Returns the cells of a log line, which is JSON, in words.
fn logged(line: &str) -> Vec<Markup> {
    let event = serde_json::from_str::<Value>(line).unwrap_or_default();
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let time = field("time").split('.').next().unwrap_or_default();
    let subject = field("subject");
    let details = event["details"].as_object();
    let details = details.into_iter().flatten();
    // A payout's step says its status, and its number the prefix.
    let is_told = |name: &str| match field("kind").split('-').next() {
        Some("payout") => ["payout", "prefix", "status"].contains(&name),
        Some("callback") => name == "operation",
        _ => false,
    };
    let details = details.filter(|(name, value)| !value.is_null() && !is_told(name));
    let details = details.enumerate();
    vec![
        html! { time { (time) } },
        html! { (field("kind").replace('-', " ")) },
        html! { @if !subject.is_empty() { (search::link(subject)) } },
        html! {
            @for (index, (name, value)) in details {
                @if index > 0 { ", " }
                @if name == "delivery" {
                    a href={ "/callbacks/" (value) } { (event["details"]["operation"].as_str().unwrap_or("callback")) " #" (value) }
                } @else { (name.replace('_', " ")) " " (in_words(name, value)) }
            }
        },
    ]
}

/// Returns a value of a log line in words.
fn in_words(name: &str, value: &Value) -> String {
    match value {
        Value::String(number) if name == "code" => code(&ResponseCode::from(number.as_str())),
        Value::String(number) if name == "channel" => code(&PayoutChannel::from(number.as_str())),
        Value::String(number) if name == "amount" => format!("{number} PHP"),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| in_words("", value)).collect();
            values.join(" and ")
        }
        Value::Object(fields) => {
            let fault = Fault::deserialize(value).map(|fault| fault.to_string());
            let fault =
                fault.or_else(|_| WireFault::deserialize(value).map(|fault| fault.to_string()));
            if let Ok(fault) = fault {
                return fault;
            }
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| format!("{name} {}", in_words(name, value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
