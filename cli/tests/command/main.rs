//! Tests of the program `skypay` as a subprocess.

#![allow(
    clippy::unwrap_used,
    reason = "what runs the program for the tests is test code, too"
)]

mod away;
mod callbacks;
mod certify;
mod doctor;
mod elsewhere;
mod help;
mod input;
mod journal;
mod limits;
mod payouts;
mod program;
mod readme;
mod requests;
#[cfg(target_os = "linux")]
mod secure;
mod setup;
mod up;
