//! `skypay certify`: checking a partner's callback server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use skypay_certify::{
    CheckResult, Configuration, ConfigurationError, Counts, Credentials, Expectations, Level,
    Outcome, Progress, Report, Selection, expectations, run,
};

use crate::credentials::{Options, read_file};
use crate::exit_status::Failure;
use crate::output::{Output, OutputFormat, out, wrapped};
use crate::sandbox::interrupted;

/// Check a callback server before SkyPay calls it
///
/// Sends the document's callbacks, in many forms, to your server, and judges its
/// answers. With a configuration that says how effects are counted it also
/// checks that no callback is booked twice, and with one that says how your
/// program is given orders, that a sandbox pays none of them twice. It calls
/// this machine and the hosts of the configuration only. Exit code 1 if a check
/// failed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::credentials::HELP)]
pub(crate) struct Certify {
    #[command(flatten)]
    options: Options,
    /// The URL of all callbacks, unless the configuration has URLs
    url: Option<String>,
    /// A TOML file with URLs, fixtures, and commands that count effects and give
    /// orders
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only the checks up to this level
    #[arg(long)]
    level: Option<Level>,
    /// Only these checks, such as D05
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
    /// Only these callbacks
    #[arg(long, value_name = "CALLBACK")]
    callback: Vec<String>,
    /// The seed of the messages; the same seed gives the same messages
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// A TOML file with known failures: [D05] reason = "…", since = "…"
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// The section of the credentials file with the other pair of keys that is
    /// valid
    #[arg(long, value_name = "SECTION")]
    other_keys: Option<String>,
    /// The section with a pair of keys that is not valid any more
    #[arg(long, value_name = "SECTION")]
    retired_keys: Option<String>,
    /// Write the report to a file: .json, .html, or .xml for JUnit
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
}

impl Certify {
    pub(crate) async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        for file in &self.report {
            kind_of(file)?;
        }
        let configuration = self.configuration()?;
        let credentials = self.credentials().await?;
        let selection = Selection {
            only: self.only.clone(),
            level: self.level,
            callbacks: self.callback.clone(),
            seed: self.seed,
            expected: match &self.expect {
                Some(file) => {
                    expectations(&read_file(file)?).map_err(|error| wrong(file, &error))?
                }
                None => Expectations::new(),
            },
            command: self.command(),
        };
        let terminal = Terminal(format);
        let report = tokio::select! {
            report = run(&configuration, &credentials, &selection, &terminal) => report,
            // A program that the checks started ends with the run.
            () = interrupted() => return Err(Failure::refused("interrupted: there is no report")),
        };
        let report = report.map_err(|error| self.refused(&error))?;
        for file in &self.report {
            let text = kind_of(file)?(&report);
            std::fs::write(file, text).map_err(|error| Failure::unwritable(file, &error))?;
        }
        // Its members in the order of their names.
        let json: Value = serde_json::to_value(&report).unwrap_or_default();
        Ok(Output::new(summary(&report), &json).refused_if(report.counts.failed > 0))
    }

    fn configuration(&self) -> Result<Configuration, Failure> {
        let mut configuration = match &self.config {
            Some(file) => {
                Configuration::from_toml(&read_file(file)?).map_err(|error| wrong(file, &error))?
            }
            None => Configuration::default(),
        };
        configuration.url = self.url.clone().or(configuration.url);
        Ok(configuration)
    }

    async fn credentials(&self) -> Result<Credentials, Failure> {
        let keys = |options: Options| async move {
            Ok::<_, Failure>(options.access().await?.keys.current())
        };
        let section = |name: &str| Options {
            environment: Some(name.to_owned()),
            ..self.options.clone()
        };
        Ok(Credentials {
            current: keys(self.options.clone()).await?,
            other: match &self.other_keys {
                Some(name) => Some(keys(section(name)).await?),
                None => None,
            },
            retired: match &self.retired_keys {
                Some(name) => Some(keys(section(name)).await?),
                None => None,
            },
        })
    }

    /// The command that repeats the run, but for its checks and seed.
    fn command(&self) -> String {
        let path = |file: &Option<PathBuf>| file.as_ref().map(|it| it.display().to_string());
        let options = [
            (None, self.url.clone()),
            (Some("--config"), path(&self.config)),
            (Some("--environment"), self.options.environment.clone()),
            (Some("--credentials"), path(&self.options.credentials)),
            (Some("--other-keys"), self.other_keys.clone()),
            (Some("--retired-keys"), self.retired_keys.clone()),
        ];
        let callbacks = self.callback.iter().cloned();
        let callbacks = callbacks.map(|name| (Some("--callback"), Some(name)));
        let mut words = vec!["skypay certify".to_owned()];
        for (option, value) in options.into_iter().chain(callbacks) {
            let Some(value) = value else { continue };
            words.extend(option.map(str::to_owned));
            words.push(quoted(value));
        }
        words.join(" ")
    }

    fn refused(&self, error: &ConfigurationError) -> Failure {
        let failure = Failure::usage(error.to_string());
        match (error, &self.config) {
            (ConfigurationError::NoUrl(_), None) => {
                failure.help("For example `skypay certify http://127.0.0.1:8080/`.")
            }
            _ => failure,
        }
    }
}

