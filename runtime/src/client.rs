//! The sending half: one call, its transport, and what its answer says.
//!
//! [`Transport::exchange`] carries one HTTP request and its answer through the
//! envelope; [`Transport::call`] puts validation before it and the judgement
//! of the outcome after it. Between the two stands generated code that builds
//! the HTTP request and hands back the opened text.

use std::fmt;
use std::sync::Arc;

use progenitor_client::ResponseValue;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, ResponseBuilderExt, StatusCode, Url};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::clock::Clock;
use crate::envelope::{self, Clear};
use crate::head::{self, AnswerHead};
use crate::keys::{Credentials, KeyRing};
use crate::operation::{Answer, Direction, Effect, Operation, OperationInfo, Outcome, Resend};
use crate::outcome::{
    CallOutcome, Error, NotSent, NotSentReason, Rejected, Source, Unknown, UnknownCause,
};
use crate::read;
use crate::value::DateTime;

mod builder;
mod watch;

pub use builder::{SetupError, TransportBuilder, check_path_parameter};
pub use watch::{Exchange, Observer};

use watch::{Cargo, KeyChange, Watch};

/// Carries calls: keys, HTTP settings, clock and observer. Cloning it is cheap.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    base_url: Url,
    keys: KeyRing,
    clock: Clock,
    observer: Option<Observer>,
    read_retries: u32,
    response_limit: usize,
    /// For calls that change nothing; keeps connections open.
    reading: reqwest::Client,
    /// For calls that change something: every one gets a connection of its
    /// own, so that none is lost in the race between sending on an idle
    /// connection and the server closing it.
    acting: reqwest::Client,
}

/// How often one call follows `SkyPay` to another set of keys. Twice, because
/// the set may come into use between two tries: a call that was refused with
/// the new set and then with the old one goes through with the new one.
const KEY_CHANGES: u32 = 2;

/// How much later than the document says a question is of use, in seconds. The
/// clocks of the two sides differ, and whoever asks may go by a third one.
const CLOCK_MARGIN: i64 = 60;

