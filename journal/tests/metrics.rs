//! What the journal counts and measures.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use rusqlite::Connection;
use skypay_client::types::Date;
use skypay_journal::{
    Answer, CallOutcome, PayoutRequest, Policy, Provider, ReportRow, Sqlite, Statuses, Sweeper,
    describe_metrics,
};

use crate::support::{SameRequest, journal, request};

/// The metrics of a thread by their names and labels.
#[derive(Default)]
struct Recorded {
    counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    gauges: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    described: AtomicU64,
}

fn entry(all: &Mutex<BTreeMap<String, Arc<AtomicU64>>>, key: &Key) -> Arc<AtomicU64> {
    let labels: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
    let name = format!("{} {}", key.name(), labels.join(" "));
    Arc::clone(
        all.lock()
            .unwrap()
            .entry(name.trim().to_owned())
            .or_default(),
    )
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.fetch_add(1, Ordering::Relaxed);
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        self.described.fetch_add(1, Ordering::Relaxed);
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(entry(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(entry(&self.gauges, key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

impl Recorded {
    fn counter(&self, name: &str) -> u64 {
        self.counters.lock().unwrap()[name].load(Ordering::Relaxed)
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.gauges.lock().unwrap()[name].load(Ordering::Relaxed))
    }
}

/// Loses every request and every question.
struct Lost;

impl Provider for Lost {
    async fn send<R: PayoutRequest>(&self, _: &R) -> Answer {
        Answer {
            outcome: CallOutcome::Unknown,
            code: None,
        }
    }

    async fn statuses(&self, _: &[String]) -> Result<Statuses, String> {
        Err("nothing arrives".to_owned())
    }

    async fn report(&self, _: Date) -> Result<Vec<ReportRow>, String> {
        Err("nothing arrives".to_owned())
    }
}

/// One payout is sent and lost, one is not sent, and a round asks in vain.
async fn lose_a_payout() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let policy = Policy {
        send_limit: Duration::from_secs(1),
        call_limit: Duration::ZERO,
        query_delay: Duration::ZERO,
        ..Policy::default()
    };
    let store = Sqlite::open(&file).unwrap();
    let journal = journal(store, policy).await;
    let mut db = Connection::open(&file).unwrap();
    let mut transaction = db.transaction().unwrap();
    let payout = Sqlite::complete(journal.order(&mut transaction, "101", request)).unwrap();
    transaction.commit().unwrap();
    let _ = journal.send(&Lost, &payout).await.unwrap();
    let sweeper = Sweeper::new(journal.clone(), Lost, SameRequest);
    while sweeper.round().await.unwrap().failed.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Then nothing is asked any more.
    journal.hold().await.unwrap();
    assert_eq!(sweeper.round().await.unwrap().asked, 0);
}

#[test]
fn calls_questions_and_what_is_not_settled_are_measured() {
    let recorded = Recorded::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    with_local_recorder(&recorded, || {
        describe_metrics();
        runtime.block_on(lose_a_payout());
    });
    assert_eq!(recorded.described.load(Ordering::Relaxed), 11);
    let sent = "skypay_journal_calls_total payoutQueue unknown";
    assert_eq!(recorded.counter(sent), 1);
    assert_eq!(recorded.counter("skypay_journal_questions_total failed"), 1);
    for (gauge, expected) in [
        ("unknown_payouts", 1.0..1.5),
        ("oldest_unknown_seconds", 0.9..600.0),
        ("contradictions", 0.0..0.5),
        ("open_changes", 0.0..0.5),
        ("oldest_change_seconds", 0.0..0.5),
        ("conflicting_callbacks", 0.0..0.5),
        ("held", 1.0..1.5),
        ("last_round_timestamp_seconds", 1.7e9..1e11),
    ] {
        let value = recorded.gauge(&format!("skypay_journal_{gauge}"));
        assert!(expected.contains(&value), "{gauge}: {value}");
    }
    assert!(recorded.gauge("skypay_journal_sweep_lag_seconds") >= 0.0);
}
