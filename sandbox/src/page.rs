//! The sandbox's web page for a browser on this machine.
//!
//! All pages are rendered by the server and work without JavaScript; the script
//! only reloads the page after an event. Every change is a posted form, which
//! the [origin check](crate::service) accepts from this page only.

mod actions;
mod callbacks;
mod checks;
mod clock;
mod connect;
mod faults;
mod form;
mod form_page;
mod format;
mod keys;
mod layout;
mod list;
mod overview;
mod plot;
mod requests;
mod samples;
mod search;
mod send;
mod settings;
mod table;
mod tools;
mod transactions;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use maud::{Markup, html};
use tower::ServiceExt as _;

use crate::engine::{Command, CommandOutcome};
use crate::operations;
use crate::service::{self, AppState};
use crate::simulator::Executed;

/// The state shared by all pages.
pub(crate) type Shared = State<Arc<AppState>>;

/// Returns the router with all pages and their assets.
pub(crate) fn routes(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/", get(overview::page))
        .route("/search", get(search::page))
        .route("/transactions", get(transactions::list))
        .route(
            "/transactions/{kind}/{id}",
            get(transactions::one).post(transactions::act),
        )
        .route(
            "/transactions/barcode/{reference}/picture",
            get(transactions::picture),
        )
        .route("/send", get(send::page).post(send::act))
        .route("/requests", get(requests::list))
        .route("/requests/{id}", get(requests::one))
        .route("/callbacks", get(callbacks::list))
        .route("/callbacks/replay", post(callbacks::replay_chosen))
        .route("/callbacks/{id}", get(callbacks::one))
        .route("/callbacks/{id}/replay", post(callbacks::replay))
        .route("/checks", get(checks::page).post(checks::start))
        .route("/checks/report", get(checks::report))
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
        .method_not_allowed_fallback(elsewhere)
        .with_state(app)
}

/// The `Content-Security-Policy`: no content from other hosts, no inline scripts,
/// and no framing by other sites.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The policy for the reference and the report, which have inline style and script.
const POLICY_OF_ONE_FILE: &str = "default-src 'none'; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// Returns an HTML response that is not cached.
pub(crate) fn answer(page: Markup) -> Response {
    document(page.into_string(), POLICY)
}

/// Executes a command and leads to a page, or says on a page of a section why nothing
/// was done.
async fn executed(
    app: &AppState,
    command: Command,
    section: &str,
    to: impl FnOnce(&Executed) -> String,
) -> Response {
    match app.simulator.execute(command).await {
        Ok(executed) => match &executed.applied.answer {
            CommandOutcome::InvalidCommand { why } => missing(app, section, why),
            _ => Redirect::to(&to(&executed)).into_response(),
        },
        Err(error) => missing(app, section, &error.to_string()),
    }
}

/// Returns a 404 page with the given reason.
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

/// Responds where there is no page: to a browser with a page, and to a call of a service,
/// whose path is wrong, with what is recorded for it.
async fn elsewhere(State(app): Shared, request: Request) -> Response {
    if request.method().is_safe() {
        return missing(&app, "", "There is nothing at this path.");
    }
    let misdirected = service::misdirected(app.simulator.clone());
    misdirected.oneshot(request).await.into_response()
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

/// Serves the reference, as generated by `cargo xtask spec docs`, with a link back, and
/// with one from the examples of each operation to its form.
async fn reference() -> Response {
    let banner = r#"<header class="banner">"#;
    let with_link = format!(r#"{banner}<a href="/">Back to the sandbox</a>"#);
    let mut page = include_str!("page/reference.html").replacen(banner, &with_link, 1);
    for info in operations::of_skypay() {
        let name = info.name;
        let article = page.find(&format!(r#"<article id="{name}">"#));
        let heading = article.and_then(|at| Some(at + page.get(at..)?.find(EXAMPLES)?));
        if let Some(at) = heading {
            let link = format!(
                r#"<p><a href="/send?operation={name}">Try it</a> in the sandbox, with the first example filled in.</p>"#
            );
            page.insert_str(at + EXAMPLES.len(), &link);
        }
    }
    document(page, POLICY_OF_ONE_FILE)
}

/// The heading of an operation's examples in the reference.
const EXAMPLES: &str = "<h4>Examples</h4>";
