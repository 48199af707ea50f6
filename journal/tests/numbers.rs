//! Control numbers that are hashed from order ids.

use rusqlite::Connection;
use skypay_journal::{Journal, Numbers, Policy, Sqlite};

use crate::support::databases::sqlite_file;
use crate::support::{request, secret};

fn order(journal: &Journal<Sqlite>, db: &mut Connection, id: &str) -> String {
    let mut transaction = db.transaction().unwrap();
    let payout = Sqlite::complete(journal.order(&mut transaction, id, request)).unwrap();
    transaction.commit().unwrap();
    payout.number().to_owned()
}

#[tokio::test]
async fn a_hashed_number_that_another_order_has_is_replaced_by_the_next_one() {
    let file = sqlite_file();
    let store = Sqlite::open(file.path()).unwrap();
    let numbers = Numbers::hashed("SKY98", secret()).unwrap();
    let journal = Journal::open(store, Policy::default(), numbers, secret());
    let journal = journal.await.unwrap();
    let mut db = Connection::open(file.path()).unwrap();
    let id = "withdrawal of Ana";
    let first = order(&journal, &mut db, id);
    assert_eq!(order(&journal, &mut db, id), first);

    // Another order has this number, as if both had the same digits.
    let rename = "UPDATE skypay_payout SET order_id = 'another'";
    assert_eq!(db.execute(rename, []).unwrap(), 1);
    let second = order(&journal, &mut db, id);
    assert_ne!(second, first);
    assert_eq!(order(&journal, &mut db, id), second);
    assert_eq!(order(&journal, &mut db, "another"), first);
}
