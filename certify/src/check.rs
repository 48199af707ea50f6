//! The checks, and what one of them may use.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skypay_runtime::envelope;
use skypay_runtime::keys;
use skypay_types::{Mode, OperationInfo, Outcome as CodeOutcome};
use tokio::sync::OnceCell;

use crate::configuration::{Configuration, Credentials, Limits};
use crate::effects::{self, Recorded};
use crate::message::{Message, masked, response_schema};
use crate::money::session::Session;
use crate::report::Exchange;
use crate::run::Budget;
use crate::target::{Answer, Connection, NoAnswer, Sending};
use crate::{book, door, money};

/// What a check needs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Level {
    /// URL and keys: protocol, tolerance and security.
    Door,
    /// Also fixtures and a way to count effects: once, stored replies, order.
    Book,
    /// The partner's own program, which is given orders: no payout is paid twice.
    Money,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Book => "book",
            Self::Money => "money",
        }
    }
}

/// Whether a check has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Necessity {
    /// A failure costs money, data or callbacks.
    Must,
    /// It is recommended; otherwise there is a warning.
    Should,
}

/// A check.
#[derive(Clone, Copy)]
pub struct Check {
    /// The id: its level's letter and a number.
    pub id: &'static str,
    /// What it needs.
    pub level: Level,
    /// Whether it has to pass.
    pub necessity: Necessity,
    /// What it demands.
    pub title: &'static str,
    /// The rule that it comes from.
    pub rule: &'static str,
    pub(crate) probe: Probe,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// Returns the check with the given id.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        CHECKS
            .iter()
            .copied()
            .flatten()
            .find(|check| check.id == id)
    }
}

/// A check that has to pass. The letter of its id is that of its level.
pub(crate) const fn must(
    id: &'static str,
    title: &'static str,
    rule: &'static str,
    probe: Probe,
) -> Check {
    Check {
        id,
        level: match id.as_bytes().first() {
            Some(b'D') => Level::Door,
            Some(b'B') => Level::Book,
            _ => Level::Money,
        },
        necessity: Necessity::Must,
        title,
        rule,
        probe,
    }
}

/// A check that is recommended.
pub(crate) const fn should(
    id: &'static str,
    title: &'static str,
    rule: &'static str,
    probe: Probe,
) -> Check {
    Check {
        necessity: Necessity::Should,
        ..must(id, title, rule, probe)
    }
}

/// All checks, by level.
pub const CHECKS: &[&[Check]] = &[door::CHECKS, book::CHECKS, money::CHECKS];

