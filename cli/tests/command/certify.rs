//! Tests of `skypay certify`.

use serde_json::Value;

use crate::away::listening;
use crate::program::{Program, Ran};

fn certify(program: &Program, line: &str) -> Ran {
    program.line(&format!("certify {line}"))
}

#[test]
fn the_programs_own_server_passes_the_checks_of_its_callbacks() {
    let program = Program::new();
    let (_listener, url) = listening(&program, &[]);
    // Few checks, since what the server prints is not read.
    let line = format!(
        "{url} --only D01 --only D02 --only D20 --only D27 --only D31 \
         --callback payoutQueuePayout --callback financeNotification \
         --report report.json --report report.xml --report report.html"
    );
    let ran = certify(&program, &line).ended(0);
    assert!(ran.out.contains(" 0 failed"), "{}", ran.out);
    assert!(
        ran.out.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.out
    );
    let read = |name| std::fs::read_to_string(program.folder.path().join(name)).unwrap();
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["counts"]["passed"], 4, "{report}");
    assert_eq!(report["counts"]["not_evaluable"], 1, "{report}");
    assert!(read("report.html").starts_with("<!doctype html>"));
    assert!(read("report.xml").starts_with("<?xml"));
}

#[test]
fn a_server_that_fails_a_check_ends_with_1_and_the_command_that_repeats_it() {
    let program = Program::new();
    let (_listener, url) = listening(&program, &[]);
    let known = "[D02]\nreason = 'it is long since right'\nsince = '2026-11-02'\n";
    program.folder.write("known.toml", known);
    let ran = certify(&program, &format!("{url} --only D02 --expect known.toml")).ended(1);
    assert!(ran.out.contains("D02 failed"), "{}", ran.out);
    assert!(ran.out.contains("--only D02 --seed 1"), "{}", ran.out);
}

#[test]
fn what_cannot_be_checked_is_refused_before_anything_is_sent() {
    let program = Program::new();
    program.folder.write(
        "odd.toml",
        "urls = { balanceQuery = 'http://127.0.0.1/' }\n",
    );
    program
        .folder
        .write("host.toml", "url = 'https://partner.example/'\n");
    program.folder.write("line.toml", "url = 'x'\n\nfoo = 2\n");
    program
        .folder
        .write("expected.toml", "[D99]\nreason = 'x'\nsince = 'y'\n");
    for (line, problem) in [
        ("", "no URL for"),
        ("https://partner.example/", "is not this machine"),
        ("--config host.toml", "is not this machine"),
        ("http://127.0.0.1:1/ --only D99", "there is no check D99"),
        (
            "http://127.0.0.1:1/ --callback balanceQuery",
            "is not a callback",
        ),
        ("--config odd.toml", "balanceQuery is not a callback"),
        ("--config line.toml", "line.toml: line 3"),
        (
            "http://127.0.0.1:1/ --expect expected.toml",
            "there is no check D99",
        ),
        ("http://127.0.0.1:1/ --report x.pdf", "what kind of report"),
        ("http://user:secret@127.0.0.1/", "without credentials"),
    ] {
        let ran = certify(&program, line).ended(2);
        assert!(ran.err.contains(problem), "{line}: {}", ran.err);
        assert!(!ran.err.contains("secret"), "{line}: {}", ran.err);
    }
}
