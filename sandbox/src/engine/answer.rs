//! What comes out of the engine.

use serde::Serialize;
use serde_json::Value;
use skypay_runtime::read;
use skypay_types::{Operation, ResponseCode};

use super::fault::WireFault;
use super::timestamp::Timestamp;

/// What a command has led to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// The answer to the caller of the command.
    pub answer: CommandOutcome,
    /// What happened, in order. The log is these lines and nothing else.
    pub events: Vec<Event>,
    /// What shall happen on the wire to the answer of a request.
    pub faults: Vec<WireFault>,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum CommandOutcome {
    /// A request was accepted: the response in plaintext, still without time, code
    /// and description, which the writer supplies.
    Accepted {
        /// The response's own fields.
        plaintext: Value,
        /// Whether it is the document's example: the operation has no
        /// behaviour here.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_example: bool,
    },
    /// A request was refused, or something failed.
    Refused {
        /// The return code.
        code: ResponseCode,
        /// The text that goes with it.
        description: String,
    },
    /// A request was cut off before it was executed: there is no answer.
    NoResponse,
    /// A command was carried out.
    Done {
        /// The callbacks that it caused, by number. Those of a cashier are
        /// worth waiting for.
        deliveries: Vec<u64>,
        /// What else there is to say, such as the number of a new rule.
        details: Value,
    },
    /// A command makes no sense now. Nothing has changed.
    InvalidCommand {
        /// What is wrong, and what to do about it.
        why: String,
    },
}

impl CommandOutcome {
    pub(crate) fn invalid_command(why: impl Into<String>) -> Self {
        Self::InvalidCommand { why: why.into() }
    }

    /// The typed response to operation `O`, or the refusal.
    ///
    /// # Errors
    ///
    /// The return code and its text; none if there is no answer to `O` here.
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

    /// The return code with which a request was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&ResponseCode> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Something that happened: a line of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// From 1, without a gap.
    pub sequence: u64,
    /// When, in GMT+8.
    pub time: Timestamp,
    /// What kind of thing, in kebab-case, such as `payout-accepted`.
    pub kind: &'static str,
    /// The control number, contract number, prefix or rule that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The rest, without personal data.
    pub details: Value,
    /// Personal data: messages as they were. Not part of the line.
    #[serde(skip)]
    pub personal: Value,
}

impl Event {
    /// The line for the log, without personal data and without a line end.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same, with personal data in the field `personal`.
    #[must_use]
    pub fn line_with_personal_data(&self) -> String {
        let personal = Some(self.personal.clone());
        with_personal_data(
            &self.line(),
            personal.filter(|personal| !personal.is_null()),
        )
    }
}

/// A line of the log with personal data in it; its fields have the order of
/// their names.
pub(crate) fn with_personal_data(line: &str, personal: Option<Value>) -> String {
    let mut line: Value = serde_json::from_str(line).unwrap_or_default();
    if let (Value::Object(fields), Some(personal)) = (&mut line, personal) {
        fields.insert("personal".to_owned(), personal);
    }
    line.to_string()
}