/// What a check does with each callback.
#[derive(Clone, Copy)]
pub(crate) enum Probe {
    /// Sends these messages; each has to be answered as the example is.
    Accepts(fn(&Message) -> Vec<Message>),
    /// Sends these requests; none may be accepted.
    Refuses(fn(&Trial<'_>, &Message) -> Vec<(String, Sending)>),
    /// Anything else.
    Own(for<'a> fn(&'a Trial<'a>, &'a Message) -> Found<'a>),
    /// Gives the partner's program orders.
    Orders(for<'a> fn(&'a Session) -> Found<'a>),
    /// Nothing: it cannot be judged, or another check judges it.
    Never(&'static str),
    /// Anything that concerns several callbacks at once.
    Whole(for<'a> fn(&'a Trial<'a>) -> Found<'a>),
}

/// What was found of a callback: problems, or nothing; or why nothing can be said.
pub(crate) type Verdict = Result<Vec<String>, NotJudged>;

/// The verdict of a check that runs.
pub(crate) type Found<'a> = BoxFuture<'a, Verdict>;

/// A check that is a function of a callback.
macro_rules! own {
    ($check:path) => {
        crate::check::Probe::Own(|trial, example| Box::pin($check(trial, example)))
    };
}
pub(crate) use own;

/// A check of a callback in steps, which end at the first problem.
macro_rules! steps {
    ($check:path) => {
        crate::check::Probe::Own(|trial, example| {
            Box::pin(async move { crate::check::verdict($check(trial, example).await) })
        })
    };
}
pub(crate) use steps;

/// A check of several callbacks at once.
macro_rules! whole {
    ($check:path) => {
        crate::check::Probe::Whole(|trial| Box::pin($check(trial)))
    };
}
pub(crate) use whole;

/// A check that gives the partner's program orders.
macro_rules! orders {
    ($check:path) => {
        crate::check::Probe::Orders(|session| Box::pin($check(session)))
    };
}
pub(crate) use orders;

/// Why nothing can be said of a callback.
#[derive(Clone, Debug)]
pub(crate) enum NotJudged {
    /// The callback does not have what the check is about.
    NotApplicable(String),
    /// Something could not be made, sent, counted or read.
    Unknown(String),
}

impl From<String> for NotJudged {
    fn from(why: String) -> Self {
        Self::Unknown(why)
    }
}

impl From<&str> for NotJudged {
    fn from(why: &str) -> Self {
        Self::Unknown(why.to_owned())
    }
}

impl From<NoAnswer> for NotJudged {
    fn from(no_answer: NoAnswer) -> Self {
        no_answer.text().into()
    }
}

/// Why the steps of a check ended before the last one.
pub(crate) enum Stopped {
    Problem(String),
    NotJudged(NotJudged),
}

impl From<String> for Stopped {
    fn from(problem: String) -> Self {
        Self::Problem(problem)
    }
}

impl From<&str> for Stopped {
    fn from(problem: &str) -> Self {
        Self::Problem(problem.to_owned())
    }
}

impl From<NotJudged> for Stopped {
    fn from(why: NotJudged) -> Self {
        Self::NotJudged(why)
    }
}

/// Steps that end at the first problem.
pub(crate) type Steps = Result<(), Stopped>;

/// There is a problem unless what a check demands holds.
pub(crate) fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// The verdict of steps.
pub(crate) fn verdict(steps: Steps) -> Verdict {
    match steps {
        Ok(()) => Ok(Vec::new()),
        Err(Stopped::Problem(problem)) => Ok(vec![problem]),
        Err(Stopped::NotJudged(why)) => Err(why),
    }
}

/// What a check may use.
pub(crate) struct Trial<'r> {
    pub(crate) configuration: &'r Configuration,
    pub(crate) credentials: &'r Credentials,
    pub(crate) callbacks: &'r [&'static OperationInfo],
    pub(crate) seed: u64,
    pub(crate) budget: &'r Budget,
    pub(crate) session: &'r OnceCell<Result<Session, String>>,
    pub(crate) exchanges: Mutex<Vec<Exchange>>,
}

/// An answer that opens with the key of its request.
pub(crate) struct Opened {
    pub(crate) code: String,
    pub(crate) plaintext: Value,
}

impl<'r> Trial<'r> {
    pub(crate) fn exchanges(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.configuration.limits
    }

    /// The partner's program and the sandbox that it is pointed at, started on demand.
    pub(crate) async fn session(&self) -> Result<&'r Session, String> {
        let start = || Session::start(self.configuration, self.seed);
        let session = self.session.get_or_init(start).await;
        session.as_ref().map_err(Clone::clone)
    }

    /// How many requests the partner's program has sent.
    pub(crate) async fn received(&self) -> usize {
        match self.session.get() {
            Some(Ok(session)) => session.received().await.map_or(0, |all| all.len()),
            _ => 0,
        }
    }

    /// Records the requests that the partner's program has sent after this many.
    pub(crate) async fn note_received(&self, before: usize) {
        let Some(Ok(session)) = self.session.get() else {
            return;
        };
        let received = session.received().await.unwrap_or_default();
        let exchanges = received.iter().skip(before).filter_map(|received| {
            let mut known = money::OPERATIONS.iter();
            let info = known.find(|info| info.name == received.operation)?;
            let lost = received.is_hidden.then_some("a fault hid this answer");
            Some(Exchange {
                operation: info.name.to_owned(),
                change: "as the program sent it".to_owned(),
                request: masked(info, &received.request),
                status: None,
                answer: json!({ info.header.code: received.code }),
                milliseconds: None,
                problem: lost.map(str::to_owned),
            })
        });
        self.exchanges().extend(exchanges);
    }

