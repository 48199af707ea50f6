//! `skypay requests`: the requests that arrived at the sandbox, and why each was
//! not accepted.

use clap::{Args, Subcommand};
use skypay_sandbox::admin_client::{ListQuery, RequestRecord, RequestResult};
use skypay_sandbox::arguments;
use skypay_sandbox::ordered_json::OrderedJson;

use crate::exit_status::Failure;
use crate::lists::{Growing, TailOptions, WhichCode, WhichEntries};
use crate::output::{Output, OutputFormat, columns, message, short, wrapped};
use crate::remote::admin;

/// Show requests to the sandbox, and why they were refused
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Requests {
    /// List the last requests, the newest first
    List {
        /// How many to show
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        which: WhichRequests,
    },
    /// Show one request: the reason, the message, both bodies and the response
    Show {
        /// Its number, which `skypay requests list` shows
        id: u64,
    },
    /// Show the last requests, and follow new ones
    Tail {
        #[command(flatten)]
        tail: TailOptions,
        #[command(flatten)]
        which: WhichRequests,
    },
}

/// Which requests.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhichRequests {
    #[command(flatten)]
    which: WhichEntries,
    /// How they ended
    #[arg(long, value_parser = arguments::choice::<RequestResult>())]
    result: Option<RequestResult>,
    #[command(flatten)]
    code: WhichCode,
}

impl WhichRequests {
    fn newest(self, limit: usize, format: OutputFormat) -> ListQuery {
        ListQuery {
            state: self.result.map_or("", RequestResult::as_str).to_owned(),
            code: self.code.text(),
            ..self.which.newest(limit, format)
        }
    }
}

impl Requests {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::List { which, limit } => {
                let query = which.newest(limit, format);
                let found = admin()?.requests(&query).await?;
                let lines: Vec<_> = found.iter().map(line).collect();
                let text = if lines.is_empty() {
                    "None.".to_owned()
                } else {
                    lines.join("\n")
                };
                Ok(Output::new(text, &found))
            }
            Self::Show { id } => {
                let personal = format.show_personal_data;
                let record = admin()?.request(id, personal).await?;
                Ok(Output::new(shown(&record), &record))
            }
            Self::Tail { which, tail } => {
                let query = which.newest(tail.lines, format);
                let line = |record: &str| {
                    let record = serde_json::from_str(record);
                    record.map_or_else(|_| String::new(), |record| line(&record))
                };
                Growing::Requests
                    .tail(query, !tail.no_follow, format, line)
                    .await
            }
        }
    }
}

/// Formats a request on one line, or a few if the reason is long.
pub(crate) fn line(record: &RequestRecord) -> String {
    let name = record.operation.as_deref().unwrap_or(&record.path);
    let mut said = format!("{}  {name}", ended(record));
    for number in &record.numbers {
        said.push_str(&format!(" {number}"));
    }
    for fault in &record.faults {
        said.push_str(&format!("  fault: {fault}"));
    }
    if let Some(why) = &record.why {
        said.push_str(&format!("  {why}"));
    }
    let said = wrapped(&said, 23);
    let time = record.time.to_string();
    format!("{:>5}  {}  {}", record.id, short(&time), said.trim_start())
}

/// Returns how a request ended, with the return code, or the HTTP status of a response
/// without one.
pub(crate) fn ended(record: &RequestRecord) -> String {
    let status = || format!("HTTP {}", record.status);
    let code = record.code.clone().unwrap_or_else(status);
    format!("{} {code}", record.result)
}

fn shown(record: &RequestRecord) -> String {
    let none = || "-".to_owned();
    let milliseconds = record.microseconds.div_ceil(1000);
    let faults: Vec<_> = record.faults.iter().map(ToString::to_string).collect();
    let facts = [
        ("why", record.why.clone().unwrap_or_else(none)),
        ("result", ended(record)),
        ("operation", record.operation.clone().unwrap_or_else(none)),
        ("about", record.numbers.join(" ")),
        ("time", record.time.to_string()),
        ("duration", format!("{milliseconds} ms")),
        ("sent", format!("{} {}", record.method, record.path)),
        ("from", record.peer.to_string()),
        (
            "content type",
            record.content_type.clone().unwrap_or_else(none),
        ),
        ("HTTP status", record.status.to_string()),
        ("faults", faults.join(", ")),
    ];
    let facts: Vec<_> = facts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let mut text = columns(&facts, 0);
    let answer = Some(&record.answer);
    for (heading, body) in [
        ("plaintext", record.plaintext.as_ref()),
        ("encrypted body", record.sealed.as_ref()),
        ("response", answer),
        ("encrypted response", record.sealed_answer.as_ref()),
    ] {
        let Some(body) = body else { continue };
        let body = match OrderedJson::read(body.as_bytes()) {
            Some(json @ OrderedJson::Object(_)) => message(&json, 2),
            _ => body.clone(),
        };
        text.push_str(&format!("\n\n{heading}\n{body}"));
    }
    text
}
