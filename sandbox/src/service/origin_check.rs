//! Rejects requests by their origin. The admin interface is available to this
//! machine only, or with a token to those who have it; the partner interface to any
//! host that can reach it. Neither may be called by another site's page in a browser
//! on this machine, because the keys of a sandbox started without a seed are public.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use skypay_client::Credentials;
use tower::ServiceExt;

use super::admin_types::Problem;
use super::misdirected;
use crate::admin_client::ROOT;
use crate::http::Peer;
use crate::simulator::Simulator;

/// Middleware for the partner interface. Requests may use localhost, an IP address
/// or one of the configured host names.
pub(crate) async fn partner(
    State(hosts): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    match partner_rejection(request.headers(), &hosts) {
        None => next.run(request).await,
        Some(problem) => refused(StatusCode::FORBIDDEN, problem),
    }
}

/// Who may use the admin interface: this machine, or those who have a token.
#[derive(Clone)]
pub(crate) struct AdminAccess {
    pub(crate) token: Option<AdminToken>,
    pub(crate) hosts: Arc<[String]>,
}

/// The token of the admin interface: the password of the user `admin` in HTTP's basic
/// authentication, which browsers ask for.
#[derive(Clone)]
pub(crate) struct AdminToken(Arc<Credentials>);

const USER: &str = "admin";

/// The length from which a token cannot be guessed.
const SHORTEST: usize = 16;

impl AdminToken {
    pub(crate) fn new(token: &str) -> Result<Self, String> {
        let length = token.chars().count();
        if length < SHORTEST {
            return Err(format!(
                "the admin token has {length} characters, and needs at least {SHORTEST}"
            ));
        }
        // No key is needed, but a comparison in constant time.
        Credentials::new(USER, token, token)
            .map(|known| Self(Arc::new(known)))
            .map_err(|_| "the admin token has a space at an end or an invisible character".into())
    }

    /// Returns the header of a request with a token; `None` if no header can hold it.
    pub(crate) fn header(token: &str) -> Option<HeaderValue> {
        let encoded = BASE64_STANDARD.encode(format!("{USER}:{token}"));
        let mut header = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = text(headers, AUTHORIZATION.as_str()).unwrap_or_default();
        let given = given.strip_prefix("Basic ").unwrap_or_default();
        let given = BASE64_STANDARD.decode(given.trim_ascii());
        let given = given.ok().and_then(|given| String::from_utf8(given).ok());
        let given = given.as_deref().and_then(|given| given.split_once(':'));
        given.is_some_and(|(user, token)| self.0.matches(user, token))
    }
}

/// Middleware for the admin interface.
pub(crate) async fn origin_check(
    State((access, simulator)): State<(AdminAccess, Simulator)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let Some(token) = &access.token else {
        return match rejection(peer.address, request.method(), headers) {
            None => next.run(request).await,
            Some(problem) => refused(StatusCode::FORBIDDEN, problem),
        };
    };
    let problem = if *request.method() == Method::GET {
        unknown_host(headers, &access.hosts)
    } else {
        partner_rejection(headers, &access.hosts)
    };
    if let Some(problem) = problem {
        return refused(StatusCode::FORBIDDEN, problem);
    }
    if token.is_in(headers) || is_delivery(&request) {
        return next.run(request).await;
    }
    if is_misdirected(&request) {
        let refused = misdirected(simulator).oneshot(request).await;
        return refused.into_response();
    }
    let problem = "the admin token is missing or wrong: it is the password of the user admin, or \
                   in SKYPAY_ADMIN_TOKEN";
    let mut response = refused(StatusCode::UNAUTHORIZED, problem);
    let challenge = HeaderValue::from_static("Basic realm=\"skypay sandbox\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// Whether a request delivers a callback to the mailbox: for that, it is like a partner's
/// server, which has no token. To fetch and answer callbacks needs one.
fn is_delivery(request: &Request) -> bool {
    let path = request.uri().path().strip_prefix(ROOT);
    let rest = path.and_then(|path| path.strip_prefix("/mailbox"));
    *request.method() == Method::POST
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("/to/"))
}

/// Whether a request without the token is a partner's, with a wrong path: it names no
/// user and no page, as a browser's form does.
fn is_misdirected(request: &Request) -> bool {
    let headers = request.headers();
    *request.method() == Method::POST
        && !request.uri().path().starts_with(ROOT)
        && !headers.contains_key(AUTHORIZATION)
        && !headers.contains_key(ORIGIN)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name);
    value.map(|value| value.to_str().unwrap_or_default())
}

fn partner_rejection(headers: &HeaderMap, hosts: &[String]) -> Option<&'static str> {
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    unknown_host(headers, hosts).or_else(|| other_sites_page(headers, host))
}

/// Returns a rejection if a request is for a host name that is not the sandbox's.
fn unknown_host(headers: &HeaderMap, hosts: &[String]) -> Option<&'static str> {
    // Browsers always send the requested host. An IP address, unlike a name, cannot
    // be rebound by another site.
    let known = text(headers, HOST.as_str()).is_none_or(|host| {
        let name = name_of(host);
        is_localhost(name) || address(name).is_some() || hosts.iter().any(|host| host == name)
    });
    (!known).then_some(
        "the sandbox is not known by that name; call it as localhost or by its address, or start it \
         with --allow-host and the name",
    )
}

