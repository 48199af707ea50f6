//! Transactions, and the life of each.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use skypay_types::Amount;

use super::callbacks::{PAGE, pages, shown_or_masked};
use super::format::{self, BadgeKind, badge, pesos, timestamp};
use super::layout::Page;
use super::{Shared, answer, asset, missing};
use crate::admin_client::Personal;
use crate::barcode;
use crate::engine::{self, Timestamp};

const PATH: &str = "/transactions";

/// The kinds, as in paths and filters, with what they are called.
const KINDS: [(&str, &str); 4] = [
    ("payout", "Payout"),
    ("counter", "At a counter"),
    ("collection", "Collection"),
    ("barcode", "7-Eleven reference"),
];

/// Which transactions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    kind: String,
    state: String,
    number: String,
    page: usize,
}

/// A transaction of any kind.
struct Row {
    kind: &'static str,
    id: String,
    number: String,
    prefix: String,
    channel: String,
    amount: Option<Amount>,
    status: (String, BadgeKind),
    created: Timestamp,
}

fn rows(state: &engine::State) -> Vec<Row> {
    let payouts = state.payouts().map(|payout| Row {
        kind: "payout",
        id: payout.id.to_string(),
        number: payout.control_number.clone(),
        prefix: payout.prefix.clone(),
        channel: format::code(&payout.channel),
        amount: Some(payout.amount),
        status: (
            format::code(&payout.status),
            format::payout_tone(&payout.status),
        ),
        created: payout.created,
    });
    let counter = state.cash_pickups().map(|payout| Row {
        kind: "counter",
        id: payout.control_number.clone(),
        number: payout.control_number.clone(),
        prefix: payout.prefix.clone(),
        channel: format::code(&payout.channel),
        amount: payout.amount,
        status: owned(format::counter(payout.status)),
        created: payout.created,
    });
    let collections = state.collections().map(|collection| Row {
        kind: "collection",
        id: collection.id.to_string(),
        number: collection.contract_number.clone(),
        prefix: collection.prefix.clone(),
        channel: format::code(&collection.channel),
        amount: Some(collection.amount),
        status: owned(format::collection(collection.status)),
        created: collection.created,
    });
    let now = Timestamp::from(state.now());
    let barcodes = state.barcodes().map(|barcode| Row {
        kind: "barcode",
        id: barcode.reference.clone(),
        number: barcode.contract_number.clone(),
        prefix: String::new(),
        channel: String::new(),
        amount: Some(barcode.amount),
        status: owned(if barcode.expires <= now {
            ("Expired", BadgeKind::Bad)
        } else {
            ("Valid", BadgeKind::Good)
        }),
        created: barcode.created,
    });
    let all = payouts.chain(counter).chain(collections).chain(barcodes);
    let mut rows: Vec<_> = all.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created));
    rows
}

fn owned((text, tone): (&str, BadgeKind)) -> (String, BadgeKind) {
    (text.to_owned(), tone)
}

fn kind(of: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(kind, _)| *kind == of)
        .map_or("", |(_, name)| name)
}

pub(crate) async fn list(State(app): Shared, Query(filter): Query<Filter>) -> Response {
    let rows = rows(&app.simulator.state());
    let states: BTreeSet<_> = rows.iter().map(|row| row.status.0.as_str()).collect();
    let found: Vec<_> = rows
        .iter()
        .filter(|row| filter.kind.is_empty() || filter.kind == row.kind)
        .filter(|row| filter.state.is_empty() || filter.state == row.status.0)
        .filter(|row| row.number.contains(filter.number.trim()) || row.id == filter.number.trim())
        .collect();
    let content = html! {
        form.line method="get" action=(PATH) {
            div {
                label for="kind" { "Kind" }
                select id="kind" name="kind" {
                    option value="" { "All" }
                    @for (kind, name) in KINDS { option value=(kind) selected[kind == filter.kind] { (name) } }
                }
            }
            div {
                label for="state" { "State" }
                select id="state" name="state" {
                    option value="" { "All" }
                    @for state in &states { option value=(state) selected[*state == filter.state] { (state) } }
                }
            }
            div { label for="number" { "Number" } input id="number" name="number" value=(filter.number); }
            button.quiet { "Filter" }
        }
        p.soft { (found.len()) " transactions" }
        @if !found.is_empty() {
            table.cards {
                thead { tr { th { "Number" } th { "Kind" } th { "Channel" } th { "Since" } th { "State" } th.number { "Amount" } } }
                tbody {
                    @for row in found.iter().skip(filter.page.saturating_mul(PAGE)).take(PAGE) {
                        tr {
                            th scope="row" { a href={ (PATH) "/" (row.kind) "/" (row.id) } { (row.number) } }
                            td data-label="Kind" { (kind(row.kind)) }
                            td data-label="Channel" { (row.channel) }
                            td data-label="Since" { (timestamp(row.created)) }
                            td data-label="State" { (badge(&row.status.0, row.status.1)) }
                            td.number data-label="Amount" { @match row.amount { Some(amount) => (pesos(amount)), None => "–" } }
                        }
                    }
                }
            }
        }
        (pages(found.len(), filter.page, &[
            ("kind", &filter.kind), ("state", &filter.state), ("number", &filter.number),
        ]))
    };
    answer(Page::of(PATH, "Transactions").around(&app, &content))
}

