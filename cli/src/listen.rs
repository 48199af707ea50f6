//! `skypay listen`: a partner's callback URL on this machine, implemented by
//! the generated server.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};
use skypay_client::{KeyRing, Transport};
use skypay_runtime::envelope;
use skypay_sandbox::limits;
use skypay_server::{
    Clock, Config, Context, NotStored, PartnerCallbacks, Refusal, Stored, callbacks, serve,
};
use skypay_types::{DateTime, Operation, OperationInfo, Outcome, Violation, read};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::call::{keyless, violation};
use crate::credentials::Options;
use crate::exit_status::Failure;
use crate::history::{self, Entry, History};
use crate::lists::Which;
use crate::operations::{self, shown, with_channel_names};
use crate::output::{Output, OutputFormat, message, out, wrapped};
use crate::registration::Registration;
use crate::sandbox::interrupted;
use skypay_sandbox::ordered_json::OrderedJson;

/// Receive callbacks: print, answer and forward them
///
/// Registers its URL with the sandbox; when it stops, it registers the former one
/// again. Decrypts, authenticates and checks each callback as the generated
/// server does, on any path, and answers it. Notifications and confirmations are
/// accepted; inquiries need a response with data, given with --answer. Each
/// callback is stored, encrypted, for `skypay replay`.
///
/// With --callback only that one is registered. Callbacks that are not selected
/// are answered and stored, but not printed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::credentials::HELP)]
pub(crate) struct Listen {
    #[command(flatten)]
    options: Options,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 7272)]
    port: u16,
    /// Leave the URLs of the sandbox as they are
    #[arg(long)]
    no_register: bool,
    /// Forward encrypted bodies unchanged to this URL, and return its response
    #[arg(long, visible_alias = "forward-to", value_name = "URL")]
    forward: Option<String>,
    /// Forward plaintext JSON to URL/<callback>, and return its response in JSON
    #[arg(long, value_name = "URL", conflicts_with = "forward")]
    forward_plaintext: Option<String>,
    /// The response to an inquiry, as JSON, such as payoutInquiry='{…}'
    #[arg(long, value_name = "CALLBACK=JSON")]
    answer: Vec<String>,
    /// The file in which callbacks are stored
    #[arg(long, value_name = "FILE", default_value = history::FILE)]
    history: PathBuf,
    /// Stop after this number of selected callbacks
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    which: Which,
}

/// How long the body of a request may take to arrive, as in the generated server.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A callback that was decrypted, authenticated and parsed.
#[derive(Clone)]
struct Seen {
    info: &'static OperationInfo,
    transaction_ids: Vec<String>,
    plaintext: OrderedJson,
    violations: Vec<Violation>,
}

