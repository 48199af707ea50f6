//! Transactions and their history.

use std::collections::BTreeSet;

use axum::extract::{Form as Posted, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use skypay_types::{Amount, Effect};

use super::callbacks::{Part, pages, select, shown_or_masked};
use super::form::Entered;
use super::format::{self, BadgeKind, badge, pesos, timestamp};
use super::layout::Page;
use super::table::{Column, number, table, text};
use super::{Shared, actions, answer, asset, missing, requests};
use crate::admin_client::{ListQuery, Personal, RequestRecord};
use crate::barcode;
use crate::engine::{self, CommandOutcome, Row, Timestamp};
use crate::service::operation_named;

const PATH: &str = "/transactions";

/// The kinds of transaction: the name in paths and filters, and the label.
const KINDS: [(&str, &str); 4] = [
    ("payout", "Payout"),
    ("cash-pickup", "Cash pickup"),
    ("collection", "Collection"),
    ("barcode", "7-Eleven reference"),
];

/// The filter and page number of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    kind: String,
    state: String,
    number: String,
    page: usize,
}

/// A transaction of any kind, as a row of the list.
struct Transaction {
    kind: &'static str,
    id: String,
    number: String,
    prefix: String,
    channel: String,
    amount: Option<Amount>,
    status: (String, BadgeKind),
    created: Timestamp,
}

impl Transaction {
    fn of(row: &Row, now: Timestamp) -> Option<Self> {
        Some(match row {
            Row::Payout(payout) => Self {
                kind: "payout",
                id: payout.id.to_string(),
                number: payout.control_number.clone(),
                prefix: payout.prefix.clone(),
                channel: format::code(&payout.channel),
                amount: Some(payout.amount),
                status: {
                    let status = format::code(&payout.status);
                    let tone = format::payout_tone(&status);
                    (status, tone)
                },
                created: payout.created,
            },
            Row::CashPickup(payout) => Self {
                kind: "cash-pickup",
                id: payout.control_number.clone(),
                number: payout.control_number.clone(),
                prefix: payout.prefix.clone(),
                channel: format::code(&payout.channel),
                amount: payout.amount,
                status: format::at_store(payout.status),
                created: payout.created,
            },
            Row::Collection(collection) => Self {
                kind: "collection",
                id: collection.id.to_string(),
                number: collection.contract_number.clone(),
                prefix: collection.prefix.clone(),
                channel: format::code(&collection.channel),
                amount: Some(collection.amount),
                status: format::at_store(collection.status),
                created: collection.created,
            },
            Row::Barcode(barcode) => Self {
                kind: "barcode",
                id: barcode.reference.clone(),
                number: barcode.contract_number.clone(),
                prefix: String::new(),
                channel: String::new(),
                amount: Some(barcode.amount),
                status: if barcode.expires <= now {
                    ("Expired".to_owned(), BadgeKind::Bad)
                } else {
                    ("Valid".to_owned(), BadgeKind::Good)
                },
                created: barcode.created,
            },
            Row::Movement(_) | Row::Callback(_) => return None,
        })
    }

    fn cells(&self) -> Vec<Markup> {
        vec![
            html! { a href={ (PATH) "/" (self.kind) "/" (self.id) } { (self.number) } },
            html! { (kind(self.kind)) },
            html! { (self.channel) },
            timestamp(self.created),
            badge(&self.status.0, self.status.1),
            html! { @match self.amount { Some(amount) => (pesos(amount)), None => "–" } },
        ]
    }
}

const COLUMNS: [Column; 6] = [
    text("Number"),
    text("Kind"),
    text("Channel"),
    text("Since"),
    text("State"),
    number("Amount"),
];

/// Finds the row of a path.
fn find(state: &engine::State, kind: &str, id: &str) -> Option<Row> {
    match kind {
        "payout" | "collection" => state.row(id.parse().ok()?).filter(|row| row.kind() == kind),
        kind => state
            .numbered(id, |of, _| of == kind, 0, 1)
            .into_iter()
            .find(|row| row.number() == id),
    }
}

