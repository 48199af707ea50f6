//! Banned words: metaphors and personifications for which a standard term exists.

use std::fs;

use xtask::git;

/// Words and their replacements.
const WORDS: &[(&str, &str)] = &[
    ("blanks", "whitespace"),
    ("carriage", "the result of a command"),
    ("courier", "delivery"),
    ("desk", "form"),
    ("errand", "delivery job"),
    ("house", "simulator"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("nobody", "say what does not happen, or who it is"),
    ("spelled", "encoded, or written"),
    ("so many words", "literally"),
    ("well-kept", "maintained"),
    ("whatever", "say what"),
    ("whoever", "say who"),
];

/// Files that use a word in its literal meaning.
const USED: &[(&str, &str, &str)] = &[
    ("tests/it/words.rs", "", "it lists the words"),
    (
        "tests/second-api/",
        "courier",
        "couriers are the trade of this API",
    ),
];

const ENDINGS: [&str; 13] = [
    "css", "csv", "html", "jinja", "js", "md", "mjs", "py", "rs", "sh", "toml", "yaml", "yml",
];

#[test]
fn words_with_a_better_term_do_not_come_back() {
    let root = xtask::root().unwrap();
    let files = git::command(&root).arg("ls-files").output().unwrap();
    assert!(files.status.success());
    let files = String::from_utf8(files.stdout).unwrap();
    let mut found = Vec::new();
    let mut read = 0;
    for file in files.lines().filter(|file| {
        let (_, ending) = file.rsplit_once('.').unwrap_or_default();
        ENDINGS.contains(&ending)
    }) {
        let Ok(text) = fs::read_to_string(root.join(file)) else {
            continue;
        };
        read += 1;
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            for (word, instead) in WORDS {
                let used = USED.iter().any(|(place, used, _)| {
                    file.starts_with(place) && (used.is_empty() || used == word)
                });
                if !used && has_word(&line, word) {
                    found.push(format!("{file}:{}: {word}: {instead}", number + 1));
                }
            }
        }
    }
    assert!(read > 300, "{read}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a line contains a word, as a whole word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphabetic)
    })
}

#[test]
fn a_word_is_found_alone_only() {
    for (line, found) in [
        ("the house fell", true),
        ("house.rs", true),
        ("a_full_house_still", true),
        ("household", false),
        ("warehouse", false),
    ] {
        assert_eq!(has_word(line, "house"), found, "{line}");
    }
}
