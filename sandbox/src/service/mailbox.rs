//! The mailbox: a callback URL for partners without a server. Callbacks are
//! queued until a client fetches and answers them.
//!
//! The delivery worker treats it like any other server. The mailbox has no keys
//! and decrypts nothing, so callbacks, including corrupted ones, and responses
//! pass unchanged. A callback is queued for as long as its request lasts, which
//! is until the delivery worker's timeout.

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

/// The maximum number of queued callbacks.
const ROOM: usize = 256;

/// The maximum time to wait for the next callback, in seconds.
const LONGEST_WAIT: u64 = 30;

/// The header with the number of a fetched callback.
const ID: HeaderName = HeaderName::from_static("callback-id");

/// The header with the path that the callback was sent to.
const PATH: HeaderName = HeaderName::from_static("callback-path");

type Shared = State<Arc<AppState>>;

/// Returns all routes under `mailbox` of the admin interface.
pub(crate) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/mailbox", post(deliver))
        .route("/mailbox/to/{*name}", post(deliver))
        .route("/mailbox/next", get(next))
        .route("/mailbox/{id}", post(answer))
        .layer(DefaultBodyLimit::max(limits::MAILBOX))
}

/// The queue of callbacks.
#[derive(Default)]
pub(crate) struct Mailbox {
    inside: Arc<Mutex<Inside>>,
    /// Changes when a callback arrives.
    arrived: watch::Sender<()>,
}

#[derive(Default)]
struct Inside {
    last: u64,
    /// In order of arrival.
    waiting: BTreeMap<u64, QueuedCallback>,
}

struct QueuedCallback {
    path: String,
    sealed: Bytes,
    respond: oneshot::Sender<Bytes>,
}

/// A callback's entry in the queue, held by the task that waits for the response
/// and removed when dropped.
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
    /// Queues a callback; `None` if the mailbox is full.
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

    /// Returns the oldest queued callback with a number greater than `after`.
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

    /// Like `first_after`, but waits for a callback.
    async fn next_after(&self, after: u64) -> Response {
        let mut arrived = self.arrived.subscribe();
        loop {
            if let Some(found) = self.first_after(after) {
                return found;
            }
            // `self` holds the sender, so the channel is never closed.
            let _ = arrived.changed().await;
        }
    }

    /// Passes a response to the task that waits for it.
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

/// The error for a response to a callback that is not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotWaiting {
    /// It was answered, or the delivery worker timed out.
    Over,
    /// No callback ever had this number.
    Unknown,
}

/// Queues a callback and returns the response that a client posts.
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
        // A queued callback is returned even if the wait is zero.
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
