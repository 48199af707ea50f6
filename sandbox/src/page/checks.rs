//! Checks of the partner's callback server.

use std::sync::Arc;

use axum::extract::{Form as Posted, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderValue;
use http::header::REFRESH;
use maud::{Markup, html};
use skypay_client::Credentials;

use super::form::Entered;
use super::format::{BadgeKind, badge};
use super::layout::Page;
use super::list::Filter;
use super::table::{table, text};
use super::{POLICY_OF_ONE_FILE, Shared, answer, document, missing};
use crate::callback_checks::{Checked, Run, Target, Verdict};
use crate::operations;
use crate::service::AppState;

const PATH: &str = "/checks";

pub(crate) async fn page(State(app): Shared) -> Response {
    let run = app.checks.latest();
    let is_running = run.as_ref().is_some_and(|run| run.ended.is_none());
    let content = html! {
        p.soft {
            "Sends every callback to your server, in the forms that occur and in forms that have to be \
             refused, and judges the answers. Only a server on this machine is checked."
        }
        @if !app.checks.are_supplied() {
            p.notice { "This program has no checks: run " code { "skypay certify" } "." }
        } @else if !is_running {
            (form(&app))
        }
        @if let Some(run) = &run { (results(run)) }
    };
    let mut response = answer(Page::of(PATH, "Checks").around(&app, &content));
    if is_running {
        // The page loads itself again, with a script or without.
        response
            .headers_mut()
            .insert(REFRESH, HeaderValue::from_static("1"));
    }
    response
}

fn form(app: &AppState) -> Markup {
    let state = app.simulator.state();
    let urls = &state.settings().callbacks;
    let callbacks = callbacks().filter(|name| urls.of(name).is_some());
    let callbacks: Vec<_> = callbacks.collect();
    html! {
        @if callbacks.is_empty() {
            p.notice { "No callback has a URL: set one in the " a href="/settings" { "settings" } "." }
        } @else {
            form.line method="post" action=(PATH) {
                (Filter::choice("callback", "Callback", callbacks).draw(&Entered::new()))
                div {
                    label for="only" { "Only these checks" }
                    input id="only" name="only" placeholder="D05 D27";
                }
                button { "Start" }
            }
        }
    }
}

fn callbacks() -> impl Iterator<Item = &'static str> {
    operations::callbacks().map(|info| info.name)
}

fn results(run: &Run) -> Markup {
    let (done, all) = run
        .checked
        .last()
        .map_or((0, 0), |last| (last.done, last.all));
    let count = |verdict| {
        run.checked
            .iter()
            .filter(|checked| checked.outcome == verdict)
            .count()
    };
    let mut checked: Vec<_> = run.checked.iter().collect();
    // While they run, the newest is the first one.
    match run.ended {
        Some(_) => checked.sort_by_key(|checked| checked.outcome),
        None => checked.reverse(),
    }
    html! {
        h2 { "Results" }
        @match &run.ended {
            None => p.notice role="status" { "Running: " (done) " of " (all) " checks have ended." },
            Some(Err(why)) => p.notice.bad role="alert" { "Nothing was checked: " (why) },
            Some(Ok(_)) => p { a href={ (PATH) "/report" } { "Open the report" } },
        }
        @if !checked.is_empty() {
            dl.counts {
                @for verdict in [Verdict::Failed, Verdict::Warning, Verdict::NotEvaluable, Verdict::Passed] {
                    div { dt { (shown(verdict)) } dd { (count(verdict)) } }
                }
            }
            (table(&["Check", "Result", "What it demands"].map(text), checked.into_iter().map(cells)))
        }
    }
}

fn cells(checked: &Checked) -> Vec<Markup> {
    let is_shown = checked.outcome != Verdict::Passed && !checked.reasons.is_empty();
    vec![
        html! { code { (checked.id) } },
        shown(checked.outcome),
        html! {
            (checked.title)
            @if is_shown { ul.soft { @for reason in &checked.reasons { li { (reason) } } } }
        },
    ]
}

fn shown(verdict: Verdict) -> Markup {
    match verdict {
        Verdict::Failed => badge("Failed", BadgeKind::Bad),
        Verdict::Warning => badge("Warning", BadgeKind::Warn),
        Verdict::NotEvaluable => badge("Not evaluable", BadgeKind::Plain),
        Verdict::Passed => badge("Passed", BadgeKind::Good),
    }
}

/// Starts the checks of all callbacks with URLs, or of the chosen one.
pub(crate) async fn start(State(app): Shared, Posted(entered): Posted<Entered>) -> Response {
    let text = |name: &str| entered.get(name).map_or("", String::as_str);
    let now = app.simulator.now();
    let (urls, keys) = {
        let state = app.simulator.state();
        (state.settings().callbacks.clone(), state.keys_in_use(now))
    };
    let pair = &keys.sealing;
    let credentials = Credentials::new(&keys.user_name, &pair.authentication, &pair.encrypt_key);
    let Ok(credentials) = credentials else {
        return missing(&app, PATH, "There is no pair of keys: generate one.");
    };
    let chosen = text("callback");
    let named = callbacks().filter(|name| urls.of(name).is_some());
    let named = named.filter(|name| chosen.is_empty() || *name == chosen);
    let only = text("only").split([' ', ',']).filter(|id| !id.is_empty());
    let target = Target {
        callbacks: named.map(str::to_owned).collect(),
        shared: urls.shared.filter(|url| !url.is_empty()),
        own: urls
            .own
            .into_iter()
            .filter(|(_, url)| !url.is_empty())
            .collect(),
        credentials: Arc::new(credentials),
        only: only.map(str::to_owned).collect(),
    };
    app.checks.start(target);
    Redirect::to(PATH).into_response()
}

/// Serves the report of the latest run.
pub(crate) async fn report(State(app): Shared) -> Response {
    match app.checks.latest().and_then(|run| run.ended) {
        Some(Ok(report)) => document(report, POLICY_OF_ONE_FILE),
        _ => missing(&app, PATH, "There is no report yet."),
    }
}
