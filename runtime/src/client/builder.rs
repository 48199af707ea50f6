//! The settings of a transport.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use displaydoc::Display;
use reqwest::{Url, redirect, retry};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tower::{BoxError, Service, ServiceExt};

use super::{
    CallReport, EncryptedRequest, EncryptedResponse, HttpService, Inner, Layer, Observer, Transport,
};
use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::outcome::Source;
use crate::settings::setters;

/// Settings for a [`Transport`].
#[must_use]
pub struct TransportBuilder {
    base_url: String,
    pub(super) keys: KeyRing,
    connect_timeout: Duration,
    timeout: Duration,
    pub(super) clock: Clock,
    pub(super) observer: Option<Observer>,
    pub(super) layers: Vec<Layer>,
    pub(super) read_retries: u32,
    pub(super) response_limit: usize,
    allow_plain_http: bool,
}

impl TransportBuilder {
    pub(super) fn new(base_url: String, keys: KeyRing) -> Self {
        Self {
            base_url,
            keys,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            clock: Clock::default(),
            observer: None,
            layers: Vec::new(),
            read_retries: 1,
            response_limit: 16 * 1024 * 1024,
            allow_plain_http: false,
        }
    }

    setters! {
        /// Sets the timeout for connecting, TLS included; 10 seconds by default. A
        /// call that exceeds it was not sent. Keep it well below
        /// [`timeout`](Self::timeout).
        connect_timeout: Duration;
        /// Sets the timeout for one attempt, from connecting to the last byte of
        /// the response; 30 seconds by default. A call that exceeds it has an
        /// unknown outcome.
        timeout: Duration;
        /// Sets the clock for [`Transport::ask_not_before`]; the system clock by
        /// default.
        clock: Clock;
        /// Sets how often a call that only reads is retried, immediately, if the
        /// connection fails; 1 by default. Calls that change state are never
        /// retried.
        read_retries: u32;
        /// Sets the maximum size of a response body in bytes; 16 MiB by default.
        response_limit: usize;
    }

    /// Sets a function that is called for every finished call, for metrics. A panic
    /// in it is caught and does not affect the call.
    pub fn observer(mut self, observe: impl Fn(&CallReport) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observe));
        self
    }

    /// Adds a layer between the encryption and the HTTP client, around the layers
    /// added before: for example a recorder, a rate limit, or fault injection in a
    /// test.
    ///
    /// A layer gets each request once and can send it at most once; see
    /// [`EncryptedRequest`]. If the layer returns an error without having passed
    /// the request on, the call was not sent; after that, any error leaves the
    /// outcome unknown.
    ///
    /// ```
    /// use skypay_runtime::client::{EncryptedRequest, Transport};
    /// # use skypay_runtime::keys::{Credentials, KeyRing};
    /// use tower::util::MapRequestLayer;
    ///
    /// # let keys = KeyRing::new(Credentials::new("app@example", "authentication", "encrypt key")?);
    /// let transport = Transport::builder("http://127.0.0.1:8080/", keys)
    ///     .layer(MapRequestLayer::new(|request: EncryptedRequest| {
    ///         println!("{}: {} bytes", request.operation().name, request.body().len());
    ///         request
    ///     }))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: tower::Layer<HttpService> + Send + Sync + 'static,
        L::Service: Service<EncryptedRequest, Response = EncryptedResponse, Error: Into<BoxError>>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<EncryptedRequest>>::Future: Send + 'static,
    {
        self.layers.push(Box::new(move |service| {
            HttpService::new(layer.layer(service).map_err(Into::into))
        }));
        self
    }

    /// Allows `http:` to any host. By default, only the loopback interface may be
    /// called without TLS, since the envelope does not protect against tampering or
    /// replay.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    ///
    /// If the base URL is invalid, or TLS or the HTTP client cannot be set up.
    pub fn build(self) -> Result<Transport, SetupError> {
        let url = self.checked_base_url()?;
        let tls = tls_config(url.scheme() == "https")?;
        let pooled = self.http_client(tls.clone()).build();
        let unpooled = self.http_client(tls).pool_max_idle_per_host(0).build();
        Ok(Transport(Arc::new(Inner {
            base_url: url,
            settings: self,
            pooled: pooled.map_err(|error| SetupError::Http(error.into()))?,
            unpooled: unpooled.map_err(|error| SetupError::Http(error.into()))?,
        })))
    }

    fn checked_base_url(&self) -> Result<Url, SetupError> {
        const NO_URL: SetupError = SetupError::BaseUrl("is not an http or https URL");
        let url = Url::parse(&self.base_url).map_err(|_| NO_URL)?;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(NO_URL);
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Requests are authenticated by the credentials in the message only.
            return Err(SetupError::BaseUrl("has a user name or a password in it"));
        }
        if url.fragment().is_some() {
            return Err(SetupError::BaseUrl("has a fragment, which is never sent"));
        }
        if url.scheme() == "http" && !self.allow_plain_http && !is_loopback(&url) {
            return Err(SetupError::PlainHttp);
        }
        Ok(url)
    }

    /// An HTTP client that sends each request once, to the host of its URL: no
    /// redirects, no retries, no proxy from the environment.
    fn http_client(&self, tls: ClientConfig) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .user_agent(concat!("skypay-rust/", env!("CARGO_PKG_VERSION")))
    }
}

