//! Pays a withdrawal out once, even if this program is killed anywhere in it.

use rusqlite::{Connection, TransactionBehavior};
use skypay_client::types::{PayoutChannel, PayoutQueueRequest};
use skypay_client::{Client, Credentials, Environment};
use skypay_journal::{Journal, Numbers, Policy, Secret, Sent, Sqlite};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Credentials::new("App@skypay", "authentication", "encrypt key")?;
    let client = Client::new(&Environment::Test, "callerName", keys)?;
    let secret = Secret::new(std::fs::read("journal.secret")?)?;
    let store = Sqlite::open("app.db".as_ref())?;
    let numbers = Numbers::numeric("SKY98")?;
    let journal = Journal::open(store, Policy::default(), numbers, secret).await?;

    // Your booking and the payout are stored together, or neither is.
    let mut db = Connection::open("app.db")?;
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE wallet SET held = 390000 WHERE withdrawal = 101", [])?;
    let order = journal.order(&mut transaction, "101", |number| {
        PayoutQueueRequest::builder()
            .sender("Example App")
            .control_number(number) // derived from the order's id
            .name("Dela Cruz,Juan,Santos")
            .phone("09123456789")
            .amount("3900.00")
            .account_no("09123456789")
            .withdraw_channel(PayoutChannel::GCash)
            .build()
    });
    let payout = Sqlite::complete(order)?;
    transaction.commit()?;

    match journal.send(&client, &payout).await? {
        Sent::Accepted => println!("a change will say whether it was paid"),
        Sent::Unknown => println!("the sweeper asks; do not pay it in another way"),
        other => println!("{other:?}"),
    }
    Ok(())
}
