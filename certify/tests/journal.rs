//! The journal's example service fails no check of any level.

use std::sync::Arc;

use skypay_certify::{Credentials, Outcome, Selection, run};
use skypay_runtime::keys;

use crate::journal_service::start;

/// What cannot be judged: D31 to D34 need more keys, an allow list and https, and the
/// rest callbacks that the service does not offer.
const NOT_EVALUABLE: [&str; 17] = [
    "B10", "B11", "B12", "B13", "B15", "B16", "B17", "B18", "B19", "B25", "B26", "D14", "D16",
    "D31", "D32", "D33", "D34",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_journals_service_fails_no_check() {
    let keys = || keys::Credentials::new("App@skypay", "authentication", "encrypt key").unwrap();
    let configuration = start(keys()).await;
    let credentials = Credentials {
        current: Arc::new(keys()),
        other: None,
        retired: None,
    };
    let offered = ["payoutQueuePayout", "financeNotification"];
    let selection = Selection {
        callbacks: offered.map(str::to_owned).into(),
        ..Selection::default()
    };
    let report = run(&configuration, &credentials, &selection, &())
        .await
        .unwrap();
    let with = |outcome| {
        let checks = report.checks.iter().filter(move |it| it.outcome == outcome);
        checks.map(|check| (check.id.as_str(), &check.reasons))
    };
    for outcome in [Outcome::Failed, Outcome::Warning] {
        let found: Vec<_> = with(outcome).collect();
        assert!(found.is_empty(), "{outcome:?} {found:?}");
    }
    let mut unjudged: Vec<_> = with(Outcome::NotEvaluable).map(|(id, _)| id).collect();
    unjudged.sort_unstable();
    assert_eq!(unjudged, NOT_EVALUABLE);
}
