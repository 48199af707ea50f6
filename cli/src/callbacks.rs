//! `skypay callbacks` and `skypay replay`: the callbacks of the sandbox, their URLs,
//! and sending one again.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use skypay_runtime::envelope;
use skypay_sandbox::admin_client::{CallbackDetails, ListQuery};
use skypay_sandbox::engine::{AttemptResult, Command, Row};

use crate::call::keyless;
use crate::exit_status::{ExitStatus, Failure};
use crate::history;
use crate::lists::{WhichCode, WhichEntries, table_or_none};
use crate::operations;
use crate::output::{Output, OutputFormat, columns, message, short, table, wrapped};
use crate::registration::warning;
use crate::remote::{admin, callback_urls, carry_and_wait, execute, masked};

/// Show callbacks and their attempts; show or set their URLs
///
/// A partner without a server fetches callbacks from the sandbox's mailbox: set
/// the URL http://127.0.0.1:7171/_sandbox/mailbox.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Callbacks {
    /// List the last callbacks, the newest first
    List {
        /// How many to show
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        which: WhichEntries,
        /// Their state
        #[arg(long, value_parser = ["scheduled", "being-sent", "acknowledged", "given-up"])]
        state: Option<String>,
        #[command(flatten)]
        code: WhichCode,
    },
    /// Show one with every attempt, encrypted as it was sent
    Show {
        /// Its number, which `skypay callbacks list` shows
        id: u64,
    },
    /// Show the URL of each callback
    Urls,
    /// Set the URL of all callbacks, or of one
    Set {
        /// The partner's URL; without one, the callback is not sent
        url: Option<String>,
        /// Only for this callback
        #[arg(
            long = "for",
            value_name = "CALLBACK",
            value_parser = PossibleValuesParser::new(operations::callbacks().map(|info| info.name))
        )]
        only: Option<String>,
    },
}

impl Callbacks {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::List {
                which,
                state,
                code,
                limit,
            } => {
                list(ListQuery {
                    kind: "callback".to_owned(),
                    state: state.unwrap_or_default().replace('-', " "),
                    code: code.text(),
                    ..which.newest(limit, format)
                })
                .await
            }
            Self::Show { id } => {
                let personal = format.show_personal_data;
                let details = admin()?.callback(id, personal).await?;
                Ok(details_of(&details, format))
            }
            Self::Urls => {
                let urls = callback_urls(&admin()?).await?;
                let url = |name: &str| urls.of(name).unwrap_or("nowhere").to_owned();
                let rows: Vec<_> = operations::callbacks()
                    .map(|info| (info.name, url(info.name)))
                    .collect();
                Ok(Output::new(columns(&rows, 0), &urls))
            }
            Self::Set { url, only } => {
                let admin = admin()?;
                let mut urls = callback_urls(&admin).await?;
                let warning = match &url {
                    Some(url) => warning(&admin, url).await,
                    None => None,
                };
                match (only, url) {
                    (None, url) => urls.shared = url,
                    (Some(name), Some(url)) => drop(urls.own.insert(name, url)),
                    (Some(name), None) => drop(urls.own.remove(&name)),
                }
                let mut said = execute(&Command::Callbacks(urls), format).await?;
                if let Some(warning) = warning {
                    let text = wrapped(&format!("Warning: {warning}"), 0);
                    said.text.push_str(&format!("\n{text}"));
                    said.add_warning(&warning);
                }
                Ok(said)
            }
        }
    }
}

async fn list(query: ListQuery) -> Result<Output, Failure> {
    let found = admin()?.rows(&query).await?;
    let rows = found.iter().filter_map(|row| match row {
        Row::Callback(callback) => {
            let last = callback.attempts.last();
            let result = last.and_then(|attempt| attempt.result.as_ref());
            Some(vec![
                callback.id.to_string(),
                short(&callback.created.to_string()).to_owned(),
                callback.operation.clone(),
                callback.subject.clone(),
                callback.status.as_str().to_owned(),
                result.map_or("-".to_owned(), answer),
            ])
        }
        _ => None,
    });
    let head = ["id", "made", "callback", "about", "state", "answer"];
    let text = table_or_none(&head, &rows.collect::<Vec<_>>());
    Ok(Output::new(text, &found))
}

/// Returns the return code of an answer, or the HTTP status of one without a code.
fn answer(result: &AttemptResult) -> String {
    match (result.code(), result) {
        (Some(code), _) => code.as_str().to_owned(),
        (
            None,
            AttemptResult::Lost {
                status: Some(status),
                ..
            },
        ) => format!("HTTP {status}"),
        (None, _) => "-".to_owned(),
    }
}

