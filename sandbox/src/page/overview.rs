//! The overview: credentials, balances and current state.

use axum::extract::{Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::format::{self, badge, pesos};
use super::layout::Page;
use super::table::{number, table, text};
use super::{Shared, answer, curl};
use crate::admin_client::{ListQuery, Personal};
use crate::engine::{self, DeliveryStatus, Row};
use crate::service::AppState;

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

/// Renders the callbacks that were never acknowledged, whose outcome is unknown.
fn unknowns(state: &engine::State) -> Markup {
    let is_lost = |kind: &str, status: &str| kind == "callback" && status.ends_with(LOST);
    let lost = state.counted_of(is_lost);
    html! {
        @if lost > 0 {
            section.notice.warn aria-labelledby="unknowns" {
                h2 id="unknowns" { (lost) " callbacks that the partner did not acknowledge" }
                ul {
                    @for row in state.newest(is_lost, 0, 5) {
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
        h2 { "Balances" }
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
                "No payout yet. The README's first curl line orders one; the "
                a href="/payout-tool" { "Payout Tool" } " makes one."
            }
        }
        dl.counts {
            @for (status, count) in &payouts {
                @let status = format::shown(status);
                div { dt { (badge(&status, format::payout_tone(&status))) } dd { (count) } }
            }
            @for (label, wanted) in others {
                div { dt { (label) } dd { (state.counted_of(|kind, _| kind == wanted)) } }
            }
        }
    }
}

/// Renders a log line, which is JSON, as a row.
fn logged(line: &str) -> Markup {
    let event = serde_json::from_str::<Value>(line).unwrap_or_default();
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let time = field("time").split('.').next().unwrap_or_default();
    html! {
        tr {
            td data-label="Time" { time { (time) } }
            td data-label="What" { (field("kind").replace('-', " ")) }
            td data-label="About" { code { (field("subject")) } }
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
                dt { "With curl" } dd {
                    @let message = format!(
                        r#"{{"userName":"{}","authentication":"{}","action":"balanceQuery"}}"#,
                        info.user_name, keys.sealing.authentication,
                    );
                    (curl::command(
                        "A balance query with curl and openssl",
                        &curl::plaintext(&info.service_url, &keys.sealing.encrypt_key, &message),
                    ))
                }
            } @else {
                dt { "Secrets" } dd { a href="/?personal=true" { "Show the keys in use" } }
            }
            dt { "Takes" } dd { @if info.plaintext { "encrypted bodies and plaintext" } @else { "encrypted bodies only" } }
            dt { "Seed" } dd { (info.seed) }
        }
    }
}
