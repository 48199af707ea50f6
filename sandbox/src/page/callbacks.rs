//! The callback log.

use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{Form as Posted, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::Value;
use tokio::task::JoinSet;

use super::form::Entered;
use super::format::{self, BadgeKind, badge, timestamp};
use super::layout::Page;
use super::list::{self, Cell, Filter, List, value};
use super::samples::{Message, command, samples, sealed, signed};
use super::table::{Column, number, text};
use super::{Shared, answer, executed, missing, search};
use crate::admin_client::{Personal, WireRecord};
use crate::engine::{Attempt, AttemptResult, Callback, Command, DeliveryStatus, KeysInUse, Row};
use crate::operations;
use crate::ordered_json::OrderedJson;
use crate::simulator::Executed;

const PATH: &str = "/callbacks";

/// The kind of callback rows.
const KIND: &str = "callback";

const NONE: &str = "There is no such callback.";

/// The parameter with which every callback of a page is chosen.
const ALL: &str = "all";

pub(crate) async fn list(State(app): Shared, Query(entered): Query<Entered>) -> Response {
    let (operation, status) = (value(&entered, "operation"), value(&entered, "status"));
    let code = format::stored(value(&entered, "code"));
    let is_wanted = |kind: &str, both: &str| {
        let (name, is) = both.split_once(' ').unwrap_or_default();
        kind == KIND
            && (operation.is_empty() || operation == name)
            && (status.is_empty() || status == is)
    };
    let (rows, total) = list::rows_and_total(&app, &entered, &code, is_wanted);
    let groups = app.simulator.state().groups();
    let groups = || groups.iter().filter(|(kind, _, _)| kind == KIND);
    let both = || groups().filter_map(|(_, both, _)| both.split_once(' '));
    let names: BTreeSet<_> = both().map(|(name, _)| name).collect();
    let statuses: BTreeSet<_> = both().map(|(_, status)| status).collect();
    let codes = groups().map(|(_, _, facet)| format::shown(facet));
    let codes: BTreeSet<_> = codes.filter(|code| !code.is_empty()).collect();
    let mut filters = vec![
        Filter::choice("operation", "Callback", names),
        Filter::choice("status", "State", statuses),
        Filter::choice("code", "Last answer", codes),
        Filter::text("number", "About"),
    ];
    filters.extend(Filter::days());
    filters.push(Filter::order(false));
    let is_chosen = entered.contains_key(ALL);
    let list = List {
        path: PATH,
        title: "Callbacks",
        before: html! {},
        filters,
        columns: &COLUMNS,
        rows: rows
            .iter()
            .filter_map(|row| cells(row, is_chosen))
            .collect(),
        total,
        actions: Some(("/callbacks/replay", choice(&entered))),
    };
    list.respond(&app, &entered)
}

/// Renders what can be done with chosen callbacks.
fn choice(entered: &Entered) -> Markup {
    let mut all = entered.clone();
    all.insert(ALL.to_owned(), "true".to_owned());
    let all = serde_urlencoded::to_string(&all).unwrap_or_default();
    html! {
        p { button.quiet { "Replay the chosen ones" } " " a href={ (PATH) "?" (all) } { "Choose all on this page" } }
    }
}

const COLUMNS: [Column; 7] = [
    text("Callback"),
    text("About"),
    text("Made"),
    text("State"),
    text("Last answer"),
    number("Duration"),
    number("Attempts"),
];

fn cells(row: &Row, is_chosen: bool) -> Option<Vec<Cell>> {
    let Row::Callback(callback) = row else {
        return None;
    };
    let (status, tone) = format::status(&callback.status);
    let result = callback.last_result();
    let (outcome, outcome_tone) = format::outcome(callback, result);
    let in_words = result.map_or_else(String::new, |result| format::shown(&result.in_words()));
    let duration = result
        .and_then(AttemptResult::milliseconds)
        .map(|ms| ms.to_string());
    let duration = duration.unwrap_or_default();
    let (id, name) = (
        callback.id,
        format!("{} #{}", callback.operation, callback.id),
    );
    let first = html! {
        input type="checkbox" name="id" value=(id) checked[is_chosen] aria-label={ "Choose " (name) };
        a href={ (PATH) "/" (id) } { (name) }
        @if let Some(summary) = format::summary(callback) { " " (summary) }
        @if let Some(repeats) = callback.repeats { small.soft { " repeats #" (repeats) } }
        " " button.quiet.small name="only" value=(id) aria-label={ "Replay " (name) } { "Replay" }
    };
    Some(vec![
        Cell::of(&*name, first),
        Cell::of(&*callback.subject, search::link(&callback.subject)),
        Cell::time(callback.created),
        Cell::of(status, badge(status, tone)),
        Cell::of(
            &*in_words,
            html! { @if result.is_some() { (badge(outcome, outcome_tone)) " " (in_words) } @else { "–" } },
        ),
        Cell::of(
            &*duration,
            html! { @if !duration.is_empty() { (duration) " ms" } },
        ),
        Cell::plain(&callback.attempts.len().to_string()),
    ])
}

pub(crate) async fn one(
    State(app): Shared,
    id: Result<Path<u64>, PathRejection>,
    Query(asked): Query<Personal>,
) -> Response {
    let Ok(Path(id)) = id else {
        return missing(&app, PATH, NONE);
    };
    let known = app.simulator.state().callback(id);
    let Some(callback) = known else {
        return missing(&app, PATH, NONE);
    };
    // Missing records, such as those of an attempt in progress, are not shown.
    let wire = app.simulator.wire_of(id).await.unwrap_or_default();
    let shown = |sent: WireRecord| sent.shown(asked.personal);
    let wire: Vec<_> = wire.into_iter().map(shown).collect();
    let (status, tone) = format::status(&callback.status);
    let now = app.simulator.now();
    let (copies, keys, url) = {
        let state = app.simulator.state();
        (
            state.copies_of(id),
            state.keys_in_use(now),
            state.url_of(&callback),
        )
    };
    let info = operations::find(&callback.operation).filter(|_| asked.personal);
    let plaintext = operations::Message::Request(&callback.plaintext);
    let content = html! {
        dl.facts {
            @if let Some(summary) = format::summary(&callback) { dt { "Reports" } dd { (summary) } }
            dt { "About" } dd { (search::link(&callback.subject)) }
            dt { "Made" } dd { (timestamp(callback.created)) }
            dt { "State" } dd {
                (badge(status, tone))
                @if let DeliveryStatus::Scheduled { due } = &callback.status { " due " (timestamp(*due)) }
            }
            @if let Some(repeats) = callback.repeats {
                dt { "Repeats" } dd { a href={ (PATH) "/" (repeats) } { "#" (repeats) } }
            }
            @if !copies.is_empty() {
                dt { "Sent again as" } dd { @for copy in &copies { a href={ (PATH) "/" (copy.id) } { "#" (copy.id) } " " } }
            }
        }
        form.line method="post" action={ (PATH) "/" (id) "/replay" } {
            div { label for="copies" { "Copies" } input id="copies" name="copies" value="1" inputmode="numeric"; }
            button { "Replay" }
        }
        h2 { "Plaintext" }
        (shown_or_masked(asked.personal, &format!("{PATH}/{id}")))
        (format::message(plaintext, &callback.operation, asked.personal))
        @if let (Some(info), Some(url), OrderedJson::Object(fields)) = (info, &url, plaintext.ordered(&callback.operation)) {
            @let KeysInUse { user_name, sealing: pair, .. } = &keys;
            @let plaintext = &signed(info, user_name, pair, fields);
            (samples(&app, &Message { info, plaintext, url, user_name, pair }))
        }
        h2 { "Attempts" }
        (attempts(&callback, &wire, asked.personal))
    };
    let title = format!("{} #{id}", callback.operation);
    answer(Page::of(PATH, &title).around(&app, &content))
}

/// Replays the callbacks that were chosen in the list, or the one whose button it was.
pub(crate) async fn replay_chosen(
    State(app): Shared,
    Posted(entered): Posted<Vec<(String, String)>>,
) -> Response {
    let of = |wanted: &str| {
        let values = entered.iter().filter(|(name, _)| name == wanted);
        values
            .filter_map(|(_, id)| id.parse().ok())
            .collect::<Vec<u64>>()
    };
    let only = of("only");
    let chosen = if only.is_empty() { of("id") } else { only };
    if chosen.is_empty() {
        return missing(&app, PATH, "Nothing was sent: choose callbacks.");
    }
    let mut replays = JoinSet::new();
    for delivery in chosen {
        let simulator = app.simulator.clone();
        let command = Command::Replay {
            delivery,
            copies: 1,
        };
        replays.spawn(async move { simulator.execute(command).await });
    }
    for replayed in replays.join_all().await {
        if let Err(error) = replayed {
            return missing(&app, PATH, &error.to_string());
        }
    }
    Redirect::to(PATH).into_response()
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

/// Renders the attempts in order, each with what differs from the one before.
fn attempts(callback: &Callback, wire: &[WireRecord], personal: bool) -> Markup {
    let attempts = &callback.attempts;
    let before = std::iter::once(None).chain(attempts.iter().map(Some));
    html! {
        @if attempts.is_empty() { p.soft { "Nothing was tried yet." } }
        ol.history {
            @for (attempt, before) in attempts.iter().zip(before) {
                li {
                    (timestamp(attempt.started))
                    (format::ended(callback, attempt.result.as_ref()))
                    @if let Some(url) = &attempt.url { div { "to " code { (url) } } }
                    @for fault in &attempt.faults { " " (badge(&fault.to_string(), BadgeKind::Warn)) }
                    @if let Some(before) = before {
                        @let differences = differences(before, attempt, personal);
                        @if differences.is_empty() { p.soft { "As attempt " (before.number) "." } }
                        @else {
                            p.soft { "Other than attempt " (before.number) ":" }
                            ul { @for difference in differences { li { (difference) } } }
                        }
                    }
                    @if let Some(AttemptResult::Answered { plaintext, .. }) = &attempt.result {
                        details open[attempt.number as usize == attempts.len()] {
                            summary { "The answer" }
                            (format::message(operations::Message::Response(plaintext), &callback.operation, personal))
                        }
                    }
                    @for record in wire.iter().filter(|record| record.attempt == attempt.number) { (on_the_wire(record)) }
                }
            }
        }
    }
}

/// Returns what differs between two attempts: where it was sent, how it ended, and the
/// fields of the answers.
fn differences(before: &Attempt, attempt: &Attempt, personal: bool) -> Vec<String> {
    let ended = |attempt: &Attempt| match &attempt.result {
        Some(result) => format::shown(&result.in_words()),
        None => "no end yet".to_owned(),
    };
    let url = |attempt: &Attempt| attempt.url.clone().unwrap_or_else(|| "no URL".to_owned());
    let faults = |attempt: &Attempt| match attempt.faults.as_slice() {
        [] => "no fault".to_owned(),
        faults => faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let both = [
        ("", ended(before), ended(attempt)),
        ("URL: ", url(before), url(attempt)),
        ("Faults: ", faults(before), faults(attempt)),
    ];
    let both = both.into_iter().filter(|(_, old, new)| old != new);
    let said = |name: &str, old: &str, new: &str| format!("{name}{new} instead of {old}");
    let mut differences: Vec<_> = both
        .map(|(name, old, new)| said(name, &old, &new))
        .collect();

    let hidden = if personal {
        Vec::new()
    } else {
        operations::personal_data()
    };
    let shown = |attempt: &Attempt| {
        let masked = OrderedJson::of(fields(attempt)).masked(&hidden);
        serde_json::to_value(masked).unwrap_or_default()
    };
    let (old, new) = (fields(before), fields(attempt));
    let (old_shown, new_shown) = (shown(before), shown(attempt));
    let names = [old, new].into_iter().filter_map(Value::as_object);
    let names: BTreeSet<_> = names.flat_map(serde_json::Map::keys).collect();
    let other = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    differences.extend(other.map(|name| {
        let name = name.as_str();
        let text = |answer: &Value| {
            answer
                .get(name)
                .map_or("nothing".to_owned(), Value::to_string)
        };
        said(&format!("{name}: "), &text(&old_shown), &text(&new_shown))
    }));
    differences
}

/// Returns the answer to an attempt; null if it was not answered.
fn fields(attempt: &Attempt) -> &Value {
    match &attempt.result {
        Some(AttemptResult::Answered { plaintext, .. }) => plaintext,
        _ => &Value::Null,
    }
}

fn on_the_wire(record: &WireRecord) -> Markup {
    html! {
        details {
            summary { "On the wire, copy " (record.copy) ", " (record.milliseconds) " ms" }
            p.soft { "Sent to " code { (record.url) } }
            pre { (record.sealed) }
            (command("As curl", &sealed(&record.url, &record.sealed)))
            @if let Some(status) = record.status { p.soft { "Answered with HTTP status " (status) } }
            @if let Some(answer) = &record.answer { pre { (answer) } }
        }
    }
}

pub(crate) async fn replay(
    State(app): Shared,
    id: Result<Path<u64>, PathRejection>,
    Posted(entered): Posted<Entered>,
) -> Response {
    let Ok(Path(id)) = id else {
        return missing(&app, PATH, NONE);
    };
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
    let last = |executed: &Executed| {
        let sent = executed.deliveries.last();
        format!("{PATH}/{}", sent.map_or(id, |callback| callback.id))
    };
    executed(&app, command, PATH, last).await
}
