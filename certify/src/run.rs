//! A run: the chosen checks, one after the other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use skypay_runtime::value::DateTime;
use skypay_types::OperationInfo;
use tokio::sync::OnceCell;

use crate::check::{CHECKS, Check, Level, Necessity, Probe, Trial, Verdict, answered, opened};
use crate::configuration::{Configuration, ConfigurationError, Credentials, callbacks};
use crate::expected::Expectations;
use crate::message::Message;
use crate::money;
use crate::report::{CheckResult, Counts, Outcome, Report, VERSION};
use crate::target::Sending;

/// The most requests of one run.
const MOST_REQUESTS: u64 = 5_000;

/// The most exchanges that the report shows of a check.
const SHOWN: usize = 20;

/// Which checks are run, and with what.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these checks, by id; all if empty.
    pub only: Vec<String>,
    /// Only checks up to this level.
    pub level: Option<Level>,
    /// Only these callbacks, by name; all if empty.
    pub callbacks: Vec<String>,
    /// The seed of the messages: the same seed gives the same messages.
    pub seed: u64,
    /// The failures that are known.
    pub expected: Expectations,
    /// The command that repeats the run, without its checks.
    pub command: String,
}

/// Reports each result as it comes.
pub trait Progress: Send + Sync {
    /// A check ended; so many of all that were chosen have ended.
    fn ended(&self, result: &CheckResult, done: usize, all: usize);
}

impl Progress for () {
    fn ended(&self, _: &CheckResult, _: usize, _: usize) {}
}

/// How many requests may still be sent.
pub(crate) struct Budget(AtomicU64);

impl Budget {
    /// Whether no request may be sent any more.
    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn take(&self) -> bool {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        taken.is_ok()
    }
}

/// Runs the checks.
///
/// # Errors
///
/// If a URL is missing or must not be called, or a name is no callback. Nothing was
/// sent then.
pub async fn run(
    configuration: &Configuration,
    credentials: &Credentials,
    selection: &Selection,
    progress: &dyn Progress,
) -> Result<Report, ConfigurationError> {
    let chosen = chosen_callbacks(selection)?;
    if let Some(id) = selection.only.iter().find(|id| Check::named(id).is_none()) {
        return Err(ConfigurationError::NoCheck(id.clone()));
    }
    let mut urls = BTreeMap::new();
    for info in &chosen {
        let url = configuration.url_of(info)?;
        urls.insert(info.name.to_owned(), url.to_string());
    }
    let budget = Budget(AtomicU64::new(MOST_REQUESTS));
    let all: Vec<_> = CHECKS.iter().copied().flatten().collect();
    let chosen_checks = all
        .iter()
        .filter(|check| !skipped(check, selection))
        .count();
    let session = OnceCell::new();
    let (mut results, mut done) = (Vec::new(), 0);
    for check in all {
        let trial = Trial::new(
            configuration,
            credentials,
            &chosen,
            selection.seed,
            &budget,
            &session,
        );
        let (mut verdict, mut judged) = (None, Vec::new());
        if !skipped(check, selection) {
            verdict = Some(judge(&trial, check, &mut judged).await);
            done += 1;
        }
        // What was not sent says nothing about the server.
        if budget.is_used_up() {
            verdict = verdict.map(|_| Err(format!("all {MOST_REQUESTS} requests are used up")));
            judged.clear();
        }
        let result = result(check, verdict, &judged, trial, selection);
        progress.ended(&result, done, chosen_checks);
        results.push(result);
    }
    results.sort_by_key(|result| result.outcome);
    Ok(Report {
        version: VERSION,
        statement: "A self-assessment against SkyPay's published interface, not issued by SkyPay."
            .to_owned(),
        time: DateTime::from(SystemTime::now()).to_string(),
        document: env!("CARGO_PKG_VERSION").to_owned(),
        urls,
        seed: selection.seed,
        requests: MOST_REQUESTS - budget.0.into_inner(),
        counts: Counts::of(&results),
        checks: results,
    })
}

fn chosen_callbacks(
    selection: &Selection,
) -> Result<Vec<&'static OperationInfo>, ConfigurationError> {
    for name in &selection.callbacks {
        if !callbacks().any(|info| info.name == name) {
            return Err(ConfigurationError::NoCallback(name.clone()));
        }
    }
    let is_chosen = |info: &&OperationInfo| {
        selection.callbacks.is_empty() || selection.callbacks.iter().any(|name| info.name == name)
    };
    Ok(callbacks().filter(is_chosen).collect())
}

fn skipped(check: &Check, selection: &Selection) -> bool {
    let other = !selection.only.is_empty() && !selection.only.iter().any(|id| id == check.id);
    other || selection.level.is_some_and(|level| check.level > level)
}

