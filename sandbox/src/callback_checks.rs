//! Checks of the partner's callback server, which the page starts.
//!
//! The program that starts the sandbox supplies them, see
//! [`Builder::callback_checks`](crate::Builder::callback_checks).

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skypay_client::Credentials;

/// Checks a partner's callback server.
pub trait CallbackChecks: fmt::Debug + Send + Sync {
    /// Runs the checks, passes on the result of each as it comes, and returns the
    /// whole report as one HTML page, or why nothing could be checked.
    fn run(&self, target: Target, each: Each) -> RunningChecks;
}

/// Takes the result of a check.
pub type Each = Box<dyn Fn(Checked) + Send + Sync>;

/// A run of the checks: the report as one HTML page, or why there is none.
pub type RunningChecks = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// What is checked.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL of all callbacks without one of their own.
    pub shared: Option<String>,
    /// The URLs of single callbacks, by the callback's name.
    pub own: BTreeMap<String, String>,
    /// The callbacks that are checked, by their names.
    pub callbacks: Vec<String>,
    /// The credentials under which SkyPay sends callbacks.
    pub credentials: Arc<Credentials>,
    /// The only checks that are wanted, by their ids; all if empty.
    pub only: Vec<String>,
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its id.
    pub id: String,
    /// What it demands.
    pub title: String,
    /// How it ended.
    pub outcome: Verdict,
    /// Why it did not pass.
    pub reasons: Vec<String>,
    /// The number of checks that have ended, this one included.
    pub done: usize,
    /// The number of all checks of the run.
    pub all: usize,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// What it demands was not seen.
    Failed,
    /// What it recommends was not seen.
    Warning,
    /// It could not be judged.
    NotEvaluable,
    /// What it demands was seen.
    Passed,
}

/// The checks that the program has supplied, and their latest run.
#[derive(Debug)]
pub(crate) struct Checks {
    supplied: Option<Arc<dyn CallbackChecks>>,
    latest: Arc<Mutex<Option<Run>>>,
}

/// A run of the checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) checked: Vec<Checked>,
    /// How it ended; `None` while it runs.
    pub(crate) ended: Option<Result<String, String>>,
}

impl Checks {
    pub(crate) fn new(supplied: Option<Arc<dyn CallbackChecks>>) -> Self {
        Self {
            supplied,
            latest: Arc::default(),
        }
    }

    pub(crate) fn are_supplied(&self) -> bool {
        self.supplied.is_some()
    }

    pub(crate) fn latest(&self) -> Option<Run> {
        locked(&self.latest).clone()
    }

    /// Starts a run, unless one is running.
    pub(crate) fn start(&self, target: Target) {
        let Some(supplied) = &self.supplied else {
            return;
        };
        let mut latest = locked(&self.latest);
        if latest.as_ref().is_some_and(|run| run.ended.is_none()) {
            return;
        }
        *latest = Some(Run::default());
        drop(latest);
        let seen = Arc::clone(&self.latest);
        let each = move |checked| {
            if let Some(run) = &mut *locked(&seen) {
                run.checked.push(checked);
            }
        };
        let running = tokio::spawn(supplied.run(target, Box::new(each)));
        let latest = Arc::clone(&self.latest);
        tokio::spawn(async move {
            let ended = running.await;
            let ended = ended.unwrap_or_else(|_| Err("The checks ended unexpectedly.".to_owned()));
            if let Some(run) = &mut *locked(&latest) {
                run.ended = Some(ended);
            }
        });
    }
}

fn locked(latest: &Mutex<Option<Run>>) -> MutexGuard<'_, Option<Run>> {
    latest.lock().unwrap_or_else(PoisonError::into_inner)
}
