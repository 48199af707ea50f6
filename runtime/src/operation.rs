//! What the document says of an operation, as data: the generated crates
//! declare it, transport and dispatch act on it.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message_key::MessageKey;
use crate::validate::Validate;
use crate::value::DateTime;

/// A request message, and with it everything that is known of its operation.
pub trait Operation: Serialize + DeserializeOwned + Validate + Send + Sync {
    /// The message that answers it.
    type Response: Response;

    /// What the document says of the operation.
    const INFO: &'static OperationInfo;

    /// The identifiers of the transactions that the request is about, such as
    /// control numbers; empty where it is about none.
    fn transaction_ids(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The key that is equal whenever the same notification is delivered again.
    ///
    /// Keep it in a unique column together with the name of the operation, in
    /// the transaction that stores the notification. `None` if the operation
    /// has no such key ([`OperationInfo::delivery_key`] is empty: there is
    /// nothing to recognise), or if this message lacks one of its fields.
    fn delivery_key(&self) -> Option<MessageKey> {
        None
    }

    /// The key that is equal whenever two notifications report the same
    /// business effect, even if they are two notifications.
    ///
    /// What the notification causes at your side is to happen once for each of
    /// these keys. `None` as for [`delivery_key`](Self::delivery_key).
    fn effect_key(&self) -> Option<MessageKey> {
        None
    }
}

/// A response message.
pub trait Response: Serialize + DeserializeOwned + Validate + Send {
    /// The table of its return codes.
    type Code: From<String> + AsRef<str> + fmt::Debug + Send + Sync + 'static;

    /// When the answer was written, where it says so.
    fn response_time(&self) -> Option<DateTime> {
        None
    }

    /// The return code as on the wire, where the answer has one.
    fn response_code(&self) -> Option<&str> {
        None
    }

    /// The text that goes with the return code.
    fn response_description(&self) -> Option<&str> {
        None
    }

    /// Writes the envelope fields that this answer has on the wire.
    fn fill_header(&mut self, values: &HeaderValues<'_>);
}

/// The values of the header fields of a response.
#[derive(Clone, Copy, Debug)]
pub struct HeaderValues<'a> {
    /// When the answer is written, in GMT+8.
    pub time: DateTime,
    /// The return code.
    pub code: &'a str,
    /// The text that goes with it.
    pub description: &'a str,
}

/// The names of the header fields: those that the protocol puts into every
/// message, next to those of the operation.
#[derive(Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// Who sends a request.
    pub user_name: &'static str,
    /// Which operation a request asks for.
    pub action: &'static str,
    /// The secret that proves who sends a request.
    pub authentication: &'static str,
    /// When a response was written, where responses say so.
    pub time: Option<&'static str>,
    /// The return code.
    pub code: &'static str,
    /// The text that goes with it, where there is one.
    pub description: Option<&'static str>,
}

/// What the document says of one operation.
#[derive(PartialEq, Eq)]
pub struct OperationInfo {
    /// The names of the header fields, the same for all operations.
    pub header: &'static HeaderFields,
    /// The `operationId`, unique among all operations.
    pub name: &'static str,
    /// The fragment of the path key, unique among all operations.
    pub path_fragment: &'static str,
    /// The value of `action` on the wire; shared by the catalogs.
    pub action: &'static str,
    /// What it is for, in one line for people.
    pub summary: &'static str,
    /// Request fields that always hold the same value, in wire order.
    pub constants: &'static [(&'static str, &'static str)],
    /// Who calls whom.
    pub direction: Direction,
    /// Whether the answer is the outcome.
    pub mode: Mode,
    /// What a call may do to the world.
    pub effect: Effect,
    /// The operation that queries what became of a call.
    pub status_query: Option<&'static str>,
    /// Seconds to wait before asking.
    pub status_query_delay: Option<u32>,
    /// Whether the same request may be sent again.
    pub retry: Retry,
    /// The return codes of this operation and what each says of the outcome.
    pub codes: &'static [(&'static str, Outcome)],
    /// The text that the provider's documentation gives for a return code of this
    /// operation, where it gives one.
    pub texts: &'static [(&'static str, &'static str)],
    /// Those of them that refuse the keys of a request: it could not be opened,
    /// or its credentials are wrong, so that nothing of it was carried out.
    pub key_refusals: &'static [&'static str],
    /// Whether every answer carries a return code.
    pub code_required: bool,
    /// The range of codes that a partner may define for itself.
    pub partner_codes: Option<(u16, u16)>,
    /// The request fields that [`Operation::delivery_key`] is made of, by their
    /// names on the wire.
    pub delivery_key: &'static [&'static str],
    /// The request fields that [`Operation::effect_key`] is made of, by their
    /// names on the wire.
    pub effect_key: &'static [&'static str],
    /// The fields of request and answer, and of the rows in them, that hold
    /// personal data, by their names on the wire; sorted.
    pub personal_data: &'static [&'static str],
    /// The document's first example of a request, as JSON.
    pub request_example: &'static str,
    /// The document's first example of an answer that accepts, as JSON.
    pub response_example: &'static str,
}

