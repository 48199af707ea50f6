//! Comparison of an edited document with an earlier one: the changes, and which
//! of them are approved.

use std::fs;
use std::path::{Path, PathBuf};

use codegen::document::Node;
use spec_tools::diff::{Change, Report, Role, Severity, Version, compare};

use crate::approvals::{APPROVALS, Approvals, Entry};
use crate::generate::DOCUMENT;
use crate::git;
use crate::report::Finding;

/// The two parsed documents of a comparison.
pub struct Documents {
    /// The old document.
    pub old: Node,
    /// The new document.
    pub new: Node,
    /// The text of the old document.
    pub old_text: String,
    /// The text of the new document.
    pub new_text: String,
    /// The name of the old document in reports.
    pub against: String,
    /// The branch whose merge base contains the old document, if none was given.
    pub branch: Option<String>,
    /// The source of the old document.
    pub source: Source,
}

impl Documents {
    /// Describes the old document and how it was found.
    #[must_use]
    pub fn origin(&self) -> String {
        let against = &self.against;
        match &self.branch {
            Some(branch) => format!("{against}, the merge base with {branch}"),
            None => against.clone(),
        }
    }
}

/// The source of the old document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A revision, by its full hash.
    Revision(String),
    /// A file.
    File(PathBuf),
}

/// An edit of the document, with its approvals.
pub struct Comparison {
    /// The old and the new document.
    pub documents: Documents,
    /// The changes.
    pub report: Report,
    /// Approvals that have to be removed.
    pub stale: Vec<Finding>,
    approvals: Approvals,
}

impl Comparison {
    /// Compares the document with the one of a revision or a file.
    pub fn of(root: &Path, against: Option<&str>) -> Result<Self, String> {
        let documents = documents(root, against)?;
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

    /// Returns the approval of a change, if there is one.
    #[must_use]
    pub fn approval(&self, change: &Change) -> Option<&Entry> {
        let version = Version::parse(&self.report.new_version);
        self.approvals.approving(change, version)
    }

    /// Returns the severity of the changes that are not approved.
    #[must_use]
    pub fn undecided(&self, role: Role) -> Severity {
        let changes = self.report.changes.iter();
        let open = changes.filter(|change| self.approval(change).is_none());
        open.map(|change| change.severity_for(role))
            .max()
            .unwrap_or(Severity::None)
    }
}

/// Returns the approvals of the old revision; `None` where they are unknown.
fn before(root: &Path, source: &Source) -> Result<Option<Approvals>, String> {
    match source {
        Source::Revision(revision) => {
            let text = git::file_at(root, revision, APPROVALS)?.unwrap_or_default();
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

/// Reads both documents.
pub fn documents(root: &Path, against: Option<&str>) -> Result<Documents, String> {
    let new_text = file(&root.join(DOCUMENT), DOCUMENT)?;
    let new = read(&new_text, DOCUMENT)?;
    let (source, branch) = source(root, against)?;
    let (old_text, name) = match &source {
        Source::File(path) => {
            let name = path.display().to_string();
            (file(path, &name)?, name)
        }
        Source::Revision(revision) => {
            let name = format!("{}:{DOCUMENT}", short(revision));
            let text = git::file_at(root, revision, DOCUMENT)?;
            let text = text.ok_or_else(|| format!("{} has no file {DOCUMENT}", short(revision)))?;
            (text, name)
        }
    };
    Ok(Documents {
        old: read(&old_text, &name)?,
        new,
        old_text,
        new_text,
        against: name,
        branch,
        source,
    })
}

fn short(revision: &str) -> String {
    revision.chars().take(12).collect()
}

fn source(root: &Path, against: Option<&str>) -> Result<(Source, Option<String>), String> {
    let Some(name) = against else {
        let base = git::merge_base(root)?;
        return Ok((Source::Revision(base.commit), Some(base.branch)));
    };
    if Path::new(name).is_file() {
        return Ok((Source::File(name.into()), None));
    }
    let commit = format!("{name}^{{commit}}");
    let found = git::ask(
        root,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ],
    );
    match found {
        Ok(Some(revision)) => Ok((Source::Revision(revision), None)),
        Ok(None) => Err(format!(
            "there is neither a file nor a revision called `{name}`{}",
            git::shallow_hint(root)
        )),
        Err(said) => Err(format!(
            "there is no file called `{name}`, and no revision can be looked for\n{said}"
        )),
    }
}

fn file(path: &Path, name: &str) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let text = String::from_utf8(bytes);
    text.map_err(|_| format!("cannot read {name}: it is not UTF-8 text"))
}

fn read(text: &str, name: &str) -> Result<Node, String> {
    spec_tools::diff::read(text).map_err(|diagnostics| {
        let report = diagnostics.report(name);
        report.trim_end().to_owned()
    })
}
