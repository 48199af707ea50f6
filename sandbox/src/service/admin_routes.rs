//! The HTTP routes of the sandbox's admin interface, which exchange these
//! [messages](super::admin_types).

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::watch;

use super::admin_types::{
    Advance, CallbackDetails, CommandResult, Expected, File, Info, ListQuery, PaymentsQuery,
    Personal, RequestRecord, RowDetails, Saved,
};
use super::mailbox::{self, Mailbox};
use super::origin_check::refused;
use crate::callback_checks::Checks;
use crate::engine::Command;
use crate::http::Peer;
use crate::operations;
use crate::ordered_json::OrderedJson;
use crate::simulator::{Executed, Simulator, SimulatorError};

/// The state of the routes.
#[derive(Debug)]
pub(crate) struct AppState {
    pub(crate) simulator: Simulator,
    pub(crate) info: Info,
    pub(crate) mailbox: Mailbox,
    pub(crate) checks: Checks,
    /// Changes when the sandbox stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

type Shared = State<Arc<AppState>>;

/// Returns all routes under [`ROOT`](crate::admin_client::ROOT).
pub(crate) fn routes(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/info", get(info))
        .route("/state", get(state))
        .route("/rows", get(rows))
        .route("/rows/{id}", get(row))
        .route("/payments", get(payments))
        .route("/commands", post(command))
        .route("/log", get(log))
        .route("/log/stream", get(stream))
        .route("/callbacks/{id}", get(callback))
        .route("/requests", get(requests))
        .route("/requests/stream", get(request_stream))
        .route("/requests/{id}", get(request))
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

/// A response or an error.
pub(crate) type Answered = Result<Response, Refused>;

/// An error response with a status and a message.
pub(crate) struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        refused(self.0, self.1)
    }
}

/// Says whether the database can be read; it needs no token.
pub(crate) async fn health(State(app): Shared) -> Answered {
    let query = ListQuery {
        limit: Some(1),
        ..ListQuery::default()
    };
    app.simulator.log(query).await.map_err(|error| {
        // What is wrong with the database is for its log only.
        tracing::warn!(%error, "the sandbox is not healthy");
        Refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "the sandbox cannot read its database".to_owned(),
        )
    })?;
    Ok(written(&json!({ "status": "ok" })))
}

async fn info(State(app): Shared, ConnectInfo(peer): ConnectInfo<Peer>) -> Response {
    let mut info = app.info.clone().at_present(&app.simulator);
    info.client = Some(peer.address.ip().to_canonical());
    written(&info)
}

async fn state(State(app): Shared, Query(query): Query<Personal>) -> Response {
    let state = shown(&*app.simulator.state(), query.personal);
    written(&state)
}

/// The maximum number of rows per response.
const ROWS: usize = 1000;

async fn rows(State(app): Shared, Query(mut query): Query<ListQuery>) -> Answered {
    query.limit = Some(query.limit.unwrap_or(ROWS).min(ROWS));
    let personal = query.personal;
    let rows = app.simulator.rows(query).await.map_err(failed)?;
    Ok(written(&shown(&rows, personal)))
}

async fn row(State(app): Shared, Path(id): Path<u64>, Query(query): Query<Personal>) -> Answered {
    let state = app.simulator.state();
    let Some(row) = state.row(id) else {
        let problem = format!("there is no transaction, movement or callback {id}");
        return Err(Refused(StatusCode::NOT_FOUND, problem));
    };
    let expected = state.expected(&row).into_iter();
    let expected = expected.map(|(due, what)| Expected { due, what }).collect();
    drop(state);
    Ok(written(&shown(
        &RowDetails { row, expected },
        query.personal,
    )))
}

async fn payments(State(app): Shared, Query(query): Query<PaymentsQuery>) -> Response {
    let limit = query.limit.unwrap_or(ROWS).min(ROWS);
    let state = app.simulator.state();
    written(&state.payments(query.at_least, query.skipped, limit))
}

/// The fields of messages and keys that are masked by default.
const MASKED: [&str; 7] = [
    "account",
    "authentication",
    "plaintext",
    "encrypt_key",
    "order",
    "personal",
    "phone",
];

/// Masks message contents and secrets unless `personal` is set.
fn shown(value: &impl Serialize, personal: bool) -> OrderedJson {
    let value = OrderedJson::of(value);
    if personal {
        value
    } else {
        value.masked(&MASKED)
    }
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

/// The number of log lines read at a time.
const LINES: usize = 1000;

/// Returns the next lines of the log, at most `LINES`.
async fn next_lines(
    app: &AppState,
    query: &mut ListQuery,
) -> Result<Vec<(u64, String)>, SimulatorError> {
    let limit = query.limit.unwrap_or(LINES).min(LINES);
    let limited = ListQuery {
        limit: Some(limit),
        ..query.clone()
    };
    let lines = app.simulator.log(limited).await?;
    if let Some((last, _)) = lines.last() {
        query.after = *last;
    }
    query.skipped = 0;
    query.limit = match query.limit {
        // There is nothing after the newest lines.
        _ if query.newest_first => Some(0),
        limit => limit.map(|most| most.saturating_sub(LINES)),
    };
    Ok(lines)
}

/// Streams the existing lines of the log as they are read.
async fn log(State(app): Shared, Query(mut query): Query<ListQuery>) -> Answered {
    let mut lines = next_lines(&app, &mut query).await.map_err(failed)?;
    let (mut sender, body) = Channel::<Bytes, SimulatorError>::new(2);
    tokio::spawn(async move {
        while !lines.is_empty() {
            let text: String = lines.into_iter().map(|(_, line)| line + "\n").collect();
            if sender.send_data(text.into()).await.is_err() {
                return;
            }
            match next_lines(&app, &mut query).await {
                Ok(next) => lines = next,
                Err(error) => return sender.abort(error),
            }
        }
    });
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::new(body)).into_response())
}

