//! The formatter: what it settles, what it leaves alone, and that nothing is
//! ever lost.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use codegen::document::{Node, Value, load};
use spec_tools::format;

const KEPT: &str = include_str!("../../tests/documents/kept.yaml");
const REAL: &str = include_str!("../../spec/skypay.yaml");

fn documents() -> Vec<(PathBuf, String)> {
    let tests = Path::new("../tests");
    let mut files = vec![tests.join("../spec/skypay.yaml")];
    for folder in ["breaking", "documents"] {
        let entries = fs::read_dir(tests.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(path).unwrap());
    files.into_iter().map(read).collect()
}

/// The tree without regard to the order of members.
fn meaning(text: &str) -> serde_json::Value {
    load(text).unwrap().json()
}

fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<_> = text
        .lines()
        .filter_map(|line| line.find("# ~").map(|at| line[at..].trim_end()))
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn the_document_is_written_as_it_should_be() {
    assert!(format(REAL).unwrap() == REAL, "run `cargo xtask fmt-spec`");
    assert_eq!(format(KEPT).unwrap(), KEPT);
}

#[test]
fn every_document_means_the_same_afterwards_and_twice_is_once() {
    let documents = documents();
    assert!(documents.len() > 40);
    for (path, text) in documents {
        let once = format(&text).unwrap_or_else(|diagnostics| {
            panic!("{}: {}", path.display(), diagnostics.report("it"));
        });
        assert_eq!(meaning(&once), meaning(&text), "{}", path.display());
        assert_eq!(format(&once).unwrap(), once, "{}", path.display());
    }
}

/// Members that are names or data: their order is the author's.
const NAMES: &[&str] = &[
    "paths",
    "schemas",
    "parameters",
    "properties",
    "examples",
    "responses",
    "content",
    "value",
    "example",
    "match",
    "variables",
];

/// Writes a document as nobody would: members in any order, any quotes, any
/// indent, comments anywhere.
struct Scrambler {
    state: u64,
    comments: usize,
    with_comments: bool,
}

impl Scrambler {
    fn below(&mut self, end: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % end
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# ~{} it's: \"odd\" [", self.comments)
    }

    fn around(&mut self, indent: usize, out: &mut String) {
        if self.with_comments && self.below(6) == 0 {
            let shift = self.below(3);
            let comment = self.comment();
            out.push_str(&format!("{:width$}{comment}\n", "", width = indent + shift));
        }
        if self.with_comments && self.below(10) == 0 {
            out.push_str("   \n\n");
        }
    }

    fn end(&mut self, out: &mut String) {
        if self.with_comments && self.below(6) == 0 {
            let comment = self.comment();
            out.push_str(&format!("  {comment}"));
        }
        out.push('\n');
    }

    fn text(&mut self, text: &str) -> String {
        match self.below(3) {
            0 => serde_json::Value::from(text).to_string(),
            1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
            _ if is_word(text) => text.to_owned(),
            _ => serde_json::Value::from(text).to_string(),
        }
    }

    fn value(&mut self, node: &Node, step: &str, indent: usize, out: &mut String) {
        match &node.value {
            Value::Text(text) => {
                let text = self.text(text);
                out.push_str(&format!(" {text}"));
                self.end(out);
            }
            Value::Map(entries) if !entries.is_empty() => {
                self.end(out);
                let mut order: Vec<_> = entries.iter().collect();
                let data = node.location.pointer.contains("/value/")
                    || node.location.pointer.contains("/example/");
                if !NAMES.contains(&step) && !data {
                    for last in (1..order.len()).rev() {
                        order.swap(last, self.below(last + 1));
                    }
                }
                let indent = indent + 1 + self.below(4);
                for entry in order {
                    self.around(indent, out);
                    let key = self.text(&entry.key);
                    out.push_str(&format!("{:indent$}{key}:", ""));
                    self.value(&entry.node, &entry.key, indent, out);
                }
            }
            Value::List(items) if !items.is_empty() => {
                self.end(out);
                let indent = indent + 1 + self.below(4);
                for item in items {
                    self.around(indent, out);
                    out.push_str(&format!("{:indent$}-", ""));
                    self.value(item, step, indent, out);
                }
            }
            _ => {
                out.push_str(&format!(" {}", node.to_json()));
                self.end(out);
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    text.len() > 3
        && text.chars().all(|letter| letter.is_ascii_lowercase())
        && !matches!(text, "null" | "true" | "false")
}

fn scrambled(text: &str, seed: u64, with_comments: bool) -> String {
    let mut scrambler = Scrambler {
        state: seed,
        comments: 0,
        with_comments,
    };
    let mut out = String::new();
    scrambler.value(&load(text).unwrap(), "", 0, &mut out);
    out
}

#[test]
fn however_it_is_written_it_comes_out_the_same() {
    // Lists that the document has in brackets are written without them here.
    let plain = format(&scrambled(KEPT, 0, false)).unwrap();
    assert_eq!(plain, KEPT);
    for seed in 1..60 {
        let odd = scrambled(KEPT, seed, false);
        assert_eq!(format(&odd).unwrap(), KEPT, "seed {seed}");
    }
}

#[test]
fn comments_survive_wherever_they_stand() {
    for (text, seeds) in [(KEPT, 100..160), (REAL, 200..203)] {
        for seed in seeds {
            let odd = scrambled(text, seed, true);
            let written = format(&odd).unwrap_or_else(|diagnostics| {
                panic!("seed {seed}: {}\n{odd}", diagnostics.report("it"));
            });
            assert_eq!(meaning(&written), meaning(text), "seed {seed}");
            assert_eq!(comments(&written), comments(&odd), "seed {seed}");
            assert!(comments(&odd).len() > 20);
            assert_eq!(format(&written).unwrap(), written, "seed {seed}\n{written}");
        }
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let written = format(text).unwrap();
    assert_eq!(written, expected);
    assert_eq!(format(&written).unwrap(), expected);
}

#[test]
fn members_follow_one_order_and_take_their_comments_along() {
    check(
        "\
# About the file.

paths:
  /b#b: {}
  # Of a.
  /a#a:
    post:
      summary: A
      # Why it is called that.
      operationId: a # beside
info: {version: 0.1.0, title: T}
# First of all.
openapi: 3.0.3
",
        "\
# About the file.

# First of all.
openapi: 3.0.3
info: {title: T, version: 0.1.0}
paths:
  /b#b: {}
  # Of a.
  /a#a:
    post:
      # Why it is called that.
      operationId: a # beside
      summary: A
",
    );
}

#[test]
fn names_data_and_lists_keep_their_order() {
    let text = "\
components:
  schemas:
    Z:
      type: object
      required: [b, a]
      properties:
        type:
          type: string
          example: {type: 1, description: 2, b: 3, a: 4}
        description:
          type: string
    A:
      type: string
      description: A table.
      example: '2'
      enum: ['2', '1']
      x-skypay-codes:
        - {value: '2', name: B, description: Second.}
        - {value: '1', name: A, description: First.}
";
    check(text, text);
}

#[test]
fn quotes_stand_where_a_reader_could_be_misled_and_nowhere_else() {
    for (given, expected) in [
        ("\"plain\"", "plain"),
        ("'it''s'", "it's"),
        ("'a: b'", "'a: b'"),
        ("'a #b'", "'a #b'"),
        ("'a#b'", "a#b"),
        ("'yes'", "'yes'"),
        ("Off", "'Off'"),
        ("'n'", "'n'"),
        ("'NULL'", "'NULL'"),
        ("''", "''"),
        ("'1000'", "'1000'"),
        ("1_000", "'1_000'"),
        ("0x1F", "'0x1F'"),
        ("'0o17'", "'0o17'"),
        ("12:30:45", "'12:30:45'"),
        ("'1e3'", "'1e3'"),
        (".5", "'.5'"),
        (".inf", "'.inf'"),
        ("2024-02-05", "'2024-02-05'"),
        ("'2024-02-05 10:15:30.1250'", "'2024-02-05 10:15:30.1250'"),
        ("'3.0.3'", "3.0.3"),
        ("'03-1234567-8'", "03-1234567-8"),
        ("'09XXXXXXXXX'", "09XXXXXXXXX"),
        ("'{a}'", "'{a}'"),
        ("'`a`'", "'`a`'"),
        ("'- a'", "'- a'"),
        ("'-a'", "-a"),
        ("'https://a.example'", "https://a.example"),
        ("'a:'", "'a:'"),
        ("' a'", "' a'"),
        ("\"a\\tb\"", "\"a\\tb\""),
        ("'='", "'='"),
        ("3900.00", "3900.00"),
        ("-1", "-1"),
        ("true", "true"),
        ("~", "~"),
    ] {
        check(&format!("a: {given}\n"), &format!("a: {expected}\n"));
        check(
            &format!("a: [{given}]\n"),
            &format!("a: [{}]\n", in_brackets(expected)),
        );
    }
}

/// A colon can stand plain only outside brackets.
fn in_brackets(expected: &str) -> String {
    match expected {
        "https://a.example" => "'https://a.example'".to_owned(),
        other => other.to_owned(),
    }
}

#[test]
fn long_texts_are_folded_and_their_lines_left_where_they_fit() {
    let words = "word ".repeat(30);
    let words = words.trim_end();
    let line = "word ".repeat(19);
    let rest = "word ".repeat(11);
    check(
        &format!("description: {words}\n"),
        &format!(
            "description: >-\n  {}\n  {}\n",
            line.trim_end(),
            rest.trim_end()
        ),
    );
    let broken = "\
description: >-
  These lines are broken
  where their author wanted,
  and there are too many of them to fit all of what is said on one line of the width.

  - lists
    keep their shape
";
    check(broken, broken);
    check("description: >-\n  Short.\n", "description: Short.\n");
    check("a: |\n  one\n   two\n", "a: |\n  one\n   two\n");
    check("a: \"one\\n\\ntwo\"\n", "a: |-\n  one\n\n  two\n");
    check("a: \"one\\n\"\n", "a: \"one\\n\"\n");
    check(
        "a: |+\n  one\n  two\n\nb: 1\n",
        "a: \"one\\ntwo\\n\\n\"\n\nb: 1\n",
    );
    check("a: |2-\n   one\n  two\n", "a: \" one\\ntwo\"\n");
    check("a: one\n  two\n   three\n", "a: one two three\n");
    let wide = "-".repeat(120);
    check(&format!("a: {wide}x\n"), &format!("a: '{wide}x'\n"));
}

#[test]
fn brackets_open_where_they_do_not_fit_or_hold_a_comment() {
    let items: Vec<_> = (0..30).map(|number| format!("item{number}")).collect();
    let open = items.join("\n  - ");
    check(
        &format!("a: [{}]\n", items.join(", ")),
        &format!("a:\n  - {open}\n"),
    );
    check("a: [b,\n  c]\n", "a: [b, c]\n");
    check(
        "a: [b, # of b\n  # of c\n  c\n  # last\n] # of a\n",
        "a: # of a\n  - b # of b\n  # of c\n  - c\n  # last\n",
    );
    check(
        "a: {b: [], c: {}, d: , e: ~}\n",
        "a: {b: [], c: {}, d: null, e: ~}\n",
    );
    check("{\"a\": {\"b\": 1}}\n", "a: {b: 1}\n");
}

#[test]
fn blank_lines_stay_one_at_a_time() {
    check(
        "\n\na: 1\n\n\n\nb:\n\n  c: 1\n   \n  # of d\n  d: |\n    text\n\n\n  e: 1\n\n",
        "a: 1\n\nb:\n  c: 1\n\n  # of d\n  d: |\n    text\n\n  e: 1\n",
    );
}

#[test]
fn a_comment_below_belongs_to_what_is_above_if_it_stands_further_in() {
    check(
        "a:\n  b: 1\n  # still of a\nc: 2\n# the end\n",
        "a:\n  b: 1\n  # still of a\nc: 2\n# the end\n",
    );
    check(
        "a: >-\n  text\n  # not a comment\n# one\nb: 'x # no' # two\n",
        "a: 'text # not a comment'\n# one\nb: 'x # no' # two\n",
    );
    check(
        "a:\n- # of x\n  x: 1\n-   z\n",
        "a:\n  # of x\n  - x: 1\n  - z\n",
    );
}

#[test]
fn odd_but_plain_yaml_comes_through() {
    check("a: |\n\n  one\n", "a: \"\\none\\n\"\n");
    check(
        "a: >- # a > b | c\n  one\n\n  two\n",
        "a: >- # a > b | c\n  one\n\n  two\n",
    );
    check(
        "a:\n- - b\n  - c\n-\n  d: 1\n",
        "a:\n  - - b\n    - c\n  - d: 1\n",
    );
    check("? a\n: b\n", "a: b\n");
    check("'a # b': 1 # c\n'#d': 2\n", "'a # b': 1 # c\n'#d': 2\n");
    check("a: |\n  one  \n  two\n", "a: |\n  one  \n  two\n");
    check("a: >\n  one\n  two\n", "a: >\n  one\n  two\n");
    check("a:\nb:\n", "a:\nb:\n");
    check("a: [b: 1, c]\n", "a: [{b: 1}, c]\n");
    check("a: >-\n", "a: ''\n");
    check("a:\t'b'\t# c\n", "a: b # c\n");
}

#[test]
fn line_ends_and_marks_of_other_systems_go() {
    check("a: 1\r\nb: >-\r\n  one\r\n  two\r\n", "a: 1\nb: one two\n");
    check("--- # of all\na: 1\n", "# of all\na: 1\n");
}

#[test]
fn what_cannot_be_read_gets_one_problem() {
    for text in [
        "",
        "a: [",
        "- a\n",
        "a: &x 1\nb: *x\n",
        "a: 1\na: 2\n",
        "a: !!str 1\n",
    ] {
        assert_eq!(format(text).unwrap_err().as_slice().len(), 1, "{text:?}");
    }
}
