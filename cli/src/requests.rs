//! `skypay requests`: the requests that arrived at the sandbox, and why each was
//! not accepted.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use skypay_sandbox::admin_client::{RequestRecord, RequestResult, RequestsQuery};
use skypay_sandbox::arguments;
use skypay_sandbox::ordered_json::OrderedJson;

use crate::exit_status::Failure;
use crate::output::{Output, OutputFormat, columns, message, out, wrapped};
use crate::remote::{admin, failed};

/// Show requests to the sandbox, and why they were refused
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Requests {
    /// List the last requests, one line each
    List {
        #[command(flatten)]
        which: Which,
        /// How many to show
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Show one request: the reason, the message, both bodies and the response
    Show {
        /// The number
        id: u64,
    },
    /// Show the last requests, and follow new ones
    Tail {
        #[command(flatten)]
        which: Which,
        /// How many existing requests to show
        #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
        lines: usize,
        /// Stop instead of waiting for new requests
        #[arg(long)]
        no_follow: bool,
    },
}

/// Which requests.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which requests")]
pub(crate) struct Which {
    /// An operation, by its name
    #[arg(long, value_name = "NAME", value_parser = arguments::operation)]
    operation: Option<String>,
    /// A part of a control number or contract number
    #[arg(long)]
    number: Option<String>,
    /// How they ended
    #[arg(long, value_parser = arguments::choice::<RequestResult>())]
    result: Option<RequestResult>,
    /// A return code, by its number or name
    #[arg(long, value_parser = arguments::return_code, allow_hyphen_values = true)]
    code: Option<skypay_types::ResponseCode>,
    /// A text anywhere in the request, its reason or its response
    #[arg(long)]
    text: Option<String>,
}

impl Which {
    /// Returns the query for the newest of these requests.
    fn query(self, limit: usize, format: OutputFormat) -> RequestsQuery {
        RequestsQuery {
            newest_first: true,
            limit: Some(limit),
            operation: self.operation.unwrap_or_default(),
            number: self.number.unwrap_or_default(),
            result: self
                .result
                .map_or_else(String::new, |result| result.to_string()),
            code: self
                .code
                .map_or_else(String::new, |code| code.as_str().to_owned()),
            text: self.text.unwrap_or_default(),
            personal: format.show_personal_data,
            ..RequestsQuery::default()
        }
    }
}

impl Requests {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::List { which, limit } => {
                let query = which.query(limit, format);
                let found = admin()?.requests(&query).await.map_err(failed)?;
                let lines: Vec<_> = found.iter().map(line).collect();
                let text = if lines.is_empty() {
                    "No request.".to_owned()
                } else {
                    lines.join("\n")
                };
                Ok(Output::new(text, &found))
            }
            Self::Show { id } => {
                let personal = format.show_personal_data;
                let record = admin()?.request(id, personal).await.map_err(failed)?;
                Ok(Output::new(shown(&record), &record))
            }
            Self::Tail {
                which,
                lines,
                no_follow,
            } => tail(which.query(lines, format), !no_follow, format).await,
        }
    }
}

async fn tail(
    mut query: RequestsQuery,
    follow: bool,
    format: OutputFormat,
) -> Result<Output, Failure> {
    let admin = admin()?;
    let last = RequestsQuery {
        newest_first: true,
        limit: Some(1),
        ..RequestsQuery::default()
    };
    let last = admin.requests(&last).await.map_err(failed)?;
    let printed = |record: &RequestRecord| {
        if format.json {
            json!(record).to_string()
        } else {
            line(record)
        }
    };
    let mut found = admin.requests(&query).await.map_err(failed)?;
    found.reverse();
    let lines: Vec<_> = found.iter().map(printed).collect();
    if !follow {
        let mut said = Output::new(lines.join("\n"), &Value::Null);
        said.json.clone_from(&said.text);
        return Ok(said);
    }
    if !lines.is_empty() {
        out(&lines.join("\n"));
    }
    let newest = [last.first(), found.last()].into_iter().flatten();
    query.after = newest.map(|record| record.id).max().unwrap_or_default();
    let mut stream = admin.follow_requests(&query).await.map_err(failed)?;
    loop {
        let line = tokio::select! {
            line = stream.next() => line,
            _ = tokio::signal::ctrl_c() => return Ok(Output::new("", &json!({ "stopped": true }))),
        };
        let Some(line) = line else {
            return Err(Failure::refused("the sandbox has stopped"));
        };
        if let Ok(record) = serde_json::from_str(&line) {
            out(&printed(&record));
        }
    }
}

/// Formats a request on one line, or a few if the reason is long.
fn line(record: &RequestRecord) -> String {
    let time = record.time.to_string();
    let time = time.get(..19).unwrap_or_default();
    let name = record.operation.as_deref().unwrap_or(&record.path);
    let mut said = format!("{} {}  {name}", record.result, code(record));
    for number in &record.numbers {
        said.push_str(&format!(" {number}"));
    }
    for fault in &record.faults {
        said.push_str(&format!("  fault: {fault}"));
    }
    if let Some(why) = &record.why {
        said.push_str(&format!("  {why}"));
    }
    let said = wrapped(&said, 28);
    format!("{:>5}  {time}  {}", record.id, said.trim_start())
}

/// Returns the return code, or the HTTP status of a response without one.
fn code(record: &RequestRecord) -> String {
    let status = || format!("HTTP {}", record.status);
    record.code.clone().unwrap_or_else(status)
}

fn shown(record: &RequestRecord) -> String {
    let none = || "-".to_owned();
    let milliseconds = record.microseconds.div_ceil(1000);
    let faults: Vec<_> = record.faults.iter().map(ToString::to_string).collect();
    let facts = [
        ("why", record.why.clone().unwrap_or_else(none)),
        ("result", format!("{}, {}", record.result, code(record))),
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
