//! Each check of a program that orders payouts passes on a correct program, and fails
//! on the mutant that does wrong what it demands.

use std::sync::Arc;

use skypay_certify::{CHECKS, Configuration, Credentials, Level, Outcome, Report, Selection, run};
use skypay_runtime::keys;

use crate::partner::{ALL_UNKNOWN, TOO_MANY, start};

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
    let mutants = all().into_iter().map(|id| (id, id, ""));
    let more = [
        (TOO_MANY, "M13", "a query about 61 payouts"),
        (ALL_UNKNOWN, "M01", "unknown after 48 hours"),
    ];
    let mut alive = Vec::new();
    for (mutant, id, problem) in mutants.chain(more) {
        let report = checked(&start(mutant).await, &[id]).await;
        let result = report.checks.iter().find(|result| result.id == id).unwrap();
        let is_why = result.reasons.iter().any(|why| why.contains(problem));
        // What the program sent shows why.
        if result.outcome != Outcome::Failed || result.exchanges.is_empty() || !is_why {
            let (outcome, reasons) = (result.outcome, &result.reasons);
            alive.push(format!("{mutant}: {outcome:?} {reasons:?}"));
        }
    }
    assert!(alive.is_empty(), "not detected:\n{}", alive.join("\n"));
}
