//! `skypay call` and `skypay trigger`: sending a single message with the
//! generated clients.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use skypay_client::{
    CallOutcome, CallbackSender, Client, Credentials, Error, NotSentReason, SetupError, Transport,
    UnknownCause,
};
use skypay_runtime::envelope::{self, EncryptKey};
use skypay_sandbox::engine::{Command, Key, KeyStatus, Timestamp};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::{Effect, OperationInfo, Outcome, ResponseCode};

use crate::credentials::{Access, Options, read_object};
use crate::exit_status::{ExitStatus, Failure};
use crate::fields;
use crate::operations::{self, Chosen, Ended, shown};
use crate::output::{Output, OutputFormat, message, print_warning, visible_line, wrapped};
use crate::remote::{admin, callback_urls, carry_and_wait};
use crate::sandbox::NEW_KEYS;
use skypay_sandbox::ordered_json::OrderedJson;

/// Call an operation of SkyPay
///
/// The request is checked against the document before it is sent, and sent
/// once. The exit code says how it ended.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::credentials::HELP)]
pub(crate) struct Call {
    #[command(flatten)]
    options: Options,
    /// A file with a JSON object of fields; - is standard input
    #[arg(long, global = true, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Required to change anything in production
    #[arg(long, global = true)]
    yes_really_production: bool,
    #[command(subcommand)]
    operation: Chosen<false>,
}

impl Call {
    pub(crate) async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        let Chosen { info, fields } = &self.operation;
        let body = self.body.as_deref().map(read_object).transpose()?;
        let plaintext = fields::plaintext(info, body.unwrap_or_default(), fields)?;
        let access = self.options.call_access().await?;
        self.guard(info, &access)?;
        let client = client(&access)?;
        let ended = operations::call(&client, info, &plaintext).await?;
        let advice = match &ended {
            Ok(_) => None,
            Err(error) => advice(info, error, &access).await,
        };
        Ok(said(info, ended, advice, format))
    }

    /// Rejects operations that change something in production unless the option is
    /// given.
    fn guard(&self, info: &OperationInfo, access: &Access) -> Result<(), Failure> {
        if info.effect == Effect::Reads || !access.is_production() || self.yes_really_production {
            return Ok(());
        }
        let what = format!("{} would change something in production", info.name);
        Err(Failure::usage(what)
            .help("Nothing was sent. If real money is to move, say --yes-really-production."))
    }
}

/// Send a callback to a partner
///
/// The content is the document's example, with the fields that are given in
/// place of the example's. The sandbox sends it to the URL that is registered,
/// and keeps it among its callbacks; with --to or --raw it is sent from here,
/// once. It is checked against the document before, unless --raw is given; a code
/// that the document does not list is sent with a warning.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::credentials::HELP)]
pub(crate) struct Trigger {
    #[command(flatten)]
    options: Options,
    /// Send it to this URL, complete with the path
    #[arg(long, global = true, value_name = "URL")]
    to: Option<String>,
    /// A file with a JSON object of fields; - is standard input
    #[arg(long, global = true, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Send the given fields only, with any values, without checking them
    #[arg(long, global = true)]
    raw: bool,
    #[command(subcommand)]
    operation: Chosen<true>,
}

impl Trigger {
    pub(crate) async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        let info = self.operation.info;
        let plaintext = self.plaintext()?;
        let unlisted = operations::unlisted_codes(info, &plaintext);
        let warning = unlisted.filter(|_| !self.raw);
        if let Some(warning) = &warning {
            print_warning(warning, format);
        }
        let mut output = self.send(info, &plaintext, format).await?;
        if let Some(warning) = &warning {
            output.add_warning(warning);
        }
        Ok(output)
    }

    async fn send(
        &self,
        info: &'static OperationInfo,
        plaintext: &[u8],
        format: OutputFormat,
    ) -> Result<Output, Failure> {
        let access = self.options.access().await?;
        let to = match &self.to {
            Some(to) => to.clone(),
            None => registered(info, &access).await?,
        };
        if self.to.is_none() && !self.raw {
            return by_sandbox(info, plaintext, format).await;
        }
        let transport = Transport::builder(&to, access.keys).build()?;
        let sender = CallbackSender::with_transport(transport);
        if self.raw {
            return Ok(send_raw(&sender, info, plaintext, format).await);
        }
        let ended = operations::send(&sender, info, plaintext).await?;
        Ok(said(info, ended, None, format))
    }

    /// Returns the example with the given fields, or with --raw these alone.
    fn plaintext(&self) -> Result<Vec<u8>, Failure> {
        let Chosen { info, fields } = &self.operation;
        let body = self.body.as_deref().map(read_object).transpose()?;
        let body = body.unwrap_or_default();
        if self.raw {
            return fields::raw(body, fields);
        }
        let mut message = match sample(info.name) {
            Some(Value::Object(example)) => example,
            _ => Map::new(),
        };
        message.extend(body);
        fields::plaintext(info, message, fields)
    }
}

