//! `semver`: the next versions, and whether the manifests contain them.

use std::path::Path;

use clap::Args;
use codegen::Location;
use spec_tools::diff::{Bump, Version, Wire};

use crate::Ending;
use crate::comparison::{Comparison, Documents, Source};
use crate::generate::DOCUMENT;
use crate::git;
use crate::report::{Finding, Level, paragraph};

/// The manifest that contains the version of the crates.
pub(crate) const MANIFEST: &str = "Cargo.toml";

/// What to compare with, and whether to insist.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
    /// Fail if a version is too low
    #[arg(long)]
    pub check: bool,
}

/// The versions of the document and the crates.
#[derive(Debug)]
pub(crate) struct Versions {
    lines: Vec<Line>,
    /// What the document was compared with.
    origin: String,
}

/// A versioned part: the old, the required and the current version.
#[derive(Debug)]
struct Line {
    what: &'static str,
    file: &'static str,
    location: Location,
    bump: Bump,
    old: Version,
    least: Version,
    now: Version,
}

/// `semver`: returns a line per versioned part, and whether all versions are high
/// enough. With `--check`, a version that is too low is a finding.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), String> {
    let comparison = Comparison::of(root, arguments.against.as_deref())?;
    let versions = Versions::of(root, &comparison)?;
    let text = versions.text(arguments.check);
    let ending = if arguments.check && !versions.is_right() {
        Ending::Findings
    } else {
        Ending::Clean
    };
    Ok((text, ending))
}

impl Versions {
    /// Determines the versions of an edit.
    pub(crate) fn of(root: &Path, comparison: &Comparison) -> Result<Self, String> {
        let Comparison {
            documents, report, ..
        } = comparison;
        let old = version(&report.old_version, &documents.against)?;
        let now = version(&report.new_version, DOCUMENT)?;
        let (crates, line) = manifest_version(&crate::read(root, MANIFEST)?, MANIFEST)?;
        let crates_old = old_crates(root, documents)?.unwrap_or(old);
        let whole = report.types();
        // What breaks a partner on the wire is another API, even if all code compiles.
        let breaks = [report.impact.caller, report.impact.callee].contains(&Wire::Break);
        let document = if breaks { Bump::Major } else { whole };
        let location = |line| Location::new(line, 1, "");
        let info = documents.new.get("info");
        let info = info.and_then(|info| info.get("version"));
        let mut lines = vec![Line {
            what: "document",
            file: DOCUMENT,
            location: info.map_or_else(|| location(1), |node| node.location.clone()),
            bump: document,
            old,
            least: old.next(document),
            now,
        }];
        let crate_bumps = [
            ("skypay-types", whole),
            ("skypay-client", report.impact.client),
            ("skypay-server", report.impact.server),
        ];
        lines.extend(crate_bumps.map(|(what, bump)| Line {
            what,
            file: MANIFEST,
            location: location(line),
            bump,
            old: crates_old,
            least: crates_old.next(bump),
            now: crates,
        }));
        let origin = documents.origin();
        Ok(Self { lines, origin })
    }

    /// Whether every version is high enough, and the document and the crates agree.
    pub(crate) fn is_right(&self) -> bool {
        self.lines.iter().all(Line::is_reached) && self.agree()
    }

    /// Returns the lowest version that is high enough for all parts in a file.
    pub(crate) fn least(&self, file: &str) -> Version {
        self.newest(file, |line| line.least)
    }

    /// Returns the current version in a file.
    pub(crate) fn now(&self, file: &str) -> Version {
        self.newest(file, |line| line.now)
    }

    /// Returns the line number of the version in a file.
    pub(crate) fn line(&self, file: &str) -> Option<usize> {
        let line = self.lines.iter().find(|line| line.file == file);
        line.map(|line| line.location.line)
    }

    fn newest(&self, file: &str, version: impl Fn(&Line) -> Version) -> Version {
        let lines = self.lines.iter().filter(|line| line.file == file);
        lines.map(version).max().unwrap_or_default()
    }

    /// Whether document and crates share major and minor version, so that equal
    /// numbers mean the same.
    fn agree(&self) -> bool {
        let lines = self.lines.iter();
        let mut versions = lines.map(|line| (line.now.major, line.now.minor));
        let first = versions.next();
        versions.all(|version| Some(version) == first)
    }

    fn text(&self, check: bool) -> String {
        let mut text: String = self.lines.iter().map(Line::text).collect();
        if check && !self.is_right() {
            text.push_str(&paragraph(&self.advice()));
        }
        text.push_str(&paragraph(&format!("against {}", self.origin)));
        text
    }

