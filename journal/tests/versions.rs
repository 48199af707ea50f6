//! Journals that every published version has written are kept in `versions/`: this
//! version opens them and goes on with them.
//!
//! `SKYPAY_JOURNAL_WRITE=1 cargo test -p skypay-journal --all-features --test it versions`
//! writes those of this version; it needs a PostgreSQL server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use skypay_client::types::read::from_slice;
use skypay_client::types::{CollectionCollectRequest, Date, PayoutQueuePayoutRequest};
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{
    Answer, CallOutcome, Change, Delivery, Error, Found, Inbox, Journal, Once, Payout,
    PayoutRequest, Policy, Postgres, Provider, ReportRow, Sent, Shown, Sqlite, State, Statuses,
    Store, Timestamp, Work,
};

use crate::support::databases::{SERVER, Schema, sqlite_file};
use crate::support::{journal, payout, request, secret};

/// A SkyPay that shows every payout as paid, except two.
#[derive(Clone, Copy)]
struct SkyPay {
    sent: CallOutcome,
    /// What it shows of order 104.
    failing: Found,
    /// Whether it shows orders 105 and 106.
    has_lost: bool,
}

const ACCEPTS: SkyPay = SkyPay {
    sent: CallOutcome::Accepted,
    failing: Found::Paid,
    has_lost: true,
};

impl Provider for SkyPay {
    async fn send<R: PayoutRequest>(&self, _: &R) -> Answer {
        Answer {
            outcome: self.sent,
            code: None,
        }
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        let lost = [number("105"), number("106")];
        let shown = |asked: &String| {
            let found = if *asked == number("104") {
                self.failing
            } else {
                Found::Paid
            };
            let paid_at = None;
            let is_shown = self.has_lost || !lost.contains(asked);
            is_shown.then(|| (asked.clone(), Shown { found, paid_at }))
        };
        Ok(Statuses {
            time: Some(Timestamp::from(std::time::SystemTime::now())),
            found: numbers.iter().filter_map(shown).collect(),
            unreadable: None,
        })
    }

    async fn report(&self, _: Date) -> Result<Vec<ReportRow>, String> {
        Err("it is not asked".to_owned())
    }
}

fn number(order: &str) -> String {
    format!("SKY98{order:0>8}")
}

/// What a partner does in a transaction.
#[derive(Clone)]
enum Step<S> {
    Order(Journal<S>, &'static str, &'static str),
    Notified(Journal<S>, &'static str, &'static str),
    Collected(&'static str),
    Done(Journal<S>),
}

/// What came of a step, to be compared.
impl<S: Store> Work for Step<S> {
    type Output = Result<String, Error>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        Ok(self.take(db).await)
    }
}

impl<S: Store> Step<S> {
    async fn take<D: Database + Send>(self, db: &mut D) -> Result<String, Error> {
        let inbox = Inbox::new(secret());
        Ok(match self {
            Self::Order(journal, order, amount) => {
                let ordered = journal.order(db, order, |number| payout(number, amount));
                ordered.await?.number().to_owned()
            }
            Self::Notified(journal, order, pay_type) => {
                let json = format!(
                    r#"{{"controlNumber":"{}","payType":"{pay_type}","dealTime":"2024-02-05 10:00:00"}}"#,
                    number(order)
                );
                let notification: PayoutQueuePayoutRequest = from_slice(json.as_bytes()).unwrap();
                let delivery = inbox.take(db, &notification).await?;
                if delivery == Delivery::First {
                    journal.notified(db, &notification).await?;
                }
                format!("{delivery:?}")
            }
            Self::Collected(amount) => {
                let json = format!(
                    r#"{{"contractNumber":"SKY9800000101","receiptNumber":"R1","payChannel":"11","amount":"{amount}","payTime":"2024-02-05 10:00:00"}}"#
                );
                let request: CollectionCollectRequest = from_slice(json.as_bytes()).unwrap();
                let reply = match inbox.once(db, &request).await? {
                    Once::Again(reply) => reply,
                    Once::First(first) => {
                        let reply = r#"{"responseCode":"1000","responseDescription":"booked"}"#;
                        first
                            .reply(db, Ok(from_slice(reply.as_bytes()).unwrap()))
                            .await?
                    }
                };
                serde_json::to_string(&reply.unwrap()).unwrap()
            }
            Self::Done(journal) => match journal.next_change(db).await? {
                None => String::new(),
                Some(change) => {
                    let text = format!("{} {}", change.order_id, change.what.as_str());
                    journal.done(db, change).await?;
                    text
                }
            },
        })
    }
}

