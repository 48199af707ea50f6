//! A run: the chosen checks, one after the other.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use skypay_runtime::value::DateTime;
use skypay_sandbox::operations::callbacks;
use skypay_types::OperationInfo;
use tokio::sync::OnceCell;

use crate::check::{
    CHECKS, Check, Level, Necessity, NotJudged, Probe, Trial, Verdict, answered, opened,
};
use crate::configuration::{Configuration, ConfigurationError, Credentials};
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
        let trial = Trial {
            configuration,
            credentials,
            callbacks: &chosen,
            seed: selection.seed,
            budget: &budget,
            session: &session,
            exchanges: Mutex::default(),
        };
        let mut verdicts = None;
        if !skipped(check, selection) {
            verdicts = Some(judge(&trial, check).await);
            done += 1;
        }
        // What was not sent says nothing about the server.
        if budget.is_used_up() {
            let why = format!("all {MOST_REQUESTS} requests are used up");
            for (_, verdict) in verdicts.iter_mut().flatten() {
                *verdict = Err(why.clone().into());
            }
        }
        let result = result(check, verdicts, &trial, selection);
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

/// What a check found of each operation that it was chosen for.
type Verdicts = Vec<(&'static OperationInfo, Verdict)>;

/// Runs a check on every callback, or on all at once.
async fn judge(trial: &Trial<'_>, check: &Check) -> Verdicts {
    let of_all = |operations: &[&'static OperationInfo], verdict: Verdict| {
        let all = operations.iter();
        all.map(|info| (*info, verdict.clone())).collect()
    };
    let mut verdicts = Verdicts::new();
    for info in trial.callbacks {
        let example = Message::example(info);
        let verdict = match check.probe {
            Probe::Accepts(messages) => accepts(trial, &messages(&example)).await,
            Probe::Refuses(requests) => refuses(trial, &example, requests(trial, &example)).await,
            Probe::Own(own) => own(trial, &example).await,
            Probe::Never(why) => return of_all(trial.callbacks, Err(why.into())),
            Probe::Whole(whole) => return of_all(trial.callbacks, whole(trial).await),
            Probe::Orders(check) => {
                let before = trial.received().await;
                let verdict = match trial.session().await {
                    Ok(session) => check(session).await,
                    Err(why) => Err(why.into()),
                };
                trial.note_received(before).await;
                return of_all(money::OPERATIONS, verdict);
            }
        };
        verdicts.push((info, verdict));
    }
    verdicts
}

async fn accepts(trial: &Trial<'_>, messages: &[Message]) -> Verdict {
    let mut problems = Vec::new();
    for message in messages {
        if let Err(problem) = trial.accepted(message).await {
            problems.push(format!("{}: {problem}", message.change));
        }
    }
    match messages {
        [] => Err(NotJudged::NotApplicable(
            "no message of the chosen callbacks has such a field".to_owned(),
        )),
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
        let why = "what such a request needs, such as a retired pair of keys, is not given";
        return Err(why.into());
    }
    let before = match trial.configuration.effects {
        Some(_) => Some(trial.effects(example).await?),
        None => None,
    };
    let mut problems = Vec::new();
    for (change, sending) in requests {
        let answer = match trial.refusal(example.info, &change, sending).await {
            Ok(Some(answer)) => answer,
            Ok(None) => continue,
            Err(why) if problems.is_empty() => return Err(why),
            Err(_) => break,
        };
        for credentials in trial.credentials.all() {
            let plaintext = opened(example.info, credentials, &answer);
            let accepted = plaintext.is_ok_and(|it| answered(example.info, &it).is_ok());
            if accepted {
                problems.push(format!("{change} is accepted"));
            }
        }
    }
    if let Some(before) = before
        && trial.effects(example).await? != before
    {
        problems.push("a refused request has an effect".to_owned());
    }
    Ok(problems)
}

/// Joins what verdicts have in common: each text once, with its operations unless
/// they are all that the check is about.
fn joined<'v>(
    texts: impl Iterator<Item = (&'static OperationInfo, &'v String)>,
    all: usize,
) -> Vec<String> {
    let mut known: Vec<(&String, Vec<&str>)> = Vec::new();
    for (info, text) in texts {
        match known.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) if names.contains(&info.name) => {}
            Some((_, names)) => names.push(info.name),
            None => known.push((text, vec![info.name])),
        }
    }
    let known = known.into_iter().map(|(text, names)| match names.len() {
        count if count == all => text.clone(),
        _ => format!("{text} ({})", names.join(", ")),
    });
    known.collect()
}

/// How a check ended by what was found, and why it did not pass. It passes only if
/// each callback that it is about was judged.
fn ended(
    necessity: Necessity,
    verdicts: &[(&'static OperationInfo, Verdict)],
) -> (Outcome, Vec<String>) {
    let (mut problems, mut unknown, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for (info, verdict) in verdicts {
        match verdict {
            Ok(found) => problems.extend(found.iter().map(|problem| (*info, problem))),
            Err(NotJudged::Unknown(why)) => unknown.push((*info, why)),
            Err(NotJudged::NotApplicable(why)) => beside.push((*info, why)),
        }
    }
    let about = verdicts.len() - beside.len();
    if about == 0 {
        let why = joined(beside.into_iter(), verdicts.len());
        return (Outcome::NotEvaluable, why);
    }
    let mut problems = joined(problems.into_iter(), about);
    let unknown = joined(unknown.into_iter(), about);
    if problems.is_empty() {
        let outcome = if unknown.is_empty() {
            Outcome::Passed
        } else {
            Outcome::NotEvaluable
        };
        return (outcome, unknown);
    }
    problems.extend(unknown.iter().map(|why| format!("not judged: {why}")));
    let outcome = match necessity {
        Necessity::Must => Outcome::Failed,
        Necessity::Should => Outcome::Warning,
    };
    (outcome, problems)
}

fn result(
    check: &Check,
    verdicts: Option<Verdicts>,
    trial: &Trial<'_>,
    selection: &Selection,
) -> CheckResult {
    let (mut outcome, mut reasons) = match &verdicts {
        None => (Outcome::Skipped, vec!["it was not chosen".to_owned()]),
        Some(verdicts) => ended(check.necessity, verdicts),
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
    let (mut callbacks, mut not_judged) = (BTreeMap::new(), BTreeMap::new());
    for (info, verdict) in verdicts.into_iter().flatten() {
        let name = info.name.to_owned();
        match verdict {
            Ok(_) => {
                callbacks.insert(name, info.chapter.to_owned());
            }
            Err(NotJudged::Unknown(why)) => {
                not_judged.insert(name, why);
            }
            Err(NotJudged::NotApplicable(_)) => {}
        }
    }
    let mut exchanges = std::mem::take(&mut *trial.exchanges());
    // What shows the problem comes first.
    exchanges.sort_by_key(|exchange| exchange.problem.is_none());
    exchanges.truncate(SHOWN);
    CheckResult {
        id: check.id.to_owned(),
        level: check.level,
        necessity: check.necessity,
        title: check.title.to_owned(),
        rule: check.rule.to_owned(),
        callbacks,
        not_judged,
        outcome,
        reasons,
        exchanges,
        repeat: format!(
            "{} --only {} --seed {}",
            selection.command, check.id, selection.seed
        ),
    }
}
