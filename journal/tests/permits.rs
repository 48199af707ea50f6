//! The examples of [`Permit`](skypay_journal::Permit) that must not compile fail with the
//! error that they name. Only with unstable features on does rustdoc compare it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The examples of a source file that must not compile, as Markdown.
fn examples(source: &str) -> String {
    let docs = source
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("///"));
    let docs: Vec<_> = docs
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let docs = docs.join("\n");
    let fences = docs
        .split("```")
        .filter(|fence| fence.starts_with("compile_fail"));
    fences.map(|fence| format!("```{fence}```\n\n")).collect()
}

/// The newest library of this package in the folder of this test, which was built with it.
fn library(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let paths = files.map(|file| file.path());
    let libraries = paths.filter(|path| {
        let name = path.file_stem().unwrap().to_string_lossy();
        name.starts_with("libskypay_journal-") && path.extension().is_some_and(|end| end == "rlib")
    });
    let age = |path: &PathBuf| -> SystemTime { fs::metadata(path).unwrap().modified().unwrap() };
    libraries.max_by_key(age).unwrap()
}

#[test]
fn what_must_not_compile_fails_with_the_error_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("permits.md");
    let examples = examples(include_str!("../src/send.rs"));
    let count = examples.matches("compile_fail,E").count();
    assert_eq!(count, 4);
    fs::write(&file, examples).unwrap();
    let program = env::current_exe().unwrap();
    let libraries = program.parent().unwrap();
    let rustdoc = PathBuf::from(env::var_os("CARGO").unwrap()).with_file_name("rustdoc");
    let tested = Command::new(rustdoc)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--test", "--edition", "2024"])
        .arg("--extern")
        .arg(format!("skypay_journal={}", library(libraries).display()))
        .arg("-L")
        .arg(format!("dependency={}", libraries.display()))
        .arg(&file)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&tested.stdout);
    assert!(printed.contains(&format!("{count} passed")), "{tested:?}");
}