    pub(crate) fn current(&self) -> &'r keys::Credentials {
        &self.credentials.current
    }

    fn uri(&self, info: &OperationInfo) -> Result<Uri, String> {
        self.configuration
            .url_of(info)
            .map_err(|error| error.to_string())
    }

    /// Opens a connection, if the number of requests is not used up.
    pub(crate) async fn connect(&self, info: &OperationInfo) -> Result<Connection, NoAnswer> {
        let uri = self.uri(info).map_err(|_| NoAnswer::Unreachable)?;
        if !self.budget.take() {
            return Err(NoAnswer::Late);
        }
        Connection::open(&uri, Limits::of(self.limits().answer)).await
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn raw(
        &self,
        info: &'static OperationInfo,
        change: &str,
        sending: Sending,
        limit: f64,
    ) -> Result<Answer, NoAnswer> {
        let answer = match self.connect(info).await {
            Ok(mut connection) => connection.send(sending, Limits::of(limit)).await,
            Err(no_answer) => Err(no_answer),
        };
        self.note(info, change, Value::Null, &answer, None);
        answer
    }

    /// Sends a request that has to be refused. `None` if the server closed the
    /// connection instead of answering; without a connection or an answer in time
    /// nothing is known.
    pub(crate) async fn refusal(
        &self,
        info: &'static OperationInfo,
        change: &str,
        sending: Sending,
    ) -> Result<Option<Answer>, NotJudged> {
        match self.raw(info, change, sending, self.limits().answer).await {
            Ok(answer) => Ok(Some(answer)),
            Err(NoAnswer::Closed) => Ok(None),
            Err(no_answer) => Err(no_answer.into()),
        }
    }

    /// Records an exchange.
    fn note(
        &self,
        info: &'static OperationInfo,
        change: &str,
        request: Value,
        answer: &Result<Answer, NoAnswer>,
        opened: Option<&Result<Opened, String>>,
    ) {
        let known = answer.as_ref().ok();
        let problem = match (answer, opened) {
            (Err(no_answer), _) => Some(no_answer.text().to_owned()),
            (Ok(_), Some(Err(problem))) => Some(problem.clone()),
            _ => None,
        };
        let plaintext = match opened {
            Some(Ok(opened)) => masked(info, &opened.plaintext),
            _ => Value::Null,
        };
        let exchange = Exchange {
            operation: info.name.to_owned(),
            change: change.to_owned(),
            request,
            status: known.map(|answer| answer.status.as_u16()),
            answer: plaintext,
            milliseconds: known.and_then(|answer| u64::try_from(answer.elapsed.as_millis()).ok()),
            problem,
        };
        self.exchanges().push(exchange);
    }

    /// Sends a message and opens the answer.
    pub(crate) async fn send(&self, message: &Message) -> Result<Opened, String> {
        self.send_under(message, self.current(), Sending::post)
            .await
    }

    /// Like `send`, with other credentials, or another form of the request.
    pub(crate) async fn send_under(
        &self,
        message: &Message,
        credentials: &keys::Credentials,
        form: impl FnOnce(String) -> Sending,
    ) -> Result<Opened, String> {
        let answer = match self.connect(message.info).await {
            Ok(mut connection) => {
                let sending = form(message.sealed(credentials));
                connection
                    .send(sending, Limits::of(self.limits().answer))
                    .await
            }
            Err(no_answer) => Err(no_answer),
        };
        let opened = match &answer {
            Ok(answer) => opened(message.info, credentials, answer),
            Err(no_answer) => Err(no_answer.text().to_owned()),
        };
        let request = masked(message.info, &Value::Object(message.fields.clone()));
        self.note(
            message.info,
            &message.change,
            request,
            &answer,
            Some(&opened),
        );
        opened
    }

    /// Sends a message whose answer is as good as that to the example.
    pub(crate) async fn accepted(&self, message: &Message) -> Result<Opened, String> {
        let opened = self.send(message).await?;
        if let Err(problem) = answered(message.info, &opened) {
            let mut all = self.exchanges();
            let mut mine = all.iter_mut().rev();
            let (name, change) = (message.info.name, &message.change);
            if let Some(it) = mine.find(|it| it.operation == name && it.change == *change) {
                it.problem = Some(problem.clone());
            }
            return Err(problem);
        }
        Ok(opened)
    }

    /// Counts the effects of a message.
    pub(crate) async fn effects(&self, message: &Message) -> Result<u64, NotJudged> {
        Ok(effects::count(self.configuration, message).await?)
    }

    /// Reads the partner's record of the payout of a message, when it had time to act.
    pub(crate) async fn recorded(&self, message: &Message) -> Result<Recorded, NotJudged> {
        if self.configuration.state.is_some() {
            tokio::time::sleep(Limits::of(self.limits().settle)).await;
        }
        Ok(effects::recorded(self.configuration, message).await?)
    }

    /// Makes something that the message is about.
    pub(crate) async fn fixture(&self, message: &Message) -> Result<Message, NotJudged> {
        Ok(effects::fixture(self.configuration, message).await?)
    }

    /// Runs a command or calls a URL of the configuration.
    pub(crate) async fn command(
        &self,
        name: &str,
        probe: Option<&String>,
    ) -> Result<(), NotJudged> {
        let done = effects::run(self.configuration, name, probe, &[], &[]).await;
        Ok(done.map(drop)?)
    }
}

