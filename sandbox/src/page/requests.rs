//! The requests that arrived at the partner interface.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use skypay_types::ResponseCode;

use super::callbacks::{PAGE, pages, select, shown_or_masked};
use super::format::{BadgeKind, badge, code, timestamp};
use super::layout::Page;
use super::table::{number, table, text};
use super::{Shared, answer, curl, missing};
use crate::admin_client::{ListQuery, Personal, RequestRecord, RequestResult};
use crate::ordered_json::OrderedJson;
use crate::service::operations;

pub(crate) const PATH: &str = "/requests";

/// The filter and page number of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    operation: String,
    result: String,
    number: String,
    code: String,
    text: String,
    page: usize,
}

pub(crate) async fn list(State(app): Shared, Query(filter): Query<Filter>) -> Response {
    let query = ListQuery {
        newest_first: true,
        operation: filter.operation.clone(),
        state: filter.result.clone(),
        number: filter.number.trim().to_owned(),
        code: filter.code.trim().to_owned(),
        text: filter.text.trim().to_owned(),
        skipped: filter.page.saturating_mul(PAGE),
        limit: Some(PAGE + 1),
        ..ListQuery::default()
    };
    let mut found = match app.simulator.requests(query).await {
        Ok(found) => found,
        Err(error) => return missing(&app, PATH, &error.to_string()),
    };
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let names = operations().map(|info| (info.name, info.name));
    let results = ["accepted", "refused", "rejected", "unknown"];
    let columns = [
        text("Request"),
        text("Time"),
        text("About"),
        text("Result"),
        text("Why"),
        number("Duration"),
    ];
    let content = html! {
        p.soft {
            "Every request that arrived, with the reason if it was not accepted: "
            "rejected before an operation was executed, refused by its return code, or unknown. "
            "A request is kept until 10,000 newer ones have arrived."
        }
        form.line method="get" action=(PATH) {
            (select("operation", "Operation", names, &filter.operation))
            (select("result", "Result", results.map(|result| (result, result)), &filter.result))
            @for (name, label, value) in [
                ("number", "About", &filter.number), ("code", "Code", &filter.code), ("text", "Text", &filter.text),
            ] {
                div { label for=(name) { (label) } input id=(name) name=(name) value=(value); }
            }
            button.quiet { "Filter" }
        }
        @if found.is_empty() { p.soft { "No request." } }
        @else { (table(&columns, found.iter().map(row))) }
        (pages(filter.page, has_more, &[
            ("operation", &filter.operation), ("result", &filter.result), ("number", &filter.number),
            ("code", &filter.code), ("text", &filter.text),
        ]))
    };
    answer(Page::of(PATH, "Requests").around(&app, &content))
}

fn row(record: &RequestRecord) -> Vec<Markup> {
    let about = |record: &RequestRecord| {
        html! {
            @for number in &record.numbers { code.whole { (number) } " " }
        }
    };
    vec![
        link(record),
        timestamp(record.time),
        about(record),
        ended(record),
        html! { @if let Some(why) = &record.why { (why) } },
        duration(record),
    ]
}

/// Renders a link to the page of a request.
pub(crate) fn link(record: &RequestRecord) -> Markup {
    let name = record.operation.as_deref().unwrap_or(&record.path);
    html! { a href={ (PATH) "/" (record.id) } { (name) " #" (record.id) } }
}

/// Renders the result of a request, its return code and its faults.
pub(crate) fn ended(record: &RequestRecord) -> Markup {
    let kind = match record.result {
        RequestResult::Accepted => BadgeKind::Good,
        RequestResult::Refused | RequestResult::Rejected => BadgeKind::Bad,
        RequestResult::Unknown => BadgeKind::Warn,
    };
    html! {
        (badge(record.result.as_str(), kind)) " "
        @match &record.code {
            Some(number) => (code(&ResponseCode::from(number.as_str()))),
            None => { "HTTP status " (record.status) }
        }
        @for fault in &record.faults { " " (badge(&fault.to_string(), BadgeKind::Warn)) }
    }
}

fn duration(record: &RequestRecord) -> Markup {
    let tenths = record.microseconds.div_ceil(100);
    html! { (tenths / 10) "." (tenths % 10) " ms" }
}

pub(crate) async fn one(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(asked): Query<Personal>,
) -> Response {
    let found = app.simulator.request(id).await.ok().flatten();
    let Some(found) = found else {
        return missing(&app, PATH, "There is no such request.");
    };
    let record = if asked.personal {
        found
    } else {
        found.masked()
    };
    let url = format!("{}{}", app.info.url, record.path);
    let now = app.simulator.now();
    let encrypt_key = app.simulator.state().keys_in_use(now).sealing.encrypt_key;
    let content = html! {
        @if let Some(why) = &record.why { p.notice.bad { strong { "Why: " } (why) } }
        dl.facts {
            dt { "Time" } dd { (timestamp(record.time)) ", " (duration(&record)) }
            dt { "Sent" } dd { code { (record.method) " " (record.path) } " from " (record.peer) }
            dt { "Content type" } dd {
                @match &record.content_type { Some(kind) => code { (kind) }, None => "none" }
            }
            dt { "Operation" } dd { (record.operation.as_deref().unwrap_or("not determined")) }
            @if !record.numbers.is_empty() {
                dt { "About" } dd {
                    @for number in &record.numbers { a href={ "/transactions?number=" (number) } { code { (number) } } " " }
                }
            }
            dt { "Result" } dd { (ended(&record)) ", HTTP status " (record.status) }
        }
        h2 { "Plaintext" }
        @match &record.plaintext {
            Some(plaintext) => {
                (shown_or_masked(asked.personal, &format!("{PATH}/{id}")))
                (pretty(plaintext))
            }
            None => p.soft { "The body could not be decrypted." },
        }
        @if let Some(sealed) = &record.sealed {
            h2 { "Encrypted body" }
            pre { (sealed) }
            (curl::command("As curl", &curl::sealed(&url, sealed)))
        }
        @if let (true, Some(plaintext)) = (asked.personal, &record.plaintext) {
            (curl::command("As curl and openssl", &curl::plaintext(&url, &encrypt_key, plaintext)))
        }
        h2 { "Response" }
        (pretty(&record.answer))
        @if let Some(sealed) = &record.sealed_answer { h2 { "Encrypted response" } pre { (sealed) } }
    };
    let title = format!("{} #{id}", record.operation.as_deref().unwrap_or("Request"));
    answer(Page::of(PATH, &title).around(&app, &content))
}

/// Renders a message, in its own order of fields if it is JSON.
fn pretty(message: &str) -> Markup {
    let read = OrderedJson::read(message.as_bytes());
    let pretty = read.and_then(|message| serde_json::to_string_pretty(&message).ok());
    html! { pre { (pretty.as_deref().unwrap_or(message)) } }
}
