//! A partner's server for partners that have none: callbacks wait here until
//! somebody fetches and answers them.
//!
//! To the delivery worker it is a server like any other. It knows no key and opens
//! nothing, so that what is fetched is what arrived, however spoilt, and what
//! is answered goes back as it was written. A callback waits as long as the
//! delivery worker does: its place here is the request itself, and ends with it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode, Uri};
use skypay_runtime::envelope;
use tokio::sync::{oneshot, watch};

use super::admin_routes::AppState;
use super::admin_types::Next;
use super::origin_check::refused;
use crate::admin_client::ROOT;
use crate::limits;

/// How many callbacks wait at most.
const ROOM: usize = 256;

/// How long somebody waits for the next callback at most, in seconds.
const LONGEST_WAIT: u64 = 30;

/// The number of a callback that was fetched.
const ID: HeaderName = HeaderName::from_static("callback-id");

/// The path that it was sent to.
const PATH: HeaderName = HeaderName::from_static("callback-path");

type Shared = State<Arc<AppState>>;

/// Everything under `mailbox` of the sandbox's own interface.
pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/mailbox", post(deliver))
        .route("/mailbox/to/{*name}", post(deliver))
        .route("/mailbox/next", get(next))
        .route("/mailbox/{id}", post(answer))
        .layer(DefaultBodyLimit::max(limits::MAILBOX))
}

/// The callbacks that wait for a partner.
#[derive(Default)]
pub(crate) struct Mailbox {
    inside: Arc<Mutex<Inside>>,
    /// Changes when a callback arrives.
    arrived: watch::Sender<()>,
}

#[derive(Default)]
struct Inside {
    last: u64,
    /// In the order in which they arrived.
    waiting: BTreeMap<u64, QueuedCallback>,
}

struct QueuedCallback {
    path: String,
    sealed: Bytes,
    respond: oneshot::Sender<Bytes>,
}

/// The place of a callback. The task that waits for the answer holds it, and the
/// callback is gone when none does.
struct Place {
    inside: Arc<Mutex<Inside>>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.inside).waiting.remove(&self.id);
    }
}

fn locked(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    /// Takes a callback in; `None` if there is no room.
    fn put(&self, path: String, sealed: Bytes) -> Option<(Place, oneshot::Receiver<Bytes>)> {
        let mut inside = locked(&self.inside);
        if inside.waiting.len() >= ROOM {
            return None;
        }
        inside.last += 1;
        let id = inside.last;
        let (respond, answered) = oneshot::channel();
        let queued = QueuedCallback {
            path,
            sealed,
            respond,
        };
        inside.waiting.insert(id, queued);
        drop(inside);
        self.arrived.send_replace(());
        let inside = Arc::clone(&self.inside);
        Some((Place { inside, id }, answered))
    }

    /// The callback that has waited longest, of those after that number.
    fn first_after(&self, after: u64) -> Option<Response> {
        let inside = locked(&self.inside);
        let mut later = inside.waiting.range(after.saturating_add(1)..);
        let (id, queued) = later.next()?;
        let head = [
            (CONTENT_TYPE, envelope::CONTENT_TYPE.to_owned()),
            (CACHE_CONTROL, "no-store".to_owned()),
            (ID, id.to_string()),
            (PATH, queued.path.clone()),
        ];
        Some((head, queued.sealed.clone()).into_response())
    }

    /// The same as soon as there is one.
    async fn next_after(&self, after: u64) -> Response {
        let mut arrived = self.arrived.subscribe();
        loop {
            if let Some(found) = self.first_after(after) {
                return found;
            }
            // The sender is in here, so there is always another change.
            let _ = arrived.changed().await;
        }
    }

    /// Gives an answer to the task that waits for it.
    fn answer(&self, id: u64, sealed: Bytes) -> Result<(), NotWaiting> {
        let mut inside = locked(&self.inside);
        let queued = inside.waiting.remove(&id);
        let known = (1..=inside.last).contains(&id);
        drop(inside);
        match queued {
            Some(queued) => queued.respond.send(sealed).map_err(|_| NotWaiting::Over),
            None if known => Err(NotWaiting::Over),
            None => Err(NotWaiting::Unknown),
        }
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = locked(&self.inside).waiting.len();
        f.debug_struct("Mailbox")
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

/// No task waits for an answer to that callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotWaiting {
    /// It has an answer, or the delivery worker has given up.
    Over,
    /// There has never been one.
    Unknown,
}

/// Takes a callback as a partner's server does, and answers it when somebody
/// has.
async fn deliver(State(app): Shared, uri: Uri, sealed: Bytes) -> Response {
    let path = format!("{ROOT}{}", uri.path());
    let Some((place, answered)) = app.mailbox.put(path, sealed) else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{ROOM} callbacks wait in the mailbox already; answer some of them"),
        );
    };
    let mut stopping = app.stopping.clone();
    let answer = tokio::select! {
        answer = answered => answer.ok(),
        _ = stopping.wait_for(|stop| *stop) => None,
    };
    drop(place);
    match answer {
        Some(sealed) => ([(CONTENT_TYPE, envelope::CONTENT_TYPE)], sealed).into_response(),
        None => stopped(),
    }
}

async fn next(State(app): Shared, Query(next): Query<Next>) -> Response {
    let seconds = next.wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let mut stopping = app.stopping.clone();
    tokio::select! {
        // What is there already is found, however short the wait.
        biased;
        found = app.mailbox.next_after(next.after) => found,
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {
            StatusCode::NO_CONTENT.into_response()
        }
        _ = stopping.wait_for(|stop| *stop) => stopped(),
    }
}

async fn answer(State(app): Shared, Path(id): Path<String>, sealed: Bytes) -> Response {
    let answered = match id.parse() {
        Ok(id) => app.mailbox.answer(id, sealed),
        Err(_) => Err(NotWaiting::Unknown),
    };
    match answered {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(NotWaiting::Over) => refused(
            StatusCode::GONE,
            format!(
                "callback {id} of the mailbox waits no longer: it was answered before, or SkyPay \
                 has given it up; this answer was not delivered"
            ),
        ),
        Err(NotWaiting::Unknown) => refused(
            StatusCode::NOT_FOUND,
            format!(
                "the mailbox has had no callback {id:?}; the number of one is in the header {ID} \
                 of what `next` answers, and callbacks are sent to `mailbox` itself or to \
                 `mailbox/to/` and any name"
            ),
        ),
    }
}

fn stopped() -> Response {
    refused(
        StatusCode::SERVICE_UNAVAILABLE,
        "the sandbox has been stopped",
    )
}
