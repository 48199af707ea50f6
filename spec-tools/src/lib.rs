//! What can be said of a document without generating code from it: what an
//! edit means, whether it is well kept, its reference page, its exports for
//! other tools, and its format; and the public API of what is generated from it.
//!
//! Pure functions, as the generator: no files, no clock, no network.

pub mod diff;
pub mod docs;
pub mod exports;
mod format;
mod lint;
pub mod public_api;

pub use format::format;
pub use lint::{Example, Finding, RULES, Rule, Severity, lint, rule, rules_page};