/// Shows the base URL only if it is valid: an invalid one may hold a password, or
/// be a different value passed by mistake.
impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_url = self.checked_base_url().ok();
        f.debug_struct("TransportBuilder")
            .field("base_url", &base_url.as_ref().map(without_query))
            .finish_non_exhaustive()
    }
}

/// The URL without its query, which may hold a secret.
pub(super) fn without_query(url: &Url) -> &str {
    let end = url.as_str().find('?');
    &url.as_str()[..end.unwrap_or(url.as_str().len())]
}

/// A TLS configuration with its own crypto provider, so that no process-wide one is
/// installed, and the platform's root certificates. If TLS is not `wanted`, no
/// certificate is trusted, and the platform needs none.
#[doc(hidden)]
pub fn tls_config(wanted: bool) -> Result<ClientConfig, SetupError> {
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| SetupError::Tls(error.into()))?;
    let verified = if wanted {
        let verified = versions.with_platform_verifier();
        verified.map_err(|error| SetupError::Tls(error.into()))?
    } else {
        versions.with_root_certificates(RootCertStore::empty())
    };
    let mut config = verified.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Checks that a text is a single path segment that needs no percent-encoding and
/// is not changed by normalization.
pub fn check_path_parameter(text: &str) -> Result<(), SetupError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    if matches!(text, "" | "." | "..") || !text.bytes().all(plain) {
        return Err(SetupError::PathParameter);
    }
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Why a transport could not be built. Shows neither the base URL nor a key.
#[derive(Debug, Display)]
#[non_exhaustive]
pub enum SetupError {
    /// The base URL is invalid. Holds the reason, as the end of a sentence.
    #[displaydoc("the base URL {0}")]
    BaseUrl(&'static str),
    /// A path parameter, such as the caller name, is invalid.
    #[displaydoc(
        "the caller name is empty, is . or .., or has a character that would change the URL; it \
         has letters, digits and - . _ ~ @ only"
    )]
    PathParameter,
    /// The base URL is `http:` to another machine, which was not allowed.
    #[displaydoc("the base URL is plain http to another machine; use https, or allow plain http")]
    PlainHttp,
    /// TLS could not be set up, for example because the platform has no root
    /// certificates.
    #[displaydoc("TLS could not be set up")]
    Tls(Source),
    /// The HTTP client could not be set up.
    #[displaydoc("the HTTP client could not be set up")]
    Http(Source),
}

impl StdError for SetupError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Tls(source) | Self::Http(source) => Some(source.as_ref()),
            Self::BaseUrl(_) | Self::PathParameter | Self::PlainHttp => None,
        }
    }
}
