//! The runtime of the generated `SkyPay` crates: all behaviour is here, while
//! generated code only declares data.
//!
//! ```
//! use skypay_runtime::{Amount, read};
//!
//! skypay_runtime::message! {
//!     /// An order to pay.
//!     pub struct Order, OrderBuilder {
//!         /// What is paid.
//!         amount "amount": required Amount { range(Amount::from_centavos(1)..) };
//!     }
//! }
//!
//! let order = Order::builder().amount("3900").build()?;
//! assert_eq!(serde_json::to_string(&order).ok().as_deref(), Some(r#"{"amount":"3900.00"}"#));
//! assert_eq!(read::from_slice(br#"{"Amount": "3,900.00"}"#), Ok(order));
//! # Ok::<(), skypay_runtime::Invalid>(())
//! ```
//!
//! # The life of a payout
//!
//! 1. A builder makes the request and reports all fields that are missing or cannot be
//!    converted, or else all that break a constraint.
//! 2. `client::Transport` encrypts it, sends it once, decrypts the response, and says
//!    by its return code whether it was accepted, refused, or may have been executed.
//! 3. `server::Envelope` and `server::Dispatcher` decrypt and authenticate the
//!    notification about its end, and acknowledge it once its handler has stored it.
//!
//! # What it knows
//!
//! This crate contains nothing specific to an operation. The layout of messages,
//! their constraints and the meaning of return codes come from generated tables
//! ([`OperationInfo`], [`open_enum!`], [`validate::Rule`]).
//!
//! Most programs use this crate through `skypay-types`, `skypay-client` or
//! `skypay-server`, which re-export their parts of it.

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

pub use codes::{MoneyState, RetryAfter, Unrecognized};
pub use message_key::MessageKey;
pub use operation::{
    Direction, Effect, HeaderFields, HeaderValues, Mode, Operation, OperationInfo, Outcome,
    Response, Retry, ReturnCode,
};
pub use received::{Entries, Entry, Received, Unreadable};
pub use validate::{Invalid, Validate, Violation, Violations};
pub use value::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

/// Items that this crate's macros refer to.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;

    #[cfg(feature = "schemars")]
    pub use schemars;
    pub use serde;
}
