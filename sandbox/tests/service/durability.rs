//! Persistence across a stop, and the requirements on a database file.
//! Persistence across a kill is tested in `tests/kill.rs`.

use serde_json::Value;
use skypay_sandbox::admin_client::Admin;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Command, Row, Settings};
use skypay_sandbox::{Builder, Sandbox};
use skypay_server::{Config, callbacks};
use skypay_types::PayoutStatus;

use crate::setup::{Directory, Setup, calls_to, status};

const BANK: &str = "SKY9800000101";

fn builder(directory: &Directory) -> Builder {
    let builder = Sandbox::builder().clock(Clock::frozen());
    builder.database(directory.file("sandbox.db"))
}

/// A payout is accepted and the sandbox stops; the callbacks are sent after the
/// restart.
#[tokio::test]
async fn a_stopped_sandbox_goes_on_where_it_was() {
    let directory = Directory::new("restart");
    let setup = Setup::with(builder(&directory)).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("1s").await;
    assert_eq!(setup.partner.told.pay_types(), ["1"]);
    let state = everything(setup.sandbox.admin()).await;
    let log = setup.log().await;
    let Setup {
        sandbox, partner, ..
    } = setup;
    sandbox.stop().await;

    let sandbox = builder(&directory).start().await.unwrap();
    let admin = sandbox.admin();
    assert_eq!(everything(admin).await, state);
    assert_eq!(
        admin
            .log_text(&skypay_sandbox::admin_client::ListQuery::default())
            .await
            .unwrap(),
        log
    );
    let known = status(&sandbox.client(), BANK).await.unwrap();
    assert_eq!(known.status, Ok(Some(PayoutStatus::Uploaded)));
    admin.advance("1d".parse().unwrap()).await.unwrap();
    assert_eq!(partner.told.pay_types(), ["2"]);
}

/// Returns the complete state and all rows.
async fn everything(admin: &Admin) -> (Value, Vec<Row>) {
    let state = admin.state(true).await.unwrap();
    (state, admin.all_rows(true).await.unwrap())
}

#[tokio::test]
async fn what_was_answered_is_in_the_files() {
    let directory = Directory::new("files");
    let setup = Setup::with(builder(&directory)).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let state = everything(setup.sandbox.admin()).await;
    let copy = directory.file("copy.db");
    // The files as they exist while the sandbox runs.
    for end in ["", "-wal"] {
        let from = directory.file(&format!("sandbox.db{end}"));
        std::fs::copy(from, format!("{}{end}", copy.display())).unwrap();
    }
    let found = Sandbox::builder()
        .clock(Clock::frozen())
        .database(copy)
        .start()
        .await
        .unwrap();
    assert_eq!(everything(found.admin()).await, state);
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
    change("PRAGMA user_version = 2");
    check_refused(builder(&directory), "another version").await;
    change("PRAGMA user_version = 6; UPDATE head SET state = '{}'");
    check_refused(builder(&directory), "cannot be read").await;
    let nowhere = Sandbox::builder().database(directory.file("missing/sandbox.db"));
    check_refused(nowhere, "cannot be opened").await;
}

#[tokio::test]
async fn a_database_of_something_else_is_not_touched() {
    let directory = Directory::new("touched");
    let file = directory.file("sandbox.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(connection);
    let before = std::fs::read(&file).unwrap();
    check_refused(builder(&directory), "not a sandbox's").await;
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

/// Modifications of a saved file, and the resulting error.
const STRANGE: [(&str, &str); 8] = [
    (
        "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM entity; END",
        "trigger \"t\"",
    ),
    ("CREATE VIEW v AS SELECT * FROM entity", "view \"v\""),
    ("CREATE TABLE other (a TEXT)", "table \"other\""),
    ("CREATE INDEX i ON log (line)", "index \"i\""),
    ("DROP INDEX wire_of_delivery", "index \"wire_of_delivery\""),
    (
        "DROP TABLE log; CREATE VIEW log AS SELECT 1 AS sequence, '' AS line, '' AS personal",
        "view \"log\"",
    ),
    (
        "ALTER TABLE wire ADD COLUMN extra TEXT DEFAULT (load_extension('x'))",
        "table \"wire\"",
    ),
    ("DELETE FROM head", "cannot be read"),
];

#[tokio::test]
async fn a_file_that_is_not_wholly_ours_is_neither_restored_nor_opened() {
    let directory = Directory::new("strange");
    let setup = Setup::with(builder(&directory)).await;
    let admin = setup.sandbox.admin();
    let saved = directory.file("saved.db");
    admin.save(&saved).await.unwrap();
    let before = admin.state(true).await.unwrap();
    let strange = directory.file("strange.db");
    for (sql, says) in STRANGE {
        std::fs::copy(&saved, &strange).unwrap();
        let connection = rusqlite::Connection::open(&strange).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let error = admin.restore(&strange).await.unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("strange.db"),
            "{sql}: {error}"
        );
        check_refused(Sandbox::builder().database(&strange), says).await;
    }
    // Corrupt a page in the middle of the file.
    let mut damaged = std::fs::read(&saved).unwrap();
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 64].fill(0xAA);
    std::fs::write(&strange, damaged).unwrap();
    admin.restore(&strange).await.unwrap_err();
    assert_eq!(admin.state(true).await.unwrap(), before);
    admin.restore(&saved).await.unwrap();
}

