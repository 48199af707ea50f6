//! The engine, without anything around it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calendar;
mod callbacks;
mod codes;
mod counter;
mod determinism;
mod finance;
mod house;
mod keys;
mod money;
mod payouts;
mod readme;
mod reports;
mod scripts;
