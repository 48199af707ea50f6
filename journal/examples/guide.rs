//! The code of docs/journal.md, and a program that runs it against the sandbox.
//!
//! `cargo run -p skypay-journal --example guide`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use skypay_client::Client;
use skypay_client::types::{
    Date, DateTime, Invalid, PayoutChannel, PayoutQueuePayoutRequest, PayoutQueueRequest,
};
use skypay_journal::{
    AnyPayout, Change, Inbox, Journal, Numbers, Orders, Policy, Secret, Sent, Sqlite, Sweeper,
};
use skypay_sandbox::engine::{
    Command, Fault, FaultCommand, FaultRule, Side, StoreCommand, When, WireFault,
};
use skypay_sandbox::{Running, Sandbox};
use skypay_server::{Config, Context, NotStored, PartnerCallbacks, Stored, callbacks};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// An application with its database.
#[derive(Clone)]
struct App {
    file: PathBuf,
    journal: Journal<Sqlite>,
    inbox: Inbox,
    client: Client,
}

async fn open(file: &Path, policy: Policy, secret: Secret) -> Outcome<Journal<Sqlite>> {
    let store = Sqlite::open(file)?; // creates or upgrades the journal's tables
    let numbers = Numbers::numeric("SKY98")?; // the prefix that SkyPay gave you
    Ok(Journal::open(store, policy, numbers, secret).await?)
}

async fn withdraw(app: &App, id: u32) -> Outcome<Sent> {
    let payout = {
        let mut db = Connection::open(&app.file)?;
        let mut transaction = begin(&mut db)?;
        hold_money(&transaction, id)?;
        let order_id = id.to_string();
        let order = app.journal.order(&mut transaction, &order_id, request);
        let payout = Sqlite::complete(order)?;
        transaction.commit()?;
        payout
    };
    Ok(app.journal.send(&app.client, &payout).await?)
}

impl PartnerCallbacks for App {
    async fn payout_queue_payout(
        &self,
        _: &Context,
        notification: PayoutQueuePayoutRequest,
    ) -> Result<Stored, NotStored> {
        let mut db = Connection::open(&self.file)?;
        let mut transaction = begin(&mut db)?;
        Sqlite::complete(async {
            self.inbox.take(&mut transaction, &notification).await?;
            self.journal.notified(&mut transaction, &notification).await
        })?;
        transaction.commit()?;
        Ok(Stored)
    }
}

fn do_changes(app: &App) -> Outcome<()> {
    let mut db = Connection::open(&app.file)?;
    loop {
        let mut transaction = begin(&mut db)?;
        let Some(change) = Sqlite::complete(app.journal.next_change(&mut transaction))? else {
            return Ok(());
        };
        let state = match change.what {
            Change::Paid => "paid",
            Change::Released => "given back",
            Change::Contradiction => "a person decides",
        };
        set_state(&transaction, &change.order_id, state)?;
        Sqlite::complete(app.journal.done(&mut transaction, change))?;
        transaction.commit()?;
    }
}

impl Orders for App {
    async fn request(&self, order_id: &str, number: &str) -> Outcome<AnyPayout> {
        // Read the order from your tables: the journal does not store the request.
        println!("order {order_id} is sent again");
        Ok(request(number)?.into())
    }
}

fn sweeper(app: &App) -> Sweeper<Sqlite, Client, App> {
    Sweeper::new(app.journal.clone(), app.client.clone(), app.clone())
    // tokio::spawn(sweeper(&app).run(shutdown)) does a round every 30 seconds.
}

async fn reconcile(app: &App, day: Date) -> Outcome<usize> {
    let day = app.journal.reconcile(&app.client, day).await?;
    for difference in &day.differences {
        println!("{}: {difference:?}", day.day);
    }
    Ok(day.differences.len())
}

async fn recover(app: &App) -> Outcome<bool> {
    let recovery = app.journal.recover(&app.client, None).await?;
    for day in &recovery.days {
        for difference in &day.differences {
            println!("{}: {difference:?}", day.day);
        }
    }
    if let Some(until) = recovery.held_until {
        println!(
            "sending is on hold; recover again at {}",
            DateTime::from(until)
        );
    }
    Ok(recovery.held_until.is_none())
}

