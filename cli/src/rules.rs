//! `skypay script`, `fault` and `switch`: what shall become of requests, what
//! shall go wrong on the wire, and what the vendor leaves open.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use skypay_sandbox::engine::switches::{self, SWITCHES};
use skypay_sandbox::engine::{
    Command, Course, Fault as Wrong, FaultCommand, FaultRule, Pause, Rule, ScriptCommand, Side,
    Then, When, WireFault,
};
use skypay_types::{Amount, PayoutChannel, ResponseCode};

use crate::credentials::read_file;
use crate::ending::Failure;
use crate::house::part;
use crate::operations;
use crate::running::{admin, carry, failed};
use crate::show::{Said, Style, columns, table, wrapped};
use crate::values::{choice, payout_channel, return_code};

/// Which messages are meant; what is not said does not matter.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Which messages")]
struct Meant {
    /// An operation or callback, by its name
    #[arg(long, value_name = "NAME", value_parser = operation)]
    operation: Option<String>,
    /// A control or contract number; * stands for anything
    #[arg(long, value_name = "NUMBER")]
    subject: Option<String>,
    /// A payout channel, by its code or name
    #[arg(long, value_parser = payout_channel)]
    channel: Option<PayoutChannel>,
    /// An account number; * stands for anything
    #[arg(long)]
    account: Option<String>,
    /// The least amount
    #[arg(long, value_name = "AMOUNT")]
    at_least: Option<Amount>,
    /// The largest amount
    #[arg(long, value_name = "AMOUNT")]
    at_most: Option<Amount>,
}

impl From<Meant> for When {
    fn from(meant: Meant) -> Self {
        Self {
            operation: meant.operation,
            subject: meant.subject,
            channel: meant.channel,
            account: meant.account,
            at_least: meant.at_least,
            at_most: meant.at_most,
        }
    }
}

fn operation(name: &str) -> Result<String, String> {
    let known = operations::find(name).map(|info| info.name.to_owned());
    known.ok_or_else(|| "there is no such operation; `skypay call --help` lists them".to_owned())
}

/// Decide what becomes of requests: when … then …
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Script {
    #[command(subcommand)]
    step: ScriptStep,
}

#[derive(Clone, Debug, Subcommand)]
enum ScriptStep {
    /// Add a rule, before all others
    Add {
        #[command(flatten)]
        meant: Meant,
        /// Refuse with this return code
        #[arg(
            long,
            value_name = "CODE",
            value_parser = return_code,
            allow_hyphen_values = true,
            help_heading = "What becomes of them"
        )]
        refuse: Option<ResponseCode>,
        /// The text that goes with the refusal
        #[arg(long, value_name = "TEXT", help_heading = "What becomes of them")]
        description: Option<String>,
        /// What becomes of the payout
        #[arg(long, value_parser = choice::<Course>(), help_heading = "What becomes of them")]
        course: Option<Course>,
        /// How long each step takes, such as 30s or 2d
        #[arg(long, value_name = "SPAN", help_heading = "What becomes of them")]
        after: Option<Pause>,
        /// How often at most
        #[arg(long, value_name = "N", help_heading = "How often")]
        times: Option<u32>,
    },
    /// Add the rules of a JSON file with a list of {"when": …, "then": …}
    Load {
        /// The file; - is standard input
        file: PathBuf,
    },
    /// Take a rule out
    Remove {
        /// Its number
        id: u64,
    },
    /// Take all rules out
    Clear,
    /// Show the rules
    List,
}

impl Script {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let command = match self.step {
            ScriptStep::Add {
                meant,
                refuse,
                description,
                course,
                after,
                times,
            } => {
                let then = Then {
                    refuse,
                    description,
                    course,
                    after,
                };
                if then == Then::default() {
                    let what = "the rule says nothing of what shall become of requests";
                    return Err(Failure::usage(what).help("Say --refuse, --course or --after."));
                }
                let rule = Rule {
                    when: meant.into(),
                    then,
                    times,
                };
                ScriptCommand::Add { rule }
            }
            ScriptStep::Load { file } => return load(&file, style).await,
            ScriptStep::Remove { id } => ScriptCommand::Remove { id },
            ScriptStep::Clear => ScriptCommand::Clear,
            ScriptStep::List => return list("rules", style).await,
        };
        carry(&Command::Script(command), style).await
    }
}

