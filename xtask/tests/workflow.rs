//! The workflow of pull requests calls only tasks that exist, with options
//! that they have.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use codegen::document::{self, Node};

const WORKFLOW: &str = include_str!("../../.github/workflows/spec-review.yml");

/// The scripts of all steps.
fn scripts(workflow: &Node) -> Vec<&str> {
    let jobs = workflow.get("jobs").unwrap().entries();
    let steps = jobs
        .iter()
        .flat_map(|job| job.node.get("steps").unwrap().items());
    steps.filter_map(|step| step.text_of("run")).collect()
}

/// The words after `cargo xtask` in a line, up to what belongs to the shell.
fn task(line: &str) -> Option<Vec<String>> {
    let (_, words) = line.split_once("cargo xtask ")?;
    let words = words.split_whitespace();
    let words = words.take_while(|word| !["||", "&&", "|", ">"].contains(word));
    Some(
        words
            .map(|word| word.trim_matches('"').to_owned())
            .collect(),
    )
}

#[test]
fn it_calls_tasks_as_they_want_to_be_called() {
    let workflow = document::load(WORKFLOW).unwrap();
    let scripts = scripts(&workflow);
    let lines = scripts.iter().flat_map(|script| script.lines());
    let tasks: Vec<_> = lines.filter_map(task).collect();
    let names: Vec<_> = tasks.iter().map(|words| words[0].as_str()).collect();
    assert_eq!(names, ["review", "review", "docs"]);
    for words in tasks {
        // Help is shown only where everything before it is understood.
        let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(&words)
            .arg("--help")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
    }
}

#[test]
fn the_comment_is_found_again_by_the_first_line() {
    let marker = "<!-- skypay-review -->\n";
    let review = include_str!("../src/review/markdown.rs");
    assert!(review.contains(&format!("\"{}\"", marker.trim_end())));
    assert!(WORKFLOW.contains("head -n 1 target/review.md"));
}

/// Nothing that a stranger can name is pasted into a script.
#[test]
fn scripts_take_nothing_from_the_event_but_by_the_environment() {
    let workflow = document::load(WORKFLOW).unwrap();
    for script in scripts(&workflow) {
        assert!(!script.contains("${{"), "{script}");
    }
}

/// Runs the step that comments, with a `gh` that finds this comment, and gives
/// what was asked of it.
fn asked_of_gh(found: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("workflow{found}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("target")).unwrap();
    fs::write(
        folder.join("target/review.md"),
        "<!-- skypay-review -->\n### x\n",
    )
    .unwrap();
    let log = folder.join("log");
    let gh = folder.join("gh");
    let stub = format!(
        "#!/bin/sh\necho \"$marker $*\" >> '{}'\ncase \"$*\" in *--paginate*) echo {found};; esac\n",
        log.display()
    );
    fs::write(&gh, stub).unwrap();
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
    let workflow = document::load(WORKFLOW).unwrap();
    let jobs = workflow.get("jobs").unwrap().entries();
    let mut steps = jobs[0].node.get("steps").unwrap().items().iter();
    let step = steps.find(|step| step.text_of("name") == Some("Comment"));
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let status = Command::new("bash")
        .args(["-e", "-c", step.unwrap().text_of("run").unwrap()])
        .current_dir(&folder)
        .env("PATH", path)
        .env("COMMENTS", "repos/us/skypay/issues/7/comments")
        .status()
        .unwrap();
    assert!(status.success());
    let log = fs::read_to_string(log).unwrap();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_comment_is_written_once_and_then_replaced() {
    let marker = "<!-- skypay-review -->";
    let first = asked_of_gh("");
    assert_eq!(
        first[1],
        format!(
            "{marker} api --method POST repos/us/skypay/issues/7/comments --field \
             body=@target/review.md --silent"
        )
    );
    let again = asked_of_gh("42");
    assert!(again[0].contains("startswith(env.marker)"), "{again:?}");
    assert_eq!(
        again[1],
        format!(
            "{marker} api --method PATCH repos/us/skypay/issues/comments/42 --field \
             body=@target/review.md --silent"
        )
    );
}
