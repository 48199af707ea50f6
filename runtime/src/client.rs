//! The client: executes a call, from its typed request to its outcome.
//!
//! [`Transport::call`] validates the request, serializes and encrypts it, sends it
//! through an [`HttpService`], decrypts the response, and classifies it by its
//! return code.

use std::fmt;
use std::sync::Arc;

use reqwest::{StatusCode, Url};
use serde_json::value::RawValue;
use tower::ServiceExt;
use tracing::Instrument;

use crate::envelope::{self, Plaintext};
use crate::header;
use crate::keys::{Credentials, KeyRing};
use crate::operation::{Direction, Effect, Operation, OperationInfo, Outcome, Response, Retry};
use crate::outcome::{
    CallOutcome, Error, NotSent, NotSentReason, Rejected, Unknown, UnknownCause, printable_code,
};
use crate::read;
use crate::secret;
use crate::value::DateTime;

mod builder;
mod http;
mod lists;
mod report;

#[doc(hidden)]
pub use builder::tls_config;
pub use builder::{SetupError, TransportBuilder, check_path_parameter};
pub use http::{CallEnded, EncryptedRequest, EncryptedResponse, HttpService, Posted};
pub use lists::{Expiring, PagesError, read_pages};
pub use report::CallReport;

use http::Failure;
use report::{CallSpan, Observer};

/// Sends calls; holds the keys, HTTP settings, clock and observer. Cloning is
/// cheap.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    base_url: Url,
    settings: TransportBuilder,
    /// For operations that only read; keeps connections open.
    pooled: reqwest::Client,
    /// For operations that change state: every request gets a new connection, since
    /// a server may close an idle one while a request is being sent on it.
    unpooled: reqwest::Client,
}

/// Wraps a service in a layer.
type Layer = Box<dyn Fn(HttpService) -> HttpService + Send + Sync>;

/// How often one call is sent again with another set of keys. Twice, because the
/// new set may come into use between two attempts, which refuse the new set and then
/// the old one.
const KEY_CHANGES: u32 = 2;

/// The margin in seconds that is added to the document's status query delay, since
/// clocks differ.
const CLOCK_MARGIN: i64 = 60;

/// The error of an operation, with its type of return codes.
type ErrorOf<O> = Error<<<O as Operation>::Response as Response>::Code>;

impl Transport {
    /// Returns a builder with default settings for a transport to `base_url`, such
    /// as `https://api.example.com`.
    pub fn builder(base_url: impl Into<String>, keys: KeyRing) -> TransportBuilder {
        TransportBuilder::new(base_url.into(), keys)
    }

    /// The base URL without a trailing slash and without its query, which may hold
    /// a secret.
    #[must_use]
    pub fn base_url(&self) -> &str {
        builder::without_query(&self.0.base_url).trim_end_matches('/')
    }

    /// Checks that the base URL has no query, since paths are appended to it, and
    /// [that `parameter` can be one of their segments](check_path_parameter).
    pub fn check_path(&self, parameter: &str) -> Result<(), SetupError> {
        if self.0.base_url.query().is_some() {
            return Err(SetupError::BaseUrl(
                "has a query, and paths are appended to it",
            ));
        }
        check_path_parameter(parameter)
    }

