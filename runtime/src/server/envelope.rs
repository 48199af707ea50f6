//! The envelope: decrypts requests and encrypts replies.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequestParts, RawPathParams};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Buf;
use tower::Service;
use tracing::Instrument;

use super::config::Config;
use super::plaintext::{Arrival, PlaintextRequest, RejectReason};
use super::reply::{Encryption, Reply};
use crate::envelope;
use crate::keys::Credentials;
use crate::operation::OperationInfo;

/// A `tower` service of HTTP requests with encrypted bodies, which wraps one of
/// [`PlaintextRequest`]s, such as a [`Dispatcher`](super::Dispatcher).
///
/// It is independent of a web framework; with `axum`, pass it to
/// `Router::route_service`.
#[derive(Clone, Debug)]
pub struct Envelope<S> {
    config: Arc<Config>,
    /// The name of the path parameter that identifies the caller.
    pub(super) caller_parameter: Option<&'static str>,
    /// The default operation, for requests that do not name one.
    operation: Option<&'static OperationInfo>,
    inner: S,
}

impl<S> Envelope<S> {
    /// Creates an envelope with the keys, networks and limits of `config`.
    #[must_use]
    pub fn new(inner: S, config: Config) -> Self {
        Self {
            config: Arc::new(config),
            caller_parameter: None,
            operation: None,
            inner,
        }
    }

    /// The same service for a URL of its own: `operation` is the default for a
    /// request that does not name its operation, unless it has no handler.
    #[must_use]
    pub fn for_operation(&self, operation: &'static OperationInfo) -> Self
    where
        S: Clone,
    {
        Self {
            operation: Some(operation),
            ..self.clone()
        }
    }

    /// The inner service.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for Envelope<S>
where
    S: Service<PlaintextRequest, Response = Reply, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
    B: HttpBody<Data: Send> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready must be called; a clone replaces it.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        let config = Arc::clone(&self.config);
        let (operation, caller_parameter) = (self.operation, self.caller_parameter);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut request = open(&config, &mut parts, body).await;
            request.operation = operation;
            if let Some(name) = caller_parameter {
                let parameters = RawPathParams::from_request_parts(&mut parts, &()).await;
                let parameters = parameters.iter().flatten();
                let mut named = parameters.filter(|(parameter, _)| *parameter == name);
                request.caller = named.next().map(|(_, value)| value.to_owned());
            }
            let reply = inner.call(request).await?;
            Ok(close(&config, reply))
        })
    }
}

/// Decrypts the body of a request with every set of keys. A body with wrong padding
/// is passed on like any other, so that timing reveals little.
async fn open(config: &Config, parts: &mut Parts, body: impl HttpBody) -> PlaintextRequest {
    let peer = config.peer(parts);
    let arrival = Arrival::now(parts.extensions.remove());
    let checked = async {
        if !config.allows(peer) {
            return Err(RejectReason::Network);
        }
        if parts.method != Method::POST {
            return Err(RejectReason::Method);
        }
        collect(&parts.headers, body, config).await
    };
    let body = checked.instrument(arrival.span.clone()).await;
    let content = body.map(|body| {
        let sets = config.keys.all();
        let decrypted = sets.iter().filter_map(|set| {
            let decrypted = envelope::decrypt(set.key(), &body).ok()?;
            Some((Some(Arc::clone(set)), decrypted))
        });
        decrypted.collect()
    });
    PlaintextRequest {
        peer,
        ..PlaintextRequest::arrived(content, arrival)
    }
}

/// Encrypts a reply.
fn close(config: &Config, reply: Reply) -> Response<Full<Bytes>> {
    let seal = |set: &Credentials| {
        let body = envelope::seal(set.key(), &[reply.plaintext.expose()]);
        (Bytes::from(body), envelope::CONTENT_TYPE)
    };
    let (body, media_type) = match &reply.encryption {
        Encryption::Under(set) => seal(set),
        Encryption::Current => seal(&config.keys.current()),
        Encryption::Off => (
            Bytes::from(reply.plaintext.into_inner()),
            "application/json",
        ),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = reply.status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

async fn collect(
    headers: &HeaderMap,
    body: impl HttpBody,
    config: &Config,
) -> Result<Vec<u8>, RejectReason> {
    let announced = headers.get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > config.body_limit as u64) {
        return Err(RejectReason::TooLarge);
    }
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
    let reading = async {
        let mut body = pin!(body);
        // One buffer: storing each chunk separately would take many times the size of a
        // body that is sent byte by byte.
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| RejectReason::Interrupted)?;
            let Ok(mut data) = frame.into_data() else {
                continue;
            };
            while data.has_remaining() {
                let chunk = data.chunk();
                if chunk.len() > config.body_limit - bytes.len() {
                    return Err(RejectReason::TooLarge);
                }
                bytes.extend_from_slice(chunk);
                data.advance(chunk.len());
            }
        }
        Ok(bytes)
    };
    let read = tokio::time::timeout(config.body_time, reading).await;
    read.unwrap_or(Err(RejectReason::TooSlow))
}
