//! The pull request workflow: the tasks that it calls have valid arguments, and
//! their output is handled correctly.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::temporary::{Repository, case};
use codegen::document::{self, Node};

const WORKFLOW: &str = include_str!("../../../.github/workflows/spec-review.yml");

/// Identifies the comment.
const MARKER: &str = "<!-- skypay-review -->";

fn program() -> PathBuf {
    xtask::built_into()
        .unwrap()
        .join(format!("xtask{EXE_SUFFIX}"))
}

/// Returns a step of a job by name.
fn step(job: &str, name: &str) -> Node {
    let workflow = document::load(WORKFLOW).unwrap();
    let job = workflow.get("jobs").and_then(|jobs| jobs.get(job)).unwrap();
    let mut steps = job.get("steps").unwrap().items().iter();
    let step = steps.find(|step| step.text_of("name") == Some(name));
    step.unwrap().clone()
}

/// Returns the script of a step, as started by the runner.
fn script(job: &str, name: &str) -> Command {
    let step = step(job, name);
    let mut bash = Command::new("bash");
    bash.args(["-e", "-c", step.text_of("run").unwrap()]);
    bash
}

/// Installs a program into a folder that comes first in `PATH`.
fn install(folder: &Path, name: &str, script: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", folder.display())
}

/// The output of the review step.
struct Reviewed {
    success: bool,
    comment: String,
    outputs: String,
    said: String,
}

/// Runs the review step in the folders of the workflow: with this tool, or
/// another script, in `base`, and a cargo that builds this tool in `head`.
fn reviewed(repository: &Repository, base: Option<&str>) -> Reviewed {
    let work = repository.0.join(".git/work");
    let _ = fs::remove_dir_all(&work);
    let tools = work.join("base/target/debug");
    let bin = work.join("bin");
    fs::create_dir_all(&tools).unwrap();
    fs::create_dir_all(&bin).unwrap();
    match base {
        Some(script) => {
            install(&tools, "xtask", script);
        }
        None => {
            fs::copy(program(), tools.join("xtask")).unwrap();
        }
    }
    let built = program();
    let built = built.display();
    let cargo = format!("mkdir -p target/debug\ncp '{built}' target/debug/xtask");
    let path = install(&bin, "cargo", &cargo);
    repository.git(&["clone", "--quiet", ".", ".git/work/head"]);
    let base = repository.git(&["rev-parse", "main"]);
    let output = script("review", "Review")
        .current_dir(work.join("head"))
        .env("PATH", path)
        .env("BASE", base.trim())
        .env("FILES", "https://example.com/blob/abc")
        .env("GITHUB_OUTPUT", work.join("outputs"))
        .env("GITHUB_STEP_SUMMARY", work.join("summary"))
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(work.join(name)).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Reviewed {
        success: output.status.success(),
        comment: read("review.md"),
        outputs: read("outputs"),
        said: said + &String::from_utf8_lossy(&output.stderr),
    }
}

#[test]
fn the_base_judges_the_document_of_the_pull_request() {
    let repository = Repository::new();
    repository.edit("07-request-maxlength-tightened");
    repository.commit("edit");
    let reviewed = reviewed(&repository, None);
    let Reviewed { comment, said, .. } = &reviewed;
    assert!(reviewed.success, "{said}");
    assert!(comment.starts_with(&format!("{MARKER}\n")), "{comment}");
    assert!(comment.contains("BREAKING for partners"), "{comment}");
    assert!(comment.contains("generated output"), "{comment}");
    assert!(!comment.contains("its own tools"), "{comment}");
    assert!(reviewed.outputs.contains("status=1\n"));
    assert!(said.contains("::error file=spec/skypay.yaml"), "{said}");
}

#[test]
fn what_another_generator_wrote_is_not_held_against_this_one() {
    let repository = Repository::new();
    repository.write("xtask/Cargo.toml", "# edited\n");
    repository.edit("07-request-maxlength-tightened");
    repository.commit("edit");
    let reviewed = reviewed(&repository, None);
    let Reviewed { comment, said, .. } = &reviewed;
    assert!(reviewed.success, "{said}");
    assert!(comment.contains("BREAKING for partners"), "{comment}");
    assert!(!comment.contains("generated output"), "{comment}");
}

/// A new keyword is supported only by the pull request's own tool.
#[test]
fn where_the_base_cannot_read_it_the_comment_says_who_judges() {
    let repository = Repository::new();
    repository.write("spec/skypay.yaml", &case("07-request-maxlength-tightened"));
    repository.commit("edit");
    let reviewed = reviewed(&repository, Some("exit 2"));
    let Reviewed { comment, said, .. } = &reviewed;
    assert!(reviewed.success, "{said}");
    assert!(comment.contains("BREAKING for partners"), "{comment}");
    let last = comment.lines().next_back().unwrap();
    assert!(last.contains("judged by its own tools"), "{comment}");
}

/// Returns the arguments of `cargo xtask` in a line, up to shell syntax.
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
    let tasks: Vec<_> = WORKFLOW.lines().filter_map(task).collect();
    let names: Vec<_> = tasks.iter().map(|words| words[0].as_str()).collect();
    assert_eq!(names, ["spec"]);
    for words in tasks {
        // Help is shown only if all preceding arguments are valid.
        let output = Command::new(program())
            .args(&words)
            .arg("--help")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
    }
}

/// Runs the comment step with a `gh` that finds this comment, and returns the
/// arguments of its calls; `None` if the review starts otherwise.
fn asked_of_gh(review: &str, found: &str) -> Vec<String> {
    let name = format!("target/tmp/workflow-{}-{found}", review.len());
    let folder = xtask::root().unwrap().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("review.md"), review).unwrap();
    let log = folder.join("log");
    let gh = format!(
        "echo \"$*\" >> '{}'\ncase \"$*\" in *--paginate*) echo {found};; esac",
        log.display()
    );
    let path = install(&folder, "gh", &gh);
    let step = step("comment", "Comment");
    let variables = step.get("env").unwrap();
    let status = script("comment", "Comment")
        .current_dir(&folder)
        .env("PATH", path)
        .env("AUTHOR", variables.text_of("AUTHOR").unwrap())
        .env("MARKER", variables.text_of("MARKER").unwrap())
        .env("COMMENTS", "repos/us/skypay/issues/7/comments")
        .status()
        .unwrap();
    assert_eq!(status.success(), log.exists());
    let log = fs::read_to_string(log).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_comment_is_written_once_and_then_replaced() {
    let review = format!("{MARKER}\n### x\n");
    let first = asked_of_gh(&review, "");
    assert_eq!(
        first[1],
        "api --method POST repos/us/skypay/issues/7/comments --field body=@review.md --silent"
    );
    let again = asked_of_gh(&review, "42");
    assert_eq!(
        again[1],
        "api --method PATCH repos/us/skypay/issues/comments/42 --field body=@review.md --silent"
    );
    assert_eq!(asked_of_gh("### no review\n", "42"), [""; 0]);
}

/// A comment by another author that contains the marker is not replaced.
#[test]
fn the_comment_that_is_replaced_is_our_own() {
    let asked = &asked_of_gh(&format!("{MARKER}\n"), "42")[0];
    assert!(asked.contains(".user.login == env.AUTHOR and"), "{asked}");
    assert!(asked.contains("startswith(env.MARKER)"), "{asked}");
    let step = step("comment", "Comment");
    let variables = step.get("env").unwrap();
    assert_eq!(variables.text_of("AUTHOR"), Some("github-actions[bot]"));
    assert_eq!(variables.text_of("MARKER"), Some(MARKER));
}
