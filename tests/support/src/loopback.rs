//! Generated servers on the loopback interface, and recording of the wire.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http_body_util::BodyExt;
use skypay_client::{Clock, Credentials, KeyRing};
use skypay_runtime::envelope;
use skypay_server::{Config, PartnerCallbacks, SkypayApi, callbacks, serve, skypay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::operations::CALLBACK_PATH;

/// The fixed clock of all test servers, at the time of the vendor's samples:
/// 2018-06-18 17:52:10.5211 in GMT+8.
pub fn clock() -> Clock {
    Clock::new(|| SystemTime::UNIX_EPOCH + Duration::new(1_529_315_530, 521_100_000))
}

/// That time as formatted in responses.
pub const NOW: &str = "2018-06-18 17:52:10.5211";

/// The credentials of the vendor's samples, with a separate key.
pub fn credentials() -> Credentials {
    Credentials::new(
        "AppName@skypay",
        "30AC21B2-9EAA-4503-B0F0-7BE5C277ED75",
        "the encrypt key of the tests",
    )
    .unwrap()
}

/// A key ring whose only set is [`credentials`].
pub fn keys() -> KeyRing {
    KeyRing::new(credentials())
}

pub fn config() -> Config {
    Config::new(keys()).clock(clock())
}

/// Returns both generated routers, combined as in a sandbox.
pub fn routes<H: SkypayApi + PartnerCallbacks + Clone>(handler: &H, config: &Config) -> Router {
    let callbacks = callbacks::router(handler.clone(), config.clone());
    skypay::router(handler.clone(), config.clone()).nest(CALLBACK_PATH, callbacks)
}

/// Serves routes on a free port; returns the host with its port.
pub async fn host(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    // More than the tests open, so that none of their connections is closed.
    let serving = serve(listener, routes).connection_limit(1000);
    tokio::spawn(serving.into_future());
    host
}

/// The recorded exchanges, in order.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Vec<Exchange>>>);

/// A request and its response, still encrypted.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub path: String,
    pub sealed_request: String,
    pub status: u16,
    pub sealed_answer: String,
}

impl Wire {
    /// Returns the routes with recording enabled.
    pub fn recording(&self, routes: Router) -> Router {
        let wire = self.clone();
        routes.layer(middleware::from_fn(move |request, next| {
            let wire = wire.clone();
            async move { wire.record(request, next).await }
        }))
    }

    async fn record(&self, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let (parts, body) = request.into_parts();
        let sealed_request = bytes(body).await;
        let request = Request::from_parts(parts, Body::from(sealed_request.clone()));
        let (parts, body) = next.run(request).await.into_parts();
        let sealed_answer = bytes(body).await;
        self.0.lock().unwrap().push(Exchange {
            path,
            sealed_request: text(&sealed_request),
            status: parts.status.as_u16(),
            sealed_answer: text(&sealed_answer),
        });
        Response::from_parts(parts, Body::from(sealed_answer))
    }

    /// Returns all exchanges since the last call.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Exchange {
    pub fn request(&self) -> String {
        opened(&self.sealed_request)
    }

    pub fn answer(&self) -> String {
        opened(&self.sealed_answer)
    }
}

async fn bytes(body: Body) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Decrypts a body with the key of [`credentials`].
pub fn opened(sealed: &str) -> String {
    opened_with(&credentials(), sealed)
}

pub fn opened_with(credentials: &Credentials, sealed: &str) -> String {
    let plaintext = envelope::open(credentials.key(), sealed.as_bytes()).unwrap();
    plaintext.to_string()
}

/// Encrypts a body with the key of [`credentials`].
pub fn sealed(plaintext: &str) -> String {
    sealed_with(&credentials(), plaintext)
}

pub fn sealed_with(credentials: &Credentials, plaintext: &str) -> String {
    envelope::seal(credentials.key(), &[plaintext.as_bytes()])
}

/// A received response.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// The lines of the head in lower case, without the date.
    pub head: Vec<String>,
    pub body: String,
}

/// Posts a body with a plain socket, without the generated client.
pub async fn post(host: &str, path: &str, body: &str) -> Answer {
    send("POST", host, path, "", body).await
}

/// Sends any method, with additional header lines, each with its line end.
pub async fn send(method: &str, host: &str, path: &str, lines: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{lines}content-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut head = head.lines();
    let status = head.next().unwrap().split(' ').nth(1).unwrap();
    Answer {
        status: status.parse().unwrap(),
        head: head
            .map(str::to_ascii_lowercase)
            .filter(|line| !line.starts_with("date:"))
            .collect(),
        body: body.to_owned(),
    }
}

/// An address at which no server listens, reserved until this is dropped.
pub struct ClosedPort {
    pub host: String,
    _bound: TcpSocket,
}

impl ClosedPort {
    pub fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self {
            host: socket.local_addr().unwrap().to_string(),
            _bound: socket,
        }
    }
}
