//! Random Markdown from all syntax that has a meaning in Markdown or rustdoc.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Fragments with a meaning, alone or in combination.
const PIECES: &[&str] = &[
    "```\n",
    "```rust\n",
    "```ignore,no_run\n",
    "````\n",
    "~~~\n",
    "~~~rust\n",
    "    let x = 1;\n",
    "\tlet y;\n",
    "# hidden\n",
    "## Heading\n",
    "===\n",
    "---\n",
    "***\n",
    "> ",
    ">> ",
    "- ",
    "+ ",
    "* ",
    "1. ",
    "2) ",
    "10. ",
    "  ",
    "\n",
    "\n\n",
    "\n\n\n",
    "| a | b |\n|---|---|\n| c | `d|e` |\n",
    "|",
    ":-:",
    "`",
    "``",
    "`code`",
    "`` a`b ``",
    "``` c ```",
    "*",
    "**",
    "_",
    "__",
    "~~",
    "***x***",
    "[1]",
    "[x]: y\n",
    "[x](y)",
    "[x](<https://example.com>)",
    "[`Vec`]",
    "[Vec::new()]",
    "[crate::x]",
    "[^1]",
    "[^1]: note\n",
    "[ ] ",
    "- [x] done\n",
    "![picture](https://example.com/a.png)",
    "https://example.com",
    "http://example.com/a_b?c=[d]",
    "<https://example.com>",
    "<mailto:a@b.c>",
    "www.example.com",
    "<callerName>",
    "List<String>",
    "</b>",
    "<b>",
    "<!-- note -->",
    "<!--",
    "<div>\n",
    "<script>alert(1)</script>",
    "<?php ?>",
    "&lt;",
    "&amp;",
    "&#35;",
    "\\",
    "\\`",
    "\\[",
    "\\\n",
    "$x$",
    "{#id}",
    "@name",
    "#[test]",
    "//!",
    "/*",
    "*/",
    "\"#",
    "'",
    "a",
    "word ",
    "one two three four ",
    "a very long line that has to be broken between words, since it is longer than eighty columns ",
    "fn main() { panic!() }\n",
    "assert!(false);\n",
    "Größe ",
    "金额 ",
    "e\u{301}",
    "\u{1f4b0}",
    ".",
    "!",
];

/// Returns `count` texts, the same for every run.
pub(crate) fn texts(count: usize) -> Vec<String> {
    let pieces = prop::collection::vec(select(PIECES), 1..24);
    let text = pieces.prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    let mut texts: Vec<_> = PIECES.iter().map(|piece| (*piece).to_owned()).collect();
    while texts.len() < count {
        texts.push(text.new_tree(&mut runner).unwrap().current());
    }
    // Empty texts are refused.
    texts.retain(|text| !text.trim().is_empty());
    texts
}