impl Listen {
    pub(crate) async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        let only = self.which.operation.as_deref();
        if only.is_some_and(|name| !operations::callbacks().any(|info| info.name == name)) {
            let what = format!("there is no callback {}", only.unwrap_or_default());
            let help = "`skypay trigger --help` lists the callbacks.";
            return Err(Failure::usage(what).help(help));
        }
        let access = self.options.access().await?;
        let (served, mut count) = mpsc::unbounded_channel();
        let to = |url: Option<&String>| url.map(|url| Forward::to(url)).transpose();
        let partner = Partner {
            answers: Arc::new(self.answers()?),
            forward: to(self.forward_plaintext.as_ref())?,
            seen: Arc::default(),
        };
        let state = ListenState {
            partner,
            forward: to(self.forward.as_ref())?,
            keys: access.keys.clone(),
            history: Arc::new(Mutex::new(History::open(&self.history)?)),
            served,
            which: self.which.clone(),
            format,
        };
        let listener = listener(self.port).await?;
        let url = listener
            .local_addr()
            .map(|address| format!("http://{address}/"));
        let url = url.map_err(|error| Failure::not_sent(error.to_string()))?;
        let registration = if self.no_register || !access.is_sandbox {
            None
        } else {
            Some(Registration::of(&url, only).await)
        };
        self.greet(&url, registration.as_ref(), format);
        let routes = Router::new().fallback(receive).with_state(state);
        let wanted = self.count.unwrap_or(u64::MAX);
        let enough = async move {
            let mut seen = 0;
            while seen < wanted && count.recv().await.is_some() {
                seen += 1;
            }
        };
        let stop = async move {
            tokio::select! {
                () = enough => {}
                () = interrupted() => {}
            }
        };
        let serving = serve(listener, routes).with_graceful_shutdown(stop);
        serving
            .await
            .map_err(|error| Failure::not_sent(error.to_string()))?;
        let mut text = "Stopped.".to_owned();
        if let Some(Ok(registration)) = registration {
            let said = match registration.undo().await {
                Ok(said) => said.to_owned(),
                Err(failure) => failure.to_string(),
            };
            text.push_str(&format!(" {said}"));
        }
        Ok(Output::new(wrapped(&text, 0), &json!({ "stopped": true })))
    }

    fn greet(
        &self,
        url: &str,
        registration: Option<&Result<Registration, Failure>>,
        format: OutputFormat,
    ) {
        let history = &self.history;
        let warning = registration.and_then(|tried| tried.as_ref().ok()?.warning.as_ref());
        if format.json {
            let registered = matches!(registration, Some(Ok(_)));
            let greeting = json!({
                "listening": url,
                "registered": registered,
                "warning": warning,
                "history": history,
            });
            return out(&greeting.to_string());
        }
        let registered = match registration {
            None => "Not registered with a sandbox".to_owned(),
            Some(Err(failure)) => format!("Not registered: {failure}"),
            Some(Ok(_)) => match &self.which.operation {
                None => "Registered with the sandbox for all callbacks".to_owned(),
                Some(name) => format!("Registered with the sandbox for {name}"),
            },
        };
        let warning = warning.map_or_else(String::new, |warning| format!("\nWarning: {warning}"));
        out(&format!(
            "Listening on {url}\n{}\nKept in {}\n",
            wrapped(&format!("{registered}{warning}"), 0),
            history.display()
        ));
    }

    fn answers(&self) -> Result<BTreeMap<String, Value>, Failure> {
        let mut answers = BTreeMap::new();
        for given in &self.answer {
            let parted = given.split_once('=');
            let known = parted.filter(|(name, _)| operations::find(name).is_some());
            let (name, text) = known.ok_or_else(|| {
                Failure::usage("--answer does not begin with the name of a callback and =")
                    .help("For example --answer payoutInquiry='{…}'.")
            })?;
            let value = serde_json::from_str(text);
            let value =
                value.map_err(|_| Failure::usage(format!("--answer {name} is not JSON")))?;
            answers.insert(name.to_owned(), value);
        }
        Ok(answers)
    }
}

async fn listener(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let what = format!("cannot listen on {address}: {}", error.kind());
        Failure::usage(what).help("Choose another port with --port; 0 takes a free one.")
    })
}

/// The state of the server.
#[derive(Clone)]
struct ListenState {
    partner: Partner,
    forward: Option<Forward>,
    keys: KeyRing,
    history: Arc<Mutex<History>>,
    served: mpsc::UnboundedSender<()>,
    which: Which,
    format: OutputFormat,
}

