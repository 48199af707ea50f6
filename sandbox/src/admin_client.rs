//! The client of a running sandbox's admin interface.
//!
//! ```no_run
//! # async fn example() -> Result<(), skypay_sandbox::admin_client::AdminError> {
//! use skypay_sandbox::admin_client::Admin;
//! use skypay_sandbox::engine::{Command, FinanceCommand, Duration};
//!
//! let admin = Admin::new("http://127.0.0.1:7171")?;
//! let recharge = FinanceCommand::Recharge {
//!     prefix: "SKY98".to_owned(),
//!     amount: "5000".parse().unwrap(),
//!     beneficiary_account: None,
//! };
//! let executed = admin.command(&Command::Finance(recharge)).await?;
//! println!("{}", executed.answer);
//! admin.advance(Duration::seconds(300)).await?;
//! # Ok(())
//! # }
//! ```

use std::path::Path;

use axum::body::Bytes;
use displaydoc::Display;
use http::{HeaderValue, Method};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::{Command, Duration, Payments, Row};
use crate::http::{Target, WireError, whole};
use crate::limits;
use crate::service::AdminToken;
pub use crate::service::admin_types::{
    Advance, Advanced, CallbackDetails, ClockStatus, CommandResult, Expected, File, Info,
    ListQuery, PaymentsQuery, Personal, Problem, RequestRecord, RequestResult, RowDetails, Saved,
    WireRecord,
};

/// The base path of the admin interface.
pub(crate) const ROOT: &str = "/_sandbox";

/// The path that says whether the sandbox is ready.
pub(crate) const HEALTH: &str = "/health";

/// A client of a running sandbox's admin interface.
#[derive(Clone, Debug)]
pub struct Admin {
    target: Target,
    /// Sensitive: `Debug` does not show it.
    authorization: Option<HeaderValue>,
}

impl Admin {
    /// Creates a client of the sandbox at a URL, such as `http://127.0.0.1:7171`.
    pub fn new(url: &str) -> Result<Self, AdminError> {
        // An invalid URL may contain a password, so it is omitted.
        let target = Target::parse(url)
            .map_err(|error| AdminError::Unreachable(error, "that URL".to_owned()))?;
        Ok(Self {
            target,
            authorization: None,
        })
    }