/// Returns a word as a shell reads it.
fn quoted(word: String) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@".contains(letter);
    if word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn wrong(file: &Path, error: &ConfigurationError) -> Failure {
    Failure::usage(format!("{}: {error}", file.display()))
}

/// Returns what writes a report to a file of that name.
fn kind_of(file: &Path) -> Result<fn(&Report) -> String, Failure> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(Report::json),
        Some("html") => Ok(Report::html),
        Some("xml") => Ok(Report::junit),
        _ => {
            let what = format!("{} does not say what kind of report it is", file.display());
            Err(Failure::usage(what).help("Let its name end with .json, .html or .xml."))
        }
    }
}

/// The most reasons that are printed for a check.
const SHOWN: usize = 8;

/// Prints each result as it comes, unless the report is JSON.
struct Terminal(OutputFormat);

impl Progress for Terminal {
    fn ended(&self, result: &CheckResult, done: usize, all: usize) {
        if self.0.json || result.outcome == Outcome::Skipped {
            return;
        }
        let place = format!("{done}/{all}");
        let line = format!("{place:>7}  {}  {:<13}  ", result.id, result.outcome.word());
        let title = wrapped(&result.title, line.len());
        out(&format!("{line}{}", title.trim_start()));
        if result.outcome != Outcome::Passed {
            for reason in result.reasons.iter().take(SHOWN) {
                out(&wrapped(reason, line.len()));
            }
            if let Some(more @ 1..) = result.reasons.len().checked_sub(SHOWN) {
                let text = format!("and {more} more: write them with --report FILE");
                out(&wrapped(&text, line.len()));
            }
        }
    }
}

fn summary(report: &Report) -> String {
    let Counts {
        passed,
        failed,
        warning,
        not_evaluable,
        skipped,
        expected,
    } = report.counts;
    let mut text = format!(
        "\n{passed} passed, {failed} failed, {expected} expected to fail, {warning} with a warning,\n\
         {not_evaluable} not evaluable, {skipped} not chosen; {} requests, seed {}",
        report.requests, report.seed
    );
    for check in report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Failed)
    {
        let title = format!("{} failed: {}", check.id, check.title);
        text.push_str(&format!("\n\n{}", wrapped(&title, 0)));
        let chapters: BTreeSet<_> = check.callbacks.values().map(String::as_str).collect();
        let chapters: Vec<_> = chapters.into_iter().collect();
        let rule = format!(
            "{}; callbacks of chapters {}",
            check.rule,
            chapters.join(", ")
        );
        text.push_str(&format!("\n{}", wrapped(&rule, 2)));
        // A line that ends with a backslash goes on, so that the command can be copied.
        let command = wrapped(&check.repeat, 6);
        let lines: Vec<_> = command.lines().map(str::trim_start).collect();
        text.push_str(&format!("\n  {}", lines.join(" \\\n    ")));
    }
    text.push_str("\n\n");
    text.push_str(&wrapped(&report.statement, 0));
    text
}