/// The error of an operation, with its table of return codes.
type ErrorOf<O> = Error<<<O as Operation>::Response as Answer>::Code>;

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

    /// The keys; rotating them here reaches everyone who shares them.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.0.keys
    }

    /// The HTTP client with which generated code builds its requests. What is
    /// sent goes through [`Transport::exchange`] instead.
    #[must_use]
    pub fn request_factory(&self) -> reqwest::Client {
        self.0.reading.clone()
    }

    /// The earliest moment, in GMT+8, at which asking what became of a call that
    /// ends now is of use; `None` where the document gives no time to wait.
    ///
    /// It is a whole second, and a minute later than the document says, since
    /// clocks differ. Before it an answer says nothing, and even after it one
    /// answer that something is not there proves nothing.
    #[must_use]
    pub fn ask_not_before(&self, operation: &OperationInfo) -> Option<DateTime> {
        let seconds = i64::from(operation.ask_after_seconds?) + CLOCK_MARGIN;
        let time = self.0.clock.date_time().plus_seconds(seconds);
        let whole = DateTime::from(time.civil().with().subsec_nanosecond(0).build().ok()?);
        Some(if whole < time {
            whole.plus_seconds(1)
        } else {
            whole
        })
    }

    /// Makes one call: validates `request`, lets `send` carry it, and judges
    /// the answer.
    ///
    /// `send` is the generated method that ends up in [`Transport::exchange`].
    /// It runs once, with two exceptions. Where the operation reads and the
    /// connection failed it runs again, as often as
    /// [`TransportBuilder::read_retries`] says. And while the ring has several
    /// sets of keys, it runs again after a refusal of the keys that came
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
    pub async fn call<O, F, Fut>(&self, request: &O, send: F) -> Result<O::Response, ErrorOf<O>>
    where
        O: Operation,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<ResponseValue<Opened>, progenitor_client::Error<()>>>,
    {
        let watch = Watch::start(O::INFO, self.0.observer.clone());
        let span = watch.span().clone();
        let result = self.tries(request, send, &watch).instrument(span).await;
        match &result {
            Ok(response) => watch.finish(CallOutcome::Accepted, response.response_code()),
            Err(error) => watch.finish(error.outcome(), error.code()),
        }
        result
    }

    async fn tries<O, F, Fut>(
        &self,
        request: &O,
        send: F,
        watch: &Watch,
    ) -> Result<O::Response, ErrorOf<O>>
    where
        O: Operation,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<ResponseValue<Opened>, progenitor_client::Error<()>>>,
    {
        validate(request)?;
        let mut retries = match O::INFO.effect {
            Effect::Reads => self.0.read_retries,
            Effect::ChangesState | Effect::MovesMoney => 0,
        };
        let mut key_changes = KEY_CHANGES;
        loop {
            let result = match watch.measure(send()).await {
                Ok(answer) => match watch.opened() {
                    Some(clear) => self.judge(request, &clear),
                    None => self.judge(request, answer.into_inner().text()),
                },
                Err(error) => Err(self.classify(request, error)),
            };
            match result {
                Err(error) if retries > 0 && connection_failed(&error) => retries -= 1,
                Err(Error::Rejected(rejected)) if !O::INFO.refuses_keys(rejected.code()) => {
                    if key_changes == KEY_CHANGES {
                        return Err(Error::Rejected(rejected));
                    }
                    let code = Some(rejected.code().to_owned());
                    return Err(self.unknown(request, UnknownCause::Code, code, None));
                }
                Err(Error::Rejected(_)) if key_changes > 0 && self.follow(O::INFO, watch) => {
                    key_changes -= 1;
                }
                result => return result,
            }
        }
    }

    /// Goes over to the set of keys that the last answer was sealed with, if
    /// that is another one than the request was sealed with; says whether the
    /// call may be sent again with it. What the document forbids to send again
    /// would not be recognised if it came twice, so there the caller decides.
    fn follow(&self, operation: &OperationInfo, watch: &Watch) -> bool {
        let Some(KeyChange { from, to }) = watch.key_change() else {
            return false;
        };
        let known = self.0.keys.prefer(&from, &to);
        let again = known && operation.resend != Resend::Never;
        if again {
            tracing::info!("a call is refused with one set of keys and tried with another");
            watch.seal_with(to);
        }
        again
    }

    /// What a readable answer says.
    ///
    /// An answer that refuses lacks most fields of one that accepts. So where
    /// this is not one of those, the return code is read on its own.
    fn judge<O: Operation>(&self, request: &O, clear: &str) -> Result<O::Response, ErrorOf<O>> {
        let read = read::from_slice::<O::Response>(clear.as_bytes());
        let accepted = |response: &O::Response| judged(O::INFO, response.response_code());
        let response = match read {
            Ok(response) if accepted(&response) == Outcome::Accepted => return Ok(response),
            other => other,
        };
        let head = match head::read_answer(clear.as_bytes()) {
            Ok(head) => head,
            Err(error) => {
                let source = Some(error.into());
                return Err(self.unknown(request, UnknownCause::Unreadable, None, source));
            }
        };
        match (judged(O::INFO, head.code.as_deref()), head) {
            (Outcome::Accepted, head) => response.map_err(|error| {
                let source = Some(error.into());
                self.unknown(request, UnknownCause::Unreadable, head.code, source)
            }),
            (
                Outcome::Rejected,
                AnswerHead {
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
            (_, head) => Err(self.unknown(request, UnknownCause::Code, head.code, None)),
        }
    }

    /// What it says of the call that there is no readable answer.
    fn classify<O: Operation>(
        &self,
        request: &O,
        error: progenitor_client::Error<()>,
    ) -> ErrorOf<O> {
        use progenitor_client::Error as Sent;

        let not_sent = |reason, source| {
            Error::NotSent(NotSent {
                operation: O::INFO,
                reason,
                source,
            })
        };
        match error {
            Sent::InvalidRequest(_) => not_sent(NotSentReason::Request, None),
            Sent::CommunicationError(error) => {
                // The URL names the caller and helps nobody in a log.
                let error = error.without_url();
                if error.is_builder() {
                    not_sent(NotSentReason::Request, Some(error.into()))
                } else if error.is_connect() {
                    not_sent(NotSentReason::Connect, Some(error.into()))
                } else {
                    self.unknown(request, interruption(&error), None, Some(error.into()))
                }
            }
            Sent::UnexpectedResponse(response) => match response.extensions().get::<Failure>() {
                Some(Failure::NotSent) => not_sent(NotSentReason::Request, None),
                Some(Failure::Unknown(cause, code)) => {
                    self.unknown(request, *cause, code.clone(), None)
                }
                None => self.unknown(request, status_cause(response.status()), None, None),
            },
            Sent::ErrorResponse(response) => {
                self.unknown(request, status_cause(response.status()), None, None)
            }
            Sent::ResponseBodyError(error) | Sent::InvalidUpgrade(error) => {
                let error = error.without_url();
                self.unknown(request, interruption(&error), None, Some(error.into()))
            }
            // Its error and its text quote the payload: neither is kept.
            Sent::InvalidResponsePayload(..) | Sent::Custom(_) => {
                self.unknown(request, UnknownCause::Unreadable, None, None)
            }
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
            subjects: request.subjects().into_iter().map(String::from).collect(),
            cause,
            code: code.map(Into::into),
            ask_not_before: self.ask_not_before(O::INFO),
            source,
        })
    }

    /// Carries one HTTP request and its answer through the envelope.
    ///
    /// `request` is what generated code has built: a JSON body, and in the
    /// fragment of the URL the label of one of `operations`. What is sent is a
    /// new request that takes over only the URL and the content. The answer
    /// comes back as 200 with clear JSON; anything else comes back with
    /// another status and, for [`Transport::call`], the reason.
    ///
    /// # Errors
    ///
    /// Those of the HTTP client while sending, unchanged.
    pub async fn exchange(
        &self,
        operations: &[&'static OperationInfo],
        request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Response> {
        let operation = operations
            .iter()
            .find(|operation| request.url().fragment() == Some(operation.label));
        let credentials = Cargo::chosen().unwrap_or_else(|| self.0.keys.current());
        let Some((operation, sealed)) = operation
            .and_then(|operation| Some((operation, seal(&credentials, operation, &request)?)))
        else {
            return Ok(Failure::NotSent.into());
        };
        Cargo::note_request(sealed.len());

        let mut url = request.url().clone();
        url.set_fragment(None);
        let mut outgoing = reqwest::Request::new(Method::POST, url.clone());
        outgoing.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static(envelope::CONTENT_TYPE),
        );
        *outgoing.body_mut() = Some(sealed.into());

        let client = match operation.effect {
            Effect::Reads => &self.0.reading,
            Effect::ChangesState | Effect::MovesMoney => &self.0.acting,
        };
        let response = client.execute(outgoing).await?;
        Ok(
            match self.receive(operation, &credentials, response).await {
                // Generated code could only carry it through one more copy, and
                // look at it once more.
                Ok(clear) => answered(
                    url,
                    match Cargo::hand_over(clear) {
                        Ok(()) => "null".into(),
                        Err(clear) => read::without_mark(clear.as_bytes()).to_vec().into(),
                    },
                ),
                Err(failure) => failure.into(),
            },
        )
    }

    /// The same for a base URL that is called as it stands, without a path
    /// behind it: of the URL of `request` only the label is taken.
    ///
    /// # Errors
    ///
    /// Those of the HTTP client while sending, unchanged.
    pub async fn exchange_at_base_url(
        &self,
        operations: &[&'static OperationInfo],
        mut request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Response> {
        let mut url = self.0.base_url.clone();
        url.set_fragment(request.url().fragment());
        *request.url_mut() = url;
        self.exchange(operations, request).await
    }

    /// Reads an answer to what was sealed with `sent`.
    async fn receive(
        &self,
        operation: &OperationInfo,
        sent: &Arc<Credentials>,
        response: reqwest::Response,
    ) -> Result<Clear, Failure> {
        let status = response.status();
        if status != StatusCode::OK {
            return self.receive_error(operation, sent, response).await;
        }
        let body = self.collect(response).await;
        let body = body.map_err(|cause| Failure::Unknown(cause, None))?;
        Cargo::note_response(body.len());
        if let Some((answered, clear)) = self.open(sent, &body) {
            note_key_change(operation, sent, &answered);
            return Ok(clear);
        }
        refusal_in_clear(operation, body).ok_or(Failure::Unknown(UnknownCause::Unreadable, None))
    }

    /// Reads an answer with another status than the one that the document has.
    /// What is refused before anything was carried out may come so: encrypted,
    /// with a status of 4xx and a code that refuses the keys, it is believed.
    /// Any other code is shown, and says nothing.
    async fn receive_error(
        &self,
        operation: &OperationInfo,
        sent: &Arc<Credentials>,
        response: reqwest::Response,
    ) -> Result<Clear, Failure> {
        let status = response.status();
        let unknown = |code| Failure::Unknown(status_cause(status), code);
        if !status.is_client_error() && !status.is_server_error() {
            return Err(unknown(None));
        }
        let body = self.collect(response).await.map_err(|_| unknown(None))?;
        let (answered, clear) = self.open(sent, &body).ok_or_else(|| unknown(None))?;
        let code = head::read_answer(clear.as_bytes())
            .ok()
            .and_then(|head| head.code);
        let believed = status.is_client_error()
            && operation.direction == Direction::ToSkypay
            && code
                .as_deref()
                .is_some_and(|code| operation.refuses_keys(code));
        if !believed {
            return Err(unknown(code));
        }
        Cargo::note_response(body.len());
        note_key_change(operation, sent, &answered);
        Ok(clear)
    }

    async fn collect(&self, mut response: reqwest::Response) -> Result<Vec<u8>, UnknownCause> {
        let limit = self.0.response_limit;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(UnknownCause::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| interruption(&e))? {
            if chunk.len() > limit - body.len() {
                return Err(UnknownCause::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Opens an answer with whichever set it was sealed with: that of the
    /// request, which may have been retired meanwhile, or one of the ring. A
    /// wrong key gives well-padded noise now and then, hence the look at the
    /// text.
    fn open(&self, sent: &Arc<Credentials>, body: &[u8]) -> Option<(Arc<Credentials>, Clear)> {
        let ring = self.0.keys.all();
        let others = ring.iter().filter(|set| !Arc::ptr_eq(set, sent));
        let sets: Vec<_> = [sent].into_iter().chain(others).collect();
        let mut opened = sets.iter().filter_map(|set| {
            let clear = envelope::open(set.key(), body).ok()?;
            Some((Arc::clone(set), clear))
        });
        if sets.len() == 1 {
            // Noise is found out by whoever reads it.
            return opened.next();
        }
        opened.find(|(_, clear)| {
            let text = read::without_mark(clear.as_bytes());
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

/// The clear text of an answer, on its way from [`Transport::exchange`] through
/// generated code to [`Transport::call`].
///
/// It is the answer type of all generated raw methods; the typed answer is read
/// from it afterwards, with the tolerant reader.
#[derive(Clone)]
pub struct Opened(Box<RawValue>);

impl Opened {
    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for Opened {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

/// Why [`Transport::exchange`] has no clear answer; travels as an extension of
/// the response, because neither `reqwest::Error` nor
/// `progenitor_client::Error` can be made to hold it.
#[derive(Clone, Debug)]
enum Failure {
    NotSent,
    /// Why, and the return code where there is a readable one.
    Unknown(UnknownCause, Option<String>),
}

impl From<Failure> for reqwest::Response {
    fn from(failure: Failure) -> Self {
        let mut response = http::Response::new("");
        // Any status but 200 will do: `call` reads the extension.
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.extensions_mut().insert(failure);
        response.into()
    }
}

/// A response with this text. Without a URL one would be made up and read.
fn answered(url: Url, text: reqwest::Body) -> reqwest::Response {
    let response = http::Response::builder().url(url).body(text);
    // Only headers and a status could be wrong, and there are none.
    response.unwrap_or_default().into()
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

/// Whether a call that only reads may be tried again at once: there was no
/// answer, and it was not for lack of time.
fn connection_failed<C>(error: &Error<C>) -> bool {
    match error {
        Error::NotSent(error) => matches!(error.reason, NotSentReason::Connect),
        Error::Unknown(error) => error.cause == UnknownCause::Connection,
        Error::Rejected(_) => false,
    }
}

fn interruption(error: &reqwest::Error) -> UnknownCause {
    if error.is_timeout() {
        UnknownCause::Timeout
    } else {
        UnknownCause::Connection
    }
}

fn seal(
    credentials: &Credentials,
    operation: &OperationInfo,
    request: &reqwest::Request,
) -> Option<String> {
    let body = request.body()?.as_bytes()?;
    let (head, rest) = head::write_request(credentials, operation, body)?;
    Some(envelope::seal(credentials.key(), &[&head, rest]))
}

/// Notes with which set `SkyPay` has answered, if it is another one than the
/// request was sealed with. A partner that answers with another one has mistaken
/// its keys, and `SkyPay` does not follow it.
fn note_key_change(operation: &OperationInfo, from: &Arc<Credentials>, to: &Arc<Credentials>) {
    if operation.direction == Direction::ToSkypay && !Arc::ptr_eq(from, to) {
        Cargo::note_key_change(KeyChange {
            from: Arc::clone(from),
            to: Arc::clone(to),
        });
    }
}

fn status_cause(status: StatusCode) -> UnknownCause {
    if status.is_redirection() {
        UnknownCause::Redirect(status.as_u16())
    } else {
        UnknownCause::HttpStatus(status.as_u16())
    }
}

/// An answer in clear text comes from whoever had the connection, so it may
/// say only what does no harm if it is false: that a call which would have
/// changed nothing was refused.
fn refusal_in_clear(operation: &OperationInfo, body: Vec<u8>) -> Option<Clear> {
    let code = head::read_answer(&body).ok()?.code?;
    let refused =
        operation.effect == Effect::Reads && operation.outcome_of(&code) == Outcome::Rejected;
    let text = refused.then(|| String::from_utf8(body).ok());
    text.flatten().map(Clear::from)
}

/// What a return code says of a call.
fn judged(operation: &OperationInfo, code: Option<&str>) -> Outcome {
    match code {
        Some(code) => operation.outcome_of(code),
        None if operation.code_required => Outcome::Unknown,
        None => Outcome::Accepted,
    }
}
