//! The HTTP service of a sandbox.

pub(crate) mod admin_routes;
pub mod admin_types;
mod api;
mod explain;
mod faults;
mod mailbox;
pub(crate) mod origin_check;
mod requests;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::routing::post;
use axum::{Router, middleware};
use http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;

use crate::http::Peer;
use crate::limits;
use crate::simulator::Simulator;
pub(crate) use admin_routes::AppState;
use api::{Api, Call};
pub(crate) use explain::unreadable_answer;
pub(crate) use mailbox::Mailbox;
#[doc(hidden)]
pub use origin_check::is_loopback;
use origin_check::refused;
pub(crate) use origin_check::{AdminAccess, AdminToken, origin_check};

/// Returns the routes of the partner interface. `hosts` are additional host names that
/// partners may use.
pub(crate) fn partner(simulator: Simulator, plaintext: bool, hosts: Arc<[String]>) -> Router {
    let api = Api {
        simulator,
        plaintext,
    };
    Router::new()
        .route("/{caller}", post(call))
        .route("/{caller}/{action}", post(call))
        .fallback(wrong_path)
        .method_not_allowed_fallback(|| async {
            refused(StatusCode::METHOD_NOT_ALLOWED, "the method has to be POST")
        })
        .layer(middleware::from_fn_with_state(hosts, origin_check::partner))
        .layer(middleware::from_fn_with_state(
            (api.clone(), "/services"),
            requests::record,
        ))
        .layer(middleware::from_fn_with_state(api.clone(), faults::inject))
        .with_state(api)
        .layer(DefaultBodyLimit::max(limits::REQUEST))
}

/// Returns a service that records and refuses each request: for those that match no route,
/// which can be calls with a misspelled path.
pub(crate) fn misdirected(simulator: Simulator) -> Router {
    let api = Api {
        simulator,
        plaintext: false,
    };
    Router::new()
        .fallback(wrong_path)
        .layer(middleware::from_fn_with_state((api, ""), requests::record))
}

async fn wrong_path() -> Response<Body> {
    refused(
        StatusCode::NOT_FOUND,
        "the path is /services/{callerName}, or /services/{callerName}/{action}",
    )
}

/// The routes of the partner interface, without their first segment: for a request
/// that the page sends.
#[derive(Clone)]
pub(crate) struct Partner(pub(crate) Router);

/// The segments of the path of a request.
#[derive(Deserialize)]
struct Segments {
    caller: String,
    action: Option<String>,
}

async fn call(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(segments): Path<Segments>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call {
        caller_name: segments.caller,
        action: segments.action,
        headers,
        body,
    };
    api.handle(call, &peer).await
}
