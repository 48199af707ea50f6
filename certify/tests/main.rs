//! Tests of the checks, in one program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal;
mod journal_service;
mod languages;
mod money;
mod mutants;
mod partner;
mod program;
mod receiver;
mod report;
mod servers;
