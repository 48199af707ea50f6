//! `skypay payouts`: the payouts of the sandbox, and the life of each.

use clap::Subcommand;
use serde_json::json;
use skypay_sandbox::admin_client::{ListQuery, RowDetails};
use skypay_sandbox::arguments::{self, code_name};
use skypay_sandbox::engine::{Row, Timestamp};
use skypay_sandbox::life::{Happened, life};
use skypay_sandbox::ordered_json::OrderedJson;
use skypay_types::{Amount, PayoutChannel};

use crate::exit_status::Failure;
use crate::lists::{Amounts, WhichEntries, table_or_none};
use crate::operations::{self, with_channel_names};
use crate::output::{Output, OutputFormat, columns, message, short, wrapped};
use crate::remote::{admin, ended};
use crate::requests;

/// Show payouts, and the life of one
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Payouts {
    /// List the last payouts, the newest first
    List {
        /// How many to show
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        which: WhichEntries,
        #[command(flatten)]
        amounts: Amounts,
        /// A channel, by its code or name
        #[arg(long, value_parser = arguments::payout_channel(), ignore_case = true)]
        channel: Option<PayoutChannel>,
        /// Their state; the last four are those of cash pickups
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
    },
    /// Show one: its requests, steps, callbacks, and what comes next
    ///
    /// With --show-personal-data also its order.
    Show {
        /// Its control number
        number: String,
    },
}

const STATES: [&str; 9] = [
    "pending",
    "uploaded",
    "completed",
    "cancelled",
    "failed",
    "inquiring",
    "inquired",
    "refused",
    "confirming",
];

/// Payouts that were ordered, and those that a store asked about.
const KINDS: &str = "payout,cash-pickup";

/// The most rows or requests about one number that are shown.
const MOST: usize = 1000;

impl Payouts {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::List {
                which,
                amounts,
                channel,
                state,
                limit,
            } => {
                let query = ListQuery {
                    kind: KINDS.to_owned(),
                    channel: channel
                        .map_or_else(String::new, |channel| channel.as_str().to_owned()),
                    state: state.unwrap_or_default(),
                    at_least: amounts.at_least,
                    at_most: amounts.at_most,
                    ..which.newest(limit, format)
                };
                let found = admin()?.rows(&query).await?;
                let rows: Vec<_> = found
                    .iter()
                    .filter_map(Facts::of)
                    .map(Facts::cells)
                    .collect();
                let head = ["number", "state", "channel", "amount", "since"];
                Ok(Output::new(table_or_none(&head, &rows), &found))
            }
            Self::Show { number } => show(&number, format).await,
        }
    }
}

/// What payouts of both kinds have.
struct Facts<'a> {
    number: &'a str,
    kind: String,
    state: String,
    channel: String,
    amount: Option<Amount>,
    created: Timestamp,
}

impl<'a> Facts<'a> {
    fn of(row: &'a Row) -> Option<Self> {
        let facts = match row {
            Row::Payout(payout) => Self {
                number: &payout.control_number,
                kind: format!("ordered by {}", payout.operation),
                state: code_name(&payout.status),
                channel: code_name(&payout.channel),
                amount: Some(payout.amount),
                created: payout.created,
            },
            Row::CashPickup(payout) => Self {
                number: &payout.control_number,
                kind: "a cash pickup that a store asked about".to_owned(),
                state: format!("{:?}", payout.status),
                channel: code_name(&payout.channel),
                amount: payout.amount,
                created: payout.created,
            },
            _ => return None,
        };
        Some(facts)
    }

    fn amount(&self) -> String {
        self.amount
            .map_or("-".to_owned(), |amount| amount.to_string())
    }

    fn cells(self) -> Vec<String> {
        let (amount, created) = (self.amount(), self.created.to_string());
        vec![
            self.number.to_owned(),
            self.state,
            self.channel,
            amount,
            short(&created).to_owned(),
        ]
    }

    fn lines(self) -> String {
        let rows = [
            ("kind", self.kind.clone()),
            ("state", self.state.clone()),
            ("channel", self.channel.clone()),
            ("amount", self.amount()),
            ("since", self.created.to_string()),
        ];
        format!("{}\n{}", self.number, columns(&rows, 2))
    }
}

async fn show(number: &str, format: OutputFormat) -> Result<Output, Failure> {
    let (admin, personal) = (admin()?, format.show_personal_data);
    let about = |kind: &str| ListQuery {
        kind: kind.to_owned(),
        number: number.to_owned(),
        limit: Some(MOST),
        personal,
        ..ListQuery::default()
    };
    let mut payouts = Vec::new();
    for row in admin.rows(&about(KINDS)).await? {
        if row.number() == number {
            payouts.push(admin.row(row.id(), personal).await?);
        }
    }
    if payouts.is_empty() {
        let what = format!("there is no payout {number}");
        return Err(Failure::refused(what).help(
            "`skypay payouts list` shows the last ones, and `skypay requests list --number` why \
             one was refused.",
        ));
    }
    let callbacks = admin.rows(&about("callback")).await?;
    let callbacks = callbacks.into_iter().filter_map(|row| match row {
        Row::Callback(callback) if callback.subject == number => Some(callback),
        _ => None,
    });
    let callbacks: Vec<_> = callbacks.collect();
    let mut requests = admin.requests(&about("")).await?;
    requests.retain(|record| record.numbers.iter().any(|own| own == number));
    let mut text = String::new();
    for RowDetails { row, .. } in &payouts {
        text.push_str(&Facts::of(row).map_or_else(String::new, Facts::lines));
        if let (true, Row::Payout(payout)) = (personal, row) {
            let mut order = OrderedJson::from(payout.order.clone());
            if let Some(info) = operations::find(&payout.operation) {
                order = with_channel_names(info, order);
            }
            let order = message(&order, 4);
            text.push_str(&format!("\n  order\n{order}"));
        }
        text.push_str("\n\n");
    }
    text.push_str("life");
    let rows = payouts.iter().map(|payout| &payout.row);
    let life = life(rows, &requests, &callbacks).into_iter();
    let life = life.map(|(time, happened)| (time, step(happened)));
    let expected = payouts.iter().flat_map(|payout| &payout.expected);
    let expected = expected.map(|next| (next.due, format!("expected: {}", next.what)));
    for (time, what) in life.chain(expected) {
        let what = wrapped(&what, 18);
        let time = time.to_string();
        text.push_str(&format!("\n  {}  {}", short(&time), what.trim_start()));
    }
    let json = json!({ "payouts": payouts, "requests": requests, "callbacks": callbacks });
    Ok(Output::new(text, &json))
}

fn step(happened: Happened<'_>) -> String {
    match happened {
        Happened::Request(record) => {
            let name = record.operation.as_deref().unwrap_or(&record.path);
            let why = record.why.as_ref();
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let faults = record.faults.iter();
            let faults: String = faults.map(|fault| format!(", fault: {fault}")).collect();
            let ended = requests::ended(record);
            format!("{name} {ended}, request {}{faults}{why}", record.id)
        }
        Happened::Step(what) => what.replace('-', " "),
        Happened::Attempt(callback, attempt) => {
            let end = attempt.result.as_ref();
            let end = end.map_or_else(|| "on its way".to_owned(), ended);
            format!("{} {end}, callback {}", callback.operation, callback.id)
        }
    }
}
