//! The requests that arrived at the partner interface.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use maud::{Markup, html};
use skypay_types::ResponseCode;

use super::callbacks::shown_or_masked;
use super::form::Entered;
use super::format::{BadgeKind, badge, code, timestamp};
use super::layout::Page;
use super::list::{self, Cell, Filter, List, value};
use super::samples::{Message, command, curl, samples, sealed};
use super::table::{Column, number, text};
use super::{Shared, answer, missing, search};
use crate::admin_client::{ListQuery, Personal, RequestRecord, RequestResult};
use crate::engine::{KeysInUse, Order, Selection};
use crate::operations;
use crate::ordered_json::OrderedJson;

pub(crate) const PATH: &str = "/requests";

pub(crate) async fn list(State(app): Shared, Query(entered): Query<Entered>) -> Response {
    let text_of = |name| value(&entered, name).to_owned();
    let Selection {
        days: (from, to),
        order,
        skipped,
        limit,
        ..
    } = list::selection(&entered);
    let query = ListQuery {
        newest_first: order != Order::Oldest,
        operation: text_of("operation"),
        state: text_of("result"),
        number: text_of("number"),
        code: text_of("code"),
        text: text_of("text"),
        from,
        to,
        skipped,
        limit: Some(limit),
        ..ListQuery::default()
    };
    let found = match app.simulator.requests(query).await {
        Ok(found) => found,
        Err(error) => return missing(&app, PATH, &error.to_string()),
    };
    let mut filters = vec![
        Filter::choice(
            "operation",
            "Operation",
            operations::of_skypay().map(|info| info.name),
        ),
        Filter::choice(
            "result",
            "Result",
            RequestResult::ALL.map(RequestResult::as_str),
        ),
        Filter::text("number", "About"),
        Filter::text("code", "Code"),
        Filter::text("text", "Text"),
    ];
    filters.extend(Filter::days());
    filters.push(Filter::order(false));
    let list = List {
        path: PATH,
        title: "Requests",
        before: html! {
            p.soft {
                "Every request that arrived, with the reason if it was not accepted: "
                "rejected before an operation was executed, refused by its return code, or unknown. "
                "A request is kept until 10,000 newer ones have arrived."
            }
        },
        filters,
        columns: &COLUMNS,
        rows: found.iter().map(cells).collect(),
        total: None,
        actions: None,
    };
    list.respond(&app, &entered)
}

pub(crate) const COLUMNS: [Column; 6] = [
    text("Request"),
    text("Time"),
    text("About"),
    text("Result"),
    text("Why"),
    number("Milliseconds"),
];

pub(crate) fn cells(record: &RequestRecord) -> Vec<Cell> {
    let name = record.operation.as_deref().unwrap_or(&record.path);
    let about = html! { @for number in &record.numbers { (search::link(number)) " " } };
    let code = record.code.as_deref().unwrap_or_default();
    vec![
        Cell::of(format!("{name} #{}", record.id), link(record)),
        Cell::time(record.time),
        Cell::of(record.numbers.join(" "), about),
        Cell::of(format!("{} {code}", record.result), ended(record)),
        Cell::plain(record.why.as_deref().unwrap_or_default()),
        Cell::plain(&duration(record)),
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

/// Returns the duration in milliseconds.
fn duration(record: &RequestRecord) -> String {
    let tenths = record.microseconds.div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

pub(crate) async fn one(
    State(app): Shared,
    id: Result<Path<u64>, PathRejection>,
    Query(asked): Query<Personal>,
) -> Response {
    let none = "There is no such request.";
    let Ok(Path(id)) = id else {
        return missing(&app, PATH, none);
    };
    let found = app.simulator.request(id).await.ok().flatten();
    let Some(found) = found else {
        return missing(&app, PATH, none);
    };
    let record = found.shown(asked.personal);
    let url = format!("{}{}", app.info.url, record.path);
    let now = app.simulator.now();
    let KeysInUse {
        user_name,
        sealing: pair,
        ..
    } = app.simulator.state().keys_in_use(now);
    let info = record.operation.as_deref().and_then(operations::find);
    let content = html! {
        @if let Some(why) = &record.why { p.notice.bad { strong { "Why: " } (why) } }
        dl.facts {
            dt { "Time" } dd { (timestamp(record.time)) ", " (duration(&record)) " ms" }
            dt { "Sent" } dd { code { (record.method) " " (record.path) } " from " (record.peer) }
            dt { "Content type" } dd {
                @match &record.content_type { Some(kind) => code { (kind) }, None => "none" }
            }
            dt { "Operation" } dd { (record.operation.as_deref().unwrap_or("not determined")) }
            @if !record.numbers.is_empty() {
                dt { "About" } dd {
                    @for number in &record.numbers { (search::link(number)) " " }
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
        @if let (true, Some(plaintext)) = (asked.personal, &record.plaintext) {
            @if let Some(info) = info { (samples(&app, &Message { info, plaintext, url: &url, user_name: &user_name, pair: &pair })) }
            @else { (command("As curl and openssl", &curl(&url, &pair, plaintext))) }
        }
        @if let Some(body) = &record.sealed {
            h2 { "Encrypted body" }
            pre { (body) }
            (command("As curl", &sealed(&url, body)))
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