    /// The base URL as configured; its query may hold a secret.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.base_url
    }

    /// The keys. Changes to them apply to all clones of the ring.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.0.settings.keys
    }

    /// The HTTP client of calls that change state, for tools that send bodies which
    /// this transport did not encrypt: no redirects, no retries, no proxy, and a
    /// new connection for every request.
    #[must_use]
    pub fn http_client(&self) -> &reqwest::Client {
        &self.0.unpooled
    }

    /// The [earliest time](Unknown::ask_not_before) for a useful status query about
    /// a call that ends now; `None` if the document defines no delay.
    #[must_use]
    pub fn ask_not_before(&self, operation: &OperationInfo) -> Option<DateTime> {
        let seconds = i64::from(operation.status_query_delay?) + CLOCK_MARGIN;
        let time = self.0.settings.clock.date_time().plus_seconds(seconds);
        let whole = time.truncated(0);
        Some(whole.plus_seconds((whole < time).into()))
    }

    /// Executes one call: validates `request`, encrypts it, sends it through
    /// `service`, decrypts the response and classifies it.
    ///
    /// The request is sent once, with two exceptions:
    ///
    /// - If the operation only reads and the connection fails, it is retried up to
    ///   [`TransportBuilder::read_retries`] times.
    /// - If a response refuses the keys but is itself encrypted with another set of
    ///   the ring, nothing was executed: the request is sent again with that set, and
    ///   later calls start with it. The refusal may be a replayed recording, though,
    ///   so any other end of the repeated request than an acceptance or a refusal of
    ///   the keys is an unknown outcome, even if it was not sent. Neither a callback
    ///   nor a request that must not be sent again is repeated like this.
    ///
    /// Dropping the returned future before it completes leaves the outcome unknown.
    /// The observer and the log still get a report, but the caller has to record
    /// the call.
    pub async fn call<O: Operation>(
        &self,
        service: &HttpService,
        request: &O,
    ) -> Result<O::Response, ErrorOf<O>> {
        let mut call = CallSpan::start(O::INFO, self.0.settings.observer.clone());
        let span = call.span.clone();
        let attempts = self.attempts(service, request, &mut call.report);
        let result = attempts.instrument(span).await;
        let result = result.map_err(|failure| self.error(request, failure));
        let (outcome, code) = match &result {
            Ok(response) => (CallOutcome::Accepted, response.response_code()),
            Err(error) => (error.outcome(), error.code()),
        };
        call.report.outcome = outcome;
        call.report.code = code.map(|code| printable_code(code).to_owned());
        result
    }

    async fn attempts<O: Operation>(
        &self,
        service: &HttpService,
        request: &O,
        report: &mut CallReport,
    ) -> Result<O::Response, Failure> {
        let invalid = |invalid| Failure::NotSent(NotSentReason::Invalid(invalid), None);
        request.validate().map_err(invalid)?;
        let fields = secret::to_json(request);
        let fields = fields.map_err(|_| Failure::NotSent(NotSentReason::Request, None))?;
        let mut retries = match O::INFO.effect {
            Effect::Reads => self.0.settings.read_retries,
            Effect::ChangesState | Effect::MovesMoney => 0,
        };
        let mut key_changes = 0;
        let mut keys = self.0.settings.keys.current();
        loop {
            let sent = self.exchange(service, O::INFO, &keys, &fields, report);
            let (plaintext, other_keys) = match sent.await {
                Err(failure) if retries > 0 && failure.is_connection() => {
                    retries -= 1;
                    continue;
                }
                // The first request was sent, and may have been executed.
                Err(Failure::NotSent(_, source)) if key_changes > 0 => {
                    return Err(Failure::Unknown(UnknownCause::Code, None, source));
                }
                received => received?,
            };
            let (code, header) = match classify::<O>(&plaintext) {
                Err(Failure::Rejected(code, header)) => (code, header),
                result => return result,
            };
            let keys_refused = O::INFO.refuses_keys(&code);
            match other_keys {
                Some(other)
                    if keys_refused
                        && key_changes < KEY_CHANGES
                        // Later calls start with the other set.
                        && self.0.settings.keys.prefer(&keys, &other)
                        // The receiver would not recognize a duplicate.
                        && O::INFO.retry != Retry::Never =>
                {
                    tracing::info!(
                        "a call was refused with one set of keys and is sent with another"
                    );
                    key_changes += 1;
                    keys = other;
                }
                _ if keys_refused || key_changes == 0 => {
                    return Err(Failure::Rejected(code, header));
                }
                // The first request may have been executed.
                _ => return Err(Failure::Unknown(UnknownCause::Code, Some(code), None)),
            }
        }
    }

    /// Encrypts `fields` with `keys`, sends the request, and decrypts the response.
    /// Also returns the set of keys that the response was encrypted with, if it
    /// differs from `keys`.
    async fn exchange(
        &self,
        service: &HttpService,
        operation: &'static OperationInfo,
        keys: &Arc<Credentials>,
        fields: &[u8],
        report: &mut CallReport,
    ) -> Result<(Plaintext, Option<Arc<Credentials>>), Failure> {
        let Some((header, rest)) = header::write_request(keys, operation, fields) else {
            return Err(Failure::NotSent(NotSentReason::Request, None));
        };
        let body = envelope::seal(keys.key(), &[&header, rest]);
        report.attempts += 1;
        (report.request_bytes, report.response_bytes) = (body.len(), 0);
        let (request, cancel) = EncryptedRequest::new(operation, body);
        let response = service.clone().oneshot(request).await;
        let response = response.map_err(|error| Failure::of_service(error, &cancel))?;
        report.response_bytes = response.body().len();
        self.decrypt(operation, keys, &response)
    }

    /// Decrypts the response to a request that was encrypted with `sent`.
    ///
    /// A request that is refused before execution may be answered with a status
    /// other than 200. A response with a 4xx status is accepted as a refusal only
    /// if it is encrypted and its code refuses the keys. With any other code the
    /// outcome is unknown; the code is reported.
    fn decrypt(
        &self,
        operation: &OperationInfo,
        sent: &Arc<Credentials>,
        response: &EncryptedResponse,
    ) -> Result<(Plaintext, Option<Arc<Credentials>>), Failure> {
        let (status, body) = (response.status(), response.body());
        let from_provider = operation.direction == Direction::ToProvider;
        let cause = match status {
            StatusCode::OK => UnknownCause::Unreadable,
            status if status.is_redirection() => UnknownCause::Redirect(status.as_u16()),
            status => UnknownCause::HttpStatus(status.as_u16()),
        };
        let opened = match self.open(sent, body) {
            None if status == StatusCode::OK => {
                plaintext_refusal(operation, body).map(|plaintext| (Arc::clone(sent), plaintext))
            }
            opened => opened,
        };
        let (keys, plaintext) = opened.ok_or_else(|| Failure::Unknown(cause, None, None))?;
        if status != StatusCode::OK {
            let header = header::read_response(operation.header, plaintext.as_bytes());
            let code = header.ok().and_then(|header| header.code);
            let refused = code
                .as_deref()
                .is_some_and(|code| operation.refuses_keys(code));
            if !(refused && from_provider && status.is_client_error()) {
                return Err(Failure::Unknown(cause, code, None));
            }
        }
        // A partner that responds with another set is misconfigured, and the
        // provider does not switch to it.
        let other = from_provider && !Arc::ptr_eq(sent, &keys);
        Ok((plaintext, other.then_some(keys)))
    }

    /// Decrypts a response with the set of the request or another one of the ring.
    /// If there are several sets, the plaintext must be JSON, since decryption with
    /// a wrong key may yield text, too.
    fn open(&self, sent: &Arc<Credentials>, body: &[u8]) -> Option<(Arc<Credentials>, Plaintext)> {
        let all = self.0.settings.keys.all();
        let others = || all.iter().filter(|set| !Arc::ptr_eq(set, sent));
        let is_json = |plaintext: &Plaintext| {
            let text = read::without_mark(plaintext.as_bytes());
            serde_json::from_slice::<&RawValue>(text).is_ok()
        };
        [sent].into_iter().chain(others()).find_map(|set| {
            let plaintext = envelope::open(set.key(), body).ok()?;
            let fits = others().next().is_none() || is_json(&plaintext);
            fits.then(|| (Arc::clone(set), plaintext))
        })
    }

    fn error<O: Operation>(&self, request: &O, failure: Failure) -> ErrorOf<O> {
        let operation = O::INFO;
        match failure {
            Failure::NotSent(reason, source) => Error::NotSent(NotSent {
                operation,
                reason,
                source,
            }),
            Failure::Rejected(code, header) => Error::Rejected(Rejected {
                operation,
                return_code: code.into(),
                time: header.time,
                description: header.description,
            }),
            Failure::Unknown(cause, code, source) => Error::Unknown(Unknown {
                operation,
                transaction_ids: request
                    .transaction_ids()
                    .into_iter()
                    .map(String::from)
                    .collect(),
                cause,
                return_code: code.map(Into::into),
                ask_not_before: self.ask_not_before(operation),
                source,
            }),
        }
    }

    /// Sends an untyped request: `fields` is a JSON object to which only the header
    /// is added. For tools that test how a server handles invalid requests. Returns
    /// the plaintext of the response, whether it accepts or refuses, or whether the
    /// request was [not sent](CallOutcome::NotSent) or the outcome is unknown.
    pub async fn send_untyped(
        &self,
        service: &HttpService,
        operation: &'static OperationInfo,
        fields: &[u8],
    ) -> Result<Plaintext, CallOutcome> {
        let keys = self.0.settings.keys.current();
        let mut report = CallReport::new(operation);
        let sent = self.exchange(service, operation, &keys, fields, &mut report);
        match sent.await {
            Ok((plaintext, _)) => Ok(plaintext),
            Err(Failure::NotSent(..)) => Err(CallOutcome::NotSent),
            Err(_) => Err(CallOutcome::Unknown),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

/// Classifies a decrypted response.
///
/// A refusal lacks most fields of an accepting response. So if the response cannot
/// be read as one that accepts, its return code is read separately.
fn classify<O: Operation>(plaintext: &str) -> Result<O::Response, Failure> {
    let read = read::from_slice::<O::Response>(plaintext.as_bytes());
    let response = match read {
        Ok(response) if outcome_of(O::INFO, response.response_code()) == Outcome::Accepted => {
            return Ok(response);
        }
        response => response,
    };
    let unreadable = |code, source| Failure::Unknown(UnknownCause::Unreadable, code, Some(source));
    let mut header = header::read_response(O::INFO.header, plaintext.as_bytes())
        .map_err(|error| unreadable(None, error.into()))?;
    let code = header.code.take();
    match (outcome_of(O::INFO, code.as_deref()), code) {
        (Outcome::Accepted, code) => response.map_err(|error| unreadable(code, error.into())),
        (Outcome::Rejected, Some(code)) => Err(Failure::Rejected(code, header)),
        (_, code) => Err(Failure::Unknown(UnknownCause::Code, code, None)),
    }
}

/// Returns a plaintext response if it may be trusted. Since no key authenticates
/// it, it may only report something harmless if forged: that a call which only
/// reads was refused.
fn plaintext_refusal(operation: &OperationInfo, body: &[u8]) -> Option<Plaintext> {
    let code = header::read_response(operation.header, body).ok()?.code?;
    let refused =
        operation.effect == Effect::Reads && operation.outcome_of(&code) == Outcome::Rejected;
    let text = refused.then(|| String::from_utf8(body.to_vec()).ok());
    text.flatten().map(Plaintext::from)
}

/// The outcome of a call with this return code.
fn outcome_of(operation: &OperationInfo, code: Option<&str>) -> Outcome {
    match code {
        Some(code) => operation.outcome_of(code),
        None if operation.code_required => Outcome::Unknown,
        None => Outcome::Accepted,
    }
}
