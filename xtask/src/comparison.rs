//! An edit of the document, judged: what it means, and what of that somebody
//! has decided on.

use std::fs;
use std::path::{Path, PathBuf};

use codegen::document::Node;
use spec_tools::diff::{Change, Report, Role, Severity, Version, compare};

use crate::approvals::{APPROVALS, Approvals, Entry};
use crate::generate::DOCUMENT;
use crate::git;
use crate::report::Finding;

/// The two documents of a comparison, read.
pub struct Documents {
    /// The document before.
    pub old: Node,
    /// The document now.
    pub new: Node,
    /// The text of the one before.
    pub old_text: String,
    /// The text of the one now.
    pub new_text: String,
    /// What the old one is called in reports.
    pub against: String,
    /// The branch in whose merge base the old one was found, if none was named.
    pub branch: Option<String>,
    /// Where it came from.
    pub source: Source,
}

impl Documents {
    /// What the old document is called, and how it was found.
    #[must_use]
    pub fn origin(&self) -> String {
        let against = &self.against;
        match &self.branch {
            Some(branch) => format!("{against}, the merge base with {branch}"),
            None => against.clone(),
        }
    }
}

/// Where the old document came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A revision, by its full name.
    Revision(String),
    /// A file.
    File(PathBuf),
}

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

    /// The decision about a change, if there is one.
    #[must_use]
    pub fn approval(&self, change: &Change) -> Option<&Entry> {
        let version = Version::parse(&self.report.new_version);
        self.approvals.approving(change, version)
    }

    /// The severity of what is not approved.
    #[must_use]
    pub fn undecided(&self, role: Role) -> Severity {
        let changes = self.report.changes.iter();
        let open = changes.filter(|change| self.approval(change).is_none());
        open.map(|change| change.severity_for(role))
            .max()
            .unwrap_or(Severity::None)
    }
}

/// The approvals as they were; nothing where that is not known.
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
