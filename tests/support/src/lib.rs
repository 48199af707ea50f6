//! What several test binaries share.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says so by panicking"
)]
#![allow(
    missing_docs,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "only the tests of this workspace use it"
)]

/// The document: its operations, examples and schemas.
pub mod document;
/// Handlers of both traits that answer as a test says.
pub mod handlers;
/// Generated servers on the loopback interface.
pub mod loopback;
/// Every operation, with its types forgotten.
pub mod operations;
