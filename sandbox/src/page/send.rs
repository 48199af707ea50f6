//! Sends a request to the sandbox, as a partner would.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Form as Posted, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::CONTENT_TYPE;
use maud::{Markup, html};
use serde_json::Value;
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_types::{Effect, OperationInfo};
use tower::ServiceExt;

use super::form::Entered;
use super::layout::Page;
use super::samples::signed;
use super::{Shared, answer, missing};
use crate::admin_client::ListQuery;
use crate::engine::State as Engine;
use crate::fields::{Field, Kind, request_fields};
use crate::http::{ConnectionControl, Peer};
use crate::operations;
use crate::ordered_json::OrderedJson;
use crate::service::{AppState, Partner};

const PATH: &str = "/send";

/// How long the response is waited for, in real time: a fault may delay it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The prefix of the form's fields that are those of the message.
const FIELD: &str = "field.";

pub(crate) async fn page(State(app): Shared, Query(entered): Query<Entered>) -> Response {
    let chosen = entered.get("operation").and_then(|name| ours(name));
    let Some(info) = chosen.or_else(|| operations::of_skypay().next()) else {
        return missing(&app, PATH, "There is no operation.");
    };
    let fields = filled_in(&app.simulator.state(), info);
    let content = html! {
        form.line method="get" action=(PATH) {
            div.long {
                label for="operation" { "Operation" }
                select id="operation" name="operation" {
                    @for known in operations::of_skypay() {
                        option value=(known.name) selected[known.name == info.name] { (known.name) ": " (known.summary) }
                    }
                }
            }
            button.quiet { "Choose" }
        }
        h2 { (info.name) }
        p.soft {
            (info.summary) ". The document's example is filled in. The request is encrypted and sent as a partner sends it, "
            "and is then under Requests, with the reason if it is refused. An empty field is left out."
        }
        form.fields method="post" action=(PATH) {
            input type="hidden" name="operation" value=(info.name);
            @for (field, value) in &fields { (input(field, value)) }
            div.wide { button { "Send" } }
        }
    };
    answer(Page::of(PATH, "Send").around(&app, &content))
}

fn input(field: &Field, value: &str) -> Markup {
    let name = format!("{FIELD}{}", field.name);
    let hint = format!("{name}-hint");
    html! {
        div.wide[field.kind != Kind::Scalar] {
            label for=(name) { (field.name) @if field.required { " (required)" } }
            @if field.kind == Kind::Scalar {
                input id=(name) name=(name) value=(value) autocomplete="off" aria-describedby=(hint);
            } @else {
                textarea id=(name) name=(name) rows="3" aria-describedby=(hint) { (value) }
            }
            p.hint id=(hint) { (field.about) }
        }
    }
}

/// Returns the operation of SkyPay with this name.
fn ours(name: &str) -> Option<&'static OperationInfo> {
    operations::of_skypay().find(|info| info.name == name)
}

/// Returns the fields of an operation's request, with the values of the document's
/// example.
fn filled_in(state: &Engine, info: &OperationInfo) -> Vec<(Field, String)> {
    let example: Value = serde_json::from_str(info.request_example).unwrap_or_default();
    let mut fields = request_fields(info.name);
    // In the order of the example; others follow.
    let example_text = info.request_example;
    fields.sort_by_key(|field| {
        let at = example_text.find(&format!("\"{}\":", field.name));
        at.unwrap_or(usize::MAX)
    });
    let fields = fields.into_iter();
    let orders = info.effect == Effect::MovesMoney;
    let value = |field: &Field| match &example[&field.name] {
        Value::Null => String::new(),
        Value::String(text) if orders && field.name == "controlNumber" => unused(state, text),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields
        .map(|field| {
            let value = value(&field);
            (field, value)
        })
        .collect()
}

/// Returns a control number that no payout has, counted up from an example.
fn unused(state: &Engine, example: &str) -> String {
    let (prefix, digits) = example.split_at_checked(5).unwrap_or((example, ""));
    let Ok(first) = digits.parse::<u64>() else {
        return example.to_owned();
    };
    let width = digits.len();
    let numbers = (first..).take(1000);
    let mut numbers = numbers.map(|number| format!("{prefix}{number:0width$}"));
    let unused = numbers.find(|number| state.payout(number).is_none());
    unused.unwrap_or_else(|| example.to_owned())
}

pub(crate) async fn act(
    State(app): Shared,
    Extension(Partner(partner)): Extension<Partner>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Posted(entered): Posted<Entered>,
) -> Response {
    let name = entered.get("operation").map_or("", String::as_str);
    let Some(info) = ours(name) else {
        return missing(&app, PATH, "There is no such operation.");
    };
    let sealed = sealed(&app, info, &entered);
    let peer = Peer {
        // A fault does not close the connection of the browser.
        control: ConnectionControl::default(),
        ..peer
    };
    let request = Request::post(format!("/{}", app.info.caller_name))
        .header(CONTENT_TYPE, envelope::CONTENT_TYPE)
        .extension(ConnectInfo(peer))
        .body(Body::from(sealed.clone()));
    let Ok(request) = request else {
        return missing(&app, PATH, "The request could not be built.");
    };
    let sending = tokio::spawn(partner.oneshot(request));
    let _ = tokio::time::timeout(TIMEOUT, sending).await;
    let newest = ListQuery {
        newest_first: true,
        limit: Some(100),
        ..ListQuery::default()
    };
    let mut newest = app
        .simulator
        .requests(newest)
        .await
        .unwrap_or_default()
        .into_iter();
    match newest.find(|record| record.sealed.as_ref() == Some(&sealed)) {
        Some(record) => Redirect::to(&format!("/requests/{}", record.id)).into_response(),
        None => missing(&app, "/requests", "There is no response yet."),
    }
}

/// Returns the encrypted message with the values of the form.
fn sealed(app: &AppState, info: &OperationInfo, entered: &Entered) -> String {
    let now = app.simulator.now();
    let keys = app.simulator.state().keys_in_use(now);
    let pair = keys.accepted.first().unwrap_or(&keys.sealing);
    let example: Value = serde_json::from_str(info.request_example).unwrap_or_default();
    let constants = info.constants.iter().map(|(name, value)| {
        let value = OrderedJson::Text((*value).to_owned());
        ((*name).to_owned(), value)
    });
    let fields = request_fields(info.name).into_iter();
    let fields = fields.filter_map(|Field { name, .. }| {
        let text = entered.get(&format!("{FIELD}{name}"))?.trim();
        // What is no text in the example is written as JSON, if it is JSON.
        let json = OrderedJson::read(text.as_bytes());
        let json = json.filter(|_| !matches!(example[&name], Value::String(_) | Value::Null));
        let value = json.unwrap_or_else(|| OrderedJson::Text(text.to_owned()));
        (!text.is_empty()).then_some((name, value))
    });
    let message = signed(info, &keys.user_name, pair, constants.chain(fields));
    envelope::seal(
        &EncryptKey::derive(&pair.encrypt_key),
        &[message.as_bytes()],
    )
}
