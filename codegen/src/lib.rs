//! From the text of the document to the text of the generated crates.
//!
//! A pure function: no files, no clock, no network. [`generate`] reads as the
//! pipeline: load, check, lower, emit.

mod characters;
pub mod check;
mod diagnostic;
pub mod document;
mod emit;
pub mod keywords;
pub mod lower;
pub mod model;
mod progenitor;
mod prose;
pub mod schema;

use std::collections::BTreeMap;

pub use characters::{visible, visible_line};
pub use diagnostic::{Diagnostic, Diagnostics, Location, Reporter};

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path below `generated/`, with `/` between its parts.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// What a run of the generator gives.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The model of the document, for reports.
    pub api: model::Api,
    /// Every file of the generated crates, by path.
    pub files: Vec<File>,
}

/// How an operation is used from Rust, as its documentation shows it.
#[derive(Clone, Debug)]
pub struct Usage {
    /// What calls it.
    pub call: Option<String>,
    /// What handles it.
    pub handler: Option<String>,
}

/// Generates the crates of a document.
///
/// # Errors
///
/// Everything that is wrong with the document, with line and JSON pointer;
/// nothing is generated then.
pub fn generate(text: &str) -> Result<Generated, Diagnostics> {
    let api = api(text)?;
    let files = emit::files(&api)?;
    Ok(Generated { api, files })
}

/// The model of a document: what [`generate`] starts from.
///
/// # Errors
///
/// Everything that is wrong with the document, with line and JSON pointer.
pub fn api(text: &str) -> Result<model::Api, Diagnostics> {
    let document = document::load(text)?;
    check::check(&document)?;
    Ok(lower::lower(&document))
}

/// How each operation is used from Rust, by its name.
///
/// # Errors
///
/// A template that cannot be filled.
pub fn usage(api: &model::Api) -> Result<BTreeMap<String, Usage>, Diagnostics> {
    emit::Emitter::new(api)?.usage()
}
