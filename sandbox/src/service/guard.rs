//! Who may use the sandbox's own interface: this machine, and no other site's
//! page in a browser on it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Method, StatusCode};

use crate::http::Peer;
use crate::service::admin::Problem;

/// Lets a request through, or says why not.
pub(crate) async fn guard(
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match objection(peer.address, request.method(), request.headers()) {
        None => next.run(request).await,
        Some(problem) => refused(StatusCode::FORBIDDEN, problem),
    }
}

fn objection(peer: SocketAddr, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = text(HOST.as_str()).unwrap_or_default();
    if !peer.ip().to_canonical().is_loopback() {
        return Some("the sandbox's own interface answers this machine only");
    }
    // Another site's name that leads here would make its page one of ours.
    if !is_loopback(host) {
        return Some("call the sandbox's own interface as localhost or by a loopback address");
    }
    if *method == Method::GET {
        return None;
    }
    let same = |origin: &str| origin.strip_prefix("http://") == Some(host);
    if text(ORIGIN.as_str()).is_some_and(|origin| !same(origin)) {
        return Some("another site's page may not change the sandbox");
    }
    let site = text("sec-fetch-site").unwrap_or("none");
    if !matches!(site, "none" | "same-origin") {
        return Some("another site's page may not change the sandbox");
    }
    None
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// An answer that says what is wrong.
pub(crate) fn refused(status: StatusCode, problem: impl Into<String>) -> Response {
    let problem = Problem {
        problem: problem.into(),
    };
    let text = serde_json::to_vec(&problem).unwrap_or_default();
    (
        status,
        [(http::header::CONTENT_TYPE, "application/json")],
        text,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::objection;

    fn check(
        peer: &str,
        method: &Method,
        headers: &[(&'static str, &'static str)],
        admitted: bool,
    ) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let objection = objection(peer.parse().unwrap(), method, &headers);
        assert_eq!(
            objection.is_none(),
            admitted,
            "{peer} {method} {headers:?}: {objection:?}"
        );
    }

    #[test]
    fn only_this_machine_and_its_own_page_may_change_anything() {
        let here = "127.0.0.1:5000";
        let host = ("host", "localhost:7171");
        check(here, &Method::POST, &[host], true);
        check("[::1]:5000", &Method::POST, &[("host", "[::1]:7171")], true);
        check(
            "[::ffff:127.0.0.1]:5000",
            &Method::POST,
            &[("host", "127.0.0.1:7171")],
            true,
        );
        check(
            here,
            &Method::POST,
            &[host, ("origin", "http://localhost:7171")],
            true,
        );
        check(
            here,
            &Method::POST,
            &[host, ("sec-fetch-site", "same-origin")],
            true,
        );
        check(
            here,
            &Method::GET,
            &[host, ("origin", "http://evil.example")],
            true,
        );

        check("203.0.113.5:5000", &Method::GET, &[host], false);
        check(here, &Method::GET, &[("host", "evil.example")], false);
        check(here, &Method::GET, &[], false);
        check(
            here,
            &Method::GET,
            &[("host", "127.0.0.1.evil.example:7171")],
            false,
        );
        check(
            here,
            &Method::POST,
            &[host, ("origin", "http://evil.example")],
            false,
        );
        check(
            here,
            &Method::POST,
            &[host, ("origin", "http://localhost:7172")],
            false,
        );
        check(here, &Method::POST, &[host, ("origin", "null")], false);
        check(
            here,
            &Method::POST,
            &[host, ("sec-fetch-site", "cross-site")],
            false,
        );
    }
}
