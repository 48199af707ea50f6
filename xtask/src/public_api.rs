//! `public-api`: the public items of the generated crates, one per line, and
//! which of them an edit adds and removes.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use spec_tools::public_api::{self, FILE};

use crate::comparison::{self, Documents, Source};
use crate::generate::{self, Comparison as Output, DOCUMENT, OUTPUT};
use crate::git;
use crate::report::paragraph;
use crate::{Ending, Failure};

/// What to compare with.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE")]
    pub against: Option<String>,
}

/// The changes of an edit to the public items of the generated crates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// Added items.
    pub(crate) added: Vec<String>,
    /// Removed items.
    pub(crate) removed: Vec<String>,
}

/// Returns the name of an item, without its type.
fn name(item: &str) -> &str {
    item.split_once(": ").map_or(item, |(name, _)| name)
}

/// `public-api`: reports the public items that an edit adds and removes.
pub fn report(root: &Path, arguments: &Arguments) -> Result<(String, Ending), Failure> {
    let output = generate::compare(root)?;
    let documents = comparison::documents(root, arguments.against.as_deref())?;
    let change = Change::of(root, &output, &documents)?;
    Ok((change.text(&documents.origin()), Ending::Clean))
}

impl Change {
    /// Compares the public APIs of the document with those of the old document.
    pub(crate) fn of(root: &Path, output: &Output, documents: &Documents) -> Result<Self, String> {
        let apis = output.files.iter().filter(|(path, _)| path.ends_with(FILE));
        let new: String = apis.clone().map(|(_, text)| text.as_str()).collect();
        let old = match &documents.source {
            Source::Revision(revision) => {
                let at = |path| git::file_at(root, revision, &format!("{OUTPUT}/{path}"));
                let texts = apis.map(|(path, _)| Ok(at(path)?.unwrap_or_default()));
                texts.collect::<Result<_, String>>()?
            }
            Source::File(_) => public_apis_of(&documents.old_text, &documents.against)?,
        };
        Ok(Self::between(&old, &new))
    }

    /// Compares the lines of public APIs.
    fn between(old: &str, new: &str) -> Self {
        Self {
            added: missing(old, new),
            removed: missing(new, old),
        }
    }

    /// Returns the number of added and removed items: `+2 -1`.
    pub(crate) fn in_short(&self) -> String {
        format!("+{} -{}", self.added.len(), self.removed.len())
    }

    /// Returns the items as lines of a diff, a removed item before its replacement.
    pub(crate) fn lines(&self) -> Vec<String> {
        let removed = self.removed.iter().map(|item| ('-', item));
        let added = self.added.iter().map(|item| ('+', item));
        let mut signed: Vec<_> = removed.chain(added).collect();
        signed.sort_by_key(|(sign, item)| (name(item), *sign == '+'));
        let lines = signed.into_iter();
        lines.map(|(sign, item)| format!("{sign} {item}")).collect()
    }

    fn text(&self, against: &str) -> String {
        let lines = self.lines().into_iter().map(|line| line + "\n");
        let summary = format!("{} public items against {against}", self.in_short());
        lines.collect::<String>() + &paragraph(&summary)
    }
}

/// Returns the items of some public APIs that are missing from others.
fn missing(from: &str, of: &str) -> Vec<String> {
    let there: BTreeSet<_> = from.lines().collect();
    let items = of.lines().filter(|line| !line.starts_with('#'));
    let missing = items.filter(|item| !there.contains(item));
    missing.map(str::to_owned).collect()
}

/// Returns the public APIs of another document.
fn public_apis_of(text: &str, name: &str) -> Result<String, String> {
    let generated = codegen::generate(text).map_err(|diagnostics| {
        let report = diagnostics.report(name);
        format!(
            "{}\n{DOCUMENT} cannot be compared with the public API of that",
            report.trim_end()
        )
    })?;
    let apis = public_api::files(&generated).into_iter();
    Ok(apis.map(|file| file.text).collect())
}

#[cfg(test)]
mod tests {
    use super::Change;

    #[test]
    fn a_type_that_changes_is_shown_as_it_was_and_as_it_is() {
        let old = "# heading 1\nk::A.a: u32\nk::A.b: Option<Amount>\nk::A.c: u8\n";
        let new = "# heading 2\nk::A.a: u32\nk::A.b: Amount\nk::A.d: u8\n";
        let change = Change::between(old, new);
        assert_eq!(change.in_short(), "+2 -2");
        assert_eq!(
            change.lines(),
            [
                "- k::A.b: Option<Amount>",
                "+ k::A.b: Amount",
                "- k::A.c: u8",
                "+ k::A.d: u8",
            ]
        );
        assert_eq!(Change::between(new, new).in_short(), "+0 -0");
    }
}
