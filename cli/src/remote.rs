//! Access to a running sandbox: executing commands and showing their results.

use serde_json::{Value, json};
use skypay_sandbox::admin_client::{Admin, AdminError, CommandResult};
use skypay_sandbox::engine::{AttemptResult, Callback, CallbackUrls, Command, DeliveryStatus};
use skypay_types::Outcome;

pub(crate) use crate::credentials::admin;
use crate::event::event;
use crate::exit_status::{ExitStatus, Failure};
use crate::operations::{self, shown};
use crate::output::{Output, OutputFormat, message, wrapped};
use skypay_sandbox::ordered_json::OrderedJson;

/// The help section for commands that need a running sandbox.
pub(crate) const HELP: &str = "\
The sandbox is the one at SKYPAY_SANDBOX, by default http://127.0.0.1:7171; with
SKYPAY_ADMIN_TOKEN if it was started with that.";

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Refused { problem, .. } => Self::refused(problem),
            AdminError::Unreachable(..) => Self::not_sent(error.to_string()),
            other => Self::refused(other.to_string()),
        }
    }
}

/// Returns the registered callback URLs.
pub(crate) async fn callback_urls(admin: &Admin) -> Result<CallbackUrls, Failure> {
    let mut state = admin.state(true).await?;
    let urls = serde_json::from_value(state["settings"]["callbacks"].take());
    Ok(urls.unwrap_or_default())
}

/// Executes a command.
pub(crate) async fn execute(command: &Command, format: OutputFormat) -> Result<Output, Failure> {
    let executed = admin()?.command(command).await?;
    said(&executed, format)
}

/// Executes a command. The exit status is the result of its callback.
pub(crate) async fn carry_and_wait(
    command: &Command,
    format: OutputFormat,
) -> Result<Output, Failure> {
    let executed = admin()?.command(command).await?;
    let said = said(&executed, format)?;
    let exit_status = executed
        .deliveries
        .first()
        .map_or(ExitStatus::Done, exit_status);
    Ok(said.exit_status(exit_status))
}

fn exit_status(callback: &Callback) -> ExitStatus {
    let last = callback.attempts.last();
    match last.and_then(|attempt| attempt.result.as_ref()) {
        Some(AttemptResult::Answered { code, .. }) => {
            let info = operations::find(&callback.operation);
            match info.map_or(Outcome::Unknown, |info| info.outcome_of(code)) {
                Outcome::Accepted => ExitStatus::Done,
                Outcome::Rejected => ExitStatus::Refused,
                Outcome::Unknown => ExitStatus::Unknown,
            }
        }
        Some(AttemptResult::NotSent { .. }) => ExitStatus::NotSent,
        Some(AttemptResult::Lost { .. }) | None => ExitStatus::Unknown,
    }
}

fn said(executed: &CommandResult, format: OutputFormat) -> Result<Output, Failure> {
    if let Some(why) = executed.invalid_command() {
        return Err(Failure::refused(why));
    }
    let mut lines: Vec<String> = executed.events.iter().map(event).collect();
    let details = OrderedJson::from(executed.details().clone());
    if matches!(&details, OrderedJson::Object(members) if !members.is_empty()) {
        lines.push(message(&details, 2));
    }
    lines.extend(
        executed
            .deliveries
            .iter()
            .map(|callback| delivery(callback, format)),
    );
    if lines.is_empty() {
        lines.push("Done.".to_owned());
    }
    let deliveries = executed
        .deliveries
        .iter()
        .map(|callback| masked(callback, format));
    let json = json!({
        "answer": executed.answer,
        "events": executed.events,
        "deliveries": deliveries.collect::<Vec<_>>(),
    });
    Ok(Output::new(lines.join("\n"), &json))
}

/// Formats a callback and the result of its last attempt.
fn delivery(callback: &Callback, format: OutputFormat) -> String {
    let Callback {
        id,
        operation,
        subject,
        ..
    } = callback;
    let last = callback.attempts.last();
    let result = last.and_then(|attempt| attempt.result.as_ref());
    let end = match (result, &callback.status) {
        (Some(result), _) => ended(result),
        (None, DeliveryStatus::Scheduled { due }) => format!("due {due}"),
        (None, _) => "on its way".to_owned(),
    };
    let answer = match result {
        Some(AttemptResult::Answered { plaintext, .. }) => Some(plaintext),
        _ => None,
    };
    let mut text = wrapped(&format!("Callback {id}, {operation} {subject}: {end}"), 0);
    let info = operations::find(operation);
    if let (Some(info), Some(plaintext @ Value::Object(_))) = (info, answer) {
        let answer = shown(info, OrderedJson::from(plaintext.clone()), format);
        text.push_str(&format!("\n{}", message(&answer, 2)));
    }
    text
}

/// Returns how an attempt ended.
pub(crate) fn ended(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Answered {
            code,
            description,
            milliseconds,
            ..
        } => {
            let description = description.as_deref().unwrap_or_default();
            format!("answered {code} {description} in {milliseconds} ms")
        }
        AttemptResult::NotSent { reason } => format!("not sent: {reason}"),
        AttemptResult::Lost { reason, .. } => format!("no answer: {reason}"),
    }
}

/// Returns a callback as JSON, masked without `--show-personal-data`.
pub(crate) fn masked(callback: &Callback, format: OutputFormat) -> OrderedJson {
    let tree = OrderedJson::of(callback);
    match operations::find(&callback.operation) {
        Some(info) => shown(info, tree, format),
        None => tree,
    }
}
