//! What is checked, and what the checks may use.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use serde::Deserialize;
use skypay_runtime::keys::{self, InvalidText};
use skypay_sandbox::operations::callbacks;
use skypay_sandbox::service::is_loopback;
use skypay_types::OperationInfo;

/// The server under check, and what belongs to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Configuration {
    /// The URL of all callbacks.
    pub url: Option<String>,
    /// The URLs of single callbacks, by the callback's name.
    #[serde(default)]
    pub urls: BTreeMap<String, String>,
    /// Hosts other than loopback that may be called.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// How orders, contracts and payouts are made for a callback, by its name.
    #[serde(default)]
    pub fixtures: Fixtures,
    /// Counts what a callback did. The placeholders `{operation}`, `{key}` (the
    /// values of the effect key, with colons between them) and any field of the
    /// message, such as `{controlNumber}`, are replaced.
    pub effects: Option<Probe>,
    /// Prints what your own record says of a payout: `open`, `paid`, `released` (the
    /// money was given back, or is offered again), `unknown`, or `conflict` (a person
    /// decides). Placeholders as in `effects`.
    pub state: Option<Probe>,
    /// Stops the server in an orderly way and starts it again.
    pub restart: Option<Probe>,
    /// Ends the server without notice and starts it again.
    pub kill: Option<Probe>,
    /// Makes the server's database unreachable.
    pub break_database: Option<Probe>,
    /// Makes the server's database reachable again.
    pub restore_database: Option<Probe>,
    /// The program that orders payouts.
    pub money: Option<Money>,
    /// Whether the server accepts only the addresses of an allow list.
    #[serde(default)]
    pub allow_list: bool,
    /// Time limits.
    #[serde(default)]
    pub limits: Limits,
}

/// Your program, which orders payouts, and how it is given orders.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Money {
    /// Ends the program if it runs, and starts it with the sandbox as its SkyPay. A
    /// command finds `SKYPAY_SANDBOX` (the URL), `SKYPAY_CALLER_NAME`,
    /// `SKYPAY_USER_NAME`, `SKYPAY_AUTHENTICATION` and `SKYPAY_ENCRYPT_KEY` in its
    /// environment; a URL receives them as a JSON object. What a command leaves running
    /// in its process group ends with the run.
    pub start: Probe,
    /// Orders a payout. The placeholders are `{order}` (the id, at most ten digits),
    /// `{amount}`, `{channel}` (its code) and `{account}`.
    pub order: Probe,
    /// Prints what your own record says of the payout of `{order}`, as the state of a
    /// configuration does.
    pub state: Probe,
    /// Ends the program without notice.
    pub kill: Option<Probe>,
    /// Sets the program's clock `{seconds}` ahead of this machine's, also for later
    /// starts. Without it, checks that need hours are not evaluable.
    pub clock: Option<Probe>,
    /// Copies the program's data.
    pub backup: Option<Probe>,
    /// Puts the copy in place of the program's data.
    pub restore: Option<Probe>,
    /// Announces a new pair of keys to the program, as `SKYPAY_AUTHENTICATION` and
    /// `SKYPAY_ENCRYPT_KEY`.
    pub keys: Option<Probe>,
    /// The code of the channel; that of GCash if it is absent.
    pub channel: Option<String>,
}

/// A command for the shell, or a URL that is called with POST. What it prints, or
/// answers, is its result.
pub type Probe = String;

/// By the callback's name: a probe that makes something the callback is about and
/// gives the fields of the message as a JSON object.
pub type Fixtures = BTreeMap<String, Probe>;

/// Time limits, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// The longest time for an answer.
    pub answer: f64,
    /// The longest time for the last of fifty answers at once.
    pub burst: f64,
    /// The longest time for refusing a body that is too large.
    pub large: f64,
    /// The longest time that a connection with one byte per pause stays open.
    pub slow: f64,
    /// The pause between the bytes of a slow request.
    pub pause: f64,
    /// The longest time for a command or URL of this file.
    pub probe: f64,
    /// How long after a callback the server may take to act on it.
    pub settle: f64,
    /// How long orders may take to end, if the clock cannot be set.
    pub patience: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: 10.0,
            burst: 5.0,
            large: 2.0,
            slow: 30.0,
            pause: 1.0,
            probe: 60.0,
            settle: 2.0,
            patience: 120.0,
        }
    }
}

