//! What can be said of a document without generating code from it: what an
//! edit means, whether it is well kept, its reference page, its exports for
//! other tools, and its format.
//!
//! Pure functions, as the generator: no files, no clock, no network.

pub mod diff;
pub mod docs;
pub mod exports;
mod format;
mod lint;

pub use format::format;
pub use lint::{Example, Finding, RULES, Rule, Severity, lint, rule, rules_page};
