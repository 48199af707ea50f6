//! Rules for all workflows: all actions are pinned, and no code of a pull request
//! runs with a write token.

use std::fs;

use codegen::document;
use serde_json::Value;

/// Returns every workflow by file name: its text and its parsed value.
fn workflows() -> Vec<(String, String, Value)> {
    let folder = xtask::root().unwrap().join(".github/workflows");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path).unwrap();
        let json = document::load(&text).unwrap().to_pretty_json();
        found.push((name, text, serde_json::from_str(&json).unwrap()));
    }
    assert!(found.len() > 1);
    found
}

/// Returns the jobs of a workflow, by name.
fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

fn steps(job: &Value) -> &Vec<Value> {
    job["steps"].as_array().unwrap()
}

/// Whether permissions are listed, and none of them grants writing.
fn only_read(permissions: &Value) -> bool {
    let listed = permissions.as_object();
    listed.is_some_and(|listed| {
        listed
            .values()
            .all(|access| access == "read" || access == "none")
    })
}

#[test]
fn every_action_is_pinned_by_commit_and_names_its_version() {
    for (file, text, _) in workflows() {
        let mut pinned = 0;
        for line in text.lines() {
            let Some((_, action)) = line.split_once("uses:") else {
                continue;
            };
            let parts = action.trim().split_once('@');
            let parts = parts.and_then(|(_, pin)| pin.split_once(" # v"));
            let (commit, version) = parts.unwrap_or_else(|| panic!("{file}: {line}"));
            let is_hex = |letter: char| letter.is_ascii_hexdigit() && !letter.is_uppercase();
            assert!(
                commit.len() == 40 && commit.chars().all(is_hex),
                "{file}: {line}"
            );
            assert_eq!(version.split('.').count(), 3, "{file}: {line}");
            pinned += 1;
        }
        assert!(pinned > 0, "{file}");
    }
}

#[test]
fn what_may_write_runs_nothing_of_a_pull_request() {
    for (file, text, workflow) in workflows() {
        // They run with a write token, for code of any contributor.
        for event in ["pull_request_target", "workflow_run"] {
            assert!(!text.contains(event), "{file}: {event}");
        }
        assert!(only_read(&workflow["permissions"]), "{file}");
        for (name, job) in jobs(&workflow) {
            let reads = job.get("permissions").is_none_or(only_read);
            for step in steps(job) {
                let action = step["uses"].as_str().unwrap_or_default();
                if action.starts_with("actions/checkout@") {
                    assert!(reads, "{file}: {name} has a copy of the pull request");
                    // Otherwise the token is stored in the checkout.
                    let keeps = &step["with"]["persist-credentials"];
                    assert_eq!(keeps, &Value::Bool(false), "{file}: {name}");
                }
                let script = step["run"].as_str().unwrap_or_default();
                for program in ["cargo", ".ci/", "git clone", "git fetch"] {
                    assert!(reads || !script.contains(program), "{file}: {name}");
                }
            }
        }
    }
}

/// Values that outsiders control are never interpolated into a script.
#[test]
fn scripts_take_nothing_from_the_event_but_by_the_environment() {
    for (file, _, workflow) in workflows() {
        for (_, job) in jobs(&workflow) {
            for step in steps(job) {
                let script = step["run"].as_str().unwrap_or_default();
                assert!(!script.contains("${{"), "{file}: {script}");
            }
        }
    }
}

#[test]
fn pushes_and_pull_requests_have_to_pass_everything() {
    let workflows = workflows();
    let (_, _, ci) = workflows
        .iter()
        .find(|(file, ..)| file == "ci.yml")
        .unwrap();
    for event in ["push", "pull_request"] {
        assert!(ci["on"].get(event).is_some(), "{event}");
    }
    let mut scripts = jobs(ci).flat_map(|(_, job)| steps(job));
    assert!(scripts.any(|step| step["run"] == ".ci/run"));
}

/// Its token is read-only: its pull requests must not fail because of that.
#[test]
fn no_job_of_dependabot_wants_to_write() {
    for (file, _, workflow) in workflows() {
        if workflow["on"].get("pull_request").is_none() {
            continue;
        }
        for (name, job) in jobs(&workflow) {
            if job.get("permissions").is_none_or(only_read) {
                continue;
            }
            let condition = job["if"].as_str().unwrap_or_default();
            for needed in [
                "github.actor != 'dependabot[bot]'",
                "github.event.pull_request.head.repo.full_name == github.repository",
            ] {
                assert!(condition.contains(needed), "{file}: {name}: {needed}");
            }
        }
    }
}
