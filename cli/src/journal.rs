//! `skypay journal`: reading and operating a journal of payouts.

mod doctor;
mod render;

use std::error::Error as StdError;
use std::path::PathBuf;

use skypay_client::Client;
use skypay_client::types::{BalanceQueryRequest, Date, Response};
use skypay_journal::database::DatabaseError;
use skypay_journal::{Entry, Error, Journal, Postgres, Round, Sqlite, Store, Timestamp};

use crate::call;
use crate::credentials::{Options, variable};
use crate::exit_status::Failure;
use crate::output::{Output, out};

/// The environment variable with the journal's place.
const VARIABLE: &str = "SKYPAY_JOURNAL";

/// The number of lines that an export reads at once.
const PAGE: u32 = 1000;

const HELP: &str = "\
Journal:
  From --journal or SKYPAY_JOURNAL: a SQLite file, or for PostgreSQL a URL such
  as postgres://USER:PASSWORD@HOST/DATABASE. One with a password is taken from
  the variable only. The journal holds no personal data, and neither does the
  output. Times are GMT+8.

Exit codes of these commands:
  0  success; reconcile, recover and doctor: nothing needs attention
  1  there is no such payout; it may not be sent again; a day or the journal has
     differences; sending stays on hold
  2  wrong usage, or no such journal; nothing was done
  3  resolve: the outcome is still unknown
  5  SkyPay or the database gave no usable answer";

/// Read and operate a journal of payouts
///
/// The journal is the one that the crate skypay-journal keeps in a partner's
/// database. No command here sends a payout: a permit is used by the partner's
/// own sweeper.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct JournalArgs {
    #[command(flatten)]
    options: Options,
    /// A SQLite file, or a URL of PostgreSQL without a password
    #[arg(long, global = true, value_name = "FILE|URL")]
    journal: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Count the payouts in each state, and what is not done
    Status,
    /// List payouts that are unknown or contradict themselves, oldest first
    Unknowns {
        /// The largest number of payouts to list
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: u32,
    },
    /// Show a payout and all evidence about it
    Show {
        /// Its control number
        number: String,
    },
    /// Ask SkyPay about a payout now
    Resolve {
        /// Its control number
        number: String,
    },
    /// Permit one more attempt to send a payout that SkyPay does not have
    ///
    /// Is refused unless two conclusive answers, far enough apart, did not show
    /// the payout. The permit expires soon; the partner's sweeper uses it before.
    Permit {
        /// Its control number
        number: String,
        /// Who decided that, and why; without personal data of the payee
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
    /// Ask SkyPay about every payout that is due
    Sweep,
    /// Compare a day with SkyPay's report of payments
    Reconcile {
        /// The day in Manila, as yyyy-MM-dd
        #[arg(value_parser = day)]
        day: Date,
    },
    /// Read what happened since a backup, then let payouts be sent again
    ///
    /// Run it after the database was restored from a backup. Sending is on hold
    /// until it ends with exit code 0.
    Recover {
        /// The first day of reports to read, as yyyy-MM-dd [default: the day of the
        /// last event in the journal]
        #[arg(long, value_name = "DAY", value_parser = day)]
        from: Option<Date>,
    },
    /// Print all evidence, a line of JSON each
    Export {
        /// The first day in Manila, as yyyy-MM-dd
        #[arg(long, value_name = "DAY", value_parser = day, default_value = "1970-01-01")]
        since: Date,
    },
    /// Check the journal: its clock, its evidence and its backlog
    Doctor,
}

fn day(text: &str) -> Result<Date, String> {
    Date::try_from(text).map_err(|error| error.to_string())
}

impl JournalArgs {
    pub(crate) async fn run(self) -> Result<Output, Failure> {
        match self.place()? {
            Place::File(path) => {
                let store = Sqlite::open(&path)?;
                self.run_on(store).await
            }
            Place::Url(url) => {
                let store = Postgres::connect(&url).await?;
                self.run_on(store).await
            }
        }
    }

    /// Returns the journal's place. Unlike the crate, it creates no file: a typing
    /// error would look like an empty journal.
    fn place(&self) -> Result<Place, Failure> {
        let named = self.journal.clone().or_else(|| variable(VARIABLE));
        let named = named.ok_or_else(|| {
            Failure::usage("it is not said where the journal is").help(
                "Name a SQLite file with --journal, or set SKYPAY_JOURNAL. `skypay journal \
                 --help` shows both.",
            )
        })?;
        if !named.contains("://") {
            let path = PathBuf::from(named);
            return if path.is_file() {
                Ok(Place::File(path))
            } else {
                Err(Failure::usage(format!(
                    "there is no journal {}",
                    path.display()
                )))
            };
        }
        let user = named
            .split("://")
            .nth(1)
            .and_then(|rest| rest.split_once('@'));
        let has_password =
            named.contains("password=") || user.is_some_and(|(user, _)| user.contains(':'));
        if self.journal.is_some() && has_password {
            let what = "a password on the command line can be read by other users of the machine";
            return Err(Failure::usage(what).help("Give the URL in SKYPAY_JOURNAL."));
        }
        Ok(Place::Url(named))
    }

