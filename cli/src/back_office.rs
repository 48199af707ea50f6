//! `skypay clock` and `keys`: the clock and the keys of the back office.

use clap::Subcommand;
use serde_json::{Value, json};
use skypay_sandbox::engine::{Command, Duration, Key, KeyCommand, KeyStatus};

use crate::exit_status::Failure;
use crate::output::{Output, OutputFormat, table, wrapped};
use crate::remote::{admin, execute};
use crate::sandbox::{NEW_KEYS, render_clock};

/// Show the sandbox's clock, or move it
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Clock {
    /// Show its time, and the next event
    Show,
    /// Move a virtual clock; everything due on the way happens
    Advance {
        /// The duration, such as 300s, 24h or 90d
        #[arg(value_name = "DURATION")]
        by: Duration,
    },
}

impl Clock {
    pub(crate) async fn run(self) -> Result<Output, Failure> {
        match self {
            Self::Show => {
                let clock = admin()?.clock().await?;
                Ok(render_clock("", &clock))
            }
            Self::Advance { by } => {
                let advanced = admin()?.advance(by).await?;
                let what = match advanced.attempts {
                    1 => "1 attempt at a callback on the way.".to_owned(),
                    count => format!("{count} attempts at callbacks on the way."),
                };
                let said = render_clock(&what, &advanced.clock);
                Ok(Output::new(said.text, &advanced))
            }
        }
    }
}

/// Create, show and enable keys, as in the back office
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Keys {
    #[command(flatten)]
    Command(KeyCommand),
    /// Show all pairs, without their secrets
    List,
}

impl Keys {
    pub(crate) async fn run(self, format: OutputFormat) -> Result<Output, Failure> {
        match self {
            Self::Command(command) => execute(&Command::Keys(command), format).await,
            Self::List => list().await,
        }
    }
}

async fn list() -> Result<Output, Failure> {
    let admin = admin()?;
    let now = admin.clock().await?.now;
    let mut state = admin.state(false).await?;
    let keys = state["keys"].take();
    let keys = keys.as_object().into_iter().flatten();
    let keys: Vec<Key> = keys
        .filter_map(|(_, key)| serde_json::from_value(key.clone()).ok())
        .collect();
    let timestamp = |timestamp: Option<skypay_sandbox::engine::Timestamp>| {
        timestamp.map_or("-".to_owned(), |timestamp| {
            timestamp.date_time().to_string()
        })
    };
    let rows: Vec<_> = keys
        .iter()
        .map(|key| {
            let validity = key.validity.duration().to_string();
            let id = key.id.to_string();
            let status = key.status(now).as_str().to_owned();
            vec![
                id,
                status,
                validity,
                timestamp(key.effective),
                timestamp(key.expires),
            ]
        })
        .collect();
    let json: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id,
                "status": key.status(now),
                "validity": key.validity,
                "generated": key.generated,
                "revealed": key.revealed,
                "enabled": key.enabled,
                "effective": key.effective,
                "expires": key.expires,
            })
        })
        .collect();
    let mut text = table(&["id", "state", "valid", "effective", "expires"], &rows);
    let accepted = |key: &Key| key.status(now) == KeyStatus::Effective;
    if !keys.iter().any(accepted) {
        let what = format!("No pair is in use: every request is refused. {NEW_KEYS}");
        text.push_str(&format!("\n\n{}", wrapped(&what, 0)));
    }
    Ok(Output::new(text, &json))
}
