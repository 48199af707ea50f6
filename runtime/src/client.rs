//! The sending half: a call from its typed request to its outcome.
//!
//! [`Transport::call`] validates the request, writes it as JSON, encrypts it,
//! sends it through an [`HttpService`], decrypts the response, and classifies
//! what it says.

use std::fmt;
use std::sync::Arc;

use reqwest::{StatusCode, Url};
use serde_json::value::RawValue;
use tower::ServiceExt;
use tracing::Instrument;

use crate::clock::Clock;
use crate::envelope::{self, Plaintext};
use crate::header::{self, ResponseHeader};
use crate::keys::{Credentials, KeyRing};
use crate::operation::{Direction, Effect, Operation, OperationInfo, Outcome, Response, Retry};
use crate::outcome::{
    CallOutcome, Error, NotSent, NotSentReason, Rejected, Source, Unknown, UnknownCause,
};
use crate::read;
use crate::secret::SecretBuffer;
use crate::value::DateTime;

mod builder;
mod http;
mod report;

pub use builder::{SetupError, TransportBuilder, check_path_parameter};
pub use http::{CallEnded, EncryptedRequest, EncryptedResponse, HttpService, Posted};
pub use report::{CallReport, Observer};

use http::{CancelOnDrop, Failure};
use report::{CallSpan, Counts};

