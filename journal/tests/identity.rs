//! A journal is that of one account at SkyPay, and of one secret.

use skypay_client::types::Date;
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{
    Answer, CallOutcome, Error, Journal, Numbers, Payout, PayoutRequest, Policy, Provider,
    ReportRow, Secret, Sqlite, Statuses, Store, Work,
};

use crate::support::databases::sqlite_file;
use crate::support::{journal, request, secret};

/// An account that refuses nothing and shows nothing.
struct Account(&'static str);

impl Provider for Account {
    fn account(&self) -> Option<&str> {
        Some(self.0)
    }

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
        Ok(Vec::new())
    }
}

#[derive(Clone)]
struct Order(Journal<Sqlite>, &'static str);

impl Work for Order {
    type Output = String;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<String, DatabaseError> {
        let payout = self.0.order(db, self.1, request).await.unwrap();
        Ok(payout.number().to_owned())
    }
}

fn refused<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Setup(what)) => what,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it is not refused"),
    }
}

#[tokio::test]
async fn another_account_is_refused() {
    let store = Sqlite::in_memory().unwrap();
    let journal = journal(store.clone(), Policy::default()).await;
    let mut payouts = Vec::new();
    for id in ["10000001", "10000002"] {
        let number = store.transact(Order(journal.clone(), id)).await.unwrap();
        payouts.push(Payout::of(request(&number).unwrap()));
    }
    let _ = journal.send(&Account("ours"), &payouts[0]).await.unwrap();
    let day = "2024-02-05".try_into().unwrap();
    let other = Account("theirs");
    for what in [
        refused(journal.send(&other, &payouts[1]).await),
        refused(journal.sweep(&other).await),
        refused(journal.resolve(&other, payouts[0].number()).await),
        refused(journal.reconcile(&other, day).await),
        refused(journal.recover(&other, Some(day)).await),
    ] {
        assert!(what.contains("another account at SkyPay"), "{what}");
    }
    let standing = journal.standing(payouts[1].number()).await.unwrap();
    assert_eq!(standing.attempt, 0, "nothing was sent");
    journal.reconcile(&Account("ours"), day).await.unwrap();
}

#[tokio::test]
async fn another_secret_is_refused() {
    let file = sqlite_file();
    let numbers = || Numbers::numeric("SKY98").unwrap();
    let other = Secret::new(*b"another secret..").unwrap();
    for (secret, is_ours) in [(secret(), true), (other, false), (secret(), true)] {
        let store = Sqlite::open(file.path()).unwrap();
        let opened = Journal::open(store, Policy::default(), numbers(), secret).await;
        if is_ours {
            opened.unwrap();
        } else {
            let what = refused(opened);
            assert!(what.contains("opened with another secret"), "{what}");
        }
    }
}
