//! Faults on the partner interface, as a layer that corrupts responses.

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Collected};

use super::api::{Api, response};
use crate::engine::WireFault;
use crate::http::{Peer, corrupted, truncated};

/// The faults to inject into a response, as selected by the engine.
#[derive(Clone)]
pub(crate) struct Faults(pub(crate) Vec<WireFault>);

/// Injects the faults attached to a response.
pub(crate) async fn inject(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut answer = next.run(request).await;
    let faults = answer.extensions_mut().remove::<Faults>();
    let Some(Faults(faults)) = faults.filter(|Faults(faults)| !faults.is_empty()) else {
        return answer;
    };
    let (parts, body) = answer.into_parts();
    // Reading an in-memory body cannot fail.
    let body = body.collect().await;
    let body = body.map(Collected::to_bytes).unwrap_or_default();
    let mut answer = Response::from_parts(parts, body);
    for fault in faults {
        match fault {
            WireFault::Delay { by } => api.simulator.sleep(by).await,
            WireFault::CutBefore | WireFault::CutAfter => {
                peer.control.cut();
                break;
            }
            WireFault::Reset => {
                peer.control.reset();
                let half = answer.body().len() / 2;
                return cut_off(answer, half);
            }
            WireFault::Truncate { keep } => {
                return cut_off(answer, usize::try_from(keep).unwrap_or(usize::MAX));
            }
            WireFault::Garble { seed } => {
                answer = answer.map(|body| corrupted(&body, seed).into());
            }
            WireFault::BadGateway => {
                let page = "<html><head><title>502 Bad Gateway</title></head>\
                            <body><h1>502 Bad Gateway</h1></body></html>\n";
                answer = response(StatusCode::BAD_GATEWAY, "text/html", page.into());
                break;
            }
            WireFault::Redirect { to } => {
                answer = redirection(&to);
                break;
            }
            WireFault::Duplicate { .. } | WireFault::WrongKey | WireFault::Splice { .. } => {}
        }
    }
    answer.map(Body::from)
}

/// Returns a response that announces its full length and is truncated.
fn cut_off(answer: Response<Bytes>, keep: usize) -> Response<Body> {
    let length = HeaderValue::from(answer.body().len());
    let mut answer = answer.map(|body| Body::new(truncated(&body, keep)));
    answer.headers_mut().insert(CONTENT_LENGTH, length);
    answer
}

fn redirection(to: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}