/// Returns the URL that is registered with the sandbox.
async fn registered(info: &OperationInfo, access: &Access) -> Result<String, Failure> {
    if !access.is_sandbox {
        let what = "it is not said where the callback goes";
        return Err(Failure::usage(what).help("Say --to and the partner's URL."));
    }
    let urls = callback_urls(&admin()?).await?;
    urls.of(info.name).map(str::to_owned).ok_or_else(|| {
        let what = format!("no URL is registered for {}", info.name);
        Failure::not_sent(what).help(
            "`skypay listen` registers its own, `skypay callbacks set` any, and --to does without.",
        )
    })
}

/// Lets the sandbox send a callback to the registered URL.
async fn by_sandbox(
    info: &OperationInfo,
    plaintext: &[u8],
    format: OutputFormat,
) -> Result<Output, Failure> {
    if let Some(invalid) = operations::invalid(info, plaintext)? {
        let what = format!("{}: not sent\n{invalid}", info.name);
        return Err(Failure::not_sent(what));
    }
    let command = Command::Trigger {
        operation: info.name.to_owned(),
        plaintext: serde_json::from_slice(plaintext).unwrap_or_default(),
        url: None,
    };
    carry_and_wait(&command, format).await
}

/// Sends untyped fields; only the credentials are added.
async fn send_raw(
    sender: &CallbackSender,
    info: &'static OperationInfo,
    fields: &[u8],
    format: OutputFormat,
) -> Output {
    let plaintext = match sender.send_untyped(info, fields).await {
        Ok(plaintext) => plaintext,
        Err(outcome) => return raw_end(info, outcome, None, format),
    };
    let code = operations::code_in(plaintext.as_bytes());
    let outcome = match code.map(|(code, _)| info.outcome_of(&code)) {
        Some(Outcome::Accepted) => CallOutcome::Accepted,
        Some(Outcome::Rejected) => CallOutcome::Rejected,
        Some(Outcome::Unknown) | None => CallOutcome::Unknown,
    };
    raw_end(
        info,
        outcome,
        OrderedJson::read(plaintext.as_bytes()),
        format,
    )
}

fn raw_end(
    info: &OperationInfo,
    outcome: CallOutcome,
    answer: Option<OrderedJson>,
    format: OutputFormat,
) -> Output {
    let answer = answer.map(|answer| shown(info, answer, format));
    let mut text = format!("{}: {outcome}", info.name);
    match &answer {
        Some(answer) => text.push_str(&format!("\n{}", message(answer, 2))),
        None => text.push_str("\n  There is no answer that can be read."),
    }
    let json = json!({ "operation": info.name, "outcome": word(outcome), "response": answer });
    Output::new(text, &json).exit_status(exit_status(outcome))
}

/// Returns a client for the target of calls.
pub(crate) fn client(access: &Access) -> Result<Client, Failure> {
    let transport = access.environment.transport(access.keys.clone()).build()?;
    Ok(Client::with_transport(transport, access.caller_name()?)?)
}

/// Returns a client for a URL of the partner's, without keys: it sends bodies as they
/// are.
pub(crate) fn keyless(url: &str) -> Result<Transport, Failure> {
    let unused = Credentials::new("unused", "unused", "unused");
    let unused = unused.map_err(|error| Failure::usage(error.to_string()))?;
    let transport = Transport::builder(url, unused.into()).allow_plain_http();
    Ok(transport.build()?)
}

