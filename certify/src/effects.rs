//! Commands and URLs of the configuration: what they print or answer.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::time::timeout;

use crate::configuration::Configuration;
use crate::message::Message;
use crate::target::{Connection, Sending};

/// Runs a probe and returns its output.
pub(crate) async fn run(
    configuration: &Configuration,
    probe: &str,
    limit: Duration,
) -> Result<String, String> {
    let output = if probe.starts_with("http://") || probe.starts_with("https://") {
        call(configuration, probe, limit).await?
    } else {
        execute(probe, limit).await?
    };
    Ok(output.trim().to_owned())
}

async fn call(configuration: &Configuration, url: &str, limit: Duration) -> Result<String, String> {
    let uri = configuration
        .allowed(url)
        .map_err(|error| error.to_string())?;
    let mut connection = Connection::open(&uri, limit)
        .await
        .map_err(|it| it.text().to_owned())?;
    let answer = connection.send(Sending::post(""), limit).await;
    let answer = answer.map_err(|it| it.text().to_owned())?;
    if !answer.status.is_success() {
        return Err(format!("it answered HTTP {}", answer.status.as_u16()));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

async fn execute(command: &str, limit: Duration) -> Result<String, String> {
    let mut shell = if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.arg("/C");
        shell
    } else {
        let mut shell = Command::new("sh");
        shell.arg("-c");
        shell
    };
    let child = shell
        .arg(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(limit, child)
        .await
        .map_err(|_| "it did not end in time".to_owned())?;
    let output = output.map_err(|error| error.kind().to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Counts the effects of a message, if the configuration says how.
pub(crate) async fn count(
    configuration: &Configuration,
    message: &Message,
    limit: Duration,
) -> Result<u64, String> {
    let Some(probe) = &configuration.effects else {
        return Err(
            "`effects` of the configuration does not say how effects are counted".to_owned(),
        );
    };
    let probe = filled(probe, message)?;
    let output = run(configuration, &probe, limit).await;
    let output = output.map_err(|why| format!("`effects` failed: {why}"))?;
    output
        .parse()
        .map_err(|_| "`effects` did not give a number".to_owned())
}

/// Replaces the placeholders of a probe: `{operation}`, `{key}` for the values of the
/// effect key, and the message's fields by their names. The values go into a URL or a
/// shell: only letters, digits and few signs are accepted.
fn filled(probe: &str, message: &Message) -> Result<String, String> {
    let mut values = vec![("key".to_owned(), message.effect_key())];
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    values.extend(
        message
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), text(value))),
    );
    let is_url = probe.starts_with("http");
    let mut filled = probe.replace("{operation}", message.info.name);
    for (name, value) in values {
        let placeholder = format!("{{{name}}}");
        if !filled.contains(&placeholder) {
            continue;
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:= ".contains(letter);
        if !value.chars().all(is_plain) {
            return Err(format!("the value of {name} cannot be put into `effects`"));
        }
        let value = if is_url {
            value.replace(' ', "%20")
        } else {
            value
        };
        filled = filled.replace(&placeholder, &value);
    }
    Ok(filled)
}

/// Makes something that a callback is about; returns its fields.
pub(crate) async fn fixture(
    configuration: &Configuration,
    message: &Message,
    limit: Duration,
) -> Result<Message, String> {
    let name = message.info.name;
    let Some(probe) = configuration.fixtures.get(name) else {
        return Err(format!(
            "`fixtures.{name}` of the configuration does not say what it is about"
        ));
    };
    let output = run(configuration, probe, limit).await;
    let output = output.map_err(|why| format!("`fixtures.{name}` failed: {why}"))?;
    let fields: Map<String, Value> = serde_json::from_str(&output)
        .map_err(|_| format!("`fixtures.{name}` did not give a JSON object"))?;
    Ok(message.with("made by the fixture", |all| all.extend(fields)))
}
