//! The edits to verify: the rows of `tests/breaking/ours.csv`.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Path of the file with the edits, relative to the workspace root.
pub(crate) const CASES: &str = "tests/breaking/ours.csv";

/// An edit of the document, and its kinds of change.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The line in the file.
    pub(crate) line: usize,
    pub(crate) rules: Vec<String>,
    /// Whether the generator refuses the edited document, which is then not verified.
    pub(crate) refused: bool,
    edits: Vec<Row>,
}

/// Replaces the first occurrence of a text after another text.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    case: String,
    rules: String,
    refused: String,
    after: String,
    find: String,
    replace: String,
}

/// Parses the rows. A row without a name is another edit of the preceding case.
pub(crate) fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut cases: Vec<Case> = Vec::new();
    let rows = reader.deserialize().zip(2..);
    for (row, line) in rows {
        let mut row: Row = row.map_err(|error| format!("{CASES}: {error}"))?;
        for text in [&mut row.after, &mut row.find, &mut row.replace] {
            *text = text.replace("\\n", "\n");
        }
        match cases.last_mut().filter(|_| row.case.is_empty()) {
            Some(case) => case.edits.push(row),
            None => cases.push(Case {
                name: row.case.clone(),
                line,
                rules: row.rules.split_whitespace().map(str::to_owned).collect(),
                refused: !row.refused.is_empty(),
                edits: vec![row],
            }),
        }
    }
    Ok(cases)
}

/// Returns the first accepted row of every kind of change, unless an earlier
/// selected row covers it.
pub(crate) fn sample(rows: &[Case]) -> Vec<Case> {
    let mut shown = BTreeSet::new();
    let accepted = rows.iter().filter(|row| !row.refused);
    accepted
        .filter(|row| {
            let before = shown.len();
            shown.extend(row.rules.iter().cloned());
            shown.len() > before
        })
        .cloned()
        .collect()
}

impl Case {
    /// Returns the document after the edit.
    pub(crate) fn apply(&self, document: &str) -> Result<String, String> {
        let text = self
            .edits
            .iter()
            .try_fold(document.to_owned(), |text, edit| replaced(&text, edit));
        text.map_err(|why| format!("{CASES}:{}: {}: {why}", self.line, self.name))
    }
}

fn replaced(document: &str, edit: &Row) -> Result<String, String> {
    let anchor = if edit.after.is_empty() {
        &edit.find
    } else {
        &edit.after
    };
    let mut found = document.match_indices(anchor.as_str());
    let (Some((start, _)), None) = (found.next(), found.next()) else {
        return Err(format!("the document does not contain {anchor:?} once"));
    };
    let (head, tail) = document.split_at(start);
    if !tail.contains(&edit.find) {
        return Err(format!("{:?} does not follow {anchor:?}", edit.find));
    }
    Ok(head.to_owned() + &tail.replacen(&edit.find, &edit.replace, 1))
}
