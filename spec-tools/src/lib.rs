//! The tools around a document besides the generator: what an edit of it
//! breaks, a linter, its reference page, its exports for other tools, and the
//! public API of what is generated from it.
//!
//! Pure functions, as the generator: no files, no clock, no network.

pub mod diff;
pub mod docs;
pub mod exports;
mod lint;
pub mod public_api;

pub use lint::{RULES, Rule, Severity, lint, rule};