    /// Sets the token of a sandbox that was started with one; see
    /// [`Builder::admin_token`](crate::Builder::admin_token).
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.authorization = AdminToken::header(token);
        self
    }

    /// Returns if the sandbox is ready: it takes requests, and reads its database.
    pub async fn health(&self) -> Result<(), AdminError> {
        let sent = self.target.send(Method::GET, HEALTH, None, Vec::new());
        let answer = sent.await.map_err(|error| self.unreachable(error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(refused(answer).await)
    }

    /// Returns the connection details of the sandbox.
    pub async fn info(&self) -> Result<Info, AdminError> {
        self.get("info", &Nothing {}).await
    }

    /// Returns the state without its rows; see [`State`](crate::engine::State).
    pub async fn state(&self, personal: bool) -> Result<Value, AdminError> {
        self.get("state", &Personal { personal }).await
    }

    /// Returns transactions, movements and callbacks, at most 1000.
    pub async fn rows(&self, query: &ListQuery) -> Result<Vec<Row>, AdminError> {
        self.get("rows", query).await
    }

    /// Returns a transaction, movement or callback, and what is scheduled for it.
    pub async fn row(&self, id: u64, personal: bool) -> Result<RowDetails, AdminError> {
        self.get(&format!("rows/{id}"), &Personal { personal })
            .await
    }

    /// Returns all transactions, movements and callbacks.
    pub async fn all_rows(&self, personal: bool) -> Result<Vec<Row>, AdminError> {
        let mut all: Vec<Row> = Vec::new();
        loop {
            let after = all.last().map_or(0, Row::id);
            let next = ListQuery {
                after,
                personal,
                ..ListQuery::default()
            };
            let rows = self.rows(&next).await?;
            if rows.is_empty() {
                return Ok(all);
            }
            all.extend(rows);
        }
    }

    /// Returns the number of executed payments of each control number that was paid at
    /// least `at_least` times.
    pub async fn payments(&self, at_least: u32) -> Result<Vec<Payments>, AdminError> {
        let mut all: Vec<Payments> = Vec::new();
        loop {
            let query = PaymentsQuery {
                at_least,
                skipped: all.len(),
                limit: None,
            };
            let next: Vec<Payments> = self.get("payments", &query).await?;
            if next.is_empty() {
                return Ok(all);
            }
            all.extend(next);
        }
    }

    /// Executes a command. Returns when the callbacks that it caused at once have been
    /// attempted.
    pub async fn command(&self, command: &Command) -> Result<CommandResult, AdminError> {
        self.post("commands", command).await
    }

    /// Returns lines of the log, without line terminators.
    pub async fn log(&self, query: &ListQuery) -> Result<Vec<String>, AdminError> {
        let text = self.log_text(query).await?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Returns the log in its export format: one JSON object per line.
    pub async fn log_text(&self, query: &ListQuery) -> Result<String, AdminError> {
        let answer = self
            .send(Method::GET, "log", Some(query), Vec::new())
            .await?;
        String::from_utf8(answer.to_vec()).map_err(|_| AdminError::Answer)
    }

    /// Follows the log: existing lines, then every new one.
    pub async fn follow(&self, query: &ListQuery) -> Result<Follow, AdminError> {
        self.stream("log/stream", query).await
    }

    async fn stream(&self, name: &str, query: &impl Serialize) -> Result<Follow, AdminError> {
        let path = path(name, Some(query));
        let authorization = self.authorization.as_ref();
        let sent = self
            .target
            .send(Method::GET, &path, authorization, Vec::new());
        let answer = sent.await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        Ok(Follow {
            body: answer.into_body(),
            pending: Vec::new(),
            seen: 0,
        })
    }

    /// Returns a callback and the records of its exchanges.
    pub async fn callback(&self, id: u64, personal: bool) -> Result<CallbackDetails, AdminError> {
        self.get(&format!("callbacks/{id}"), &Personal { personal })
            .await
    }

    /// Returns requests that arrived at the partner interface, at most 1000.
    pub async fn requests(&self, query: &ListQuery) -> Result<Vec<RequestRecord>, AdminError> {
        self.get("requests", query).await
    }

    /// Returns a request that arrived at the partner interface.
    pub async fn request(&self, id: u64, personal: bool) -> Result<RequestRecord, AdminError> {
        self.get(&format!("requests/{id}"), &Personal { personal })
            .await
    }

    /// Follows the requests: existing ones, then every new one, as JSON.
    pub async fn follow_requests(&self, query: &ListQuery) -> Result<Follow, AdminError> {
        self.stream("requests/stream", query).await
    }

    /// Returns the status of the clock.
    pub async fn clock(&self) -> Result<ClockStatus, AdminError> {
        self.get("clock", &Nothing {}).await
    }

    /// Advances a virtual clock. Returns when everything that was due on the way has
    /// been executed, including callbacks.
    pub async fn advance(&self, by: Duration) -> Result<Advanced, AdminError> {
        self.post("clock/advance", &Advance { by }).await
    }

    /// Saves the database to a file for [`Self::restore`].
    pub async fn save(&self, file: &Path) -> Result<Saved, AdminError> {
        let file = file.to_owned();
        self.post("save", &File { file }).await
    }

    /// Replaces the database with that of a file.
    pub async fn restore(&self, file: &Path) -> Result<ClockStatus, AdminError> {
        let file = file.to_owned();
        self.post("restore", &File { file }).await
    }

    /// Deletes everything except the initial settings.
    pub async fn reset(&self) -> Result<ClockStatus, AdminError> {
        self.post("reset", &Nothing {}).await
    }

    async fn get<A: DeserializeOwned>(
        &self,
        name: &str,
        query: &impl Serialize,
    ) -> Result<A, AdminError> {
        let answer = self
            .send(Method::GET, name, Some(query), Vec::new())
            .await?;
        serde_json::from_slice(&answer).map_err(|_| AdminError::Answer)
    }

    async fn post<A: DeserializeOwned>(
        &self,
        name: &str,
        body: &impl Serialize,
    ) -> Result<A, AdminError> {
        let body = serde_json::to_vec(body).map_err(|_| AdminError::Answer)?;
        let answer = self
            .send(Method::POST, name, None::<&Nothing>, body)
            .await?;
        serde_json::from_slice(&answer).map_err(|_| AdminError::Answer)
    }

    async fn send(
        &self,
        method: Method,
        name: &str,
        query: Option<&impl Serialize>,
        body: Vec<u8>,
    ) -> Result<Bytes, AdminError> {
        let (path, authorization) = (path(name, query), self.authorization.as_ref());
        let answer = self.target.send(method, &path, authorization, body).await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        match whole(answer.into_body(), limits::ADMIN_ANSWER).await {
            Err(WireError::TooLarge(limit)) => Err(AdminError::TooLarge(limit)),
            read => read.map_err(|error| self.unreachable(error)),
        }
    }

    fn unreachable(&self, error: WireError) -> AdminError {
        AdminError::Unreachable(error, self.target.to_string())
    }
}

/// An empty object.
#[derive(Serialize)]
struct Nothing {}

/// Builds a path with a query.
fn path(name: &str, query: Option<&impl Serialize>) -> String {
    let query = query.map(|query| serde_urlencoded::to_string(query).unwrap_or_default());
    format!("{ROOT}/{name}?{}", query.unwrap_or_default())
}

async fn refused(answer: http::Response<Incoming>) -> AdminError {
    let status = answer.status().as_u16();
    let body = whole(answer.into_body(), limits::ADMIN_ANSWER).await;
    let body = body.unwrap_or_default();
    let problem = serde_json::from_slice::<Problem>(&body).map(|said| said.problem);
    AdminError::Refused {
        status,
        problem: problem.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned()),
    }
}

/// A stream of lines, of the log or of requests.
#[derive(Debug)]
pub struct Follow {
    body: Incoming,
    pending: Vec<u8>,
    /// The length of the prefix of `pending` without a line terminator.
    seen: usize,
}

impl Follow {
    /// Returns the next line; `None` when the sandbox has stopped, or sends a line of
    /// more than [`limits::LOG_LINE`] bytes.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            let mut unseen = self.pending.iter().skip(self.seen);
            if let Some(end) = unseen.position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=self.seen + end).collect();
                self.seen = 0;
                if let Some(data) = line.trim_ascii().strip_prefix(b"data: ") {
                    return Some(String::from_utf8_lossy(data).into_owned());
                }
                continue;
            }
            self.seen = self.pending.len();
            if self.seen > limits::LOG_LINE {
                return None;
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.pending.extend_from_slice(&data);
            }
        }
    }
}

/// The reason why a call of the admin interface failed.
#[derive(Debug, Display)]
#[non_exhaustive]
pub enum AdminError {
    /// The connection to the sandbox failed.
    #[displaydoc("no sandbox answers at {1} ({0}); start one with `skypay sandbox up`")]
    Unreachable(WireError, String),
    /// The sandbox refused the call.
    #[displaydoc("{problem}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The reason, and how to resolve it.
        problem: String,
    },
    /// The response cannot be parsed: the sandbox has another version.
    #[displaydoc(
        "the sandbox's answer cannot be read; it and this program are of different versions"
    )]
    Answer,
    /// The response exceeds this limit in bytes.
    #[displaydoc(
        "the sandbox's answer has more than {0} bytes; ask for a part, such as some lines of the log"
    )]
    TooLarge(usize),
}

impl std::error::Error for AdminError {}
