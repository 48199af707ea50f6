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

/// Generates the crates of a document.
///
/// # Errors
///
/// Everything that is wrong with the document, with line and JSON pointer;
/// nothing is generated then.
pub fn generate(text: &str) -> Result<Generated, Diagnostics> {
    let api = api(text)?;
    let mut files = Vec::new();
    files.extend(emit::types::files(&api));
    files.extend(emit::client::files(&api)?);
    files.extend(emit::server::files(&api));
    files.extend(emit::manifest::licences());
    files.sort_by(|a, b| a.path.cmp(&b.path));
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
    lower::lower(&document)
}

/// The Rust that calls an operation, as its documentation shows it.
#[must_use]
pub fn call_example(api: &model::Api, operation: &model::Operation) -> Option<String> {
    emit::client::call_example(api, operation)
}

/// The Rust that handles an operation, as its documentation shows it.
#[must_use]
pub fn handler_example(api: &model::Api, operation: &model::Operation) -> Option<String> {
    emit::server::handler_example(api, operation)
}

/// The JSON of an example, indented, numbers written as in the document.
#[must_use]
pub fn pretty(example: &model::Example) -> String {
    emit::example::pretty(example)
}
