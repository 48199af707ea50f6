//! What the generated `SkyPay` crates share.

pub mod build;
pub mod codes;
pub mod operation;
pub mod read;
#[cfg(feature = "schemars")]
pub mod schema;
mod text;
pub mod validate;
pub mod value;
pub mod wire;

#[cfg(feature = "envelope")]
pub mod envelope;
#[cfg(feature = "envelope")]
pub mod keys;

#[cfg(any(feature = "client", feature = "server"))]
pub mod clock;
#[cfg(any(feature = "client", feature = "server"))]
mod head;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod outcome;
#[cfg(feature = "server")]
pub mod server;

pub use codes::Unlisted;
pub use operation::{
    Answer, Direction, Effect, Mode, Operation, OperationInfo, Outcome, Resend, Stamp,
};
pub use validate::{Invalid, Validate, Violation, Violations};
pub use value::{Amount, Date, DateTime, PersonName, Sensitive};

/// What the modules of generated messages use.
#[doc(hidden)]
pub mod generated {
    pub use std::borrow::Cow;

    pub use crate::build::{Slot, build};
    pub use crate::codes::Unlisted;
    pub use crate::operation::{
        Answer, Direction, Effect, Mode, Operation, OperationInfo, Outcome, Resend, Stamp,
    };
    pub use crate::validate::{
        AsText, Fields, Invalid, Limits, Pattern, Rule, Validate, Violations,
    };
    pub use crate::value::{Amount, Date, DateTime, PersonName, Sensitive};
    pub use crate::wire;
}

/// What the macros of this crate name.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;

    #[cfg(feature = "schemars")]
    pub use schemars;
    pub use serde;
}
