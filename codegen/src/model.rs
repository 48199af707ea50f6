//! The model of the API: plain data whose names are already Rust names. `lower`
//! builds it, and `emit` renders it.

mod message;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use message::{Encoding, EnvelopeField, Field, Limits, Message, Part, Presence, Rule, Type};

/// The whole API.
#[derive(Clone, Debug, Serialize)]
pub struct Api {
    /// The document's title.
    pub title: String,
    /// The document's version.
    pub version: String,
    /// The provider of the API.
    pub provider: Provider,
    /// The description of the API, in Markdown.
    pub description: String,
    /// The versions of the vendor's documentation that the document restates.
    pub describes: Vec<String>,
    /// The encryption parameters of the body: names and values.
    pub envelope: Vec<(String, String)>,
    /// The wire names of the header fields.
    pub header: Header,
    /// The UTC offset of all times on the wire, `+08:00`.
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
    /// Strings with a newtype, by name.
    pub newtypes: Vec<Newtype>,
    /// Nested objects of messages, by name.
    pub objects: Vec<Message>,
    /// The responses that the dispatcher sends itself.
    pub protocol: Protocol,
}

impl Api {
    /// Returns the operations of one direction, in the order of the document.
    #[must_use]
    pub fn of_direction(&self, direction: Direction) -> Vec<&Operation> {
        let operations = self.operations.iter();
        operations
            .filter(|operation| operation.direction == direction)
            .collect()
    }

    /// Returns the operations that query the status of other calls by nothing but
    /// their transactions.
    pub(crate) fn status_queries(&self) -> impl Iterator<Item = &Operation> {
        let all = self.operations.iter();
        let policies = all.clone().map(|operation| &operation.retry_policy);
        let named: BTreeSet<_> = policies
            .filter_map(|policy| policy.status_query.as_deref())
            .collect();
        all.filter(move |query| {
            let about = query.transaction_ref.as_ref();
            let about = about.map(|about| about.list.as_ref().unwrap_or(&about.field));
            let fields = query.request.fields.iter();
            let mut required = fields.filter(|field| field.required);
            named.contains(&*query.name)
                && required
                    .next()
                    .is_some_and(|field| Some(&field.rust) == about)
                && required.next().is_none()
        })
    }
}

/// The provider of the API.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// The display name, `SkyPay`.
    pub name: String,
    /// The name used in crates, modules and types, `skypay`.
    pub package: String,
    /// The keywords of the generated packages.
    pub keywords: Vec<String>,
}

/// The wire names of the header fields, which the transport writes into every
/// message; empty for fields that the messages do not have.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Header {
    /// The sender of a request.
    pub user_name: String,
    /// The operation that is requested.
    pub action: String,
    /// The secret that authenticates the sender of a request.
    pub authentication: String,
    /// The time at which a response was written.
    pub time: String,
    /// The return code.
    pub code: String,
    /// The description of the return code.
    pub description: String,
}

/// A parameter of the wire paths.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its description, in Markdown.
    pub doc: String,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}

/// A group of operations.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The description of its operations, in Markdown.
    pub doc: String,
}

/// One of `SkyPay`'s environments.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// The Rust variant.
    pub variant: String,
    /// The name in the document.
    pub name: String,
    /// The base URL, to which the wire path is appended.
    pub url: String,
    /// Its purpose.
    pub doc: String,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}

/// The responses that the dispatcher sends itself.
#[derive(Clone, Debug, Serialize)]
pub struct Protocol {
    /// The response to an accepted request.
    pub accepted: FixedAnswer,
    /// The response to every failure before a handler is called.
    pub unreadable: FixedAnswer,
    /// The response when a handler failed or returned an invalid response.
    pub failed: FixedAnswer,
    /// The response to a notification that could not be stored.
    pub not_stored: FixedAnswer,
    /// The response of an operation that is not implemented, where it has the code.
    pub not_offered: FixedAnswer,
    /// The maximum length of a response's description, in characters.
    pub description_limit: usize,
}

/// A return code and its description.
#[derive(Clone, Debug, Serialize)]
pub struct FixedAnswer {
    /// The return code.
    pub code: String,
    /// The description of the return code.
    pub description: String,
}

/// An operation.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// The `operationId`.
    pub name: String,
    /// The groups to which it belongs.
    pub groups: Vec<String>,
    /// The location of its path in the document, as a JSON pointer.
    pub pointer: String,
    /// The name of the Rust method, `place_order`.
    pub method: String,
    /// The fragment of the path key.
    pub path_fragment: String,
    /// The wire path, `/services/{callerName}`.
    pub wire_path: String,
    /// Descriptions of the operation's own servers, in Markdown; empty if it uses
    /// the document's servers.
    pub server_notes: Vec<String>,
    /// The value of `action`.
    pub action: String,
    /// Request fields with a constant value, in wire order.
    pub constants: Vec<(String, String)>,
    /// A summary of one line.
    pub summary: String,
    /// The description, in Markdown.
    pub description: String,
    /// The chapter in the vendor's early 1.36 numbering, if it has one.
    pub chapter_directory: Option<String>,
    /// The chapter in the vendor's 1.37 numbering.
    pub chapter_current: String,
    /// The direction of the call.
    pub direction: Direction,
    /// Whether the response is the outcome.
    pub mode: Mode,
    /// The side effect of a call.
    pub effect: Effect,
    /// When to query the status, and whether to retry.
    pub retry_policy: RetryPolicy,
    /// The return codes, in the order of the document.
    pub codes: Vec<ResultCode>,
    /// The range of codes that a partner can define.
    pub partner_codes: Option<(u16, u16)>,
    /// The purpose and requirements of those codes, in Markdown; empty if there are
    /// none.
    pub partner_codes_doc: String,
    /// The wire names of the request fields that identify a delivery: they are all
    /// equal when the same notification is delivered again. Empty if duplicates
    /// need no detection.
    pub delivery_key: Vec<String>,
    /// The request fields that identify a business effect: they are all equal when
    /// two notifications report the same one.
    pub effect_key: Vec<String>,
    /// Whether every response has a return code.
    pub code_required: bool,
    /// The field that identifies the transaction.
    pub transaction_ref: Option<TransactionRef>,
    /// The request.
    pub request: Message,
    /// The response.
    pub response: Message,
    /// The documented request examples, by name.
    pub request_examples: Vec<Example>,
    /// The documented response examples, by name.
    pub response_examples: Vec<Example>,
    /// Whether the operation is deprecated.
    pub deprecated: bool,
}

