//! HTTP/1.1 requests, each over a separate connection.
//!
//! The HTTP client of the runtime cannot send faulty messages; the sandbox must, so it
//! controls the connection itself.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::ConnectInfo;
use displaydoc::Display;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Extensions, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper_util::rt::TokioIo;
use skypay_runtime::client::tls_config;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// The destination of a request: host, port and path from an `http` or `https` URL.
#[derive(Clone, Debug)]
pub struct Target {
    /// The host to verify the certificate for, if TLS is used.
    secure: Option<ServerName<'static>>,
    authority: String,
    address: String,
    path: String,
}

impl Target {
    /// Parses a URL.
    pub fn parse(url: &str) -> Result<Self, WireError> {
        let uri: Uri = url.parse().map_err(|_| WireError::Url)?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(WireError::Url),
        };
        let authority = uri.authority().ok_or(WireError::Url)?;
        if authority.as_str().contains('@') {
            // User information would be sent in the header `Host`.
            return Err(WireError::Url);
        }
        let host = authority.host();
        let name = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let secure = is_secure.then(|| ServerName::try_from(name)).transpose();
        let port = authority
            .port_u16()
            .unwrap_or(if is_secure { 443 } else { 80 });
        let path = uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        Ok(Self {
            secure: secure.map_err(|_| WireError::Url)?,
            address: format!("{host}:{port}"),
            authority: authority.to_string(),
            path: path.to_owned(),
        })
    }

    /// Sends a JSON body, or an empty one, to a path.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&HeaderValue>,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, WireError> {
        let body = Full::new(Bytes::from(body));
        let mut request = self.request(method, path, "application/json", body)?;
        if let Some(value) = authorization {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        let (connection, _) = self.connect().await?;
        exchange(connection, request).await
    }

    /// Returns the path of the URL.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn request<B>(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: B,
    ) -> Result<Request<B>, WireError> {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, media_type)
            .body(body)
            .map_err(|_| WireError::Url)
    }

    /// Connects, with TLS if the URL requires it. Returns the connection and its
    /// control.
    pub async fn connect(&self) -> Result<(Box<dyn Stream>, ConnectionControl), WireError> {
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|error| WireError::Connect(error.to_string()))?;
        let _ = stream.set_nodelay(true);
        let line = TrackedConnection::new(stream);
        let control = line.control();
        let Some(name) = &self.secure else {
            return Ok((Box::new(line), control));
        };
        let secured = tls()?.connect(name.clone(), line).await;
        let secured = secured.map_err(|error| WireError::Tls(error.to_string()))?;
        Ok((Box::new(secured), control))
    }
}

fn tls() -> Result<TlsConnector, WireError> {
    static TLS: OnceLock<Result<TlsConnector, WireError>> = OnceLock::new();
    let set_up = || match tls_config(true) {
        Ok(config) => Ok(TlsConnector::from(Arc::new(config))),
        Err(error) => Err(WireError::Tls(error.to_string())),
    };
    TLS.get_or_init(set_up).clone()
}

/// A connection, with or without TLS.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure.is_some() {
            "https"
        } else {
            "http"
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// Sends one request and reads the header of its response. The connection is closed
/// when the response has been read or is dropped.
pub(crate) async fn exchange<B>(
    connection: Box<dyn Stream>,
    request: Request<B>,
) -> Result<Response<Incoming>, WireError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn whole(body: Incoming, limit: usize) -> Result<Bytes, WireError> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(WireError::TooLarge(limit)),
        Err(error) => Err(WireError::Broken(error.to_string())),
    }
}

/// Returns a body that breaks off after `keep` bytes, for a request or response with
/// the full `Content-Length`.
pub(crate) fn truncated(bytes: &Bytes, keep: usize) -> Truncated {
    Truncated {
        left: Some(bytes.slice(..keep.min(bytes.len()))),
        has_paused: false,
    }
}

/// See [`truncated`].
#[derive(Debug)]
pub(crate) struct Truncated {
    left: Option<Bytes>,
    has_paused: bool,
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(left) = self.left.take().filter(|left| !left.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(left))));
        }
        // When a body fails, unwritten data is discarded, including the header.
        // Yielding once flushes it first.
        if !std::mem::replace(&mut self.has_paused, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

/// Replaces a few characters of a text, selected by a seed.
pub(crate) fn corrupted(text: &[u8], seed: u64) -> Vec<u8> {
    let mut text = text.to_vec();
    let length = text.len() as u64;
    for transaction in 0..3_u64 {
        let place = seed
            .rotate_left(21 * u32::try_from(transaction).unwrap_or(0))
            .checked_rem(length);
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(byte) = place.and_then(|place| text.get_mut(place)) {
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
    }
    text
}

/// The peer of a connection, and the control of the connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) control: ConnectionControl,
}

/// A connection that can be made to fail.
#[derive(Debug)]
pub(crate) struct TrackedConnection {
    stream: TcpStream,
    control: ConnectionControl,
}

/// Controls how a connection ends. Clones share the connection.
#[derive(Clone, Debug, Default)]
pub struct ConnectionControl(Arc<AtomicU8>);

const SOUND: u8 = 0;
const CUT: u8 = 1;
const RESET: u8 = 2;

impl ConnectionControl {
    /// Stops all writing.
    pub(crate) fn cut(&self) {
        self.0.store(CUT, Ordering::Release);
    }

    /// Ends the connection with a reset instead of a graceful shutdown.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::Release);
    }

    fn is(&self, control: u8) -> bool {
        self.0.load(Ordering::Acquire) == control
    }
}

impl TrackedConnection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            control: ConnectionControl::default(),
        }
    }

    /// Wraps an accepted connection; its requests have a [`Peer`] extension.
    pub(crate) fn accepted(
        stream: TcpStream,
        address: SocketAddr,
        extensions: &mut Extensions,
    ) -> Self {
        let line = Self::new(stream);
        let control = line.control();
        extensions.insert(ConnectInfo(Peer { address, control }));
        line
    }

    pub(crate) fn control(&self) -> ConnectionControl {
        self.control.clone()
    }
}

impl Drop for TrackedConnection {
    fn drop(&mut self) {
        if self.control.is(RESET) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for TrackedConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TrackedConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.control.is(CUT) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.control.is(SOUND) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The reason why an HTTP request failed.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The URL is not `http://host:port`, or the same with `https`, with an optional path
    /// and query.
    #[displaydoc("the URL is not http(s)://host:port with an optional path and query")]
    Url,
    /// The connection could not be established.
    #[displaydoc("no connection: {0}")]
    Connect(String),
    /// The certificate or the version of TLS was refused.
    #[displaydoc("no connection: {0}")]
    Tls(String),
    /// The connection broke, or the response is not HTTP.
    #[displaydoc("the connection broke: {0}")]
    Broken(String),
    /// The body exceeds this limit in bytes, and was not read completely.
    #[displaydoc("the answer has more than {0} bytes")]
    TooLarge(usize),
}

impl std::error::Error for WireError {}

impl From<hyper::Error> for WireError {
    fn from(error: hyper::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
