//! `skypay log`: the events of the sandbox.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use skypay_sandbox::admin_client::ListQuery;
use skypay_sandbox::arguments;
use skypay_sandbox::ordered_json::OrderedJson;
use skypay_types::PayoutChannel;

use crate::event::event;
use crate::exit_status::Failure;
use crate::lists::{Amounts, Growing, TailOptions, WhichCode, WhichEntries};
use crate::output::{Output, OutputFormat, message};
use crate::remote::admin;

/// Show the sandbox's log
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct Log {
    #[command(subcommand)]
    step: LogStep,
}

#[derive(Clone, Debug, Subcommand)]
enum LogStep {
    /// Show the last events, one line each, and follow new ones
    Tail {
        #[command(flatten)]
        tail: TailOptions,
        #[command(flatten)]
        which: WhichEvents,
    },
    /// Show one event with all its details
    Show {
        /// Its number, which `skypay log tail` shows
        sequence: u64,
    },
    /// Export the log, or the events selected, one JSON object per line
    Export {
        /// The file to write [default: standard output]
        file: Option<PathBuf>,
        #[command(flatten)]
        which: WhichEvents,
    },
}

/// Which events.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Filters")]
struct WhichEvents {
    #[command(flatten)]
    which: WhichEntries,
    #[command(flatten)]
    amounts: Amounts,
    /// A kind of event, such as payout-paid
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    code: WhichCode,
    /// A channel of payouts, by its code or name
    #[arg(long, value_parser = arguments::payout_channel(), ignore_case = true)]
    channel: Option<PayoutChannel>,
}

impl WhichEvents {
    /// Returns the query for all of them, the oldest first.
    fn all(self, format: OutputFormat) -> ListQuery {
        let channel = self.channel.as_ref();
        ListQuery {
            kind: self.kind.unwrap_or_default(),
            code: self.code.text(),
            channel: channel.map_or("", PayoutChannel::as_str).to_owned(),
            at_least: self.amounts.at_least,
            at_most: self.amounts.at_most,
            ..self.which.all(format)
        }
    }
}

impl Log {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self.step {
            LogStep::Tail { which, tail } => {
                let query = ListQuery {
                    newest_first: true,
                    limit: Some(tail.lines),
                    ..which.all(format)
                };
                let line = |line: &str| event(&serde_json::from_str(line).unwrap_or_default());
                Growing::Log
                    .tail(query, !tail.no_follow, format, line)
                    .await
            }
            LogStep::Show { sequence } => {
                let after = sequence.saturating_sub(1);
                let query = ListQuery {
                    after,
                    limit: Some(1),
                    personal: format.show_personal_data,
                    ..ListQuery::default()
                };
                let found = admin()?.log(&query).await?;
                let line = found
                    .first()
                    .and_then(|line| OrderedJson::read(line.as_bytes()));
                let line = line.ok_or_else(|| {
                    Failure::refused(format!("the log has no line {sequence}"))
                        .help("`skypay log tail` shows the last ones.")
                })?;
                Ok(Output::new(message(&line, 0), &line))
            }
            LogStep::Export { file, which } => {
                let query = which.all(format);
                let text = admin()?.log_text(&query).await?;
                let Some(file) = file else {
                    let mut said = Output::new(&text, &Value::Null);
                    said.json = text;
                    return Ok(said);
                };
                fs::write(&file, &text).map_err(|error| Failure::unwritable(&file, &error))?;
                let lines = text.lines().count();
                let what = format!("{lines} lines in {}", file.display());
                Ok(Output::new(what, &json!({ "file": file, "lines": lines })))
            }
        }
    }
}
