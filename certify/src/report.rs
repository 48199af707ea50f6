//! The result of a run: JSON, JUnit, one HTML page, and text.

use std::collections::BTreeMap;

use minijinja::{Environment, context};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{Level, Necessity};

/// The version of the report's JSON. It changes when a member changes its meaning
/// or is removed.
pub(crate) const VERSION: u32 = 1;

/// What the checks found.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    pub version: u32,
    /// What the report is, and what it is not.
    pub statement: String,
    /// When it was made, in GMT+8.
    pub time: String,
    /// The version of the document whose rules were checked.
    pub document: String,
    /// The URLs that were checked, by callback.
    pub urls: BTreeMap<String, String>,
    /// The seed of the messages.
    pub seed: u64,
    /// The number of requests that were sent.
    pub requests: u64,
    /// How many checks ended in each way.
    pub counts: Counts,
    /// Each check, failed ones first.
    pub checks: Vec<CheckResult>,
}

/// How many checks ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// What the check demands was seen of each callback that it is about.
    pub passed: usize,
    /// It was not.
    pub failed: usize,
    /// It was not, and is recommended only.
    pub warning: usize,
    /// Nothing wrong was seen, and not every callback could be judged.
    pub not_evaluable: usize,
    /// It was not chosen.
    pub skipped: usize,
    /// It failed as expected.
    pub expected: usize,
}

/// How a check ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What the check demands was not seen.
    Failed,
    /// It failed, and is listed as an expected failure.
    Expected,
    /// What is recommended was not seen.
    Warning,
    /// Nothing wrong was seen, and not every callback that it is about could be judged.
    NotEvaluable,
    /// It was not chosen.
    Skipped,
    /// What the check demands was seen of each callback that it is about.
    Passed,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Expected => "expected failure",
            Self::Warning => "warning",
            Self::NotEvaluable => "not evaluable",
            Self::Skipped => "skipped",
            Self::Passed => "passed",
        }
    }
}

/// A check and how it ended.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// The check's id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Whether it has to pass.
    pub necessity: Necessity,
    /// What it demands.
    pub title: String,
    /// The rule that it comes from.
    pub rule: String,
    /// The callbacks that it was judged on, with the chapters of the document that
    /// describe them; empty if it was not judged.
    pub callbacks: BTreeMap<String, String>,
    /// The callbacks that it is about and that could not be judged, with the reasons.
    /// With one of them it does not pass.
    pub not_judged: BTreeMap<String, String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not pass.
    pub reasons: Vec<String>,
    /// The requests and answers that show it.
    pub exchanges: Vec<Exchange>,
    /// The command that repeats this check only.
    pub repeat: String,
}

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The callback, or the operation that the partner's program called.
    pub operation: String,
    /// How the request differs from the document's example, or who sent it.
    pub change: String,
    /// The plaintext of the request, personal data masked; `null` if it was not
    /// an encrypted message.
    pub request: Value,
    /// The HTTP status; `null` without an answer.
    pub status: Option<u16>,
    /// The plaintext of the answer, personal data masked; `null` if it does not
    /// open.
    pub answer: Value,
    /// Milliseconds until the answer was complete.
    pub milliseconds: Option<u64>,
    /// Why there is no answer, or what is wrong with it.
    pub problem: Option<String>,
}

impl Counts {
    pub(crate) fn of(checks: &[CheckResult]) -> Self {
        let count = |outcome| {
            checks
                .iter()
                .filter(|check| check.outcome == outcome)
                .count()
        };
        Self {
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            warning: count(Outcome::Warning),
            not_evaluable: count(Outcome::NotEvaluable),
            skipped: count(Outcome::Skipped),
            expected: count(Outcome::Expected),
        }
    }
}

impl Report {
    /// Returns the report as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Returns the report as JUnit XML. What could not be judged is skipped there,
    /// so that it is not taken for passed.
    #[must_use]
    pub fn junit(&self) -> String {
        self.rendered("junit.xml")
    }

    /// Returns the report as one HTML page that needs nothing else.
    #[must_use]
    pub fn html(&self) -> String {
        self.rendered("report.html")
    }

    fn rendered(&self, name: &str) -> String {
        let mut templates = Environment::new();
        // The names end as minijinja recognizes what has to be escaped.
        let all = [
            ("junit.xml", include_str!("report/junit.xml.jinja")),
            ("report.html", include_str!("report/report.html.jinja")),
        ];
        for (name, text) in all {
            templates
                .add_template(name, text)
                .expect("the templates are valid");
        }
        templates.add_filter("pretty", |value: minijinja::Value| {
            let value = serde_json::to_value(&value).unwrap_or_default();
            serde_json::to_string_pretty(&value).unwrap_or_default()
        });
        let template = templates
            .get_template(name)
            .expect("the template was added");
        template
            .render(context! { report => minijinja::value::Serde(self) })
            .expect("the templates render every report")
    }
}
