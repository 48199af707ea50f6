//! The page for the clock and for saving, restoring and resetting the sandbox.

use std::path::PathBuf;

use axum::extract::{Form as Posted, State};
use axum::response::{IntoResponse, Redirect, Response};
use clap::Arg;
use http::header::REFERER;
use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use maud::html;

use super::form::{Entered, Form, Problems};
use super::form_page::{FormOutcome, FormPage, drawn};
use super::{Shared, format, layout, missing};
use crate::engine::{Command, Duration};
use crate::service::AppState;

const PATH: &str = "/clock";

/// Frequently used durations.
const OFTEN: [&str; 5] = ["60s", "300s", "1h", "1d", "90d"];

pub(crate) async fn page(State(app): Shared) -> Response {
    drawn(&app, PATH, &form_page(&app), None, None)
}

pub(crate) async fn act(
    State(app): Shared,
    headers: HeaderMap,
    Posted(entered): Posted<Entered>,
) -> Response {
    let id = entered.get("form").map_or("", String::as_str);
    if id == "move" {
        return moved(&app, &headers, &entered).await;
    }
    let outcome = match forms().iter().find(|form| form.id == id) {
        None => FormOutcome::Failed("there is no such form.".to_owned()),
        Some(form) => match form.values(&entered) {
            Ok(values) => done(&app, id, &values).await,
            Err(problems) => FormOutcome::Wrong(problems),
        },
    };
    let ended = Some((id, &outcome));
    drawn(&app, PATH, &form_page(&app), Some(&entered), ended)
}

/// Moves the clock, and leads back to the page that the form was on.
async fn moved(app: &AppState, headers: &HeaderMap, entered: &Entered) -> Response {
    let by = entered.get("by").map_or("", String::as_str);
    let clock = app.simulator.clock();
    let by = match (by, clock.next_due) {
        (layout::NEXT_EVENT, Some(due)) => clock.now.until(due),
        _ => by.parse().unwrap_or(Duration::NONE),
    };
    if let Err(error) = app.simulator.advance(by).await {
        return missing(app, PATH, &error.to_string());
    }
    let from = headers.get(REFERER).and_then(|from| from.to_str().ok());
    let from = from.and_then(|from| from.parse::<Uri>().ok());
    let back = from.as_ref().and_then(Uri::path_and_query);
    Redirect::to(back.map_or("/", PathAndQuery::as_str)).into_response()
}

/// Executes a form.
async fn done(app: &AppState, id: &str, values: &Entered) -> FormOutcome {
    let text = |name: &str| values.get(name).map_or("", String::as_str);
    let file = || PathBuf::from(text("file"));
    let said = match id {
        "advance" => {
            let by = text("by").parse().unwrap_or(Duration::NONE);
            let advanced = app.simulator.advance(by).await;
            advanced.map(|advanced| {
                format!(
                    "It is {}; {} attempts at callbacks ended on the way.",
                    advanced.clock.now, advanced.attempts
                )
            })
        }
        "save" => app
            .simulator
            .save(file())
            .await
            .map(|bytes| format!("Saved, {bytes} bytes.")),
        "restore" => app
            .simulator
            .restore(file())
            .await
            .map(|()| "Restored.".to_owned()),
        _ => app
            .simulator
            .execute(Command::Reset)
            .await
            .map(|_| "Everything is forgotten.".to_owned()),
    };
    match said {
        Ok(said) => FormOutcome::Said(said),
        Err(error) => FormOutcome::Failed(error.to_string()),
    }
}

fn forms() -> [Form; 4] {
    let file = Arg::new("file")
        .required(true)
        .help("On the machine that the sandbox runs on");
    let by = Arg::new("by").required(true).help("Such as 45s, 2h or 30d");
    let by = by.value_parser(|by: &str| by.parse::<Duration>());
    let file = [file];
    [
        Form::with("advance", "Move the clock", &[by], "Advance"),
        Form::with("save", "Save everything", &file, "Save"),
        Form::with("restore", "Restore", &file, "Restore")
            .titled("Restore", "Replaces everything that is here now."),
        Form::with("reset", "", &[], "Forget everything but the settings"),
    ]
}

fn form_page(app: &AppState) -> FormPage {
    let clock = app.simulator.clock();
    let [advance, save, restore, reset] = forms();
    let before = html! {
        dl.facts {
            dt { "It shows" } dd { (clock.now) " (GMT+8)" }
            dt { "Due next" } dd {
                @match clock.next_due { Some(due) => (format::timestamp(due)), None => "nothing" }
            }
        }
        @if clock.is_virtual {
            p {
                @for by in OFTEN {
                    form.inline method="post" action=(PATH) {
                        input type="hidden" name="form" value="advance";
                        input type="hidden" name="by" value=(by);
                        button.quiet { "+ " (by) } " "
                    }
                }
            }
        } @else {
            p.soft {
                @if clock.speed == 1 { "This is the machine's clock. " }
                @else { "It runs " (clock.speed) " times as fast as the machine's clock. " }
                "One that you move: " code { "skypay sandbox up --clock virtual" } "."
            }
        }
    };
    let after = html! {
        h2 { "Begin again" }
        details id="reset" {
            summary { "Forget everything…" }
            (reset.draw(PATH, None, &Problems::new()))
        }
    };
    let forms = clock.is_virtual.then_some(advance);
    FormPage {
        title: "Clock",
        description: "",
        before,
        forms: forms.into_iter().chain([save, restore]).collect(),
        after,
    }
}