/// The direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Direction {
    /// The partner calls the provider of the API.
    ToProvider,
    /// The provider calls the partner.
    ToPartner,
}

/// Whether the response to a call is its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Mode {
    /// The outcome arrives by callback.
    #[default]
    Asynchronous,
    /// The response is the outcome.
    Synchronous,
    /// The receiver can only acknowledge.
    Notification,
}

/// The side effect of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes state, but moves no money.
    ChangesState,
    /// Moves money.
    #[default]
    MovesMoney,
}

/// When to query the status of a call, and whether to retry it.
#[derive(Clone, Debug, Serialize)]
pub struct RetryPolicy {
    /// The operation that returns the status.
    pub status_query: Option<String>,
    /// The delay before the status query, in seconds.
    pub status_query_delay: Option<u32>,
    /// Whether the same request can be sent again.
    pub policy: Retry,
    /// The description of the policy.
    pub note: String,
}

/// Whether the same request can be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Retry {
    /// At any time.
    Safe,
    /// Only after a status query.
    AfterStatusQuery,
    /// Never.
    #[default]
    Never,
}

/// A return code of an operation.
#[derive(Clone, Debug, Serialize)]
pub struct ResultCode {
    /// The code on the wire.
    pub code: String,
    /// Its meaning for this operation.
    pub meaning: String,
    /// The outcome that it reports.
    pub outcome: Outcome,
    /// The text that the vendor sends with it for this operation.
    pub text: Option<String>,
    /// Whether it rejects the request's keys (encryption or credentials), before
    /// anything else is checked.
    pub refuses_keys: bool,
    /// What a refusal with it waits for, if it passes.
    pub retry_after: Option<RetryAfter>,
    /// Whether the vendor's page of the operation lists it.
    pub listed: bool,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}

/// The state of a payout's money that a code reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// The state.
    pub state: MoneyState,
    /// The field of the same message that must have a value for `state` to apply.
    pub only_with: Option<String>,
    /// The state without that field; open if `only_with` is set.
    pub alone: MoneyState,
}

/// The states of a payout's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum MoneyState {
    /// Paid to the payee.
    Paid,
    /// Failed.
    Failed,
    /// Cancelled for good.
    Cancelled,
    /// Undecided.
    Open,
    /// No payout was found.
    Absent,
    /// The code is about the payout's data.
    Amendment,
}

/// The events after which a refused request may succeed unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum RetryAfter {
    /// The account of the partner is recharged.
    Recharge,
    /// The next day begins.
    NextDay,
}

/// The outcome that a return code reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"))]
pub enum Outcome {
    /// Accepted or executed.
    Accepted,
    /// Rejected and not executed.
    Rejected,
    /// Possibly executed.
    #[default]
    Unknown,
}

/// The request field that identifies the transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransactionRef {
    /// The Rust name of the list whose items have the field, unless the request
    /// itself has it.
    pub list: Option<String>,
    /// The Rust name of the field.
    pub field: String,
}

/// An example in the document.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// Its name in the document.
    pub name: String,
    /// A summary of the example.
    pub summary: String,
    /// The message as JSON text, with numbers as in the document.
    pub json: String,
    /// The same, with one member per line.
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
    /// Its description, in Markdown.
    pub doc: String,
    /// The codes, in the order of the document.
    pub codes: Vec<Code>,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}

/// A code of a code table.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// The value on the wire.
    pub value: String,
    /// The Rust variant.
    pub variant: String,
    /// Its meaning.
    pub doc: String,
    /// Its kind, if the table has kinds.
    pub kind: Option<String>,
    /// Whether it can be received but not sent.
    pub read_only: bool,
    /// The outcome that it reports, in the table of return codes.
    pub outcome: Option<Outcome>,
    /// Whether it rejects the request's keys (encryption or credentials).
    pub refuses_keys: bool,
    /// What a refusal with it waits for, if it passes.
    pub retry_after: Option<RetryAfter>,
    /// The state of a payout's money that it reports.
    pub money: Option<Money>,
    /// The text that the vendor sends with it.
    pub text: Option<String>,
    /// Its location in the document, as a JSON pointer.
    pub pointer: String,
}

/// A string with a newtype.
#[derive(Clone, Debug, Serialize)]
pub struct Newtype {
    /// The Rust type, equal to the component's name.
    pub name: String,
    /// Its description, in Markdown.
    pub doc: String,
    /// Whether it is personal data.
    pub sensitive: bool,
}