pub(crate) async fn one(
    State(app): Shared,
    Path((of, id)): Path<(String, String)>,
    Query(asked): Query<Personal>,
) -> Response {
    let content = {
        let state = app.simulator.state();
        let row = rows(&state)
            .into_iter()
            .find(|row| row.kind == of && row.id == id);
        row.map(|row| (row.number.clone(), life_of(&state, &row, asked.personal)))
    };
    match content {
        Some((number, content)) => answer(Page::of(PATH, &number).around(&app, &content)),
        None => missing(&app, PATH, "There is no such transaction."),
    }
}

fn life_of(state: &engine::State, row: &Row, personal: bool) -> Markup {
    html! {
        dl.facts {
            dt { "Kind" } dd { (kind(row.kind)) }
            dt { "State" } dd { (badge(&row.status.0, row.status.1)) }
            @if let Some(amount) = row.amount { dt { "Amount" } dd { (pesos(amount)) " PHP" } }
            @if !row.channel.is_empty() { dt { "Channel" } dd { (row.channel) } }
            @if !row.prefix.is_empty() { dt { "Prefix" } dd { (row.prefix) } }
        }
        @if row.kind == "barcode" {
            figure {
                img src={ (PATH) "/barcode/" (row.id) "/picture" } alt={ "Code 128 of " (row.id) } width="360";
            }
        }
        h2 { "Life" }
        ol.history {
            @for (time, class, what) in steps(state, row) { li class=(class) { (timestamp(time)) (what) } }
        }
        @if let Some(payout) = state.payouts().find(|payout| row.kind == "payout" && payout.id.to_string() == row.id) {
            h2 { "Order" }
            (shown_or_masked(personal, &format!("{PATH}/{}/{}", row.kind, row.id)))
            (format::message(&payout.order, &payout.operation, personal))
        }
        @if row.kind != "barcode" && row.kind != "collection" {
            p { a href={ "/payout-tool?control_number=" (row.number) } { "To the Payout Tool with this number" } }
        } @else {
            p { a href={ "/collection-tool?contract_number=" (row.number) } { "To the Collection Tool with this number" } }
        }
    }
}

/// What happened to it, and every callback about it, in the order of time.
fn steps(state: &engine::State, row: &Row) -> Vec<(Timestamp, &'static str, Markup)> {
    let mut steps = Vec::new();
    let payout = state
        .payouts()
        .find(|payout| row.kind == "payout" && payout.id.to_string() == row.id);
    match payout {
        Some(payout) => steps.extend(payout.history.iter().map(|step| {
            let text = step.what.replace('-', " ");
            (
                step.time,
                format::step_tone(&step.what).class(),
                html! { (text) },
            )
        })),
        None => steps.push((row.created, "", html! { "began" })),
    }
    if let Some(paid) = state
        .cash_pickups()
        .find(|payout| row.kind == "counter" && payout.control_number == row.id)
        .and_then(|payout| payout.pay_time)
    {
        steps.push((paid, "good", html! { "the cashier handed out the money" }));
    }
    if let Some(collected) = state
        .collections()
        .find(|collection| row.kind == "collection" && collection.id.to_string() == row.id)
        .and_then(|collection| collection.collected)
    {
        steps.push((collected, "good", html! { "the cashier took the money" }));
    }
    for callback in state
        .callbacks()
        .filter(|callback| callback.subject == row.number || callback.subject == row.id)
        // A contract number may have been collected for before.
        .filter(|callback| callback.created >= row.created)
    {
        for attempt in &callback.attempts {
            let what = html! {
                a href={ "/callbacks/" (callback.id) } { (callback.operation) " #" (callback.id) }
                @if let Some(summary) = format::summary(callback) { " " (summary) } ": "
                (format::ended(callback, attempt.result.as_ref()))
            };
            steps.push((attempt.started, "", what));
        }
    }
    steps.sort_by_key(|(time, _, _)| *time);
    steps
}

pub(crate) async fn picture(State(app): Shared, Path(reference): Path<String>) -> Response {
    let known = app
        .simulator
        .state()
        .barcodes()
        .any(|barcode| barcode.reference == reference);
    match barcode::svg(&reference) {
        Ok(picture) if known => asset("image/svg+xml", picture),
        _ => missing(&app, PATH, "There is no such reference."),
    }
}
