//! The callback log.

use std::collections::BTreeSet;

use axum::extract::{Form as Posted, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::Entered;
use super::format::{self, BadgeKind, badge, timestamp};
use super::layout::Page;
use super::{Shared, answer, missing};
use crate::admin_client::{Personal, WireRecord};
use crate::engine::{AttemptResult, Callback, Command, DeliveryStatus};

const PATH: &str = "/callbacks";

/// How many fit on a page.
pub(crate) const PAGE: usize = 50;

/// Which callbacks.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    operation: String,
    status: String,
    subject: String,
    page: usize,
}

impl Filter {
    fn takes(&self, callback: &Callback) -> bool {
        let status = format::status(&callback.status).0;
        (self.operation.is_empty() || self.operation == callback.operation)
            && (self.status.is_empty() || self.status == status)
            && callback.subject.contains(self.subject.trim())
    }
}

pub(crate) async fn list(State(app): Shared, Query(filter): Query<Filter>) -> Response {
    let content = {
        let state = app.simulator.state();
        let names: BTreeSet<_> = state
            .callbacks()
            .map(|callback| callback.operation.as_str())
            .collect();
        let statuses: BTreeSet<_> = state
            .callbacks()
            .map(|callback| format::status(&callback.status).0)
            .collect();
        let found: Vec<_> = state
            .callbacks()
            .rev()
            .filter(|callback| filter.takes(callback))
            .collect();
        let shown = found
            .iter()
            .skip(filter.page.saturating_mul(PAGE))
            .take(PAGE);
        html! {
            form.line method="get" action=(PATH) {
                (select("operation", "Callback", &names, &filter.operation))
                (select("status", "State", &statuses, &filter.status))
                div { label for="subject" { "About" } input id="subject" name="subject" value=(filter.subject); }
                button.quiet { "Filter" }
            }
            p.soft { (found.len()) " callbacks" }
            @if !found.is_empty() {
                table.cards {
                    thead { tr { th { "Callback" } th { "About" } th { "Made" } th { "State" } th { "Last answer" } } }
                    tbody { @for callback in shown { (row(callback)) } }
                }
            }
            (pages(found.len(), filter.page, &[
                ("operation", &filter.operation), ("status", &filter.status), ("subject", &filter.subject),
            ]))
        }
    };
    answer(Page::of(PATH, "Callbacks").around(&app, &content))
}

fn select(name: &str, label: &str, choices: &BTreeSet<&str>, chosen: &str) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { "All" }
                @for choice in choices { option value=(choice) selected[*choice == chosen] { (choice) } }
            }
        }
    }
}

/// The way to the pages before and after, with the same filter.
pub(crate) fn pages(found: usize, page: usize, filter: &[(&str, &str)]) -> Markup {
    html! {
        @if found > PAGE {
            form.line method="get" {
                @for (name, value) in filter { input type="hidden" name=(name) value=(value); }
                @if page > 0 { button.quiet name="page" value=(page - 1) { "Newer" } }
                @if page.saturating_add(1).saturating_mul(PAGE) < found { button.quiet name="page" value=(page + 1) { "Older" } }
            }
        }
    }
}

fn row(callback: &Callback) -> Markup {
    let (status, tone) = format::status(&callback.status);
    let last = callback
        .attempts
        .last()
        .and_then(|attempt| attempt.result.as_ref());
    html! {
        tr {
            th scope="row" {
                a href={ (PATH) "/" (callback.id) } { (callback.operation) " #" (callback.id) }
                @if let Some(summary) = format::summary(callback) { " " (summary) }
                @if let Some(repeats) = callback.repeats { small.soft { " repeats #" (repeats) } }
            }
            td data-label="About" { code { (callback.subject) } }
            td data-label="Made" { (timestamp(callback.created)) }
            td data-label="State" { (badge(status, tone)) }
            td data-label="Last answer" {
                @if callback.attempts.is_empty() { "–" } @else { (format::ended(callback, last)) }
            }
        }
    }
}

pub(crate) async fn one(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(asked): Query<Personal>,
) -> Response {
    let known = app.simulator.state().callback(id).cloned();
    let Some(callback) = known else {
        return missing(&app, PATH, "There is no such callback.");
    };
    // What is not recorded, such as what is still under way, is not shown.
    let wire = app.simulator.wire_of(id).await.unwrap_or_default();
    let (status, tone) = format::status(&callback.status);
    let copies = {
        let state = app.simulator.state();
        let copies = state.callbacks().filter(|other| other.repeats == Some(id));
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

/// Says whether personal data are shown, and leads to the other.
pub(crate) fn shown_or_masked(personal: bool, path: &str) -> Markup {
    html! {
        p.soft {
            @if personal { "Personal data are shown. " a href=(path) { "Mask them" } }
            @else { "Personal data are masked. " a href={ (path) "?personal=true" } { "Show them" } }
        }
    }
}

/// What was tried, in order; also drawn in the life of a transaction.
fn attempts(callback: &Callback, wire: &[WireRecord], personal: bool) -> Markup {
    html! {
        @if callback.attempts.is_empty() { p.soft { "Nothing was tried yet." } }
        ol.history {
            @for attempt in &callback.attempts {
                li {
                    (timestamp(attempt.started))
                    (format::ended(callback, attempt.result.as_ref()))
                    @if let Some(url) = &attempt.url { div { "to " code { (url) } } }
                    @for fault in &attempt.faults { " " (badge(&format!("{fault:?}"), BadgeKind::Warn)) }
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