/// Carries calls: keys, HTTP settings, clock and observer. Cloning it is cheap.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    base_url: Url,
    keys: KeyRing,
    clock: Clock,
    observer: Option<Observer>,
    layers: Vec<Layer>,
    read_retries: u32,
    response_limit: usize,
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
        &self.0.keys
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
        let time = self.0.clock.date_time().plus_seconds(seconds);
        let whole = DateTime::from(time.civil().with().subsec_nanosecond(0).build().ok()?);
        Some(if whole < time {
            whole.plus_seconds(1)
        } else {
            whole
        })
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
    /// the observer and the log are told, the caller has to know it.
    ///
    /// # Errors
    ///
    /// See [`Error`]: not sent, rejected, or unknown.
    pub async fn call<O: Operation>(
        &self,
        service: &HttpService,
        request: &O,
    ) -> Result<O::Response, ErrorOf<O>> {
        let mut call = CallSpan::start(O::INFO, self.0.observer.clone());
        let span = call.span();
        let attempts = self.attempts(service, request, call.counts());
        let result = attempts.instrument(span).await;
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
        counts: &mut Counts,
    ) -> Result<O::Response, ErrorOf<O>> {
        validate(request)?;
        let fields = written(request)?;
        let mut retries = match O::INFO.effect {
            Effect::Reads => self.0.read_retries,
            Effect::ChangesState | Effect::MovesMoney => 0,
        };
        let mut key_changes = KEY_CHANGES;
        let mut chosen = None;
        loop {
            let keys = chosen.clone().unwrap_or_else(|| self.0.keys.current());
            let received = self
                .exchange(service, O::INFO, &keys, &fields, counts)
                .await;
            let (plaintext, other_keys) = match received {
                Ok(received) => received,
                Err(failure) if retries > 0 && failure.is_connection() => {
                    retries -= 1;
                    continue;
                }
                Err(failure) => return Err(self.failed(request, failure)),
            };
            match (self.classify(request, &plaintext), other_keys) {
                (Err(Error::Rejected(rejected)), _)
                    if chosen.is_some() && !O::INFO.refuses_keys(rejected.code()) =>
                {
                    let code = Some(rejected.code().to_owned());
                    return Err(self.unknown(request, UnknownCause::Code, code, None));
                }
                (Err(Error::Rejected(rejected)), _) if !O::INFO.refuses_keys(rejected.code()) => {
                    return Err(Error::Rejected(rejected));
                }
                (Err(Error::Rejected(_)), Some(other))
                    if key_changes > 0 && self.switch_keys(O::INFO, &keys, &other) =>
                {
                    key_changes -= 1;
                    chosen = Some(other);
                }
                (result, _) => return result,
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
        counts: &mut Counts,
    ) -> Result<(Plaintext, Option<Arc<Credentials>>), Failure> {
        let Some((header, rest)) = header::write_request(keys, operation, fields) else {
            return Err(Failure::NotSent(NotSentReason::Request, None));
        };
        let body = envelope::seal(keys.key(), &[&header, rest]);
        counts.sends(body.len());
        let (request, ticket) = EncryptedRequest::new(operation, body);
        let cancel = CancelOnDrop(ticket);
        let response = service.clone().oneshot(request).await;
        let response = response.map_err(|error| Failure::of_service(error, !cancel.0.cancel()))?;
        self.decrypt(operation, keys, &response, counts)
    }

    /// Sends fields that no type describes; only the header is added. For tools
    /// that try what a server does with them.
    ///
    /// Gives the plaintext of the response, whatever it says.
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
        let keys = self.0.keys.current();
        let mut counts = Counts::default();
        let sent = self.exchange(service, operation, &keys, fields, &mut counts);
        match sent.await {
            Ok((plaintext, _)) => Ok(plaintext),
            Err(Failure::NotSent(..)) => Err(CallOutcome::NotSent),
            Err(Failure::Unknown { .. }) => Err(CallOutcome::Unknown),
        }
    }

    /// Makes `other` the set that calls begin with, since a response to `keys`
    /// was encrypted with it, and says whether the call may be sent again with
    /// it. What the document forbids to send again would not be recognised if
    /// it came twice, so there the caller decides.
    fn switch_keys(
        &self,
        operation: &OperationInfo,
        keys: &Arc<Credentials>,
        other: &Arc<Credentials>,
    ) -> bool {
        let known = self.0.keys.prefer(keys, other);
        let again = known && operation.retry != Retry::Never;
        if again {
            tracing::info!("a call was refused with one set of keys and is sent with another");
        }
        again
    }

    /// What a readable answer says.
    ///
    /// An answer that refuses lacks most fields of one that accepts. So where
    /// this is not one of those, the return code is read on its own.
    fn classify<O: Operation>(
        &self,
        request: &O,
        plaintext: &str,
    ) -> Result<O::Response, ErrorOf<O>> {
        let read = read::from_slice::<O::Response>(plaintext.as_bytes());
        let accepted = |response: &O::Response| outcome_of(O::INFO, response.response_code());
        let response = match read {
            Ok(response) if accepted(&response) == Outcome::Accepted => return Ok(response),
            other => other,
        };
        let header = match header::read_answer(O::INFO.header, plaintext.as_bytes()) {
            Ok(header) => header,
            Err(error) => {
                let source = Some(error.into());
                return Err(self.unknown(request, UnknownCause::Unreadable, None, source));
            }
        };
        match (outcome_of(O::INFO, header.code.as_deref()), header) {
            (Outcome::Accepted, header) => response.map_err(|error| {
                let source = Some(error.into());
                self.unknown(request, UnknownCause::Unreadable, header.code, source)
            }),
            (
                Outcome::Rejected,
                ResponseHeader {
                    time,
                    code: Some(code),
                    description,
                },
            ) => Err(Error::Rejected(Rejected {
                operation: O::INFO,
                code: code.into(),
                description,
                time,
            })),
            (_, header) => Err(self.unknown(request, UnknownCause::Code, header.code, None)),
        }
    }

    fn failed<O: Operation>(&self, request: &O, failure: Failure) -> ErrorOf<O> {
        match failure {
            Failure::NotSent(reason, source) => Error::NotSent(NotSent {
                operation: O::INFO,
                reason,
                source,
            }),
            Failure::Unknown {
                cause,
                code,
                source,
            } => self.unknown(request, cause, code, source),
        }
    }

    fn unknown<O: Operation>(
        &self,
        request: &O,
        cause: UnknownCause,
        code: Option<String>,
        source: Option<Source>,
    ) -> ErrorOf<O> {
        Error::Unknown(Unknown {
            operation: O::INFO,
            transaction_ids: request
                .transaction_ids()
                .into_iter()
                .map(String::from)
                .collect(),
            cause,
            code: code.map(Into::into),
            ask_not_before: self.ask_not_before(O::INFO),
            source,
        })
    }

    /// Decrypts the response to a request that was encrypted with `sent`.
    fn decrypt(
        &self,
        operation: &OperationInfo,
        sent: &Arc<Credentials>,
        response: &EncryptedResponse,
        counts: &mut Counts,
    ) -> Result<(Plaintext, Option<Arc<Credentials>>), Failure> {
        if response.status() != StatusCode::OK {
            return self.decrypt_error(operation, sent, response, counts);
        }
        let body = response.body();
        counts.received(body.len());
        if let Some((answered, plaintext)) = self.open(sent, body) {
            return Ok((plaintext, other_keys(operation, sent, answered)));
        }
        match plaintext_refusal(operation, body) {
            Some(plaintext) => Ok((plaintext, None)),
            None => Err(Failure::unknown(UnknownCause::Unreadable, None)),
        }
    }

    /// Decrypts a response with another status than the one that the document
    /// has. What is refused before anything was carried out may come so:
    /// encrypted, with a status of 4xx and a code that refuses the keys, it is
    /// believed. Any other code is shown, and says nothing.
    fn decrypt_error(
        &self,
        operation: &OperationInfo,
        sent: &Arc<Credentials>,
        response: &EncryptedResponse,
        counts: &mut Counts,
    ) -> Result<(Plaintext, Option<Arc<Credentials>>), Failure> {
        let status = response.status();
        let unknown = |code| Failure::Unknown {
            cause: status_cause(status),
            code,
            source: None,
        };
        let opened = self.open(sent, response.body());
        let (answered, plaintext) = opened.ok_or_else(|| unknown(None))?;
        let header = header::read_answer(operation.header, plaintext.as_bytes()).ok();
        let code = header.and_then(|header| header.code);
        let believed = status.is_client_error()
            && operation.direction == Direction::ToProvider
            && code
                .as_deref()
                .is_some_and(|code| operation.refuses_keys(code));
        if !believed {
            return Err(unknown(code));
        }
        counts.received(response.body().len());
        Ok((plaintext, other_keys(operation, sent, answered)))
    }

    /// Opens an answer with whichever set it was sealed with: that of the
    /// request, which may have been retired meanwhile, or one of the ring. A
    /// wrong key gives well-padded noise now and then, hence the look at the
    /// text.
    fn open(&self, sent: &Arc<Credentials>, body: &[u8]) -> Option<(Arc<Credentials>, Plaintext)> {
        let ring = self.0.keys.all();
        let others = ring.iter().filter(|set| !Arc::ptr_eq(set, sent));
        let sets: Vec<_> = [sent].into_iter().chain(others).collect();
        let mut opened = sets.iter().filter_map(|set| {
            let plaintext = envelope::open(set.key(), body).ok()?;
            Some((Arc::clone(set), plaintext))
        });
        if sets.len() == 1 {
            // Whether it is a response is found out when it is read.
            return opened.next();
        }
        opened.find(|(_, plaintext)| {
            let text = read::without_mark(plaintext.as_bytes());
            serde_json::from_slice::<&RawValue>(text).is_ok()
        })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

fn validate<O: Operation>(request: &O) -> Result<(), ErrorOf<O>> {
    request.validate().map_err(|invalid| {
        Error::NotSent(NotSent {
            operation: O::INFO,
            reason: NotSentReason::Invalid(invalid),
            source: None,
        })
    })
}

/// The fields of a request as JSON.
fn written<O: Operation>(request: &O) -> Result<SecretBuffer, ErrorOf<O>> {
    let mut fields = SecretBuffer::with_capacity(1024);
    let written = serde_json::to_writer(&mut fields, request);
    written.map_err(|_| {
        Error::NotSent(NotSent {
            operation: O::INFO,
            reason: NotSentReason::Request,
            source: None,
        })
    })?;
    Ok(fields)
}

/// The set of keys that a response was encrypted with, if `SkyPay` chose
/// another one than the request's. A partner that answers with another one has
/// mistaken its keys, and `SkyPay` does not follow it.
fn other_keys(
    operation: &OperationInfo,
    sent: &Arc<Credentials>,
    answered: Arc<Credentials>,
) -> Option<Arc<Credentials>> {
    let other = operation.direction == Direction::ToProvider && !Arc::ptr_eq(sent, &answered);
    other.then_some(answered)
}

fn status_cause(status: StatusCode) -> UnknownCause {
    if status.is_redirection() {
        UnknownCause::Redirect(status.as_u16())
    } else {
        UnknownCause::HttpStatus(status.as_u16())
    }
}

/// A response in plaintext is not authenticated by any key, so it may
/// say only what does no harm if it is false: that a call which would have
/// changed nothing was refused.
fn plaintext_refusal(operation: &OperationInfo, body: &[u8]) -> Option<Plaintext> {
    let code = header::read_answer(operation.header, body).ok()?.code?;
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
