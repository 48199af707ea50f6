//! Pages that consist of forms: what they show, and what a form has led to.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form as Posted, Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;

use super::form::{Entered, Form, Problems};
use super::{answer, layout, words};
use crate::engine::{self, Answer, AttemptResult, Callback};
use crate::house::Carriage;
use crate::service::Office;

/// A page of forms.
pub(crate) struct Desk {
    pub(crate) title: &'static str,
    pub(crate) words: &'static str,
    /// Shown before the forms.
    pub(crate) before: Markup,
    /// Those that are a button are drawn by the page itself.
    pub(crate) forms: Vec<Form>,
    /// Shown after the forms.
    pub(crate) after: Markup,
}

/// What a desk looks like in a state; `path` is where its forms go.
pub(crate) type Draw = fn(&engine::State, &str) -> Desk;

/// The routes of a desk: a GET shows it, a POST carries out one of its forms.
pub(crate) fn route(path: &'static str, draw: Draw) -> Router<Arc<Office>> {
    let show = move |State(office): State<Arc<Office>>, Query(entered): Query<Entered>| async move {
        let desk = draw(&office.house.state(), path);
        drawn(&office, path, &desk, Some(&entered), None)
    };
    let act = move |State(office): State<Arc<Office>>, Posted(entered): Posted<Entered>| async move {
        act(&office, path, draw, &entered).await
    };
    Router::new().route(path, get(show).post(act))
}

/// What became of a form.
enum Ending {
    Wrong(Problems),
    Failed(String),
    Carried(Carriage),
}

async fn act(office: &Office, path: &str, draw: Draw, entered: &Entered) -> Response {
    let id = entered.get("form").map_or("", String::as_str);
    let command = {
        let desk = draw(&office.house.state(), path);
        let form = desk.forms.iter().find(|form| form.id == id);
        form.map(|form| form.read(entered))
    };
    let ending = match command {
        None => Ending::Failed("This form is not there any more: look again.".to_owned()),
        Some(Err(problems)) => Ending::Wrong(problems),
        Some(Ok(command)) => match office.house.carry(command).await {
            Ok(carriage) => Ending::Carried(carriage),
            Err(error) => Ending::Failed(error.to_string()),
        },
    };
    let desk = draw(&office.house.state(), path);
    drawn(office, path, &desk, Some(entered), Some((id, &ending)))
}

fn drawn(
    office: &Office,
    path: &str,
    desk: &Desk,
    entered: Option<&Entered>,
    ended: Option<(&str, &Ending)>,
) -> Response {
    let none = Problems::new();
    let personal = entered.is_some_and(|entered| entered.contains_key("personal"));
    let content = html! {
        @if !desk.words.is_empty() { p.soft { (desk.words) } }
        @if let Some((_, ending)) = ended { (result(ending, personal)) }
        (desk.before)
        @for form in desk.forms.iter().filter(|form| !form.is_button()) {
            @let mine = ended.is_none_or(|(id, _)| id == form.id);
            @let problems = match ended {
                Some((id, Ending::Wrong(problems))) if id == form.id => problems,
                _ => &none,
            };
            (form.draw(path, entered.filter(|_| mine), problems))
        }
        (desk.after)
    };
    let page = layout::Page {
        path,
        title: desk.title,
        is_result: ended.is_some(),
    };
    answer(page.around(office, &content))
}

/// What a form has led to.
fn result(ending: &Ending, personal: bool) -> Markup {
    html! {
        section id="result" aria-labelledby="result-title" {
            h2 id="result-title" { "Result" }
            @match ending {
                Ending::Wrong(_) => p.notice.bad role="alert" {
                    "Nothing was done: look at the fields that are marked."
                },
                Ending::Failed(why) => p.notice.bad role="alert" { "Nothing was done: " (why) },
                Ending::Carried(carriage) => (carried(carriage, personal)),
            }
        }
    }
}

fn carried(carriage: &Carriage, personal: bool) -> Markup {
    let done = match &carriage.applied.answer {
        Answer::Declined { why } => {
            return html! { p.notice.bad role="alert" { "Nothing was done: " (why) } };
        }
        Answer::Done { details, .. } => details,
        _ => &Value::Null,
    };
    html! {
        p.notice.good role="status" { "Done." }
        // The callbacks themselves say more than their numbers.
        @if let (Value::Object(details), true) = (done, carriage.deliveries.is_empty()) {
            dl.facts {
                @for (name, value) in details {
                    dt { (name.replace('_', " ")) }
                    dd { code { (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) } }
                }
            }
        }
        @for callback in &carriage.deliveries { (delivery(callback, personal)) }
    }
}

/// A callback that a form has caused, with the partner's answer.
fn delivery(callback: &Callback, personal: bool) -> Markup {
    let last = callback.attempts.last();
    let result = last.and_then(|attempt| attempt.result.as_ref());
    html! {
        p {
            a href={ "/callbacks/" (callback.id) } { (callback.operation) " #" (callback.id) } ": "
            (words::ended(callback, result))
        }
        @if let Some(AttemptResult::Answered { clear, .. }) = result {
            (words::message(clear, &callback.operation, personal))
        }
    }
}