/// A client could not be created.
impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::BaseUrl(_) | SetupError::PathParameter | SetupError::PlainHttp => {
                Self::usage(error.to_string())
            }
            _ => Self::not_sent(error.to_string()),
        }
    }
}

/// A hint for a call that may have failed because of its keys.
pub(crate) struct Advice {
    pub(crate) text: String,
    /// Whether it is certain that nothing was executed, even without a response.
    nothing_was_done: bool,
}

/// Checks whether the keys explain a failed call: no key decrypts the response, or
/// the response rejects the credentials. If the call went to a running sandbox, the
/// keys are compared with its key pairs; otherwise only the response is available.
pub(crate) async fn advice(info: &OperationInfo, error: &Error, access: &Access) -> Option<Advice> {
    let unopened = match error {
        Error::Unknown(error) => match error.cause {
            UnknownCause::Unreadable => true,
            UnknownCause::HttpStatus(status) => (400..500).contains(&status),
            _ => false,
        },
        _ => false,
    };
    let refused = error.return_code() == Some(&ResponseCode::VerificationFailed);
    if !unopened && !refused {
        return None;
    }
    if access.is_sandbox
        && let Ok(problem) = sandbox_keys(access).await
    {
        return problem;
    }
    let text = match (unopened, info.effect) {
        (false, _) => {
            "Check the user name, the authentication, the caller name, and whether the keys have \
             expired."
        }
        (true, Effect::Reads) => {
            "The encrypt key does not open the answer: it is not the other side's, or it has \
             expired. Nothing was changed."
        }
        (true, _) => {
            "The encrypt key does not open the answer: it may not be the other side's. Then \
             nothing was done, but that cannot be told from here: ask with the right key before \
             you send again."
        }
    };
    Some(Advice {
        text: text.to_owned(),
        nothing_was_done: unopened && info.effect == Effect::Reads,
    })
}

/// Compares the keys with those of the running sandbox.
async fn sandbox_keys(access: &Access) -> Result<Option<Advice>, Failure> {
    let admin = admin()?;
    let now = admin.clock().await?.now;
    let mut state = admin.state(true).await?;
    let keys: BTreeMap<u32, Key> = serde_json::from_value(state["keys"].take()).unwrap_or_default();
    let ours = access.keys.current();
    let sample = envelope::seal(ours.key(), &[b"{}"]);
    let same_key = |key: &&Key| {
        let theirs = EncryptKey::derive(&key.pair.encrypt_key);
        envelope::open(&theirs, sample.as_bytes()).is_ok_and(|plaintext| &*plaintext == "{}")
    };
    let Some(key) = keys.values().find(same_key) else {
        let text = "The encrypt key is none of this sandbox's, so it has done nothing. `skypay \
                    sandbox info` shows its keys."
            .to_owned();
        return Ok(Some(Advice {
            text,
            nothing_was_done: true,
        }));
    };
    let status = key.status(now);
    let text = match status {
        KeyStatus::Expired => {
            let expired = key.expires.map(|expires| expires.to_string());
            let expired = expired.unwrap_or_default();
            let others = other_keys(&keys, now).unwrap_or_else(|| NEW_KEYS.to_owned());
            format!("These keys expired at {expired}. {others}")
        }
        KeyStatus::Made | KeyStatus::Enabled => {
            let others = other_keys(&keys, now).unwrap_or_default();
            let text = format!("These keys are not in effect yet: `skypay keys list`. {others}");
            text.trim_end().to_owned()
        }
        KeyStatus::Effective if ours.authentication() != key.pair.authentication => {
            "The authentication is not the one that belongs to this encrypt key. `skypay sandbox \
             info` shows both."
                .to_owned()
        }
        KeyStatus::Effective => {
            "Check the user name and the caller name: `skypay sandbox info` shows them.".to_owned()
        }
    };
    Ok(Some(Advice {
        text,
        // The sandbox executes nothing with a pair that is not in effect.
        nothing_was_done: status != KeyStatus::Effective,
    }))
}

