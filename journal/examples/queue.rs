//! Passes the changes of a journal on to a queue: here a channel, in a service
//! NATS, Kafka or SQS.
//!
//! `cargo run -p skypay-journal --example queue journal.db`
//!
//! A change is passed on before it is marked as done, so none is lost. If the
//! process ends in between, it is passed on again: a consumer recognises it by its
//! control number and kind.

use std::error::Error;
use std::time::Duration;

use rusqlite::Connection;
use skypay_journal::{Journal, Numbers, OpenChange, Policy, Secret, Sqlite};
use tokio::sync::mpsc;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let file = std::env::args().nth(1).ok_or("name the journal's file")?;
    let store = Sqlite::open(file.as_ref())?;
    let secret = Secret::new(*b"not a secret: it is in a repository")?;
    let numbers = Numbers::numeric("SKY98")?;
    let journal = Journal::open(store, Policy::default(), numbers, secret).await?;
    let mut connection = Connection::open(&file)?;
    let (queue, changes) = mpsc::channel(100);
    tokio::spawn(consume(changes));
    loop {
        publish(&journal, &mut connection, &queue).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Passes on every change that is not done.
async fn publish(
    journal: &Journal<Sqlite>,
    connection: &mut Connection,
    queue: &mpsc::Sender<OpenChange>,
) -> Outcome<()> {
    while let Some(change) = next(journal, connection)? {
        // A service waits here until the queue has confirmed it.
        queue.send(change.clone()).await?;
        let mut transaction = connection.transaction()?;
        Sqlite::complete(journal.done(&mut transaction, change))?;
        transaction.commit()?;
    }
    Ok(())
}

fn next(journal: &Journal<Sqlite>, connection: &mut Connection) -> Outcome<Option<OpenChange>> {
    let mut transaction = connection.transaction()?;
    Ok(Sqlite::complete(journal.next_change(&mut transaction))?)
}

async fn consume(mut changes: mpsc::Receiver<OpenChange>) {
    while let Some(change) = changes.recv().await {
        println!("{}: {:?}", change.order_id, change.what);
    }
}
