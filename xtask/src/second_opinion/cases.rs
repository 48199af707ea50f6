//! The edits that both are asked about: documents of their own, and edits of
//! the real document.

use std::fs;
use std::path::Path;

use codegen::document::Node;
use spec_tools::diff;

use crate::generate::DOCUMENT;

use super::table::{Row, Table};

/// The folder with all cases.
const FOLDER: &str = "tests/breaking";

/// The document that the documents of the first table are edits of.
const BASE: &str = "tests/breaking/base.yaml";

/// The table of documents: each case is a file beside it.
const FILES: &str = "tests/breaking/verdicts.csv";

/// The table of edits of the real document.
const EDITS: &str = "tests/breaking/ours.csv";

/// An edit and where its row stands.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) file: &'static str,
    pub(super) line: usize,
    /// Which of the documents it is an edit of.
    pub(super) base: usize,
    pub(super) edited: Node,
}

/// All cases, and the documents that they are edits of.
pub(super) struct Cases {
    pub(super) bases: [Node; 2],
    pub(super) cases: Vec<Case>,
}

/// Reads all cases.
///
/// # Errors
///
/// One message, if a table or a document cannot be read, or an edit does not
/// fit the document.
pub(super) fn read(root: &Path) -> Result<Cases, String> {
    let real = file(root, DOCUMENT)?;
    let bases = [document(root, BASE)?, parsed(&real, DOCUMENT)?];
    let mut cases = Vec::new();
    for row in Table::read(root, FILES)?.rows {
        let name = row.cell("case")?;
        let path = format!("{FOLDER}/{name}.yaml");
        cases.push(Case {
            edited: document(root, &path)?,
            name,
            file: FILES,
            line: row.line,
            base: 0,
        });
    }
    let edits = Table::read(root, EDITS)?;
    // A row without a name is one more edit of the case above it.
    for rows in edits
        .rows
        .chunk_by(|_, next| next.cell("case").is_ok_and(|name| name.is_empty()))
    {
        let [first, ..] = rows else { continue };
        let text = rows
            .iter()
            .try_fold(real.clone(), |text, row| edited(&text, row))?;
        let place = format!("{EDITS}:{}: the document after the edit", first.line);
        cases.push(Case {
            name: first.cell("case")?,
            file: EDITS,
            line: first.line,
            base: 1,
            edited: parsed(&text, &place)?,
        });
    }
    Ok(Cases { bases, cases })
}

/// The text with one text replaced: the first one after another, which stands
/// once.
fn edited(text: &str, row: &Row) -> Result<String, String> {
    let cell = |column| Ok::<_, String>(row.cell(column)?.replace("\\n", "\n"));
    let (after, find, replace) = (cell("after")?, cell("find")?, cell("replace")?);
    let anchor = if after.is_empty() { &find } else { &after };
    let complaint = |what: &str, wanted: &str| {
        let place = format!("{EDITS}:{}", row.line);
        format!("{place}: {DOCUMENT} {what} {wanted:?}: mend the row")
    };
    if text.matches(anchor.as_str()).count() > 1 {
        return Err(complaint("has more than one", anchor));
    }
    let (head, tail) = text
        .find(anchor.as_str())
        .map(|start| text.split_at(start))
        .filter(|(_, tail)| tail.contains(&find))
        .ok_or_else(|| complaint("has no", &find))?;
    Ok(format!("{head}{}", tail.replacen(&find, &replace, 1)))
}

fn document(root: &Path, path: &str) -> Result<Node, String> {
    parsed(&file(root, path)?, path)
}

fn parsed(text: &str, name: &str) -> Result<Node, String> {
    diff::read(text).map_err(|problems| problems.report(name).to_string())
}

fn file(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}
