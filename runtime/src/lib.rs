//! What the generated `SkyPay` crates share: everything that acts, while
//! generated code only declares.
//!
//! This crate knows no operation by name. What a message looks like, its
//! constraints and what its return codes mean comes from generated tables
//! ([`OperationInfo`], [`open_enum!`], [`validate::Rule`]); what to do with that is
//! written here.
//!
//! | module | what it holds | feature |
//! |---|---|---|
//! | [`value`] | amounts, times, names, masked values | |
//! | [`read`] | reading messages: strict JSON, leniently read | |
//! | [`received`] | fields and entries that cannot be read, in messages that can | |
//! | [`mod@codes`], [`string_newtype!`] | open code tables and texts with a type of their own | |
//! | [`validate`], [`builder`] | the document's constraints, checked before sending | |
//! | [`message!`], [`mod@message`] | messages, declared with a row per field | |
//! | [`mod@operation`] | what the document says of an operation, as data | |
//! | `envelope`, `keys` | the encrypted body, and who may write one | `envelope` |
//! | `client`, `outcome` | sending, and how a call ends | `client` |
//! | `server` | receiving, authenticating, dispatching | `server` |
//! | `schema` | JSON Schemas of the scalars | `schemars` |
//!
//! Most programs use this crate through `skypay-types`, `skypay-client` or
//! `skypay-server`, which re-export what belongs to their interface.

pub mod builder;
pub mod codes;
pub mod message;
mod message_key;
pub mod operation;
pub mod read;
pub mod received;
#[cfg(feature = "schemars")]
pub mod schema;
mod text;
pub mod validate;
pub mod value;

#[cfg(feature = "envelope")]
pub mod envelope;
#[cfg(feature = "envelope")]
pub mod keys;

#[cfg(any(feature = "client", feature = "server"))]
pub mod clock;
#[cfg(any(feature = "client", feature = "server"))]
mod header;
#[cfg(any(feature = "client", feature = "server"))]
mod secret;
#[cfg(any(feature = "client", feature = "server"))]
mod settings;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod outcome;
#[cfg(feature = "server")]
pub mod server;

pub use builder::IntoField;
pub use codes::{MoneyState, Unrecognized};
pub use message_key::MessageKey;
pub use operation::{
    Direction, Effect, HeaderFields, HeaderValues, Mode, Operation, OperationInfo, Outcome,
    Response, Retry,
};
pub use received::{Entries, Entry, Received, Unreadable, UnreadableEntry};
pub use validate::{Invalid, Validate, Violation, Violations};
pub use value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

/// What the macros of this crate name.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;

    #[cfg(feature = "schemars")]
    pub use schemars;
    pub use serde;
}