    async fn run_on<S: Store>(&self, store: S) -> Result<Output, Failure> {
        let journal = &Journal::operating(store).await?;
        match &self.command {
            Command::Status => {
                let overview = journal.overview().await?;
                Ok(render::overview(&overview))
            }
            Command::Unknowns { limit } => {
                let listed = journal.unknowns(*limit).await?;
                Ok(render::listed(&listed))
            }
            Command::Show { number } => {
                let history = journal.history(number).await?;
                Ok(render::history(&history))
            }
            Command::Resolve { number } => self.resolve(journal, number).await,
            Command::Permit { number, because } => permit(journal, number, because).await,
            Command::Sweep => self.sweep(journal).await,
            Command::Reconcile { day } => {
                let client = self.client().await?;
                let reconciled = journal.reconcile(&client, *day).await?;
                Ok(render::reconciled(&reconciled))
            }
            Command::Recover { from } => self.recover(journal, *from).await,
            Command::Export { since } => export(journal, *since).await,
            Command::Doctor => self.doctor(journal).await,
        }
    }

    async fn client(&self) -> Result<Client, Failure> {
        call::client(&self.options.call_access().await?)
    }

    async fn resolve<S: Store>(
        &self,
        journal: &Journal<S>,
        number: &str,
    ) -> Result<Output, Failure> {
        let client = self.client().await?;
        let standing = journal.resolve(&client, number).await?;
        Ok(render::standing(number, &standing))
    }

    async fn sweep<S: Store>(&self, journal: &Journal<S>) -> Result<Output, Failure> {
        let client = self.client().await?;
        let mut all = Round::default();
        loop {
            let round = journal.sweep(&client).await?;
            all.asked += round.asked;
            all.permissible.extend(round.permissible);
            if let Some(why) = round.failed {
                return Err(Error::Provider(why).into());
            }
            if round.asked == 0 {
                return Ok(render::round(&all));
            }
        }
    }

    async fn recover<S: Store>(
        &self,
        journal: &Journal<S>,
        from: Option<Date>,
    ) -> Result<Output, Failure> {
        // First of all, so that nothing is sent even if SkyPay cannot be asked.
        journal.hold().await?;
        let client = self.client().await?;
        let recovery = journal.recover(&client, from).await?;
        Ok(render::recovery(&recovery))
    }

    async fn doctor<S: Store>(&self, journal: &Journal<S>) -> Result<Output, Failure> {
        let overview = journal.overview().await?;
        let incomplete = journal.incomplete().await?;
        let tolerance = journal.policy().clock_tolerance;
        let time = self.skypay_time().await;
        let checks = doctor::check(&overview, &incomplete, time, tolerance);
        Ok(render::checks(&checks))
    }

    /// Returns the time of SkyPay's clock, or why it is not known.
    async fn skypay_time(&self) -> Result<Option<Timestamp>, String> {
        let client = self.client().await.map_err(|failure| failure.to_string())?;
        let request = BalanceQueryRequest::builder().build();
        let request = request.map_err(|error| error.to_string())?;
        let response = client.balance_query(&request).await;
        let response = response.map_err(|error| error.to_string())?;
        Ok(response.response_time().map(Timestamp::from))
    }
}

async fn permit<S: Store>(
    journal: &Journal<S>,
    number: &str,
    because: &str,
) -> Result<Output, Failure> {
    if because.trim().is_empty() {
        return Err(Failure::usage(
            "--because has to say who decided that, and why",
        ));
    }
    let permit = journal.permit(number, because).await?;
    let standing = journal.standing(number).await?;
    if permit.is_none() {
        return Err(render::not_permitted(number, &standing));
    }
    Ok(render::permitted(number, &standing))
}

/// Prints page after page, so that an export of any size needs little memory. The
/// last line is the command's output.
async fn export<S: Store>(journal: &Journal<S>, since: Date) -> Result<Output, Failure> {
    let since = Timestamp::beginning_of(since);
    let mut last: Option<Entry> = None;
    loop {
        let page = journal.export(since, last.as_ref(), PAGE).await?;
        if page.is_empty() {
            let text = last.map(|entry| render::entry_json(&entry).to_string());
            let mut output = Output::new(text.unwrap_or_default(), &());
            output.json.clone_from(&output.text);
            return Ok(output);
        }
        for entry in page {
            if let Some(before) = last.replace(entry) {
                out(&render::entry_json(&before).to_string());
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let source = StdError::source(&error).map(|source| format!(": {source}"));
        let text = format!("{error}{}", source.unwrap_or_default());
        match error {
            Error::NotFound { .. } | Error::Held { .. } => Self::refused(text),
            Error::Setup(_) => Self::usage(text),
            _ => Self::not_sent(text),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Error::from(error).into()
    }
}

enum Place {
    File(PathBuf),
    Url(String),
}
