//! The workspace tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod consumer;
mod corpus;
mod docs;
mod document;
mod door;
mod end_to_end;
mod every_word;
mod examples;
#[path = "../../fuzz/src/lib.rs"]
#[allow(
    unreachable_pub,
    reason = "it is a library where bytes are looked for, and a module here"
)]
mod fuzz;
mod handlers;
mod keys;
mod limits;
mod log;
mod loopback;
mod markdown;
mod masking;
mod misbehaving;
mod names;
mod new_operation;
mod operations;
mod outcomes;
mod packages;
mod properties;
mod prose;
mod reading;
mod schemas;
mod second_api;
mod structure;
mod views;
mod wire;
mod workflows;
