//! Tests of the engine without HTTP or storage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calendar;
mod callbacks;
mod cash_pickup;
mod codes;
mod determinism;
mod finance;
mod keys;
mod money;
mod payouts;
mod readme;
mod reports;
mod scripts;
mod setup;
mod unknown_outcomes;
