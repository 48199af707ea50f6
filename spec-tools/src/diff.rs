//! Compares two versions of a document and classifies the impact of each change on
//! both sides of the wire, on both halves of the code, and on the partner.
//!
//! The comparison works on the tree, not on the model, so that it also accepts
//! documents that the generator would reject. A change that several operations
//! share is reported once.

mod changes;
mod codes;
mod exceptions;
mod fields;
mod impact;
mod keywords;
mod operation;
mod operations;
mod pattern;
mod root;
mod schema;
mod version;
mod view;
mod walk;

use codegen::check;
use codegen::document::{self, Node};
use codegen::{Diagnostic, Diagnostics};

pub use changes::{Change, Side, User, Values, fingerprint};
pub use impact::{Bump, Impact, Part, Role, Severity, Wire};
pub use version::Version;
pub(crate) use view::reached;

/// The result of a comparison.
#[derive(Clone, Debug)]
pub struct Report {
    /// The changes, most severe first.
    pub changes: Vec<Change>,
    /// The combined impact of all changes.
    pub impact: Impact,
    /// The severity for the partner.
    pub severity: Severity,
    /// The version of the old document.
    pub old_version: String,
    /// The version of the new document.
    pub new_version: String,
}

impl Report {
    /// Returns the severity for an audience.
    #[must_use]
    pub fn severity_for(&self, role: Role) -> Severity {
        let changes = self.changes.iter();
        let worst = changes.map(|change| change.severity_for(role)).max();
        worst.unwrap_or(self.severity)
    }

    /// Returns the version bump of the shared types: the larger of both halves.
    #[must_use]
    pub fn types(&self) -> Bump {
        self.impact.types()
    }
}

/// Compares two documents.
///
/// # Errors
///
/// A text that is not an OpenAPI 3 document; see [`read`].
pub fn diff(old: &str, new: &str) -> Result<Report, Diagnostics> {
    Ok(compare(&read(old)?, &read(new)?))
}

/// Parses a document and validates what a comparison requires.
///
/// # Errors
///
/// Text that is not YAML, that does not have the structure of an OpenAPI 3
/// document, or whose schemas contain too many others.
pub fn read(text: &str) -> Result<Node, Diagnostics> {
    let root = document::load(text)?;
    let shaped = root
        .text_of("openapi")
        .is_some_and(|version| version.starts_with("3."))
        && root
            .get("paths")
            .is_some_and(|paths| !paths.entries().is_empty());
    if shaped {
        check::in_bounds(&root)?;
        return Ok(root);
    }
    let message = "this is not an OpenAPI 3 document: `openapi: 3.…` or `paths` is missing";
    Err(Diagnostics::from(Diagnostic::new(
        "shape",
        root.location,
        message,
    )))
}

/// Compares two parsed documents.
#[must_use]
pub fn compare(old: &Node, new: &Node) -> Report {
    let mut walk = walk::Walk::new(old, new);
    operations::compare(&mut walk);
    root::compare(&mut walk);
    exceptions::compare(&mut walk);
    let changes = walk.changes.finish(new);
    // A different order only moves lines of the generated code.
    let floor = if changes.is_empty() && old.to_json() == new.to_json() {
        (Impact::NONE, Severity::None)
    } else {
        (Impact::PATCH, Severity::Patch)
    };
    let (impact, severity) = changes.iter().fold(floor, |(impact, severity), change| {
        (impact.worst(change.impact), severity.max(change.severity))
    });
    Report {
        changes,
        impact,
        severity,
        old_version: version_of(old),
        new_version: version_of(new),
    }
}

fn version_of(root: &Node) -> String {
    let version = root.get("info").and_then(|info| info.text_of("version"));
    version.unwrap_or_default().to_owned()
}
