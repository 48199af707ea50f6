//! The workspace tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod document;
mod documents;
mod end_to_end;
mod generated;
mod handlers;
mod loopback;
#[path = "../../runtime/tests/support/loopback.rs"]
#[allow(dead_code, reason = "shared with the tests of the runtime")]
mod misbehaving;
mod operations;
mod reading;
mod structure;
mod wire;
