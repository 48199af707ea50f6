//! Pages that consist of forms, and the results of submitting them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form as Posted, Query, State};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;

use super::form::{Entered, Form, Problems};
use super::{answer, format, layout};
use crate::engine::{self, AttemptResult, Callback, Command, CommandOutcome};
use crate::operations::Message;
use crate::service::AppState;
use crate::simulator::Executed;

/// A page of forms.
pub(crate) struct FormPage {
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// The content before the forms.
    pub(crate) before: Markup,
    /// The forms. Those that are a single button are rendered by the page itself.
    pub(crate) forms: Vec<Form>,
    /// The content after the forms.
    pub(crate) after: Markup,
}

/// Renders a page of forms from a state; `path` is the URL that the forms post to.
pub(crate) type Render = fn(&engine::State, &str) -> FormPage;

/// Returns the routes of a page of forms: GET renders it, POST executes one of its
/// forms.
pub(crate) fn route(path: &'static str, draw: Render) -> Router<Arc<AppState>> {
    let show = move |State(app): State<Arc<AppState>>, Query(entered): Query<Entered>| async move {
        let form_page = draw(&app.simulator.state(), path);
        drawn(&app, path, &form_page, Some(&entered), None)
    };
    let act = move |State(app): State<Arc<AppState>>, Posted(entered): Posted<Entered>| async move {
        act(&app, path, draw, &entered).await
    };
    Router::new().route(path, get(show).post(act))
}

/// The outcome of a submitted form.
pub(crate) enum FormOutcome {
    Wrong(Problems),
    Failed(String),
    /// What was done.
    Said(String),
    CommandResult(Executed),
}

async fn act(app: &AppState, path: &str, draw: Render, entered: &Entered) -> Response {
    let id = entered.get("form").map_or("", String::as_str);
    let command = {
        let form_page = draw(&app.simulator.state(), path);
        let form = form_page.forms.iter().find(|form| form.id == id);
        form.map(|form| form.read(entered))
    };
    let ending = match command {
        None => FormOutcome::Failed("This form is not there any more: look again.".to_owned()),
        Some(Err(problems)) => FormOutcome::Wrong(problems),
        Some(Ok(commands)) => executed(app, commands).await,
    };
    let form_page = draw(&app.simulator.state(), path);
    drawn(app, path, &form_page, Some(entered), Some((id, &ending)))
}

/// Executes commands in order, and returns the result of the last one, or of the first
/// that is not possible.
async fn executed(app: &AppState, commands: Vec<Command>) -> FormOutcome {
    let mut outcome = FormOutcome::Failed("It changes nothing.".to_owned());
    for command in commands {
        let executed = match app.simulator.execute(command).await {
            Ok(executed) => executed,
            Err(error) => return FormOutcome::Failed(error.to_string()),
        };
        let invalid = matches!(
            executed.applied.answer,
            CommandOutcome::InvalidCommand { .. }
        );
        outcome = FormOutcome::CommandResult(executed);
        if invalid {
            break;
        }
    }
    outcome
}

/// Renders a page of forms, with what was entered, and the outcome of the form with an
/// id.
pub(crate) fn drawn(
    app: &AppState,
    path: &str,
    form_page: &FormPage,
    entered: Option<&Entered>,
    ended: Option<(&str, &FormOutcome)>,
) -> Response {
    let none = Problems::new();
    let personal = entered.is_some_and(|entered| entered.contains_key("personal"));
    let content = html! {
        @if !form_page.description.is_empty() { p.soft { (form_page.description) } }
        @if let Some((_, ending)) = ended { (result(ending, personal)) }
        (form_page.before)
        @for form in form_page.forms.iter().filter(|form| !form.is_button()) {
            @let mine = ended.is_none_or(|(id, _)| id == form.id);
            @let problems = match ended {
                Some((id, FormOutcome::Wrong(problems))) if id == form.id => problems,
                _ => &none,
            };
            (form.draw(path, entered.filter(|_| mine), problems))
        }
        (form_page.after)
    };
    let page = layout::Page {
        path,
        title: form_page.title,
        is_result: ended.is_some(),
    };
    answer(page.around(app, &content))
}

/// Renders the result of a form.
fn result(ending: &FormOutcome, personal: bool) -> Markup {
    html! {
        section id="result" aria-labelledby="result-title" {
            h2 id="result-title" { "Result" }
            @match ending {
                FormOutcome::Wrong(_) => p.notice.bad role="alert" {
                    "Nothing was done: look at the fields that are marked."
                },
                FormOutcome::Failed(why) => p.notice.bad role="alert" { "Nothing was done: " (why) },
                FormOutcome::Said(what) => p.notice.good role="status" { (what) },
                FormOutcome::CommandResult(executed) => (render_executed(executed, personal)),
            }
        }
    }
}

fn render_executed(executed: &Executed, personal: bool) -> Markup {
    let done = match &executed.applied.answer {
        CommandOutcome::InvalidCommand { why } => {
            return html! { p.notice.bad role="alert" { "Nothing was done: " (why) } };
        }
        CommandOutcome::Done { details, .. } => details,
        _ => &Value::Null,
    };
    html! {
        p.notice.good role="status" { "Done." }
        // The callbacks show more than the numbers in the details.
        @if let (Value::Object(details), true) = (done, executed.deliveries.is_empty()) {
            dl.facts {
                @for (name, value) in details {
                    dt { (name.replace('_', " ")) }
                    dd { code { (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) } }
                }
            }
        }
        @for callback in &executed.deliveries { (delivery(callback, personal)) }
    }
}

/// Renders a callback that a form has caused, with the partner's response.
fn delivery(callback: &Callback, personal: bool) -> Markup {
    let last = callback.attempts.last();
    let result = last.and_then(|attempt| attempt.result.as_ref());
    html! {
        p {
            a href={ "/callbacks/" (callback.id) } { (callback.operation) " #" (callback.id) } ": "
            (format::ended(callback, result))
        }
        @if let Some(AttemptResult::Answered { plaintext, .. }) = result {
            (format::message(Message::Response(plaintext), &callback.operation, personal))
        }
    }
}