fn rejection(peer: SocketAddr, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let host = text(headers, HOST.as_str()).unwrap_or_default();
    if !peer.ip().to_canonical().is_loopback() {
        return Some("the sandbox's own interface answers this machine only");
    }
    // With DNS rebinding, another site's page would have the same origin as ours.
    if !is_loopback(host) {
        return Some("call the sandbox's own interface as localhost or by a loopback address");
    }
    if *method == Method::GET {
        return None;
    }
    other_sites_page(headers, host)
}

/// Returns a rejection if the browser's headers name another site's page.
fn other_sites_page(headers: &HeaderMap, host: &str) -> Option<&'static str> {
    let same = |origin: &str| origin.strip_prefix("http://") == Some(host);
    let site = text(headers, "sec-fetch-site").unwrap_or("none");
    let own =
        text(headers, ORIGIN.as_str()).is_none_or(same) && matches!(site, "none" | "same-origin");
    (!own).then_some("another site's page may not change the sandbox")
}

/// Returns a host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn address(name: &str) -> Option<IpAddr> {
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse().ok()
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}

/// Whether a host, with or without a port, is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = name_of(host);
    is_localhost(name) || address(name).is_some_and(|address| address.is_loopback())
}

/// Returns an error response with a `Problem` as body and as extension.
pub(crate) fn refused(status: StatusCode, problem: impl Into<String>) -> Response {
    let problem = Problem {
        problem: problem.into(),
    };
    let text = serde_json::to_vec(&problem).unwrap_or_default();
    let media_type = [(http::header::CONTENT_TYPE, "application/json")];
    (status, media_type, Extension(problem), text).into_response()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::{partner_rejection, rejection};

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let given = given.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        given.collect()
    }

    fn check_partner(given: &[(&'static str, &'static str)], admitted: bool) {
        let hosts = ["sandbox.internal".to_owned()];
        let rejection = partner_rejection(&headers(given), &hosts);
        assert_eq!(rejection.is_none(), admitted, "{given:?}: {rejection:?}");
    }

    #[test]
    fn partners_may_call_from_anywhere_but_another_sites_page() {
        check_partner(&[], true);
        for host in [
            "localhost",
            "LocalHost:7171",
            "127.0.0.1:7171",
            "[::1]:7171",
            "203.0.113.5",
            "sandbox.internal:7171",
        ] {
            check_partner(&[("host", host)], true);
            check_partner(&[("host", host), ("sec-fetch-site", "same-origin")], true);
            for (name, value) in [
                ("origin", "http://evil.example"),
                ("origin", "https://localhost:7171"),
                ("origin", "null"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                check_partner(&[("host", host), (name, value)], false);
            }
        }
        // A foreign name that resolves to this machine; to the browser, the request
        // has the same origin.
        for host in ["evil.example:7171", "127.0.0.1.evil.example", ""] {
            check_partner(&[("host", host)], false);
            check_partner(
                &[("host", host), ("origin", "http://evil.example:7171")],
                false,
            );
        }
    }

    #[test]
    fn only_this_machine_and_its_own_page_may_change_anything() {
        let host = ("host", "localhost:7171");
        let [name, longer] = ["evil.example", "127.0.0.1.evil.example:7171"].map(|it| ("host", it));
        let [here, evil, neighbour, none] = [
            "http://localhost:7171",
            "http://evil.example",
            "http://localhost:7172",
            "null",
        ]
        .map(|origin| ("origin", origin));
        let [own, cross] = ["same-origin", "cross-site"].map(|site| ("sec-fetch-site", site));
        let mapped = ("host", "127.0.0.1:7171");
        for (peer, method, given, admitted) in [
            ("127.0.0.1", Method::POST, vec![host], true),
            ("[::1]", Method::POST, vec![("host", "[::1]:7171")], true),
            ("[::ffff:127.0.0.1]", Method::POST, vec![mapped], true),
            ("127.0.0.1", Method::POST, vec![host, here], true),
            ("127.0.0.1", Method::POST, vec![host, own], true),
            ("127.0.0.1", Method::GET, vec![host, evil], true),
            ("203.0.113.5", Method::GET, vec![host], false),
            ("127.0.0.1", Method::GET, vec![name], false),
            ("127.0.0.1", Method::GET, vec![], false),
            ("127.0.0.1", Method::GET, vec![longer], false),
            ("127.0.0.1", Method::POST, vec![host, evil], false),
            ("127.0.0.1", Method::POST, vec![host, neighbour], false),
            ("127.0.0.1", Method::POST, vec![host, none], false),
            ("127.0.0.1", Method::POST, vec![host, cross], false),
        ] {
            let address = format!("{peer}:5000").parse().unwrap();
            let rejection = rejection(address, &method, &headers(&given));
            let place = format!("{peer} {method} {given:?}: {rejection:?}");
            assert_eq!(rejection.is_none(), admitted, "{place}");
        }
    }
}
