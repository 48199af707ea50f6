//! The tools for the document, in one binary: the impact of edits, lint rules, the
//! reference page and the exports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod breaking;
mod docs;
mod exports;
mod html;
mod lint;

use edits::read;

/// Reads the document of the API.
fn real() -> String {
    read("../../spec/skypay.yaml")
}
