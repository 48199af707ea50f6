//! Edits of documents, from tables such as `tests/breaking/ours.csv`: a row replaces
//! the first occurrence of a text after another text, and a row without a name is
//! another edit of the case above.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A row of a table, by column.
#[derive(Clone, Debug)]
pub struct Row(BTreeMap<String, String>);

impl Row {
    /// Returns the cell of a column; empty if the table does not have the column.
    #[must_use]
    pub fn get(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    /// Returns the document after the edit.
    ///
    /// # Errors
    ///
    /// The text does not occur, or not once.
    pub fn apply(&self, document: &str) -> Result<String, String> {
        let [after, find, replace] =
            ["after", "find", "replace"].map(|column| self.get(column).replace("\\n", "\n"));
        let anchor = if after.is_empty() { &find } else { &after };
        let mut found = document.match_indices(anchor.as_str());
        let (Some((start, _)), None) = (found.next(), found.next()) else {
            return Err(format!("the document does not contain {anchor:?} once"));
        };
        let (head, tail) = document.split_at(start);
        if !tail.contains(&find) {
            return Err(format!("{find:?} does not follow {anchor:?}"));
        }
        Ok(head.to_owned() + &tail.replacen(&find, &replace, 1))
    }
}

/// A case of a table: its edits, of which the first has the other columns.
#[derive(Clone, Debug)]
pub struct Case {
    /// The line in the file.
    pub line: usize,
    /// The edits.
    pub edits: Vec<Row>,
}

impl Case {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("case")
    }

    /// Returns the cell of a column.
    #[must_use]
    pub fn get(&self, column: &str) -> &str {
        self.edits[0].get(column)
    }

    /// Returns the document after all edits.
    ///
    /// # Errors
    ///
    /// An edit does not fit the document.
    pub fn apply(&self, document: &str) -> Result<String, String> {
        let mut edits = self.edits.iter();
        edits
            .try_fold(document.to_owned(), |text, edit| edit.apply(&text))
            .map_err(|why| format!("line {}: {}: {why}", self.line, self.name()))
    }
}

/// Reads the cases of a table.
///
/// # Errors
///
/// It is not a table whose rows have a cell in each column.
pub fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut cases: Vec<Case> = Vec::new();
    for (record, line) in reader.records().zip(2..) {
        let record = record.map_err(|error| error.to_string())?;
        let cells = columns.iter().zip(&record);
        let cells = cells.map(|(column, cell)| (column.to_owned(), cell.to_owned()));
        let row = Row(cells.collect());
        match cases.last_mut().filter(|_| row.get("case").is_empty()) {
            Some(case) => case.edits.push(row),
            None => cases.push(Case {
                line,
                edits: vec![row],
            }),
        }
    }
    Ok(cases)
}

/// Reads a file of `tests/breaking/`, in a test of a crate whose folder is beside
/// `tests`.
///
/// # Panics
///
/// The file cannot be read.
#[must_use]
pub fn read(name: &str) -> String {
    let path = Path::new("../tests/breaking").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the cases of a table in `tests/breaking/`, as [`read`] does.
///
/// # Panics
///
/// The file cannot be read.
#[must_use]
pub fn table(name: &str) -> Vec<Case> {
    cases(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns `base.yaml` after the edits of a case in `verdicts.csv`.
///
/// # Panics
///
/// There is no such case.
#[must_use]
pub fn edited_base(name: &str) -> String {
    let cases = table("verdicts.csv");
    let case = cases.iter().find(|case| case.name() == name);
    let edited = case.map(|case| case.apply(&read("base.yaml")));
    edited
        .unwrap_or_else(|| panic!("no case {name}"))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::cases;

    #[test]
    fn a_row_without_a_name_goes_on_with_the_one_above() {
        let text = "case,rules,after,find,replace\n\
                    two,a b,,x: 1,x: 2\n\
                    ,,y:,1,\"2,3\"\n\
                    other,c,,x: 1,\n";
        let rows = cases(text).unwrap_or_default();
        let [two, other] = rows.as_slice() else {
            panic!("two cases: {rows:?}");
        };
        assert_eq!(two.apply("x: 1\ny: 1\n").as_deref(), Ok("x: 2\ny: 2,3\n"));
        assert_eq!(
            (other.name(), other.line, other.get("rules")),
            ("other", 4, "c")
        );
        let complaint = two.apply("x: 1\nx: 1\n").err().unwrap_or_default();
        let expected = "two: the document does not contain \"x: 1\" once";
        assert!(complaint.ends_with(expected), "{complaint}");
        assert!(cases("case,rules\na\n").is_err());
    }
}
