//! The tasks on temporary folders, repositories and copies of the checkout, in one
//! binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod approve;
mod bump;
mod checkout;
mod diff;
mod docs;
mod exports;
mod generate;
mod lint;
#[cfg(unix)]
mod postgres;
mod release;
mod review;
mod temporary;
#[cfg(unix)]
mod workflow;