impl OperationInfo {
    /// An operation of which only what every one has is known: reads, is sent to
    /// the provider, and its answer is the outcome.
    #[doc(hidden)]
    pub const BARE: Self = Self {
        header: &HeaderFields {
            user_name: "",
            action: "",
            authentication: "",
            time: None,
            code: "",
            description: None,
        },
        name: "",
        path_fragment: "",
        action: "",
        summary: "",
        constants: &[],
        direction: Direction::ToProvider,
        mode: Mode::Synchronous,
        effect: Effect::Reads,
        status_query: None,
        status_query_delay: None,
        retry: Retry::Never,
        codes: &[],
        texts: &[],
        key_refusals: &[],
        code_required: false,
        partner_codes: None,
        delivery_key: &[],
        effect_key: &[],
        personal_data: &[],
        request_example: "",
        response_example: "",
    };

    /// What a return code says of the outcome of this operation; a code that
    /// the document does not list says nothing, so the outcome is unknown.
    #[must_use]
    pub fn outcome_of(&self, code: &str) -> Outcome {
        let listed = self.codes.iter().find(|(listed, _)| *listed == code);
        if let Some((_, outcome)) = listed {
            return *outcome;
        }
        // Written as the document writes it, like every code in a table.
        let partner_defined = self.partner_codes.is_some_and(|(from, to)| {
            code.parse::<u16>()
                .is_ok_and(|number| (from..=to).contains(&number) && number.to_string() == code)
        });
        if partner_defined {
            Outcome::Rejected
        } else {
            Outcome::Unknown
        }
    }

    /// The text that the provider's documentation gives for a return code of this
    /// operation; `None` for a code that it does not list here or gives no text
    /// for. What arrives may be worded otherwise: decide by the code alone.
    #[must_use]
    pub fn vendor_text(&self, code: &str) -> Option<&'static str> {
        let listed = self.texts.iter().find(|(listed, _)| *listed == code);
        listed.map(|(_, text)| *text)
    }

    /// Whether a return code refuses the keys of a request.
    #[must_use]
    pub fn refuses_keys(&self, code: &str) -> bool {
        self.key_refusals.contains(&code)
    }

    /// The code that says that the operation was accepted.
    ///
    /// The generator refuses a document in which an operation has none, so
    /// the empty string is never seen.
    #[must_use]
    pub fn accepted_code(&self) -> &'static str {
        self.codes
            .iter()
            .find(|(_, outcome)| *outcome == Outcome::Accepted)
            .map_or("", |(code, _)| code)
    }
}

/// By its name.
impl fmt::Debug for OperationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The partner calls the provider of the API.
    ToProvider,
    /// The provider calls the partner.
    ToPartner,
}

/// Whether the answer to a call is its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The answer acknowledges; the outcome comes by callback.
    Asynchronous,
    /// The answer is the outcome.
    Synchronous,
    /// The receiver may only acknowledge.
    Notification,
}

/// What a call may do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes.
    Reads,
    /// Something changes, but no money moves.
    ChangesState,
    /// Money moves.
    MovesMoney,
}

/// Whether the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At any time.
    Safe,
    /// Only after asking has shown that the first one did not arrive.
    AfterStatusQuery,
    /// Not at all.
    Never,
}

/// What is known of a call after its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was accepted (asynchronous) or done (synchronous).
    Accepted,
    /// It was refused and not executed.
    Rejected,
    /// It may have been executed.
    Unknown,
}
