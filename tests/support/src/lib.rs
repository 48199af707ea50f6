//! Code shared by several test binaries.

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
/// The examples of a document: against their schemas, and through the types.
pub mod examples;
/// Handlers of both traits whose responses a test defines.
pub mod handlers;
/// Generated servers on the loopback interface.
pub mod loopback;
/// Every operation, type-erased.
pub mod operations;
