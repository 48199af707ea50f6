//! `skypay script`, `fault` and `behavior`: scripted outcomes, connection
//! faults and configurable behaviors.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Subcommand;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skypay_sandbox::engine::behaviors::{self, BEHAVIORS};
use skypay_sandbox::engine::{
    Command, FaultCommand, FaultRule, Numbered, Rule, ScriptCommand, Then,
};

use crate::credentials::read_file;
use crate::exit_status::Failure;
use crate::lists::table_or_none;
use crate::output::{Output, OutputFormat, columns, table, wrapped};
use crate::remote::{admin, execute};

/// Script the outcomes of requests: when … then …
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
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::Command(ScriptCommand::Add { rule }) if rule.then == Then::default() => {
                let what = "the rule says nothing about what becomes of requests";
                Err(Failure::usage(what).help("Say --refuse, --outcome or --after."))
            }
            Self::Command(command) => execute(&Command::Script(command), format).await,
            Self::Load { file } => load(&file, format).await,
            Self::List => list::<Rule>("rules", format).await,
        }
    }
}

/// Adds the rules in reverse, because a new rule precedes all others.
async fn load(file: &std::path::Path, format: OutputFormat) -> Result<Output, Failure> {
    let rules: Vec<Rule> = serde_json::from_str(&read_file(file)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let count = rules.len();
    for rule in rules.into_iter().rev() {
        execute(&Command::Script(ScriptCommand::Add { rule }), format).await?;
    }
    Ok(Output::new(
        format!("{count} rules added."),
        &json!({ "added": count }),
    ))
}

/// Lists rules in words.
async fn list<R: DeserializeOwned + Display>(
    name: &str,
    format: OutputFormat,
) -> Result<Output, Failure> {
    let state = admin()?.state(format.show_personal_data).await?;
    let rules: Vec<Numbered<R>> = serde_json::from_value(state[name].clone())
        .map_err(|error| Failure::refused(format!("the sandbox's {name}: {error}")))?;
    let rows = rules.iter().map(|numbered| {
        let off = if numbered.is_off { "off: " } else { "" };
        vec![
            numbered.id.to_string(),
            numbered.applied.to_string(),
            format!("{off}{}", numbered.rule),
        ]
    });
    let head = ["id", "so far", "what happens"];
    let text = table_or_none(&head, &rows.collect::<Vec<_>>());
    Ok(Output::new(text, &state[name]))
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
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::Command(command) => execute(&Command::Fault(command), format).await,
            Self::List => list::<FaultRule>("faults", format).await,
        }
    }
}

/// Show or set behaviors that SkyPay does not document
///
/// Without a name: all behaviors. With a name: its values. With both: sets it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct Behavior {
    /// The name of the behavior
    name: Option<String>,
    /// Its new value
    value: Option<String>,
}

impl Behavior {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        let Some(name) = self.name else {
            return all_behaviors().await;
        };
        let behavior = behaviors::find(&name).ok_or_else(|| {
            Failure::usage(format!("there is no behavior {name}"))
                .help("`skypay behavior` shows all of them.")
        })?;
        if let Some(value) = self.value {
            if !behavior.has(&value) {
                let values: Vec<_> = behavior.values.iter().map(|(value, _)| *value).collect();
                let what = format!("{name} has no value {value}");
                return Err(Failure::usage(what).help(format!("It has {}.", values.join(", "))));
            }
            return execute(&Command::Behavior { name, value }, format).await;
        }
        let set = set_behaviors().await?;
        let value = set[&name].as_str().unwrap_or(behavior.default_value());
        let text = format!(
            "{name} is {value}\n\n{}\n\n{}",
            wrapped(behavior.question, 2),
            columns(behavior.values, 2)
        );
        let values = behavior.values.iter();
        let values = values.map(|(value, meaning)| json!({ "value": value, "meaning": meaning }));
        let json = json!({
            "name": name,
            "value": value,
            "question": behavior.question,
            "values": values.collect::<Vec<_>>(),
        });
        Ok(Output::new(text, &json))
    }
}

async fn set_behaviors() -> Result<Value, Failure> {
    let mut state = admin()?.state(false).await?;
    Ok(state["settings"]["behaviors"].take())
}

async fn all_behaviors() -> Result<Output, Failure> {
    let set = set_behaviors().await?;
    let value = |behavior: &behaviors::Behavior| {
        let value = set[behavior.name].as_str();
        value.unwrap_or(behavior.default_value()).to_owned()
    };
    let rows: Vec<_> = BEHAVIORS
        .iter()
        .map(|behavior| {
            let other = if value(behavior) == behavior.default_value() {
                ""
            } else {
                "changed"
            };
            vec![behavior.name.to_owned(), value(behavior), other.to_owned()]
        })
        .collect();
    let text = table(&["behavior", "value", ""], &rows);
    let json: serde_json::Map<_, _> = BEHAVIORS
        .iter()
        .map(|behavior| (behavior.name.to_owned(), Value::from(value(behavior))))
        .collect();
    Ok(Output::new(text, &json))
}
