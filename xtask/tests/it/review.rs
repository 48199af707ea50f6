//! `review` on a temporary repository: its output in each format, and its exit codes.

use std::fs;

use crate::temporary::{KEPT, Repository, manifest};
use xtask::diff::Threshold;
use xtask::review::{self, Format};
use xtask::{Ending, generate};

/// Updates all files that are generated from the document.
fn bring_in_step(repository: &Repository) {
    generate::write(&repository.0).unwrap();
}

/// Creates a repository whose main branch holds the small document and its
/// generated files.
fn repository() -> Repository {
    let repository = Repository::new();
    repository.git(&["switch", "--quiet", "main"]);
    repository.write("spec/skypay.yaml", KEPT);
    repository.write("Cargo.toml", &manifest(&version()));
    bring_in_step(&repository);
    repository.commit("small");
    repository.git(&["switch", "--quiet", "--create", "review"]);
    repository
}

/// Returns the version of the small document.
fn version() -> String {
    let (_, rest) = KEPT.split_once("\n  version: ").unwrap();
    rest.lines().next().unwrap().to_owned()
}

/// Replaces the first occurrence of a text in the small document.
fn edit(repository: &Repository, find: &str, replace: &str) {
    assert!(KEPT.contains(find), "{find:?} is in the document");
    repository.write("spec/skypay.yaml", &KEPT.replacen(find, replace, 1));
}

fn review(repository: &Repository, format: Format) -> (String, Ending) {
    let arguments = review::Arguments {
        against: None,
        fail_on: Threshold::Breaking,
        format,
        no_examples: true,
        no_output: false,
        links: Some("https://example.com/blob/abc/".to_owned()),
        out: None,
    };
    review::report(&repository.0, &arguments).unwrap()
}

/// A limit that is lower than before.
const BREAK: (&str, &str) = ("maxLength: 15", "maxLength: 14");

/// The start of the first operation's summary in the small document.
const WORDS: &str = "summary: ";

#[test]
fn words_alone_get_one_line_and_no_table() {
    let repository = repository();
    edit(&repository, WORDS, "summary: Now ");
    generate::write(&repository.0).unwrap();
    let raised = fs::read_to_string(repository.0.join("spec/skypay.yaml")).unwrap();
    repository.write(
        "spec/skypay.yaml",
        &raised.replace(&format!("version: {}", version()), "version: 0.1.9"),
    );
    repository.write("Cargo.toml", &manifest("0.1.9"));
    bring_in_step(&repository);
    let (text, ending) = review(&repository, Format::Markdown);
    assert_eq!(ending, Ending::Clean, "{text}");
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0], "<!-- skypay-review -->");
    assert!(
        lines[1].starts_with("### Spec review: no consequence for partners"),
        "{text}"
    );
    assert!(!text.contains("|---"), "{text}");
}

#[test]
fn a_break_comes_with_its_story_its_row_and_what_to_do() {
    let repository = repository();
    edit(&repository, BREAK.0, BREAK.1);
    let (text, ending) = review(&repository, Format::Markdown);
    assert_eq!(ending, Ending::Findings, "{text}");
    for expected in [
        "### Spec review: BREAKING for partners (1 breaking",
        "What partners have deployed stops working in the call",
        &format!("Next versions: document {} -> 0.2.0, ", version()),
        "Run `cargo xtask gen` and commit what it writes.",
        "to 0.2.0 and `[workspace.package] version` in Cargo.toml to 0.2.0.",
        "cargo xtask spec approve ",
        "| breaking | `",
        "](https://example.com/blob/abc/spec/skypay.yaml#L",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_is_out_of_step_alone_ends_as_stale() {
    let repository = repository();
    repository.write("generated/types/src/ask.rs", "// edited by hand\n");
    let (text, ending) = review(&repository, Format::Text);
    assert_eq!(ending, Ending::Stale, "{text}");
    assert!(
        text.contains("generated output: 1 file out of date"),
        "{text}"
    );
    let (github, _) = review(&repository, Format::Github);
    assert!(
        github
            .contains("::error file=generated/types/src/ask.rs,line=1,col=1,title=stale-output::"),
        "{github}"
    );
}

#[test]
fn annotations_are_the_same_rows() {
    let repository = repository();
    edit(&repository, BREAK.0, BREAK.1);
    let (github, _) = review(&repository, Format::Github);
    assert!(
        github.contains("title=breaking%3A constraint-tightened"),
        "{github}"
    );
    assert!(github.contains("title=next-version"), "{github}");
    assert!(
        github.contains("::error file=spec/skypay.yaml,"),
        "{github}"
    );
}

/// Text that Markdown and workflow commands have to escape.
#[test]
fn texts_are_escaped_in_every_format() {
    let repository = repository();
    let hostile = r#"summary: "a <b> & \"c\" | 100% 'd'::e, `f`\n" # "#;
    edit(&repository, WORDS, hostile);
    let (github, _) = review(&repository, Format::Github);
    let line = github.lines().find(|line| line.contains("title=patch%3A "));
    assert!(line.unwrap().contains("| 100%25 'd'::e"), "{github}");
    let (markdown, _) = review(&repository, Format::Markdown);
    let shown = "`` a <b> & \"c\" \\| 100% 'd'::e, `f` ``";
    assert!(markdown.contains(shown), "{markdown}");
    let rows = markdown.lines().filter(|line| line.starts_with("| patch"));
    assert_eq!(rows.count(), 1, "{markdown}");
}

#[test]
fn what_the_generator_refuses_is_still_reviewed() {
    let repository = repository();
    edit(&repository, BREAK.0, "maxLenght: 15");
    let (text, ending) = review(&repository, Format::Markdown);
    assert_eq!(ending, Ending::Findings, "{text}");
    assert!(
        text.contains("**generated output: nothing can be generated**"),
        "{text}"
    );
    assert!(text.contains("maxLenght"), "{text}");
    repository.write("spec/skypay.yaml", "a: [");
    let arguments = review::Arguments {
        against: None,
        fail_on: Threshold::Breaking,
        format: Format::Markdown,
        no_examples: true,
        no_output: false,
        links: None,
        out: None,
    };
    let error = review::report(&repository.0, &arguments).unwrap_err();
    assert!(
        error.starts_with("spec/skypay.yaml:2:1: [yaml] "),
        "{error}"
    );
}
