//! The generator: from the text of the document to the source of the generated
//! crates.
//!
//! A pure function, without files, clock or network. [`generate`] is the pipeline:
//! load, check, lower, emit.

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
    /// The path below `generated/`, with `/` as the separator.
    pub path: String,
    /// The content.
    pub text: String,
}

/// The result of a generator run.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The model of the document, for reports.
    pub api: model::Api,
    /// Every file of the generated crates, by path.
    pub files: Vec<File>,
}

/// Rust examples of an operation, as shown in its documentation.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The call.
    pub call: Option<String>,
    /// The handler.
    pub handler: Option<String>,
}

/// Generates the crates of a document.
///
/// # Errors
///
/// All diagnostics of the document, with line and JSON pointer; nothing is
/// generated then.
pub fn generate(text: &str) -> Result<Generated, Diagnostics> {
    let api = api(text)?;
    let files = emit::files(&api)?;
    Ok(Generated { api, files })
}

/// Builds the model of a document, from which [`generate`] starts.
///
/// # Errors
///
/// All diagnostics of the document, with line and JSON pointer.
pub fn api(text: &str) -> Result<model::Api, Diagnostics> {
    let document = document::load(text)?;
    check::check(&document)?;
    Ok(lower::lower(&document))
}

/// Returns the Rust examples of each operation, by its name.
///
/// # Errors
///
/// A template that cannot be rendered.
pub fn usage(api: &model::Api) -> Result<BTreeMap<String, Usage>, Diagnostics> {
    emit::Emitter::new(api)?.usage()
}
