//! Callbacks that are delivered again take effect once and get one reply; at once,
//! they are delivered again in `processes/`.

use rusqlite::{Connection, Transaction, TransactionBehavior};
use skypay_client::types::read::from_slice;
use skypay_client::types::{
    CollectionCollectRequest, CollectionCollectResponse, PayoutQueuePayoutRequest,
};
use skypay_journal::{Delivery, Error, Fact, Found, Inbox, Once, Policy, Sqlite};
use skypay_server::Refusal;

use crate::support::databases::sqlite_file;
use crate::support::{journal, request, secret};

fn inbox() -> Inbox {
    Inbox::new(secret())
}

fn collected(receipt: &str, amount: &str) -> CollectionCollectRequest {
    let json = format!(
        r#"{{"contractNumber":"SKY9800000101","receiptNumber":"{receipt}","payChannel":"11","amount":"{amount}","payTime":"2024-02-05 10:00:00"}}"#
    );
    from_slice(json.as_bytes()).unwrap()
}

fn notified(deal_time: &str) -> PayoutQueuePayoutRequest {
    let json = format!(
        r#"{{"controlNumber":"SKY9800000101","payType":"2","dealTime":"{deal_time}","transctionDate":"2024-02-05 10:00:00"}}"#
    );
    from_slice(json.as_bytes()).unwrap()
}

fn booked(receipt: &str) -> CollectionCollectResponse {
    CollectionCollectResponse::builder()
        .response_description(format!("booked {receipt}"))
        .build()
        .unwrap()
}

/// What would be replied.
fn text(reply: Result<Result<CollectionCollectResponse, Refusal>, Error>) -> String {
    match reply {
        Ok(Ok(response)) => serde_json::to_string(&response).unwrap(),
        Ok(Err(refusal)) => format!("{:?} {}", refusal.code(), refusal.description()),
        Err(error) => error.to_string(),
    }
}

/// Books in the transaction, if the callback is new.
fn collect(
    transaction: &mut Transaction<'_>,
    request: &CollectionCollectRequest,
) -> Result<Result<CollectionCollectResponse, Refusal>, Error> {
    let receipt = request.receipt_number.as_str();
    Sqlite::complete(async {
        match inbox().once(transaction, request).await? {
            Once::Again(reply) => Ok(reply),
            Once::First(first) => {
                transaction
                    .execute("INSERT INTO effect (receipt) VALUES ($1)", [receipt])
                    .unwrap();
                first.reply(transaction, Ok(booked(receipt))).await
            }
        }
    })
}

fn collect_in(connection: &mut Connection, request: &CollectionCollectRequest) -> String {
    let mut transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let reply = collect(&mut transaction, request);
    transaction.commit().unwrap();
    text(reply)
}

fn open(file: &std::path::Path) -> Connection {
    let mut connection = Connection::open(file).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(60))
        .unwrap();
    Sqlite::migrate(&mut connection).unwrap();
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS effect (receipt TEXT)")
        .unwrap();
    connection
}

fn effects(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT count(*) FROM effect", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn other_content_under_the_same_key_is_a_conflict_and_has_no_effect() {
    let file = sqlite_file();
    let mut connection = open(file.path());
    assert!(collect_in(&mut connection, &collected("R1", "3900.00")).contains("booked R1"));
    let conflict = collect_in(&mut connection, &collected("R1", "3901.00"));
    assert!(conflict.contains("other content"), "{conflict}");
    assert!(collect_in(&mut connection, &collected("R1", "3900.00")).contains("booked R1"));
    assert!(collect_in(&mut connection, &collected("R2", "3900.00")).contains("booked R2"));
    assert_eq!(effects(&connection), 2);
}

