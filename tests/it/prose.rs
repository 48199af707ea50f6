//! Statements in the texts match the code: examples, proofs, paths, versions and
//! the table of crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use skypay_types::Direction;
use xtask::site::{self, PAGES};

fn read(path: &str) -> String {
    let file = xtask::root().unwrap().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the code spans of a text, outside fenced code.
fn quoted(text: &str) -> Vec<String> {
    let unfenced: String = text.split("```").step_by(2).collect();
    let parts = unfenced.split('`').skip(1).step_by(2);
    // A line break inside a code span counts as a space.
    parts.map(|part| part.replace('\n', " ")).collect()
}

/// Whether a code span is the path of a file or folder in this repository.
fn is_path(quotation: &str) -> bool {
    let folders = [
        "certify/",
        "cli/",
        "codegen/",
        "generated/",
        "journal/",
        "runtime/",
        "sandbox/",
        "spec-tools/",
        "spec/",
        "tests/",
        "xtask/",
        ".ci/",
    ];
    folders.iter().any(|folder| quotation.starts_with(folder))
        && !quotation.contains(['*', '<', '…', ' ', '{'])
}

#[test]
fn the_readme_shows_the_examples_that_compile() {
    let readme = read("README.md");
    for name in ["journal", "client", "callback_server"] {
        let example = read(&format!("tests/examples/{name}.rs"));
        let shown = format!("```rust\n{example}```\n");
        assert!(
            readme.contains(&shown),
            "README.md shows {name}.rs as it is"
        );
    }
    assert_eq!(readme.matches("```rust").count(), 3);
}

#[test]
fn the_guide_of_callbacks_shows_code_that_compiles() {
    let program = read("tests/examples/axum.rs").replace("\n    ", "\n");
    let guide = read("docs/callbacks.md");
    let (_, block) = guide.split_once("```rust\n").unwrap();
    let (shown, _) = block.split_once("```").unwrap();
    assert!(program.contains(shown), "axum.rs does not have:\n{shown}");
}

#[test]
fn the_guide_of_the_journal_shows_code_that_runs() {
    let program = read("journal/examples/guide.rs");
    let guide = read("docs/journal.md");
    let blocks: Vec<_> = guide.split("```rust\n").skip(1).collect();
    assert!(blocks.len() > 5, "{}", blocks.len());
    for block in blocks {
        let (code, _) = block.split_once("```").unwrap();
        for item in code.split("\n}\n\n") {
            let item = item.trim_end();
            assert!(program.contains(item), "guide.rs lacks:\n{item}");
        }
    }
}

/// Every metric has an alert rule, and no rule is about another one.
#[test]
fn the_alert_rules_are_about_the_metrics_of_the_journal() {
    let metrics = |text: &str| -> BTreeSet<String> {
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let names = words.filter(|word| word.starts_with("skypay_journal_"));
        names.map(str::to_owned).collect()
    };
    let recorded = metrics(&read("journal/src/metrics.rs"));
    assert!(recorded.len() > 8, "{recorded:?}");
    assert_eq!(metrics(&read("docs/journal-alerts.yaml")), recorded);
    assert_eq!(metrics(&read("docs/journal.md")), recorded);
}

#[test]
fn the_readme_names_the_rust_version_that_is_needed() {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("rust-version = \"").unwrap();
    let (version, _) = rest.split_once('"').unwrap();
    assert!(read("README.md").contains(&format!("Rust {version}")));
}

#[test]
fn the_texts_count_as_the_document_does() {
    let all = skypay_types::OPERATIONS;
    let to_skypay = all
        .iter()
        .filter(|info| info.direction == Direction::ToProvider);
    let operations = to_skypay.count();
    let callbacks = all.len() - operations;
    for text in ["README.md", "CHANGELOG.md"] {
        let words = read(text);
        let counts = [
            format!("{operations} operations"),
            format!("{callbacks} callbacks"),
        ];
        let left: Vec<_> = counts
            .iter()
            .filter(|count| !words.contains(*count))
            .collect();
        assert!(left.is_empty(), "{text} has to say {left:?}");
    }
}

#[test]
fn every_path_in_the_texts_exists() {
    for text in PAGES {
        let beside = xtask::root().unwrap().join(text).with_file_name("");
        for path in quoted(&read(text)).iter().filter(|path| is_path(path)) {
            let exists = xtask::root().unwrap().join(path).exists() || beside.join(path).exists();
            assert!(exists, "{text}: {path}");
        }
    }
}

#[test]
fn every_link_between_the_texts_leads_somewhere() {
    for text in PAGES {
        let content = read(text);
        let folder = Path::new(text).parent().unwrap();
        for link in content.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            let (file, _) = link.split_once('#').unwrap_or((link, ""));
            if !link.contains("://") && !file.is_empty() {
                let target = xtask::root().unwrap().join(folder).join(file);
                assert!(target.exists(), "{text}: {link}");
            }
        }
    }
    let site = site::rendered(&xtask::root().unwrap()).unwrap();
    assert_eq!(site.broken, [""; 0], "headings that do not exist");
}

/// `Proof:` is followed by test names, each group preceded by its file, or by a
/// file alone.
#[test]
fn every_proof_that_is_claimed_exists() {
    let security = read("SECURITY.md");
    let mut proofs = 0;
    for claim in security.split("Proof:").skip(1) {
        let (claim, _) = claim.split_once("\n\n").unwrap_or((claim, ""));
        let mut names = Vec::new();
        for quotation in quoted(claim) {
            if !is_path(&quotation) {
                names.push(quotation);
                continue;
            }
            let file = read(&quotation);
            for name in names.drain(..) {
                let function = format!("fn {name}(");
                assert!(file.contains(&function), "{quotation} has {name}");
            }
            proofs += 1;
        }
        assert_eq!(names, [""; 0], "each test is followed by its file");
    }
    assert!(proofs > 15, "{proofs}");
}
