//! The lists of a running sandbox: what is selected, one line for each entry, and new
//! entries as they come.

use clap::Args;
use serde_json::{Value, json};
use skypay_sandbox::admin_client::{Admin, Follow, ListQuery};
use skypay_sandbox::arguments;
use skypay_types::{Amount, Date, ResponseCode};

use crate::exit_status::Failure;
use crate::output::{Output, OutputFormat, out, table};
use crate::remote::admin;
use crate::sandbox::interrupted;

/// Which messages; what is not given does not matter.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Which {
    /// An operation or a callback, by its name
    #[arg(
        long,
        value_name = "NAME",
        visible_alias = "callback",
        value_parser = arguments::operation(),
        hide_possible_values = true
    )]
    pub(crate) operation: Option<String>,
    /// A part of a control number, contract number or other public number
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// A text anywhere in it, in upper or lower case; of a sandbox, the newest 100,000
    /// entries are searched
    #[arg(long)]
    pub(crate) text: Option<String>,
}

/// Which entries of a list.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct WhichEntries {
    #[command(flatten)]
    which: Which,
    /// Not before this day of the sandbox's clock
    #[arg(long, value_name = "yyyy-MM-dd")]
    from: Option<Date>,
    /// Not after this day
    #[arg(long, value_name = "yyyy-MM-dd")]
    to: Option<Date>,
}

impl WhichEntries {
    /// Returns the query for all of them, the oldest first.
    pub(crate) fn all(self, format: OutputFormat) -> ListQuery {
        ListQuery {
            operation: self.which.operation.unwrap_or_default(),
            number: self.which.number.unwrap_or_default(),
            text: self.which.text.unwrap_or_default(),
            from: self.from,
            to: self.to,
            personal: format.show_personal_data,
            ..ListQuery::default()
        }
    }

    /// Returns the query for the newest of them.
    pub(crate) fn newest(self, limit: usize, format: OutputFormat) -> ListQuery {
        ListQuery {
            newest_first: true,
            limit: Some(limit),
            ..self.all(format)
        }
    }
}

/// How a list that grows is shown.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct TailOptions {
    /// How many existing entries to show
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) lines: usize,
    /// Stop instead of waiting for new entries
    #[arg(long)]
    pub(crate) no_follow: bool,
}

/// Which return code.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct WhichCode {
    /// The return code of the response, by its number or name
    #[arg(
        long,
        value_parser = arguments::ReturnCode,
        ignore_case = true,
        hide_possible_values = true,
        allow_hyphen_values = true
    )]
    code: Option<ResponseCode>,
}

impl WhichCode {
    /// Returns the code as on the wire.
    pub(crate) fn text(&self) -> String {
        let code = self.code.as_ref();
        code.map_or("", ResponseCode::as_str).to_owned()
    }
}

/// Which amounts.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Amounts {
    /// The minimum amount
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) at_least: Option<Amount>,
    /// The maximum amount
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) at_most: Option<Amount>,
}

/// Formats a table, or says that it is empty.
pub(crate) fn table_or_none(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "None.".to_owned();
    }
    table(head, rows)
}

/// A list that grows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Growing {
    Log,
    Requests,
}

impl Growing {
    /// Returns the newest entries as JSON, the newest first.
    async fn newest(self, admin: &Admin, query: &ListQuery) -> Result<Vec<String>, Failure> {
        match self {
            Self::Log => Ok(admin.log(query).await?),
            Self::Requests => {
                let found = admin.requests(query).await?;
                let lines = found.iter().map(|record| json!(record).to_string());
                Ok(lines.collect())
            }
        }
    }

    async fn follow(self, admin: &Admin, query: &ListQuery) -> Result<Follow, Failure> {
        Ok(match self {
            Self::Log => admin.follow(query).await?,
            Self::Requests => admin.follow_requests(query).await?,
        })
    }

    fn id(self, entry: &str) -> u64 {
        let entry: Value = serde_json::from_str(entry).unwrap_or_default();
        let id = match self {
            Self::Log => &entry["sequence"],
            Self::Requests => &entry["id"],
        };
        id.as_u64().unwrap_or_default()
    }

    /// Prints the entries that a query selects, the newest last, and then new ones
    /// until Ctrl-C. Without JSON, `line` formats each.
    pub(crate) async fn tail(
        self,
        mut query: ListQuery,
        follow: bool,
        format: OutputFormat,
        line: fn(&str) -> String,
    ) -> Result<Output, Failure> {
        let shown = |entry: &String| {
            if format.json {
                entry.clone()
            } else {
                line(entry)
            }
        };
        let admin = admin()?;
        let last = ListQuery {
            newest_first: true,
            limit: Some(1),
            ..ListQuery::default()
        };
        let last = self.newest(&admin, &last).await?;
        let mut found = self.newest(&admin, &query).await?;
        found.reverse();
        let lines: Vec<_> = found.iter().map(shown).collect();
        if !follow {
            let mut said = Output::new(lines.join("\n"), &Value::Null);
            said.json.clone_from(&said.text);
            return Ok(said);
        }
        if !lines.is_empty() {
            out(&lines.join("\n"));
        }
        let newest = [last.first(), found.last()].into_iter().flatten();
        query.after = newest.map(|entry| self.id(entry)).max().unwrap_or_default();
        let mut stream = self.follow(&admin, &query).await?;
        loop {
            let entry = tokio::select! {
                entry = stream.next() => entry,
                () = interrupted() => {
                    return Ok(Output::new("", &json!({ "stopped": true })));
                }
            };
            match entry {
                Some(entry) => out(&shown(&entry)),
                None => return Err(Failure::refused("the sandbox has stopped")),
            }
        }
    }
}
