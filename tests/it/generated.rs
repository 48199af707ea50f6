//! Snapshots of the generated output, cut as a reviewer reads them: one per
//! operation (its types, its client method, its server method), one per code
//! table, and the list of files. Together they hold every item that is
//! generated for the API; a changed document without reviewed snapshots fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use codegen::Generated;
use codegen::model::Operation;
use proc_macro2::{TokenStream, TokenTree};

fn generated() -> Generated {
    let document = include_str!("../../spec/skypay.yaml");
    codegen::generate(document).unwrap()
}

fn file<'g>(generated: &'g Generated, path: &str) -> &'g str {
    let file = generated.files.iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path} is generated")).text
}

/// The functions of a file's `impl` blocks and traits, printed, by name.
fn functions(text: &str) -> BTreeMap<String, String> {
    let parsed = syn::parse_file(text).unwrap();
    let mut functions = BTreeMap::new();
    for item in parsed.items {
        match item {
            syn::Item::Impl(block) => {
                for member in block.items {
                    if let syn::ImplItem::Fn(function) = member {
                        let block = quote::quote! { impl Shown { #function } };
                        functions.insert(function.sig.ident.to_string(), print(block));
                    }
                }
            }
            syn::Item::Trait(block) => {
                for member in block.items {
                    if let syn::TraitItem::Fn(function) = member {
                        let block = quote::quote! { trait Shown { #function } };
                        functions.insert(function.sig.ident.to_string(), print(block));
                    }
                }
            }
            _ => {}
        }
    }
    functions
}

/// Prints the one function of a block, without the block.
fn print(block: TokenStream) -> String {
    let wrapped: syn::File = syn::parse2(block).unwrap();
    let text = prettyplease::unparse(&wrapped);
    let lines: Vec<_> = text.lines().collect();
    let inner = &lines[1..lines.len() - 1];
    let shown: Vec<_> = inner
        .iter()
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    shown.join("\n") + "\n"
}

fn settings(folder: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/generated/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

fn excerpt(generated: &Generated, operation: &Operation) -> String {
    let types = file(generated, &format!("types/src/{}.rs", operation.method));
    let client = ["client/src/client.rs", "client/src/callback_sender.rs"];
    let server = ["server/src/skypay.rs", "server/src/callbacks.rs"];
    let find = |paths: [&str; 2]| {
        let mut found: Vec<_> = paths
            .iter()
            .filter_map(|path| functions(file(generated, path)).remove(&operation.method))
            .collect();
        assert_eq!(
            found.len(),
            1,
            "{} stands once in {paths:?}",
            operation.method
        );
        found.remove(0)
    };
    format!(
        "{types}\n// ---- client method ----\n\n{}\n// ---- server method ----\n\n{}",
        find(client),
        find(server)
    )
}

#[test]
fn each_operation_is_generated_as_reviewed() {
    let generated = generated();
    settings("operations").bind(|| {
        for operation in &generated.api.operations {
            let excerpt = excerpt(&generated, operation);
            insta::assert_snapshot!(operation.method.clone(), excerpt);
        }
    });
}

#[test]
fn each_code_table_is_generated_as_reviewed() {
    let generated = generated();
    let codes = file(&generated, "types/src/codes.rs");
    settings("codes").bind(|| {
        for table in &generated.api.code_tables {
            insta::assert_snapshot!(table.name.clone(), code_table(codes, &table.name));
        }
    });
}

/// The enum of a table and the macro call behind it, as text.
fn code_table(codes: &str, name: &str) -> String {
    let declaration = codes.find(&format!("pub enum {name} {{")).unwrap();
    let documented = codes[..declaration].rfind("\n\n").unwrap() + 2;
    let call = codes
        .find(&format!("skypay_runtime::codes!({name} {{"))
        .unwrap();
    let end = call + codes[call..].find("});\n").unwrap() + 4;
    codes[documented..end].to_owned()
}

#[test]
fn rows_and_values_are_generated_as_reviewed() {
    let generated = generated();
    settings("shared").bind(|| {
        insta::assert_snapshot!("rows", file(&generated, "types/src/rows.rs"));
        insta::assert_snapshot!("values", file(&generated, "types/src/values.rs"));
    });
}

#[test]
fn the_list_of_files_is_as_reviewed() {
    let generated = generated();
    let paths: Vec<_> = generated
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    settings("shared").bind(|| insta::assert_snapshot!("files", paths.join("\n")));
}

#[test]
fn the_output_is_a_function_of_the_document() {
    assert_eq!(generated().files, generated().files);
}

/// The words of a file. Of code they stand in no order, and without the commas,
/// braces and blanks that a formatter adds.
fn words(path: &str, text: &str) -> Vec<String> {
    if Path::new(path).extension() != Some("rs".as_ref()) {
        return text.lines().map(str::to_owned).collect();
    }
    let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut words = Vec::new();
    collect_words(tokens, &mut words);
    words.sort_unstable();
    words
}

fn collect_words(tokens: TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_words(group.stream(), words),
            TokenTree::Ident(_) | TokenTree::Literal(_) => words.push(token.to_string()),
            TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn what_is_committed_is_what_the_document_gives() {
    let folder = xtask::root().unwrap().join("generated");
    for file in generated().files {
        let committed = fs::read_to_string(folder.join(&file.path)).unwrap_or_default();
        assert_eq!(
            words(&file.path, &committed),
            words(&file.path, &file.text),
            "generated/{}: run `cargo xtask gen`",
            file.path
        );
    }
}

#[test]
fn every_operation_is_in_the_table_and_has_both_sides() {
    let names: Vec<_> = skypay_types::OPERATIONS
        .iter()
        .map(|info| info.name)
        .collect();
    let generated = generated();
    let documented: Vec<_> = generated
        .api
        .operations
        .iter()
        .map(|operation| operation.name.as_str())
        .collect();
    assert_eq!(names, documented);
}

/// A field that goes away changes its message and the examples that show it,
/// and nothing else.
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
    let before = codegen::generate(document).unwrap();
    let after = codegen::generate(&without).unwrap();
    let changed: Vec<_> = before
        .files
        .iter()
        .zip(&after.files)
        .filter(|(before, after)| before != after)
        .map(|(before, _)| before.path.as_str())
        .collect();
    assert_eq!(
        changed,
        [
            "client/src/client.rs",
            "types/src/pay.rs",
            "types/surface.txt"
        ]
    );
    assert!(file(&before, "types/src/pay.rs").contains("bank_no"));
    assert!(!file(&after, "types/src/pay.rs").contains("bank_no"));
}
