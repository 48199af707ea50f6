//! Edits of documents, from the files in `tests/breaking/`.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::fs;
use std::path::Path;

/// Reads a file of that folder.
pub(crate) fn read(name: &str) -> String {
    let path = Path::new("../tests/breaking").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the document of the API.
pub(crate) fn real() -> String {
    read("../../spec/skypay.yaml")
}

/// Splits a line into cells; a quoted cell can contain commas and doubled quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let cell = cells.last_mut().unwrap();
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}

/// Parses the rows below the header, as lookups by column.
pub(crate) fn rows(text: &str) -> Vec<impl Fn(&str) -> String> {
    let mut lines = text.lines();
    let heading = cells(lines.next().unwrap());
    lines
        .map(|line| {
            let row = cells(line);
            let heading = heading.clone();
            move |column: &str| {
                let index = heading.iter().position(|name| name == column).unwrap();
                row.get(index).cloned().unwrap_or_default()
            }
        })
        .collect()
}

/// Applies the edit of a row: replaces the first match of a text after another
/// text, which occurs once.
pub(crate) fn edited(document: &str, row: impl Fn(&str) -> String) -> String {
    let unescape = |column| row(column).replace("\\n", "\n");
    let (after, find) = (unescape("after"), unescape("find"));
    let case = row("case");
    let start = if after.is_empty() {
        assert_eq!(document.matches(&find).count(), 1, "{case}: {find:?}");
        0
    } else {
        assert_eq!(document.matches(&after).count(), 1, "{case}: {after:?}");
        document.find(&after).unwrap()
    };
    let (head, tail) = document.split_at(start);
    assert!(tail.contains(&find), "{case}: {find:?}");
    format!("{head}{}", tail.replacen(&find, &unescape("replace"), 1))
}

/// Groups rows by case: a named row and the following unnamed ones.
pub(crate) fn groups<R: Fn(&str) -> String>(rows: &[R]) -> impl Iterator<Item = &[R]> {
    rows.chunk_by(|_, next| next("case").is_empty())
}

/// Applies all edits of a case to a document.
pub(crate) fn edited_by<R: Fn(&str) -> String>(document: &str, edits: &[R]) -> String {
    let document = document.to_owned();
    edits
        .iter()
        .fold(document, |document, row| edited(&document, row))
}

/// Returns the document after the edits of a case in `verdicts.csv`.
pub(crate) fn case(name: &str) -> String {
    let text = read("verdicts.csv");
    let rows = rows(&text);
    let edits = groups(&rows).find(|edits| edits[0]("case") == name);
    edited_by(&read("base.yaml"), edits.unwrap())
}