fn kind(of: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(kind, _)| *kind == of)
        .map_or("", |(_, name)| name)
}

pub(crate) async fn list(State(app): Shared, Query(filter): Query<Filter>) -> Response {
    let state = app.simulator.state();
    let now = Timestamp::from(state.now());
    let is_listed = |kind: &str| KINDS.iter().any(|(known, _)| *known == kind);
    let (chosen, wanted) = (format::stored(&filter.state), filter.number.trim());
    let which = |kind: &str, status: &str| {
        is_listed(kind)
            && (filter.kind.is_empty() || filter.kind == kind)
            && (chosen.is_empty() || chosen == status)
    };
    let listed = state.counts().iter().filter(|(kind, _)| is_listed(kind));
    let states: BTreeSet<_> = listed
        .flat_map(|(_, statuses)| statuses.keys())
        .map(|status| format::shown(status))
        .collect();
    let part = Part::of(&state, wanted, which, filter.page);
    let rows = part.rows.iter();
    let found: Vec<_> = rows.filter_map(|row| Transaction::of(row, now)).collect();
    drop(state);
    let content = html! {
        form.line method="get" action=(PATH) {
            (select("kind", "Kind", KINDS, &filter.kind))
            (select("state", "State", states.iter().map(|state| (&**state, &**state)), &filter.state))
            div { label for="number" { "Number" } input id="number" name="number" value=(filter.number); }
            button.quiet { "Filter" }
        }
        @if let Some(total) = part.total { p.soft { (total) " transactions" } }
        @if !found.is_empty() {
            (table(&COLUMNS, found.iter().map(Transaction::cells)))
        }
        (pages(filter.page, part.has_more, &[
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
    let known = {
        let state = app.simulator.state();
        let row = find(&state, &of, &id);
        row.and_then(|row| Some((Transaction::of(&row, Timestamp::from(state.now()))?, row)))
    };
    let Some((shown, row)) = known else {
        return missing(&app, PATH, "There is no such transaction.");
    };
    let query = ListQuery {
        number: shown.number.clone(),
        ..ListQuery::default()
    };
    // The page is useful even without the requests.
    let mut requests = app.simulator.requests(query).await.unwrap_or_default();
    requests.retain(|record| record.numbers.contains(&shown.number));
    let content = {
        let state = app.simulator.state();
        life_of(&state, &row, &shown, &requests, asked.personal)
    };
    answer(Page::of(PATH, &shown.number).around(&app, &content))
}

/// Executes one of the actions on a transaction.
pub(crate) async fn act(
    State(app): Shared,
    Path((of, id)): Path<(String, String)>,
    Posted(entered): Posted<Entered>,
) -> Response {
    let label = entered.get("action").map_or("", String::as_str);
    let command = {
        let state = app.simulator.state();
        let row = find(&state, &of, &id);
        let actions = row.map_or_else(Vec::new, |row| actions::of(&state, &row));
        let mut actions = actions.into_iter();
        actions.find(|(known, _)| *known == label)
    };
    let Some((_, command)) = command else {
        let why = "Nothing was done: that is not possible any more.";
        return missing(&app, PATH, why);
    };
    match app.simulator.execute(command).await {
        Ok(executed) => match executed.applied.answer {
            CommandOutcome::InvalidCommand { why } => missing(&app, PATH, &why),
            _ => Redirect::to(&format!("{PATH}/{of}/{id}")).into_response(),
        },
        Err(error) => missing(&app, PATH, &error.to_string()),
    }
}

fn life_of(
    state: &engine::State,
    of: &Row,
    row: &Transaction,
    requests: &[RequestRecord],
    personal: bool,
) -> Markup {
    let payments = state.payments_of(&row.number);
    html! {
        dl.facts {
            dt { "Kind" } dd { (kind(row.kind)) }
            dt { "State" } dd { (badge(&row.status.0, row.status.1)) }
            @if let Some(amount) = row.amount { dt { "Amount" } dd { (pesos(amount)) " PHP" } }
            @if !row.channel.is_empty() { dt { "Channel" } dd { (row.channel) } }
            @if !row.prefix.is_empty() { dt { "Prefix" } dd { (row.prefix) } }
            @if payments > 0 {
                dt { "Payments" } dd {
                    (payments) " with this number"
                    @if payments > 1 { " " (badge("Paid again", BadgeKind::Bad)) }
                }
            }
        }
        @if row.kind == "barcode" {
            figure {
                img src={ (PATH) "/barcode/" (row.id) "/picture" } alt={ "Code 128 of " (row.id) } width="360";
            }
        }
        h2 { "Life" }
        ol.history {
            @for (time, class, what) in steps(state, of, row, requests) { li class=(class) { (timestamp(time)) (what) } }
            @for (time, what) in state.expected(of) { li.expected { (timestamp(time)) "expected: " (what) } }
        }
        (actions::buttons(&actions::of(state, of), &format!("{PATH}/{}/{}", row.kind, row.id)))
        @if let Row::Payout(payout) = of {
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

/// Renders the events, requests and callbacks of a transaction in chronological order.
fn steps(
    state: &engine::State,
    of: &Row,
    row: &Transaction,
    requests: &[RequestRecord],
) -> Vec<(Timestamp, &'static str, Markup)> {
    let mut steps: Vec<(Timestamp, &'static str, Markup)> = Vec::new();
    let step = |record: &RequestRecord| {
        let what = html! {
            (requests::link(record)) ": " (requests::ended(record))
            @if let Some(why) = &record.why { ": " (why) }
        };
        (record.time, "", what)
    };
    // At the same time, an order comes before its effects, and a query after them.
    let (queries, orders): (Vec<_>, Vec<_>) = requests.iter().partition(|record| {
        let info = record.operation.as_deref().and_then(operation_named);
        info.is_some_and(|info| info.effect == Effect::Reads)
    });
    steps.extend(orders.into_iter().map(step));
    match of {
        Row::Payout(payout) => steps.extend(payout.history.iter().map(|step| {
            let text = step.what.replace('-', " ");
            (
                step.time,
                format::step_tone(&step.what).class(),
                html! { (text) },
            )
        })),
        _ => steps.push((row.created, "", html! { "began" })),
    }
    let ended = match of {
        Row::CashPickup(payout) => payout
            .pay_time
            .map(|paid| (paid, "the cashier handed out the money")),
        Row::Collection(collection) => collection
            .collected
            .map(|collected| (collected, "the cashier took the money")),
        _ => None,
    };
    if let Some((time, what)) = ended {
        steps.push((time, "good", html! { (what) }));
    }
    steps.extend(queries.into_iter().map(step));
    // A contract number may have earlier collections.
    for callback in state.callbacks_about(&row.number, row.created) {
        for attempt in &callback.attempts {
            let what = html! {
                a href={ "/callbacks/" (callback.id) } { (callback.operation) " #" (callback.id) }
                @if let Some(summary) = format::summary(&callback) { " " (summary) } ": "
                (format::ended(&callback, attempt.result.as_ref()))
                @for fault in &attempt.faults { " " (badge(&fault.to_string(), BadgeKind::Warn)) }
            };
            steps.push((attempt.started, "", what));
        }
    }
    steps.sort_by_key(|(time, _, _)| *time);
    steps
}

pub(crate) async fn picture(State(app): Shared, Path(reference): Path<String>) -> Response {
    let known = find(&app.simulator.state(), "barcode", &reference).is_some();
    match barcode::svg(&reference) {
        Ok(picture) if known => asset("image/svg+xml", picture),
        _ => missing(&app, PATH, "There is no such reference."),
    }
}
