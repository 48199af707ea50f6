//! Refused documents: small edits of the accepted document for each rule, and
//! their diagnostics, besides edits that come close to breaking a rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The document that uses every keyword.
const EVERY_WORD: &str = include_str!("../documents/every-word.yaml");

/// Returns the folder of the document and its edits.
fn folder() -> PathBuf {
    xtask::root().unwrap().join("tests/documents")
}

/// Returns the accepted document.
fn accepted() -> String {
    fs::read_to_string(folder().join("accepted.yaml")).unwrap()
}

/// Parses the edits of a file: a text that occurs exactly once, and its replacement.
fn edits(text: &str) -> Vec<(&str, &str)> {
    text.split("<<<<\n")
        .skip(1)
        .map(|edit| {
            let (old, rest) = edit.split_once("\n====\n").unwrap();
            let (new, _) = rest.split_once("\n>>>>").unwrap();
            (old, new)
        })
        .collect()
}

/// Returns the document with the edits of a file applied.
fn edited(edit_file: &str) -> String {
    let mut document = accepted();
    for (old, new) in edits(edit_file) {
        assert_eq!(document.matches(old).count(), 1, "found once: {old}");
        document = document.replacen(old, new, 1);
    }
    document
}

/// Returns the edit files in a folder, by name.
fn files(of: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn refused() -> Vec<(String, String)> {
    files("refused")
}

#[test]
fn what_nearly_breaks_a_rule_is_accepted() {
    let accepted = files("still-accepted");
    assert!(!accepted.is_empty());
    for (name, edit) in accepted {
        if let Err(diagnostics) = codegen::generate(&edited(&edit)) {
            panic!("{name}:\n{}", diagnostics.report("document.yaml"));
        }
    }
}

/// The complete model of a document before code generation.
#[test]
fn a_document_with_every_word_is_read_as_reviewed() {
    let generated = codegen::generate(EVERY_WORD).unwrap();
    insta::assert_snapshot!(compact(&format!("{:#?}", generated.api)));
}

/// Compacts debug output: empty values are omitted, and what fits on a line is joined.
fn compact(debug: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let is_empty = |line: &str| {
        let empty = [": None,", ": [],", ": false,", ": \"\","];
        empty.iter().any(|end| line.ends_with(end))
    };
    for line in debug.lines().filter(|line| !is_empty(line)) {
        lines.push(line.to_owned());
        if line.trim_start().starts_with(['}', ']', ')']) {
            let opens = |line: &String| line.ends_with(['{', '[', '(']);
            let Some(open) = lines.iter().rposition(opens) else {
                continue;
            };
            let inside = lines[open + 1..].iter().map(|line| line.trim());
            let inside = inside.collect::<Vec<_>>().join(" ");
            let joined = format!("{} {inside}", lines[open]).replace("( ", "(");
            let joined = joined
                .replace(", )", ")")
                .replace("[ ", "[")
                .replace(", ]", "]");
            let joined = joined.replace(", }", " }");
            let nested = lines[open + 1..lines.len() - 1].iter().any(opens);
            if !nested && joined.chars().count() <= 110 {
                lines.truncate(open);
                lines.push(joined);
            }
        }
    }
    lines.join("\n")
}

#[test]
fn the_accepted_document_is_accepted() {
    let generated = codegen::generate(&accepted()).unwrap();
    assert_eq!(generated.api.operations.len(), 3);
}

#[test]
fn each_broken_rule_is_named_with_its_place() {
    let mut report = String::new();
    for (name, edit) in refused() {
        let why = edit.lines().next().unwrap().trim_start_matches("# ");
        let diagnostics = codegen::generate(&edited(&edit)).expect_err(&name);
        let rules: Vec<_> = diagnostics
            .as_slice()
            .iter()
            .map(|diagnostic| diagnostic.rule)
            .collect();
        assert!(
            rules.iter().any(|rule| name.starts_with(rule)),
            "{name} breaks {rules:?}"
        );
        report.push_str(&format!(
            "## {name}: {why}\n{}\n",
            diagnostics.report("document.yaml")
        ));
    }
    insta::assert_snapshot!(report);
}

#[test]
fn every_rule_has_a_document_that_breaks_it() {
    let broken: BTreeSet<_> = refused()
        .iter()
        .flat_map(|(_, edit)| {
            let diagnostics = codegen::generate(&edited(edit)).unwrap_err();
            let rules: Vec<_> = diagnostics
                .as_slice()
                .iter()
                .map(|diagnostic| diagnostic.rule)
                .collect();
            rules
        })
        .collect();
    let refusing = spec_tools::RULES
        .iter()
        .filter(|rule| rule.severity == spec_tools::Severity::Refused);
    let rules: BTreeSet<_> = refusing.map(|rule| rule.id).collect();
    assert_eq!(broken, rules);
}

/// Traversing the components takes constant time per component, however many
/// there are, and does not recurse from one into another.
#[test]
fn thirty_thousand_components_are_read_or_refused() {
    const MANY: usize = 30_000;
    let components = |component: &dyn Fn(usize) -> String| {
        let components: String = (0..MANY).map(component).collect();
        let start = "    ControlNumberEntry:\n";
        accepted().replacen(start, &format!("{components}{start}"), 1)
    };
    let reference = |number: usize| format!("{{$ref: '#/components/schemas/S{number}'}}");
    let chain = components(&|number| match number {
        0 => "    S0: {type: string, description: D., example: x}\n".to_owned(),
        next => format!(
            "    S{next}: {{type: array, description: D., items: {}}}\n",
            reference(next - 1)
        ),
    });
    let circle = components(&|number| {
        let next = reference((number + 1) % MANY);
        format!("    S{number}: {{type: array, description: D., items: {next}}}\n")
    });
    let flat = components(&|number| {
        format!(
            "    S{number}: {{type: object, description: D., properties: {{f: {{type: string, description: D., example: x}}}}}}\n"
        )
    });
    let nested = format!("openapi: {}1{}\n", "{a: ".repeat(MANY), "}".repeat(MANY));
    let work = move || {
        let rules = |document: &str| {
            let diagnostics = codegen::api(document).unwrap_err();
            let diagnostics = diagnostics.as_slice().iter();
            diagnostics
                .map(|diagnostic| diagnostic.rule)
                .collect::<Vec<_>>()
        };
        assert_eq!(rules(&chain), ["nesting", "nesting"]);
        assert_eq!(rules(&nested), ["yaml"]);
        assert!(
            rules(&circle)
                .iter()
                .filter(|rule| **rule == "no-circles")
                .count()
                == MANY
        );
        codegen::api(&flat).unwrap();
        assert_eq!(
            spec_tools::diff::read(&chain).unwrap_err().as_slice()[0].rule,
            "nesting"
        );
    };
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(work).unwrap().join().unwrap();
}

/// An object that is only received in one message may be sent in another, nested
/// in other objects.
#[test]
fn the_limits_of_an_object_are_enforced_wherever_it_is_sent() {
    let document = accepted().replacen(
        "    ControlNumberEntry:\n",
        "    Above: {type: object, description: D., properties: {inside: {$ref: '#/components/schemas/Aaa'}}}\n    \
         Aaa: {type: object, description: D., properties: {text: {type: string, maxLength: 3, description: D., example: x}}}\n    \
         ControlNumberEntry:\n",
        1,
    );
    let sent = "        bankNo: {type: string, maxLength: 50,";
    let document = document.replacen(
        sent,
        &format!("        above: {{$ref: '#/components/schemas/Above'}}\n{sent}"),
        1,
    );
    let received = "        balance:\n";
    assert_eq!(document.matches(received).count(), 1);
    let document = document.replacen(
        received,
        &format!("        received: {{$ref: '#/components/schemas/Aaa'}}\n{received}"),
        1,
    );
    let api = codegen::api(&document).unwrap();
    let row = api.objects.iter().find(|row| row.name == "Aaa").unwrap();
    assert!(row.fields[0].checked);
}

/// That the names compile is tested where the code is compiled.
#[test]
fn a_name_is_refused_with_its_place_or_gives_code_that_rust_can_read() {
    let (document, kinds) = crate::names::accepted();
    for (kind, count) in kinds {
        assert!(count > 30, "{count} of {kind}");
    }
    for file in codegen::generate(&document).unwrap().files {
        if Path::new(&file.path).extension() == Some("rs".as_ref())
            && let Err(error) = syn::parse_file(&file.text)
        {
            panic!("{}: {error}", file.path);
        }
    }
}

#[test]
fn text_that_is_no_document_gets_a_message_too() {
    for text in [
        "",
        "- a\n- b\n",
        "openapi",
        "\u{0}",
        "a: b: c",
        "%YAML 9\n---\n{",
        "{}",
        "&a [*a]",
    ] {
        let diagnostics = codegen::generate(text).unwrap_err();
        assert!(!diagnostics.as_slice().is_empty(), "{text:?}");
    }
}

#[test]
fn a_document_has_a_largest_size() {
    let document = accepted() + "#";
    let largest = document.clone() + &"a".repeat(4 * 1024 * 1024 - document.len());
    codegen::api(&largest).unwrap();
    let diagnostics = codegen::api(&(largest + "a")).unwrap_err();
    assert!(
        diagnostics
            .report("document.yaml")
            .contains("more than 4 MiB")
    );
}

#[test]
fn a_document_without_operations_gets_a_message_too() {
    let accepted = accepted();
    let (before, _) = accepted.split_once("\npaths:").unwrap();
    for document in [before.to_owned(), format!("{before}\npaths: {{}}\n")] {
        let diagnostics = codegen::generate(&document).unwrap_err();
        let report = diagnostics.report("document.yaml");
        assert!(report.contains("`paths` is "), "{report}");
    }
}

#[test]
fn the_readme_explains_every_extension_and_no_other() {
    let readme = include_str!("../../spec/README.md");
    let explained: BTreeSet<_> = readme
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter(|word| word.starts_with("x-skypay-") && word.len() > "x-skypay-".len())
        .collect();
    let table = include_str!("../../codegen/src/keywords.yaml");
    let known: BTreeSet<_> = table
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .filter(|word| word.starts_with("x-skypay-"))
        .collect();
    assert_eq!(explained, known);
}
