//! Properties that hold for any message and any fault: thousands of both are
//! generated from the document.
//!
//! Every run uses different values. A failing case is minimized and shown; it is
//! then added as a regular test, so that no regression files are kept.

mod encodings;
mod faults;
mod limits;
mod made_up;
mod messages;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

/// Tests `cases` values, or as many as `PROPTEST_CASES` specifies, and shows the
/// smallest one that fails.
fn check<S: Strategy>(cases: u32, made_up: &S, holds: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = None;
    let result = TestRunner::new(config).run(made_up, holds);
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
