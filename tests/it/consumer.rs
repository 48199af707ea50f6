//! A service as another team would write it, outside the workspace: it depends on
//! the crates by path only, and prints what it does with them.

use std::fs;

use xtask::ci::CONSUMER;

use crate::workspace::run;

/// The output of `tests/consumer`: a payout that is accepted and reported as
/// paid, one that is rejected, one whose outcome is unknown, and one that cannot
/// be built.
const OUTPUT: &str = "\
SKY9800000101: accepted
SKY9800000101: Paid(2)
SKY9800000102: rejected, top up first
SKY9800000103: unknown, payoutQueryStatus about [\"SKY9800000103\"]
98-104: not built, controlNumber: must have at least 13 characters, not 6
98-104: not built, controlNumber: must match ^[A-Za-z0-9]{13,15}$
98-104: not built, amount: must be at least 0.01
";

#[test]
fn a_service_outside_the_workspace_builds_and_runs() {
    let root = xtask::root().unwrap();
    // Uses the workspace's versions, so that nothing has to be fetched.
    let lock = root.join(CONSUMER).with_file_name("Cargo.lock");
    fs::copy(root.join("Cargo.lock"), lock).unwrap();
    let printed = run(&root, &format!("run --manifest-path {CONSUMER}"));
    assert_eq!(printed, OUTPUT);
}
