//! What the generator knows of the API: plain data, with names that are
//! already Rust names. Decided in `lower`, laid out in `emit`.

mod message;

use serde::{Deserialize, Serialize};

pub use message::{Encoding, EnvelopeField, Field, Limits, Message, Part, Presence, Rule, Type};

/// The whole API.
#[derive(Clone, Debug, Serialize)]
pub struct Api {
    /// The document's title.
    pub title: String,
    /// The document's version.
    pub version: String,
    /// Who provides the API.
    pub provider: Provider,
    /// What the API is, in Markdown.
    pub description: String,
    /// The versions of the vendor's documentation that the document restates.
    pub describes: Vec<String>,
    /// What the document says of the encrypted body: names and values.
    pub envelope: Vec<(String, String)>,
    /// The names of the header fields.
    pub header: Header,
    /// The offset of every time on the wire, `+08:00`.
    pub time_zone: String,
    /// The parameters of the wire paths, in the order of the document.
    pub parameters: Vec<Parameter>,
    /// The groups of operations, in the order of the document.
    pub groups: Vec<Group>,
    /// `SkyPay`'s environments, in the order of the document.
    pub environments: Vec<Environment>,
    /// The operations, in the order of the document.
    pub operations: Vec<Operation>,
    /// The code tables, by name.
    pub code_tables: Vec<CodeTable>,
    /// Texts that have a type of their own, by name.
    pub newtypes: Vec<Newtype>,
    /// Objects inside messages, by name.
    pub objects: Vec<Message>,
    /// What is answered when no handler has spoken.
    pub protocol: Protocol,
}

impl Api {
    /// The operations of one direction, in the order of the document.
    #[must_use]
    pub fn of_direction(&self, direction: Direction) -> Vec<&Operation> {
        let operations = self.operations.iter();
        operations
            .filter(|operation| operation.direction == direction)
            .collect()
    }
}

/// Who provides the API.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// The name in texts, `SkyPay`.
    pub name: String,
    /// The name in those of the crates, modules and types, `skypay`.
    pub package: String,
    /// The keywords of the crates.
    pub keywords: Vec<String>,
}

/// The names of the fields that the transport writes into every message, next
/// to those of the operation; empty for those that the messages do not have.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Header {
    /// Who sends a request.
    pub user_name: String,
    /// Which operation a request asks for.
    pub action: String,
    /// The secret that proves who sends a request.
    pub authentication: String,
    /// When a response was written.
    pub time: String,
    /// The return code.
    pub code: String,
    /// The text that goes with it.
    pub description: String,
}

/// A parameter of the wire paths.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it holds, in Markdown.
    pub doc: String,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}

/// A group of operations.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What its operations have in common, in Markdown.
    pub doc: String,
}

/// One of `SkyPay`'s environments.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// The Rust variant.
    pub variant: String,
    /// The name in the document.
    pub name: String,
    /// The URL in front of the wire path.
    pub url: String,
    /// What it is for.
    pub doc: String,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}

/// The codes and texts that dispatch answers by itself.
#[derive(Clone, Debug, Serialize)]
pub struct Protocol {
    /// The answer of success.
    pub accepted: FixedAnswer,
    /// The one answer to everything that fails before a handler.
    pub unreadable: FixedAnswer,
    /// The answer when a handler failed or gave an invalid answer.
    pub failed: FixedAnswer,
    /// The answer to a notification that could not be stored.
    pub not_stored: FixedAnswer,
    /// The answer of an operation that is not implemented, where it has the
    /// code.
    pub not_offered: FixedAnswer,
    /// Characters that the text of an answer may have.
    pub description_limit: usize,
}

/// A return code and its text.
#[derive(Clone, Debug, Serialize)]
pub struct FixedAnswer {
    /// The return code.
    pub code: String,
    /// The text that goes with it.
    pub description: String,
}

/// An operation.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// The `operationId`.
    pub name: String,
    /// The groups that it belongs to.
    pub groups: Vec<String>,
    /// Where its path stands in the document, as a JSON pointer.
    pub pointer: String,
    /// The Rust method, `place_order`.
    pub method: String,
    /// The fragment of the path key.
    pub path_fragment: String,
    /// The wire path, `/services/{callerName}`.
    pub wire_path: String,
    /// What is said of its own servers, in Markdown; empty where it is sent to
    /// those of the document.
    pub server_notes: Vec<String>,
    /// The value of `action`.
    pub action: String,
    /// Request fields with one value, in wire order.
    pub constants: Vec<(String, String)>,
    /// One line.
    pub summary: String,
    /// What it does, in Markdown.
    pub description: String,
    /// The chapter in the vendor's early 1.36 numbering, if it had one there.
    pub chapter_directory: Option<String>,
    /// The chapter in the vendor's 1.37 numbering.
    pub chapter_current: String,
    /// Who calls whom.
    pub direction: Direction,
    /// Whether the answer is the outcome.
    pub mode: Mode,
    /// What a call may do to the world.
    pub effect: Effect,
    /// When to ask, and whether to send again.
    pub retry_policy: RetryPolicy,
    /// The return codes, in the order of the document.
    pub codes: Vec<ResultCode>,
    /// The range of codes that a partner may define.
    pub partner_codes: Option<(u16, u16)>,
    /// What those codes are for and what they demand, in Markdown; empty where
    /// there are none.
    pub partner_codes_doc: String,
    /// The request fields, by their names on the wire, that are all equal when
    /// the same notification is delivered again; empty where nothing has to be
    /// recognised.
    pub delivery_key: Vec<String>,
    /// The request fields that are all equal when two notifications report the
    /// same business effect.
    pub effect_key: Vec<String>,
    /// Whether every answer carries a return code.
    pub code_required: bool,
    /// The field that names the thing at stake.
    pub transaction_ref: Option<TransactionRef>,
    /// The request.
    pub request: Message,
    /// The response.
    pub response: Message,
    /// The documented request examples, by name.
    pub request_examples: Vec<Example>,
    /// The documented response examples, by name.
    pub response_examples: Vec<Example>,
    /// Whether the operation is going away.
    pub deprecated: bool,
}

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Direction {
    /// The partner calls the provider of the API.
    ToProvider,
    /// The provider calls the partner.
    ToPartner,
}