#[tokio::test]
async fn saving_overwrites_nothing_and_restoring_needs_another_file() {
    let directory = Directory::new("overwrites");
    let setup = Setup::with(builder(&directory)).await;
    let admin = setup.sandbox.admin();
    let own = directory.file("sandbox.db");
    let mut names = vec![own.clone(), directory.file("./sandbox.db")];
    let hard = directory.file("hard.db");
    std::fs::hard_link(&own, &hard).unwrap();
    names.push(hard);
    #[cfg(unix)]
    {
        let soft = directory.file("soft.db");
        std::os::unix::fs::symlink(&own, &soft).unwrap();
        names.push(soft);
    }
    // The same file on case-insensitive file systems, otherwise a different one.
    let upper = directory.file("SANDBOX.DB");
    if upper.exists() {
        names.push(upper);
    }
    for name in &names {
        let error = admin.save(name).await.unwrap_err().to_string();
        assert!(error.contains("overwrites nothing"), "{name:?}: {error}");
        let error = admin.restore(name).await.unwrap_err().to_string();
        let says = if cfg!(unix) {
            "of this sandbox"
        } else {
            "sandbox"
        };
        assert!(error.contains(says), "{name:?}: {error}");
    }
    let letter = directory.file("letter");
    std::fs::write(&letter, "to somebody").unwrap();
    admin.save(&letter).await.unwrap_err();
    assert_eq!(std::fs::read(&letter).unwrap(), b"to somebody");
    admin.save(&directory.file("")).await.unwrap_err();

    let state = admin.state(true).await.unwrap();
    setup.sandbox.stop().await;
    let opened = builder(&directory).start().await.unwrap();
    assert_eq!(opened.admin().state(true).await.unwrap(), state);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_not_restored() {
    let directory = Directory::new("row");
    let setup = Setup::with(builder(&directory)).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let admin = setup.sandbox.admin();
    let saved = directory.file("saved.db");
    admin.save(&saved).await.unwrap();
    let connection = rusqlite::Connection::open(&saved).unwrap();
    let sql = "UPDATE entity SET body = replace(body, 'SKY98', '\"') WHERE kind = 'payout'";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let error = admin.restore(&saved).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot be read") && !error.contains("00000101"),
        "{error}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new("alone");
    let check = |names: &[&str]| {
        for name in names {
            let metadata = std::fs::metadata(directory.file(name)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        }
    };
    let sandbox = builder(&directory).start().await.unwrap();
    let saved = directory.file("saved.db");
    sandbox.admin().save(&saved).await.unwrap();
    check(&["sandbox.db", "sandbox.db-wal", "saved.db"]);
    // The file is complete without its write-ahead log.
    assert!(!directory.file("saved.db-wal").exists());
    sandbox.stop().await;

    let wide = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(directory.file("sandbox.db"), wide).unwrap();
    let again = builder(&directory).start().await.unwrap();
    check(&["sandbox.db", "sandbox.db-wal"]);
    again.stop().await;
}

#[tokio::test]
async fn a_callback_that_was_on_its_way_is_sent_again() {
    let directory = Directory::new("on-its-way");
    let setup = Setup::with(builder(&directory)).await;
    // A partner that accepts the connection and never responds.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    setup.done(&calls_to(&url)).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let admin = setup.sandbox.admin().clone();
    let moving = tokio::spawn(async move { admin.advance("1m".parse().unwrap()).await });
    let (_connection, _) = silent.accept().await.unwrap();
    let Setup {
        sandbox,
        keys,
        partner,
        ..
    } = setup;
    sandbox.stop().await;
    moving.await.unwrap().unwrap_err();

    // Now a partner listens at the same address.
    drop(silent);
    let address = url.strip_prefix("http://").unwrap();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let routes = callbacks::router(partner.clone(), Config::new(keys));
    tokio::spawn(skypay_server::serve(listener, routes).into_future());
    let sandbox = builder(&directory).start().await.unwrap();
    sandbox
        .admin()
        .advance("1m".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(partner.told.pay_types(), ["1", "2"]);
}
