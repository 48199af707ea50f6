//! The sending half: a call from its typed request to its outcome.
//!
//! [`Transport::call`] validates the request, writes it as JSON, encrypts it,
//! sends it through an [`HttpService`], decrypts the response, and classifies
//! what it says.

use std::fmt;
use std::sync::Arc;

use jiff::civil::DateTimeRound;
use jiff::{RoundMode, Unit};
use reqwest::{StatusCode, Url};
use serde_json::value::RawValue;
use tower::ServiceExt;
use tracing::Instrument;

use crate::envelope::{self, Plaintext};
use crate::header;
use crate::keys::{Credentials, KeyRing};
use crate::operation::{Direction, Effect, Operation, OperationInfo, Outcome, Response, Retry};
use crate::outcome::{CallOutcome, Error, NotSent, NotSentReason, Rejected, Unknown, UnknownCause};
use crate::read;
use crate::secret::SecretBuffer;
use crate::value::DateTime;

mod builder;
mod http;
mod report;

#[doc(hidden)]
pub use builder::tls_config;
pub use builder::{SetupError, TransportBuilder, check_path_parameter};
pub use http::{CallEnded, EncryptedRequest, EncryptedResponse, HttpService, Posted};
pub use report::{CallReport, Observer};

use http::Failure;
use report::CallSpan;

/// Carries calls: keys, HTTP settings, clock and observer. Cloning it is cheap.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    base_url: Url,
    settings: TransportBuilder,
    /// For calls that change nothing; keeps connections open.
    pooled: reqwest::Client,
    /// For calls that change something: every one gets a connection of its
    /// own, so that none is lost in the race between sending on an idle
    /// connection and the server closing it.
    unpooled: reqwest::Client,
}

/// Puts a layer around a service.
type Layer = Box<dyn Fn(HttpService) -> HttpService + Send + Sync>;

/// How often one call follows `SkyPay` to another set of keys. Twice, because
/// the set may come into use between two tries: a call that was refused with
/// the new set and then with the old one goes through with the new one.
const KEY_CHANGES: u32 = 2;

/// How much later than the document says a question is of use, in seconds. The
/// clocks of the two sides differ, and a status query may use a third one.
const CLOCK_MARGIN: i64 = 60;

/// The error of an operation, with its table of return codes.
type ErrorOf<O> = Error<<<O as Operation>::Response as Response>::Code>;

impl Transport {
    /// Settings for a transport to `base_url` (`https://api.example.com`), with their defaults.
    pub fn builder(base_url: impl Into<String>, keys: KeyRing) -> TransportBuilder {
        TransportBuilder::new(base_url.into(), keys)
    }

    /// The base URL, without a slash at its end, and without its query, which
    /// may hold a secret.
    #[must_use]
    pub fn base_url(&self) -> &str {
        builder::without_query(&self.0.base_url).trim_end_matches('/')
    }

    /// Whether paths can be appended to the base URL, with `parameter` as one
    /// of their segments.
    ///
    /// # Errors
    ///
    /// If the base URL has a query, which would end up in the middle, or by
    /// [`check_path_parameter`].
    pub fn check_path(&self, parameter: &str) -> Result<(), SetupError> {
        if self.0.base_url.query().is_some() {
            return Err(SetupError::BaseUrl(
                "has a query, and paths are appended to it",
            ));
        }
        check_path_parameter(parameter)
    }

