//! `bump`: raises all versions as far as an edit needs, and regenerates the files
//! that contain them.

use std::path::Path;

use clap::Args;
use spec_tools::diff::Version;

use crate::comparison::Comparison;
use crate::generate::{self, DOCUMENT};
use crate::semver::{MANIFEST, Versions, shared};
use crate::{Failure, Outcome, atomic_write, docs, read, shown};

/// The lock files that list the workspace's crates: the workspace's own, and
/// those of separate workspaces.
const LOCKS: [&str; 6] = [
    "Cargo.lock",
    "benches/Cargo.lock",
    "fuzz/Cargo.lock",
    "journal/sqlx/Cargo.lock",
    "journal/sqlx/beside-0.8/Cargo.lock",
    "tests/actix/Cargo.lock",
];

/// The published crate outside of the workspace.
pub(crate) const ADAPTER: &str = "journal/sqlx/Cargo.toml";

/// The changelog, latest version first.
pub(crate) const CHANGES: &str = "CHANGELOG.md";

/// Which versions, and what they are compared with.
#[derive(Args, Clone, Debug, Default)]
pub struct Arguments {
    /// The version of the document [default: the lowest sufficient one]
    #[arg(long, value_name = "VERSION")]
    pub document: Option<String>,
    /// The version of the crates [default: the lowest sufficient one]
    #[arg(long, value_name = "VERSION")]
    pub crates: Option<String>,
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
}

/// `bump`: raises the versions that are too low, and regenerates.
///
/// # Errors
///
/// A requested version is too low, or a file cannot be read, generated or written.
pub fn run(root: &Path, arguments: &Arguments) -> Outcome {
    let (edits, summary) = edits(root, arguments)?;
    for (file, text) in &edits {
        atomic_write::write(&root.join(file), text)
            .map_err(|error| format!("cannot write {file}: {error}"))?;
    }
    println!("{summary}");
    if edits.is_empty() {
        return Ok(());
    }
    generate::write(root)?;
    shown(docs::report(root, &docs::Arguments::default())?)
}

/// Returns the changed files with their new texts, and a summary. Everything is
/// computed before the first write, since the document itself is among the files.
fn edits(root: &Path, arguments: &Arguments) -> Result<(Vec<(String, String)>, String), Failure> {
    let comparison = Comparison::of(root, arguments.against.as_deref())?;
    let versions = Versions::of(root, &comparison)?;
    let (document, crates) = next(&versions, arguments)?;
    let [old_document, old_crates] = [DOCUMENT, MANIFEST].map(|file| versions.now(file));
    let summary = format!("document {document}, crates {crates}");
    let mut edits = Vec::new();
    if document != old_document {
        let text = &comparison.documents.new_text;
        let line = versions.line(DOCUMENT);
        let text = replaced(text, old_document, document, |number, _| {
            Some(number) == line
        });
        codegen::generate(&text).map_err(|diagnostics| Failure::of(&diagnostics, DOCUMENT))?;
        edits.push((DOCUMENT.to_owned(), text));
    }
    if crates != old_crates {
        let line = versions.line(MANIFEST);
        let text = read(root, MANIFEST)?;
        // Besides the version itself: the crates' dependencies on each other.
        let is_dependency = |words: &str| words.starts_with("skypay-") && words.contains("path = ");
        let text = replaced(&text, old_crates, crates, |number, words| {
            Some(number) == line || is_dependency(words)
        });
        edits.push((MANIFEST.to_owned(), text));
        if root.join(ADAPTER).exists() {
            let text = replaced(&read(root, ADAPTER)?, old_crates, crates, |_, words| {
                words.starts_with("version = ") || is_dependency(words)
            });
            edits.push((ADAPTER.to_owned(), text));
        }
        for lock in LOCKS {
            // Skip folders that this checkout does not contain.
            if root.join(lock).exists() {
                edits.push((lock.to_owned(), locked(&read(root, lock)?, crates)));
            }
        }
    }
    if document != old_document || crates != old_crates {
        let text = announced(&read(root, CHANGES)?, document, crates);
        edits.push((CHANGES.to_owned(), text));
    }
    Ok((edits, summary))
}

