//! The HTTP part of a call: the encrypted request, and the service that sends it,
//! which is the only extension point between encryption and the network.

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use displaydoc::Display;
use http::StatusCode;
use progenitor_client::{ByteStream, ResponseValue};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};

use super::Transport;
use crate::header::ResponseHeader;
use crate::operation::{Effect, OperationInfo};
use crate::outcome::{NotSentReason, Source, UnknownCause};
use crate::value::Sensitive;

/// Sends one encrypted request and returns the encrypted response.
///
/// If it returns an error before the request was sent, the call was not sent; any
/// other error leaves the outcome unknown.
pub type HttpService = BoxCloneSyncService<EncryptedRequest, EncryptedResponse, BoxError>;

/// The HTTP response to an [`EncryptedRequest`], with its complete body.
pub type EncryptedResponse = http::Response<Vec<u8>>;

/// The result of progenitor's method for the only HTTP operation of the API.
pub type Posted = Result<ResponseValue<ByteStream>, progenitor_client::Error<ByteStream>>;

/// One encrypted request.
///
/// It can be neither created nor cloned outside the transport, so a layer can pass
/// it on at most once and cannot repeat it.
#[derive(Debug)]
pub struct EncryptedRequest {
    operation: &'static OperationInfo,
    body: Sensitive,
    /// Set when the request is sent or its call ends, by whichever is first.
    settled: Arc<AtomicBool>,
}

impl EncryptedRequest {
    pub(super) fn new(operation: &'static OperationInfo, body: String) -> (Self, CancelOnDrop) {
        let settled = Arc::default();
        let cancel = CancelOnDrop(Arc::clone(&settled));
        let request = Self {
            operation,
            body: body.into(),
            settled,
        };
        (request, cancel)
    }

    /// The operation of the request.
    #[must_use]
    pub fn operation(&self) -> &'static OperationInfo {
        self.operation
    }

    /// The encrypted body, for a layer that records it.
    #[must_use]
    pub fn body(&self) -> &str {
        self.body.expose()
    }

    /// Consumes the request and returns the encrypted body to be sent. From here
    /// on, only a response determines the outcome of the call. Fails if the call has
    /// already ended, for instance while the request waited in a layer's queue, since
    /// it was reported as not sent.
    pub fn into_body(self) -> Result<String, CallEnded> {
        settle(&self.settled)
            .then(|| self.body.into_inner())
            .ok_or(CallEnded)
    }
}

/// The call ended before its request was sent.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[displaydoc("the call ended before its request was sent")]
pub struct CallEnded;

impl StdError for CallEnded {}

/// Marks the request as sent or cancelled; returns false if it already was.
fn settle(settled: &AtomicBool) -> bool {
    !settled.swap(true, Ordering::AcqRel)
}

/// Cancels the request when the future of its call is dropped: it is not sent
/// afterwards.
pub(super) struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        settle(&self.0);
    }
}

/// Why a call has no accepted response.
#[derive(Debug, Display)]
pub(super) enum Failure {
    #[displaydoc("the request was not sent")]
    NotSent(NotSentReason, Option<Source>),
    #[displaydoc("the request was refused")]
    Rejected(String, ResponseHeader),
    #[displaydoc("it is not known whether the request was carried out")]
    /// With the return code, if one could be read.
    Unknown(UnknownCause, Option<String>, Option<Source>),
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotSent(_, source) | Self::Unknown(_, _, source) => {
                source.as_deref().map(|source| source as _)
            }
            Self::Rejected(..) => None,
        }
    }
}

impl Failure {
    /// Whether a call that only reads may be retried at once: the connection
    /// failed, and not because of a timeout.
    pub(super) fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::NotSent(NotSentReason::Connect, _) | Self::Unknown(UnknownCause::Connection, ..)
        )
    }

    /// Converts an error of the service, depending on whether the request was sent.
    pub(super) fn of_service(error: BoxError, request: &CancelOnDrop) -> Self {
        let unsent = settle(&request.0);
        match error.downcast::<Self>() {
            Ok(failure) => *failure,
            Err(error) if unsent => Self::NotSent(NotSentReason::Layer, Some(error)),
            Err(error) => Self::Unknown(UnknownCause::Layer, None, Some(error)),
        }
    }
}

impl Transport {
    /// The service of one client, under the [layers](super::TransportBuilder::layer)
    /// of the transport. `connect` is called with each of the transport's two HTTP
    /// clients and returns the function that posts a body with it.
    pub fn service<P, F>(&self, connect: impl Fn(reqwest::Client) -> P) -> HttpService
    where
        P: Fn(String) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Posted> + Send + 'static,
    {
        let pooled = connect(self.0.pooled.clone());
        let unpooled = connect(self.0.unpooled.clone());
        let limit = self.0.settings.response_limit;
        let service = tower::service_fn(move |request: EncryptedRequest| {
            let post = match request.operation.effect {
                Effect::Reads => pooled.clone(),
                Effect::ChangesState | Effect::MovesMoney => unpooled.clone(),
            };
            async move {
                let body = request.into_body()?;
                receive(post(body).await, limit)
                    .await
                    .map_err(BoxError::from)
            }
        });
        self.0.settings.layers.iter().fold(
            HttpService::new(service.map_response(|response| response)),
            |service, layer| layer(service),
        )
    }
}

/// Returns the response, of any status, with its body of at most `limit` bytes.
async fn receive(posted: Posted, limit: usize) -> Result<EncryptedResponse, Failure> {
    use progenitor_client::Error;

    let response = match posted {
        Ok(response) | Err(Error::ErrorResponse(response)) => response,
        Err(Error::CommunicationError(error)) => return Err(not_received(error)),
        Err(Error::InvalidRequest(_)) => {
            return Err(Failure::NotSent(NotSentReason::Request, None));
        }
        // A method whose response is a stream of any status returns none of these;
        // their texts could quote the response.
        Err(_) => return Err(Failure::Unknown(UnknownCause::Unreadable, None, None)),
    };
    let status = response.status();
    let body = match collect(response, limit).await {
        Ok(body) => body,
        // The status is meaningful even if the body does not arrive.
        Err(_) if status != StatusCode::OK => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let mut received = EncryptedResponse::new(body);
    *received.status_mut() = status;
    Ok(received)
}

async fn collect(response: ResponseValue<ByteStream>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let status = response.status();
    // The body of a redirect or of a success other than 200 is not used.
    if status != StatusCode::OK && !status.is_client_error() && !status.is_server_error() {
        return Ok(body);
    }
    let too_large = || Failure::Unknown(UnknownCause::TooLarge, None, None);
    if response.content_length().unwrap_or(0) > limit as u64 {
        return Err(too_large());
    }
    let mut stream = response.into_inner().into_inner();
    while let Some(chunk) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        let chunk = chunk.map_err(interrupted)?;
        if chunk.len() > limit - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn not_received(error: reqwest::Error) -> Failure {
    let reason = match &error {
        error if error.is_builder() => NotSentReason::Request,
        error if error.is_connect() => NotSentReason::Connect,
        _ => return interrupted(error),
    };
    // The URL contains the caller name and is not needed in a log.
    Failure::NotSent(reason, Some(error.without_url().into()))
}

fn interrupted(error: reqwest::Error) -> Failure {
    let cause = if error.is_timeout() {
        UnknownCause::Timeout
    } else {
        UnknownCause::Connection
    };
    Failure::Unknown(cause, None, Some(error.without_url().into()))
}