impl Limits {
    pub(crate) fn of(seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// The credentials of SkyPay's callbacks.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The pair that is valid.
    pub current: Arc<keys::Credentials>,
    /// The other pair that is valid during a change of keys.
    pub other: Option<Arc<keys::Credentials>>,
    /// A pair that is not valid any more.
    pub retired: Option<Arc<keys::Credentials>>,
}

impl Credentials {
    /// All pairs that are given.
    pub(crate) fn all(&self) -> impl Iterator<Item = &keys::Credentials> {
        let others = [self.other.as_deref(), self.retired.as_deref()];
        iter::once(&*self.current).chain(others.into_iter().flatten())
    }
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigurationError {
    /// The text is not TOML, or has unknown or missing members.
    Format {
        /// The line, from 1, if it is known.
        line: Option<usize>,
        /// What is wrong with it.
        problem: String,
    },
    /// A URL is missing for a callback.
    NoUrl(String),
    /// A URL cannot be called.
    Url(String),
    /// The host of a URL is neither loopback nor listed in `hosts`.
    Host(String),
    /// A name is not that of a callback.
    NoCallback(String),
    /// There is no such check.
    NoCheck(String),
    /// A name or secret is malformed.
    Credentials(InvalidText),
}

impl std::fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Format {
                line: Some(line),
                problem,
            } => write!(f, "line {line}: {problem}"),
            Self::Format {
                line: None,
                problem,
            } => f.write_str(problem),
            Self::NoUrl(name) => write!(f, "no URL for {name}: set `url`, or `urls.{name}`"),
            Self::Url(url) => write!(f, "{url} is not an http or https URL without credentials"),
            Self::Host(host) => write!(
                f,
                "{host} is not this machine: list it in `hosts` if the server is yours"
            ),
            Self::NoCallback(name) => write!(f, "{name} is not a callback"),
            Self::NoCheck(id) => write!(f, "there is no check {id}"),
            Self::Credentials(problem) => write!(f, "the credentials: {problem}"),
        }
    }
}

impl std::error::Error for ConfigurationError {}

impl Configuration {
    /// Reads a configuration from TOML.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::Format`] for invalid TOML or unknown members,
    /// [`ConfigurationError::NoCallback`] for a table with another name.
    pub fn from_toml(text: &str) -> Result<Self, ConfigurationError> {
        let read: Self = toml::from_str(text).map_err(|error| ConfigurationError::Format {
            line: error
                .span()
                .map(|span| text[..span.start].matches('\n').count() + 1),
            problem: error.message().to_owned(),
        })?;
        let named = read.urls.keys().chain(read.fixtures.keys());
        for name in named {
            if !callbacks().any(|info| info.name == name) {
                return Err(ConfigurationError::NoCallback(name.clone()));
            }
        }
        Ok(read)
    }

    /// Returns the URL of a callback, if its host may be called.
    ///
    /// # Errors
    ///
    /// If there is none, or it must not be called.
    pub fn url_of(&self, info: &OperationInfo) -> Result<Uri, ConfigurationError> {
        let url = self.urls.get(info.name).or(self.url.as_ref());
        let url = url.ok_or_else(|| ConfigurationError::NoUrl(info.name.to_owned()))?;
        self.allowed(url)
    }

    /// Parses a URL and checks its host.
    pub(crate) fn allowed(&self, url: &str) -> Result<Uri, ConfigurationError> {
        let wrong = || ConfigurationError::Url(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().filter(|_| is_http).ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err(ConfigurationError::Url("a URL with credentials".to_owned()));
        }
        let host = authority.host();
        if is_loopback(host)
            || self
                .hosts
                .iter()
                .any(|known| known.eq_ignore_ascii_case(host))
        {
            Ok(uri)
        } else {
            Err(ConfigurationError::Host(host.to_owned()))
        }
    }
}
