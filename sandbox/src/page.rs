//! The page: what a person sees of the sandbox, in a browser on this machine.
//!
//! Everything is written by the server and works without a script; the script
//! only fetches the page again when something happened. What changes something
//! is a form that is posted, which [`guard`](crate::service) lets through from
//! this page alone.

mod callbacks;
mod clock;
mod faults;
mod form;
mod form_page;
mod format;
mod keys;
mod layout;
mod overview;
mod settings;
mod tools;
mod transactions;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use maud::{Markup, html};

use crate::service::AppState;

/// What the pages stand on.
pub(crate) type Shared = State<Arc<AppState>>;

/// Every page, and what they are drawn with.
pub(crate) fn routes(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/transactions", get(transactions::list))
        .route("/transactions/{kind}/{id}", get(transactions::one))
        .route(
            "/transactions/barcode/{reference}/picture",
            get(transactions::picture),
        )
        .route("/callbacks", get(callbacks::list))
        .route("/callbacks/{id}", get(callbacks::one))
        .route("/callbacks/{id}/replay", post(callbacks::replay))
        .route("/clock", get(clock::page).post(clock::act))
        .merge(form_page::route("/payout-tool", tools::payout))
        .merge(form_page::route("/collection-tool", tools::collection))
        .merge(form_page::route("/finance", tools::finance))
        .merge(form_page::route("/settings", settings::settings))
        .merge(form_page::route("/keys", keys::keys))
        .merge(form_page::route("/faults", faults::faults))
        .route("/reference", get(reference))
        .route("/page.css", get(style))
        .route("/page.js", get(script))
        .fallback(elsewhere)
        .with_state(app)
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
    document(page.into_string(), POLICY)
}

/// A page that says what is not there, or what was not done.
fn missing(app: &AppState, path: &str, why: &str) -> Response {
    let content = html! { p.notice.bad role="alert" { (why) } };
    let mut response = answer(layout::Page::of(path, "Nothing here").around(app, &content));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn document(text: String, policy: &'static str) -> Response {
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

async fn elsewhere(State(app): Shared) -> Response {
    missing(&app, "", "There is nothing at this path.")
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

/// The reference, as `cargo xtask spec docs` writes it.
async fn reference() -> Response {
    document(
        include_str!("page/reference.html").to_owned(),
        POLICY_OF_ONE_FILE,
    )
}