    /// Returns what to do if a version is wrong.
    pub(crate) fn advice(&self) -> String {
        let raise = |file: &str, name: &str| {
            let next = self.next(file);
            (self.now(file) < next).then(|| format!("{name} in {file} to {next}"))
        };
        let steps = [
            raise(DOCUMENT, "`info.version`"),
            raise(MANIFEST, "`[workspace.package] version`"),
        ];
        let steps: Vec<_> = steps.into_iter().flatten().collect();
        format!("`cargo xtask spec bump` raises {}", steps.join(" and "))
    }

    /// Returns findings for versions that are too low, and for a document and
    /// crates that disagree.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let low = self.lines.iter().filter(|line| !line.is_reached());
        let mut findings: Vec<_> = low.map(Line::finding).collect();
        if !self.agree() {
            findings.push(Finding::new(
                Level::Error,
                "versions-agree",
                MANIFEST,
                &Location::new(1, 1, ""),
                format!("{DOCUMENT} and {MANIFEST} must share major and minor"),
            ));
        }
        findings
    }

    /// Returns the lowest version of a file that is high enough for its parts, and shares
    /// major and minor with the other file.
    fn next(&self, file: &str) -> Version {
        let enough = |file: &str| self.least(file).max(self.now(file));
        let both = [DOCUMENT, MANIFEST].map(|file| shared(enough(file)));
        let both = both.into_iter().max().unwrap_or_default();
        let own = enough(file);
        if shared(own) < both { both } else { own }
    }

    /// Returns the next versions in one line, as `bump` writes them, and what they are
    /// for: `document 0.1.0 -> 0.2.0, crates 0.1.0 -> 0.2.0 (skypay-types minor, …)`.
    pub(crate) fn in_one_line(&self) -> String {
        let part = |what: &str, file: &str| {
            let old = self.newest(file, |line| line.old);
            match self.next(file) {
                next if next == old => format!("{what} stays {old}"),
                next => format!("{what} {old} -> {next}"),
            }
        };
        let crates = self.lines.iter().filter(|line| line.file == MANIFEST);
        let bumps: Vec<_> = crates
            .map(|line| format!("{} {}", line.what, line.bump.word()))
            .collect();
        format!(
            "{}, {} ({})",
            part("document", DOCUMENT),
            part("crates", MANIFEST),
            bumps.join(", ")
        )
    }
}

/// What document and crates share of a version.
pub(crate) fn shared(version: Version) -> Version {
    Version {
        patch: 0,
        ..version
    }
}

impl Line {
    fn is_reached(&self) -> bool {
        self.now >= self.least
    }

    fn text(&self) -> String {
        let is = if self.is_reached() { "is" } else { "is still" };
        let (what, bump, old) = (self.what, self.bump.word(), self.old);
        format!(
            "{what:<14}  {bump:<5}  {old} -> {}  {is} {}\n",
            self.least, self.now
        )
    }

    fn finding(&self) -> Finding {
        let (what, bump, old) = (self.what, self.bump.word(), self.old);
        let message = format!(
            "{what}: {bump}, {old} -> {}, is still {}",
            self.least, self.now
        );
        Finding::new(
            Level::Error,
            "next-version",
            self.file,
            &self.location,
            message,
        )
    }
}

/// Returns the old version of the crates; `None` where only a document is known.
fn old_crates(root: &Path, documents: &Documents) -> Result<Option<Version>, String> {
    match &documents.source {
        Source::File(_) => Ok(None),
        Source::Revision(revision) => {
            let text = git::file_at(root, revision, MANIFEST)?;
            let text = text.ok_or_else(|| format!("{revision} has no file {MANIFEST}"))?;
            let (version, _) = manifest_version(&text, &documents.against)?;
            Ok(Some(version))
        }
    }
}

fn version(text: &str, file: &str) -> Result<Version, String> {
    Version::parse(text)
        .ok_or_else(|| format!("{file}: `info.version` is `{text}`, not three numbers"))
}

/// Returns the version in `[workspace.package]`, and its line.
pub(crate) fn manifest_version(manifest: &str, file: &str) -> Result<(Version, usize), String> {
    let numbered = manifest.lines().enumerate();
    let section = numbered
        .skip_while(|(_, line)| line.trim() != "[workspace.package]")
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['));
    let mut versions = section.filter_map(|(index, line)| {
        let (key, value) = line.split_once('=')?;
        let version = Version::parse(value.trim().trim_matches('"'))?;
        (key.trim() == "version").then_some((version, index + 1))
    });
    versions
        .next()
        .ok_or_else(|| format!("{file}: [workspace.package] has no version of three numbers"))
}
