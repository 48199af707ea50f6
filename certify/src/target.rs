//! Requests to the server, each on a connection of its own unless a check reuses one.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use skypay_runtime::envelope;
use skypay_sandbox::http::{Target, WireError};
use tokio::time::timeout;

/// The longest answer that is read.
const LONGEST: usize = 1024 * 1024;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) method: Method,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
}

/// How a body is written.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// With its length, at once.
    Whole(Bytes),
    /// In chunks, without its length.
    Chunks(Vec<Bytes>),
    /// In chunks of one byte, with a pause before each.
    Slow(Bytes, Duration),
}

impl Sending {
    /// A POST of an encrypted body.
    pub(crate) fn post(body: impl Into<Bytes>) -> Self {
        let media_type = HeaderValue::from_static(envelope::CONTENT_TYPE);
        Self {
            method: Method::POST,
            headers: vec![(CONTENT_TYPE, media_type)],
            body: Body::Whole(body.into()),
        }
    }

    /// A POST of a JSON value.
    pub(crate) fn json(value: &Value) -> Self {
        Self {
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            ..Self::post(value.to_string())
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    fn request(self, uri: &Uri) -> Request<UnsyncBoxBody<Bytes, Stopped>> {
        let body = match self.body {
            Body::Whole(bytes) => Full::new(bytes).boxed_unsync(),
            Body::Chunks(chunks) => streamed(stream::iter(chunks).boxed()),
            Body::Slow(bytes, pause) => {
                let bytes = stream::iter((0..bytes.len()).map(move |at| bytes.slice(at..=at)));
                let paused = bytes.then(move |byte| async move {
                    tokio::time::sleep(pause).await;
                    byte
                });
                streamed(paused.boxed())
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = uri
            .path_and_query()
            .and_then(|path| path.as_str().parse().ok())
            .unwrap_or_default();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        if let Ok(host) = HeaderValue::from_str(host) {
            request.headers_mut().insert(HOST, host);
        }
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}

/// A stream of the request's body does not fail by itself.
type Stopped = std::convert::Infallible;

fn streamed(bytes: BoxStream<'static, Bytes>) -> UnsyncBoxBody<Bytes, Stopped> {
    BodyExt::boxed_unsync(StreamBody::new(bytes.map(|bytes| Ok(Frame::data(bytes)))))
}

/// What the server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) elapsed: Duration,
}

impl Answer {
    /// Whether the server ends the connection after it.
    pub(crate) fn closes(&self) -> bool {
        let said = self.headers.get(CONNECTION);
        said.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// No connection could be made.
    Unreachable,
    /// The certificate or the version of TLS was refused.
    Tls,
    /// The connection ended before an answer was complete.
    Closed,
    /// There was no complete answer in time.
    Late,
}

impl NoAnswer {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unreachable => "no connection could be made",
            Self::Tls => "the TLS handshake failed: check the certificate and its chain",
            Self::Closed => "the connection was closed without a complete answer",
            Self::Late => "there was no complete answer in time",
        }
    }
}

/// A connection to the server.
pub(crate) struct Connection {
    sender: SendRequest<UnsyncBoxBody<Bytes, Stopped>>,
    uri: Uri,
}

impl Connection {
    /// Connects to the server of a URL.
    pub(crate) async fn open(uri: &Uri, limit: Duration) -> Result<Self, NoAnswer> {
        timeout(limit, Self::connect(uri))
            .await
            .unwrap_or(Err(NoAnswer::Late))
    }

    async fn connect(uri: &Uri) -> Result<Self, NoAnswer> {
        let target = Target::parse(&uri.to_string()).map_err(|_| NoAnswer::Unreachable)?;
        let (wire, _) = target.connect().await.map_err(|error| match error {
            WireError::Tls(_) => NoAnswer::Tls,
            _ => NoAnswer::Unreachable,
        })?;
        let handshake = http1::handshake(TokioIo::new(wire)).await;
        let (sender, connection) = handshake.map_err(|_| NoAnswer::Closed)?;
        // It ends with the connection, which ends with the sender.
        tokio::spawn(connection);
        Ok(Self {
            sender,
            uri: uri.clone(),
        })
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(
        &mut self,
        sending: Sending,
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let started = Instant::now();
        let exchange = async {
            self.sender.ready().await.map_err(|_| NoAnswer::Closed)?;
            let request = sending.request(&self.uri);
            let response = self.sender.send_request(request).await;
            let (parts, body) = response.map_err(|_| NoAnswer::Closed)?.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.map_err(|_| NoAnswer::Closed)?.to_bytes(),
                elapsed: started.elapsed(),
            })
        };
        timeout(limit, exchange)
            .await
            .unwrap_or(Err(NoAnswer::Late))
    }

    /// Writes a request and closes the connection before an answer is read.
    pub(crate) async fn send_and_close(mut self, sending: Sending, limit: Duration) {
        let request = sending.request(&self.uri);
        let response = self.sender.send_request(request);
        let _ = timeout(limit, response).await;
    }
}