/// A transaction that waits for other writers when it begins.
fn begin(db: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    db.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn hold_money(transaction: &Transaction<'_>, id: u32) -> rusqlite::Result<()> {
    let insert = "INSERT INTO withdrawal (id, state) VALUES ($1, 'held') ON CONFLICT DO NOTHING";
    transaction.execute(insert, params![id.to_string()])?;
    Ok(())
}

fn set_state(transaction: &Transaction<'_>, id: &str, state: &str) -> rusqlite::Result<()> {
    let update = "UPDATE withdrawal SET state = $1 WHERE id = $2";
    transaction.execute(update, params![state, id])?;
    println!("withdrawal {id}: {state}");
    Ok(())
}

fn request(number: &str) -> Result<PayoutQueueRequest, Invalid> {
    PayoutQueueRequest::builder()
        .sender("Example App")
        .control_number(number)
        .name("Dela Cruz,Juan,Santos")
        .phone("09123456789")
        .amount("3900.00")
        .account_no("09123456789")
        .withdraw_channel(PayoutChannel::GCash)
        .build()
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    run(folder.path()).await
}

/// Does all of the guide once.
async fn run(folder: &Path) -> Outcome<()> {
    let sandbox = Sandbox::builder().start().await?;
    let app = app(&folder.join("app.db"), sandbox.client()).await?;
    let config = Config::new(sandbox.credentials());
    sandbox
        .partner(callbacks::router(app.clone(), config))
        .await?;
    let (name, value) = ("query-delay".to_owned(), "none".to_owned());
    command(&sandbox, Command::Behavior { name, value }).await?;

    println!("A payout is accepted and paid:");
    assert_eq!(withdraw(&app, 101).await?, Sent::Accepted);
    pay(&sandbox, 101).await?;
    until(&app, 101, "paid").await?;

    println!("The response of another one is lost:");
    lose_a_response(&sandbox).await?;
    assert_eq!(withdraw(&app, 102).await?, Sent::Unknown);
    pay(&sandbox, 102).await?;
    until(&app, 102, "paid").await?;
    let today = DateTime::from(std::time::SystemTime::now()).date();
    assert_eq!(reconcile(&app, today).await?, 0);

    println!("The database is lost, and restored from a backup without order 103:");
    let backup = folder.join("backup.db");
    let copy = format!("VACUUM INTO '{}'", backup.display());
    Connection::open(&app.file)?.execute_batch(&copy)?;
    assert_eq!(withdraw(&app, 103).await?, Sent::Accepted);
    pay(&sandbox, 103).await?;
    let restored = self::app(&backup, app.client).await?;
    while !recover(&restored).await? {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // Placed again, it has the same number, and is not paid twice.
    assert_eq!(withdraw(&restored, 103).await?, Sent::Unknown);
    until(&restored, 103, "paid").await?;
    assert_eq!(reconcile(&restored, today).await?, 0);
    sandbox.assert_paid_once(["SKY9800000101", "SKY9800000102", "SKY9800000103"]);
    sandbox.stop().await;
    Ok(())
}

/// The application on a file, with times that suit a sandbox.
async fn app(file: &Path, client: Client) -> Outcome<App> {
    let secret = Secret::new(*b"not a secret: it is in a repository")?;
    let policy = Policy {
        send_limit: Duration::from_secs(1),
        call_limit: Duration::from_secs(1),
        query_delay: Duration::ZERO,
        cadence: Duration::ZERO,
        ..Policy::default()
    };
    let journal = open(file, policy, secret.clone()).await?;
    let table = "CREATE TABLE IF NOT EXISTS withdrawal (id TEXT PRIMARY KEY, state TEXT)";
    Connection::open(file)?.execute_batch(table)?;
    Ok(App {
        file: file.to_owned(),
        journal,
        inbox: Inbox::new(secret),
        client,
    })
}

/// Sweeps until a withdrawal is in a state.
async fn until(app: &App, id: u32, state: &str) -> Outcome<()> {
    let select = "SELECT state FROM withdrawal WHERE id = $1";
    loop {
        do_changes(app)?;
        let db = Connection::open(&app.file)?;
        let now: String = db.query_row(select, [id.to_string()], |row| row.get(0))?;
        if now == state {
            return Ok(());
        }
        drop(db);
        sweeper(app).round().await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn command(sandbox: &Running, command: Command) -> Outcome<()> {
    sandbox.admin().command(&command).await?;
    Ok(())
}

async fn pay(sandbox: &Running, id: u32) -> Outcome<()> {
    let control_number = format!("SKY98{id:0>8}");
    let upload = StoreCommand::Upload {
        control_number: control_number.clone(),
    };
    command(sandbox, Command::Store(upload)).await?;
    command(
        sandbox,
        Command::Store(StoreCommand::Pay { control_number }),
    )
    .await
}

async fn lose_a_response(sandbox: &Running) -> Outcome<()> {
    let fault = FaultRule {
        on: Side::Requests,
        when: When::default(),
        fault: Fault::Wire(WireFault::CutAfter),
        percent: 100,
        times: Some(1),
    };
    command(sandbox, Command::Fault(FaultCommand::Add { fault })).await
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread")]
async fn the_guide_runs_against_the_sandbox() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path()).await.expect("it runs to its end");
}
