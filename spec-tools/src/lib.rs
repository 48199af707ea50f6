//! Tools for a document besides the generator: a comparison that finds breaking
//! changes, a linter, the reference page, the site of the guides, exports for other
//! tools, and the public API of the generated crates.
//!
//! Pure functions like the generator, without files, clock or network.

pub mod diff;
pub mod docs;
pub mod exports;
mod lint;
pub mod public_api;
pub mod site;

pub use lint::{RULES, Rule, Severity, lint, rule};