/// Returns the new versions of the document and the crates.
fn next(versions: &Versions, arguments: &Arguments) -> Result<(Version, Version), String> {
    let wanted = |file, text: &Option<String>| {
        let least = versions.least(file).max(versions.now(file));
        let Some(text) = text else {
            return Ok(least);
        };
        let version = Version::try_from(text.clone())?;
        if version < least {
            return Err(format!("{file} needs {least} at least, {version} is lower"));
        }
        Ok(version)
    };
    let mut document = wanted(DOCUMENT, &arguments.document)?;
    let mut crates = wanted(MANIFEST, &arguments.crates)?;
    // They share major and minor version; the lower one is raised to match.
    let both = shared(document).max(shared(crates));
    for (version, given) in [
        (&mut document, &arguments.document),
        (&mut crates, &arguments.crates),
    ] {
        if shared(*version) < both {
            if given.is_some() {
                return Err(format!(
                    "document and crates share major and minor: {version} and {both} do not"
                ));
            }
            *version = both;
        }
    }
    Ok((document, crates))
}

/// Replaces a version in the selected lines that contain it.
fn replaced(
    text: &str,
    old: Version,
    new: Version,
    is_meant: impl Fn(usize, &str) -> bool,
) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    let lines = lines.map(|(index, line)| {
        if is_meant(index + 1, line) {
            line.replace(&old.to_string(), &new.to_string())
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

/// Updates the version of the workspace's published crates in a lock file. They
/// have no registry source; internal crates stay at 0.0.0.
fn locked(text: &str, crates: Version) -> String {
    let packages = text.split_inclusive("[[package]]\n").map(|package| {
        let ours = package.starts_with("name = ")
            && !package.contains("\nsource = ")
            && !package.contains("\nversion = \"0.0.0\"\n");
        let lines = package.split_inclusive('\n').map(|line| {
            if ours && line.starts_with("version = ") {
                format!("version = \"{crates}\"\n")
            } else {
                line.to_owned()
            }
        });
        lines.collect::<String>()
    });
    packages.collect()
}

/// Adds a heading for this version to the changelog. An unreleased section is
/// renamed to the new version.
fn announced(text: &str, document: Version, crates: Version) -> String {
    let heading = format!("## {crates}, unreleased\n");
    let Some((before, rest)) = text.split_once("\n## ") else {
        return format!("{text}\n{heading}\nDocument {document}.\n");
    };
    let (first, after) = rest.split_once('\n').unwrap_or((rest, ""));
    if !first.ends_with(", unreleased") {
        return format!("{before}\n{heading}\nDocument {document}.\n\n## {rest}");
    }
    let after = match after.trim_start().strip_prefix("Document ") {
        Some(said) => {
            let end = said.find(|c: char| !c.is_ascii_digit() && c != '.');
            let said = said.split_at(end.unwrap_or(said.len())).1;
            format!("\nDocument {document}{said}")
        }
        None => after.to_owned(),
    };
    format!("{before}\n{heading}{after}")
}

#[cfg(test)]
mod tests {
    use spec_tools::diff::Version;

    use super::announced;

    #[test]
    fn what_is_not_released_goes_on_under_its_new_number() {
        let check = |text: &str, expected: &str| {
            let version = |text| Version::parse(text).expect("a version");
            let text_after = announced(text, version("1.3.0"), version("1.3.2"));
            assert_eq!(text_after, expected);
        };
        check(
            "# Changes\n\n## 1.2.0, unreleased\n\nDocument 1.2.0, which covers 9.\n\n- A.\n",
            "# Changes\n\n## 1.3.2, unreleased\n\nDocument 1.3.0, which covers 9.\n\n- A.\n",
        );
        check(
            "# Changes\n\n## 1.2.0, unreleased\n\n- A.\n",
            "# Changes\n\n## 1.3.2, unreleased\n\n- A.\n",
        );
        check(
            "# Changes\n\n## 1.2.0\n\n- A.\n",
            "# Changes\n\n## 1.3.2, unreleased\n\nDocument 1.3.0.\n\n## 1.2.0\n\n- A.\n",
        );
        check(
            "# Changes\n",
            "# Changes\n\n## 1.3.2, unreleased\n\nDocument 1.3.0.\n",
        );
    }
}