    /// The base URL as it was given; its query may hold a secret.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.0.base_url
    }

    /// The keys; rotating them here reaches everyone who shares them.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.0.settings.keys
    }

    /// The HTTP client of calls that change something, for tools that pass on
    /// bytes which they did not encrypt: no redirects, no retries, no proxy, and
    /// a connection of its own for every request.
    #[must_use]
    pub fn http_client(&self) -> &reqwest::Client {
        &self.0.unpooled
    }

    /// The earliest moment, in GMT+8, at which asking what became of a call that
    /// ends now is of use; `None` where the document gives no time to wait.
    ///
    /// It is a whole second, and a minute later than the document says, since
    /// clocks differ. Before it an answer says nothing, and even after it one
    /// answer that something is not there proves nothing.
    #[must_use]
    pub fn ask_not_before(&self, operation: &OperationInfo) -> Option<DateTime> {
        let seconds = i64::from(operation.status_query_delay?) + CLOCK_MARGIN;
        let time = self.0.settings.clock.date_time().plus_seconds(seconds);
        let up = DateTimeRound::new()
            .smallest(Unit::Second)
            .mode(RoundMode::Ceil);
        Some(DateTime::from(time.civil().round(up).ok()?))
    }

    /// Makes one call: validates `request`, encrypts it, sends it through
    /// `service`, decrypts the response and classifies it.
    ///
    /// The request is sent once, with two exceptions. Where the operation reads
    /// and the connection failed it is sent again, as often as
    /// [`TransportBuilder::read_retries`] says. And while the ring has several
    /// sets of keys, it is sent again after a refusal of the keys that came
    /// encrypted with another set than the request: it says that nothing was
    /// carried out, and with which set `SkyPay` works now. Later calls begin
    /// with that one. Should the refusal have been a recorded one, the first
    /// request was carried out: so any other refusal of what was sent again is
    /// an unknown outcome. `SkyPay` itself, which issues the keys, is not
    /// refused for them, so a callback is never repeated like this, and neither
    /// is what the document forbids to send again.
    ///
    /// Dropping the returned future while it runs leaves the outcome unknown;
    /// the observer and the log get a report, and the caller has to remember it.
    ///
    /// # Errors
    ///
    /// See [`Error`]: not sent, rejected, or unknown.
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
        match &result {
            Ok(response) => call.finish(CallOutcome::Accepted, response.response_code()),
            Err(error) => call.finish(error.outcome(), error.code()),
        }
        result
    }

    async fn attempts<O: Operation>(
        &self,
        service: &HttpService,
        request: &O,
        report: &mut CallReport<'_>,
    ) -> Result<O::Response, Failure> {
        let invalid = |invalid| Failure::NotSent(NotSentReason::Invalid(invalid), None);
        request.validate().map_err(invalid)?;
        let mut fields = SecretBuffer::with_capacity(1024);
        let written = serde_json::to_writer(&mut fields, request);
        written.map_err(|_| Failure::NotSent(NotSentReason::Request, None))?;
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
                received => received?,
            };
            let (code, header) = match classify::<O>(&plaintext) {
                Err(Failure::Rejected { code, header }) => (code, header),
                result => return result,
            };
            let keys_refused = O::INFO.refuses_keys(&code);
            match other_keys {
                Some(other)
                    if keys_refused
                        && key_changes < KEY_CHANGES
                        // Later calls begin with the other set.
                        && self.0.settings.keys.prefer(&keys, &other)
                        // It would not be recognised if it came twice.
                        && O::INFO.retry != Retry::Never =>
                {
                    tracing::info!(
                        "a call was refused with one set of keys and is sent with another"
                    );
                    key_changes += 1;
                    keys = other;
                }
                _ if keys_refused || key_changes == 0 => {
                    return Err(Failure::Rejected { code, header });
                }
                // What was sent first may have been carried out.
                _ => return Err(Failure::unknown_code(Some(code))),
            }
        }
    }

    /// Sends one request with `keys`: its `fields` encrypted, and the response
    /// decrypted; with it the other set of keys that it was encrypted with, if
    /// it was another one.
    async fn exchange(
        &self,
        service: &HttpService,
        operation: &'static OperationInfo,
        keys: &Arc<Credentials>,
        fields: &[u8],
        report: &mut CallReport<'_>,
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
    /// What is refused before anything was carried out may come with another
    /// status than the one that the document has: encrypted, with a status of
    /// 4xx and a code that refuses the keys, it is believed. Any other code is
    /// shown, and says nothing.
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
        let (keys, plaintext) = opened.ok_or_else(|| Failure::unknown(cause, None))?;
        if status != StatusCode::OK {
            let header = header::read_response(operation.header, plaintext.as_bytes());
            let code = header.ok().and_then(|header| header.code);
            let refused = code
                .as_deref()
                .is_some_and(|code| operation.refuses_keys(code));
            if !(refused && from_provider && status.is_client_error()) {
                let source = None;
                return Err(Failure::Unknown {
                    cause,
                    code,
                    source,
                });
            }
        }
        // A partner that answers with another set has mistaken its keys, and
        // the provider does not follow it.
        let other = from_provider && !Arc::ptr_eq(sent, &keys);
        Ok((plaintext, other.then_some(keys)))
    }

    /// Opens a response with the set that it was encrypted with: that of the
    /// request, or another one of the ring. Where there are several, the text
    /// has to be JSON, since another key may give a text, too.
    fn open(&self, sent: &Arc<Credentials>, body: &[u8]) -> Option<(Arc<Credentials>, Plaintext)> {
        let all = self.0.settings.keys.all();
        let others = all.iter().filter(|set| !Arc::ptr_eq(set, sent));
        let sets: Vec<_> = [sent].into_iter().chain(others).collect();
        let is_json = |plaintext: &Plaintext| {
            let text = read::without_mark(plaintext.as_bytes());
            serde_json::from_slice::<&RawValue>(text).is_ok()
        };
        sets.iter().find_map(|set| {
            let plaintext = envelope::open(set.key(), body).ok()?;
            let fits = sets.len() == 1 || is_json(&plaintext);
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
            Failure::Rejected { code, header } => Error::Rejected(Rejected {
                operation,
                return_code: code.into(),
                time: header.time,
                description: header.description,
            }),
            Failure::Unknown {
                cause,
                code,
                source,
            } => Error::Unknown(Unknown {
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

    /// Sends fields that no type describes; only the header is added. For tools
    /// that try what a server does with them.
    ///
    /// Gives the plaintext of the response, whether it accepts or refuses.
    ///
    /// # Errors
    ///
    /// Whether nothing was sent or the outcome is unknown.
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

/// What a readable response says.
///
/// One that refuses lacks most fields of one that accepts. So where this is not
/// one of those, the return code is read on its own.
fn classify<O: Operation>(plaintext: &str) -> Result<O::Response, Failure> {
    let read = read::from_slice::<O::Response>(plaintext.as_bytes());
    let response = match read {
        Ok(response) if outcome_of(O::INFO, response.response_code()) == Outcome::Accepted => {
            return Ok(response);
        }
        response => response,
    };
    let unreadable = |code, source| Failure::Unknown {
        cause: UnknownCause::Unreadable,
        code,
        source: Some(source),
    };
    let mut header = header::read_response(O::INFO.header, plaintext.as_bytes())
        .map_err(|error| unreadable(None, error.into()))?;
    let code = header.code.take();
    match (outcome_of(O::INFO, code.as_deref()), code) {
        (Outcome::Accepted, code) => response.map_err(|error| unreadable(code, error.into())),
        (Outcome::Rejected, Some(code)) => Err(Failure::Rejected { code, header }),
        (_, code) => Err(Failure::unknown_code(code)),
    }
}

/// A response in plaintext is not authenticated by any key, so it may
/// say only what does no harm if it is false: that a call which would have
/// changed nothing was refused.
fn plaintext_refusal(operation: &OperationInfo, body: &[u8]) -> Option<Plaintext> {
    let code = header::read_response(operation.header, body).ok()?.code?;
    let refused =
        operation.effect == Effect::Reads && operation.outcome_of(&code) == Outcome::Rejected;
    let text = refused.then(|| String::from_utf8(body.to_vec()).ok());
    text.flatten().map(Plaintext::from)
}

/// What a return code says of a call.
fn outcome_of(operation: &OperationInfo, code: Option<&str>) -> Outcome {
    match code {
        Some(code) => operation.outcome_of(code),
        None if operation.code_required => Outcome::Unknown,
        None => Outcome::Accepted,
    }
}
