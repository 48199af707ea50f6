//! The callback log.

use std::collections::BTreeSet;

use axum::extract::{Form as Posted, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::Entered;
use super::format::{self, BadgeKind, badge, timestamp};
use super::layout::Page;
use super::table::{Column, table, text};
use super::{Shared, answer, curl, missing};
use crate::admin_client::{Personal, WireRecord};
use crate::engine::{self, AttemptResult, Callback, Command, DeliveryStatus, Row};

const PATH: &str = "/callbacks";

/// The kind of callback rows.
const KIND: &str = "callback";

/// The number of rows per page.
pub(crate) const PAGE: usize = 50;

/// The filter and page number of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    operation: String,
    status: String,
    subject: String,
    page: usize,
}

pub(crate) async fn list(State(app): Shared, Query(filter): Query<Filter>) -> Response {
    let content = {
        let state = app.simulator.state();
        let counted = state.counts().get(KIND);
        let all = counted.into_iter().flat_map(|statuses| statuses.keys());
        let all: Vec<_> = all.filter_map(|status| status.split_once(' ')).collect();
        let names: BTreeSet<_> = all.iter().map(|(name, _)| *name).collect();
        let statuses: BTreeSet<_> = all.iter().map(|(_, status)| *status).collect();
        let which = |kind: &str, status: &str| {
            let (name, status) = status.split_once(' ').unwrap_or_default();
            kind == KIND
                && (filter.operation.is_empty() || filter.operation == name)
                && (filter.status.is_empty() || filter.status == status)
        };
        let part = Part::of(&state, filter.subject.trim(), which, filter.page);
        html! {
            form.line method="get" action=(PATH) {
                (select("operation", "Callback", names.iter().map(|name| (*name, *name)), &filter.operation))
                (select("status", "State", statuses.iter().map(|status| (*status, *status)), &filter.status))
                div { label for="subject" { "About" } input id="subject" name="subject" value=(filter.subject); }
                button.quiet { "Filter" }
            }
            @if let Some(total) = part.total { p.soft { (total) " callbacks" } }
            @if !part.rows.is_empty() {
                (table(&COLUMNS, part.rows.iter().filter_map(row)))
            }
            (pages(filter.page, part.has_more, &[
                ("operation", &filter.operation), ("status", &filter.status), ("subject", &filter.subject),
            ]))
        }
    };
    answer(Page::of(PATH, "Callbacks").around(&app, &content))
}

/// Renders a filter by one of some values, each with its label.
pub(crate) fn select<'c>(
    name: &str,
    label: &str,
    choices: impl IntoIterator<Item = (&'c str, &'c str)>,
    chosen: &str,
) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { "All" }
                @for (choice, label) in choices { option value=(choice) selected[choice == chosen] { (label) } }
            }
        }
    }
}

/// One page of a list of rows.
pub(crate) struct Part {
    pub(crate) rows: Vec<Row>,
    /// The number of rows on all pages; `None` for a search by number.
    pub(crate) total: Option<u64>,
    pub(crate) has_more: bool,
}

impl Part {
    /// Returns the newest rows whose kind and status match; or, if `number` is not
    /// empty, the rows whose number starts with it or contains it, ordered by
    /// number.
    pub(crate) fn of(
        state: &engine::State,
        number: &str,
        which: impl Fn(&str, &str) -> bool,
        page: usize,
    ) -> Self {
        let skipped = page.saturating_mul(PAGE);
        let (mut rows, total) = if number.is_empty() {
            let total = state.counted_of(&which);
            (state.newest(which, skipped, PAGE + 1), Some(total))
        } else {
            (state.numbered(number, which, skipped, PAGE + 1), None)
        };
        let has_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        Self {
            rows,
            total,
            has_more,
        }
    }
}

/// Renders the links to the previous and next page of a list, keeping the filter.
pub(crate) fn pages(page: usize, has_more: bool, filter: &[(&str, &str)]) -> Markup {
    html! {
        @if page > 0 || has_more {
            form.line method="get" {
                @for (name, value) in filter { input type="hidden" name=(name) value=(value); }
                @if page > 0 { button.quiet name="page" value=(page - 1) { "Newer" } }
                @if has_more { button.quiet name="page" value=(page.saturating_add(1)) { "Older" } }
            }
        }
    }
}

const COLUMNS: [Column; 5] = [
    text("Callback"),
    text("About"),
    text("Made"),
    text("State"),
    text("Last answer"),
];

fn row(row: &Row) -> Option<Vec<Markup>> {
    let Row::Callback(callback) = row else {
        return None;
    };
    let (status, tone) = format::status(&callback.status);
    let last = callback
        .attempts
        .last()
        .and_then(|attempt| attempt.result.as_ref());
    Some(vec![
        html! {
            a href={ (PATH) "/" (callback.id) } { (callback.operation) " #" (callback.id) }
            @if let Some(summary) = format::summary(callback) { " " (summary) }
            @if let Some(repeats) = callback.repeats { small.soft { " repeats #" (repeats) } }
        },
        html! { code.whole { (callback.subject) } },
        timestamp(callback.created),
        badge(status, tone),
        html! { @if callback.attempts.is_empty() { "–" } @else { (format::ended(callback, last)) } },
    ])
}

