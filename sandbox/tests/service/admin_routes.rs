//! The sandbox's admin interface.

use serde_json::{Value, json};
use skypay_sandbox::Sandbox;
use skypay_sandbox::admin_client::ListQuery;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{
    Command, Duration, Fault, Settings, Side, StoreCommand, Timestamp, WireFault,
};
use skypay_sandbox::error_scenarios::sample;

use crate::interface::{got, posted, sent_as};
use crate::setup::{Directory, Setup, recharge, rule};

const BANK: &str = "SKY9800000101";

#[tokio::test]
async fn other_sites_pages_change_nothing() {
    let builder = Sandbox::builder().clock(Clock::frozen());
    let setup = Setup::with(builder.host("sandbox.internal")).await;
    let url = setup.sandbox.url();
    let reset = json!({ "command": "reset" }).to_string();
    let payout = setup.signed(Some("payoutQueue"), sample("payoutQueue").unwrap());
    // Rejected requests are in the log, and have no other effect.
    let unlogged = async || {
        let mut state = setup.state().await;
        state["last_event"].take();
        state
    };
    let before = unlogged().await;
    for (path, body) in [
        ("/services/sandbox", &*payout),
        ("/services/sandbox/payoutQueue", &payout),
        ("/_sandbox/commands", &reset),
        ("/_sandbox/clock/advance", r#"{"by":"1d"}"#),
        ("/_sandbox/save", r#"{"file":"saved.db"}"#),
        ("/_sandbox/restore", r#"{"file":"saved.db"}"#),
        ("/_sandbox/reset", "{}"),
        ("/_sandbox/mailbox", "sealed"),
        ("/_sandbox/mailbox/to/inquiries", "sealed"),
        ("/_sandbox/mailbox/1", "sealed"),
        ("/callbacks/1/replay", ""),
        ("/clock", "form=reset"),
        ("/send", "operation=payoutQueue"),
        ("/transactions/payout/1", "action=Pay"),
        ("/payout-tool", "form=pay"),
        ("/collection-tool", "form=collect"),
        ("/finance", "form=recharge&prefix=SKY98&amount=5000"),
        ("/settings", "form=callbacks"),
        ("/keys", "form=generate"),
        ("/faults", "form=add"),
    ] {
        for headers in [
            "Origin: http://evil.example\r\n",
            "Origin: null\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
        ] {
            let (status, _, answer) = posted(url, path, headers, body).await;
            assert_eq!(status, 403, "{path} {headers}: {answer}");
        }
        // A foreign host name that resolves to this machine.
        for headers in ["", "Origin: http://evil.example\r\n"] {
            let evil = "evil.example";
            let (status, _, answer) = sent_as(evil, "POST", url, path, headers, body).await;
            assert_eq!(status, 403, "{path} {headers}: {answer}");
        }
    }
    // Forms cannot be submitted by a link.
    for path in [
        "/clock?form=reset",
        "/finance?form=recharge&prefix=SKY98&amount=5000",
    ] {
        let (status, _, _) = got(url, path).await;
        assert!([200, 405].contains(&status), "{path}: {status}");
    }
    assert_eq!(unlogged().await, before);

    let own = format!("Origin: {url}\r\n");
    let (status, _, body) = posted(url, "/services/sandbox", &own, &payout).await;
    assert_eq!(status, 200, "{body}");
    let named = "sandbox.internal:7171";
    let ask = setup.signed(Some("balanceQuery"), json!({}));
    let (status, _, body) = sent_as(named, "POST", url, "/services/sandbox", "", &ask).await;
    assert_eq!(status, 200, "{body}");
    let (status, _, body) = posted(url, "/_sandbox/commands", &own, &reset).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn what_is_not_understood_is_said() {
    let setup = Setup::open().await;
    let url = setup.sandbox.url();
    let (status, _, body) = posted(url, "/_sandbox/commands", "", r#"{"command":"dance"}"#).await;
    assert_eq!(status, 400);
    assert!(body.contains("unknown variant `dance`"), "{body}");
    let (status, _, _) = posted(url, "/_sandbox/nothing", "", "").await;
    assert_eq!(status, 404);
    let (status, _, body) = posted(url, "/_sandbox/state", "", "").await;
    assert_eq!(status, 405, "{body}");
    let real = Sandbox::builder().start().await.unwrap();
    let error = real
        .admin()
        .advance(Duration::seconds(1))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("--clock virtual"), "{error}");
}

#[tokio::test]
async fn personal_data_and_secrets_are_masked_until_asked() {
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("1m").await;
    let admin = setup.sandbox.admin();
    let all = ListQuery {
        personal: true,
        ..ListQuery::default()
    };
    let mut shown = Vec::new();
    for (personal, log) in [
        (true, admin.log_text(&all).await.unwrap()),
        (false, setup.log().await),
    ] {
        let state = admin.state(personal).await.unwrap().to_string();
        let rows = json!(admin.all_rows(personal).await.unwrap()).to_string();
        shown.push([state, rows, log]);
    }
    let key = &setup.sandbox.info().encrypt_key;
    assert!(shown[0][0].contains(key));
    for hidden in ["Juan", "09123456789", key] {
        assert!(
            shown[0][1..]
                .iter()
                .all(|text| text.contains(hidden) || hidden == key)
        );
        assert!(!shown[1].concat().contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn the_clock_stops_at_the_end_of_the_calendar() {
    let setup = Setup::open().await;
    let delay = WireFault::Delay {
        by: Duration::days(u64::MAX),
    };
    setup.fault(Side::Callbacks, delay, 2).await;
    let admin = setup.sandbox.admin();
    for by in ["3650000d", "1s", "18446744073709551615ms"] {
        // The notification is delayed until the last time of the clock and sent
        // then.
        setup.done(&recharge("5000")).await;
        let moved = admin.advance(by.parse().unwrap()).await.unwrap();
        assert_eq!(moved.clock.now, Timestamp::LAST, "{by}");
        assert_eq!(moved.clock.next_due, None, "{by}");
    }
    assert_eq!(setup.partner.told.take().len(), 3);
}

#[tokio::test]
async fn the_log_can_be_followed() {
    let setup = Setup::open().await;
    let mut follow = setup
        .sandbox
        .admin()
        .follow(&ListQuery::default())
        .await
        .unwrap();
    let mut lines = vec![follow.next().await.unwrap()];
    setup.done(&recharge("5000")).await;
    while !lines.last().unwrap().contains("callback-ended") {
        lines.push(follow.next().await.unwrap());
    }
    let log = setup.log().await;
    assert_eq!(lines, log.lines().collect::<Vec<_>>());
    let after = ListQuery {
        after: 2,
        limit: Some(1),
        ..ListQuery::default()
    };
    let third = setup.sandbox.admin().log(&after).await.unwrap();
    assert_eq!(third, lines[2..3]);
    setup.sandbox.stop().await;
    assert_eq!(follow.next().await, None);
}

#[tokio::test]
async fn what_was_saved_can_be_restored_and_what_was_reset_is_gone() {
    let directory = Directory::new("save");
    let file = directory.file("saved.db");
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    let before = setup.state().await;
    let log = setup.log().await;
    let saved = setup.sandbox.admin().save(&file).await.unwrap();
    assert_eq!(saved.bytes, std::fs::metadata(&file).unwrap().len());

    setup.sandbox.admin().reset().await.unwrap();
    assert_eq!(setup.balance("SKY98").await, 100_000_000);
    setup.sandbox.admin().restore(&file).await.unwrap();
    assert_eq!(setup.state().await, before);
    assert_eq!(setup.log().await, log);
    // And it continues from there.
    setup.advance("1m").await;
    assert_eq!(setup.partner.told.pay_types(), ["1", "2"]);

    // The saved file can be opened as a database.
    let opened = Sandbox::builder()
        .clock(Clock::frozen())
        .database(&file)
        .start()
        .await
        .unwrap();
    assert_eq!(opened.admin().state(true).await.unwrap(), before);
}

#[tokio::test]
async fn what_cannot_be_restored_leaves_everything_as_it_was() {
    let directory = Directory::new("restore");
    let setup = Setup::open().await;
    let before = setup.state().await;
    let text = directory.file("text");
    std::fs::write(&text, "not a database, but long enough to look like one").unwrap();
    for (file, says) in [
        (text, "not a database"),
        (directory.file("missing"), "no such file"),
    ] {
        let error = setup.sandbox.admin().restore(&file).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(setup.state().await, before);
    let nowhere = directory.file("missing/saved.db");
    setup.sandbox.admin().save(&nowhere).await.unwrap_err();
    setup.done(&recharge("5000")).await;
}

/// Runs a scenario with many kinds of action, with or without a file.
async fn scenario(seed: u64) -> String {
    let settings = Settings {
        seed,
        ..Settings::default()
    };
    let builder = Sandbox::builder().clock(Clock::frozen()).settings(settings);
    let setup = Setup::with(builder).await;
    setup.behavior("callback-retry", "until-1000").await;
    let by = Duration::seconds(40);
    for (on, fault, percent) in [
        (
            Side::Callbacks,
            Fault::Wire(WireFault::Garble { seed: 0 }),
            30,
        ),
        (
            Side::Callbacks,
            Fault::Wire(WireFault::Duplicate { copies: 3 }),
            30,
        ),
        (Side::Callbacks, Fault::Wire(WireFault::Delay { by }), 30),
        (
            Side::Callbacks,
            Fault::Late {
                by: Duration::days(60),
            },
            10,
        ),
        (Side::Requests, Fault::Wire(WireFault::CutAfter), 20),
    ] {
        setup.done(&rule(on, fault, percent, None)).await;
    }
    for index in 0..40 {
        let amount = format!("100.{:02}", index % 9);
        // Some are truncated, some are refused; the log contains which.
        let _ = setup.pay(&format!("SKY98000001{index:02}"), &amount).await;
    }
    let _ = setup.call("payoutQueueV2", json!({})).await;
    setup.advance("90s").await;
    let control_number = "SKY9800000201".to_owned();
    let _ = setup
        .sandbox
        .admin()
        .command(&Command::Store(StoreCommand::Pay { control_number }))
        .await;
    setup.advance("90d").await;
    setup.log().await
}

// Multi-threaded, so that operations can overtake each other.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_and_scenario_give_the_same_log() {
    let first = scenario(7).await;
    let ports = |log: &str| {
        log.replace(|digit: char| digit.is_ascii_digit(), "")
            .contains("http://..")
    };
    assert!(
        !ports(&first.lines().skip(1).collect::<String>()),
        "the log names the port of a run"
    );
    let [first, second, other] = [first, scenario(7).await, scenario(8).await].map(|log| {
        // The first line contains the callback URL, whose port differs between
        // runs.
        let (set, rest) = log.split_once('\n').unwrap();
        assert!(set.contains("callbacks"), "{set}");
        rest.to_owned()
    });
    assert!(first.lines().count() > 200);
    assert!(first.contains("\"result\":\"lost\""));
    assert_eq!(first, second);
    assert_ne!(first, other);
    let last: Value = serde_json::from_str(first.lines().last().unwrap()).unwrap();
    assert_eq!(last["sequence"], first.lines().count() + 1);
}

#[tokio::test]
async fn rows_and_the_log_are_read_part_by_part() {
    let setup = Setup::open().await;
    for number in 1..=3 {
        let number = format!("SKY98{number:08}");
        setup.pay(&number, "1000.00").await.unwrap();
    }
    setup.advance("1m").await;
    let admin = setup.sandbox.admin();
    let all = admin.all_rows(false).await.unwrap();
    assert_eq!(all.len(), 3 * 3);
    let part = |after, limit| ListQuery {
        after,
        limit: Some(limit),
        ..ListQuery::default()
    };
    assert_eq!(admin.rows(&part(0, 4)).await.unwrap(), all[..4]);
    assert_eq!(admin.rows(&part(all[3].id(), 9)).await.unwrap(), all[4..]);
    let lines = admin.log(&ListQuery::default()).await.unwrap();
    for limit in [0, 1, 5, 5000] {
        let query = ListQuery {
            after: 2,
            limit: Some(limit),
            ..ListQuery::default()
        };
        let expected: Vec<_> = lines[2..].iter().take(limit).collect();
        assert_eq!(
            admin.log(&query).await.unwrap().iter().collect::<Vec<_>>(),
            expected
        );
    }
}
