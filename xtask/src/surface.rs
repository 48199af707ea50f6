//! `surface`: the public items of the generated crates, a line each, and what
//! an edit adds to them and takes from them.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use codegen::Place;

use crate::generate::{self, Comparison as Output, DOCUMENT, OUTPUT};
use crate::report::{self, Finding, Format, Level};
use crate::revision::{self, Documents, Source};
use crate::{Ending, files};

/// The task that writes it, with everything else.
const TASK: &str = "cargo xtask gen";

/// The name of the file in each generated crate.
const FILE: &str = "surface.txt";

/// Whether to write, what to compare with, and how to say it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Write nothing and compare with nothing; exit with 4 if a committed
    /// surface is not what the document gives
    #[arg(long)]
    pub check: bool,
    /// A revision or a file to compare with [default: the merge base with main]
    #[arg(long, value_name = "REV|FILE", conflicts_with = "check")]
    pub against: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// What an edit does to the public items of the generated crates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// Items that are new.
    pub(crate) added: Vec<Item>,
    /// Items that are gone.
    pub(crate) removed: Vec<Item>,
}

/// A public item, where its line stands.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    file: String,
    line: usize,
    text: String,
}

impl Item {
    /// What the item is called; its type may differ.
    fn name(&self) -> &str {
        let name = self.text.split_once(": ");
        name.map_or(&self.text, |(name, _)| name)
    }
}

/// `surface`: writes the surfaces and shows what changed in them.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    let output = match generate::compare(root) {
        Ok(output) => output,
        Err(failure) => {
            eprintln!("{failure}");
            return failure.ending();
        }
    };
    if arguments.check {
        return report::tell(Ok(check(&output, arguments.format)));
    }
    report::tell(
        write(root, &output)
            .and_then(|()| revision::documents(root, arguments.against.as_deref()))
            .and_then(|documents| {
                let change = Change::of(root, &output, &documents)?;
                Ok((
                    change.written(&documents.origin(), arguments.format),
                    Ending::Clean,
                ))
            }),
    )
}

fn check(output: &Output, format: Format) -> (String, Ending) {
    let stale: Vec<_> = output
        .differences
        .iter()
        .filter(|difference| difference.path().ends_with(FILE))
        .map(|difference| difference.finding(OUTPUT, TASK))
        .collect();
    let (summary, ending) = if stale.is_empty() {
        (
            "fresh: the surfaces are what the document gives",
            Ending::Clean,
        )
    } else {
        (
            "the surfaces are not what the document gives: run `cargo xtask gen`",
            Ending::Stale,
        )
    };
    let report = report::Report {
        tool: "surface",
        summary: summary.to_owned(),
        findings: stale,
        rules: Vec::new(),
    };
    (report.written(format), ending)
}

fn write(root: &Path, output: &Output) -> Result<(), String> {
    for difference in &output.differences {
        let path = difference.path();
        if let Some(text) = output.files.get(path)
            && path.ends_with(FILE)
        {
            files::replace(&root.join(OUTPUT).join(path), text)
                .map_err(|error| format!("cannot write {OUTPUT}/{path}: {error}"))?;
        }
    }
    Ok(())
}

impl Change {
    /// The surfaces of the document, compared with those of the one before.
    pub(crate) fn of(root: &Path, output: &Output, documents: &Documents) -> Result<Self, String> {
        let surfaces = output.files.iter().filter(|(path, _)| path.ends_with(FILE));
        let new: Vec<_> = surfaces
            .clone()
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect();
        let old = match &documents.source {
            Source::Revision(revision) => surfaces
                .filter_map(|(path, _)| {
                    let text = revision::file_at(root, revision, &format!("{OUTPUT}/{path}"));
                    text.map(|text| Some((path.clone(), text?))).transpose()
                })
                .collect::<Result<_, _>>()?,
            Source::File(_) => surfaces_of(&documents.old_text, &documents.against)?,
        };
        Ok(Self::between(&old, &new))
    }

    /// Compares surfaces, each with its path.
    fn between(old: &[(String, String)], new: &[(String, String)]) -> Self {
        Self {
            added: missing(old, new),
            removed: missing(new, old),
        }
    }

    /// How much came and went: `+2 -1`.
    pub(crate) fn in_short(&self) -> String {
        format!("+{} -{}", self.added.len(), self.removed.len())
    }

    /// The items in the spelling of a difference, what is gone before what
    /// takes its place.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.signed().into_iter();
        lines
            .map(|(sign, item)| format!("{sign} {}", item.text))
            .collect()
    }

    fn signed(&self) -> Vec<(char, &Item)> {
        let removed = self.removed.iter().map(|item| ('-', item));
        let added = self.added.iter().map(|item| ('+', item));
        let mut signed: Vec<_> = removed.chain(added).collect();
        signed.sort_by_key(|(sign, item)| (item.name(), *sign == '+'));
        signed
    }

    fn written(&self, against: &str, format: Format) -> String {
        let summary = format!("{} public items against {against}", self.in_short());
        if format == Format::Text {
            let lines = self.lines().into_iter().map(|line| format!("{line}\n"));
            return format!(
                "{}{}",
                lines.collect::<String>(),
                report::paragraph(&summary)
            );
        }
        let findings = self.signed().into_iter().map(|(sign, item)| {
            let rule = if sign == '+' {
                "item-added"
            } else {
                "item-removed"
            };
            let place = Place::new(item.line, 1, "");
            let message = format!("{sign} {}", item.text);
            Finding::new(Level::Note, rule, &item.file, &place, message)
        });
        let report = report::Report {
            tool: "surface",
            summary,
            findings: findings.collect(),
            rules: Vec::new(),
        };
        report.written(format)
    }
}

/// The items of some surfaces that others do not have.
fn missing(from: &[(String, String)], of: &[(String, String)]) -> Vec<Item> {
    let there: BTreeSet<_> = from.iter().flat_map(|(_, text)| text.lines()).collect();
    let mut found = Vec::new();
    for (path, text) in of {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.starts_with('#') && !there.contains(line));
        found.extend(lines.map(|(index, line)| Item {
            file: format!("{OUTPUT}/{path}"),
            line: index + 1,
            text: line.to_owned(),
        }));
    }
    found
}

/// The surfaces of another document.
fn surfaces_of(text: &str, name: &str) -> Result<Vec<(String, String)>, String> {
    let generated = codegen::generate(text).map_err(|problems| {
        let report = problems.report(name).to_string();
        format!(
            "{}\n{DOCUMENT} cannot be compared with the surface of that",
            report.trim_end()
        )
    })?;
    let files = generated.files.into_iter();
    let surfaces = files.filter(|file| file.path.ends_with(FILE));
    Ok(surfaces.map(|file| (file.path, file.text)).collect())
}

#[cfg(test)]
mod tests {
    use super::Change;

    #[test]
    fn a_type_that_changes_is_shown_as_it_was_and_as_it_is() {
        let file = |text: &str| [("types/surface.txt".to_owned(), text.to_owned())];
        let old = file("# heading 1\nk::A.a: u32\nk::A.b: Option<Amount>\nk::A.c: u8\n");
        let new = file("# heading 2\nk::A.a: u32\nk::A.b: Amount\nk::A.d: u8\n");
        let change = Change::between(&old, &new);
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
        assert_eq!(change.added[0].line, 3);
        assert_eq!(change.added[0].file, "generated/types/surface.txt");
        assert_eq!(Change::between(&new, &new).in_short(), "+0 -0");
    }
}
