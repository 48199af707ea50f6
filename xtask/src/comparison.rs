//! An edit of the document, judged: what it means, and what of that somebody
//! has decided on.

use std::fs;
use std::path::Path;

use spec_tools::diff::{Change, Headline, Report, Role, Version, compare};

use crate::approvals::{APPROVALS, Approvals, Entry};
use crate::report::Finding;
use crate::revision::{self, Documents, Source};

/// An edit of the document and the decisions about it.
pub struct Comparison {
    /// The document before and now.
    pub documents: Documents,
    /// What changed.
    pub report: Report,
    /// Approvals that have to go.
    pub stale: Vec<Finding>,
    approvals: Approvals,
}

impl Comparison {
    /// Compares the document with the one of a revision or a file.
    ///
    /// # Errors
    ///
    /// One message, if a document or the approvals cannot be read.
    pub fn of(root: &Path, against: Option<&str>) -> Result<Self, String> {
        let documents = revision::documents(root, against)?;
        let report = compare(&documents.old, &documents.new);
        let approvals = Approvals::read(root)?;
        let before = before(root, &documents.source)?;
        approvals.within_limits(&report)?;
        let stale = approvals.stale(&report, before.as_ref());
        Ok(Self {
            documents,
            report,
            stale,
            approvals,
        })
    }

    /// The decision about a change, if there is one.
    #[must_use]
    pub fn approval(&self, change: &Change) -> Option<&Entry> {
        let version = Version::parse(&self.report.new_version);
        self.approvals.approving(change, version)
    }

    /// The headline of what nobody has decided on.
    #[must_use]
    pub fn undecided(&self, role: Role) -> Headline {
        let changes = self.report.changes.iter();
        let open = changes.filter(|change| self.approval(change).is_none());
        open.map(|change| change.headline_for(role))
            .max()
            .unwrap_or(Headline::None)
    }
}

/// The approvals as they were; nothing where that is not known.
fn before(root: &Path, source: &Source) -> Result<Option<Approvals>, String> {
    match source {
        Source::Revision(revision) => {
            let text = revision::file_at(root, revision, APPROVALS)?.unwrap_or_default();
            let name = format!("{revision}:{APPROVALS}");
            Approvals::parse(&text, &name).map(Some)
        }
        Source::File(document) => {
            let file = document.with_file_name(APPROVALS.trim_start_matches("spec/"));
            let Ok(text) = fs::read_to_string(&file) else {
                return Ok(None);
            };
            Approvals::parse(&text, &file.display().to_string()).map(Some)
        }
    }
}
