//! A service as another team would write it, outside the workspace: it depends on
//! the crates by path only, and prints what it does with them.

use std::fs;
use xtask::cargo;
use xtask::ci::CONSUMER;

/// The output of `tests/consumer`: a payout that is accepted and reported as
/// paid, one that is rejected, one whose outcome is unknown, and one that cannot
/// be built.
const OUTPUT: &str = "\
SKY9800000101: accepted
SKY9800000101: Paid(2)
SKY9800000102: rejected, top up first
SKY9800000103: unknown, payoutQueryStatus about [\"SKY9800000103\"]
98-104: not built, controlNumber: must have at least 13 characters
98-104: not built, controlNumber: must match ^[A-Za-z0-9]{13,15}$
98-104: not built, amount: must be at least 0.01
";

#[test]
fn a_service_outside_the_workspace_builds_and_runs() {
    let root = xtask::root().unwrap();
    let profile = xtask::built_into().unwrap();
    let target = profile.parent().unwrap();
    // Uses the workspace's versions, so that nothing has to be fetched.
    let lock = root.join(CONSUMER).with_file_name("Cargo.lock");
    fs::copy(root.join("Cargo.lock"), lock).unwrap();
    let arguments = format!("run --quiet --offline --manifest-path {CONSUMER}");
    let ran = cargo::command(&root, &arguments)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{complaints}");
    assert_eq!(complaints, "", "it builds without a warning");
    let out = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(out, OUTPUT);
}
