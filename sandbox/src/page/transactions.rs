//! Transactions, and the life of each.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use skypay_types::Amount;

use super::callbacks::{PAGE, pages, shown_or_masked};
use super::layout::Page;
use super::words::{self, Tone, badge, moment, pesos};
use super::{Shared, answer, asset, missing};
use crate::admin::Personal;
use crate::barcode;
use crate::engine::{self, Moment};

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

/// A transaction of whatever kind.
struct Row {
    kind: &'static str,
    id: String,
    number: String,
    prefix: String,
    channel: String,
    amount: Option<Amount>,
    standing: (String, Tone),
    created: Moment,
}

fn rows(state: &engine::State) -> Vec<Row> {
    let payouts = state.payouts().map(|payout| Row {
        kind: "payout",
        id: payout.id.to_string(),
        number: payout.control_number.clone(),
        prefix: payout.prefix.clone(),
        channel: words::code(&payout.channel),
        amount: Some(payout.amount),
        standing: (
            words::code(&payout.status),
            words::payout_tone(&payout.status),
        ),
        created: payout.created,
    });
    let counter = state.counter_payouts().map(|payout| Row {
        kind: "counter",
        id: payout.control_number.clone(),
        number: payout.control_number.clone(),
        prefix: payout.prefix.clone(),
        channel: words::code(&payout.channel),
        amount: payout.amount,
        standing: owned(words::counter(payout.standing)),
        created: payout.created,
    });
    let collections = state.collections().map(|collection| Row {
        kind: "collection",
        id: collection.id.to_string(),
        number: collection.contract_number.clone(),
        prefix: collection.prefix.clone(),
        channel: words::code(&collection.channel),
        amount: Some(collection.amount),
        standing: owned(words::collection(collection.standing)),
        created: collection.created,
    });
    let now = Moment::from(state.now());
    let barcodes = state.barcodes().map(|barcode| Row {
        kind: "barcode",
        id: barcode.reference.clone(),
        number: barcode.contract_number.clone(),
        prefix: String::new(),
        channel: String::new(),
        amount: Some(barcode.amount),
        standing: owned(if barcode.expires <= now {
            ("Expired", Tone::Bad)
        } else {
            ("Valid", Tone::Good)
        }),
        created: barcode.created,
    });
    let all = payouts.chain(counter).chain(collections).chain(barcodes);
    let mut rows: Vec<_> = all.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created));
    rows
}

fn owned((words, tone): (&str, Tone)) -> (String, Tone) {
    (words.to_owned(), tone)
}

fn kind(of: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(kind, _)| *kind == of)
        .map_or("", |(_, name)| name)
}

pub(crate) async fn list(State(office): Shared, Query(filter): Query<Filter>) -> Response {
    let rows = rows(&office.house.state());
    let states: BTreeSet<_> = rows.iter().map(|row| row.standing.0.as_str()).collect();
    let found: Vec<_> = rows
        .iter()
        .filter(|row| filter.kind.is_empty() || filter.kind == row.kind)
        .filter(|row| filter.state.is_empty() || filter.state == row.standing.0)
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
                            td data-label="Since" { (moment(row.created)) }
                            td data-label="State" { (badge(&row.standing.0, row.standing.1)) }
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
    answer(Page::of(PATH, "Transactions").around(&office, &content))
}

pub(crate) async fn one(
    State(office): Shared,
    Path((of, id)): Path<(String, String)>,
    Query(asked): Query<Personal>,
) -> Response {
    let content = {
        let state = office.house.state();
        let row = rows(&state)
            .into_iter()
            .find(|row| row.kind == of && row.id == id);
        row.map(|row| (row.number.clone(), life_of(&state, &row, asked.personal)))
    };
    match content {
        Some((number, content)) => answer(Page::of(PATH, &number).around(&office, &content)),
        None => missing(&office, PATH, "There is no such transaction."),
    }
}

fn life_of(state: &engine::State, row: &Row, personal: bool) -> Markup {
    html! {
        dl.facts {
            dt { "Kind" } dd { (kind(row.kind)) }
            dt { "State" } dd { (badge(&row.standing.0, row.standing.1)) }
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
        ol.life {
            @for (time, class, what) in steps(state, row) { li class=(class) { (moment(time)) (what) } }
        }
        @if let Some(payout) = state.payouts().find(|payout| row.kind == "payout" && payout.id.to_string() == row.id) {
            h2 { "Order" }
            (shown_or_masked(personal, &format!("{PATH}/{}/{}", row.kind, row.id)))
            (words::message(&payout.order, &payout.operation, personal))
        }
        @if row.kind != "barcode" && row.kind != "collection" {
            p { a href={ "/payout-tool?control_number=" (row.number) } { "To the Payout Tool with this number" } }
        } @else {
            p { a href={ "/collection-tool?contract_number=" (row.number) } { "To the Collection Tool with this number" } }
        }
    }
}

/// What happened to it, and every callback about it, in the order of time.
fn steps(state: &engine::State, row: &Row) -> Vec<(Moment, &'static str, Markup)> {
    let mut steps = Vec::new();
    let payout = state
        .payouts()
        .find(|payout| row.kind == "payout" && payout.id.to_string() == row.id);
    match payout {
        Some(payout) => steps.extend(payout.life.iter().map(|step| {
            let words = step.what.replace('-', " ");
            (
                step.time,
                words::step_tone(&step.what).class(),
                html! { (words) },
            )
        })),
        None => steps.push((row.created, "", html! { "began" })),
    }
    if let Some(paid) = state
        .counter_payouts()
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
                @if let Some(gist) = words::gist(callback) { " " (gist) } ": "
                (words::ended(callback, attempt.result.as_ref()))
            };
            steps.push((attempt.started, "", what));
        }
    }
    steps.sort_by_key(|(time, _, _)| *time);
    steps
}

pub(crate) async fn picture(State(office): Shared, Path(reference): Path<String>) -> Response {
    let known = office
        .house
        .state()
        .barcodes()
        .any(|barcode| barcode.reference == reference);
    match barcode::svg(&reference) {
        Ok(picture) if known => asset("image/svg+xml", picture),
        _ => missing(&office, PATH, "There is no such reference."),
    }
}
