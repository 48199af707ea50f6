//! Benchmarks of code generation: scaling with the document's size, and compared
//! with progenitor alone. Nothing is written, and rustfmt does not run.

#![allow(
    missing_docs,
    reason = "the macros of criterion write undocumented functions"
)]

#[path = "support/times.rs"]
mod times;

use std::fs;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use serde::Deserialize;
use serde_json::Value;
use xtask::generate::DOCUMENT;

use times::times;

/// Generates everything in `generated/` from the text of the document.
fn ours(criterion: &mut Criterion) {
    let document = document();
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    for copies in [1, 10, 100] {
        let document = times(&document, copies);
        if let Err(diagnostics) = codegen::generate(&document) {
            panic!("{}", diagnostics.report(DOCUMENT));
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

fn document() -> String {
    fs::read_to_string(xtask::root().unwrap_or_default().join(DOCUMENT)).unwrap_or_default()
}

/// Converts the export that has a path for each operation into unencrypted JSON
/// without enums: the closest form to our document that progenitor reads. It
/// derives names from enum values, and `1000` and `-1000` give the same one.
fn lowered(export: &str) -> Value {
    let export = export.replace("\"text/plain\"", "\"application/json\"");
    let mut document = serde_json::from_str(&export).unwrap_or_default();
    without_lists_of_values(&mut document);
    document
}

fn without_lists_of_values(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("enum");
            members.values_mut().for_each(without_lists_of_values);
        }
        Value::Array(items) => items.iter_mut().for_each(without_lists_of_values),
        _ => {}
    }
}

/// Returns the source of one client with its types, as `cargo progenitor` generates it.
fn with_progenitor(document: &Value) -> Result<String, String> {
    let document: OpenAPI =
        OpenAPI::deserialize(document).map_err(|error| format!("not a document: {error}"))?;
    let mut settings = GenerationSettings::default();
    settings.with_interface(InterfaceStyle::Builder);
    let tokens = Generator::new(&settings).generate_tokens(&document);
    let tokens = tokens.map_err(|error| format!("it is refused: {error}"))?;
    let file = syn::parse2(tokens).map_err(|error| format!("it does not parse: {error}"))?;
    Ok(prettyplease::unparse(&file))
}

fn progenitor(criterion: &mut Criterion) {
    let exports = spec_tools::exports::exports(&document());
    let mut exports = exports.into_iter().flatten();
    let export = exports.find(|file| file.path == "logical.json");
    let document = lowered(&export.map(|file| file.text).unwrap_or_default());
    if let Err(error) = with_progenitor(&document) {
        panic!("{error}");
    }
    criterion.bench_function("generate/progenitor alone", |b| {
        b.iter(|| with_progenitor(black_box(&document)));
    });
}

criterion_group!(benches, ours, progenitor);
criterion_main!(benches);