fn details_of(details: &CallbackDetails, format: OutputFormat) -> Output {
    let tree = masked(&details.callback, format);
    let rows: Vec<_> = details
        .wire
        .iter()
        .map(|record| {
            let status = record
                .status
                .map_or("-".to_owned(), |status| status.to_string());
            let took = format!("{} ms", record.milliseconds);
            vec![
                record.attempt.to_string(),
                record.copy.to_string(),
                status,
                took,
                record.url.clone(),
            ]
        })
        .collect();
    let head = ["attempt", "copy", "status", "took", "url"];
    let mut text = format!("{}\n\n{}", message(&tree, 0), table(&head, &rows));
    for record in &details.wire {
        let (attempt, copy) = (record.attempt, record.copy);
        text.push_str(&format!(
            "\n\nsealed, attempt {attempt}, copy {copy}\n{}",
            record.sealed
        ));
        if let Some(response) = record.answer.as_ref().filter(|body| !body.is_empty()) {
            text.push_str(&format!("\n\nresponse to it\n{response}"));
        }
    }
    Output::new(text, &json!({ "callback": tree, "wire": details.wire }))
}

/// Send a callback again
///
/// The sandbox sends one of its callbacks again, unchanged. With --to, a callback
/// that `skypay listen` has stored is sent to that URL, byte for byte.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct Replay {
    /// The number of the sandbox's callback; with --to, of the listener's
    id: u64,
    /// The number of copies
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    copies: u32,
    /// All at once instead of in sequence
    #[arg(long)]
    concurrent: bool,
    /// Send a callback of the listener to this URL
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// The listener's file [default: .skypay/listen.jsonl]
    #[arg(long, value_name = "FILE", requires = "to")]
    history: Option<PathBuf>,
}

impl Replay {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match &self.to {
            Some(to) => self.kept(to).await,
            None => self.sandbox(format).await,
        }
    }

    async fn sandbox(&self, format: OutputFormat) -> Result<Output, Failure> {
        let delivery = self.id;
        let (rounds, copies) = if self.concurrent {
            (1, self.copies)
        } else {
            (self.copies, 1)
        };
        let mut texts = Vec::new();
        let mut all = Vec::new();
        let mut exit_status = ExitStatus::Done;
        for _ in 0..rounds {
            let said = carry_and_wait(&Command::Replay { delivery, copies }, format).await?;
            all.push(serde_json::from_str::<Value>(&said.json).unwrap_or_default());
            texts.push(said.text);
            if exit_status == ExitStatus::Done {
                exit_status = said.exit_status;
            }
        }
        Ok(Output::new(texts.join("\n"), &all).exit_status(exit_status))
    }

    /// Sends the stored bytes unchanged; the keys of the transport are not used.
    async fn kept(&self, to: &str) -> Result<Output, Failure> {
        let entry = history::find(self.history.as_deref(), self.id)?;
        let transport = keyless(to)?;
        let send = || {
            let request = transport.http_client().post(to);
            let request = request.header("content-type", envelope::CONTENT_TYPE);
            request.body(entry.sealed.clone()).send()
        };
        let mut statuses = Vec::new();
        if self.concurrent {
            let mut sending = tokio::task::JoinSet::new();
            for _ in 0..self.copies {
                sending.spawn(send());
            }
            while let Some(sent) = sending.join_next().await {
                statuses.push(
                    sent.ok()
                        .and_then(Result::ok)
                        .map(|answer| answer.status().as_u16()),
                );
            }
        } else {
            for _ in 0..self.copies {
                statuses.push(send().await.ok().map(|answer| answer.status().as_u16()));
            }
        }
        let word = |status: &Option<u16>| {
            status.map_or("no answer".to_owned(), |status| format!("HTTP {status}"))
        };
        let words: Vec<_> = statuses.iter().map(word).collect();
        let name = entry.operation.as_deref().unwrap_or("not opened");
        let text = format!("Callback {}, {name}: {}", entry.id, words.join(", "));
        let exit_status = match statuses.iter().all(|status| *status == Some(200)) {
            true => ExitStatus::Done,
            false if statuses.iter().any(Option::is_none) => ExitStatus::Unknown,
            false => ExitStatus::Refused,
        };
        let json = json!({ "id": entry.id, "operation": entry.operation, "statuses": statuses });
        Ok(Output::new(text, &json).exit_status(exit_status))
    }
}
