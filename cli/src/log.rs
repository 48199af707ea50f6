//! `skypay log` and `skypay replay`: showing events and sending callbacks
//! again.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use skypay_client::{Credentials, Transport};
use skypay_runtime::envelope;
use skypay_sandbox::admin_client::{CallbackDetails, LogQuery};
use skypay_sandbox::engine::Command;

use crate::call::cannot_start;
use crate::exit_status::{ExitStatus, Failure};
use crate::history;
use crate::output::{Output, OutputFormat, message, out, table};
use crate::remote::{admin, carry_and_wait, event, failed, masked};
use skypay_sandbox::ordered_json::OrderedJson;

/// Show the sandbox's log
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct Log {
    #[command(subcommand)]
    step: LogStep,
}

#[derive(Clone, Debug, Subcommand)]
enum LogStep {
    /// Show the last lines, and follow new ones
    Tail {
        /// How many existing lines to show
        #[arg(long, short = 'n', default_value_t = 10)]
        lines: u64,
        /// Stop instead of waiting for new lines
        #[arg(long)]
        no_follow: bool,
    },
    /// Show one line with all its details
    Show {
        /// The number
        sequence: u64,
    },
    /// Show a callback with every attempt, encrypted as it was sent
    Callback {
        /// The number
        id: u64,
    },
    /// Export the whole log, one JSON object per line
    Export {
        /// The file, by default standard output
        file: Option<PathBuf>,
    },
}

impl Log {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        let personal = format.show_personal_data;
        match self.step {
            LogStep::Tail { lines, no_follow } => tail(lines, !no_follow, format).await,
            LogStep::Show { sequence } => {
                let after = sequence.saturating_sub(1);
                let query = LogQuery {
                    after,
                    limit: Some(1),
                    personal,
                };
                let found = admin()?.log(query).await.map_err(failed)?;
                let line = found
                    .first()
                    .and_then(|line| OrderedJson::read(line.as_bytes()));
                let line = line.ok_or_else(|| {
                    Failure::refused(format!("the log has no line {sequence}"))
                        .help("`skypay log tail` shows the last ones.")
                })?;
                Ok(Output::new(message(&line, 0), &line))
            }
            LogStep::Callback { id } => {
                let details = admin()?.callback(id, personal).await.map_err(failed)?;
                Ok(callback(&details, format))
            }
            LogStep::Export { file } => {
                let query = LogQuery {
                    personal,
                    ..LogQuery::default()
                };
                let text = admin()?.log_text(query).await.map_err(failed)?;
                let Some(file) = file else {
                    let mut said = Output::new(&text, &Value::Null);
                    said.json = text;
                    return Ok(said);
                };
                fs::write(&file, &text).map_err(|error| {
                    let what = format!("{} cannot be written: {}", file.display(), error.kind());
                    Failure::usage(what)
                })?;
                let lines = text.lines().count();
                let what = format!("{lines} lines in {}", file.display());
                Ok(Output::new(what, &json!({ "file": file, "lines": lines })))
            }
        }
    }
}

async fn tail(lines: u64, follow: bool, format: OutputFormat) -> Result<Output, Failure> {
    let admin = admin()?;
    let personal = format.show_personal_data;
    let state = admin.state(false).await.map_err(failed)?;
    let last = state["last_event"].as_u64().unwrap_or_default();
    let query = LogQuery {
        after: last.saturating_sub(lines),
        limit: None,
        personal,
    };
    let shown = |line: &str| {
        if format.json {
            line.to_owned()
        } else {
            event(&serde_json::from_str(line).unwrap_or_default())
        }
    };
    if !follow {
        let all = admin.log(query).await.map_err(failed)?;
        let all: Vec<_> = all.iter().map(|line| shown(line)).collect();
        let mut said = Output::new(all.join("\n"), &Value::Null);
        said.json = all.join("\n");
        return Ok(said);
    }
    let mut stream = admin.follow(query).await.map_err(failed)?;
    loop {
        let line = tokio::select! {
            line = stream.next() => line,
            _ = tokio::signal::ctrl_c() => return Ok(Output::new("", &json!({ "stopped": true }))),
        };
        match line {
            Some(line) => out(&shown(&line)),
            None => return Err(Failure::refused("the sandbox has stopped")),
        }
    }
}

fn callback(details: &CallbackDetails, format: OutputFormat) -> Output {
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
    /// The listener's file
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
        let unused = Credentials::new("unused", "unused", "unused");
        let unused = unused.map_err(|error| Failure::usage(error.to_string()))?;
        let transport = Transport::builder(to, unused.into())
            .allow_plain_http()
            .build();
        let transport = transport.map_err(|error| cannot_start(&error))?;
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
