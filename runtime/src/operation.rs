//! The metadata of operations: the generated crates declare it from the document,
//! and client and server act on it.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codes::RetryAfter;
use crate::message_key::MessageKey;
use crate::validate::Validate;
use crate::value::DateTime;

/// A request message, with the metadata of its operation.
pub trait Operation: Serialize + DeserializeOwned + Validate + Send + Sync {
    /// The response message.
    type Response: Response;

    /// The metadata of the operation.
    const INFO: &'static OperationInfo;

    /// The identifiers of the transactions that the request refers to, such as
    /// control numbers; empty if it refers to none.
    fn transaction_ids(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The key that identifies a notification: it is equal whenever the same
    /// notification is delivered again. Store it in a unique column together with
    /// the name of the operation, in the transaction that stores the notification.
    /// `None` if the operation has no [such key](OperationInfo::delivery_key), or if
    /// this message lacks one of its fields.
    fn delivery_key(&self) -> Option<MessageKey> {
        None
    }

    /// The key that identifies a business effect: it is equal whenever two
    /// notifications report the same effect, even if the notifications differ. Apply
    /// the effect once for each of these keys.
    fn effect_key(&self) -> Option<MessageKey> {
        None
    }
}

/// A response message.
pub trait Response: Serialize + DeserializeOwned + Validate + Send {
    /// The type of its return codes.
    type Code: From<String> + AsRef<str> + fmt::Debug + Send + Sync + 'static;

    /// The time of the response, if it has one.
    fn response_time(&self) -> Option<DateTime> {
        None
    }

    /// The return code as on the wire, if the response has one.
    fn response_code(&self) -> Option<&str> {
        None
    }

    /// The description of the return code, if the response has one.
    fn response_description(&self) -> Option<&str> {
        None
    }

    /// Sets those header fields that every response of this type carries.
    fn fill_header(&mut self, values: &HeaderValues<'_>);
}

/// The values of the header fields of a response.
#[derive(Clone, Copy, Debug)]
pub struct HeaderValues<'a> {
    /// The time of the response, in GMT+8.
    pub time: DateTime,
    /// The return code.
    pub code: &'a str,
    /// The description of the return code.
    pub description: &'a str,
}

/// The names of the header fields, which the protocol adds to the fields of the
/// operation in every message.
#[derive(Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// The name of the sender of a request.
    pub user_name: &'static str,
    /// The action of a request.
    pub action: &'static str,
    /// The secret that authenticates the sender of a request.
    pub authentication: &'static str,
    /// The time of a response, if responses have one.
    pub time: Option<&'static str>,
    /// The return code.
    pub code: &'static str,
    /// The description of the return code, if responses have one.
    pub description: Option<&'static str>,
}

/// The metadata of one operation, from the document.
#[derive(PartialEq, Eq)]
pub struct OperationInfo {
    /// The names of the header fields, the same for all operations.
    pub header: &'static HeaderFields,
    /// The `operationId`, unique among all operations.
    pub name: &'static str,
    /// The fragment of the operation's path key, unique among all operations.
    pub path_fragment: &'static str,
    /// The value of `action` on the wire; operations with different constants may
    /// share it.
    pub action: &'static str,
    /// A one-line summary.
    pub summary: &'static str,
    /// The chapter of the provider's documentation that describes it.
    pub chapter: &'static str,
    /// Request fields with a constant value, in wire order.
    pub constants: &'static [(&'static str, &'static str)],
    /// The direction of a call.
    pub direction: Direction,
    /// Whether the response is final.
    pub mode: Mode,
    /// The side effect of a call.
    pub effect: Effect,
    /// The operation that queries the status of a call.
    pub status_query: Option<&'static str>,
    /// The delay before a status query, in seconds.
    pub status_query_delay: Option<u32>,
    /// Whether the same request may be sent again.
    pub retry: Retry,
    /// The return codes of this operation.
    pub codes: &'static [ReturnCode],
    /// Whether every response carries a return code.
    pub code_required: bool,
    /// The range of return codes that a partner may define for itself.
    pub partner_codes: Option<(u16, u16)>,
    /// The request fields that form [`Operation::delivery_key`], by their names on
    /// the wire.
    pub delivery_key: &'static [&'static str],
    /// The request fields that form [`Operation::effect_key`], by their names on
    /// the wire.
    pub effect_key: &'static [&'static str],
    /// The fields of the request, the response and their nested objects that hold
    /// personal data, by their names on the wire; sorted.
    pub personal_data: &'static [&'static str],
    /// The document's first example of a request, as JSON.
    pub request_example: &'static str,
    /// The document's first example of an accepting response, as JSON.
    pub response_example: &'static str,
}

