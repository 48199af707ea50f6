//! The page: what a person sees of the sandbox, in a browser on this machine.
//!
//! Everything is written by the server and works without a script; the script
//! only fetches the page again when something happened. What changes something
//! is a form that is posted, which [`guard`](crate::service) lets through from
//! this page alone.

mod layout;
mod overview;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use maud::Markup;

use crate::service::Office;

/// What the pages stand on.
pub(crate) type Shared = State<Arc<Office>>;

/// Every page, and what they are drawn with.
pub(crate) fn routes(office: Arc<Office>) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/reference", get(reference))
        .route("/page.css", get(style))
        .route("/page.js", get(script))
        .with_state(office)
}

/// Nothing comes from another host, nothing runs that is written into a page,
/// and no other site shows the page in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The same for the reference, whose style and script are in the file.
const POLICY_OF_ONE_FILE: &str = "default-src 'none'; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// A page of HTML that is never kept.
pub(crate) fn answer(page: Markup) -> Response {
    html(page.into_string(), POLICY)
}

fn html(text: String, policy: &'static str) -> Response {
    let mut response = asset("text/html; charset=utf-8", text);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

fn asset(kind: &'static str, text: impl IntoResponse) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("page/page.css"))
}

async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    )
}

/// The reference, as `cargo xtask docs` writes it.
async fn reference() -> Response {
    html(
        include_str!("page/reference.html").to_owned(),
        POLICY_OF_ONE_FILE,
    )
}
