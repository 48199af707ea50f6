//! The workspace tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod documents;
mod generated;
mod structure;