/// Whether the answer to a call is its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Mode {
    /// The outcome comes by callback.
    #[default]
    Asynchronous,
    /// The answer is the outcome.
    Synchronous,
    /// The receiver may only acknowledge.
    Notification,
}

/// What a call may do to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Effect {
    /// Nothing changes.
    Reads,
    /// Something changes, but no money moves.
    ChangesState,
    /// Money moves.
    #[default]
    MovesMoney,
}

/// When to ask what became of a call, and whether to send it again.
#[derive(Clone, Debug, Serialize)]
pub struct RetryPolicy {
    /// The operation that tells.
    pub status_query: Option<String>,
    /// Seconds to wait before asking.
    pub status_query_delay: Option<u32>,
    /// Whether the same request may be sent again.
    pub policy: Retry,
    /// The rule in words.
    pub note: String,
}

/// Whether the same request may be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Retry {
    /// At any time.
    Safe,
    /// Only after asking.
    AfterStatusQuery,
    /// Not at all.
    #[default]
    Never,
}

/// A return code of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct ResultCode {
    /// The code on the wire.
    pub code: String,
    /// What it means for this operation.
    pub meaning: String,
    /// What it says of the outcome.
    pub outcome: Outcome,
    /// The text that the vendor sends with it here.
    pub text: Option<String>,
    /// Whether it refuses the keys of the request, before anything else of it.
    pub refuses_keys: bool,
    /// Whether the vendor's page of the operation lists it.
    pub listed: bool,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}

/// What a code says of a payout's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// The state.
    pub state: MoneyState,
    /// The field of the same message that must be filled for the code to mean
    /// this.
    pub only_with: Option<String>,
    /// The state by the code alone: open, where another field decides.
    pub alone: MoneyState,
}

/// The states of a payout's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum MoneyState {
    /// The payee has it.
    Paid,
    /// The payout failed.
    Failed,
    /// The payout is cancelled for good.
    Cancelled,
    /// Not decided.
    Open,
    /// No payout was found.
    Absent,
    /// The code is about the payout's data.
    Amendment,
}

/// What a return code says of the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Outcome {
    /// Accepted or done.
    Accepted,
    /// Refused and not executed.
    Rejected,
    /// Perhaps executed.
    #[default]
    Unknown,
}

/// The request field that names the thing at stake.
#[derive(Clone, Debug, Serialize)]
pub struct TransactionRef {
    /// The list whose items have the field, where it is not one of the request, by
    /// its Rust name.
    pub list: Option<String>,
    /// The field, by its Rust name.
    pub field: String,
}

/// An example of the document.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// Its name in the document.
    pub name: String,
    /// What it shows.
    pub summary: String,
    /// The message as JSON text, numbers as they are written.
    pub json: String,
    /// The same, a member per line.
    pub pretty: String,
    /// The message.
    #[serde(skip)]
    pub value: serde_json::Value,
}

/// A code table.
#[derive(Clone, Debug, Serialize)]
pub struct CodeTable {
    /// The Rust type, equal to the component's name.
    pub name: String,
    /// What it is, in Markdown.
    pub doc: String,
    /// The codes, in the order of the document.
    pub codes: Vec<Code>,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}

/// A code of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// The value on the wire.
    pub value: String,
    /// The Rust variant.
    pub variant: String,
    /// What it means.
    pub doc: String,
    /// The kind that it belongs to, where the table has kinds.
    pub kind: Option<String>,
    /// Whether it may be read but not sent.
    pub read_only: bool,
    /// What it says of the outcome, in the table of return codes.
    pub outcome: Option<Outcome>,
    /// Whether it refuses the keys of the request.
    pub refuses_keys: bool,
    /// What it says of a payout's money.
    pub money: Option<Money>,
    /// The text that the vendor sends with it.
    pub text: Option<String>,
    /// Where it stands in the document, as a JSON pointer.
    pub pointer: String,
}

/// A text with a type of its own.
#[derive(Clone, Debug, Serialize)]
pub struct Newtype {
    /// The Rust type, equal to the component's name.
    pub name: String,
    /// What it is, in Markdown.
    pub doc: String,
    /// Whether it is personal data.
    pub sensitive: bool,
}
