//! What a sandbox serves over HTTP.

pub mod admin;
mod api;
mod faults;
pub(crate) mod guard;
mod mailbox;
mod own;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::middleware;
use axum::routing::post;
use http::{HeaderMap, Response};

use crate::admin::ROOT;
use crate::http::Peer;
use crate::limits;
use crate::page;
use api::{Api, Call};
pub(crate) use mailbox::Mailbox;
pub(crate) use own::Office;

/// The partner's interface, the sandbox's own, and its page.
/// Partners may call it by these names, too.
pub(crate) fn routes(office: Arc<Office>, clear_text: bool, hosts: Arc<[String]>) -> Router {
    let api = Api {
        house: office.house.clone(),
        clear_text,
    };
    let page = page::routes(office.clone()).layer(middleware::from_fn(guard::guard));
    let own = own::routes(office).layer(middleware::from_fn(guard::guard));
    Router::new()
        .route("/services/{caller}", post(shared))
        .route("/services/{caller}/{action}", post(by_path))
        .layer(middleware::from_fn_with_state(api.clone(), faults::inject))
        .with_state(api)
        .layer(middleware::from_fn_with_state(hosts, guard::partner))
        .nest(ROOT, own)
        .merge(page)
        .layer(DefaultBodyLimit::max(limits::REQUEST))
}

async fn shared(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(caller_name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call {
        caller_name,
        action: None,
        headers,
        body,
    };
    api.handle(call, &peer).await
}

async fn by_path(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((caller_name, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let call = Call {
        caller_name,
        action: Some(action),
        headers,
        body,
    };
    api.handle(call, &peer).await
}
