//! Each check of a program that orders payouts passes on a correct program, and fails
//! on the mutant that does wrong what it demands.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod partner;

use std::sync::Arc;

use partner::start;
use skypay_certify::{CHECKS, Configuration, Credentials, Level, Outcome, Report, Selection, run};
use skypay_runtime::keys;

async fn checked(configuration: &Configuration, only: &[&str]) -> Report {
    let keys = keys::Credentials::new("App@skypay", "authentication", "encrypt key").unwrap();
    let credentials = Credentials {
        current: Arc::new(keys),
        other: None,
        retired: None,
    };
    let selection = Selection {
        only: only.iter().map(|id| (*id).to_owned()).collect(),
        seed: 1,
        ..Selection::default()
    };
    run(configuration, &credentials, &selection, &())
        .await
        .unwrap()
}

fn all() -> Vec<&'static str> {
    let checks = CHECKS.iter().copied().flatten();
    let money = checks.filter(|check| check.level == Level::Money);
    money.map(|check| check.id).collect()
}

#[tokio::test]
async fn a_correct_program_passes_every_check() {
    let report = checked(&start("").await, &all()).await;
    let money = report.checks.iter().filter(|it| it.level == Level::Money);
    let found = money.filter(|it| it.outcome != Outcome::Passed);
    let found: Vec<_> = found.map(|it| (&it.id, it.outcome, &it.reasons)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test]
async fn each_mutant_fails_its_check() {
    let mut alive = Vec::new();
    for id in all() {
        let report = checked(&start(id).await, &[id]).await;
        let result = report.checks.iter().find(|result| result.id == id).unwrap();
        // What the program sent shows why.
        if result.outcome != Outcome::Failed || result.exchanges.is_empty() {
            alive.push(format!("{id}: {:?} {:?}", result.outcome, result.reasons));
        }
    }
    assert!(alive.is_empty(), "not detected:\n{}", alive.join("\n"));
}