/// The times with which the journals are written: short, so that writing takes no
/// time, except one, which has to be kept.
fn policy() -> Policy {
    Policy {
        send_limit: Duration::from_millis(500),
        call_limit: Duration::from_millis(1),
        query_delay: Duration::ZERO,
        cadence: Duration::ZERO,
        permit_limit: Duration::from_millis(1),
        quarantine: Duration::from_secs(60 * 60 * 12),
        ..Policy::default()
    }
}

/// Writes a journal with payouts in several states, callbacks and changes.
async fn write<S: Store>(store: &S) {
    let journal = journal(store.clone(), policy()).await;
    let take = async |step: Step<S>| store.transact(step).await.unwrap().unwrap();
    let refused = SkyPay {
        sent: CallOutcome::Rejected,
        ..ACCEPTS
    };
    let lost = SkyPay {
        sent: CallOutcome::Unknown,
        has_lost: false,
        ..ACCEPTS
    };
    let failed = SkyPay {
        failing: Found::Failed,
        ..ACCEPTS
    };
    // 101 and 102 are paid and not booked; 103 is refused, and its money given back; 104 has
    // failed, and is paid nevertheless; 105 is unknown; 106 may be sent again; 107 is not sent.
    for (order, provider) in [
        ("105", lost),
        ("106", lost),
        ("101", ACCEPTS),
        ("102", ACCEPTS),
        ("103", refused),
        ("104", failed),
    ] {
        take(Step::Order(journal.clone(), order, "3900.00")).await;
        let payout = Payout::of(request(&number(order)).unwrap());
        let _ = journal.send(&provider, &payout).await.unwrap();
        if order == "106" {
            // What is sent from now on can be a witness.
            tokio::time::sleep(policy().send_limit * 2).await;
        }
    }
    take(Step::Order(journal.clone(), "107", "3900.00")).await;
    let until = async |order: &str, provider: SkyPay, is_reached: fn(State, bool) -> bool| loop {
        let standing = journal.resolve(&provider, &number(order)).await.unwrap();
        if is_reached(standing.state, standing.permissible) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    until("101", ACCEPTS, |state, _| state == State::Paid).await;
    assert_eq!(take(Step::Done(journal.clone())).await, "103 released");
    until("102", ACCEPTS, |state, _| state == State::Paid).await;
    until("104", failed, |state, _| state == State::Failed).await;
    take(Step::Notified(journal.clone(), "104", "2")).await;
    until("104", ACCEPTS, |state, _| state == State::Contradiction).await;
    until("106", lost, |_, permissible| permissible).await;
    journal
        .permit(&number("106"), "a person decided")
        .await
        .unwrap();
    take(Step::Collected("3900.00")).await;
}

/// Goes on with a journal of an earlier version.
async fn go_on<S: Store>(store: S) {
    let operating = Journal::operating(store.clone()).await.unwrap();
    assert_eq!(operating.policy().quarantine, policy().quarantine);
    assert_eq!(operating.policy().query_delay, Duration::ZERO);
    assert!(operating.incomplete().await.unwrap().is_empty());
    let overview = operating.overview().await.unwrap();
    let states = [
        (State::Reserved, 1),
        (State::Unknown, 1),
        (State::Permitted, 1),
        (State::Paid, 2),
        (State::Rejected, 1),
        (State::Contradiction, 1),
    ];
    assert_eq!(overview.states, BTreeMap::from(states));
    let all = operating.export(Timestamp(0), None, 1000).await.unwrap();
    let facts: BTreeSet<_> = all
        .iter()
        .map(|entry| format!("{:?}", entry.fact))
        .collect();
    let facts: BTreeSet<_> = facts
        .iter()
        .filter_map(|fact| fact.split([' ', '(']).next())
        .collect();
    let expected = "Absent Answered Claimed Found Notified Permitted Released";
    assert_eq!(facts.into_iter().collect::<Vec<_>>().join(" "), expected);
    let history = operating.history(&number("106")).await.unwrap();
    assert_eq!(history.entries.last().unwrap().detail, "a person decided");
    // The permit has expired.
    assert_eq!(history.standing.state, State::Unknown);

    // An order of then is known, and a new one is sent.
    let journal = journal(store.clone(), policy()).await;
    let take = async |step: Step<S>| store.transact(step).await.unwrap();
    let again = take(Step::Order(journal.clone(), "101", "3900.00")).await;
    assert_eq!(again.unwrap(), number("101"));
    let other = take(Step::Order(journal.clone(), "101", "3900.01")).await;
    assert!(matches!(other, Err(Error::AnotherRequest { .. })));
    let new = take(Step::Order(journal.clone(), "110", "3900.00")).await;
    let new = Payout::of(request(&new.unwrap()).unwrap());
    assert_eq!(journal.send(&ACCEPTS, &new).await.unwrap(), Sent::Accepted);

    // What was unknown is found.
    assert!(journal.sweep(&ACCEPTS).await.unwrap().asked >= 2);
    for order in ["105", "106"] {
        let standing = journal.standing(&number(order)).await.unwrap();
        assert_eq!(standing.state, State::Paid, "{order}");
    }

    // Callbacks are known, and changes that were not done then are to be done.
    let replied = take(Step::Collected("3900.00")).await.unwrap();
    assert!(replied.contains("booked"), "{replied}");
    let conflict = take(Step::Collected("3900.01")).await;
    assert!(matches!(conflict, Err(Error::Conflict { .. })));
    let notified = take(Step::Notified(journal.clone(), "104", "2")).await;
    assert_eq!(notified.unwrap(), "Again");
    let mut changes = BTreeSet::new();
    loop {
        let change = take(Step::Done(journal.clone())).await.unwrap();
        if change.is_empty() {
            break;
        }
        changes.insert(change);
    }
    let expected = [
        ("101", Change::Paid),
        ("102", Change::Paid),
        ("104", Change::Contradiction),
        ("104", Change::Released),
        ("105", Change::Paid),
        ("106", Change::Paid),
    ];
    let expected = expected.map(|(order, what)| format!("{order} {}", what.as_str()));
    assert!(changes.is_superset(&expected.into()), "{changes:?}");
}

/// The folder, from that of the package, in which tests run.
const FOLDER: &str = "tests/versions";

/// The files of all versions, by their extension.
fn kept(extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(FOLDER).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    assert!(!files.is_empty());
    files
}

/// The file of this version, if it is to be written.
fn written(extension: &str) -> Option<PathBuf> {
    std::env::var_os("SKYPAY_JOURNAL_WRITE")?;
    Some(Path::new(FOLDER).join(format!("{}.{extension}", env!("CARGO_PKG_VERSION"))))
}

#[tokio::test]
async fn journals_of_every_version_are_opened_in_sqlite() {
    if let Some(file) = written("db") {
        let _ = fs::remove_file(&file);
        write(&Sqlite::open(&file).unwrap()).await;
        let small = "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM";
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(small).unwrap();
    }
    for file in kept("db") {
        let copy = sqlite_file();
        fs::copy(&file, copy.path()).unwrap();
        go_on(Sqlite::open(copy.path()).unwrap()).await;
    }
}

/// The schema's name in a dump.
const SCHEMA: &str = "skypay_schema";

#[tokio::test]
async fn journals_of_every_version_are_opened_in_postgresql() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    if let Some(file) = written("sql") {
        write(&Postgres::open(schema.pool().await).await.unwrap()).await;
        let mut dump = Command::new("pg_dump");
        dump.args(["--inserts", "--no-owner", "--schema", schema.name()]);
        let dump = dump.arg(std::env::var(SERVER).unwrap()).output().unwrap();
        let dump = String::from_utf8(dump.stdout).unwrap();
        let dump = dump.replace(schema.name(), SCHEMA);
        // Neither comments nor what only `psql` understands.
        let lines = dump.lines().filter(|line| {
            let is_left_out = ["--", "\\", "SET ", "SELECT ", "CREATE SCHEMA "];
            !line.is_empty()
                && !is_left_out
                    .iter()
                    .any(|left_out| line.starts_with(left_out))
        });
        fs::write(file, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    }
    for file in kept("sql") {
        let schema = Schema::new().await.unwrap();
        let dump = fs::read_to_string(&file).unwrap();
        let dump = dump.replace(SCHEMA, schema.name());
        schema.client().await.batch_execute(&dump).await.unwrap();
        go_on(Postgres::open(schema.pool().await).await.unwrap()).await;
        schema.drop().await;
    }
    schema.drop().await;
}