/// Opens an answer with the key of its request, as SkyPay does.
pub(crate) fn opened(
    info: &OperationInfo,
    credentials: &keys::Credentials,
    answer: &Answer,
) -> Result<Opened, String> {
    if answer.status != http::StatusCode::OK {
        return Err(format!("HTTP {} instead of 200", answer.status.as_u16()));
    }
    let plaintext = envelope::open(credentials.key(), &answer.body)
        .map_err(|_| "the answer does not open with the key of the request".to_owned())?;
    let plaintext: Value = serde_json::from_str(&plaintext)
        .map_err(|_| "the answer opens, but is not JSON".to_owned())?;
    let code = match &plaintext[info.header.code] {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => return Err(format!("the answer has no {}", info.header.code)),
    };
    Ok(Opened { code, plaintext })
}

/// Whether a message was received as one of its kind: a notification acknowledged,
/// anything else answered with a code of its own.
pub(crate) fn answered(info: &OperationInfo, opened: &Opened) -> Result<(), String> {
    let outcome = info.outcome_of(&opened.code);
    let is_good = match info.mode {
        Mode::Notification => outcome == CodeOutcome::Accepted,
        _ => outcome != CodeOutcome::Unknown && !info.refuses_keys(&opened.code),
    };
    require(is_good, || format!("answered with code {}", opened.code))
}

/// Whether an answer that accepts has all fields that it has to have.
pub(crate) fn check_complete(info: &OperationInfo, opened: &Opened) -> Result<(), String> {
    if info.outcome_of(&opened.code) != CodeOutcome::Accepted {
        return Ok(());
    }
    let schema = response_schema(info.name);
    let names = schema["required"].as_array().into_iter().flatten();
    let names = names.filter_map(Value::as_str);
    let lacks = names.filter(|name| opened.plaintext.get(name).is_none_or(Value::is_null));
    let lacks: Vec<_> = lacks.collect();
    require(lacks.is_empty(), || {
        format!("the answer lacks {}", lacks.join(", "))
    })
}