#[test]
fn a_refusal_is_repeated_and_work_that_was_rolled_back_is_done_again() {
    let file = sqlite_file();
    let mut connection = open(file.path());
    let request = collected("R1", "3900.00");
    let mut rolled_back = connection.transaction().unwrap();
    assert!(text(collect(&mut rolled_back, &request)).contains("booked R1"));
    rolled_back.rollback().unwrap();

    let mut transaction = connection.transaction().unwrap();
    let refused = Sqlite::complete(async {
        let Once::First(first) = inbox().once(&mut transaction, &request).await? else {
            panic!("it was rolled back");
        };
        let refusal = Refusal::new("-1015", "the contract is closed");
        first.reply(&mut transaction, Err(refusal)).await
    });
    transaction.commit().unwrap();
    let refused = text(refused);
    assert_eq!(refused, r#"Some("-1015") the contract is closed"#);
    assert_eq!(collect_in(&mut connection, &request), refused);
    assert_eq!(effects(&connection), 0);
}

#[test]
fn a_notification_is_taken_once() {
    let file = sqlite_file();
    let mut connection = open(file.path());
    let mut take = |notification: &PayoutQueuePayoutRequest| {
        let mut transaction = connection.transaction().unwrap();
        let delivery = Sqlite::complete(inbox().take(&mut transaction, notification)).unwrap();
        transaction.commit().unwrap();
        delivery
    };
    let (first, second) = (
        notified("2024-02-05 10:00:00"),
        notified("2024-02-05 10:00:01"),
    );
    assert_eq!(take(&first), Delivery::First);
    assert_eq!(take(&first), Delivery::Again);
    assert_eq!(take(&second), Delivery::First);
}

#[tokio::test]
async fn a_replayed_notification_adds_no_evidence() {
    let file = sqlite_file();
    let store = Sqlite::open(file.path()).unwrap();
    let journal = journal(store, Policy::default()).await;
    let mut connection = open(file.path());
    let mut transaction = connection.transaction().unwrap();
    let order = journal.order(&mut transaction, "10000101", request);
    let number = Sqlite::complete(order).unwrap().number().to_owned();
    for pay_type in ["2", "2", "4", "4", "2"] {
        let json = format!(
            r#"{{"controlNumber":"{number}","payType":"{pay_type}","dealTime":"2024-02-05 10:00:00"}}"#
        );
        let notification = from_slice(json.as_bytes()).unwrap();
        Sqlite::complete(journal.notified(&mut transaction, &notification)).unwrap();
    }
    transaction.commit().unwrap();
    let history = journal.history(&number).await.unwrap();
    let facts = history.entries.iter().map(|entry| entry.fact);
    let expected = [Found::Paid, Found::Failed, Found::Paid].map(Fact::Notified);
    assert_eq!(facts.collect::<Vec<_>>(), expected);
}

#[test]
fn without_a_transaction_nothing_is_taken() {
    let file = sqlite_file();
    let mut connection = open(file.path());
    let taken = Sqlite::complete(inbox().take(&mut connection, &notified("2024-02-05 10:00:00")));
    let error = taken.unwrap_err();
    assert!(error.to_string().contains("no open transaction"), "{error}");
}

#[test]
fn a_failure_is_not_kept_as_the_reply() {
    let file = sqlite_file();
    let mut connection = open(file.path());
    let request = collected("R1", "3900.00");
    let take = |connection: &mut Connection, reply| {
        let mut transaction = connection.transaction().unwrap();
        let taken = Sqlite::complete(async {
            match inbox().once(&mut transaction, &request).await? {
                Once::Again(reply) => Ok(reply),
                Once::First(first) => first.reply(&mut transaction, reply).await,
            }
        });
        // As `?` does it: what failed is rolled back.
        if taken.is_ok() {
            transaction.commit().unwrap();
        }
        text(taken)
    };
    let failed = Err(Refusal::from("the ledger is closed"));
    assert!(take(&mut connection, failed).starts_with("a failure is no reply"));
    let refused = || Err(Refusal::new("-1013", "not now"));
    assert_eq!(take(&mut connection, refused()), "Some(\"-1013\") not now");
    let later = take(&mut connection, Ok(booked("R1")));
    assert_eq!(later, "Some(\"-1013\") not now");
}