async fn stream(State(app): Shared, Query(query): Query<ListQuery>) -> Response {
    streamed(app, Followed::Log, query)
}

async fn request_stream(State(app): Shared, Query(query): Query<ListQuery>) -> Response {
    streamed(app, Followed::Requests, query)
}

/// What a stream consists of.
enum Followed {
    Log,
    Requests,
}

impl Followed {
    /// Returns the next lines with their numbers.
    async fn next(
        &self,
        query: &mut ListQuery,
        app: &AppState,
    ) -> Result<Vec<(u64, String)>, SimulatorError> {
        if matches!(self, Self::Log) {
            return next_lines(app, query).await;
        }
        let found = found(app, query).await?;
        query.skipped = 0;
        query.after = found.last().map_or(query.after, |record| record.id);
        let line = |record: &RequestRecord| {
            let line = serde_json::to_string(record).unwrap_or_default();
            (record.id, line)
        };
        Ok(found.iter().map(line).collect())
    }
}

fn streamed(app: Arc<AppState>, followed: Followed, query: ListQuery) -> Response {
    let (sender, body) = Channel::<Bytes>::new(16);
    let query = ListQuery {
        newest_first: false,
        limit: None,
        ..query
    };
    tokio::spawn(follow(app, followed, query, sender));
    (
        [
            (CONTENT_TYPE, "text/event-stream"),
            (http::header::CACHE_CONTROL, "no-store"),
        ],
        Body::new(body),
    )
        .into_response()
}

/// Streams lines as they are written, until the client disconnects.
async fn follow(
    app: Arc<AppState>,
    followed: Followed,
    mut query: ListQuery,
    mut sender: Sender<Bytes>,
) {
    let mut logged = app.simulator.logged();
    let mut stopping = app.stopping.clone();
    // Send the response header without waiting for the first line.
    if sender
        .send_data(Bytes::from_static(b": the log\n\n"))
        .await
        .is_err()
    {
        return;
    }
    loop {
        logged.borrow_and_update();
        let Ok(lines) = followed.next(&mut query, &app).await else {
            return;
        };
        let is_last = lines.is_empty();
        for (sequence, line) in lines {
            let event = format!("id: {sequence}\ndata: {line}\n\n");
            if sender.send_data(event.into()).await.is_err() {
                return;
            }
        }
        if !is_last {
            continue;
        }
        tokio::select! {
            changed = logged.changed() => if changed.is_err() { return },
            _ = stopping.changed() => return,
        }
    }
}

/// Returns the requests that a query selects, masked unless it wants personal data.
async fn found(app: &AppState, query: &ListQuery) -> Result<Vec<RequestRecord>, SimulatorError> {
    let limit = query.limit.unwrap_or(ROWS).min(ROWS);
    let found = app.simulator.requests(ListQuery {
        limit: Some(limit),
        ..query.clone()
    });
    let found = found.await?.into_iter();
    Ok(found.map(|found| found.shown(query.personal)).collect())
}

async fn requests(State(app): Shared, Query(query): Query<ListQuery>) -> Answered {
    let found = found(&app, &query).await.map_err(failed)?;
    Ok(written(&found))
}

async fn request(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(query): Query<Personal>,
) -> Answered {
    let found = app.simulator.request(id).await.map_err(failed)?;
    let found = found.map(|found| written(&found.shown(query.personal)));
    found.ok_or_else(|| Refused(StatusCode::NOT_FOUND, format!("there is no request {id}")))
}

async fn callback(
    State(app): Shared,
    Path(id): Path<u64>,
    Query(query): Query<Personal>,
) -> Answered {
    let known = app.simulator.state().callback(id);
    let Some(callback) = known else {
        return Err(Refused(
            StatusCode::NOT_FOUND,
            format!("there is no callback {id}"),
        ));
    };
    let wire = app.simulator.wire_of(id).await.map_err(failed)?;
    let wire = wire.into_iter().map(|sent| sent.shown(query.personal));
    let wire = wire.collect();
    let details = OrderedJson::of(&CallbackDetails { callback, wire });
    Ok(written(&if query.personal {
        details
    } else {
        details.masked(&operations::personal_data())
    }))
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

/// The byte order mark that some editors write.
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
