//! Transactions and their history.

use std::collections::BTreeSet;

use axum::extract::{Form as Posted, Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use skypay_types::{Amount, CollectionChannel, PayoutChannel};

use super::callbacks::shown_or_masked;
use super::form::Entered;
use super::format::{self, BadgeKind, badge, pesos, timestamp};
use super::layout::Page;
use super::list::{self, Cell, Filter, List, value};
use super::table::{Column, number, text};
use super::{Shared, actions, answer, asset, executed, missing, requests};
use crate::admin_client::{ListQuery, Personal, RequestRecord};
use crate::barcode;
use crate::engine::{self, Row, Timestamp};
use crate::life::{Happened, life};
use crate::operations::Message;

const PATH: &str = "/transactions";

/// The kinds of transaction: the name in paths and filters, and the label.
const KINDS: [(&str, &str); 4] = [
    ("payout", "Payout"),
    ("cash-pickup", "Cash pickup"),
    ("collection", "Collection"),
    ("barcode", "7-Eleven reference"),
];

/// A transaction of any kind, as a row of the list.
pub(crate) struct Transaction {
    kind: &'static str,
    id: String,
    pub(crate) number: String,
    prefix: String,
    channel: String,
    pub(crate) amount: Option<Amount>,
    pub(crate) status: (String, BadgeKind),
    pub(crate) created: Timestamp,
}

impl Transaction {
    pub(crate) fn of(row: &Row, now: Timestamp) -> Option<Self> {
        let columns = row.columns();
        let (prefix, status) = match row {
            Row::Payout(payout) => {
                let status = format::code(&payout.status);
                let tone = format::payout_tone(&status);
                (&*payout.prefix, (status, tone))
            }
            Row::CashPickup(payout) => (&*payout.prefix, format::at_store(payout.status)),
            Row::Collection(collection) => {
                (&*collection.prefix, format::at_store(collection.status))
            }
            Row::Barcode(barcode) if barcode.expires <= now => {
                ("", ("Expired".to_owned(), BadgeKind::Bad))
            }
            Row::Barcode(_) => ("", ("Valid".to_owned(), BadgeKind::Good)),
            Row::Movement(_) | Row::Callback(_) => return None,
        };
        Some(Self {
            kind: row.kind(),
            id: match row {
                Row::CashPickup(_) | Row::Barcode(_) => columns.number.to_owned(),
                _ => columns.id.to_string(),
            },
            number: match row {
                Row::Barcode(barcode) => barcode.contract_number.clone(),
                _ => columns.number.to_owned(),
            },
            prefix: prefix.to_owned(),
            channel: format::shown(&columns.facet),
            amount: columns.amount,
            status,
            created: columns.created,
        })
    }

    /// Returns the path of its page.
    pub(crate) fn path(&self) -> String {
        format!("{PATH}/{}/{}", self.kind, self.id)
    }

    /// Returns the name of its kind.
    pub(crate) fn name(&self) -> &'static str {
        kind(self.kind)
    }

    fn cells(&self) -> Vec<Cell> {
        let link = html! { a href=(self.path()) { (self.number) } };
        vec![
            Cell::of(&*self.number, link),
            Cell::plain(self.name()),
            Cell::plain(&self.channel),
            Cell::time(self.created),
            Cell::of(&*self.status.0, badge(&self.status.0, self.status.1)),
            Cell::amount(self.amount),
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
        "cash-pickup" => state.cash_pickup(id).map(Row::CashPickup),
        "barcode" => state.barcode(id).map(Row::Barcode),
        _ => None,
    }
}

fn kind(of: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(kind, _)| *kind == of)
        .map_or("", |(_, name)| name)
}

