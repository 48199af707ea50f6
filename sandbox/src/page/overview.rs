//! The first page: what a partner has to know, and how things stand.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;
use skypay_types::PayoutStatus;

use super::format::{self, badge, pesos};
use super::layout::Page;
use super::{Shared, answer};
use crate::admin_client::{LogQuery, Personal};
use crate::engine::{self, Callback, DeliveryStatus};
use crate::service::AppState;

/// How many lines of the log are shown.
const LATEST: u64 = 10;

pub(crate) async fn page(State(app): Shared, Query(asked): Query<Personal>) -> Response {
    let after = app.simulator.state().last_event().saturating_sub(LATEST);
    let query = LogQuery {
        after,
        ..LogQuery::default()
    };
    // Without its log the page is still worth seeing.
    let lines = app.simulator.log(query).await.unwrap_or_default();
    let content = {
        let state = app.simulator.state();
        html! {
            (unknowns(&state))
            (balances(&state))
            (counts(&state))
            (partner(&app, asked.personal))
            h2 { "Latest" }
            @if lines.is_empty() { p.soft { "Nothing has happened yet." } }
            @else {
                table.cards {
                    thead { tr { th { "Time" } th { "What" } th { "About" } th { "Details" } } }
                    tbody { @for (_, line) in lines.iter().rev() { (logged(line)) } }
                }
            }
        }
    };
    answer(Page::of("/", "Overview").around(&app, &content))
}

/// What a careful partner would ask about: it is not known to have ended.
fn unknowns(state: &engine::State) -> Markup {
    let lost: Vec<_> = state
        .callbacks()
        .filter(|callback| is_lost(callback))
        .collect();
    html! {
        @if !lost.is_empty() {
            section.notice.warn aria-labelledby="unknowns" {
                h2 id="unknowns" { (lost.len()) " callbacks that the partner did not acknowledge" }
                ul {
                    @for callback in lost.iter().rev().take(5) {
                        li {
                            a href={ "/callbacks/" (callback.id) } {
                                (callback.operation) " #" (callback.id) " about " (callback.subject)
                            }
                        }
                    }
                }
                p { a href="/callbacks?status=Given+up" { "All of them" } }
            }
        }
    }
}

pub(crate) fn is_lost(callback: &Callback) -> bool {
    callback.status == DeliveryStatus::GivenUp
}

fn balances(state: &engine::State) -> Markup {
    html! {
        h2 { "Balances" }
        table.cards {
            thead { tr { th { "Prefix" } th { "Name" } th.number { "Balance" } th.number { "Held" } th.number { "Paid" } th.number { "Collected" } } }
            tbody {
                @for (prefix, account) in &state.ledger().accounts {
                    tr {
                        th scope="row" { (prefix) }
                        td data-label="Name" { (account.name) }
                        td.number data-label="Balance" { (pesos(account.balance)) }
                        td.number data-label="Held" { (pesos(account.held)) }
                        td.number data-label="Paid" { (pesos(account.paid)) }
                        td.number data-label="Collected" { (pesos(account.collected)) }
                    }
                }
            }
        }
    }
}

fn counts(state: &engine::State) -> Markup {
    let mut payouts: BTreeMap<String, (PayoutStatus, u32)> = BTreeMap::new();
    for payout in state.payouts() {
        let entry = payouts.entry(format::code(&payout.status));
        entry.or_insert((payout.status.clone(), 0)).1 += 1;
    }
    let others = [
        ("At a counter", state.cash_pickups().count()),
        ("Collections", state.collections().count()),
        ("7-Eleven references", state.barcodes().count()),
        ("Callbacks", state.callbacks().count()),
    ];
    html! {
        h2 { "Transactions" }
        @if payouts.is_empty() {
            p.soft {
                "No payout yet. The README's first curl line orders one; the "
                a href="/payout-tool" { "Payout Tool" } " asks for one at a counter."
            }
        }
        dl.counts {
            @for (label, (status, count)) in &payouts {
                div { dt { (badge(label, format::payout_tone(status))) } dd { (count) } }
            }
            @for (label, count) in others { div { dt { (label) } dd { (count) } } }
        }
    }
}

/// A line of the log, which is JSON, as a row.
fn logged(line: &str) -> Markup {
    let event = serde_json::from_str::<Value>(line).unwrap_or_default();
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let time = text("time").split('.').next().unwrap_or_default();
    html! {
        tr {
            td data-label="Time" { time { (time) } }
            td data-label="What" { (text("kind").replace('-', " ")) }
            td data-label="About" { code { (text("subject")) } }
            td data-label="Details" { code { @if !event["details"].is_null() { (event["details"]) } } }
        }
    }
}

fn partner(app: &AppState, personal: bool) -> Markup {
    let info = &app.info;
    let keys = {
        let now = app.simulator.now();
        app.simulator.state().keys_in_use(now)
    };
    html! {
        h2 { "For a partner" }
        dl.facts {
            dt { "URL" } dd { code { (info.service_url) } }
            dt { "Caller name" } dd { code { (info.caller_name) } }
            dt { "User name" } dd { code { (info.user_name) } }
            @if personal {
                dt { "Authentication" } dd { code { (keys.sealing.authentication) } }
                dt { "Encrypt key" } dd { code { (keys.sealing.encrypt_key) } }
            } @else {
                dt { "Secrets" } dd { a href="/?personal=true" { "Show the keys in use" } }
            }
            dt { "Takes" } dd { @if info.plaintext { "sealed and plaintext" } @else { "sealed bodies only" } }
            dt { "Seed" } dd { (info.seed) }
        }
    }
}