impl OperationInfo {
    /// Default metadata, which an operation overrides: it reads, is sent to the
    /// provider, and its response is final.
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
        chapter: "",
        constants: &[],
        direction: Direction::ToProvider,
        mode: Mode::Synchronous,
        effect: Effect::Reads,
        status_query: None,
        status_query_delay: None,
        retry: Retry::Never,
        codes: &[],
        code_required: false,
        partner_codes: None,
        delivery_key: &[],
        effect_key: &[],
        personal_data: &[],
        request_example: "",
        response_example: "",
    };

    /// What the document says of a return code; `None` if it does not list the code
    /// for this operation.
    #[must_use]
    pub fn return_code(&self, code: &str) -> Option<&'static ReturnCode> {
        self.codes.iter().find(|listed| listed.code == code)
    }

    /// The outcome of a return code. A code that the document does not
    /// list for this operation leaves the outcome unknown.
    #[must_use]
    pub fn outcome_of(&self, code: &str) -> Outcome {
        if let Some(listed) = self.return_code(code) {
            return listed.outcome;
        }
        // In the canonical form of the document, like every listed code.
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

    /// Whether a return code refuses the keys of a request.
    #[must_use]
    pub fn refuses_keys(&self, code: &str) -> bool {
        let listed = self.return_code(code);
        listed.is_some_and(|listed| listed.refuses_keys)
    }

    /// The return code of an accepting response. The generator rejects a document in
    /// which an operation has none.
    #[must_use]
    pub fn accepted_code(&self) -> &'static str {
        let mut codes = self.codes.iter();
        let accepted = codes.find(|listed| listed.outcome == Outcome::Accepted);
        accepted.map_or("", |listed| listed.code)
    }
}

impl fmt::Debug for OperationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// A return code of an operation, from the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnCode {
    /// The code as on the wire.
    pub code: &'static str,
    /// The outcome that it means.
    pub outcome: Outcome,
    /// Its text in the provider's documentation, if it has one. The description that
    /// is received may differ: decide by the code alone.
    pub vendor_text: Option<&'static str>,
    /// Whether it refuses the keys of a request: the request could not be decrypted,
    /// or its credentials are wrong, so nothing was executed.
    pub refuses_keys: bool,
    /// The event after which the refused request may succeed unchanged; `None` if
    /// time does not change the refusal, as far as is known.
    pub retry_after: Option<RetryAfter>,
}

/// The direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The partner calls the provider of the API.
    ToProvider,
    /// The provider calls the partner.
    ToPartner,
}

/// Whether the response to a call is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The response acknowledges the request; the outcome follows by callback.
    Asynchronous,
    /// The response is the outcome.
    Synchronous,
    /// The receiver can only acknowledge the notification.
    Notification,
}

/// The side effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call changes nothing.
    Reads,
    /// The call changes state, but moves no money.
    ChangesState,
    /// The call moves money.
    MovesMoney,
}

/// Whether the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// At any time.
    Safe,
    /// Only after a status query has shown that the first one did not arrive.
    AfterStatusQuery,
    /// Never.
    Never,
}

/// The outcome of a call, by its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The call was accepted (asynchronous) or executed (synchronous).
    Accepted,
    /// The call was refused and not executed.
    Rejected,
    /// The call may have been executed.
    Unknown,
}
