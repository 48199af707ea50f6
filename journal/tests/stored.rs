//! What the database files hold: nothing personal, and no tables that this version
//! does not know.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value as Json, json};
use skypay_client::types::{
    CollectionCollectRequest, CollectionInquiryRequest, FinanceNotificationRequest, Operation,
    PayoutChannel, PayoutInquiryRequest, PayoutPayoutRequest, PayoutQueuePayoutRequest,
    PayoutQueueRequest, PayoutQueueV2Request, read::from_slice,
};
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{Inbox, Journal, PayoutRequest, Policy, Postgres, Sqlite, Store, Work};

use crate::support::databases::{SERVER, Schema, sqlite_file};
use crate::support::{journal, secret};

/// What must not be stored: the values of all fields that hold personal data.
#[derive(Clone, Default)]
struct Canaries(BTreeSet<String>);

impl Canaries {
    /// The example of an operation, with canaries where it has personal data.
    fn example<O: Operation>(&mut self) -> Json {
        let mut request: Json = serde_json::from_str(O::INFO.request_example).unwrap();
        for field in O::INFO.personal_data {
            let Some(value) = request.get_mut(*field) else {
                continue;
            };
            // Short values, such as a prefix, occur elsewhere too.
            if *field == "accountNo" {
                *value = json!("1199337755");
            }
            if let Some(text) = value.as_str().filter(|text| text.len() > 7) {
                self.0.insert(text.to_owned());
            }
        }
        request
    }

    fn none_in(&self, stored: &[u8]) {
        assert!(self.0.len() > 4, "{:?}", self.0);
        for canary in &self.0 {
            let found = stored
                .windows(canary.len())
                .any(|part| part == canary.as_bytes());
            assert!(!found, "{canary} is stored");
        }
    }
}

fn read<O: Operation>(json: &Json) -> O {
    from_slice(json.to_string().as_bytes()).unwrap()
}

/// Orders payouts on every channel, and receives every callback.
#[derive(Clone)]
struct Everything<S> {
    journal: Journal<S>,
    payouts: Vec<Json>,
    cash_pickup: Json,
    callbacks: Vec<Json>,
}

impl<S: Store> Everything<S> {
    async fn new(store: S, canaries: &mut Canaries) -> Self {
        let payout = canaries.example::<PayoutQueueRequest>();
        let channels = PayoutChannel::ALL.iter().map(|channel| {
            let mut payout = payout.clone();
            payout["withdrawChannel"] = json!(channel.as_ref());
            payout
        });
        Self {
            journal: journal(store, Policy::default()).await,
            payouts: channels.collect(),
            cash_pickup: canaries.example::<PayoutQueueV2Request>(),
            callbacks: vec![
                canaries.example::<PayoutQueuePayoutRequest>(),
                canaries.example::<PayoutInquiryRequest>(),
                canaries.example::<PayoutPayoutRequest>(),
                canaries.example::<CollectionInquiryRequest>(),
                canaries.example::<CollectionCollectRequest>(),
                canaries.example::<FinanceNotificationRequest>(),
            ],
        }
    }

    async fn order<O: PayoutRequest, D: Database>(&self, db: &mut D, order: usize, payout: &Json) {
        let make = |number: &str| {
            let mut payout = payout.clone();
            payout["controlNumber"] = json!(number);
            Ok::<O, std::fmt::Error>(read(&payout))
        };
        let order = (10_000_000 + order).to_string();
        self.journal.order(db, &order, make).await.unwrap();
    }
}

impl<S: Store> Work for Everything<S> {
    type Output = ();

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<(), DatabaseError> {
        for (order, payout) in self.payouts.iter().enumerate() {
            self.order::<PayoutQueueRequest, _>(db, order, payout).await;
        }
        let order = self.payouts.len();
        self.order::<PayoutQueueV2Request, _>(db, order, &self.cash_pickup)
            .await;
        let inbox = Inbox::new(secret());
        let [queued, inquiry, paid, contract, collected, moved] = &self.callbacks[..] else {
            panic!("there are six callbacks");
        };
        inbox
            .take(db, &read::<PayoutQueuePayoutRequest>(queued))
            .await
            .unwrap();
        inbox
            .take(db, &read::<PayoutInquiryRequest>(inquiry))
            .await
            .unwrap();
        inbox
            .take(db, &read::<PayoutPayoutRequest>(paid))
            .await
            .unwrap();
        inbox
            .take(db, &read::<CollectionInquiryRequest>(contract))
            .await
            .unwrap();
        inbox
            .take(db, &read::<CollectionCollectRequest>(collected))
            .await
            .unwrap();
        inbox
            .take(db, &read::<FinanceNotificationRequest>(moved))
            .await
            .unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn nothing_personal_is_in_the_files_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("journal.db")).unwrap();
    let mut canaries = Canaries::default();
    let everything = Everything::new(store.clone(), &mut canaries).await;
    store.transact(everything).await.unwrap();
    // Before the database is closed, the write-ahead log is a file too.
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .collect();
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        canaries.none_in(&std::fs::read(file.path()).unwrap());
    }
}

#[tokio::test]
async fn nothing_personal_is_in_a_dump_of_postgresql() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = Postgres::open(schema.pool().await).await.unwrap();
    let mut canaries = Canaries::default();
    let everything = Everything::new(store.clone(), &mut canaries).await;
    store.transact(everything).await.unwrap();
    let mut dump = Command::new("pg_dump");
    dump.args(["--schema", schema.name(), &std::env::var(SERVER).unwrap()]);
    let dump = dump.output().unwrap();
    assert!(
        String::from_utf8_lossy(&dump.stdout).contains("skypay_inbox"),
        "{dump:?}"
    );
    canaries.none_in(&dump.stdout);
    schema.drop().await;
}

const LATER: &str = "UPDATE skypay_journal SET value = value + 1 WHERE name = 'version'";

async fn the_longest_times_are_kept_in<S: Store>(store: S) {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let open = async |policy| *journal(store.clone(), policy).await.policy();
    let longer = open(Policy {
        call_limit: minutes(20),
        permit_limit: minutes(5),
        ..Policy::default()
    });
    let longer = format!("{:?}", longer.await);
    assert!(longer.contains("call_limit: 1200s, query_delay: 300s"));
    assert!(longer.contains("permit_limit: 300s, clock_tolerance: 60s"));
    assert_eq!(format!("{:?}", open(Policy::default()).await), longer);
    let operating = Journal::operating(store.clone()).await.unwrap();
    assert_eq!(format!("{:?}", operating.policy()), longer);
}

#[tokio::test]
async fn the_longest_times_that_a_journal_was_opened_with_are_kept() {
    the_longest_times_are_kept_in(Sqlite::in_memory().unwrap()).await;
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = Postgres::open(schema.pool().await).await.unwrap();
    the_longest_times_are_kept_in(store).await;
    schema.drop().await;
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let file = sqlite_file();
    drop(Sqlite::open(file.path()).unwrap());
    Connection::open(file.path())
        .unwrap()
        .execute_batch(LATER)
        .unwrap();
    let error = Sqlite::open(file.path()).err().unwrap().to_string();
    assert!(
        error.contains("version 2, and this program reads version 1: use"),
        "{error}"
    );
    let Some(schema) = Schema::new().await else {
        return;
    };
    let pool = schema.pool().await;
    schema.client().await.batch_execute(LATER).await.unwrap();
    let error = Postgres::open(pool).await.err().unwrap().to_string();
    assert!(
        error.contains("version 2, and this program reads version 1: use"),
        "{error}"
    );
    schema.drop().await;
}
