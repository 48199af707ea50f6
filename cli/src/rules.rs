//! `skypay script`, `fault` and `switch`: what shall become of requests, what
//! shall go wrong on the wire, and what the vendor leaves open.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};
use skypay_sandbox::engine::switches::{self, SWITCHES};
use skypay_sandbox::engine::{Command, FaultCommand, Rule, ScriptCommand, Then};

use crate::credentials::read_file;
use crate::ending::Failure;
use crate::house::part;
use crate::running::{admin, carry, failed};
use crate::show::{Said, Style, columns, table, wrapped};

/// Decide what becomes of requests: when … then …
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Script {
    #[command(flatten)]
    Command(ScriptCommand),
    /// Add the rules of a JSON file with a list of {"when": …, "then": …}
    Load {
        /// The file; - is standard input
        file: PathBuf,
    },
    /// Show the rules
    List,
}

impl Script {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        match self {
            Self::Command(ScriptCommand::Add { rule }) if rule.then == Then::default() => {
                let what = "the rule says nothing about what becomes of requests";
                Err(Failure::usage(what).help("Say --refuse, --course or --after."))
            }
            Self::Command(command) => carry(&Command::Script(command), style).await,
            Self::Load { file } => load(&file, style).await,
            Self::List => list("rules", style).await,
        }
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

/// Inject faults into connections
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Fault {
    #[command(flatten)]
    Command(FaultCommand),
    /// Show the faults
    List,
}

impl Fault {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        match self {
            Self::Command(command) => carry(&Command::Fault(command), style).await,
            Self::List => list("faults", style).await,
        }
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