/// Runs one check on every callback. Each problem is named once, with the callbacks
/// that have it. If none could be judged, the reasons are given; `judged` gets those
/// that could.
async fn judge(
    trial: &Trial<'_>,
    check: &Check,
    judged: &mut Vec<&'static OperationInfo>,
) -> Verdict {
    match check.probe {
        Probe::Whole(whole) => {
            let before = trial.received().await;
            let verdict = whole(trial).await;
            trial.note_received(before).await;
            if verdict.is_ok() {
                judged.extend(match check.level {
                    Level::Money => money::OPERATIONS,
                    _ => trial.callbacks,
                });
            }
            return verdict;
        }
        Probe::Never(why) => return Err(why.to_owned()),
        _ => {}
    }
    let mut problems: Vec<(String, Vec<&str>)> = Vec::new();
    let mut unjudged = Vec::new();
    for info in trial.callbacks {
        let example = Message::example(info);
        let verdict = match check.probe {
            Probe::Accepts(messages) => accepts(trial, &messages(&example)).await,
            Probe::Refuses(requests) => refuses(trial, &example, requests(trial, &example)).await,
            Probe::Own(own) => own(trial, &example).await,
            Probe::Whole(_) | Probe::Never(_) => continue,
        };
        match verdict {
            Ok(found) => {
                judged.push(info);
                for problem in found {
                    let index = problems.iter().position(|(known, _)| *known == problem);
                    let index = index.unwrap_or_else(|| {
                        problems.push((problem, Vec::new()));
                        problems.len() - 1
                    });
                    let names = &mut problems[index].1;
                    if !names.contains(&info.name) {
                        names.push(info.name);
                    }
                }
            }
            Err(why) => unjudged.push(why),
        }
    }
    if judged.is_empty() {
        unjudged.sort();
        unjudged.dedup();
        return Err(unjudged.join("; "));
    }
    let named = problems.into_iter();
    let named = named.map(|(problem, names)| format!("{problem} ({})", names.join(", ")));
    Ok(named.collect())
}

async fn accepts(trial: &Trial<'_>, messages: &[Message]) -> Verdict {
    let mut problems = Vec::new();
    for message in messages {
        if let Err(problem) = trial.accepted(message).await {
            problems.push(format!("{}: {problem}", message.change));
        }
    }
    match messages {
        [] => Err("no message of the chosen callbacks has such a field".to_owned()),
        _ => Ok(problems),
    }
}

/// Sends requests that must not be accepted. An answer that opens and accepts the
/// message is a failure with any status.
async fn refuses(
    trial: &Trial<'_>,
    example: &Message,
    requests: Vec<(String, Sending)>,
) -> Verdict {
    if requests.is_empty() {
        return Err(
            "what such a request needs, such as a retired pair of keys, is not given".to_owned(),
        );
    }
    let before = trial.effects(example).await.ok();
    let mut problems = Vec::new();
    for (change, sending) in requests {
        let answer = trial
            .raw(example.info, &change, sending, trial.limits().answer)
            .await;
        let Ok(answer) = answer else { continue };
        let any = [
            Some(&trial.credentials.current),
            trial.credentials.other.as_ref(),
        ];
        let any = any
            .into_iter()
            .chain([trial.credentials.retired.as_ref()])
            .flatten();
        for credentials in any {
            let plaintext = opened(example.info, credentials, &answer);
            let accepted = plaintext.is_ok_and(|it| answered(example.info, &it).is_ok());
            if accepted {
                problems.push(format!("{change} is accepted"));
            }
        }
    }
    if let Some(before) = before
        && trial
            .effects(example)
            .await
            .is_ok_and(|after| after != before)
    {
        problems.push("a refused request has an effect".to_owned());
    }
    Ok(problems)
}

fn result(
    check: &Check,
    verdict: Option<Verdict>,
    judged: &[&'static OperationInfo],
    trial: Trial<'_>,
    selection: &Selection,
) -> CheckResult {
    let (mut outcome, mut reasons) = match verdict {
        None => (Outcome::Skipped, vec!["it was not chosen".to_owned()]),
        Some(Err(why)) => (Outcome::NotEvaluable, vec![why]),
        Some(Ok(problems)) if problems.is_empty() => (Outcome::Passed, problems),
        Some(Ok(problems)) => match check.necessity {
            Necessity::Must => (Outcome::Failed, problems),
            Necessity::Should => (Outcome::Warning, problems),
        },
    };
    if let Some(expected) = selection.expected.get(check.id) {
        match outcome {
            Outcome::Failed | Outcome::Warning => {
                outcome = Outcome::Expected;
                reasons.push(format!(
                    "known since {}: {}",
                    expected.since, expected.reason
                ));
            }
            Outcome::Passed => {
                outcome = Outcome::Failed;
                reasons
                    .push("it is listed as failing and does not fail any more: remove it".into());
            }
            _ => {}
        }
    }
    let mut exchanges = trial.into_exchanges();
    // What shows the problem comes first.
    exchanges.sort_by_key(|exchange| exchange.problem.is_none());
    exchanges.truncate(SHOWN);
    CheckResult {
        id: check.id.to_owned(),
        level: check.level,
        necessity: check.necessity,
        title: check.title.to_owned(),
        rule: check.rule.to_owned(),
        callbacks: judged
            .iter()
            .map(|info| (info.name.to_owned(), info.chapter.to_owned()))
            .collect(),
        outcome,
        reasons,
        exchanges,
        repeat: format!(
            "{} --only {} --seed {}",
            selection.command, check.id, selection.seed
        ),
    }
}
