//! The last step: the journal resolves a payout whose response was lost.

use std::time::Duration;

use rusqlite::Connection;
use skypay_client::Client;
use skypay_journal::{Change, Journal, Numbers, Policy, Secret, Sent, Sqlite, State};

use crate::{LOST, Outcome, expect, heading, payout};

/// Sends a payout that SkyPay executes without answering, and finds out by a query
/// that it is paid.
pub(crate) async fn resolved(client: &Client) -> Outcome<()> {
    heading("5. The journal resolves an unknown outcome");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("demo.db");
    let secret = Secret::new(*b"the demo's secret")?;
    // SkyPay needs minutes until a query shows a payout; the demo's shows it at once.
    let policy = Policy {
        send_limit: Duration::from_secs(1),
        call_limit: Duration::from_secs(1),
        query_delay: Duration::ZERO,
        ..Policy::default()
    };
    let numbers = Numbers::numeric("SKY98")?;
    let journal = Journal::open(Sqlite::open(&file)?, policy, numbers, secret).await?;
    let mut db = Connection::open(&file)?;
    let mut transaction = db.transaction()?;
    let amount = LOST.to_string();
    let order = journal.order(&mut transaction, "104", |number| payout(number, &amount));
    let ordered = Sqlite::complete(order)?;
    transaction.commit()?;
    println!("   order 104 is control number {}", ordered.number());

    let sent = journal.send(client, &ordered).await?;
    expect(
        sent == Sent::Unknown,
        "SkyPay executed it, and the response was lost",
    )?;
    let again = journal.send(client, &ordered).await?;
    expect(
        matches!(again, Sent::Already(_)),
        "it is not sent a second time",
    )?;
    while journal.resolve(client, ordered.number()).await?.state != State::Paid {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut transaction = db.transaction()?;
    let change = Sqlite::complete(journal.next_change(&mut transaction))?;
    expect(
        change.is_some_and(|change| change.order_id == "104" && change.what == Change::Paid),
        "a query shows that it is paid, and the partner is to book order 104",
    )
}