/// Returns which pair to use: the one in effect, or the one that will be; `None` if
/// neither exists.
fn other_keys(keys: &BTreeMap<u32, Key>, now: Timestamp) -> Option<String> {
    let newest = |status| {
        let found = keys.values().filter(|key| key.status(now) == status);
        found.max_by_key(|key| (key.effective, key.id))
    };
    if let Some(key) = newest(KeyStatus::Effective) {
        let id = key.id;
        return Some(format!(
            "Key pair {id} is in effect: use it. `skypay sandbox info` shows it."
        ));
    }
    let key = newest(KeyStatus::Enabled)?;
    let (id, effective) = (key.id, key.effective?);
    Some(format!(
        "Key pair {id} takes effect at {effective}: use it then. `skypay sandbox info` shows it \
         from then on."
    ))
}

/// Returns the outcome of a call as output.
fn said(
    info: &OperationInfo,
    ended: Ended,
    advice: Option<Advice>,
    format: OutputFormat,
) -> Output {
    let error = match ended {
        Ok((answer, invalid)) => {
            let answer = shown(info, answer, format);
            let mut text = format!("{}: accepted\n{}", info.name, message(&answer, 2));
            let mut json =
                json!({ "operation": info.name, "outcome": "accepted", "response": answer });
            if let Some(invalid) = invalid {
                let wrong = format!("Not as documented:\n{invalid}");
                text.push_str(&format!("\n{}", wrapped(&wrong, 2)));
                json["violations"] = invalid.violations().iter().map(violation).collect();
            }
            return Output::new(text, &json);
        }
        Err(error) => error,
    };
    let outcome = error.outcome();
    let mut json = json!({
        "operation": info.name,
        "outcome": word(outcome),
        "code": error.code(),
        "message": error.to_string(),
    });
    let mut text = unprefixed(info, &error);
    match &error {
        Error::NotSent(error) => {
            if let NotSentReason::Invalid(invalid) = &error.reason {
                json["violations"] = invalid.violations().iter().map(violation).collect();
                text = invalid.to_string();
            }
        }
        Error::Rejected(error) => {
            json["description"] = error.description().into();
            let description = error
                .description()
                .map(|said| format!("\n  It says: {}", visible_line(said)));
            text.push_str(&description.unwrap_or_default());
        }
        Error::Unknown(error) => {
            json["transaction_ids"] = error.transaction_ids.clone().into();
            json["ask"] = error.status_query().into();
            json["notBefore"] = error.ask_not_before.map(|time| time.to_string()).into();
        }
    }
    let mut exit_status = exit_status(outcome);
    let mut text = format!("{}: {outcome}\n{}", info.name, wrapped(&text, 2));
    if let Some(advice) = advice {
        text.push_str(&format!("\n{}", wrapped(&advice.text, 2)));
        json["help"] = advice.text.into();
        if advice.nothing_was_done {
            exit_status = ExitStatus::Refused;
        }
    }
    Output::new(text, &json).exit_status(exit_status)
}

/// Returns the message of an error without the operation name and the outcome,
/// which the line above contains.
fn unprefixed(info: &OperationInfo, error: &Error) -> String {
    let text = error.to_string();
    let rest = text
        .strip_prefix(info.name)
        .and_then(|rest| rest.strip_prefix(": "));
    let rest = rest.unwrap_or(&text);
    let outcome = format!("{}: ", error.outcome());
    rest.strip_prefix(&outcome).unwrap_or(rest).to_owned()
}

/// Returns a violation as JSON.
pub(crate) fn violation(violation: &skypay_types::Violation) -> Value {
    json!({ "field": violation.field, "rule": violation.rule, "message": violation.message })
}

fn word(outcome: CallOutcome) -> String {
    outcome.to_string().replace(' ', "-")
}

fn exit_status(outcome: CallOutcome) -> ExitStatus {
    match outcome {
        CallOutcome::Accepted => ExitStatus::Done,
        CallOutcome::NotSent => ExitStatus::NotSent,
        CallOutcome::Rejected => ExitStatus::Refused,
        CallOutcome::Unknown => ExitStatus::Unknown,
    }
}
