//! Benchmarks of a review: comparing two documents, scaling with the document's
//! size, and a complete review of the workspace.

#![allow(
    missing_docs,
    reason = "the macros of criterion write undocumented functions"
)]

#[path = "support/times.rs"]
mod times;

use std::fs;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spec_tools::diff;
use xtask::diff::Threshold;
use xtask::generate::DOCUMENT;
use xtask::review::{self, Format};

use times::times;

/// Returns the document after a breaking edit.
fn edited(document: &str) -> String {
    document.replacen("maxLength: 100", "maxLength: 60", 1)
}

fn comparisons(criterion: &mut Criterion) {
    let document =
        fs::read_to_string(xtask::root().unwrap_or_default().join(DOCUMENT)).unwrap_or_default();
    let mut group = criterion.benchmark_group("diff");
    for copies in [1, 10, 50] {
        let old = times(&document, copies);
        let new = edited(&old);
        let found = diff::diff(&old, &new).map(|report| report.changes.len());
        assert_eq!(found.ok(), Some(1), "the edit is seen at any size");
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

fn reviews(criterion: &mut Criterion) {
    let arguments = review::Arguments {
        against: Some("HEAD".to_owned()),
        fail_on: Threshold::Breaking,
        format: Format::Markdown,
        no_examples: false,
        no_output: false,
        links: None,
        out: None,
    };
    let root = xtask::root().unwrap_or_default();
    let mut group = criterion.benchmark_group("review");
    group.sample_size(10);
    group.bench_function("without the reference page", |b| {
        b.iter(|| review::report(&root, &arguments));
    });
    group.finish();
}

criterion_group!(benches, comparisons, reviews);
criterion_main!(benches);
