//! The sandbox's own interface over HTTP; [`admin`](super::admin_types) says what
//! there is.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::admin_types::{
    Advance, CallbackDetails, CommandResult, File, Info, LogQuery, Personal, Saved,
};
use super::mailbox::{self, Mailbox};
use super::origin_check::refused;
use crate::engine::Command;
use crate::simulator::{Executed, Simulator, SimulatorError};

/// What the interface stands on.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) simulator: Simulator,
    pub(crate) info: Info,
    pub(crate) mailbox: Mailbox,
    /// Changes when the sandbox stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

type Shared = State<Arc<AppState>>;

/// Everything under [`ROOT`](crate::admin_client::ROOT).
pub(crate) fn routes(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/info", get(info))
        .route("/state", get(state))
        .route("/commands", post(command))
        .route("/log", get(log))
        .route("/log/stream", get(stream))
        .route("/callbacks/{id}", get(callback))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance))
        .route("/save", post(save))
        .route("/restore", post(restore))
        .route("/reset", post(reset))
        .merge(mailbox::routes())
        .fallback(|| async { refused(StatusCode::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "what changes something is a POST, what looks is a GET",
            )
        })
        .with_state(app)
}

/// An answer, or what is in its way.
type Answered = Result<Response, Refused>;

/// An answer that says what is wrong.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        refused(self.0, self.1)
    }
}

async fn info(State(app): Shared) -> Response {
    written(&app.info.clone().at_present(&app.simulator))
}

async fn state(State(app): Shared, Query(query): Query<Personal>) -> Response {
    let state = serde_json::to_value(&*app.simulator.state());
    let mut state = state.unwrap_or_default();
    if !query.personal {
        mask(&mut state);
    }
    written(&state)
}

async fn command(State(app): Shared, body: Bytes) -> Answered {
    let command: Command = read(&body)?;
    execute(&app, command).await
}

async fn execute(app: &AppState, command: Command) -> Answered {
    let Executed {
        applied,
        deliveries,
    } = app.simulator.execute(command).await.map_err(failed)?;
    let events = applied.events.iter().map(|event| json!(event));
    let executed = CommandResult {
        answer: json!(applied.answer),
        events: events.collect(),
        deliveries,
    };
    Ok(written(&executed))
}

async fn log(State(app): Shared, Query(query): Query<LogQuery>) -> Answered {
    let lines = app.simulator.log(query).await.map_err(failed)?;
    let mut text = String::new();
    for (_, line) in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], text).into_response())
}

async fn stream(State(app): Shared, Query(query): Query<LogQuery>) -> Response {
    let (sender, body) = Channel::<Bytes>::new(16);
    tokio::spawn(follow(app, query, sender));
    (
        [
            (CONTENT_TYPE, "text/event-stream"),
            (http::header::CACHE_CONTROL, "no-store"),
        ],
        Body::new(body),
    )
        .into_response()
}

/// Sends lines of the log as they come, until the client disconnects.
async fn follow(app: Arc<AppState>, mut query: LogQuery, mut sender: Sender<Bytes>) {
    let mut logged = app.simulator.logged();
    let mut stopping = app.stopping.clone();
    // The head of the answer shall not wait for the first line.
    if sender
        .send_data(Bytes::from_static(b": the log\n\n"))
        .await
        .is_err()
    {
        return;
    }
    loop {
        logged.borrow_and_update();
        let Ok(lines) = app.simulator.log(query).await else {
            return;
        };
        for (sequence, line) in lines {
            query.after = sequence;
            let event = format!("id: {sequence}\ndata: {line}\n\n");
            if sender.send_data(event.into()).await.is_err() {
                return;
            }
        }
        tokio::select! {
            changed = logged.changed() => if changed.is_err() { return },
            _ = stopping.changed() => return,
        }
    }
}

async fn callback(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(query): Query<Personal>,
) -> Answered {
    let known = app.simulator.state().callback(id).cloned();
    let Some(mut callback) = known else {
        return Err(Refused(
            StatusCode::NOT_FOUND,
            format!("there is no callback {id}"),
        ));
    };
    let wire = app.simulator.wire_of(id).await.map_err(failed)?;
    if !query.personal {
        let mut masked = json!(callback);
        mask(&mut masked);
        callback = serde_json::from_value(masked).map_err(|_| failed(SimulatorError::Closed))?;
    }
    Ok(written(&CallbackDetails { callback, wire }))
}

async fn clock(State(app): Shared) -> Response {
    written(&app.simulator.clock())
}

async fn advance(State(app): Shared, body: Bytes) -> Answered {
    let Advance { by } = read(&body)?;
    let advanced = app.simulator.advance(by).await.map_err(failed)?;
    Ok(written(&advanced))
}

async fn save(State(app): Shared, body: Bytes) -> Answered {
    let File { file } = read(&body)?;
    let bytes = app.simulator.save(file.clone()).await.map_err(failed)?;
    Ok(written(&Saved { file, bytes }))
}

async fn restore(State(app): Shared, body: Bytes) -> Answered {
    let File { file } = read(&body)?;
    app.simulator.restore(file).await.map_err(failed)?;
    Ok(written(&app.simulator.clock()))
}

async fn reset(State(app): Shared) -> Answered {
    app.simulator
        .execute(Command::Reset)
        .await
        .map_err(failed)?;
    Ok(written(&app.simulator.clock()))
}

/// What some editors begin a file with.
const BOM: &[u8] = "\u{feff}".as_bytes();

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| {
        Refused(
            StatusCode::BAD_REQUEST,
            format!("the body is not what is expected here: {error}"),
        )
    })
}

fn written(answer: &impl Serialize) -> Response {
    let text = serde_json::to_vec(answer).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what `map_err` hands over"
)]
fn failed(error: SimulatorError) -> Refused {
    let status = match &error {
        SimulatorError::RealClock => StatusCode::CONFLICT,
        SimulatorError::Store(_) => StatusCode::UNPROCESSABLE_ENTITY,
        SimulatorError::Closed => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refused(status, error.to_string())
}

/// What messages and keys say is not shown unasked.
const UNASKED: [&str; 7] = [
    "account",
    "authentication",
    "plaintext",
    "encrypt_key",
    "order",
    "personal",
    "phone",
];

/// Hides the texts of messages, and secrets, wherever they are.
fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                // A number of that name is an order of events.
                if UNASKED.contains(&name.as_str()) && !field.is_u64() {
                    hide(field);
                } else {
                    mask(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null => {}
        other => *other = Value::from("***"),
    }
}
