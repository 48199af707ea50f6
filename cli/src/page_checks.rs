//! The checks of the callback server that the sandbox's page starts.

use skypay_certify::{
    CheckResult, Configuration, Credentials, Level, Outcome, Progress, Selection, run,
};
use skypay_sandbox::callback_checks::{
    CallbackChecks, Checked, Each, RunningChecks, Target, Verdict,
};

/// Checks all that can be checked with URL and keys.
#[derive(Debug)]
pub(crate) struct PageChecks;

impl CallbackChecks for PageChecks {
    fn run(&self, target: Target, each: Each) -> RunningChecks {
        Box::pin(async move {
            let url = target.shared.as_ref().or(target.own.values().next());
            let command = format!("skypay certify {}", url.map_or("", String::as_str));
            let selection = Selection {
                only: target.only,
                level: Some(Level::Door),
                callbacks: target.callbacks,
                seed: 1,
                command,
                ..Selection::default()
            };
            let configuration = Configuration {
                url: target.shared,
                urls: target.own,
                ..Configuration::default()
            };
            let credentials = Credentials {
                current: target.credentials,
                other: None,
                retired: None,
            };
            let report = run(&configuration, &credentials, &selection, &Shown(each)).await;
            report
                .map(|report| report.html())
                .map_err(|error| format!("{error}."))
        })
    }
}

/// Shows each result on the page.
struct Shown(Each);

impl Progress for Shown {
    fn ended(&self, result: &CheckResult, done: usize, all: usize) {
        let outcome = match result.outcome {
            Outcome::Failed => Verdict::Failed,
            Outcome::Warning | Outcome::Expected => Verdict::Warning,
            Outcome::NotEvaluable => Verdict::NotEvaluable,
            Outcome::Passed => Verdict::Passed,
            Outcome::Skipped => return,
        };
        (self.0)(Checked {
            id: result.id.clone(),
            title: result.title.clone(),
            outcome,
            reasons: result.reasons.clone(),
            done,
            all,
        });
    }
}
