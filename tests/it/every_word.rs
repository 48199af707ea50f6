//! Code generated from a document that uses every keyword, every name that the
//! generator accepts, and all kinds of Markdown: features that the API's own
//! document does not use yet compile as well.

use crate::workspace::Workspace;

/// Replaces every placeholder text of the document by a generated one.
fn with_prose(document: &str) -> String {
    let texts = crate::markdown::texts(600);
    let lines = texts.iter().filter(|text| !text.contains(['\n', '\t']));
    let lines: Vec<_> = lines.cloned().collect();
    let mut out = document.to_owned();
    for (what, texts) in [
        ("description: D.", &texts),
        ("note: N.", &texts),
        ("meaning: Done.", &texts),
        ("summary: Does it", &lines),
        ("title: A small API with every word", &lines),
    ] {
        let (key, _) = what.split_once(':').unwrap();
        let mut texts = texts.iter().cycle();
        let mut parts = out.split(what);
        let mut next = parts.next().unwrap().to_owned();
        for part in parts {
            let text = serde_json::Value::from(texts.next().unwrap().as_str());
            next.push_str(&format!("{key}: {text}{part}"));
        }
        out = next;
    }
    out
}

#[test]
fn every_word_name_and_text_gives_code_without_a_warning_and_examples_that_run() {
    let (document, _) = crate::names::accepted();
    let document = with_prose(&document);
    let generated = codegen::generate(&document).unwrap();
    let workspace = Workspace::new("every-word", &generated);
    workspace.cargo("doc --no-deps --workspace --all-features");
    let printed = workspace.cargo("test --doc --workspace --all-features");
    // Each message of an operation has a doc example, and so have each server trait
    // and the macro of all operations; the front pages have five. Texts of the
    // document add no further ones.
    let passed = printed
        .split(" passed")
        .filter_map(|text| text.rsplit(' ').next());
    let passed = passed.filter_map(|count| count.parse::<usize>().ok());
    assert_eq!(
        passed.sum::<usize>(),
        2 * generated.api.operations.len() + 8
    );
}
