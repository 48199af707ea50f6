//! How long a reviewer waits: the comparison of two documents, how it grows
//! with the document, and a whole review of the workspace.

#![allow(
    missing_docs,
    reason = "the macros of criterion write undocumented functions"
)]

use std::collections::BTreeSet;
use std::fs;
use std::hint::black_box;

use codegen::diff;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use xtask::diff::Threshold;
use xtask::generate::DOCUMENT;
use xtask::report::Format;
use xtask::review;

/// The document with its operations and messages so many times.
fn times(document: &str, copies: usize) -> String {
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

/// A line of an operation, of the copy with a number.
fn renamed_path(line: &str, number: usize, operations: &BTreeSet<&str>) -> String {
    referring(&renamed(line, number, operations), number)
}

/// A line in which every operation is that of the copy.
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

/// A line of a schema, of the copy with a number.
fn renamed_schema(line: &str, number: usize, operations: &BTreeSet<&str>) -> String {
    let is_name = line.starts_with("    ") && !line.starts_with("     ") && line.ends_with(':');
    if number > 0 && is_name {
        return format!("{}{number}:\n", line.trim_end_matches(':'));
    }
    referring(&renamed(line, number, operations), number)
}

/// A line whose references lead to the same copy.
fn referring(line: &str, number: usize) -> String {
    let refers = number > 0 && line.contains("#/components/schemas/");
    match line.rfind('\'').filter(|_| refers) {
        Some(end) => format!("{}{number}{}\n", &line[..end], &line[end..]),
        None => format!("{line}\n"),
    }
}

/// The same document after an edit that breaks.
fn edited(document: &str) -> String {
    document.replacen("maxLength: 100", "maxLength: 60", 1)
}

fn comparisons(criterion: &mut Criterion) {
    let document = fs::read_to_string(xtask::root().join(DOCUMENT)).unwrap_or_default();
    let mut group = criterion.benchmark_group("diff");
    for copies in [1, 10, 50] {
        let old = times(&document, copies);
        let new = edited(&old);
        let found = diff::diff(&old, &new).map(|report| report.changes.len());
        assert_eq!(found.ok(), Some(1), "the edit is seen, whatever the size");
        group.sample_size(if copies == 1 { 50 } else { 10 });
        group.bench_with_input(
            BenchmarkId::new("times", copies),
            &(old, new),
            |b, (old, new)| {
                b.iter(|| diff::diff(black_box(old), black_box(new)));
            },
        );
    }
    group.finish();
}

/// The generator alone, without rustfmt.
fn generations(criterion: &mut Criterion) {
    let document = fs::read_to_string(xtask::root().join(DOCUMENT)).unwrap_or_default();
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    for copies in [1, 10, 100] {
        let document = times(&document, copies);
        if let Err(problems) = codegen::generate(&document) {
            panic!("{}", problems.report(DOCUMENT));
        }
        group.bench_with_input(
            BenchmarkId::new("times", copies),
            &document,
            |b, document| {
                b.iter(|| codegen::generate(black_box(document)));
            },
        );
    }
    group.finish();
}

fn reviews(criterion: &mut Criterion) {
    let arguments = review::Arguments {
        against: Some("HEAD".to_owned()),
        fail_on: Threshold::Breaking,
        format: Format::Markdown,
        no_examples: false,
        links: None,
        out: None,
    };
    let root = xtask::root();
    let mut group = criterion.benchmark_group("review");
    group.sample_size(10);
    group.bench_function("without the reference page", |b| {
        b.iter(|| review::report(&root, &arguments));
    });
    group.finish();
}

criterion_group!(benches, comparisons, generations, reviews);
criterion_main!(benches);