pub(crate) async fn list(State(app): Shared, Query(entered): Query<Entered>) -> Response {
    let is_listed = |kind: &str| KINDS.iter().any(|(known, _)| *known == kind);
    let wanted = |name| format::stored(value(&entered, name));
    let (wanted_kind, state, channel) =
        (value(&entered, "kind"), wanted("state"), wanted("channel"));
    let is_wanted = |kind: &str, status: &str| {
        is_listed(kind)
            && (wanted_kind.is_empty() || wanted_kind == kind)
            && (state.is_empty() || state == status)
    };
    let (rows, total) = list::rows_and_total(&app, &entered, &channel, is_wanted);
    let (states, now) = {
        let state = app.simulator.state();
        let listed = state.counts().iter().filter(|(kind, _)| is_listed(kind));
        let states = listed.flat_map(|(_, statuses)| statuses.keys());
        let states: BTreeSet<_> = states.map(|status| format::shown(status)).collect();
        (states, Timestamp::from(state.now()))
    };
    let channels = PayoutChannel::ALL.iter().map(format::code);
    let channels = channels.chain(CollectionChannel::ALL.iter().map(format::code));
    let kinds = KINDS.map(|(kind, label)| (kind.to_owned(), label.to_owned()));
    let mut filters = vec![
        Filter::labelled("kind", "Kind", kinds.into()),
        Filter::choice("state", "State", states),
        Filter::choice("channel", "Channel", channels.collect::<BTreeSet<_>>()),
        Filter::text("number", "Number or reference"),
    ];
    filters.extend(Filter::days());
    filters.extend(Filter::amounts());
    filters.push(Filter::order(true));
    let rows = rows.iter().filter_map(|row| Transaction::of(row, now));
    let list = List {
        path: PATH,
        title: "Transactions",
        before: html! {},
        filters,
        columns: &COLUMNS,
        rows: rows.map(|transaction| transaction.cells()).collect(),
        total,
        actions: None,
    };
    list.respond(&app, &entered)
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
    executed(&app, command, PATH, |_| format!("{PATH}/{of}/{id}")).await
}

fn life_of(
    state: &engine::State,
    of: &Row,
    row: &Transaction,
    requests: &[RequestRecord],
    personal: bool,
) -> Markup {
    let payments = state.payments_of(&row.number);
    // A contract number may have earlier collections.
    let callbacks = state.callbacks_about(&row.number, row.created);
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
            @for (time, happened) in life([of], requests, &callbacks) {
                @let (class, what) = step(happened);
                li class=(class) { (timestamp(time)) (what) }
            }
            @for (time, what) in state.expected(of) { li.expected { (timestamp(time)) "expected: " (what) } }
        }
        (actions::buttons(&actions::of(state, of), &row.path()))
        @if let Row::Payout(payout) = of {
            h2 { "Order" }
            (shown_or_masked(personal, &row.path()))
            (format::message(Message::Request(&payout.order), &payout.operation, personal))
        }
        @if row.kind != "barcode" && row.kind != "collection" {
            p { a href={ "/payout-tool?control_number=" (row.number) } { "To the Payout Tool with this number" } }
        } @else {
            p { a href={ "/collection-tool?contract_number=" (row.number) } { "To the Collection Tool with this number" } }
        }
    }
}

/// Renders what happened to a transaction, with the class of each.
fn step(happened: Happened<'_>) -> (&'static str, Markup) {
    match happened {
        Happened::Request(record) => {
            let what = html! {
                (requests::link(record)) ": " (requests::ended(record))
                @if let Some(why) = &record.why { ": " (why) }
            };
            ("", what)
        }
        Happened::Step(what) => {
            let text = what.replace('-', " ");
            (format::step_tone(what).class(), html! { (text) })
        }
        Happened::Attempt(callback, attempt) => {
            let what = html! {
                a href={ "/callbacks/" (callback.id) } { (callback.operation) " #" (callback.id) }
                @if let Some(summary) = format::summary(callback) { " " (summary) } ": "
                (format::ended(callback, attempt.result.as_ref()))
                @for fault in &attempt.faults { " " (badge(&fault.to_string(), BadgeKind::Warn)) }
            };
            ("", what)
        }
    }
}

pub(crate) async fn picture(State(app): Shared, Path(reference): Path<String>) -> Response {
    let known = find(&app.simulator.state(), "barcode", &reference).is_some();
    match barcode::svg(&reference) {
        Ok(picture) if known => asset("image/svg+xml", picture),
        _ => missing(&app, PATH, "There is no such reference."),
    }
}
