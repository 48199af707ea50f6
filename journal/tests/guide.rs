//! Runs the code of docs/journal.md against the sandbox.

#![cfg(feature = "sqlite")]

#[path = "../examples/guide.rs"]
#[expect(dead_code, reason = "its main is not called")]
mod guide;

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_runs_against_the_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    guide::run(folder.path()).await.expect("it runs to its end");
}