pub(crate) async fn one(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(asked): Query<Personal>,
) -> Response {
    let known = app.simulator.state().callback(id);
    let Some(callback) = known else {
        return missing(&app, PATH, "There is no such callback.");
    };
    // Missing records, such as those of an attempt in progress, are not shown.
    let wire = app.simulator.wire_of(id).await.unwrap_or_default();
    let (status, tone) = format::status(&callback.status);
    let copies = {
        let state = app.simulator.state();
        let about = state.callbacks_about(&callback.subject, callback.created);
        let copies = about.iter().filter(|other| other.repeats == Some(id));
        copies.map(|other| other.id).collect::<Vec<_>>()
    };
    let content = html! {
        dl.facts {
            @if let Some(summary) = format::summary(&callback) { dt { "Tells" } dd { (summary) } }
            dt { "About" } dd { code { (callback.subject) } }
            dt { "Made" } dd { (timestamp(callback.created)) }
            dt { "State" } dd {
                (badge(status, tone))
                @if let DeliveryStatus::Scheduled { due } = &callback.status { " due " (timestamp(*due)) }
            }
            @if let Some(repeats) = callback.repeats {
                dt { "Repeats" } dd { a href={ (PATH) "/" (repeats) } { "#" (repeats) } }
            }
            @if !copies.is_empty() {
                dt { "Sent again as" } dd { @for copy in &copies { a href={ (PATH) "/" (copy) } { "#" (copy) } " " } }
            }
        }
        form.line method="post" action={ (PATH) "/" (id) "/replay" } {
            div { label for="copies" { "Copies" } input id="copies" name="copies" value="1" inputmode="numeric"; }
            button { "Replay" }
        }
        h2 { "Plaintext" }
        (shown_or_masked(asked.personal, &format!("{PATH}/{id}")))
        (format::message(&callback.plaintext, &callback.operation, asked.personal))
        h2 { "Attempts" }
        (attempts(&callback, &wire, asked.personal))
    };
    let title = format!("{} #{id}", callback.operation);
    answer(Page::of(PATH, &title).around(&app, &content))
}

/// Renders whether personal data are shown, with a link to switch.
pub(crate) fn shown_or_masked(personal: bool, path: &str) -> Markup {
    html! {
        p.soft {
            @if personal { "Personal data are shown. " a href=(path) { "Mask them" } }
            @else { "Personal data are masked. " a href={ (path) "?personal=true" } { "Show them" } }
        }
    }
}

/// Renders the attempts in order; also used by the history of a transaction.
fn attempts(callback: &Callback, wire: &[WireRecord], personal: bool) -> Markup {
    html! {
        @if callback.attempts.is_empty() { p.soft { "Nothing was tried yet." } }
        ol.history {
            @for attempt in &callback.attempts {
                li {
                    (timestamp(attempt.started))
                    (format::ended(callback, attempt.result.as_ref()))
                    @if let Some(url) = &attempt.url { div { "to " code { (url) } } }
                    @for fault in &attempt.faults { " " (badge(&fault.to_string(), BadgeKind::Warn)) }
                    @if let Some(AttemptResult::Answered { plaintext, .. }) = &attempt.result {
                        details { summary { "The answer" } (format::message(plaintext, &callback.operation, personal)) }
                    }
                    @for record in wire.iter().filter(|record| record.attempt == attempt.number) { (sealed(record)) }
                }
            }
        }
    }
}

fn sealed(record: &WireRecord) -> Markup {
    html! {
        details {
            summary { "On the wire, copy " (record.copy) ", " (record.milliseconds) " ms" }
            p.soft { "Sent to " code { (record.url) } }
            pre { (record.sealed) }
            (curl::command("As curl", &curl::sealed(&record.url, &record.sealed)))
            @if let Some(status) = record.status { p.soft { "Answered with HTTP status " (status) } }
            @if let Some(answer) = &record.answer { pre { (answer) } }
        }
    }
}

pub(crate) async fn replay(
    State(app): Shared,
    Path(id): Path<u64>,
    Posted(entered): Posted<Entered>,
) -> Response {
    let copies = entered.get("copies").map_or("1", |copies| copies.trim());
    let Some(copies) = copies
        .parse()
        .ok()
        .filter(|copies| (1..=100).contains(copies))
    else {
        return missing(
            &app,
            PATH,
            "Nothing was sent: write a number of copies from 1 to 100.",
        );
    };
    let command = Command::Replay {
        delivery: id,
        copies,
    };
    match app.simulator.execute(command).await {
        Ok(executed) => {
            let sent = executed
                .deliveries
                .last()
                .map_or(id, |callback| callback.id);
            Redirect::to(&format!("{PATH}/{sent}")).into_response()
        }
        Err(error) => missing(&app, PATH, &error.to_string()),
    }
}
