//! What outlives a stop, and what a database has to be. What outlives the
//! death of the process is shown by `tests/kill.rs`.

use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Command, Settings};
use skypay_sandbox::{Builder, Sandbox};
use skypay_types::PayoutStatus;

use crate::house::{Directory, House, bank, client_of, keys_of, serve_partner_at, status};

const BANK: &str = "SKY9800000101";

fn builder(directory: &Directory) -> Builder {
    let builder = Sandbox::builder().clock(Clock::standing());
    builder.database(directory.file("sandbox.db"))
}

/// A payout is accepted and the sandbox stops; the callbacks come afterwards.
async fn check_restart(snapshot_every: u64) {
    let directory = Directory::new(&format!("restart-{snapshot_every}"));
    let house = House::with(builder(&directory).snapshot_every(snapshot_every)).await;
    house
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap();
    house.advance("1s").await;
    assert_eq!(house.partner.told.pay_types(), ["1"]);
    let state = house.sandbox.admin().state(true).await.unwrap();
    let log = house.log().await;
    let House {
        sandbox, partner, ..
    } = house;
    sandbox.stop().await;

    let sandbox = builder(&directory).start().await.unwrap();
    let admin = sandbox.admin();
    assert_eq!(admin.state(true).await.unwrap(), state);
    assert_eq!(
        admin
            .log_text(skypay_sandbox::admin::LogQuery::default())
            .await
            .unwrap(),
        log
    );
    let client = client_of(sandbox.info(), keys_of(sandbox.info()));
    let known = status(&client, BANK).await.unwrap();
    assert_eq!(known.status, Some(PayoutStatus::Uploaded));
    admin.advance("1d".parse().unwrap()).await.unwrap();
    assert_eq!(partner.told.pay_types(), ["2"]);
}

#[tokio::test]
async fn a_stopped_sandbox_goes_on_where_it_was() {
    check_restart(1).await;
    check_restart(3).await;
    check_restart(1000).await;
}

/// Whether a sandbox that is only dropped, without a last snapshot, is found
/// again by its journal.
#[tokio::test]
async fn the_journal_alone_is_enough() {
    let directory = Directory::new("journal");
    let house = House::with(builder(&directory)).await;
    house
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap();
    let state = house.sandbox.admin().state(true).await.unwrap();
    let copy = directory.file("copy.db");
    // As the files are while it runs.
    for end in ["", "-wal"] {
        let from = directory.file(&format!("sandbox.db{end}"));
        std::fs::copy(from, format!("{}{end}", copy.display())).unwrap();
    }
    let found = Sandbox::builder()
        .clock(Clock::standing())
        .database(copy)
        .start()
        .await
        .unwrap();
    assert_eq!(found.admin().state(true).await.unwrap(), state);
}

#[tokio::test]
async fn a_database_keeps_what_it_began_with() {
    let directory = Directory::new("seed");
    let seeded = |seed| {
        builder(&directory).settings(Settings {
            seed,
            ..Settings::default()
        })
    };
    let first = seeded(1).start().await.unwrap();
    let key = first.info().encrypt_key.clone();
    first.stop().await;
    let second = seeded(2).start().await.unwrap();
    assert_eq!((second.info().seed, &second.info().encrypt_key), (1, &key));
}

async fn check_refused(builder: Builder, says: &str) {
    let error = builder.start().await.unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[tokio::test]
async fn a_file_of_another_shape_is_refused_with_one_message() {
    let directory = Directory::new("shape");
    let file = directory.file("sandbox.db");
    std::fs::write(&file, "this is a letter to somebody, not a database at all").unwrap();
    check_refused(builder(&directory), "it is not a database").await;
    std::fs::remove_file(&file).unwrap();

    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    change("CREATE TABLE recipes (name TEXT)");
    check_refused(builder(&directory), "not a sandbox's").await;
    std::fs::remove_file(&file).unwrap();

    let running = builder(&directory).start().await.unwrap();
    check_refused(builder(&directory), "another sandbox is using it").await;
    running.admin().command(&Command::Tick).await.unwrap();
    running.stop().await;
    change("PRAGMA user_version = 99");
    check_refused(builder(&directory), "shape 99").await;
    change("PRAGMA user_version = 1; UPDATE snapshot SET state = '{}'");
    check_refused(builder(&directory), "another version").await;
    let nowhere = Sandbox::builder().database(directory.file("missing/sandbox.db"));
    check_refused(nowhere, "cannot be opened").await;
}

#[tokio::test]
async fn commands_that_lead_elsewhere_are_noticed() {
    let directory = Directory::new("elsewhere");
    let house = House::with(builder(&directory)).await;
    house
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap();
    let copy = directory.file("copy.db");
    house.sandbox.admin().save(&copy).await.unwrap();
    house.sandbox.stop().await;
    // The first state again, with a journal that is followed by the log of
    // other things.
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let state = serde_json::to_string(&skypay_sandbox::engine::State::new(
        Settings::default(),
        "2026-01-05 09:00:00".parse().unwrap(),
    ));
    connection
        .execute(
            "UPDATE snapshot SET sequence = 0, state = ?",
            [state.unwrap()],
        )
        .unwrap();
    connection
        .execute_batch("UPDATE log SET line = replace(line, 'payout-accepted', 'payout-refused')")
        .unwrap();
    drop(connection);
    let opened = Sandbox::builder().clock(Clock::standing()).database(&copy);
    check_refused(opened, "no longer lead to event").await;
}

#[tokio::test]
async fn a_callback_that_was_on_its_way_is_sent_again() {
    let directory = Directory::new("on-its-way");
    let house = House::with(builder(&directory)).await;
    // A partner that takes the connection and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    house.done(&crate::house::calls_to(&url)).await;
    house
        .client
        .payout_queue(&bank(BANK, "1000.00"))
        .await
        .unwrap();
    let admin = house.sandbox.admin().clone();
    let moving = tokio::spawn(async move { admin.advance("1m".parse().unwrap()).await });
    let (_connection, _) = silent.accept().await.unwrap();
    let House {
        sandbox,
        keys,
        partner,
        ..
    } = house;
    sandbox.stop().await;
    moving.await.unwrap().unwrap_err();

    // It is listening now, at the same place.
    drop(silent);
    let address = url.strip_prefix("http://").unwrap().to_owned();
    serve_partner_at(&address, partner.clone(), keys).await;
    let sandbox = builder(&directory).start().await.unwrap();
    sandbox
        .admin()
        .advance("1m".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(partner.told.pay_types(), ["1", "2"]);
}
