//! What the journal writes through a transaction of sqlx is committed with it, and
//! is gone if it is rolled back.

#![cfg(all(feature = "postgres", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use skypay_client::types::PayoutQueuePayoutRequest;
use skypay_journal::database::{Database, Value};
use skypay_journal::{Delivery, Inbox, Secret, migrate};
use skypay_journal_sqlx::{Postgres, Sqlite};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

fn paid(time: &str) -> PayoutQueuePayoutRequest {
    let json = format!(
        r#"{{"controlNumber":"SKY9800000101","payType":"2","dealTime":"{time}","transctionDate":"2024-02-05 10:00:00"}}"#
    );
    skypay_client::types::read::from_slice(json.as_bytes()).unwrap()
}

async fn take(db: &mut impl Database, time: &str) -> Delivery {
    let inbox = Inbox::new(Secret::new(*b"a secret of tests").unwrap());
    inbox.take(db, &paid(time)).await.unwrap()
}

/// The clock was set back since the newest evidence.
async fn follows_the_evidence(db: &mut impl Database) {
    let later = db.now().await.unwrap() + Duration::from_secs(60 * 60);
    let evidence = "INSERT INTO skypay_evidence (number, sequence, at, fact, detail) \
                    VALUES ($1, 1, $2, $3, $1)";
    let values = [
        Value::Text("SKY9800000101"),
        Value::Integer(later.0),
        Value::Text("found open"),
    ];
    db.run(evidence, &values).await.unwrap();
    assert_eq!(db.now().await.unwrap(), later);
}

#[tokio::test]
async fn sqlite_commits_and_rolls_back() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    migrate(&mut Sqlite(&mut transaction)).await.unwrap();
    transaction.commit().await.unwrap();
    for expected in [Delivery::First, Delivery::Again] {
        let mut transaction = connection.begin().await.unwrap();
        assert_eq!(
            take(&mut Sqlite(&mut transaction), "2024-02-05 10:00:00").await,
            expected
        );
        transaction.commit().await.unwrap();
    }
    let mut transaction = connection.begin().await.unwrap();
    follows_the_evidence(&mut Sqlite(&mut transaction)).await;
    transaction.rollback().await.unwrap();
    for _ in 0..2 {
        let mut transaction = connection.begin().await.unwrap();
        let delivery = take(&mut Sqlite(&mut transaction), "2024-02-05 11:00:00").await;
        assert_eq!(delivery, Delivery::First);
        transaction.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn postgres_commits_and_rolls_back() {
    let Ok(server) = std::env::var("SKYPAY_TEST_POSTGRES") else {
        eprintln!("left out: SKYPAY_TEST_POSTGRES does not name a server");
        return;
    };
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let schema = format!("sqlx_{}", std::process::id());
    for statement in [
        format!("CREATE SCHEMA {schema}"),
        format!("SET search_path TO {schema}"),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let mut transaction = connection.begin().await.unwrap();
    migrate(&mut Postgres(&mut transaction)).await.unwrap();
    transaction.commit().await.unwrap();
    for expected in [Delivery::First, Delivery::Again] {
        let mut transaction = connection.begin().await.unwrap();
        assert_eq!(
            take(&mut Postgres(&mut transaction), "2024-02-05 10:00:00").await,
            expected
        );
        transaction.commit().await.unwrap();
    }
    let mut transaction = connection.begin().await.unwrap();
    follows_the_evidence(&mut Postgres(&mut transaction)).await;
    transaction.rollback().await.unwrap();
    for _ in 0..2 {
        let mut transaction = connection.begin().await.unwrap();
        let delivery = take(&mut Postgres(&mut transaction), "2024-02-05 11:00:00").await;
        assert_eq!(delivery, Delivery::First);
        transaction.rollback().await.unwrap();
    }
    let statement = format!("DROP SCHEMA {schema} CASCADE");
    sqlx::query(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await
        .unwrap();
}