async fn receive(State(state): State<ListenState>, request: Request) -> Response {
    let started = Instant::now();
    // SkyPay never sends this header, but a page in a browser does; it could
    // encrypt a callback with the keys of a sandbox, which are public.
    if request.headers().contains_key(ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(sealed) = timeout(BODY_TIME, to_bytes(body, limits::CALLBACK)).await else {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    };
    let Ok(sealed) = sealed else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let partner = Partner {
        seen: Arc::default(),
        ..state.partner.clone()
    };
    let seen = Arc::clone(&partner.seen);
    let config = Config::new(state.keys.clone());
    let fallback = callbacks::service(partner.clone(), config.clone());
    let service = callbacks::router(partner, config).fallback_service(fallback);
    let inner = Request::from_parts(parts, Body::from(sealed.clone()));
    let Ok(own) = service.oneshot(inner).await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (status, answer) = if let (Some(forward), Some(_)) = (&state.forward, &seen) {
        forward.sealed(&sealed).await
    } else {
        let (parts, body) = own.into_parts();
        let body = to_bytes(body, limits::CALLBACK_ANSWER).await;
        let body = body.unwrap_or_default();
        (parts.status, Ok(body))
    };
    let opened = answer.as_ref().ok().and_then(|body| state.opened(body));
    let received = Received {
        seen,
        sealed,
        status,
        problem: match &answer {
            Err(problem) => Some(problem),
            Ok(_) if status.is_success() => unusable(opened.as_deref()),
            Ok(_) => None,
        },
        answer: opened,
        milliseconds: started.elapsed().as_millis(),
    };
    state.record(&received);
    let mut response = Response::new(Body::from(answer.unwrap_or_default()));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(envelope::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Returns why a body with a status of success is no response.
fn unusable(plaintext: Option<&[u8]>) -> Option<&'static str> {
    match plaintext.map(operations::code_in) {
        None => Some("no receipt: our key does not open the answer from there"),
        Some(None) => Some("no receipt: the answer from there has no return code"),
        Some(Some(_)) => None,
    }
}

/// A callback and its result.
struct Received {
    seen: Option<Seen>,
    sealed: Bytes,
    status: StatusCode,
    /// The plaintext of the response, if it can be decrypted.
    answer: Option<Vec<u8>>,
    /// Why there is no response, or none that can be used.
    problem: Option<&'static str>,
    milliseconds: u128,
}

impl ListenState {
    fn opened(&self, body: &[u8]) -> Option<Vec<u8>> {
        let sets = self.keys.all();
        let mut opened = sets
            .iter()
            .filter_map(|set| envelope::open(set.key(), body).ok());
        opened.next().map(|plaintext| plaintext.as_bytes().to_vec())
    }

    /// Stores and prints the callback.
    fn record(&self, received: &Received) {
        let seen = received.seen.as_ref();
        let time = DateTime::from(Clock::default().now()).to_string();
        let entry = Entry {
            id: 0,
            time: time.clone(),
            operation: seen.map(|seen| seen.info.name.to_owned()),
            transaction_ids: seen
                .map(|seen| seen.transaction_ids.clone())
                .unwrap_or_default(),
            sealed: String::from_utf8_lossy(&received.sealed).into_owned(),
            status: received.status.as_u16(),
        };
        let kept = self
            .history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(entry);
        let id = kept.as_ref().copied().unwrap_or_default();
        if let Err(error) = kept {
            let failure = Failure::usage(format!("it was not kept: {}", error.kind()));
            crate::output::print_error(&failure, self.format);
        }
        let why = match seen {
            Some(_) => received.problem,
            None => Some(self.turned_away(&received.sealed)),
        };
        if seen.is_none_or(|seen| self.selects(seen)) {
            out(&received.shown(id, &time, why, self.format));
            let _ = self.served.send(());
        }
    }

    /// Whether a callback is printed. One that cannot be read always is.
    fn selects(&self, seen: &Seen) -> bool {
        let Which {
            operation,
            number,
            text,
        } = &self.which;
        let any_contains = |part: &String| seen.transaction_ids.iter().any(|id| id.contains(part));
        let plaintext = || serde_json::to_string(&seen.plaintext).unwrap_or_default();
        operation.as_ref().is_none_or(|name| name == seen.info.name)
            && number.as_ref().is_none_or(any_contains)
            && text
                .as_ref()
                .is_none_or(|text| plaintext().to_lowercase().contains(&text.to_lowercase()))
    }

    /// Returns why a body was rejected before the handler ran; the response does
    /// not contain the reason.
    fn turned_away(&self, sealed: &[u8]) -> &'static str {
        match self.opened(sealed) {
            None => "turned away: our key does not open it",
            Some(_) => {
                "turned away: it opens, but its credentials are wrong, its action is none of the \
                 callbacks, or a field is missing or cannot be read"
            }
        }
    }
}

impl Received {
    fn shown(&self, id: u64, time: &str, why: Option<&str>, format: OutputFormat) -> String {
        let said = self.answer.as_deref().and_then(operations::code_in);
        let (code, description) = said.unzip();
        let description = description.flatten();
        let seen = self.seen.as_ref();
        let plaintext = seen.map(|seen| shown(seen.info, seen.plaintext.clone(), format));
        if format.json {
            let broken = seen.map(|seen| seen.violations.iter().map(violation).collect::<Vec<_>>());
            return json!({
                "id": id,
                "time": time,
                "operation": seen.map(|seen| seen.info.name),
                "transaction_ids": seen.map(|seen| &seen.transaction_ids),
                "plaintext": plaintext,
                "violations": broken.unwrap_or_default(),
                "problem": why,
                "answer": {
                    "status": self.status.as_u16(),
                    "code": code,
                    "description": description,
                    "milliseconds": u64::try_from(self.milliseconds).unwrap_or(u64::MAX),
                },
            })
            .to_string();
        }
        let name = seen.map_or("not opened", |seen| seen.info.name);
        let mut text = format!("{id}  {time}  {name}");
        if let (Some(seen), Some(plaintext)) = (seen, plaintext) {
            let named = with_channel_names(seen.info, plaintext);
            text.push_str(&format!("\n{}", message(&named, 4)));
        }
        for violation in seen.into_iter().flat_map(|seen| &seen.violations) {
            text.push_str(&format!("\n{}", wrapped(&format!("! {violation}"), 4)));
        }
        if let Some(why) = why {
            text.push_str(&format!("\n{}", wrapped(&format!("! {why}"), 4)));
        }
        let code = code
            .map(|code| format!(", code {code}"))
            .unwrap_or_default();
        let description = description
            .map(|said| format!(" {said}"))
            .unwrap_or_default();
        let status = self.status.as_u16();
        let end = format!(
            "answered HTTP {status}{code}{description} in {} ms",
            self.milliseconds
        );
        text + &format!("\n{}\n ", wrapped(&end, 4))
    }
}

/// The target to which callbacks are forwarded.
#[derive(Clone, Debug)]
struct Forward {
    url: String,
    transport: Transport,
}

impl Forward {
    fn to(url: &str) -> Result<Self, Failure> {
        Ok(Self {
            url: url.to_owned(),
            transport: keyless(url)?,
        })
    }

    /// Forwards the encrypted body unchanged and returns the response.
    async fn sealed(&self, body: &Bytes) -> (StatusCode, Result<Bytes, &'static str>) {
        let request = self.transport.http_client().post(&self.url);
        let request = request
            .header(CONTENT_TYPE, envelope::CONTENT_TYPE)
            .body(body.clone());
        let Ok(response) = request.send().await else {
            return (
                StatusCode::BAD_GATEWAY,
                Err("no server answers where it is forwarded to"),
            );
        };
        let status = response.status();
        (status, whole(response).await)
    }

    /// Forwards the plaintext and returns the response if its status is 2xx.
    async fn plaintext(&self, name: &str, plaintext: Vec<u8>) -> Option<Vec<u8>> {
        let client = self.transport.http_client();
        let request = client.post(&self.url);
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(plaintext);
        let mut request = request.build().ok()?;
        let mut segments = request.url_mut().path_segments_mut().ok()?;
        segments.pop_if_empty().push(name);
        drop(segments);
        let response = client.execute(request).await.ok()?;
        let accepted = response.status().is_success();
        let body = whole(response).await.ok()?;
        accepted.then(|| body.to_vec())
    }
}

/// Reads a complete response, up to the size limit.
async fn whole<B>(response: impl Into<http::Response<B>>) -> Result<Bytes, &'static str>
where
    B: axum::body::HttpBody<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let body = Limited::new(response.into().into_body(), limits::CALLBACK_ANSWER);
    match body.collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err("the answer from there is larger than 64 KiB")
        }
        Err(_) => Err("the answer from there broke off"),
    }
}

