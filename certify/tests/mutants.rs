//! Each check passes on a correct receiver and fails on the mutant that does wrong
//! what it demands.

use std::sync::Arc;

use skypay_certify::{CHECKS, Check, Credentials, Level, Outcome, Report, Selection, run};

use crate::receiver::{pairs, start};

/// The check that others include.
const PART: &str = "B17";

/// The checks that a correct receiver cannot pass here: no authority gives loopback a
/// certificate.
const NOT_HERE: [&str; 2] = ["D34", PART];

fn all() -> impl Iterator<Item = &'static Check> {
    let all = CHECKS.iter().copied().flatten();
    all.filter(|check| check.level != Level::Money)
}

async fn checked(broken: &'static str, only: &[&str]) -> Report {
    let configuration = start(broken).await;
    let [current, other, retired] = pairs().map(Arc::new);
    let credentials = Credentials {
        current,
        other: Some(other),
        retired: Some(retired),
    };
    let selection = Selection {
        only: only.iter().map(|id| (*id).to_owned()).collect(),
        command: "skypay certify".to_owned(),
        ..Selection::default()
    };
    run(&configuration, &credentials, &selection, &())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_correct_receiver_passes_every_check() {
    let report = checked("", &[]).await;
    let callbacks = report.checks.iter();
    for check in callbacks.filter(|check| check.level != Level::Money) {
        let expected = if NOT_HERE.contains(&check.id.as_str()) {
            Outcome::NotEvaluable
        } else {
            Outcome::Passed
        };
        assert_eq!(check.outcome, expected, "{} {:?}", check.id, check.reasons);
    }
}

#[tokio::test]
async fn each_mutant_fails_its_check() {
    let mut alive = Vec::new();
    for check in all().filter(|check| check.id != PART) {
        let report = checked(check.id, &[check.id]).await;
        let result = report
            .checks
            .iter()
            .find(|result| result.id == check.id)
            .unwrap();
        if !matches!(result.outcome, Outcome::Failed | Outcome::Warning) {
            alive.push(format!(
                "{}: {:?} {:?}",
                check.id, result.outcome, result.reasons
            ));
        }
    }
    assert!(alive.is_empty(), "not detected:\n{}", alive.join("\n"));
}
