//! A document multiplied in size.

use std::collections::BTreeSet;

/// Returns the document with its operations and messages repeated `copies` times.
pub(crate) fn times(document: &str, copies: usize) -> String {
    let (head, rest) = document.split_once("\npaths:\n").unwrap_or_default();
    let (paths, rest) = rest.split_once("\ncomponents:\n").unwrap_or_default();
    let (parameters, schemas) = rest.split_once("\n  schemas:\n").unwrap_or_default();
    let operations: BTreeSet<_> = paths
        .lines()
        .filter_map(|line| line.trim().strip_prefix("operationId: "))
        .collect();
    let copy = |number: usize| {
        let paths = paths
            .lines()
            .map(|line| renamed_path(line, number, &operations));
        let paths = paths.collect::<String>();
        let schemas = schemas
            .lines()
            .map(|line| renamed_schema(line, number, &operations));
        (paths, schemas.collect::<String>())
    };
    let copies: Vec<_> = (0..copies).map(copy).collect();
    let paths: String = copies.iter().map(|(paths, _)| paths.as_str()).collect();
    let schemas: String = copies.iter().map(|(_, schemas)| schemas.as_str()).collect();
    format!("{head}\npaths:\n{paths}components:\n{parameters}\n  schemas:\n{schemas}")
}

/// Returns a line of an operation for the copy with this number.
fn renamed_path(line: &str, number: usize, operations: &BTreeSet<&str>) -> String {
    referring(&renamed(line, number, operations), number)
}

/// Renames every operation in a line to that of the copy.
fn renamed(line: &str, number: usize, operations: &BTreeSet<&str>) -> String {
    if number == 0 {
        return line.to_owned();
    }
    let words = line.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let renamed = words.map(|word| {
        let name = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if operations.contains(name) {
            format!("{name}{number}{}", &word[name.len()..])
        } else {
            word.to_owned()
        }
    });
    renamed.collect()
}

/// Returns a line of a schema for the copy with this number.
fn renamed_schema(line: &str, number: usize, operations: &BTreeSet<&str>) -> String {
    let is_name = line.starts_with("    ") && !line.starts_with("     ") && line.ends_with(':');
    if number > 0 && is_name {
        return format!("{}{number}:\n", line.trim_end_matches(':'));
    }
    referring(&renamed(line, number, operations), number)
}

/// Redirects the references in a line to the same copy.
fn referring(line: &str, number: usize) -> String {
    let refers = number > 0 && line.contains("#/components/schemas/");
    match line.rfind('\'').filter(|_| refers) {
        Some(end) => format!("{}{number}{}\n", &line[..end], &line[end..]),
        None => format!("{line}\n"),
    }
}
