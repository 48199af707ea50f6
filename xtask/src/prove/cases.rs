//! The edits whose verdicts are proved: the rows of `tests/breaking/ours.csv`.

use std::collections::BTreeSet;

/// The file with the edits, from the root of the workspace.
pub const CASES: &str = "tests/breaking/ours.csv";

/// A change of the document, and the kinds of change that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The line of the file.
    pub line: usize,
    /// The kinds of change that it makes.
    pub rules: Vec<String>,
    /// Whether the generator refuses the document after it, which then never
    /// becomes code.
    pub refused: bool,
    edits: Vec<Edit>,
}

/// The first text after another is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    after: String,
    find: String,
    replace: String,
}

/// Reads the rows. One without a name is another edit of the case above it.
///
/// # Errors
///
/// One message, if a column is missing.
pub fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut lines = text.lines().zip(1..);
    let heading = lines
        .next()
        .map(|(line, _)| cells(line))
        .unwrap_or_default();
    let column = |name: &str| {
        let index = heading.iter().position(|cell| cell == name);
        index.ok_or_else(|| format!("{CASES}:1: there is no column `{name}`"))
    };
    let columns = [
        column("case")?,
        column("rules")?,
        column("after")?,
        column("find")?,
        column("replace")?,
        column("refused")?,
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (line, number) in lines {
        let row = cells(line);
        let cell = |index: usize| row.get(columns[index]).cloned().unwrap_or_default();
        let text = |index: usize| cell(index).replace("\\n", "\n");
        let edit = Edit {
            after: text(2),
            find: text(3),
            replace: text(4),
        };
        let name = cell(0);
        match cases.last_mut().filter(|_| name.is_empty()) {
            Some(case) => case.edits.push(edit),
            None => cases.push(Case {
                name,
                line: number,
                rules: cell(1).split_whitespace().map(str::to_owned).collect(),
                refused: !cell(5).is_empty(),
                edits: vec![edit],
            }),
        }
    }
    Ok(cases)
}

/// A sample: of every kind of change the first row that shows it and that the
/// generator takes, unless a row taken before shows it too.
#[must_use]
pub fn sample(rows: &[Case]) -> Vec<Case> {
    let mut shown = BTreeSet::new();
    let mut sample = Vec::new();
    for row in rows.iter().filter(|row| !row.refused) {
        if row.rules.iter().any(|rule| !shown.contains(rule)) {
            shown.extend(row.rules.iter().cloned());
            sample.push(row.clone());
        }
    }
    sample
}

impl Case {
    /// The document after the edit.
    ///
    /// # Errors
    ///
    /// One message, if what it looks for is not there or not unique.
    pub fn apply(&self, document: &str) -> Result<String, String> {
        let mut text = document.to_owned();
        for edit in &self.edits {
            text = edit.apply(&text).map_err(|complaint| {
                format!("{CASES}:{}: {}: {complaint}", self.line, self.name)
            })?;
        }
        Ok(text)
    }
}

impl Edit {
    fn apply(&self, document: &str) -> Result<String, String> {
        let anchor = if self.after.is_empty() {
            &self.find
        } else {
            &self.after
        };
        let mut places = document.match_indices(anchor.as_str());
        let (start, _) = places
            .next()
            .ok_or_else(|| format!("the document does not contain {anchor:?}"))?;
        if places.next().is_some() {
            return Err(format!("the document contains {anchor:?} more than once"));
        }
        let (head, tail) = document.split_at(start);
        if !tail.contains(&self.find) {
            return Err(format!(
                "the document does not contain {:?} there",
                self.find
            ));
        }
        Ok(format!(
            "{head}{}",
            tail.replacen(&self.find, &self.replace, 1)
        ))
    }
}

/// The cells of a line; a cell in quotes may hold commas and doubled quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}
