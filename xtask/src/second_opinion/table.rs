//! Tables of comma-separated values: a heading, then a row per line.

use std::fs;
use std::path::Path;
use std::rc::Rc;

/// A table.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

/// A row and where it stands.
pub(super) struct Row {
    pub(super) line: usize,
    file: &'static str,
    heading: Rc<[String]>,
    cells: Vec<String>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// One message, if the file cannot be read.
    pub(super) fn read(root: &Path, file: &'static str) -> Result<Self, String> {
        let text = fs::read_to_string(root.join(file))
            .map_err(|error| format!("cannot read {file}: {error}"))?;
        let mut lines = text.lines().map(cells).zip(1..);
        let heading = lines.next().map(|(heading, _)| heading).unwrap_or_default();
        let heading: Rc<[String]> = heading.into();
        let rows = lines.map(|(cells, line)| Row {
            line,
            file,
            heading: Rc::clone(&heading),
            cells,
        });
        Ok(Self {
            rows: rows.collect(),
        })
    }
}

impl Row {
    /// What stands in a column.
    ///
    /// # Errors
    ///
    /// One message, if the table has no such column.
    pub(super) fn cell(&self, column: &str) -> Result<String, String> {
        let mut heading = self.heading.iter();
        let index = heading.position(|name| name == column);
        let index = index.ok_or_else(|| format!("{}:1: no column `{column}`", self.file))?;
        Ok(self.cells.get(index).cloned().unwrap_or_default())
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