/// The last rule of the file goes in first: rules are added before all others.
async fn load(file: &std::path::Path, style: Style) -> Result<Said, Failure> {
    let rules: Vec<Rule> = serde_json::from_str(&read_file(file)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let count = rules.len();
    for rule in rules.into_iter().rev() {
        carry(&Command::Script(ScriptCommand::Add { rule }), style).await?;
    }
    Ok(Said::new(
        format!("{count} rules added."),
        &json!({ "added": count }),
    ))
}

async fn list(name: &str, style: Style) -> Result<Said, Failure> {
    let (part, text) = part(name, style).await?;
    Ok(Said::new(text, &part))
}

/// Let things go wrong on the wire
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Fault {
    #[command(subcommand)]
    step: FaultStep,
}

#[derive(Clone, Debug, Subcommand)]
enum FaultStep {
    /// Add a fault
    Add {
        /// Which way the messages go
        #[arg(value_parser = choice::<Side>())]
        on: Side,
        #[command(flatten)]
        meant: Meant,
        /// To how many of a hundred, chosen by the seed
        #[arg(
            long,
            default_value_t = 100,
            value_parser = clap::value_parser!(u8).range(0..=100),
            help_heading = "How often"
        )]
        percent: u8,
        /// How often at most
        #[arg(long, value_name = "N", help_heading = "How often")]
        times: Option<u32>,
        #[command(subcommand)]
        what: What,
    },
    /// Take a fault out
    Remove {
        /// Its number
        id: u64,
    },
    /// Take all faults out
    Clear,
    /// Show the faults
    List,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Hold the message back
    Delay {
        /// For how long, such as 2s
        by: Pause,
    },
    /// Close the connection before the request is executed
    CutBefore,
    /// Close the connection after the request was executed
    CutAfter,
    /// Reset the connection in the middle
    Reset,
    /// Let only the first bytes arrive
    Truncate {
        /// How many
        keep: u32,
    },
    /// Get some bytes wrong
    Garble,
    /// Answer with an HTML page and HTTP status 502; requests only
    BadGateway,
    /// Answer with HTTP status 307; requests only
    Redirect {
        /// Where to
        to: String,
    },
    /// Answer with a return code, whatever happens; requests only
    Answer {
        /// The code, such as -1009
        #[arg(value_parser = return_code, allow_hyphen_values = true)]
        code: ResponseCode,
    },
    /// Do not send it at all; callbacks only
    Drop,
    /// Send it much later; callbacks only
    Late {
        /// How much, such as 90d
        by: Pause,
    },
    /// Send it several times at once; callbacks only
    Duplicate {
        /// How many times in all
        copies: u32,
    },
    /// Seal it with a key that nobody has; callbacks only
    WrongKey,
    /// Put it together from two others; callbacks only
    Splice,
}

impl From<What> for Wrong {
    fn from(what: What) -> Self {
        Self::Wire(match what {
            What::Drop => return Self::Drop,
            What::Late { by } => return Self::Late { by },
            What::Answer { code } => return Self::Answer { code },
            What::Delay { by } => WireFault::Delay { by },
            What::CutBefore => WireFault::CutBefore,
            What::CutAfter => WireFault::CutAfter,
            What::Reset => WireFault::Reset,
            What::Truncate { keep } => WireFault::Truncate { keep },
            What::Garble => WireFault::Garble { seed: 0 },
            What::BadGateway => WireFault::BadGateway,
            What::Redirect { to } => WireFault::Redirect { to },
            What::Duplicate { copies } => WireFault::Duplicate { copies },
            What::WrongKey => WireFault::WrongKey,
            What::Splice => WireFault::Splice { head: 0, tail: 0 },
        })
    }
}

impl Fault {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let command = match self.step {
            FaultStep::Add {
                on,
                meant,
                percent,
                times,
                what,
            } => FaultCommand::Add {
                fault: FaultRule {
                    on,
                    when: meant.into(),
                    fault: what.into(),
                    percent,
                    times,
                },
            },
            FaultStep::Remove { id } => FaultCommand::Remove { id },
            FaultStep::Clear => FaultCommand::Clear,
            FaultStep::List => return list("faults", style).await,
        };
        carry(&Command::Fault(command), style).await
    }
}

/// Show or answer what the vendor leaves open
///
/// Without a name: all switches. With a name: its values. With both: sets it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Switch {
    /// The switch
    name: Option<String>,
    /// Its new value
    value: Option<String>,
}

impl Switch {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let Some(name) = self.name else {
            return all_switches().await;
        };
        let switch = switches::find(&name).ok_or_else(|| {
            Failure::usage(format!("there is no switch {name}"))
                .help("`skypay switch` shows all of them.")
        })?;
        if let Some(value) = self.value {
            if !switch.has(&value) {
                let values: Vec<_> = switch.values.iter().map(|(value, _)| *value).collect();
                let what = format!("{name} has no value {value}");
                return Err(Failure::usage(what).help(format!("It has {}.", values.join(", "))));
            }
            return carry(&Command::Switch { name, value }, style).await;
        }
        let set = set_switches().await?;
        let value = set[&name].as_str().unwrap_or(switch.default_value());
        let text = format!(
            "{name} is {value}\n\n{}\n\n{}",
            wrapped(switch.question, 2),
            columns(switch.values, 2)
        );
        let values = switch.values.iter();
        let values = values.map(|(value, meaning)| json!({ "value": value, "meaning": meaning }));
        let json = json!({
            "name": name,
            "value": value,
            "question": switch.question,
            "values": values.collect::<Vec<_>>(),
        });
        Ok(Said::new(text, &json))
    }
}

async fn set_switches() -> Result<Value, Failure> {
    let mut state = admin()?.state(false).await.map_err(failed)?;
    Ok(state["switches"].take())
}

async fn all_switches() -> Result<Said, Failure> {
    let set = set_switches().await?;
    let value = |switch: &switches::Switch| {
        let value = set[switch.name].as_str();
        value.unwrap_or(switch.default_value()).to_owned()
    };
    let rows: Vec<_> = SWITCHES
        .iter()
        .map(|switch| {
            let other = if value(switch) == switch.default_value() {
                ""
            } else {
                "changed"
            };
            vec![switch.name.to_owned(), value(switch), other.to_owned()]
        })
        .collect();
    let text = table(&["switch", "value", ""], &rows);
    let json: serde_json::Map<_, _> = SWITCHES
        .iter()
        .map(|switch| (switch.name.to_owned(), Value::from(value(switch))))
        .collect();
    Ok(Said::new(text, &json))
}