/// The partner side of a callback.
#[derive(Clone)]
struct Partner {
    answers: Arc<BTreeMap<String, Value>>,
    forward: Option<Forward>,
    /// The callback being handled; each callback has a separate partner.
    seen: Arc<Mutex<Option<Seen>>>,
}

impl Partner {
    async fn notice<O: Operation>(&self, notice: O) -> Result<Stored, NotStored> {
        self.see(&notice);
        match &self.forward {
            None => Ok(Stored),
            Some(forward) => {
                let plaintext = serde_json::to_vec(&notice).unwrap_or_default();
                let accepted = forward.plaintext(O::INFO.name, plaintext).await;
                accepted
                    .map(|_| Stored)
                    .ok_or(NotStored::new("no program took it"))
            }
        }
    }

    async fn inquiry<O: Operation>(&self, inquiry: O) -> Result<O::Response, Refusal> {
        self.see(&inquiry);
        let text = match (&self.forward, self.answers.get(O::INFO.name)) {
            (Some(forward), _) => {
                let plaintext = serde_json::to_vec(&inquiry).unwrap_or_default();
                forward.plaintext(O::INFO.name, plaintext).await
            }
            (None, Some(answer)) => Some(answer.to_string().into_bytes()),
            (None, None) => Some(b"{}".to_vec()),
        };
        answer::<O>(text.as_deref())
    }

