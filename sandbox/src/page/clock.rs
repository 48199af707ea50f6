//! The page for the clock and for saving, restoring and resetting the sandbox.

use std::path::PathBuf;

use axum::extract::{Form as Posted, State};
use axum::response::{IntoResponse, Redirect, Response};
use clap::Arg;
use http::header::REFERER;
use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use maud::{Markup, html};

use super::form::{Entered, Form, Problems};
use super::{Shared, answer, format, layout, missing};
use crate::engine::{Command, Duration};
use crate::service::AppState;

const PATH: &str = "/clock";

/// Frequently used durations.
const OFTEN: [&str; 5] = ["60s", "300s", "1h", "1d", "90d"];

pub(crate) async fn page(State(app): Shared) -> Response {
    drawn(&app, None, None)
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
    let done = match forms().iter().find(|form| form.id == id) {
        None => Err(Problems::from([(
            String::new(),
            "There is no such form.".to_owned(),
        )])),
        Some(form) => match form.values(&entered) {
            Ok(values) => done(&app, id, &values).await,
            Err(problems) => Err(problems),
        },
    };
    drawn(&app, Some(&entered), Some((id, &done)))
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

/// Executes a form and returns a message for the user, or the problems by field.
async fn done(app: &AppState, id: &str, values: &Entered) -> Result<String, Problems> {
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
    said.map_err(|error| Problems::from([(String::new(), error.to_string())]))
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

fn drawn(
    app: &AppState,
    entered: Option<&Entered>,
    ended: Option<(&str, &Result<String, Problems>)>,
) -> Response {
    let clock = app.simulator.clock();
    let [advance, save, restore, reset] = forms();
    let none = Problems::new();
    let draw = |form: &Form| -> Markup {
        let mine = ended.filter(|(id, _)| *id == form.id);
        let problems = match mine {
            Some((_, Err(problems))) => problems,
            _ => &none,
        };
        form.draw(PATH, entered.filter(|_| mine.is_some()), problems)
    };
    let content = html! {
        @match ended {
            Some((_, Ok(said))) => p.notice.good role="status" { (said) },
            Some((_, Err(_))) => p.notice.bad role="alert" { "Nothing was done." },
            None => {},
        }
        dl.facts {
            dt { "It shows" } dd { (clock.now) " (GMT+8)" }
            dt { "Due next" } dd {
                @match clock.next_due { Some(due) => (format::timestamp(due)), None => "nothing" }
            }
        }
        @if clock.is_virtual {
            (draw(&advance))
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
        (draw(&save))
        (draw(&restore))
        h2 { "Begin again" }
        details id="reset" {
            summary { "Forget everything…" }
            (draw(&reset))
        }
    };
    let page = layout::Page {
        path: PATH,
        title: "Clock",
        is_result: ended.is_some(),
    };
    answer(page.around(app, &content))
}
