//! Commands and URLs of the configuration: what they print or answer.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;
#[cfg(unix)]
use std::time::Instant;

use serde_json::{Map, Value};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::configuration::{Configuration, Limits};
use crate::message::Message;
use crate::target::{Connection, Sending};

/// Values for a program: variables of a command's environment, or members of the JSON
/// object that a URL receives.
pub(crate) type Variables = [(&'static str, String)];

/// Runs a probe with its placeholders replaced, and returns its output.
pub(crate) async fn run(
    configuration: &Configuration,
    name: &str,
    probe: Option<&String>,
    values: &[(&str, String)],
    variables: &Variables,
) -> Result<String, String> {
    let probe = probe.ok_or_else(|| format!("`{name}` of the configuration is not set"))?;
    let probe = filled(name, probe, values)?;
    let output = if is_url(&probe) {
        call(configuration, &probe, variables).await
    } else {
        execute(configuration, &probe, variables).await
    };
    let output = output.map_err(|why| format!("`{name}` failed: {why}"))?;
    Ok(output.trim().to_owned())
}

/// How long a probe may take.
fn limit(configuration: &Configuration) -> Duration {
    Limits::of(configuration.limits.probe)
}

fn is_url(probe: &str) -> bool {
    probe.starts_with("http://") || probe.starts_with("https://")
}

async fn call(
    configuration: &Configuration,
    url: &str,
    variables: &Variables,
) -> Result<String, String> {
    let limit = limit(configuration);
    let uri = configuration.allowed(url);
    let uri = uri.map_err(|error| error.to_string())?;
    let mut connection = Connection::open(&uri, limit)
        .await
        .map_err(|it| it.text().to_owned())?;
    let mut sending = Sending::post("");
    if !variables.is_empty() {
        let members = variables.iter().cloned();
        let members: Map<_, _> = members
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        sending = Sending::json(&Value::Object(members));
    }
    let answer = connection.send(sending, limit).await;
    let answer = answer.map_err(|it| it.text().to_owned())?;
    if !answer.status.is_success() {
        return Err(format!("it answered HTTP {}", answer.status.as_u16()));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

async fn execute(
    configuration: &Configuration,
    command: &str,
    variables: &Variables,
) -> Result<String, String> {
    let child = shell(command, variables).stdout(Stdio::piped()).output();
    let output = timeout(limit(configuration), child)
        .await
        .map_err(|_| LATE.to_owned())?
        .map_err(|error| error.kind().to_string())?;
    succeeded(output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

const LATE: &str = "it did not end in time";

fn succeeded(status: ExitStatus) -> Result<(), String> {
    let ended_well = status.success().then_some(());
    ended_well.ok_or_else(|| format!("it ended with {status}"))
}

fn shell(command: &str, variables: &Variables) -> Command {
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C");
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell
    };
    shell
        .arg(command)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    shell
}

/// Runs a probe that starts a program, and returns what it left running, unless it is
/// a URL.
pub(crate) async fn start(
    configuration: &Configuration,
    probe: &str,
    variables: &Variables,
) -> Result<Option<ProcessGroup>, String> {
    if is_url(probe) {
        call(configuration, probe, variables).await?;
        return Ok(None);
    }
    let mut shell = shell(probe, variables);
    #[cfg(unix)]
    shell.process_group(0);
    // The program may keep the output open.
    let child = shell.stdout(Stdio::null()).spawn();
    let mut child = child.map_err(|error| error.kind().to_string())?;
    let group = ProcessGroup::of(&child);
    let status = timeout(limit(configuration), child.wait()).await;
    let status = status.map_err(|_| LATE.to_owned())?;
    succeeded(status.map_err(|error| error.kind().to_string())?)?;
    Ok(Some(group))
}

/// The processes that a command started and left running, which end when this is
/// dropped. Windows has no such groups: there, only a command that still runs is ended.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl ProcessGroup {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        use rustix::process::{Signal, kill_process_group, test_kill_process_group};

        let Some(leader) = self.leader else { return };
        let _ = kill_process_group(leader, Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < GRACE {
            if test_kill_process_group(leader).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

#[cfg(not(unix))]
impl ProcessGroup {
    fn of(_: &Child) -> Self {
        Self {}
    }
}

/// How long a program may take to end before it is killed.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(2);

/// What the partner's own record says of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Open,
    Paid,
    Released,
    Unknown,
    Conflict,
}

impl Recorded {
    const ALL: [Self; 5] = [
        Self::Open,
        Self::Paid,
        Self::Released,
        Self::Unknown,
        Self::Conflict,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Released => "released",
            Self::Unknown => "unknown",
            Self::Conflict => "conflict",
        }
    }

    /// Whether the partner expects no more of it.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Released | Self::Conflict)
    }

    /// Reads the output of a probe.
    pub(crate) fn read(probe: &str, output: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.word() == output).ok_or_else(|| {
            let words = Self::ALL.map(Self::word).join(", ");
            format!("`{probe}` gave none of {words}")
        })
    }
}

/// Counts the effects of a message, if the configuration says how.
pub(crate) async fn count(configuration: &Configuration, message: &Message) -> Result<u64, String> {
    let output = about(
        configuration,
        "effects",
        configuration.effects.as_ref(),
        message,
    )
    .await?;
    output
        .parse()
        .map_err(|_| "`effects` did not give a number".to_owned())
}

/// Reads the partner's record of the payout of a message.
pub(crate) async fn recorded(
    configuration: &Configuration,
    message: &Message,
) -> Result<Recorded, String> {
    let output = about(
        configuration,
        "state",
        configuration.state.as_ref(),
        message,
    )
    .await?;
    Recorded::read("state", &output)
}

/// Runs a probe about a message.
async fn about(
    configuration: &Configuration,
    name: &str,
    probe: Option<&String>,
    message: &Message,
) -> Result<String, String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let fields = message.fields.iter();
    let mut values = vec![
        ("operation", message.info.name.to_owned()),
        ("key", message.effect_key()),
    ];
    values.extend(fields.map(|(name, value)| (name.as_str(), text(value))));
    run(configuration, name, probe, &values, &[]).await
}

/// Replaces the placeholders of a probe. What goes into a shell may only have letters,
/// digits and few signs.
fn filled(name: &str, probe: &str, values: &[(&str, String)]) -> Result<String, String> {
    let is_url = is_url(probe);
    let mut filled = probe.to_owned();
    for (field, value) in values {
        let placeholder = format!("{{{field}}}");
        if !filled.contains(&placeholder) {
            continue;
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:= ".contains(letter);
        if !is_url && !value.chars().all(is_plain) {
            return Err(format!("the value of {field} cannot be put into `{name}`"));
        }
        let value = if is_url {
            encoded(value)
        } else {
            value.clone()
        };
        filled = filled.replace(&placeholder, &value);
    }
    Ok(filled)
}

/// Encodes a value for a URL.
fn encoded(value: &str) -> String {
    let bytes = value.bytes().map(|byte| match byte {
        b'-' | b'_' | b'.' | b':' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

/// Makes something that a callback is about; returns its fields.
pub(crate) async fn fixture(
    configuration: &Configuration,
    message: &Message,
) -> Result<Message, String> {
    let name = format!("fixtures.{}", message.info.name);
    let probe = configuration.fixtures.get(message.info.name);
    if probe.is_none() {
        return Err(format!(
            "`{name}` of the configuration does not say what it is about"
        ));
    }
    let output = run(configuration, &name, probe, &[], &[]).await?;
    let fields: Map<String, Value> = serde_json::from_str(&output)
        .map_err(|_| format!("`{name}` did not give a JSON object"))?;
    Ok(message.with("made by the fixture", |all| all.extend(fields)))
}