    fn see<O: Operation>(&self, request: &O) {
        let transaction_ids = request.transaction_ids().into_iter().map(str::to_owned);
        let broken = operations::violations(request);
        let seen = Seen {
            info: O::INFO,
            transaction_ids: transaction_ids.collect(),
            plaintext: OrderedJson::of(request),
            violations: broken
                .map(|all| all.violations().to_vec())
                .unwrap_or_default(),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}

/// Parses the typed response from plaintext: accepted if it is complete, refused if
/// its code is a refusal or a required field is missing.
fn answer<O: Operation>(text: Option<&[u8]>) -> Result<O::Response, Refusal> {
    let text = text.unwrap_or(b"{}");
    if let Some((code, description)) = operations::code_in(text)
        && O::INFO.outcome_of(&code) != Outcome::Accepted
    {
        return Err(Refusal::new(code, description.unwrap_or_default()));
    }
    let unusable = |why: String| {
        let from = O::INFO.partner_codes.map_or(0, |(from, _)| from);
        Refusal::partner::<O>(from, why).unwrap_or_else(|_| Refusal::new("", ""))
    };
    let response = read::from_slice::<O::Response>(text).map_err(|error| {
        let field = error.field();
        unusable(match text {
            b"{}" => "The listener was given no answer to this inquiry".to_owned(),
            _ if field.is_empty() => "The listener's answer cannot be read".to_owned(),
            _ => format!("The listener's answer cannot be read: {field}"),
        })
    })?;
    match operations::violations(&response) {
        None => Ok(response),
        Some(broken) => Err(unusable(format!("The listener's answer: {broken}"))),
    }
}

macro_rules! partner {
    (
        skypay { $($any:tt)* }
        notices { $($notice:ident($told:ident) -> $noted:ident;)* }
        inquiries { $($inquiry:ident($asked:ident) -> $answer:ident;)* }
    ) => {
        impl PartnerCallbacks for Partner {
            $(async fn $notice(
                &self,
                _: &Context,
                notice: skypay_types::$told,
            ) -> Result<Stored, NotStored> {
                self.notice(notice).await
            })*
            $(async fn $inquiry(
                &self,
                _: &Context,
                inquiry: skypay_types::$asked,
            ) -> Result<skypay_types::$answer, Refusal> {
                self.inquiry(inquiry).await
            })*
        }
    };
}
skypay_types::with_operations!(partner);
