//! The results of commands.

use serde::Serialize;
use serde_json::Value;
use skypay_runtime::read;
use skypay_types::{Operation, ResponseCode};

use super::fault::WireFault;
use super::timestamp::Timestamp;

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// The outcome for the caller of the command.
    pub answer: CommandOutcome,
    /// The events, in order. They are the lines of the log.
    pub events: Vec<Event>,
    /// The faults to inject into the response of a request.
    pub faults: Vec<WireFault>,
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum CommandOutcome {
    /// A request was accepted. The plaintext has no time, code and description yet; the
    /// HTTP layer fills them in.
    Accepted {
        /// The fields specific to the response.
        plaintext: Value,
        /// Whether the response is the document's example, because the operation is not
        /// implemented.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_example: bool,
    },
    /// A request was refused, or failed.
    Refused {
        /// The return code.
        code: ResponseCode,
        /// The response description.
        description: String,
    },
    /// The connection was closed before the request was executed; there is no response.
    NoResponse,
    /// A command was executed.
    Done {
        /// The ids of the callbacks that it caused. For a cashier command, the caller
        /// waits for them.
        deliveries: Vec<u64>,
        /// Command-specific details, such as the id of a new rule.
        details: Value,
    },
    /// The command is not valid in the current state. Nothing has changed.
    InvalidCommand {
        /// The reason, and how to resolve it.
        why: String,
    },
}

/// The details of an executed command, or why it is not valid in the current state.
pub(crate) type Done = Result<Value, String>;

impl CommandOutcome {
    /// Returns the typed response to operation `O`, or the refusal.
    ///
    /// # Errors
    ///
    /// Returns the return code and its description, or `None` if the outcome is no
    /// response to `O`.
    pub fn typed<O: Operation>(&self) -> Result<O::Response, Option<(ResponseCode, String)>> {
        match self {
            Self::Accepted { plaintext, .. } => {
                let text = serde_json::to_vec(plaintext).map_err(|_| None)?;
                read::from_slice(&text).map_err(|_| None)
            }
            Self::Refused { code, description } => Err(Some((code.clone(), description.clone()))),
            _ => Err(None),
        }
    }

    /// Returns the return code with which a request was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&ResponseCode> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// An event: a line of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The sequence number: from 1, without gaps.
    pub sequence: u64,
    /// The time, in GMT+8.
    pub time: Timestamp,
    /// The kind of event in kebab-case, such as `payout-accepted`.
    pub kind: &'static str,
    /// The control number, contract number, prefix or rule that the event concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Further fields, without personal data.
    pub details: Value,
    /// Personal data: the original messages. Not part of the log line.
    #[serde(skip)]
    pub personal: Value,
}

impl Event {
    /// Returns the log line, without personal data and without a line terminator.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the log line, with personal data in the field `personal`.
    #[must_use]
    pub fn line_with_personal_data(&self) -> String {
        let personal = Some(self.personal.clone());
        with_personal_data(
            &self.line(),
            personal.filter(|personal| !personal.is_null()),
        )
    }
}

/// Adds personal data to a line of the log. The fields are sorted by name.
pub(crate) fn with_personal_data(line: &str, personal: Option<Value>) -> String {
    let mut line: Value = serde_json::from_str(line).unwrap_or_default();
    if let (Value::Object(fields), Some(personal)) = (&mut line, personal) {
        fields.insert("personal".to_owned(), personal);
    }
    line.to_string()
}
