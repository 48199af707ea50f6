//! The generated code: what is committed is what the document gives, and an edit
//! changes only what it names.

use codegen::Generated;
use spec_tools::public_api;

/// Returns the output of `gen` for a document: the crates, and the public API of each.
fn written(document: &str) -> Generated {
    let mut generated = codegen::generate(document).unwrap();
    generated.files.extend(public_api::files(&generated));
    generated.files.sort_by(|a, b| a.path.cmp(&b.path));
    generated
}

fn file<'g>(generated: &'g Generated, path: &str) -> &'g str {
    let file = generated.files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path} is generated")).text
}

#[test]
fn what_is_committed_is_what_the_document_gives() {
    let comparison = xtask::generate::compare(&xtask::root().unwrap()).unwrap();
    let differences: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| difference.line(xtask::generate::OUTPUT))
        .collect();
    assert!(
        differences.is_empty(),
        "run `cargo xtask gen` and commit the result:\n{}",
        differences.join("\n")
    );
}

#[test]
fn the_output_is_a_function_of_the_document() {
    let document = include_str!("../../spec/skypay.yaml");
    assert_eq!(written(document).files, written(document).files);
}

/// A removed field changes its message and the examples that contain it, and
/// nothing else.
#[test]
fn a_removed_field_changes_only_what_names_it() {
    let document = include_str!("../documents/accepted.yaml");
    let property =
        "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";
    let rules = document.find("      x-skypay-rules:\n").unwrap();
    let after = rules + document[rules..].find("    PayResponse:\n").unwrap();
    let without = format!("{}{}", &document[..rules], &document[after..])
        .replacen(property, "", 1)
        .replacen("                  bankNo: SEC\n", "", 1);
    let (before, after) = (written(document), written(&without));
    let changed: Vec<_> = before
        .files
        .iter()
        .zip(&after.files)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.path.as_str())
        .collect();
    // The front pages of both crates show an example.
    let expected = [
        "client/src/lib.rs",
        "types/public-api.txt",
        "types/src/lib.rs",
        "types/src/pay.rs",
    ];
    assert_eq!(changed, expected);
    assert!(file(&before, "types/src/pay.rs").contains("bank_no"));
    assert!(!file(&after, "types/src/pay.rs").contains("bank_no"));
}
