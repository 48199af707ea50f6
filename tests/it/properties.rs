//! What has to hold for any message and any fault: both are made up, thousands
//! of them, from what the document says.
//!
//! Every run tries others. What fails is made as small as it can be and shown;
//! it then becomes a test of its own, so nothing is written down beside them.

mod encodings;
mod faults;
mod limits;
mod made_up;
mod messages;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

/// Tries that many values, or as many as `PROPTEST_CASES` says, and shows the
/// smallest for which something does not hold.
fn check<S: Strategy>(cases: u32, made_up: &S, holds: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = None;
    let result = TestRunner::new(config).run(made_up, holds);
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
