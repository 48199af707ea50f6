//! The report in its forms.

use std::sync::Arc;

use skypay_certify::{
    CHECKS, Configuration, Credentials, Outcome, Report, Selection, expectations, run,
};

use crate::receiver::{pairs, start};

/// The seed of the canaries that must not be in any report.
const SEED: u64 = 4711;

async fn report(broken: &'static str, only: &[&str], expected: &str) -> Report {
    report_of(&start(broken).await, only, expected).await
}

async fn report_of(configuration: &Configuration, only: &[&str], expected: &str) -> Report {
    let [current, ..] = pairs().map(Arc::new);
    let credentials = Credentials {
        current,
        other: None,
        retired: None,
    };
    let selection = Selection {
        only: only.iter().map(|id| (*id).to_owned()).collect(),
        seed: SEED,
        expected: expectations(expected).unwrap(),
        command: "skypay certify http://127.0.0.1/".to_owned(),
        ..Selection::default()
    };
    run(configuration, &credentials, &selection, &())
        .await
        .unwrap()
}

#[tokio::test]
async fn no_form_of_a_report_has_a_secret_or_personal_data() {
    let report = report("D27", &["D02", "D10", "D21", "D27", "D38"], "").await;
    for text in [report.json(), report.junit(), report.html()] {
        for hidden in [
            "authentication current",
            "key current",
            "App@skypay",
            "Canary4711",
            "09123456789",
        ] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    // The texts that are hidden were sent.
    assert!(report.json().contains("[masked]"));
}

#[tokio::test]
async fn what_could_not_be_judged_is_skipped_in_junit() {
    let report = report("D02", &["D02", "D31"], "").await;
    let outcome = |id: &str| report.checks.iter().find(|it| it.id == id).unwrap().outcome;
    assert_eq!(outcome("D02"), Outcome::Failed);
    assert_eq!(outcome("D31"), Outcome::NotEvaluable);
    let junit = report.junit();
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    assert_eq!(
        junit.matches("<skipped ").count(),
        report.checks.len() - 1,
        "{junit}"
    );
}

#[tokio::test]
async fn a_known_failure_is_expected_until_it_does_not_fail_any_more() {
    let known = "[D02]\nreason = 'written as a number'\nsince = '2026-11-02'\n";
    let failing = report("D02", &["D02"], known).await;
    assert_eq!(failing.checks[0].outcome, Outcome::Expected);
    assert_eq!((failing.counts.failed, failing.counts.expected), (0, 1));
    let fixed = report("", &["D02"], known).await;
    assert_eq!(fixed.checks[0].outcome, Outcome::Failed);
    assert!(
        fixed.checks[0].reasons[0].contains("remove it"),
        "{:?}",
        fixed.checks[0].reasons
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_messages() {
    let messages = |report: Report| {
        let exchanges = report.checks.into_iter().flat_map(|check| check.exchanges);
        exchanges
            .map(|it| (it.operation, it.change, it.request))
            .collect::<Vec<_>>()
    };
    let only = ["D02", "D07", "D13", "D21"];
    let first = messages(report("", &only, "").await);
    assert_eq!(first, messages(report("", &only, "").await));
    assert!(first.len() > 20, "{}", first.len());
}

#[test]
fn each_rule_is_in_a_section_of_the_document() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let document = std::fs::read_to_string(format!("{folder}/../spec/skypay.yaml")).unwrap();
    for check in CHECKS.iter().copied().flatten() {
        let (section, _) = check.rule.split_once(':').unwrap_or((check.rule, ""));
        let heading = format!("\n    ## {section}\n");
        let is_known = section == "Beyond the document" || document.contains(&heading);
        assert!(is_known, "{}: {section}", check.id);
    }
}

#[tokio::test]
async fn a_check_names_the_chapters_of_the_callbacks_that_it_was_judged_on() {
    let report = report("", &["D08", "D31"], "").await;
    let callbacks = |id: &str| {
        let check = report.checks.iter().find(|check| check.id == id).unwrap();
        check
            .callbacks
            .iter()
            .map(|(name, chapter)| format!("{name} {chapter}"))
            .collect::<Vec<_>>()
    };
    let expected = ["financeNotification 8.1", "payoutQueuePayout 3.2"];
    assert_eq!(callbacks("D08"), expected);
    assert_eq!(callbacks("D31"), [""; 0]);
}

#[tokio::test]
async fn a_callback_that_could_not_be_judged_leaves_its_check_open() {
    let mut configuration = start("").await;
    configuration.fixtures.remove("financeNotification");
    let report = report_of(&configuration, &["B01", "B23"], "").await;
    let result = |id: &str| report.checks.iter().find(|it| it.id == id).unwrap();
    // B23 is about no other callback.
    for (id, others) in [("B01", 3), ("B23", 0)] {
        let check = result(id);
        assert_eq!(check.outcome, Outcome::NotEvaluable, "{id}");
        assert_eq!(check.callbacks.len(), others, "{id}: {:?}", check.callbacks);
        let why = "`fixtures.financeNotification` of the configuration";
        let not_judged = &check.not_judged["financeNotification"];
        assert!(not_judged.starts_with(why), "{id}: {not_judged}");
        assert_eq!(check.not_judged.len(), 1, "{id}");
        assert!(
            check.reasons[0].starts_with(why),
            "{id}: {:?}",
            check.reasons
        );
    }
    // A problem of another callback is one all the same.
    let mut broken = start("B01").await;
    broken.fixtures.remove("financeNotification");
    let report = report_of(&broken, &["B01"], "").await;
    assert_eq!(report.checks[0].outcome, Outcome::Failed);
    let last = report.checks[0].reasons.last().unwrap();
    assert!(last.starts_with("not judged: "), "{last}");
}

#[tokio::test]
async fn without_a_server_no_check_passes() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let text = format!("url = 'http://{address}/'");
    let configuration = Configuration::from_toml(&text).unwrap();
    let report = report_of(&configuration, &[], "").await;
    assert_eq!(report.counts.passed, 0, "{:#?}", report.checks.last());
}

#[test]
fn the_schema_of_the_report_is_published() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Report)).unwrap() + "\n";
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let file = std::path::Path::new(&folder).join("report.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&file, &schema).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        schema,
        "run with UPDATE_SCHEMA=1"
    );
}
