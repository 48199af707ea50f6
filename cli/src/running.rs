//! A running sandbox: asking it, telling it, and showing what it says.

use serde_json::{Value, json};
use skypay_sandbox::admin::{Admin, AdminError, Carried};
use skypay_sandbox::engine::{AttemptResult, Callback, Command, Standing};
use skypay_types::Outcome;

use crate::call::shown;
use crate::credentials::sandbox_url;
use crate::ending::{Ending, Failure};
use crate::operations;
use crate::show::{Said, Style, message, wrapped};
use crate::tree::Tree;

/// Shown in the help of commands that need a running sandbox.
pub(crate) const HELP: &str = "\
The sandbox is looked for at SKYPAY_SANDBOX, or else at http://127.0.0.1:7171.";

/// The sandbox that is meant.
pub(crate) fn admin() -> Result<Admin, Failure> {
    Admin::new(&sandbox_url()).map_err(|error| {
        Failure::usage(error.to_string()).help("SKYPAY_SANDBOX is the URL that `up` printed.")
    })
}

/// Why the sandbox has not done it.
pub(crate) fn failed(error: AdminError) -> Failure {
    match error {
        AdminError::Refused { problem, .. } => Failure::refused(problem),
        AdminError::Unreachable(..) => Failure::not_sent(error.to_string()),
        other => Failure::refused(other.to_string()),
    }
}

/// Has a command carried out.
pub(crate) async fn carry(command: &Command, style: Style) -> Result<Said, Failure> {
    let carried = admin()?.command(command).await.map_err(failed)?;
    said(&carried, style)
}

/// Has a command carried out that ends as its callback does.
pub(crate) async fn carry_and_wait(command: &Command, style: Style) -> Result<Said, Failure> {
    let carried = admin()?.command(command).await.map_err(failed)?;
    let said = said(&carried, style)?;
    let ending = carried.deliveries.first().map_or(Ending::Done, ending);
    Ok(said.ending(ending))
}

fn ending(callback: &Callback) -> Ending {
    let last = callback.attempts.last();
    match last.and_then(|attempt| attempt.result.as_ref()) {
        Some(AttemptResult::Answered { code, .. }) => {
            let info = operations::find(&callback.operation);
            match info.map_or(Outcome::Unknown, |info| info.outcome_of(code)) {
                Outcome::Accepted => Ending::Done,
                Outcome::Rejected => Ending::Refused,
                Outcome::Unknown => Ending::Unknown,
            }
        }
        Some(AttemptResult::NotSent { .. }) => Ending::NotSent,
        Some(AttemptResult::Lost { .. }) | None => Ending::Unknown,
    }
}

fn said(carried: &Carried, style: Style) -> Result<Said, Failure> {
    if let Some(why) = carried.declined() {
        return Err(Failure::refused(why));
    }
    let mut lines: Vec<String> = carried.events.iter().map(event).collect();
    let details = Tree::from(carried.details().clone());
    if matches!(&details, Tree::Object(members) if !members.is_empty()) {
        lines.push(message(&details, 2));
    }
    lines.extend(
        carried
            .deliveries
            .iter()
            .map(|callback| delivery(callback, style)),
    );
    if lines.is_empty() {
        lines.push("Done.".to_owned());
    }
    let deliveries = carried
        .deliveries
        .iter()
        .map(|callback| masked(callback, style));
    let json = json!({
        "answer": carried.answer,
        "events": carried.events,
        "deliveries": deliveries.collect::<Vec<_>>(),
    });
    Ok(Said::new(lines.join("\n"), &json))
}

/// A line of the log for people.
pub(crate) fn event(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let time = text("time").get(..19).unwrap_or_default();
    let sequence = event["sequence"].as_u64().unwrap_or_default();
    let mut said = format!("{}  {}", text("kind"), text("subject"));
    for (name, value) in event["details"].as_object().into_iter().flatten() {
        match value {
            Value::Object(_) | Value::Array(_) | Value::Null => {}
            Value::String(text) => said.push_str(&format!("  {name}={text}")),
            scalar => said.push_str(&format!("  {name}={scalar}")),
        }
    }
    let said = wrapped(&said, 28);
    format!("{sequence:>5}  {time}  {}", said.trim_start())
}

/// A callback and how its last attempt ended.
fn delivery(callback: &Callback, style: Style) -> String {
    let Callback {
        id,
        operation,
        subject,
        ..
    } = callback;
    let last = callback
        .attempts
        .last()
        .and_then(|attempt| attempt.result.as_ref());
    let (end, answer) = match last {
        Some(AttemptResult::Answered {
            code,
            description,
            clear,
            milliseconds,
        }) => {
            let description = description.as_deref().unwrap_or_default();
            (
                format!("answered {code} {description} in {milliseconds} ms"),
                Some(clear),
            )
        }
        Some(AttemptResult::NotSent { reason }) => (format!("not sent: {reason}"), None),
        Some(AttemptResult::Lost { reason, .. }) => (format!("no answer: {reason}"), None),
        None => match &callback.standing {
            Standing::Scheduled { due } => (format!("due {due}"), None),
            _ => ("on its way".to_owned(), None),
        },
    };
    let mut text = wrapped(&format!("Callback {id}, {operation} {subject}: {end}"), 0);
    let info = operations::find(operation);
    if let (Some(info), Some(clear @ Value::Object(_))) = (info, answer) {
        let answer = shown(info, Tree::from(clear.clone()), style);
        text.push_str(&format!("\n{}", message(&answer, 2)));
    }
    text
}

/// A callback for other programs.
pub(crate) fn masked(callback: &Callback, style: Style) -> Tree {
    let tree = Tree::of(callback);
    match operations::find(&callback.operation) {
        Some(info) => shown(info, tree, style),
        None => tree,
    }
}
